//! Whatever is written in a format comes back equal: formats for people, and formats that do not
//! describe themselves, where a field that is left out or read as anything else shifts all others.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use quorate::cluster::{Deadline, Forecast, InputError};
use quorate::graph::Expression;
use quorate::id::Names;
use quorate::policy::Ring;
use quorate::quorum::QuorumVerdict;
use quorate::replicate::{Beat, Entry, Grant};
use quorate::settings::{Interval, Priority};
use quorate::spec::{
    ClusterDeclaration, Dependencies, GroupDeclaration, NodeDeclaration, ResourceDeclaration,
};
use quorate::{Cluster, Effect, Event, Input, Output, Reason, Snapshot, Timestamp};
use quorate_testkit::strategy;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Writes and reads a value in every format. What went wrong.
fn comes_back<T>(value: &T) -> Result<(), String>
where
    T: Debug + DeserializeOwned + PartialEq + Serialize,
{
    let is_equal = |format: &str, again: Result<T, String>| match again {
        Ok(again) if again == *value => Ok(()),
        Ok(again) => Err(format!("{format}: {value:?} comes back as {again:?}")),
        Err(error) => Err(format!("{format}: {value:?}: {error}")),
    };
    let json = serde_json::to_string(value).map_err(text);
    is_equal("JSON", json.and_then(|json| serde_json::from_str(&json).map_err(text)))?;
    let tree = serde_json::to_value(value).map_err(text);
    is_equal("JSON tree", tree.and_then(|tree| serde_json::from_value(tree).map_err(text)))?;
    let bytes = postcard::to_allocvec(value).map_err(text);
    is_equal("postcard", bytes.and_then(|bytes| postcard::from_bytes(&bytes).map_err(text)))?;
    let bytes = rmp_serde::to_vec(value).map_err(text);
    is_equal("MessagePack", bytes.and_then(|bytes| rmp_serde::from_slice(&bytes).map_err(text)))?;
    let bytes = rmp_serde::to_vec_named(value).map_err(text);
    let again = bytes.and_then(|bytes| rmp_serde::from_slice(&bytes).map_err(text));
    is_equal("MessagePack with names", again)?;
    let bytes = bitcode::serialize(value).map_err(text);
    is_equal("bitcode", bytes.and_then(|bytes| bitcode::deserialize(&bytes).map_err(text)))
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(path).expect("the file is there")
}

/// The lines of the blocks with this label in the page about the bridge.
fn samples(label: &str) -> Vec<String> {
    let page = read("docs/bridge.md");
    let begin = format!("```json {label}\n");
    let blocks = page.split(&begin).skip(1);
    let lines: Vec<String> = blocks
        .flat_map(|block| block.lines().take_while(|line| !line.starts_with("```")))
        .map(String::from)
        .collect();
    assert!(!lines.is_empty(), "the page has samples of {label}");
    lines
}

/// Every line is read and comes back.
fn all_come_back<T: Debug + DeserializeOwned + PartialEq + Serialize>(lines: &[String]) {
    for line in lines {
        let value: T = serde_json::from_str(line).expect("it is read");
        if let Err(wrong) = comes_back(&value) {
            panic!("{line}: {wrong}");
        }
    }
}

fn lines(path: &str) -> Vec<String> {
    read(path).lines().map(String::from).collect()
}

/// Every variant that the page about the bridge shows, and everything in the golden files.
#[test]
fn every_sample_comes_back() {
    all_come_back::<Input<Names>>(&samples("inputs"));
    all_come_back::<Input<Names>>(&lines("tests/golden/inputs_v1.jsonl"));
    all_come_back::<Input<Names>>(&lines("tests/golden/inputs_more_v1.jsonl"));
    all_come_back::<Output<Names>>(&samples("outputs"));
    all_come_back::<Output<Names>>(&lines("tests/golden/outputs_v1.jsonl"));
    all_come_back::<InputError<Names>>(&lines("tests/golden/errors_v1.jsonl"));
    all_come_back::<Reason<Names>>(&samples("reasons"));
    all_come_back::<Deadline<Names>>(&samples("deadlines"));
    all_come_back::<ClusterDeclaration>(&[read("tests/golden/spec_v1.json")]);
    all_come_back::<Snapshot>(&[read("tests/golden/snapshot_v1.json")]);
}

/// Forms that stand for several types of text: names or numbers, spans or `"never"`.
#[test]
fn every_sort_of_value_comes_back() {
    for tier in [0, 1, 1_000, 2_000, 3_000, u32::MAX] {
        comes_back(&Priority::new(tier)).expect("a tier");
    }
    let spans = [0, 1, 59_999, 3_600_000, u64::MAX].map(std::time::Duration::from_millis);
    for span in spans {
        comes_back(&Interval::Every(span)).expect("an interval");
    }
    comes_back(&Interval::Never).expect("an interval");
}

/// A value that a format cannot carry is not written, in any format.
#[test]
fn what_cannot_be_carried_is_an_error() {
    fn is_refused<T: Serialize>(value: &T) {
        assert!(serde_json::to_string(value).is_err());
        assert!(postcard::to_allocvec(value).is_err());
        assert!(rmp_serde::to_vec(value).is_err());
        assert!(bitcode::serialize(value).is_err());
    }
    is_refused(&Interval::Every(std::time::Duration::MAX));
    is_refused(&Interval::Every(std::time::Duration::from_micros(1_500)));
    for needs in [
        Expression::new(),
        Expression::new().and_any_of([""; 0]),
        Expression::new().and("a").and(" "),
    ] {
        is_refused(&Dependencies::Expression(needs));
    }
}

/// Dependencies as text and as an expression are one and the same where they say the same.
#[test]
fn a_snapshot_equals_what_comes_back_from_its_json() {
    let group = GroupDeclaration::new("g")
        .parameter("note", "stays \"as it is\"")
        .resource(
            ResourceDeclaration::new("disk ]", "Physical Disk").parameter("device", "/dev/sdb"),
        )
        .resource(
            ResourceDeclaration::new("db", "Generic Service")
                .needs(Expression::new().and("disk ]")),
        );
    let spec = ClusterDeclaration::new("c").node("a").group(group).build().expect("it is sound");
    let snapshot = Cluster::new(spec, Ring::new(), Timestamp::ZERO).snapshot();
    comes_back(&snapshot).expect("it is carried");
}

/// Tells whether a text is read as a value of one of the types of the crate.
type Reader = fn(&str) -> bool;

fn is_read<T: DeserializeOwned>(json: &str) -> bool {
    serde_json::from_str::<T>(json).is_ok()
}

/// Every sample with what reads it.
fn everything() -> Vec<(Reader, String)> {
    let kinds: [(Reader, Vec<String>); 9] = [
        (is_read::<Input<Names>>, samples("inputs")),
        (is_read::<Input<Names>>, lines("tests/golden/inputs_v1.jsonl")),
        (is_read::<Input<Names>>, lines("tests/golden/inputs_more_v1.jsonl")),
        (is_read::<Output<Names>>, samples("outputs")),
        (is_read::<Output<Names>>, lines("tests/golden/outputs_v1.jsonl")),
        (is_read::<Reason<Names>>, samples("reasons")),
        (is_read::<Deadline<Names>>, samples("deadlines")),
        (is_read::<ClusterDeclaration>, vec![read("tests/golden/spec_v1.json")]),
        (is_read::<Snapshot>, vec![read("tests/golden/snapshot_v1.json")]),
    ];
    let lease = r#"{"name":"c","nodes":[],"fencing":{"lease":{"duration":"9s","margin":"1s"}}}"#;
    let life = r#"{"node":"a","incarnation":1}"#;
    let entry = |body: &str| {
        format!(
            r#"{{"v1":{{"term":1,"at":5,"items":[{{"origin":{{"life":{life},"sequence":1}},"body":{body}}}]}}}}"#
        )
    };
    let beat = format!(
        r#"{{"life":{life},"sent":5,"lease_ends":9,"applied":3,"checkpoint":null,"behaviour":1}}"#
    );
    let more: [(Reader, String); 7] = [
        (is_read::<ClusterDeclaration>, lease.into()),
        (is_read::<Forecast>, samples("plans").swap_remove(0)),
        (is_read::<QuorumVerdict>, r#"{"quorate":{"votes":2,"needed":2}}"#.into()),
        (is_read::<Entry>, entry(r#"{"release_from_quarantine":{"node":"a"}}"#)),
        (is_read::<Entry>, entry(r#"{"input":{"node_joined":{"node":"a","incarnation":1}}}"#)),
        (is_read::<Beat>, beat),
        (is_read::<Grant>, format!(r#"{{"life":{life},"sent":5,"floor":3}}"#)),
    ];
    kinds
        .into_iter()
        .flat_map(|(reader, lines)| lines.into_iter().map(move |line| (reader, line)))
        .chain(more)
        .chain(parts())
        .collect()
}

/// The parts of outputs and declarations, which are also read without the whole.
fn parts() -> Vec<(Reader, String)> {
    let mut parts: Vec<(Reader, String)> = Vec::new();
    for line in samples("outputs") {
        let output: Value = serde_json::from_str(&line).expect("it is JSON");
        for (name, reader) in [
            ("effect", is_read::<Effect<Names>> as Reader),
            ("event", is_read::<Event<Names>> as Reader),
        ] {
            parts.extend(output.get(name).map(|part| (reader, part.to_string())));
        }
    }
    let declared: Value =
        serde_json::from_str(&read("tests/golden/spec_v1.json")).expect("it is JSON");
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    for node in list(&declared, "nodes").iter().filter(|node| node.is_object()) {
        parts.push((is_read::<NodeDeclaration>, node.to_string()));
    }
    for group in list(&declared, "groups") {
        parts.push((is_read::<GroupDeclaration>, group.to_string()));
        for resource in list(&group, "resources") {
            parts.push((is_read::<ResourceDeclaration>, resource.to_string()));
        }
    }
    parts
}

/// The paths of all objects in a document, but for maps by name, which take any name.
fn objects(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let is_map = ["/capacity", "/demands", "/at_most_per_node"]
                .iter()
                .any(|map| path.ends_with(map));
            if !is_map {
                found.push(path.to_owned());
            }
            for (name, field) in fields {
                objects(field, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, &format!("{path}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Changes each object of each sample in turn; every sample has to be refused then.
fn changed_objects_are_refused(change: impl Fn(&mut Value)) {
    let mut accepted = Vec::new();
    let mut count = 0;
    for (is_read, sample) in everything() {
        assert!(is_read(&sample), "{sample}");
        let document: Value = serde_json::from_str(&sample).expect("it is JSON");
        let mut paths = Vec::new();
        objects(&document, "", &mut paths);
        for path in paths {
            let mut changed = document.clone();
            change(changed.pointer_mut(&path).expect("the path is in it"));
            count += 1;
            if is_read(&changed.to_string()) {
                accepted.push(format!("{path} of {:.90}", changed.to_string()));
            }
        }
    }
    assert!(accepted.is_empty(), "{} of {count}:\n{}", accepted.len(), accepted.join("\n"));
    assert!(count > 500, "{count}");
}

/// One field more anywhere is an error: it may be a setting that was mistyped.
#[test]
fn unknown_fields_are_refused_everywhere() {
    changed_objects_are_refused(|object| {
        object.as_object_mut().expect("it is one").insert("surprise".into(), Value::from(1));
    });
}

/// The values of an object without their names are no object, whatever their order.
#[test]
fn arrays_for_objects_are_refused_everywhere() {
    for turn in 0..6 {
        changed_objects_are_refused(|object| {
            let fields = object.as_object().expect("it is one");
            let mut values: Vec<Value> = fields.values().cloned().collect();
            // Every order of up to three values, the declared one among them.
            let count = values.len().max(1);
            values.rotate_left(turn % count);
            if turn >= 3 {
                values.reverse();
            }
            *object = Value::Array(values);
        });
    }
}

/// A node may be its name alone where people write it, and comes back whole.
#[test]
fn a_node_may_be_its_name() {
    let declared: ClusterDeclaration =
        serde_json::from_str(r#"{"name": "c", "nodes": ["a", {"name": "b"}]}"#).expect("read");
    assert_eq!(declared, ClusterDeclaration::new("c").node("a").node("b"));
    let from_toml: ClusterDeclaration =
        toml::from_str("name = \"c\"\nnodes = [\"a\", \"b\"]").expect("read");
    assert_eq!(from_toml, declared);
    comes_back(&declared).expect("it is carried");
    for no_node in ["1", "null", "[\"a\"]", "{\"name\": \"a\", \"vote\": 1}"] {
        assert!(!is_read::<ClusterDeclaration>(&format!(
            "{{\"name\": \"c\", \"nodes\": [{no_node}]}}"
        )));
    }
}

/// A bare name where fields are wanted is answered by the fields.
#[test]
fn a_name_without_its_fields_is_answered_by_them() {
    let error = |json: &str| {
        let read = serde_json::from_str::<ClusterDeclaration>(json);
        read.expect_err("it is refused").to_string()
    };
    let lease = error(r#"{"name": "c", "nodes": ["a"], "fencing": "lease"}"#);
    assert!(lease.contains("with the fields `duration`, `margin`"), "{lease}");
    let toml = "name = \"c\"\nnodes = [\"a\"]\nfencing = \"lease\"";
    let lease = toml::from_str::<ClusterDeclaration>(toml).expect_err("it is refused").to_string();
    assert!(lease.contains("with the fields `duration`, `margin`"), "{lease}");
}

/// A name that nobody knows, however long, makes no long message.
#[test]
fn long_texts_are_cut_in_messages() {
    let long = "x".repeat(100_000);
    let error_of = |json: &str, is_input: bool| {
        let answer = if is_input {
            serde_json::from_str::<Input<Names>>(json).map(drop)
        } else {
            serde_json::from_str::<ClusterDeclaration>(json).map(drop)
        };
        answer.expect_err("it is refused").to_string()
    };
    for (json, is_input) in [
        (format!(r#"{{"{long}": 1}}"#), false),
        (format!(r#"{{"name": "c", "nodes": [{{"{long}": 1}}]}}"#), false),
        (format!(r#"{{"name": "c", "nodes": "{long}"}}"#), false),
        (format!(r#"{{"name": "c", "profile": "{long}"}}"#), false),
        (format!(r#"{{"name": "c", "witness_weight": "{long}"}}"#), false),
        (format!(r#"{{"name": "c", "fence_timeout": "{long}"}}"#), false),
        (format!(r#"{{"name": "c", "groups": [{{"priority": "{long}"}}]}}"#), false),
        (format!(r#"{{"name": "c", "nodes": [{{"capacity": {{"{long}": "{long}"}}}}]}}"#), false),
        (format!(r#"{{"{long}": {{}}}}"#), true),
        (format!(r#""{long}""#), true),
        (format!(r#"{{"node_lost": {{"{long}": "a"}}}}"#), true),
        (format!(r#"{{"node_lost": "{long}"}}"#), true),
        (format!(r#"{{"witness_changed": {{"witness": "{long}"}}}}"#), true),
        (format!(r#"{{"operation_progressed": {{"operation": "{long}"}}}}"#), true),
    ] {
        let error = error_of(&json, is_input);
        assert!(error.len() < 1_500, "{} bytes: {:.200}", error.len(), error);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 64,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_declaration_comes_back(declaration in strategy::declarations()) {
        comes_back(&declaration).map_err(TestCaseError::fail)?;
        if let Err(errors) = declaration.build() {
            comes_back(&errors).map_err(TestCaseError::fail)?;
        }
    }

    /// Inputs and what comes of them, by names and by ids, and the state after them.
    #[test]
    fn inputs_outputs_and_snapshots_come_back(
        (spec, inputs) in strategy::specs().prop_flat_map(|spec| {
            let inputs = proptest::collection::vec(strategy::inputs(&spec), 0..40);
            (Just(spec), inputs)
        }),
    ) {
        let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        for (second, input) in (0..).zip(inputs) {
            comes_back(&input).map_err(TestCaseError::fail)?;
            comes_back(&cluster.spec().named(input.clone())).map_err(TestCaseError::fail)?;
            // Many are refused.
            if let Err(error) = cluster.handle(Timestamp::from_millis(1_000 * second), input) {
                comes_back(&error).map_err(TestCaseError::fail)?;
                comes_back(&cluster.spec().named(error)).map_err(TestCaseError::fail)?;
            }
            while let Some(output) = cluster.poll_output() {
                comes_back(&output).map_err(TestCaseError::fail)?;
                comes_back(&cluster.spec().named(output)).map_err(TestCaseError::fail)?;
            }
            let deadline = cluster.poll_timeout().map(|deadline| cluster.spec().named(deadline));
            comes_back(&deadline).map_err(TestCaseError::fail)?;
            let groups = cluster.spec().groups();
            let reasons: Vec<_> = groups.filter_map(|(group, _)| cluster.why(group)).collect();
            comes_back(&reasons).map_err(TestCaseError::fail)?;
        }
        comes_back(&cluster.snapshot()).map_err(TestCaseError::fail)?;
    }

    /// The state in the middle of a history, where everything happens.
    #[test]
    fn snapshots_of_histories_come_back(history in strategy::histories(1..30)) {
        let cluster = history.cluster_after().map_err(|failure| {
            TestCaseError::fail(format!("{:?}", failure.breach))
        })?;
        comes_back(&cluster.snapshot()).map_err(TestCaseError::fail)?;
    }
}
