//! Outputs that no cluster puts out.

use super::*;
use quorate::cluster::Life;
use quorate::machine::{GroupState, NodeState, ResourceState};
use quorate::state::{DownProof, DrainStatus, MovementCause, NoRestartCause};
use quorate::{Epoch, GroupId};

/// Judges a forged step of a cluster that was online.
fn of(next: &Next, forge: impl FnOnce(&mut Vec<Output>)) -> Option<Invariant> {
    Scene::online(Fencing::Trusted).judge(next, |_| {}, forge)
}

fn lost() -> Next {
    input(Input::node_lost(A, Life::Known))
}

/// Returns the end of an operation that was never issued.
fn forged_end(operation: OpId) -> Event {
    let (action, node) = (OperationKind::Start, A);
    let (resource, group) = (Some(DISK), Some(quorate::GroupId::new(0)));
    event(json!({
        "operation_superseded": {
            "operation": operation, "action": action, "node": node, "resource": resource,
            "group": group
        }
    }))
}

#[test]
fn operations() {
    let twice = |outputs: &mut Vec<Output>| {
        let stop = outputs.iter().find(|output| matches!(output, Output::Effect(_))).cloned();
        outputs.extend(stop);
    };
    assert_eq!(of(&offline(), twice), Some(Invariant::S11), "the same id again");
    let again = |outputs: &mut Vec<Output>| {
        twice(outputs);
        if let Some(Output::Effect(effect)) = outputs.last_mut() {
            effect.operation = OpId::new(999);
        }
    };
    assert_eq!(of(&offline(), again), Some(Invariant::S10), "two at once");
    let life = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| effect.incarnation = Incarnation::new(7));
    };
    assert_eq!(of(&offline(), life), Some(Invariant::S11), "for another life");
    for epoch in [0, 9] {
        let other = |outputs: &mut Vec<Output>| {
            effects(outputs, |effect| effect.epoch = Epoch::new(epoch));
        };
        assert_eq!(of(&offline(), other), Some(Invariant::S11), "for another epoch");
    }
    let other = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| effect.group = None);
    };
    assert_eq!(of(&offline(), other), Some(Invariant::S11), "for another group");
    let longer = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| effect.timeout = Duration::from_secs(7));
    };
    assert_eq!(of(&offline(), longer), Some(Invariant::S11), "with another time span");
    let secret = |outputs: &mut Vec<Output>| {
        outputs.retain(|output| matches!(output, Output::Event(_)));
    };
    assert_eq!(of(&offline(), secret), Some(Invariant::S12), "in flight and never asked for");
    let ended = |outputs: &mut Vec<Output>| {
        say(outputs, forged_end(OpId::new(1)));
    };
    assert_eq!(of(&offline(), ended), Some(Invariant::S12), "ended twice");
}

#[test]
fn an_early_timeout_and_a_certain_one() {
    let scene = Scene::online(Fencing::Trusted).just(failed(DB, A));
    let effect = scene.asked(OperationKind::Terminate);
    let Effect { operation, action, node, resource, group, .. } = effect;
    let timeout = event(json!({
        "operation_timed_out": {
            "operation": operation, "action": action, "node": node, "resource": resource,
            "group": group
        }
    }));
    let next = input(failed(DISK, A));
    let verdict = scene.clone().judge(
        &next,
        |_| {},
        |outputs| outputs.insert(0, Output::Event(timeout.clone())),
    );
    assert_eq!(verdict, Some(Invariant::S29), "not due");

    let scene = Scene::online(Fencing::Trusted).just(Command::take_group_offline(SQL).into());
    let late = scene.later(200_000);
    let believe = |outputs: &mut Vec<Output>| {
        events(outputs, |event| {
            if let Event::ResourceChanged { to: to @ ResourceState::InDoubt, .. } = event {
                *to = ResourceState::Offline;
            }
        });
    };
    assert_eq!(late.judge(&Next::Timer, |_| {}, believe), Some(Invariant::S13), "taken for off");
}

#[test]
fn an_operators_word_before_a_late_start() {
    let mut scene = Scene::online(Fencing::Trusted).just(Command::take_group_offline(SQL).into());
    // Neither the stop nor the terminate after it is answered.
    for _ in [OperationKind::Stop, OperationKind::Terminate] {
        scene = scene.later(200_000);
        scene.audit.handle_timeout(&mut scene.cluster, scene.now).expect("every promise is kept");
    }
    let word = command(Command::clear_resource_failure(DB));
    assert_eq!(scene.clone().judge(&word, |_| {}, |_| {}), None, "its stop was not answered");
    let late = |seen: &mut Seen| seen.resources[DB.index()].may_start_late = true;
    assert_eq!(scene.judge(&word, late, |_| {}), Some(Invariant::S13), "it may still start");
}

#[test]
fn order() {
    let provider_first = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| effect.resource = Some(DISK));
    };
    assert_eq!(of(&offline(), provider_first), Some(Invariant::S3));
    let dependent_first = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| effect.resource = Some(DB));
    };
    assert_eq!(of(&lost(), dependent_first), Some(Invariant::S2));
    let elsewhere = |outputs: &mut Vec<Output>| effects(outputs, |effect| effect.node = C);
    assert_eq!(of(&lost(), elsewhere), Some(Invariant::S4));
    let on_the_dead = |outputs: &mut Vec<Output>| effects(outputs, |effect| effect.node = A);
    assert_eq!(of(&lost(), on_the_dead), Some(Invariant::S16));
    let fence_of_the_dead = |outputs: &mut Vec<Output>| {
        effects(outputs, |effect| {
            effect.resource = None;
            effect.group = None;
            effect.action = OperationKind::Fence;
            effect.node = A;
            effect.epoch = Epoch::default();
        });
    };
    assert_eq!(of(&lost(), fence_of_the_dead), Some(Invariant::S26));
}

#[test]
fn ownership() {
    let owner = |change: fn(&mut Option<NodeId>, &mut Epoch, &mut Option<DownProof>)| {
        move |outputs: &mut Vec<Output>| {
            events(outputs, |event| {
                if let Event::OwnerChanged { to, epoch, proof, .. } = event {
                    change(to, epoch, proof);
                }
            });
        }
    };
    let same_epoch = owner(|_, epoch, _| *epoch = Epoch::new(1));
    assert_eq!(of(&lost(), same_epoch), Some(Invariant::S7));
    let no_proof = owner(|_, _, proof| *proof = None);
    assert_eq!(of(&lost(), no_proof), Some(Invariant::S9));
    let other_proof = owner(|_, _, proof| *proof = Some(DownProof::Fenced));
    assert_eq!(of(&lost(), other_proof), Some(Invariant::S9));
    let to_the_dead = owner(|to, _, _| *to = Some(A));
    assert_eq!(of(&lost(), to_the_dead), Some(Invariant::S16));
    let other_owner = owner(|to, _, _| *to = Some(C));
    // The starts that follow are for another node.
    assert_eq!(of(&lost(), other_owner), Some(Invariant::S4));
    let early = |outputs: &mut Vec<Output>| {
        let event = event(json!({
            "owner_changed": {
                "group": SQL, "from": Some(A), "to": Some(B), "cause": MovementCause::Operator,
                "epoch": Epoch::new(9), "proof": null
            }
        }));
        outputs.insert(0, Output::Event(event));
    };
    assert_eq!(of(&offline(), early), Some(Invariant::S9), "while it runs");
}

#[test]
fn moves() {
    let moved = |cause, to| {
        move |outputs: &mut Vec<Output>| {
            say(
                outputs,
                event(json!({"move_started": {"group": SQL, "from": A, "to": to, "cause": cause}})),
            );
        }
    };
    let page = || input(Input::resource_alive(DISK, A, Incarnation::new(1)).into());
    let cases = [
        (moved(MovementCause::Operator, Some(B)), Invariant::S18),
        (moved(MovementCause::Start, Some(B)), Invariant::S18),
        (moved(MovementCause::Return, Some(B)), Invariant::S18),
        (moved(MovementCause::Drain, Some(B)), Invariant::S36),
        (moved(MovementCause::ResourceFailure, Some(B)), Invariant::S32),
        (moved(MovementCause::Failback, Some(B)), Invariant::S20),
        (moved(MovementCause::Failback, None), Invariant::S20),
        (moved(MovementCause::Operator, Some(A)), Invariant::S4),
    ];
    for (forge, expected) in cases {
        assert_eq!(of(&page(), forge), Some(expected));
    }
    let to_nowhere = |outputs: &mut Vec<Output>| {
        events(outputs, |event| {
            if let Event::MoveStarted { to, .. } = event {
                *to = None;
            }
        });
    };
    assert_eq!(of(&drain(A), to_nowhere), Some(Invariant::S36));
    let done = |status| {
        move |outputs: &mut Vec<Output>| {
            say(outputs, event(json!({"drain_changed": {"node": A, "status": status}})))
        }
    };
    assert_eq!(of(&drain(A), done(DrainStatus::Completed)), Some(Invariant::S36), "not empty");
    let verdict = of(&offline(), |outputs| {
        say(outputs, event(json!({"drain_changed": {"node": C, "status": DrainStatus::Failed}})));
    });
    assert_eq!(verdict, Some(Invariant::L11), "nothing is left");
}

#[test]
fn budgets() {
    let scene = || (Scene::online(Fencing::Trusted), input(failed(DB, A)));
    let restart = |change: fn(&mut Timestamp, &mut u32)| {
        move |outputs: &mut Vec<Output>| {
            events(outputs, |event| {
                if let Event::RestartScheduled { at, remaining, .. } = event {
                    change(at, remaining);
                }
            });
        }
    };
    let (story, next) = scene();
    let early = restart(|at, _| *at = Timestamp::ZERO);
    assert_eq!(story.judge(&next, |_| {}, early), Some(Invariant::S15));
    let (story, next) = scene();
    let more = restart(|_, remaining| *remaining += 1);
    assert_eq!(story.judge(&next, |_| {}, more), Some(Invariant::S15));
    // Too often for the threshold, by what was seen before.
    let (story, next) = scene();
    let now = story.now;
    let used = move |seen: &mut Seen| seen.resources[DB.index()].restarts = vec![now; 3];
    assert_eq!(story.judge(&next, used, |_| {}), Some(Invariant::S15));
    let story = Scene::online(Fencing::Required);
    let used = move |seen: &mut Seen| seen.nodes[A.index()].fences = vec![now; 10];
    assert_eq!(story.judge(&lost(), used, |_| {}), Some(Invariant::S26));
}

#[test]
fn transitions() {
    let no_such_step = |outputs: &mut Vec<Output>| {
        let (from, to) = (ResourceState::Online, ResourceState::OnlinePending);
        outputs.insert(
            0,
            Output::Event(event(json!({
                "resource_changed": {"resource": DB, "from": from, "to": to}
            }))),
        );
    };
    assert_eq!(of(&offline(), no_such_step), Some(Invariant::S33));
    let from_elsewhere = |outputs: &mut Vec<Output>| {
        let (from, to) = (NodeState::Joining, NodeState::Up);
        say(outputs, event(json!({"node_changed": {"node": A, "from": from, "to": to}})));
    };
    assert_eq!(of(&offline(), from_elsewhere), Some(Invariant::S33));
    let other_fold = |outputs: &mut Vec<Output>| {
        let (from, to) = (GroupState::Pending, GroupState::Failed);
        say(outputs, event(json!({"group_changed": {"group": SQL, "from": from, "to": to}})));
    };
    assert_eq!(of(&offline(), other_fold), Some(Invariant::S33));
    let adopted = |outputs: &mut Vec<Output>| {
        let events = [
            (ResourceState::Online, ResourceState::InDoubt),
            (ResourceState::InDoubt, ResourceState::Offline),
        ];
        for (from, to) in events {
            say(
                outputs,
                event(json!({
                    "resource_changed": {"resource": ResourceId::new(2), "from": from, "to": to}
                })),
            );
        }
    };
    assert_eq!(of(&offline(), adopted), Some(Invariant::S13), "doubt ends by itself");
    let down = |outputs: &mut Vec<Output>| {
        let (from, to) = (NodeState::Up, NodeState::Down);
        say(outputs, event(json!({"node_changed": {"node": C, "from": from, "to": to}})));
    };
    assert_eq!(of(&offline(), down), Some(Invariant::S9), "down without proof");
}

#[test]
fn the_whole() {
    let much = |outputs: &mut Vec<Output>| {
        let news = event(json!({"placement_failed": {"group": GroupId::new(1)}}));
        outputs.extend(vec![Output::Event(news); 10_000]);
    };
    assert_eq!(of(&offline(), much), Some(Invariant::S30));
    let silent = |outputs: &mut Vec<Output>| {
        hush(outputs, |event| matches!(event, Event::GroupChanged { .. }));
    };
    assert_eq!(of(&offline(), silent), Some(Invariant::S33), "a change without an event");
    let outdated = |outputs: &mut Vec<Output>| {
        let told = json!({"node_attribute_changed": {"node": C, "name": "lag", "value": 7}});
        say(outputs, event(told));
    };
    assert_eq!(of(&offline(), outdated), Some(Invariant::S8), "told of what is not kept");
    let orphan = |outputs: &mut Vec<Output>| {
        say(outputs, event(json!({"orphan_found": {"resource": DB, "node": C}})));
    };
    assert_eq!(of(&offline(), orphan), Some(Invariant::S27));
    let quorum = |outputs: &mut Vec<Output>| {
        hush(outputs, |event| matches!(event, Event::QuorumChanged { .. }));
    };
    let story = Scene::online(Fencing::Trusted).then(Input::node_lost(A, Life::Known));
    let next = input(Input::node_lost(B, Life::Known));
    assert_eq!(story.judge(&next, |_| {}, quorum), Some(Invariant::S5));
    let retold = |outputs: &mut Vec<Output>| {
        events(outputs, |event| {
            if let Event::ConfigurationChanged { configuration, .. } = event {
                *configuration = 1;
            }
        });
    };
    let evict = command(Command::evict_node(C));
    let story = || Scene::online(Fencing::Trusted).then(Input::node_left(C, Life::Known));
    assert_eq!(story().judge(&evict, |_| {}, retold), Some(Invariant::S7));
    let unsaid = |outputs: &mut Vec<Output>| {
        hush(outputs, |event| matches!(event, Event::AcceptedWithoutQuorum { .. }));
    };
    let alone = || story().then(Input::node_left(B, Life::Known));
    assert_eq!(alone().judge(&evict, |_| {}, |_| {}), None);
    assert_eq!(alone().judge(&evict, |_| {}, unsaid), Some(Invariant::S35));
    let untold = |outputs: &mut Vec<Output>| outputs.clear();
    assert_eq!(story().judge(&evict, |_| {}, untold), Some(Invariant::S35));
    let exhausted = event(json!({
        "restarts_exhausted": {"resource": DB, "cause": NoRestartCause::Restarts, "retry_at": null}
    }));
    // Refused inputs put nothing out.
    let refused = command(Command::cancel_move(SQL));
    let noise = |outputs: &mut Vec<Output>| say(outputs, exhausted);
    assert_eq!(of(&refused, noise), Some(Invariant::S22));
    // Nor does a timer for which nothing is due.
    let alive = event(json!({"placement_failed": {"group": SQL}}));
    let verdict = of(&Next::Timer, |outputs| say(outputs, alive));
    assert_eq!(verdict, Some(Invariant::S29));
}
