//! The bodies of the targets: whatever they are, nothing panics and no promise breaks.
//!
//! The targets call these under libFuzzer; `tests/corpus.rs` calls them on the committed seeds.

use quorate::graph::Expression;
use quorate::policy::Ring;
use quorate::spec::{ClusterDeclaration, ClusterSpec};
use quorate::{Cluster, Snapshot, Timestamp};
use quorate_testkit::history::{Fate, History, Manner, Record, Step};

/// A target: its name, which is that of its corpus, and what it does.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    ("spec_text", spec_text),
    ("snapshot", snapshot),
    ("inputs", inputs),
    ("differential", differential),
    ("expression", expression),
];

/// A declaration as an operator writes it, in TOML or JSON.
pub(crate) fn spec_text(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let declarations = [
        toml::from_str::<ClusterDeclaration>(text).ok(),
        serde_json::from_str::<ClusterDeclaration>(text).ok(),
    ];
    for declaration in declarations.into_iter().flatten() {
        match declaration.build() {
            Ok(spec) => declared_again(&spec),
            // Every problem has words and a path.
            Err(errors) => assert!(!errors.to_string().is_empty()),
        }
    }
}

/// A valid value that is written down again is valid and equal.
fn declared_again(spec: &ClusterSpec) {
    let written = ClusterDeclaration::from(spec);
    let again = written.clone().build().expect("what is valid is valid again");
    assert_eq!(written, ClusterDeclaration::from(&again));
    let cluster = Cluster::new(again, Ring::new(), Timestamp::ZERO);
    cluster.check_invariants().expect("a new cluster keeps every invariant");
}

/// A snapshot as JSON.
pub(crate) fn snapshot(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<Snapshot>(bytes) else { return };
    let Ok(mut cluster) = Cluster::restore(read, Ring::new()) else { return };
    cluster.check_invariants().expect("what is restored keeps every invariant");
    let again = Cluster::restore(cluster.snapshot(), Ring::new()).expect("it restores again");
    assert_eq!(cluster.digest(), again.digest());
    for _ in 0..20 {
        let Some(deadline) = cluster.poll_timeout() else { break };
        let now = deadline.at.max(cluster.state().now());
        cluster.handle_timeout(now);
        while cluster.poll_output().is_some() {}
        cluster.check_invariants().expect("timers keep every invariant");
    }
    for (group, _) in cluster.spec().groups() {
        let _ = cluster.why(group);
    }
}

/// A history of a cluster: whatever happens, every promise is kept.
pub(crate) fn inputs(bytes: &[u8]) {
    if let Err(failure) = history(bytes).storm(Record::Omitted) {
        panic!("{}", failure.breach);
    }
}

/// A history in which the engine decides and answers as the reference model does.
pub(crate) fn differential(bytes: &[u8]) {
    if let Err(failure) = history(bytes).compare_storm(Record::Omitted) {
        panic!("{}", failure.breach);
    }
}

/// Most steps of a history, and most draws for its declaration: beyond them every group has the
/// plainest form. Whatever the bytes are, an execution is short.
const MOST_STEPS: usize = 40;
const MOST_DRAWS: usize = 64;

/// A dependency expression.
pub(crate) fn expression(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    match text.parse::<Expression>() {
        Ok(read) => {
            let written = read.to_string();
            assert_eq!(written.parse::<Expression>().as_ref(), Ok(&read), "{written}");
        }
        Err(error) => assert!(!error.caret(text).is_empty()),
    }
}

/// Six bytes make a step; those before the first length of steps make the declaration.
fn history(bytes: &[u8]) -> History {
    let mut bytes = bytes.iter().copied();
    let mut next = || bytes.next().unwrap_or(0);
    let (policy, twin, shape_len) = (next(), next(), next());
    let mut shape: Vec<u16> =
        (0..shape_len).map(|_| u16::from_le_bytes([next(), next()])).collect();
    shape.truncate(MOST_DRAWS);
    let mut steps = Vec::new();
    let mut rest: Vec<u8> = bytes.take(6 * MOST_STEPS).collect();
    while rest.len() >= 6 {
        let after = rest.split_off(6);
        steps.push(step(&rest));
        rest = after;
    }
    History { declaration: None, shape, policy: policy % 6, twin: twin % 4, muted: 0, steps }
}

fn step(bytes: &[u8]) -> Step {
    let [kind, a, b, c, d, flags] = *bytes else { unreachable!("six bytes make a step") };
    let (one, other) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    match kind % 16 {
        0 => Step::Work { job: one, manner: manner(c) },
        1 => Step::WorkAll { rounds: a % 4 },
        2 => Step::Answer { which: one, repeat: c & 1 == 1 },
        3 => Step::Ripen { which: one },
        4 => Step::Timer { delay: a },
        5 => Step::Wait { span: a },
        6 => Step::Node { node: a, fate: fate(b, other) },
        7 => Step::Resource { resource: one, fate: c },
        8 => Step::Witness { up: a & 1 == 1 },
        9 => Step::WallClock { hour: a % 24, offset: b },
        10 => Step::Command { kind: flags.wrapping_mul(31), one, other, flags },
        11 => Step::Configure { kind: flags, one, other },
        12 => Step::Junk { kind: flags, one, other },
        13 => Step::Late { which: one },
        14 => Step::Restore,
        _ => Step::Attribute { node: a, name: b, value: c },
    }
}

fn manner(byte: u8) -> Manner {
    match byte % 10 {
        0 => Manner::Succeed,
        1 => Manner::Fail,
        2 => Manner::FailDirty,
        3 => Manner::Hang,
        4 => Manner::SucceedLate,
        5 => Manner::FailLate,
        6 => Manner::SucceedMute,
        7 => Manner::GiveUp,
        8 => Manner::Progress,
        _ => Manner::Drop,
    }
}

fn fate(byte: u8, resource: u16) -> Fate {
    match byte % 11 {
        0 => Fate::Join,
        1 => Fate::Crash,
        2 => Fate::CutOff,
        3 => Fate::Lose,
        4 => Fate::Leave,
        5 => Fate::Fenced,
        6 => Fate::ConfirmedDown,
        7 => Fate::ConfirmedDownWrongly,
        8 => Fate::JoinWithRogue(resource),
        9 => Fate::LateNews(byte),
        _ => Fate::Forget,
    }
}
