//! Records that differ from the real past: the audit assumes another past than that of the cluster.

use super::forged_rules::begin;
use super::*;
use crate::audit::seen::Again;
use quorate::WallClock;
use quorate::cluster::Life;
use quorate::machine::ResourceState;
use quorate::settings::{DesiredState, FailbackWindow};
use quorate::state::{MovementCause, NoRestartCause};

/// Judges a step of a cluster that was online, with a changed record of the time before it.
fn with(next: &Next, doctor: impl FnOnce(&mut Seen)) -> Option<Invariant> {
    Scene::online(Fencing::Trusted).judge(next, doctor, |_| {})
}

fn pause(node: NodeId) -> Command {
    Command::pause_node(node)
}

fn lost() -> Next {
    input(Input::node_lost(A, Life::Known))
}

#[test]
fn nothing_starts_that_must_not() {
    let unquorate = with(&lost(), |seen| seen.is_quorate = false);
    assert_eq!(unquorate, Some(Invariant::S5));
    let unwanted = with(&lost(), |seen| seen.groups[0].desired = DesiredState::Offline);
    assert_eq!(unwanted, Some(Invariant::S19));
    let orphan = with(&lost(), |seen| {
        seen.orphans.insert((C, DISK));
    });
    assert_eq!(orphan, Some(Invariant::S1));
    let in_flight = with(&lost(), |seen| {
        let effect = effect(json!({
            "operation": 1,
            "action": OperationKind::Stop,
            "node": C,
            "resource": DISK,
            "group": 0,
            "epoch": 1,
            "incarnation": 1,
            "deadline": Timestamp::LATEST,
            "timeout_ms": u64::MAX,
        }));
        seen.operations.insert(OpId::new(1), effect);
    });
    assert_eq!(in_flight, Some(Invariant::S10));
    let moving = with(&lost(), |seen| {
        seen.groups[0].movement = Some((Some(C), MovementCause::Operator));
    });
    // A change of owner ends a move; another group moves away here.
    assert_eq!(moving, None);
}

/// An orphan is only stopped, and its dependents before it.
#[test]
fn orphans_are_only_stopped() {
    let crash = Scene::online(Fencing::Trusted).then(Input::node_lost(A, Life::Known));
    let running = vec![DISK.into(), DB.into()];
    let next = input(Input::node_joined(A, Incarnation::new(2), running));
    let started = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| effect.action = OperationKind::Start);
    };
    assert_eq!(crash.clone().judge(&next, |_| {}, started), Some(Invariant::S27));
    let disk_first = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| effect.resource = Some(DISK));
    };
    assert_eq!(crash.judge(&next, |_| {}, disk_first), Some(Invariant::S3));
}

/// Returns a scene in which the node that the group returns to was lost a moment ago.
fn homecoming(window: Option<FailbackWindow>) -> (Scene, Next) {
    let mut declaration = declaration(Fencing::Trusted);
    declaration.groups[0].failback_window = window;
    let spec = declaration.build().expect("a valid declaration");
    let cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
    let audit = Audit::new(&cluster);
    let scene = Scene { cluster, audit, now: Timestamp::from_millis(40_000_000) };
    let clock =
        Input::wall_clock_read(WallClock { utc_millis_of_day: 43_200_000, utc_offset_minutes: 0 });
    let scene =
        [A, B, C].into_iter().fold(scene.just(clock), |scene, node| scene.then(joined(node, 1)));
    (scene.then(Input::node_lost(A, Life::Known)), input(joined(A, 2)))
}

#[test]
fn failback() {
    let noon = Some(FailbackWindow { start_hour: 11, end_hour: 13 });
    let judge = |window, doctor: fn(&mut Seen)| {
        let (scene, next) = homecoming(window);
        scene.judge(&next, doctor, |_| {})
    };
    assert_eq!(judge(None, |_| {}), None);
    assert_eq!(judge(noon, |_| {}), None);
    let evening = |seen: &mut Seen| {
        let reading = WallClock { utc_millis_of_day: 72_000_000, utc_offset_minutes: 0 };
        seen.wall_clock = Some((Timestamp::from_millis(40_000_000), reading));
    };
    assert_eq!(judge(noon, evening), Some(Invariant::S20), "outside the window");
    let used = |seen: &mut Seen| {
        seen.groups[0].last_failback = Some(Timestamp::from_millis(39_000_000));
    };
    assert_eq!(judge(noon, used), Some(Invariant::S20), "twice");
    // At an hour before the window opened, the clock may have been put back since.
    let before = |seen: &mut Seen| {
        seen.groups[0].last_failback = Some(Timestamp::from_millis(33_000_000));
    };
    assert_eq!(judge(noon, before), Some(Invariant::S20), "an hour before");
    let long_ago = |seen: &mut Seen| {
        seen.groups[0].last_failback = Some(Timestamp::from_millis(32_000_000));
    };
    assert_eq!(judge(noon, long_ago), None);
}

#[test]
fn a_failback_needs_a_reason() {
    // The event says that the group comes from the node that it prefers.
    let (scene, next) = homecoming(None);
    let forge = |outputs: &mut Vec<Output>| {
        events(outputs, |event| {
            if let Event::MoveStarted { to, .. } = event {
                *to = Some(C);
            }
        });
    };
    assert_eq!(scene.judge(&next, |_| {}, forge), Some(Invariant::S20), "not preferred");
}

/// Returns a declaration with nodes that have ten units each, and groups with these demands.
fn roomy(sql: u64, web: u64) -> ClusterDeclaration {
    let mut declaration = declaration(Fencing::Trusted);
    for node in &mut declaration.nodes {
        node.capacity.insert("mb".into(), 10);
    }
    for (group, takes) in declaration.groups.iter_mut().zip([sql, web]) {
        group.demands.insert("mb".into(), takes);
    }
    declaration
}

fn begun(declaration: ClusterDeclaration) -> Scene {
    let spec = declaration.build().expect("a valid declaration");
    let cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
    let audit = Audit::new(&cluster);
    let scene = Scene { cluster, audit, now: Timestamp::from_millis(1_000) };
    [A, B, C].into_iter().fold(scene, |scene, node| scene.then(joined(node, 1)))
}

#[test]
fn room() {
    let scene = begun(roomy(6, 6));
    // The database goes to the third node; the second is full.
    assert_eq!(scene.clone().judge(&lost(), |_| {}, |_| {}), None);
    let crowded = |seen: &mut Seen| seen.groups[1].owner = Some(C);
    assert_eq!(scene.judge(&lost(), crowded, |_| {}), Some(Invariant::S17));
}

/// A node that now has less than its groups take has no room for a demand, but room for a demand of
/// zero.
#[test]
fn nothing_always_has_room() {
    let mut less = roomy(0, 6);
    less.nodes[1].capacity.insert("mb".into(), 5);
    let scene = begun(roomy(0, 6)).then(Command::configure(less).into());
    let after = scene.then(Input::node_lost(A, Life::Known));
    assert_eq!(after.audit.seen.groups[0].owner, Some(B), "the next preferred owner");
}

/// A desired state in a declaration counts if it differs from the one before.
#[test]
fn a_declared_desired_state_counts_when_it_changes() {
    let off = Command::take_group_offline(SQL).into();
    let scene = Scene::online(Fencing::Trusted).then(Input::Command(off));
    let mut after = declaration(Fencing::Trusted);
    let own = after.groups[0].resources[1].settings.as_mut().expect("they are declared");
    own.desired = Some(DesiredState::Online);
    after.groups[1].desired = Some(DesiredState::Offline);
    let next = command(Command::configure(after).into());
    assert_eq!(scene.clone().judge(&next, |_| {}, |_| {}), None);
    // Only changes count: the group that was taken offline is declared as before.
    let forgotten = |seen: &mut Seen| seen.groups[0].desired = DesiredState::Online;
    assert_eq!(scene.judge(&next, forgotten, |_| {}), Some(Invariant::S19));
}

#[test]
fn memory_and_state_agree() {
    type Doctor = fn(&mut Seen);
    let cases: [(Doctor, Invariant); 4] = [
        (|seen| seen.groups[0].owner = Some(B), Invariant::S7),
        (|seen| seen.resources[0].desired = Some(DesiredState::Online), Invariant::S19),
        (|seen| seen.groups[1].movement = Some((None, MovementCause::Drain)), Invariant::S4),
        (|seen| seen.nodes[1].state = quorate::machine::NodeState::Paused, Invariant::S33),
    ];
    for (doctor, expected) in cases {
        assert_eq!(with(&drain(C), doctor), Some(expected));
    }
    let numbered = with(&offline(), |seen| seen.last_operation = OpId::new(900));
    assert_eq!(numbered, Some(Invariant::S11));
}

/// A failed resource starts again at the announced time, and not before.
#[test]
fn what_has_failed_waits() {
    let failed = failed(DB, A);
    let restart = || Scene::online(Fencing::Trusted).then(failed.clone()).later(500);
    let told = |again: Again| {
        restart().judge(&Next::Timer, |seen| seen.resources[DB.index()].again = again, |_| {})
    };
    let now = restart().now;
    let late = now.after(Duration::from_millis(1));
    assert_eq!(told(Again::RestartAt(now)), None);
    assert_eq!(told(Again::RestartAt(late)), Some(Invariant::S15));
    assert_eq!(told(Again::Untold), Some(Invariant::S15));
    assert_eq!(told(Again::RetryAt(None, NoRestartCause::Restarts)), Some(Invariant::S15));
    assert_eq!(told(Again::RetryAt(Some(late), NoRestartCause::Failovers)), Some(Invariant::S15));
    assert_eq!(told(Again::RetryAt(None, NoRestartCause::Admission)), None);
}

/// The decision about a failure has to be reported before the resource starts again.
#[test]
fn a_restart_is_told() {
    let failed = input(failed(DB, A));
    let untold = |outputs: &mut Vec<Output>| {
        outputs.retain(|output| !matches!(output, Output::Event(Event::RestartScheduled { .. })));
        let (from, to) = (ResourceState::Terminating, ResourceState::Failed);
        outputs.push(Output::Event(event(json!({
            "resource_changed": {"resource": DB, "from": from, "to": to}
        }))));
        let (from, to) = (ResourceState::Failed, ResourceState::OnlinePending);
        outputs.push(Output::Event(event(json!({
            "resource_changed": {"resource": DB, "from": from, "to": to}
        }))));
    };
    let scene = Scene::online(Fencing::Trusted);
    assert_eq!(scene.judge(&failed, |_| {}, untold), Some(Invariant::S15));
}

/// A group fails over, or is reported to be unable to, only once its resource cannot be restarted.
#[test]
fn a_group_fails_over_only_when_restarts_are_spent() {
    let again = input(failed(DB, A));
    // Its one restart is used up.
    let restarted = || {
        let scene = Scene::online(Fencing::Trusted).then(failed(DB, A)).later(500);
        scene.fired()
    };
    assert_eq!(restarted().judge(&again, |_| {}, |_| {}), None, "as it is");
    let unused = |seen: &mut Seen| seen.resources[DB.index()].restarts.clear();
    assert_eq!(restarted().judge(&again, unused, |_| {}), Some(Invariant::S15));
    // An event says that it is restarted after all.
    let retold = |outputs: &mut Vec<Output>| {
        let at = Timestamp::from_millis(2_000);
        let event = event(json!({"restart_scheduled": {"resource": DB, "at": at, "remaining": 0}}));
        outputs.insert(1, Output::Event(event));
    };
    let fresh = |seen: &mut Seen| seen.resources[DB.index()].restarts.clear();
    assert_eq!(restarted().judge(&again, fresh, retold), Some(Invariant::S15));
    let causes = [
        NoRestartCause::NoCandidate,
        NoRestartCause::Failovers,
        NoRestartCause::Redundant,
        NoRestartCause::Retries,
    ];
    for cause in causes {
        let event = event(json!({
            "restarts_exhausted": {"resource": DB, "cause": cause, "retry_at": null}
        }));
        let scene = Scene::online(Fencing::Trusted);
        let verdict = scene.judge(
            &again,
            |_| {},
            |outputs| {
                outputs.retain(|of| !matches!(of, Output::Event(Event::RestartScheduled { .. })));
                say(outputs, event.clone());
            },
        );
        assert_eq!(verdict, Some(Invariant::S15), "{cause:?}");
    }
}

/// A resource that ran for longer than its restart period has used no retry, even if an operator
/// ended that run.
#[test]
fn retries_are_used_up_only_by_retries() {
    let fails_after = |millis| {
        let mut scene = Scene::online(Fencing::Trusted);
        scene.audit.seen.resources[DISK.index()].is_retried = true;
        let stop = Command::take_group_offline(SQL).into();
        let start = Command::bring_group_online(SQL).into();
        let scene = scene.later(millis).then(stop).just(start);
        let next = input(answer(&scene.asked(OperationKind::Start), Outcome::Failed));
        scene.judge(
            &next,
            |_| {},
            |outputs| {
                hush(outputs, |event| matches!(event, Event::RestartScheduled { .. }));
                let cause = NoRestartCause::Retries;
                let given_up = json!({"resource": DISK, "cause": cause, "retry_at": null});
                say(outputs, event(json!({"restarts_exhausted": given_up})));
            },
        )
    };
    let period = 15 * 60_000;
    assert_eq!(fails_after(period), None, "it was retried, and ran for too short a time");
    assert_eq!(fails_after(period + 1), Some(Invariant::S15));
}

/// Nothing is restarted on a paused node. Even so, a group leaves it only because of a needed
/// resource that failed, and only with no restart left or with a failover left.
#[test]
fn a_group_leaves_a_paused_node_only_for_a_reason() {
    let paused = || Scene::online(Fencing::Trusted).then(Input::Command(pause(A)));
    let to_nowhere = |resource| {
        let cause = NoRestartCause::NoCandidate;
        event(json!({
            "restarts_exhausted": {"resource": resource, "cause": cause, "retry_at": null}
        }))
    };
    // It is off, and has not failed.
    let nothing = command(Command::lock_group(quorate::GroupId::new(1)));
    let is_off = |seen: &mut Seen| seen.resources[DB.index()].state = ResourceState::Offline;
    let leaves = event(json!({
        "move_started": {
            "group": SQL, "from": A, "to": Some(B), "cause": MovementCause::ResourceFailure
        }
    }));
    for event in [leaves, to_nowhere(DB)] {
        let verdict = paused().judge(&nothing, is_off, |outputs| say(outputs, event.clone()));
        assert_eq!(verdict, Some(Invariant::S15), "{event:?}");
    }
    // Its failovers are used up, but its restart is not.
    let again = input(failed(DB, A));
    assert_eq!(paused().judge(&again, |_| {}, |_| {}), None, "as it is");
    let now = paused().now;
    let used = move |seen: &mut Seen| seen.groups[SQL.index()].failovers = vec![now; 2];
    let stays = |outputs: &mut Vec<Output>| {
        hush(outputs, |event| matches!(event, Event::MoveStarted { .. }));
        say(outputs, to_nowhere(DB));
    };
    assert_eq!(paused().judge(&again, used, stays), Some(Invariant::S15));
}

/// Of two alternatives, one fails on a paused node.
#[test]
fn what_is_redundant_does_not_leave_a_paused_node() {
    let service = |name: &str| ResourceDeclaration::new(name, "Generic Service");
    let group = GroupDeclaration::new("sql")
        .preferred_owners(["a"])
        .resource(service("one"))
        .resource(service("other"))
        .resource(service("db").needs("([one] or [other])"));
    let declaration = ClusterDeclaration::new("test")
        .node("a")
        .node("b")
        .node("c")
        .fencing(Fencing::Trusted)
        .group(group);
    let scene = || {
        let scene = [A, B, C]
            .into_iter()
            .fold(begin(declaration.clone()), |scene, node| scene.then(joined(node, 1)));
        scene.then(Input::Command(pause(A)))
    };
    let one = ResourceId::new(0);
    let next = input(failed(one, A));
    assert_eq!(scene().judge(&next, |_| {}, |_| {}), None, "as it is");
    let leaves = |outputs: &mut Vec<Output>| {
        let cause = NoRestartCause::NoCandidate;
        say(
            outputs,
            event(json!({
                "restarts_exhausted": {"resource": one, "cause": cause, "retry_at": null}
            })),
        );
    };
    assert_eq!(scene().judge(&next, |_| {}, leaves), Some(Invariant::S15));
    // The other one has failed before: this one is needed now, and its group leaves.
    let alone = scene().just(failed(ResourceId::new(1), A));
    assert_eq!(alone.judge(&next, |_| {}, |_| {}), None, "as it is");
}
