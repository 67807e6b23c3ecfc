//! Frames of snapshots and declarations that lie about the values inside: versions, keys,
//! lengths, what comes after the end.

use serde::Deserialize;
use serde::de::value::{Error, SeqDeserializer};

use quorate::machine::FailureLog;
use quorate::policy::Ring;
use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
use quorate::{Cluster, Snapshot, Timestamp};

fn declaration() -> ClusterDeclaration {
    let disk = ResourceDeclaration::new("disk", "Physical Disk");
    let group = GroupDeclaration::new("sql").resource(disk).demand("mb", 1);
    ClusterDeclaration::new("mill").node("a").group(group)
}

/// A small snapshot as text.
fn small() -> String {
    let spec = declaration().build().expect("it is valid");
    let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    serde_json::to_string(&cluster.snapshot()).expect("a snapshot can be written")
}

/// Tells whether a text is a snapshot of a cluster; such a cluster keeps every invariant.
fn restores(text: &str) -> bool {
    let Ok(snapshot) = serde_json::from_str::<Snapshot>(text) else { return false };
    let Ok(cluster) = Cluster::restore(snapshot, Ring::new()) else { return false };
    cluster.check_invariants().expect("what is restored keeps every invariant");
    true
}

#[test]
fn something_after_the_end() {
    assert!(restores(&small()));
    for rest in ["x", "{}", "]", "\0", "1"] {
        assert!(!restores(&format!("{}{rest}", small())), "followed by {rest:?}");
    }
}

#[test]
fn another_version() {
    for version in ["v0", "v2", "V1", "v", ""] {
        assert!(!restores(&small().replacen("v1", version, 1)), "version {version:?}");
    }
    // Two versions at once are none.
    let body = small();
    let inner = body.trim_start_matches('{').trim_end_matches('}');
    assert!(!restores(&format!("{{{inner}}},{inner}}}}}")));
}

/// Each bit, one at a time: it is refused, or it is a cluster, and nothing panics.
#[test]
fn every_single_bit_flipped() {
    let real = small().into_bytes();
    let (mut restored, mut refused) = (0, 0);
    for index in 0..real.len() {
        for bit in 0..8 {
            let mut bytes = real.clone();
            bytes[index] ^= 1 << bit;
            match core::str::from_utf8(&bytes).is_ok_and(restores) {
                true => restored += 1,
                false => refused += 1,
            }
        }
    }
    assert!(restored > 0 && refused > restored, "{restored} restored, {refused} refused");
}

/// A part is no snapshot, wherever it ends: in a name, in a number, or one byte before the end.
#[test]
fn cut_off_at_every_byte() {
    let real = small();
    for length in 0..real.len() {
        let part = real.get(..length).expect("all of it is ASCII");
        assert!(!restores(part), "cut off after {length} bytes");
    }
}

#[test]
fn a_field_that_stands_twice() {
    let twice = small().replacen("\"now\":0", "\"now\":0,\"now\":1", 1);
    assert!(twice.len() > small().len(), "the field is there");
    assert!(!restores(&twice));
}

/// A map would keep the last number in silence.
#[test]
fn a_name_that_stands_twice_in_a_map() {
    let said = |text: &str| {
        serde_json::from_str::<ClusterDeclaration>(text)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let twice = r#"{"mb": 1, "mb": 2}"#;
    let places = [
        format!(r#"{{"name": "c", "nodes": [{{"name": "a", "capacity": {twice}}}]}}"#),
        format!(r#"{{"name": "c", "nodes": [], "groups": [{{"name": "g", "demands": {twice}}}]}}"#),
        format!(
            r#"{{"name": "c", "nodes": [], "kinds": [{{"name": "k", "at_most_per_node": {twice}}}]}}"#
        ),
    ];
    for text in places {
        let error = said(&text).expect_err(&text);
        assert!(error.contains("\"mb\" stands twice"), "{error}");
        assert_eq!(said(&text.replacen("\"mb\": 1", "\"cpu\": 1", 1)), Ok(()));
    }
    let long = "x".repeat(1_000_000);
    let text = format!(
        r#"{{"name": "c", "nodes": [{{"name": "a", "capacity": {{"{long}": 1, "{long}": 2}}}}]}}"#
    );
    assert!(said(&text).expect_err("it stands twice").len() < 200);
}

/// A sequence that announces 2⁶³ more values and has none.
#[derive(Clone, Copy)]
struct Boast<T>(Option<T>);

impl<T> Iterator for Boast<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.take()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX >> 1, Some(usize::MAX >> 1))
    }
}

/// Formats with lengths in front may lie: nothing is allocated for what is only promised.
#[test]
fn a_length_that_lies() {
    let entries = SeqDeserializer::<_, Error>::new(Boast(Some(5_u64)));
    let log = FailureLog::deserialize(entries).expect("one entry came");
    assert_eq!(log.entries(), [Timestamp::from_millis(5)]);
    let names = SeqDeserializer::<_, Error>::new(Boast(Some("a")));
    assert_eq!(Vec::<String>::deserialize(names).expect("one came"), ["a"]);
}

/// Names are compared as they are written, but for case: what only looks the same is another name.
#[test]
fn names_that_look_the_same() {
    let with = |one: &str, other: &str| {
        ClusterDeclaration::new("c")
            .node("a")
            .group(GroupDeclaration::new(one))
            .group(GroupDeclaration::new(other))
            .build()
    };
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let spec = with(composed, decomposed).expect("two names");
    assert_ne!(spec.group_id(composed), spec.group_id(decomposed));
    assert!(spec.group_id("CAF\u{c9}").is_some_and(|id| Some(id) == spec.group_id(composed)));
    let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let text = serde_json::to_string(&cluster.snapshot()).expect("it can be written");
    assert!(restores(&text));
    assert!(with(composed, "CAF\u{c9}").is_err(), "the same but for case");
    assert!(with("", "g").is_err(), "an empty name");
}

/// A million groups without resources, and a name of a mebibyte, are refused for their size.
#[test]
fn a_million_of_nothing() {
    let mut many = declaration();
    many.groups = (0..1_000_000).map(|_| GroupDeclaration::new("same prefix")).collect();
    let errors = many.build().expect_err("too many");
    assert_eq!(errors.to_string(), "groups: 1000000 groups, at most 4096 are allowed");
    let mut long = declaration();
    long.groups[0].name = "x".repeat(1 << 20);
    let error = long.build().expect_err("too long").to_string();
    assert!(error.contains("a name of 1048576 bytes, at most 255 are allowed"), "{error}");
    assert!(error.len() < 400, "{} bytes of message", error.len());
}

/// As many resources as are allowed, with the longest names that are, which differ in the last
/// characters only: to compare each with each would take a quarter of an hour, not a moment.
#[test]
fn the_same_long_prefix() {
    let name = |index: usize| format!("{}{index:05}", "x".repeat(250));
    let mut all = declaration();
    all.groups = (0..64)
        .map(|group| {
            (0..1_024).fold(GroupDeclaration::new(format!("g{group}")), |declared, member| {
                let name = name(group * 1_024 + member);
                declared.resource(ResourceDeclaration::new(name, "Generic Service"))
            })
        })
        .collect();
    let spec = all.clone().build().expect("names differ");
    for index in [0, 1, 40_000, 65_535] {
        let found = spec.resource_id(&name(index)).map(|id| id.index());
        assert_eq!(found, Some(index));
    }
    for group in &mut all.groups {
        for resource in &mut group.resources {
            resource.name = name(0);
        }
    }
    let errors = all.build().expect_err("all the same").to_string();
    assert!(errors.ends_with("64535 more problems are not listed"), "{}", errors.len());
}

/// A value that is nested a hundred thousand times is refused, and overflows nothing.
#[test]
fn nested_for_ever() {
    const DEPTH: usize = 100_000;
    for (open, close) in [("[", "]"), ("{\"v1\":", "}")] {
        let text = format!("{}{}", open.repeat(DEPTH), close.repeat(DEPTH));
        assert!(!restores(&text));
        assert!(serde_json::from_str::<ClusterDeclaration>(&text).is_err());
    }
    let mut nested = declaration();
    let needs = format!("{}[disk]{}", "(".repeat(DEPTH), ")".repeat(DEPTH));
    let dependent = ResourceDeclaration::new("db", "Generic Service").needs(needs.as_str());
    nested.groups[0].resources.push(dependent);
    let error = nested.build().expect_err("too deep").to_string();
    assert!(error.len() < 400, "{} bytes of message", error.len());
}

/// A snapshot of another cluster is as good as any: its name tells them apart before it is restored.
#[test]
fn a_snapshot_of_another_cluster() {
    let snapshot = serde_json::from_str::<Snapshot>(&small()).expect("it is one");
    assert_eq!(snapshot.cluster_name(), "mill");
    let other = serde_json::from_str::<Snapshot>(&small().replacen("mill", "port", 1));
    assert_eq!(other.expect("it is one").cluster_name(), "port");
}
