//! Each judge can say no.

use std::time::Duration;

use crate::play::{Play, at, group};
use quorate::cluster::{Command, Event, Life, Output};
use quorate::machine::{GroupState, NodeState};
use quorate::policy::Ring;
use quorate::settings::{Failback, Fencing};
use quorate::spec::ClusterDeclaration;
use quorate::state::MovementCause;
use quorate::{Cluster, GroupId, Input, NodeId, Timestamp};
use quorate_testkit::audit::{Moment, Stimulus};
use quorate_testkit::liveness::{
    Journal, Outside, Spark, at_rest, drain_ends, fences_block_only_theirs, idle, no_fence_loop,
    no_ping_pong, not_stuck, online_in_time, operations_end, rolling_reboot, same_course,
    stays_at_rest, stays_away,
};
use quorate_testkit::reference::{Differential, Order};
use quorate_testkit::{Breach, Invariant};
use serde_json::{Value, json};

const A: NodeId = NodeId::new(0);
const B: NodeId = NodeId::new(1);
const C: NodeId = NodeId::new(2);
const SQL: GroupId = GroupId::new(0);

fn declaration() -> ClusterDeclaration {
    let cluster = ClusterDeclaration::new("test").node("a").node("b").node("c");
    cluster.fencing(Fencing::Required).group(group("sql").preferred_owners(["a", "b"]))
}

fn play() -> Play {
    Play::new(declaration(), Ring::new()).up()
}

fn invariant(verdict: Result<(), Breach>) -> Option<Invariant> {
    verdict.err().and_then(|breach| breach.invariant)
}

/// The state of a cluster, at another time.
fn much_later(cluster: &Cluster, now: Timestamp) -> Cluster {
    let mut snapshot = serde_json::to_value(cluster.snapshot()).expect("plain data");
    snapshot["v1"]["now"] = now.as_millis().into();
    let snapshot = serde_json::from_value(snapshot).expect("a snapshot");
    Cluster::restore(snapshot, Ring::new()).expect("a possible state")
}

#[test]
fn who_is_late_is_named() {
    let mut play = play();
    play.silent.insert(B);
    play.lose(A);
    // The fence was answered, the starts are not.
    let stuck = much_later(&play.cluster, at(1_000_000_000));
    let outside = Outside::default();
    assert_eq!(invariant(online_in_time(&stuck, at(0), outside)), Some(Invariant::L1));
    assert_eq!(invariant(online_in_time(&stuck, at(999_999_999), outside)), None);
    assert_eq!(invariant(at_rest(&stuck)), Some(Invariant::L2));
    assert_eq!(invariant(operations_end(&stuck)), Some(Invariant::L4));
    assert_eq!(invariant(idle(&stuck)), None, "the first one is due");
    let mut full = play.cluster.clone();
    full.handle(play.now, Input::node_left(B, Life::Known)).expect("accepted");
    assert_eq!(invariant(idle(&full)), Some(Invariant::L18), "not drained");
}

#[test]
fn who_works_at_rest_is_named() {
    let mut play = play();
    let group = play.group("sql");
    play.order(Command::take_group_offline(group).into());
    assert_eq!(invariant(stays_at_rest(&play.journal, at(0))), Some(Invariant::L2), "by answers");
    let mut journal = Journal::new();
    for entry in play.journal.since(at(0)) {
        journal.record(entry.at, Spark::Outside, &entry.outputs);
    }
    assert_eq!(invariant(stays_at_rest(&journal, at(0))), None, "called for");
}

fn owner(from: NodeId, to: NodeId, cause: MovementCause) -> Output {
    Output::Event(event(json!({"owner_changed": {
        "group": SQL, "from": from, "to": to, "cause": cause, "epoch": 9, "proof": null
    }})))
}

/// The event with this written form.
fn event(written: Value) -> Event {
    serde_json::from_value(written).expect("it is an event")
}

#[test]
fn who_goes_to_and_fro_is_named() {
    let play = play();
    let judge = |outputs: &[Output]| {
        let mut journal = Journal::new();
        for (number, output) in (1..).zip(outputs) {
            journal.record(at(number * 1_000), Spark::Outside, core::slice::from_ref(output));
        }
        invariant(no_ping_pong(&play.cluster, &journal, at(0)))
    };
    let failed = |from, to| owner(from, to, MovementCause::ResourceFailure);
    assert_eq!(judge(&[failed(A, B), failed(B, A)]), None, "two are allowed with three nodes");
    let often = [failed(A, B), failed(B, A), failed(A, B)];
    assert_eq!(judge(&often), Some(Invariant::L3));
    let back = owner(B, A, MovementCause::Failback);
    assert_eq!(judge(&[failed(A, B), back.clone()]), Some(Invariant::L3));
    let by_hand = owner(B, A, MovementCause::Operator);
    assert_eq!(judge(&[failed(A, B), by_hand]), None);
    let (from, to) = (NodeState::Joining, NodeState::Up);
    let up = Output::Event(event(json!({"node_changed": {"node": A, "from": from, "to": to}})));
    assert_eq!(judge(&[failed(A, B), up, back]), Some(Invariant::L3), "it may not return at all");
}

/// Where nothing fails anew, nothing goes back to where it failed, nor on and on.
#[test]
fn who_does_not_stay_away_is_named() {
    let play = play();
    let judge = |outputs: &[Output]| {
        let mut journal = Journal::new();
        for (number, output) in (1..).zip(outputs) {
            journal.record(at(number * 1_000), Spark::Outside, core::slice::from_ref(output));
        }
        invariant(stays_away(&play.cluster, &journal, at(0)))
    };
    let failed = |from, to| owner(from, to, MovementCause::ResourceFailure);
    let by = |cause| owner(B, A, cause);
    let (from, to) = (NodeState::Joining, NodeState::Up);
    let up = |node| {
        Output::Event(event(json!({"node_changed": {"node": node, "from": from, "to": to}})))
    };
    assert_eq!(judge(&[failed(A, B), failed(B, C)]), None, "each node once");
    assert_eq!(
        judge(&[failed(A, B), failed(B, A)]),
        Some(Invariant::L3),
        "it has just failed there"
    );
    let often = [failed(A, B), failed(C, B), failed(C, B)];
    assert_eq!(judge(&often), Some(Invariant::L3), "three times with three nodes");
    assert_eq!(judge(&[failed(A, B), by(MovementCause::Failback)]), Some(Invariant::L3));
    assert_eq!(judge(&[failed(A, B), up(B), by(MovementCause::Failback)]), Some(Invariant::L3));
    let back = || by(MovementCause::Failback);
    assert_eq!(judge(&[failed(A, B), up(A), back()]), Some(Invariant::L3), "it was only resumed");
    let down = Output::Event(event(
        json!({"node_changed": {"node": A, "from": to, "to": NodeState::Down}}),
    ));
    assert_eq!(judge(&[failed(A, B), down, up(A), back()]), None, "it is in another life");
    for cause in [MovementCause::Operator, MovementCause::NodeFailure, MovementCause::Drain] {
        assert_eq!(judge(&[failed(A, B), by(cause), failed(A, B)]), None, "{cause}");
    }
}

#[test]
fn who_is_off_between_moves_is_named() {
    let play = play();
    let judge = |outputs: &[Output]| {
        let mut journal = Journal::new();
        journal.record(at(1_000), Spark::Outside, outputs);
        invariant(rolling_reboot(&play.cluster, &journal, at(0)))
    };
    let changed = |from, to| {
        Output::Event(event(json!({"group_changed": {"group": SQL, "from": from, "to": to}})))
    };
    let off = changed(GroupState::Online, GroupState::Offline);
    let on = changed(GroupState::Pending, GroupState::Online);
    let (to, cause) = (Some(B), MovementCause::Drain);
    let started = Output::Event(event(
        json!({"move_started": {"group": SQL, "from": A, "to": to, "cause": cause}}),
    ));
    let moved = owner(A, B, MovementCause::Drain);
    let well = [started.clone(), off.clone(), moved.clone(), on.clone()];
    assert_eq!(judge(&well), None);
    assert_eq!(judge(&[off, on]), Some(Invariant::L10), "off without a move");
    assert_eq!(judge(&[moved.clone(), moved.clone(), moved]), Some(Invariant::L10), "thrice");
    assert_eq!(judge(&[started.clone(), owner(A, B, MovementCause::Drain)]), None, "it was off");
    assert_eq!(judge(&[started]), Some(Invariant::L10), "on its way for ever");
}

#[test]
fn a_drain_that_does_not_end_is_named() {
    let mut play = play();
    play.silent.insert(A);
    let begun_at = play.now;
    play.order(Command::drain_node(A).into());
    let judge = |cluster: &Cluster| invariant(drain_ends(cluster, &play.journal, A, begun_at));
    assert_eq!(judge(&play.cluster), None, "it has just begun");
    assert_eq!(judge(&much_later(&play.cluster, at(1_000_000_000))), Some(Invariant::L11));
    // A drain that failed without a word about the reason.
    let mut declaration = declaration();
    for resource in &mut declaration.groups[0].resources {
        resource.possible_owners = Some(vec!["a".into()]);
    }
    let mut play = Play::new(declaration, Ring::new()).up();
    let begun_at = play.now;
    play.order(Command::drain_node(A).into());
    let judge = |journal| invariant(drain_ends(&play.cluster, journal, A, begun_at));
    assert_eq!(judge(&play.journal), None);
    assert_eq!(judge(&Journal::new()), Some(Invariant::L11));
}

#[test]
fn another_course_is_named() {
    let play = play();
    let mut longer = play.journal.clone();
    longer.record(at(9_000), Spark::Outside, &[owner(A, B, MovementCause::Operator)]);
    let judge = |one, other| invariant(same_course(SQL, one, other, at(0)));
    assert_eq!(judge(&play.journal, &play.journal), None);
    assert_eq!(judge(&play.journal, &longer), Some(Invariant::L14));
    assert_eq!(judge(&longer, &play.journal), Some(Invariant::L14));
    let mut delayed = Journal::new();
    for entry in play.journal.since(at(0)) {
        delayed.record(
            entry.at.after(Duration::from_millis(1)),
            entry.spark.clone(),
            &entry.outputs,
        );
    }
    assert_eq!(judge(&play.journal, &delayed), Some(Invariant::L14), "a millisecond later");
}

#[test]
fn a_fence_after_everything_is_up_is_named() {
    let mut play = play();
    play.lose(A);
    assert_eq!(invariant(no_fence_loop(&play.journal, at(0))), Some(Invariant::L17));
    assert_eq!(invariant(no_fence_loop(&play.journal, at(9_000))), None);
}

/// A group waits for its own lost node and for nothing else. No cluster says otherwise; the reasons
/// of one that does are forged beside the judge.
#[test]
fn who_waits_for_a_fence_owns_the_node() {
    let mut play = play();
    play.fences_answer = false;
    play.lose(A);
    assert_eq!(invariant(fences_block_only_theirs(&play.cluster)), None);
    play.feed(Input::node_fenced(A, Life::Known));
    assert_eq!(invariant(fences_block_only_theirs(&play.cluster)), None);
}

/// A failed resource has lost the time of its next attempt, though it is declared to have one.
#[test]
fn who_is_stuck_is_named() {
    let mut play = play();
    play.grey = play.nodes().into_iter().collect();
    play.crash("sql service");
    play.run(Duration::from_secs(600));
    assert_eq!(invariant(not_stuck(&play.cluster)), None);
    let mut snapshot = serde_json::to_value(play.cluster.snapshot()).expect("plain data");
    let resources = snapshot["v1"]["resources"].as_array_mut().expect("a list");
    let failed = resources.iter_mut().find(|resource| resource["recovery"]["retry_at"].is_object());
    let failed = failed.expect("it waits for its next attempt");
    failed["recovery"]["retry_at"]["at"] = serde_json::Value::Null;
    let snapshot = serde_json::from_value(snapshot).expect("a snapshot");
    let cluster = Cluster::restore(snapshot, Ring::new()).expect("a possible state");
    assert_eq!(invariant(not_stuck(&cluster)), Some(Invariant::L5));
}

/// A group that may go home stays where it is for hours, and the reference model looks on.
#[test]
fn who_is_late_for_home_is_named() {
    let mut declaration = declaration();
    declaration.groups[0].failback = Some(Failback::Allow);
    declaration.groups[0].failback_hold_down = Some(Duration::from_secs(1_800));
    let mut play = Play::new(declaration, Ring::new()).up();
    play.lose(A);
    play.boot(A);
    play.run(Duration::from_secs(60));
    assert_eq!(play.owner("sql"), Some(B));
    let judge = |after: Duration| {
        let later = much_later(&play.cluster, play.now.after(after));
        let moment = Moment::before(&play.cluster, Stimulus::Timer, later.state().now());
        let orders = vec![Order::Ring { seed: None }];
        let mut model = Differential::new(&play.cluster, Some(orders));
        invariant(model.after(&later, &moment, &[]))
    };
    assert_eq!(judge(Duration::from_secs(60)), None, "it is held down");
    assert_eq!(judge(Duration::from_secs(3_600)), Some(Invariant::L9));
}
