//! Single rules, with inputs that no cluster produces.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::Breach;
use crate::audit::{moves, operations, reasons, whole};
use quorate::cluster::Life;
use quorate::machine::NodeState;
use quorate::policy::{FailoverPolicy, Key, PlacementRequest, Rank};
use quorate::settings::{AntiAffinityPlacement, Priority, QuorumRule};
use quorate::state::{MovementCause, NoRestartCause};
use quorate::{Epoch, GroupId, Reason, WallClock};

fn invariant(verdict: Result<(), Breach>) -> Option<Invariant> {
    verdict.err().and_then(|breach| breach.invariant)
}

/// Judges an input as if it had been accepted without any output.
fn accepted(scene: &Scene, input: &Input) -> Option<Invariant> {
    let moment = Moment::before(&scene.cluster, Stimulus::Input(input), scene.now);
    invariant(scene.audit.clone().after(&scene.cluster, &moment, Ok(()), &[]))
}

#[test]
fn what_is_stale_does_not_count() {
    let scene = Scene::online(Fencing::Required);
    let ended = Input::operation_finished(OpId::new(1), Outcome::Succeeded);
    assert_eq!(accepted(&scene, &ended), Some(Invariant::S8));
    assert_eq!(accepted(&scene, &failed(DB, B)), Some(Invariant::S8), "not by the owner");
    assert_eq!(accepted(&scene, &joined(C, 0)), Some(Invariant::S8), "an earlier life");
    let fenced = scene.then(Input::node_fenced(C, Life::Known));
    assert_eq!(accepted(&fenced, &joined(C, 1)), Some(Invariant::S26), "a life that was ended");
}

#[test]
fn time_and_clocks() {
    let scene = Scene::online(Fencing::Trusted);
    let reading = WallClock { utc_millis_of_day: 1, utc_offset_minutes: 0 };
    let clock = Input::wall_clock_read(reading);
    let moment = Moment::before(&scene.cluster, Stimulus::Input(&clock), scene.now);
    let outputs = [Output::Event(event(json!({"placement_failed": {"group": SQL}})))];
    let verdict = whole::wall_clock_only_opens_windows(&moment, &outputs);
    assert_eq!(invariant(verdict), Some(Invariant::S29));
    // An older cluster comes after a newer one.
    let older = Scene::new(Fencing::Trusted);
    let verdict = whole::nothing_runs_backwards(&moment, &older.cluster);
    assert_eq!(invariant(verdict), Some(Invariant::S29));
    // A timer that is due had to go off in the step before.
    for (timer, is_late) in [(None, false), (Some(1_001), false), (Some(1_000), true)] {
        let verdict =
            whole::overdue(timer.map(Timestamp::from_millis), Timestamp::from_millis(1_000));
        assert_eq!(invariant(verdict).is_some(), is_late, "{timer:?}");
    }
    // A refusal has to say that time runs backwards exactly if it does.
    let error = quorate::InputError::NoQuorum;
    let past = Moment::before(&scene.cluster, Stimulus::Input(&clock), Timestamp::ZERO);
    let verdict = crate::audit::refusal(&past, &error);
    assert_eq!(invariant(verdict), Some(Invariant::S29));
}

#[test]
fn timers() {
    let scene = Scene::online(Fencing::Required).just(failed(DB, A));
    let effect = scene.asked(OperationKind::Terminate);
    let (now, due) = (scene.now, effect.deadline);
    let judge = |timer, now| invariant(operations::timed(&effect, timer, now));
    assert_eq!(judge(None, now), Some(Invariant::S11));
    assert_eq!(judge(Some(due.after(Duration::from_millis(1))), now), Some(Invariant::S11));
    assert_eq!(judge(Some(due), due), Some(Invariant::L4));
    assert_eq!(judge(Some(due), now), None);
}

#[test]
fn quorum_is_kept() {
    let whole_cluster = Scene::online(Fencing::Trusted);
    let minority = whole_cluster
        .clone()
        .then(Input::node_lost(A, Life::Known))
        .then(Input::node_lost(B, Life::Known));
    let judge = |before: &Scene, after: &Scene, next: Command| {
        let input = Input::Command(next);
        let moment = Moment::before(&before.cluster, Stimulus::Input(&input), before.now);
        invariant(whole::quorum_is_kept(&moment, &after.cluster, &[]))
    };
    let evict = || Command::evict_node(C);
    assert_eq!(judge(&whole_cluster, &minority, evict()), Some(Invariant::S35));
    assert_eq!(judge(&minority, &minority, evict()), Some(Invariant::S6));
    let pause = Command::pause_node(C);
    assert_eq!(judge(&whole_cluster, &minority, pause), Some(Invariant::S36));
    assert_eq!(judge(&whole_cluster, &whole_cluster, evict()), None);
}

/// A cluster that was declared to go on without quorum is judged as if it had been declared to
/// stop.
#[test]
fn without_quorum_everything_is_being_stopped() {
    let mut declaration = declaration(Fencing::Trusted);
    declaration.no_quorum = Some(quorate::settings::NoQuorum::Freeze);
    let spec = declaration.build().expect("a valid declaration");
    let cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
    let audit = Audit::new(&cluster);
    let scene = Scene { cluster, audit, now: Timestamp::from_millis(1_000) };
    let scene = [A, B, C].into_iter().fold(scene, |scene, node| scene.then(joined(node, 1)));
    let scene = scene.then(Input::node_lost(C, Life::Known)).then(Input::node_lost(B, Life::Known));
    assert_eq!(invariant(whole::stops_without_quorum(&scene.cluster)), None);
    let mut snapshot = serde_json::to_value(scene.cluster.snapshot()).expect("plain data");
    let place = snapshot.pointer_mut("/v1/declaration/no_quorum");
    let place = place.expect("a snapshot has its declaration");
    *place = "stop".into();
    let snapshot = serde_json::from_value(snapshot).expect("a snapshot");
    let cluster = Cluster::restore(snapshot, FirstPreferred).expect("a possible state");
    assert_eq!(invariant(whole::stops_without_quorum(&cluster)), Some(Invariant::S25));
}

#[test]
fn circles() {
    let chain = |at: usize| if at == 0 { vec![] } else { vec![at - 1] };
    assert!(whole::circle(4, chain).is_empty());
    assert_eq!(whole::circle(4, |at| vec![(at + 1) % 4]), [0, 1, 2, 3]);
    assert_eq!(whole::circle(3, |at| [at].repeat(usize::from(at == 2))), [2]);
}

#[test]
fn what_is_removed_is_off() {
    let scene =
        Scene::online(Fencing::Trusted).then(Command::take_group_offline(GroupId::new(1)).into());
    let mut fewer = declaration(Fencing::Trusted);
    fewer.groups.truncate(1);
    let next = command(Command::configure(fewer).into());
    assert_eq!(scene.clone().judge(&next, |_| {}, |_| {}), None);
    let running = |seen: &mut Seen| {
        seen.resources[2].state = quorate::machine::ResourceState::Online;
    };
    assert_eq!(scene.clone().judge(&next, running, |_| {}), Some(Invariant::S28));
    let evict = command(Command::evict_node(C));
    assert_eq!(scene.clone().judge(&evict, |_| {}, |_| {}), None);
    let lost = |seen: &mut Seen| seen.nodes[C.index()].state = NodeState::Unclean;
    assert_eq!(scene.clone().judge(&evict, lost, |_| {}), Some(Invariant::S28));
    let orphaned = |seen: &mut Seen| {
        seen.orphans.insert((C, DISK));
    };
    assert_eq!(scene.clone().judge(&evict, orphaned, |_| {}), Some(Invariant::S28));
    let owned = |seen: &mut Seen| seen.groups[SQL.index()].owner = Some(C);
    assert_eq!(scene.judge(&evict, owned, |_| {}), Some(Invariant::S28));
}

/// Between these two states the node that owned the group went down, but the epoch of the group is
/// not later.
#[test]
fn epochs_end_with_their_node() {
    let to = |node| Command::move_group(SQL).to(node).into();
    let up = Scene::online(Fencing::Trusted);
    let off = up.clone().then(Input::node_lost(A, Life::Known));
    let input = Input::node_lost(A, Life::Known);
    let judge = |before: &Scene| {
        let moment = Moment::before(&before.cluster, Stimulus::Input(&input), before.now);
        invariant(whole::epochs_end_with_nodes(&moment, &off.cluster))
    };
    assert_eq!(judge(&up), None);
    let later = [B, A, B, A].into_iter().fold(up, |scene, node| scene.then(to(node)));
    assert_eq!(judge(&later), Some(Invariant::S7));
}

#[test]
fn one_failure_moves_a_group_once() {
    let moved = |from, to| {
        let cause = MovementCause::ResourceFailure;
        Output::Event(event(json!({
            "move_started": {"group": SQL, "from": from, "to": Some(to), "cause": cause}
        })))
    };
    let judge = |outputs: &[Output]| invariant(moves::once_per_incident(outputs));
    assert_eq!(judge(&[moved(A, B)]), None);
    assert_eq!(judge(&[moved(A, B), moved(A, C)]), None, "the same, bound for another node");
    assert_eq!(judge(&[moved(A, B), moved(B, C)]), Some(Invariant::S32));
    let abandoned = Output::Event(event(json!({"move_abandoned": {"group": SQL, "to": Some(B)}})));
    assert_eq!(judge(&[moved(A, B), abandoned, moved(A, C)]), Some(Invariant::S32));
}

/// A locked group leaves for a failure, and for nothing else.
#[test]
fn what_is_locked_stays() {
    let judge = |scene: &Scene, stimulus: Stimulus<'_>, cause| {
        let moment = Moment::before(&scene.cluster, stimulus, scene.now);
        let event = event(json!({
            "move_started": {"group": SQL, "from": A, "to": Some(B), "cause": cause}
        }));
        invariant(moves::event(&scene.audit.seen, &moment, &event))
    };
    let drain = |lock| Command::drain_node(A).lock(lock).into();
    let [respects, overrides] = [LockHandling::Respect, LockHandling::Override].map(drain);
    let free = Scene::online(Fencing::Trusted);
    let locked = free.clone().then(Input::Command(Command::lock_group(SQL)));
    let broken = Some(Invariant::S18);
    for cause in [MovementCause::Failback, MovementCause::ResourceFailure] {
        assert_eq!(judge(&free, Stimulus::Timer, cause), None, "{cause}");
    }
    assert_eq!(judge(&locked, Stimulus::Timer, MovementCause::ResourceFailure), None);
    assert_eq!(judge(&locked, Stimulus::Timer, MovementCause::Failback), broken);
    let drained = MovementCause::Drain;
    assert_eq!(judge(&free, Stimulus::Input(&respects), drained), None);
    assert_eq!(judge(&locked, Stimulus::Input(&respects), drained), broken);
    assert_eq!(judge(&locked, Stimulus::Input(&overrides), drained), None);
    let unlock = Input::Command(Command::unlock_group(SQL));
    assert_eq!(judge(&locked, Stimulus::Input(&unlock), MovementCause::Failback), None);
}

/// A group of low priority and one of high priority that may not meet on a node: two declarations,
/// without and with the one of high priority.
fn low_and_high(nodes: &[&str]) -> [ClusterDeclaration; 2] {
    let group = |name: &str, priority| {
        let group = GroupDeclaration::new(name)
            .anti_affinity_classes(["one"])
            .resource(ResourceDeclaration::new(name, "Generic Service"));
        GroupDeclaration { priority: Some(priority), ..group }
    };
    let mut declaration = ClusterDeclaration::new("test").fencing(Fencing::Trusted);
    for node in nodes {
        declaration = declaration.node(*node);
    }
    declaration.quorum = Some(QuorumRule::NodeMajority);
    declaration.anti_affinity = Some(AntiAffinityPlacement::Hard);
    let before = declaration.group(group("low", Priority::LOW));
    let after = before.clone().group(group("high", Priority::HIGH));
    [before, after]
}

pub(super) fn begin(declaration: ClusterDeclaration) -> Scene {
    let spec = declaration.build().expect("a valid declaration");
    let cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
    let audit = Audit::new(&cluster);
    Scene { cluster, audit, now: Timestamp::from_millis(1_000) }
}

pub(super) fn configured(declaration: ClusterDeclaration) -> Input {
    Command::configure(declaration).into()
}

/// Returns the event that the group of low priority gets a node.
fn low_gets(node: NodeId, cause: MovementCause) -> [Output; 1] {
    [Output::Event(event(json!({
        "owner_changed": {
            "group": GroupId::new(0), "from": null, "to": Some(node), "cause": cause,
            "epoch": Epoch::new(1), "proof": null
        }
    })))]
}

/// A group of low priority stands on the only node; one of high priority is declared beside it.
#[test]
fn the_lower_priority_does_not_come_first() {
    let [before, after] = low_and_high(&["a"]);
    let scene = begin(before).then(joined(A, 1)).then(configured(after));
    let moment = Moment::before(&scene.cluster, Stimulus::Timer, scene.now);
    let placed = low_gets(A, MovementCause::Start);
    let verdict = moves::priorities(&scene.cluster, &moment, &placed);
    assert_eq!(invariant(verdict), Some(Invariant::S18));
    assert_eq!(invariant(moves::priorities(&scene.cluster, &moment, &[])), None);
}

/// A group of low priority leaves one node for the other. Then a group of high priority is
/// declared, which has no node. The place was taken before.
#[test]
fn the_lower_priority_keeps_the_place_that_it_is_on_its_way_to() {
    let [before, after] = low_and_high(&["a", "b"]);
    let drain = Command::drain_node(A).into();
    let scene = begin(before)
        .then(joined(A, 1))
        .then(joined(B, 1))
        .just(Input::Command(drain))
        .just(configured(after))
        .heard();
    let moment = Moment::before(&scene.cluster, Stimulus::Timer, scene.now);
    let judge = |outputs| invariant(moves::priorities(&scene.cluster, &moment, outputs));
    assert_eq!(judge(&low_gets(B, MovementCause::Drain)), None);
    assert_eq!(scene.cluster.why(GroupId::new(1)), Some(quorate::Reason::NoCandidate));
}

/// A reason that is not true is a breach.
#[test]
fn reasons_have_to_be_true() {
    let scene = Scene::online(Fencing::Trusted);
    let at = Timestamp::from_millis(1);
    let web = GroupId::new(1);
    let untrue = [
        Reason::NoQuorum,
        Reason::WaitingForNodeOff { node: A, fencing: Fencing::Trusted, at: None },
        Reason::OrphanRunning { resource: DB, node: B },
        Reason::InDoubt { resource: DB, node: A },
        Reason::NotStartedAutomatically,
        Reason::WaitingForPreferredOwner { node: A, until: at },
        Reason::NoCandidate,
        Reason::OwnerJoining { node: A },
        Reason::OwnerPaused { node: A },
        Reason::NotAdmitted { node: A, because_of: web },
        Reason::WaitingForPriority { group: web, until: Timestamp::from_millis(u64::MAX / 4) },
        Reason::StartDelayed { until: at },
        Reason::Moving { to: Some(B) },
        Reason::RestartScheduled { resource: DB, at },
        Reason::Failed { resource: DB, cause: NoRestartCause::Restarts, retry_at: None },
        Reason::OwnerNotPossible { resource: DB, node: A },
        Reason::InProgress { resource: DB },
        Reason::WaitingForResource { resource: DB, on: DISK },
        Reason::ResourceHeldOffline { resource: DB },
    ];
    for reason in untrue {
        assert!(!reasons::is_true(&scene.cluster, SQL, reason), "{reason:?}");
    }
}

/// A policy that answers differently each time it is asked.
#[derive(Debug, Default)]
struct Fickle(AtomicI64);

impl FailoverPolicy for Fickle {
    fn name(&self) -> Cow<'static, str> {
        "fickle".into()
    }

    fn rank(&self, _: &PlacementRequest<'_>, _: NodeId) -> Rank {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        Rank::by(Key::smallest("whim", i64::from(asked.count_ones() % 2)))
    }
}

#[test]
fn a_policy_with_a_memory_is_noticed() {
    let spec = declaration(Fencing::Trusted).build().expect("a valid declaration");
    let mut cluster = Cluster::new(spec, Fickle::default(), Timestamp::ZERO);
    let mut audit = Audit::new(&cluster);
    let mut found = None;
    for node in [A, B, C, A] {
        let now = Timestamp::from_millis(1_000);
        let life =
            if found.is_none() && cluster.state().node_state(node).is_member() { 2 } else { 1 };
        if let Err(breach) = audit.handle(&mut cluster, now, joined(node, life)) {
            found = breach.invariant;
            break;
        }
    }
    assert_eq!(found, Some(Invariant::S23));
}
