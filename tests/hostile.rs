//! Snapshots that no cluster has written: they are refused, or they are a cluster that keeps its
//! rules whatever comes next. Never a panic.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use quorate::cluster::{Command, Life, LockHandling, Outcome, ResumeFailback};
use quorate::policy::Ring;
use quorate::quorum::WitnessState;
use quorate::{
    Cluster, GroupId, Incarnation, Input, NodeId, OpId, ResourceId, Snapshot, Timestamp, WallClock,
};
use serde_json::{Number, Value};

/// A snapshot in the middle of everything, as text.
fn real() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/snapshot_v1.json");
    fs::read_to_string(path).expect("the golden snapshot is there")
}

/// Restores a text; a cluster that comes of it lives through some inputs. What was found wrong.
fn survive(text: &str, seed: u64) -> Result<bool, String> {
    let life = catch_unwind(AssertUnwindSafe(|| {
        let Ok(snapshot) = serde_json::from_str::<Snapshot>(text) else { return Ok(false) };
        let Ok(mut cluster) = Cluster::restore(snapshot, Ring::new()) else { return Ok(false) };
        live(&mut cluster, seed)?;
        Ok(true)
    }));
    life.unwrap_or_else(|_| Err("a panic".into()))
}

fn live(cluster: &mut Cluster, seed: u64) -> Result<(), String> {
    let mut numbers = Numbers(seed);
    let check = |cluster: &Cluster, when: &str| {
        cluster.check_invariants().map_err(|violation| format!("{when}: {violation:?}"))
    };
    check(cluster, "after the restore")?;
    for _ in 0..50 {
        let now = cluster.state().now().as_millis();
        let later = [0, 1, 1_000, 60_000, 3_600_000][numbers.below(5)];
        let now = Timestamp::from_millis(now.saturating_add(later));
        if numbers.below(3) == 0 {
            let due = cluster.poll_timeout().map_or(now, |deadline| deadline.at.max(now));
            cluster.handle_timeout(due);
        } else {
            let input = input(cluster, &mut numbers);
            let text = format!("{input:?}");
            let before = cluster.digest();
            if cluster.handle(now, input).is_err() && before != cluster.digest() {
                return Err(format!("refused and yet changed by {text}"));
            }
            check(cluster, &text)?;
        }
        while cluster.poll_output().is_some() {}
        check(cluster, "after a timer")?;
        for (group, _) in cluster.spec().groups() {
            let _ = cluster.why(group);
            let _ = cluster.failover_budget(group, cluster.state().now());
        }
        let _ = cluster.poll_timeout();
    }
    match Cluster::restore(cluster.snapshot(), Ring::new()) {
        Ok(again) if again.digest() == cluster.digest() => Ok(()),
        Ok(_) => Err("restored as another one".into()),
        Err(error) => Err(format!("cannot be restored again: {error}")),
    }
}

/// Numbers that are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 32).expect("32 bits") % end.max(1)
    }

    fn id(&mut self, end: usize) -> u32 {
        u32::try_from(self.below(end)).expect("small")
    }
}

fn input(cluster: &Cluster, numbers: &mut Numbers) -> Input {
    let node = NodeId::new(numbers.id(5));
    let known = cluster.state().node(node).map_or(0, |record| record.incarnation().value());
    let outcomes = [
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::FailedForGood,
        Outcome::TimedOut,
        Outcome::Running,
        Outcome::NotRunning,
    ];
    match numbers.below(12) {
        0..=2 => {
            let asked: Vec<OpId> = cluster.outstanding().map(|effect| effect.operation).collect();
            let at = numbers.below(asked.len() + 1);
            let operation = asked.get(at).copied().unwrap_or(OpId::new(3));
            Input::operation_finished(operation, outcomes[numbers.below(5)])
        }
        3 | 4 => {
            let more = u64::from(numbers.id(2));
            let incarnation = Incarnation::new(known.saturating_add(more));
            let running = vec![ResourceId::new(numbers.id(9)).into()];
            Input::node_joined(node, incarnation, running)
        }
        5 => Input::node_lost(node, Life::Known),
        6 => Input::node_left(node, Life::Known),
        7 => Input::node_fenced(node, Life::Known),
        8 => {
            let resource = ResourceId::new(numbers.id(9));
            Input::resource_failed(resource, node, Incarnation::new(known)).into()
        }
        9 => {
            let up = numbers.below(3) > 0;
            let witness = if up { WitnessState::Up } else { WitnessState::Down };
            Input::witness_changed(witness)
        }
        10 => Input::wall_clock_read(WallClock {
            utc_millis_of_day: 80_000_000,
            utc_offset_minutes: 60,
        }),
        _ => Input::Command(command(node, numbers)),
    }
}

fn command(node: NodeId, numbers: &mut Numbers) -> Command {
    let group = GroupId::new(numbers.id(4));
    let resource = ResourceId::new(numbers.id(9));
    let lock = LockHandling::Override;
    match numbers.below(10) {
        0 => Command::bring_group_online(group).lock(lock).into(),
        1 => Command::take_group_offline(group).lock(lock).into(),
        2 => Command::move_group(group).to(node).return_on_failure().queue().lock(lock).into(),
        3 => Command::drain_node(node).forced().lock(lock).into(),
        4 => Command::resume_node(node).failback(ResumeFailback::Immediate).into(),
        5 => Command::clear_resource_failure(resource),
        6 => Command::bring_resource_online(resource).lock(lock).into(),
        7 => Command::evict_node(node),
        8 => Command::clear_group_failures(group).into(),
        _ => Command::pause_node(node),
    }
}

#[test]
fn the_real_one_survives() {
    for seed in 0..40 {
        assert_eq!(survive(&real(), seed), Ok(true), "seed {seed}");
    }
}

#[test]
fn cut_off_anywhere() {
    let text = real();
    let end = text.trim_end().len();
    for length in (0..end).step_by(7) {
        if let Some(part) = text.get(..length) {
            assert_eq!(survive(part, 1), Ok(false), "cut off after {length} bytes");
        }
    }
}

/// Paths of all values in a document.
fn paths(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, all: &mut Vec<String>) {
        all.push(path.to_owned());
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{index}"), all);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    walk(
                        field,
                        &format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")),
                        all,
                    );
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all
}

/// Everything that is the value of some field called like this one.
fn namesakes(document: &Value, path: &str) -> Vec<Value> {
    let name = path.rsplit('/').next().unwrap_or_default();
    paths(document)
        .iter()
        .filter(|other| other.rsplit('/').next() == Some(name))
        .filter_map(|other| document.pointer(other).cloned())
        .collect()
}

/// The states, kinds and causes of every sort, for fields that hold one.
const WORDS: [&str; 40] = [
    "down",
    "joining",
    "up",
    "paused",
    "unclean",
    "initializing",
    "offline",
    "online_pending",
    "online",
    "offline_pending",
    "terminating",
    "failed",
    "in_doubt",
    "start",
    "stop",
    "terminate",
    "check_is_alive",
    "probe",
    "fence",
    "running",
    "stopping",
    "alpha",
    "beta",
    "gamma",
    "delta",
    "mail",
    "web",
    "db",
    "page",
    "worker",
    "requested",
    "resumed",
    "in_progress",
    "left",
    "lease_expired",
    "resource_failure",
    "none",
    "failover",
    "no_auto_start",
    "never",
];

fn numbers_to_try(was: Option<u64>) -> Vec<Value> {
    let near = was.unwrap_or(5_000);
    let mut all: Vec<Value> = [
        0,
        1,
        near.saturating_sub(1),
        near.saturating_add(1),
        near.saturating_mul(1_000),
        u64::from(u32::MAX),
        u64::MAX >> 3,
        (u64::MAX >> 3) + 1,
        u64::MAX >> 2,
        (u64::MAX >> 2) + 1,
        u64::MAX >> 1,
        (u64::MAX >> 1) + 1,
        u64::MAX - 1,
        u64::MAX,
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    all.push(Value::from(-1));
    all.extend(Number::from_f64(0.5).map(Value::Number));
    all
}

fn replacements(document: &Value, path: &str) -> Vec<Value> {
    let mut all = vec![Value::Null, Value::Bool(true), Value::Array(Vec::new())];
    all.extend(namesakes(document, path));
    match document.pointer(path) {
        Some(Value::Number(number)) => all.extend(numbers_to_try(number.as_u64())),
        Some(Value::String(_)) => {
            all.extend(WORDS.iter().map(|word| Value::from(*word)));
            all.push(Value::from("x".repeat(5_000)));
            all.push(Value::from(""));
        }
        Some(Value::Array(items)) => {
            // Each one missing, twice, and in another order.
            for index in 0..items.len() {
                let mut fewer = items.clone();
                let item = fewer.remove(index);
                all.push(Value::Array(fewer.clone()));
                fewer.extend([item.clone(), item]);
                all.push(Value::Array(fewer));
            }
            all.push(Value::Array(items.iter().rev().cloned().collect()));
        }
        _ => {}
    }
    all
}

/// Each value of the document replaced by everything that is likely to hurt.
#[test]
fn any_one_value_replaced() {
    let document: Value = serde_json::from_str(&real()).expect("it is JSON");
    let (mut restored, mut refused) = (0, 0);
    for path in paths(&document) {
        for (which, value) in replacements(&document, &path).into_iter().enumerate() {
            let mut changed = document.clone();
            let Some(place) = changed.pointer_mut(&path) else { continue };
            *place = value.clone();
            match survive(&changed.to_string(), u64::try_from(which).expect("few")) {
                Ok(true) => restored += 1,
                Ok(false) => refused += 1,
                Err(wrong) => panic!("{path} = {value}: {wrong}"),
            }
        }
    }
    assert!(restored > 100, "{restored} were restored");
    assert!(refused > 1_000, "{refused} were refused");
}

/// Each field left out, and one more that nobody knows.
#[test]
fn any_field_missing_or_unknown() {
    let document: Value = serde_json::from_str(&real()).expect("it is JSON");
    for path in paths(&document) {
        let Some(Value::Object(fields)) = document.pointer(&path) else { continue };
        for name in fields.keys() {
            let mut changed = document.clone();
            if let Some(Value::Object(fields)) = changed.pointer_mut(&path) {
                fields.remove(name);
            }
            if let Err(wrong) = survive(&changed.to_string(), 3) {
                panic!("{path} without {name}: {wrong}");
            }
        }
        let mut changed = document.clone();
        if let Some(Value::Object(fields)) = changed.pointer_mut(&path) {
            fields.insert("surprise".into(), Value::from(1));
        }
        let is_open = survive(&changed.to_string(), 3);
        let is_map = path.ends_with("capacity") || path.ends_with("demands");
        let is_map = is_map || path.ends_with("at_most_per_node");
        assert_eq!(
            is_open.map(|restored| restored && !is_map),
            Ok(false),
            "{path} with a surprise"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Several values replaced at once, by what stands elsewhere in the document or by numbers.
    #[test]
    fn several_values_replaced(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
        seed in any::<u64>(),
    ) {
        let mut document: Value = serde_json::from_str(&real()).expect("it is JSON");
        for (at, with) in changes {
            let all = paths(&document);
            let path = all[at.index(all.len())].clone();
            let choices = replacements(&document, &path);
            let value = choices[with.index(choices.len())].clone();
            if let Some(place) = document.pointer_mut(&path) {
                *place = value;
            }
        }
        if let Err(wrong) = survive(&document.to_string(), seed) {
            return Err(TestCaseError::fail(format!("{wrong}\n{document}")));
        }
    }

    /// Bytes flipped in the text.
    #[test]
    fn bytes_flipped(at in any::<prop::sample::Index>(), bit in 0..8_u8, seed in any::<u64>()) {
        let mut bytes = real().into_bytes();
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes)
            && let Err(wrong) = survive(&text, seed)
        {
            return Err(TestCaseError::fail(format!("byte {index}, bit {bit}: {wrong}")));
        }
    }
}
