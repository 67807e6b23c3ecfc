//! The formats as files: they are read by people, compared with what the code does, and never
//! change by accident.
//!
//! `UPDATE=1 cargo test --test tables` writes the files anew.

use std::fs;
use std::path::PathBuf;

use quorate::cluster::{Outcome, Output};
use quorate::id::Names;
use quorate::policy::Ring;
use quorate::quorum::WitnessState;
use quorate::spec::ClusterDeclaration;
use quorate::{Cluster, Incarnation, Input, Snapshot, Timestamp};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_default()
}

/// Compares with a file, or writes it.
fn compare(name: &str, found: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path(name), found).expect("the golden files can be written");
    }
    assert!(found == read(name), "{name} has changed; it would be\n{found}");
}

/// Everything that a declaration can say, in both formats.
#[test]
fn declarations() {
    let from_toml: ClusterDeclaration =
        toml::from_str(&read("spec_v1.toml")).expect("the declaration of version 1 is read");
    let from_json: ClusterDeclaration =
        serde_json::from_str(&read("spec_v1.json")).expect("the same as JSON");
    assert_eq!(from_toml, from_json, "both files say the same");
    let spec = from_toml.clone().build().expect("it is valid");
    assert_eq!(from_json.clone().build().as_ref(), Ok(&spec));
    let json = serde_json::to_string_pretty(&from_json).expect("it can be written") + "\n";
    compare("spec_v1.json", &json);
    let toml = toml::to_string_pretty(&from_toml).expect("it can be written");
    compare("spec_v1.toml", &toml);
}

/// A cluster in the middle of everything: a lost node, a fence and starts under way, an orphan, a
/// failed resource, a queued move, a drain.
fn story() -> (Cluster, Vec<Input<Names>>) {
    let declaration: ClusterDeclaration =
        toml::from_str(&read("spec_v1.toml")).expect("the declaration of version 1 is read");
    let spec = declaration.build().expect("it is valid");
    let cluster = Cluster::new(spec, Ring::new(), Timestamp::from_millis(1_000));
    let inputs = read("inputs_v1.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("an input of version 1 is read"))
        .collect();
    (cluster, inputs)
}

/// Inputs are read, and written as they were.
#[test]
fn inputs() {
    for name in ["inputs_v1.jsonl", "inputs_more_v1.jsonl"] {
        let text = read(name);
        assert!(text.lines().count() > 20, "there are inputs in {name}");
        let again = text.lines().map(|line| {
            let input: Input<Names> = serde_json::from_str(line).expect("an input is read");
            serde_json::to_string(&input).expect("it is written") + "\n"
        });
        compare(name, &again.collect::<String>());
    }
}

/// Plays the inputs, a second apart; the outputs are read, and written as they were. The digest of
/// the state is the same on every platform.
#[test]
fn outputs_and_snapshot() {
    let (mut cluster, inputs) = story();
    let mut lines = String::new();
    for (second, input) in inputs.into_iter().enumerate() {
        let now = Timestamp::from_millis(2_000 + 1_000 * u64::try_from(second).expect("few"));
        cluster.handle_timeout(now);
        let input = cluster.spec().resolve(input).expect("the names are declared");
        let text = format!("{input:?}");
        if let Err(error) = cluster.handle(now, input) {
            panic!("{text} is refused: {error}");
        }
        while let Some(output) = cluster.poll_output() {
            let named = cluster.spec().named(output);
            let line = serde_json::to_string(&named).expect("an output is written");
            let read: Output<Names> = serde_json::from_str(&line).expect("an output is read");
            assert_eq!(read, named);
            lines += &line;
            lines += "\n";
        }
    }
    compare("outputs_v1.jsonl", &lines);
    let json = serde_json::to_string_pretty(&cluster.snapshot()).expect("it is written") + "\n";
    compare("snapshot_v1.json", &json);
    compare("digest_v1.txt", &format!("{:016x}\n", cluster.digest()));
}

/// A snapshot of a release that noted neither its policy nor its behaviour is read.
#[test]
fn a_snapshot_without_a_policy_is_restored() {
    let text = read("snapshot_v1_without_policy.json");
    let snapshot: Snapshot = serde_json::from_str(&text).expect("the snapshot is read");
    assert_eq!((snapshot.policy_name(), snapshot.behaviour()), (None, 0));
    let cluster = Cluster::restore(snapshot, Ring::new()).expect("it is restored");
    assert_eq!(cluster.check_invariants(), Ok(()));
    assert_eq!(format!("{:016x}\n", cluster.digest()), read("digest_v1.txt"));
    assert_eq!(cluster.snapshot().policy_name(), Some("ring"));
}

/// The snapshot of version 1 is read, and goes on.
#[test]
fn the_snapshot_is_restored() {
    let snapshot: Snapshot =
        serde_json::from_str(&read("snapshot_v1.json")).expect("the snapshot is read");
    let mut cluster = Cluster::restore(snapshot, Ring::new()).expect("it is restored");
    assert_eq!(format!("{:016x}\n", cluster.digest()), read("digest_v1.txt"));
    assert_eq!(cluster.check_invariants(), Ok(()));
    let asked: Vec<_> = cluster.outstanding().map(|effect| effect.operation).collect();
    assert!(asked.len() > 1, "something is under way");
    let now = cluster.state().now();
    for operation in asked {
        let outcome = Outcome::Failed;
        let answer = cluster.handle(now, Input::operation_finished(operation, outcome));
        assert_eq!(answer, Ok(()));
    }
    let witness = WitnessState::Up;
    assert_eq!(cluster.handle(now, Input::witness_changed(witness)), Ok(()));
    let node = cluster.spec().node_id("beta").expect("a declared node");
    let input = Input::node_joined(node, Incarnation::new(9), vec![]);
    assert_eq!(cluster.handle(now, input), Ok(()));
    assert_eq!(cluster.check_invariants(), Ok(()));
}
