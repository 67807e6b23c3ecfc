//! Operations in flight, on owners and on orphans.

use super::*;
use crate::state::OperationKind;

/// An operation is in flight exactly when the state says so.
#[test]
fn operations_fit_the_state() {
    use OperationKind as Kind;
    use ResourceState as State;
    let kinds = [
        Kind::Start,
        Kind::Stop,
        Kind::Terminate,
        Kind::CheckLooksAlive,
        Kind::CheckIsAlive,
        Kind::Probe,
        Kind::Fence,
    ];
    let kinds = || kinds.into_iter().map(Some).chain([None]);
    let legal = [
        (State::Offline, None),
        (State::Failed, None),
        (State::OnlinePending, Some(Kind::Start)),
        (State::Online, None),
        (State::Online, Some(Kind::CheckLooksAlive)),
        (State::Online, Some(Kind::CheckIsAlive)),
        (State::OfflinePending, Some(Kind::Stop)),
        (State::Terminating, Some(Kind::Terminate)),
        (State::Terminating, None),
        (State::InDoubt, None),
        (State::InDoubt, Some(Kind::Terminate)),
        (State::InDoubt, Some(Kind::Probe)),
    ];
    for (reached, kind) in State::ALL
        .into_iter()
        .filter(|state| *state != State::Initializing)
        .flat_map(|s| kinds().map(move |k| (s, k)))
    {
        let result = verdict(|state| {
            let printer = record(state, "printer");
            printer.state = reached;
            printer.operation = kind.map(|kind| operation(14, kind));
            let start = printer.operation.filter(|_| reached == State::OnlinePending);
            printer.run = start.map(|start| start.id);
        });
        let misfit = Inconsistency::new(
            StateSubject::Resource(resource("printer")),
            StateRule::OperationDoesNotFit,
        );
        let expected = if legal.contains(&(reached, kind)) { Ok(()) } else { Err(misfit) };
        assert_eq!(result, expected, "{reached} with {kind:?}");
    }
}

#[test]
fn operations_are_on_members() {
    resource_breaks("tape", StateRule::OperationOnNonMember, |record| {
        record.operation = Some(operation(17, OperationKind::Terminate));
    });
    node_breaks(0, StateRule::OperationDoesNotFit, |record| {
        record.fence.operation = Some(operation(17, OperationKind::Stop));
    });
    node_breaks(4, StateRule::FenceOfDownNode, |record| {
        record.fence.operation = Some(operation(17, OperationKind::Fence));
    });
}

/// A start is in flight only where it was legal to issue it.
#[test]
fn starts_are_on_nodes_that_may_start() {
    let paused = |state: &mut ClusterState| {
        state.nodes[0].state = NodeState::Paused;
        state.nodes[0].pause = Pause::Requested;
    };
    assert_eq!(verdict(paused), Ok(()));
    let joining = verdict(|state| state.nodes[0].state = NodeState::Joining);
    let subject = StateSubject::Resource(resource("name"));
    assert_eq!(joining, Err(Inconsistency::new(subject, StateRule::StartOnNodeNotUp)));
}

/// Operation ids are never reused.
#[test]
fn operations_have_ids_of_their_own() {
    for (id, rule) in [
        (10, StateRule::OperationReused),
        (20, StateRule::OperationNotIssued),
        (u64::MAX, StateRule::OperationNotIssued),
    ] {
        resource_breaks("printer", rule, |record| {
            record.operation.as_mut().unwrap().id = OpId::new(id);
        });
    }
    resource_breaks("share", StateRule::OperationReused, |record| {
        record.operation.as_mut().unwrap().id = OpId::new(9);
    });
    orphan_breaks("quorum", StateRule::OperationReused, |state| {
        record(state, "disk").operation.as_mut().unwrap().id = OpId::new(16);
    });
}

/// A start was issued when every clause had a member online. The provider may fail since.
#[test]
fn starts_follow_their_providers() {
    let ip_went_off = |since| {
        move |state: &mut ClusterState| {
            record(state, "ip").state = ResourceState::Failed;
            record(state, "ip").run = None;
            record(state, "ip").since = at(since);
        }
    };
    assert_eq!(verdict(ip_went_off(9_000)), Ok(()));
    let other_provider = |state: &mut ClusterState| {
        ip_went_off(2_000)(state);
        record(state, "ip6").state = ResourceState::Online;
        record(state, "ip6").recovery = Recovery::None;
        record(state, "ip6").failed_while = FailedWhile::Running;
    };
    assert_eq!(verdict(other_provider), Ok(()));
    let subject = StateSubject::Resource(resource("name"));
    let broken = Err(Inconsistency::new(subject, StateRule::StartWithoutProvider));
    assert_eq!(verdict(ip_went_off(8_999)), broken);
}

/// A stop was issued when no dependent relied on the resource.
#[test]
fn stops_follow_their_dependents() {
    let stop_quorum = |state: &mut ClusterState| {
        record(state, "quorum").state = ResourceState::OfflinePending;
        record(state, "quorum").operation = Some(operation(9, OperationKind::Stop));
    };
    let subject = StateSubject::Resource(resource("quorum"));
    let broken = Err(Inconsistency::new(subject, StateRule::StopBeforeDependent));
    assert_eq!(verdict(stop_quorum), broken);
    let share_is_off = |state: &mut ClusterState| {
        stop_quorum(state);
        record(state, "share").state = ResourceState::Offline;
        record(state, "share").run = None;
        record(state, "share").operation = None;
    };
    assert_eq!(verdict(share_is_off), Ok(()));
    let other_provider = |state: &mut ClusterState| {
        record(state, "ip6").state = ResourceState::OfflinePending;
        record(state, "ip6").recovery = Recovery::None;
        record(state, "ip6").failed_while = FailedWhile::Running;
        record(state, "ip6").operation = Some(operation(17, OperationKind::Stop));
    };
    assert_eq!(verdict(other_provider), Ok(()));
}

/// No resource of a group is started while a resource of the group is being stopped elsewhere; one
/// that is found elsewhere after the start was issued is stopped.
#[test]
fn starts_wait_for_orphans() {
    let orphan_of_name = |stop| {
        move |state: &mut ClusterState| {
            let stop = operation(stop, OperationKind::Terminate);
            let orphan = Orphan { state: OrphanState::Terminating, operation: Some(stop) };
            state.orphans.insert((node(3), resource("name")), orphan);
        }
    };
    assert_eq!(verdict(orphan_of_name(17)), Ok(()));
    let subject = StateSubject::Resource(resource("name"));
    let broken = Err(Inconsistency::new(subject, StateRule::StartBesideOrphan));
    assert_eq!(verdict(orphan_of_name(8)), broken);
    let elsewhere_in_the_group = |state: &mut ClusterState| {
        orphan_of_name(8)(state);
        let orphan = state.orphans.remove(&(node(3), resource("name")));
        state.orphans.insert((node(3), resource("disk")), orphan.unwrap());
    };
    assert_eq!(verdict(elsewhere_in_the_group), broken);
}

#[test]
fn operations_of_orphans_fit() {
    let place = (node(3), resource("quorum"));
    let set = |stage, kind: Option<OperationKind>| {
        move |state: &mut ClusterState| {
            let operation = kind.map(|kind| operation(16, kind));
            state.orphans.insert(place, Orphan { state: stage, operation });
        }
    };
    let terminate = Some(OperationKind::Terminate);
    assert_eq!(verdict(set(OrphanState::Running, None)), Ok(()));
    assert_eq!(verdict(set(OrphanState::Terminating, terminate)), Ok(()));
    for (stage, kind) in [
        (OrphanState::Running, Some(OperationKind::Stop)),
        (OrphanState::Stopping, None),
        (OrphanState::Stopping, Some(OperationKind::Start)),
        (OrphanState::Stopping, terminate),
        (OrphanState::Terminating, Some(OperationKind::Stop)),
        (OrphanState::Terminating, None),
        (OrphanState::InDoubt(at(1)), terminate),
    ] {
        orphan_breaks("quorum", StateRule::OperationDoesNotFit, set(stage, kind));
    }
    orphan_breaks("ip", StateRule::TimeInFuture, |state| {
        let place = (node(3), resource("ip"));
        state.orphans.get_mut(&place).unwrap().state = OrphanState::InDoubt(at(10_001));
    });
    orphan_breaks("quorum", StateRule::OperationOnNonMember, |state| {
        state.nodes[3].state = NodeState::Unclean;
    });
}

/// Nothing runs on a node that is down.
#[test]
fn orphans_are_on_nodes_that_are_not_down() {
    orphan_breaks("ip", StateRule::OrphanOnDownNode, |state| {
        state.nodes[3].state = NodeState::Down
    });
    let own = verdict(|state| {
        let orphan = Orphan { state: OrphanState::Running, operation: None };
        state.orphans.insert((node(2), resource("tape")), orphan);
    });
    let subject = StateSubject::Orphan { node: node(2), resource: resource("tape") };
    assert_eq!(own, Err(Inconsistency::new(subject, StateRule::OrphanBesideItself)));
}
