use alloc::string::ToString;

use super::sample::{at, group, log, node, operation, resource, spec, state};
use super::*;
use crate::id::{Epoch, OpId};
use crate::machine::FailureLog;
use crate::settings::QuorumRule;
use crate::spec::ClusterDeclaration;
use crate::state::WitnessState;
use crate::state::{
    MoveFailure, Movement, MovementCause, OperationKind, Orphan, OrphanState, Recovery,
};
use crate::time::WallClock;

fn verdict(change: impl FnOnce(&mut ClusterState)) -> Result<(), Violation> {
    let spec = spec();
    let mut state = state(&spec);
    change(&mut state);
    check(&spec, &state)
}

fn record<'a>(state: &'a mut ClusterState, name: &str) -> &'a mut ResourceRecord {
    &mut state.resources[resource(name).index()]
}

#[track_caller]
fn cluster_breaks(rule: Rule, change: impl FnOnce(&mut ClusterState)) {
    assert_eq!(verdict(change), Err(Violation::new(Subject::Cluster, rule)));
}

#[track_caller]
fn node_breaks(index: u32, rule: Rule, change: impl FnOnce(&mut NodeRecord)) {
    let result = verdict(|state| change(&mut state.nodes[node(index).index()]));
    assert_eq!(result, Err(Violation::new(Subject::Node(node(index)), rule)));
}

/// Occupancy is rebuilt, so that only the rule in question is broken.
#[track_caller]
fn group_breaks(index: u32, rule: Rule, change: impl FnOnce(&mut GroupRecord)) {
    let result = verdict(|state| {
        change(&mut state.groups[group(index).index()]);
        state.occupancy = Occupancy::of(&spec(), &state.groups);
    });
    assert_eq!(result, Err(Violation::new(Subject::Group(group(index)), rule)));
}

#[track_caller]
fn resource_breaks(name: &str, rule: Rule, change: impl FnOnce(&mut ResourceRecord)) {
    let result = verdict(|state| change(record(state, name)));
    assert_eq!(result, Err(Violation::new(Subject::Resource(resource(name)), rule)));
}

#[track_caller]
fn orphan_breaks(name: &str, rule: Rule, change: impl FnOnce(&mut ClusterState)) {
    let subject = Subject::Orphan { node: node(3), resource: resource(name) };
    assert_eq!(verdict(change), Err(Violation::new(subject, rule)));
}

/// Every declared thing has exactly one record.
#[test]
fn records_are_complete() {
    cluster_breaks(Rule::RecordCount, |state| drop(state.nodes.pop()));
    cluster_breaks(Rule::RecordCount, |state| drop(state.groups.pop()));
    cluster_breaks(Rule::RecordCount, |state| drop(state.resources.pop()));
}

/// Counters never wrap.
#[test]
fn counters_are_far_from_their_ends() {
    cluster_breaks(Rule::CounterTooLarge, |state| state.inputs = u64::MAX);
    cluster_breaks(Rule::CounterTooLarge, |state| state.configuration = u64::MAX);
    cluster_breaks(Rule::CounterTooLarge, |state| state.next_operation = OpId::new(u64::MAX));
    group_breaks(0, Rule::CounterTooLarge, |record| record.epoch = Epoch::new(u64::MAX));
    resource_breaks("ip", Rule::CounterTooLarge, |record| record.sequence = u64::MAX);
    let spec = spec();
    let mut state = state(&spec);
    state.inputs = RESTORED_COUNT_MAX;
    assert_eq!(check_restored(&spec, &state), Ok(()));
    state.inputs = RESTORED_COUNT_MAX + 1;
    assert_eq!(check(&spec, &state), Ok(()));
    let large = Violation::new(Subject::Cluster, Rule::CounterTooLarge);
    assert_eq!(check_restored(&spec, &state), Err(large));
}

#[test]
fn the_past_is_not_later_than_now() {
    let later = at(sample::NOW + 1);
    cluster_breaks(Rule::TimeInFuture, |state| state.quorate_since = Some(later));
    cluster_breaks(Rule::TimeInFuture, |state| {
        state.wall_clock = state.wall_clock.map(|(_, reading)| (later, reading));
    });
    node_breaks(4, Rule::TimeInFuture, |record| record.since = later);
    node_breaks(2, Rule::TimeInFuture, |record| record.fence.attempts = log(&[1, 10_001]));
    group_breaks(0, Rule::TimeInFuture, |record| record.placed_at = later);
    group_breaks(0, Rule::TimeInFuture, |record| record.last_failback = Some(later));
    group_breaks(0, Rule::TimeInFuture, |record| record.failovers = log(&[10_001]));
    resource_breaks("ip", Rule::TimeInFuture, |record| record.since = later);
    resource_breaks("ip", Rule::TimeInFuture, |record| record.looked_alive_at = later);
    resource_breaks("ip", Rule::TimeInFuture, |record| record.known_alive_at = later);
    resource_breaks("ip", Rule::TimeInFuture, |record| record.restarts = log(&[10_001]));
    let late = |record: &mut ResourceRecord| {
        record.operation.as_mut().unwrap().progress_at = later;
    };
    resource_breaks("disk", Rule::TimeInFuture, late);
    node_breaks(4, Rule::InputNotAccepted, |record| record.up_in_input = 41);
    group_breaks(4, Rule::InputNotAccepted, |record| record.placed_in_input = 41);
}

#[test]
fn times_that_follow_each_other_ascend() {
    cluster_breaks(Rule::TimesOutOfOrder, |state| state.formed_at = Some(at(501)));
    resource_breaks("disk", Rule::TimesOutOfOrder, |record| {
        record.operation.as_mut().unwrap().progress_at = at(8_999);
    });
    let unsorted: FailureLog = serde_json::from_str("[2, 1]").unwrap();
    group_breaks(0, Rule::TimesOutOfOrder, |record| record.failovers = unsorted);
}

#[test]
fn logs_are_bounded() {
    let full = alloc::vec![at(1); Rule::LOG_ENTRIES];
    let longer = alloc::vec![at(1); Rule::LOG_ENTRIES + 1];
    let fill = |entries| {
        move |record: &mut GroupRecord| {
            record.failovers = FailureLog::from_entries(entries);
        }
    };
    assert_eq!(verdict(|state| fill(full)(&mut state.groups[0])), Ok(()));
    group_breaks(0, Rule::LogTooLong, fill(longer));
}

#[test]
fn the_wall_clock_is_in_range() {
    for (utc_millis_of_day, utc_offset_minutes) in [(86_400_000, 0), (0, 1_440), (0, -1_440)] {
        cluster_breaks(Rule::ClockOutOfRange, |state| {
            state.wall_clock = Some((at(1), WallClock { utc_millis_of_day, utc_offset_minutes }));
        });
    }
}

#[test]
fn references_are_to_declared_things() {
    let ghost = Some(node(5));
    node_breaks(1, Rule::UnknownReference, |record| record.drain.target = ghost);
    group_breaks(0, Rule::UnknownReference, |record| record.owner = ghost);
    group_breaks(0, Rule::UnknownReference, |record| record.default_owner = ghost);
    group_breaks(0, Rule::UnknownReference, |record| record.return_to = ghost);
    group_breaks(0, Rule::UnknownReference, |record| record.drained_from = ghost);
    group_breaks(1, Rule::UnknownReference, |record| {
        record.movement.as_mut().unwrap().to = ghost;
    });
    group_breaks(4, Rule::UnknownReference, |record| record.queued.as_mut().unwrap().to = ghost);
    let orphan = Orphan { state: OrphanState::Running, operation: None };
    for (on, of) in [(node(5), resource("ip")), (node(3), ResourceId::new(99))] {
        let result = verdict(|state| {
            state.orphans.insert((on, of), orphan);
        });
        let subject = Subject::Orphan { node: on, resource: of };
        assert_eq!(result, Err(Violation::new(subject, Rule::UnknownReference)));
    }
}

#[test]
fn groups_have_possible_owners_and_moves() {
    group_breaks(1, Rule::MoveToOwner, |record| {
        record.movement.as_mut().unwrap().to = Some(node(1));
    });
    group_breaks(0, Rule::OwnerWithoutEpoch, |record| {
        record.epoch = Epoch::default();
        record.ordered_in = None;
    });
    group_breaks(0, Rule::OrderedInLaterEpoch, |record| record.ordered_in = Some(Epoch::new(4)));
    let leaving =
        Movement { to: None, cause: MovementCause::Drain, on_failure: MoveFailure::Failover };
    assert_eq!(verdict(|state| state.groups[0].movement = Some(leaving)), Ok(()));
}

/// What may run is on the one owner of its group, which is not down.
#[test]
fn what_may_run_is_on_its_owner() {
    resource_breaks("ip", Rule::UnopenedOnOwner, |record| {
        record.state = ResourceState::Initializing;
    });
    let subject = Subject::Resource(resource("tape"));
    let unowned = verdict(|state| {
        state.groups[2].owner = None;
        state.occupancy = Occupancy::of(&spec(), &state.groups);
    });
    assert_eq!(unowned, Err(Violation::new(subject.clone(), Rule::RunsWithoutOwner)));
    let down = verdict(|state| {
        state.nodes[2].state = NodeState::Down;
        state.nodes[2].fence.operation = None;
    });
    assert_eq!(down, Err(Violation::new(subject, Rule::RunsOnDownNode)));
    resource_breaks("tape", Rule::CertainOnLostNode, |record| {
        record.state = ResourceState::Online;
    });
}

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
        });
        let misfit =
            Violation::new(Subject::Resource(resource("printer")), Rule::OperationDoesNotFit);
        let expected = if legal.contains(&(reached, kind)) { Ok(()) } else { Err(misfit) };
        assert_eq!(result, expected, "{reached} with {kind:?}");
    }
}

#[test]
fn operations_are_on_members() {
    resource_breaks("tape", Rule::OperationOnNonMember, |record| {
        record.operation = Some(operation(17, OperationKind::Terminate));
    });
    node_breaks(0, Rule::OperationDoesNotFit, |record| {
        record.fence.operation = Some(operation(17, OperationKind::Stop));
    });
    node_breaks(4, Rule::FenceOfDownNode, |record| {
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
    let subject = Subject::Resource(resource("name"));
    assert_eq!(joining, Err(Violation::new(subject, Rule::StartOnNodeNotUp)));
}

/// Operation ids are never reused.
#[test]
fn operations_have_ids_of_their_own() {
    for (id, rule) in [
        (10, Rule::OperationReused),
        (20, Rule::OperationNotIssued),
        (u64::MAX, Rule::OperationNotIssued),
    ] {
        resource_breaks("printer", rule, |record| {
            record.operation.as_mut().unwrap().id = OpId::new(id);
        });
    }
    resource_breaks("share", Rule::OperationReused, |record| {
        record.operation.as_mut().unwrap().id = OpId::new(9);
    });
    orphan_breaks("quorum", Rule::OperationReused, |state| {
        record(state, "disk").operation.as_mut().unwrap().id = OpId::new(16);
    });
}

/// A start was issued when every clause had a member online. The provider may fail since.
#[test]
fn starts_follow_their_providers() {
    let ip_went_off = |since| {
        move |state: &mut ClusterState| {
            record(state, "ip").state = ResourceState::Failed;
            record(state, "ip").since = at(since);
        }
    };
    assert_eq!(verdict(ip_went_off(9_000)), Ok(()));
    let other_provider = |state: &mut ClusterState| {
        ip_went_off(2_000)(state);
        record(state, "ip6").state = ResourceState::Online;
        record(state, "ip6").recovery = Recovery::None;
    };
    assert_eq!(verdict(other_provider), Ok(()));
    let subject = Subject::Resource(resource("name"));
    let broken = Err(Violation::new(subject, Rule::StartWithoutProvider));
    assert_eq!(verdict(ip_went_off(8_999)), broken);
}

/// A stop was issued when no dependent relied on the resource.
#[test]
fn stops_follow_their_dependents() {
    let stop_quorum = |state: &mut ClusterState| {
        record(state, "quorum").state = ResourceState::OfflinePending;
        record(state, "quorum").operation = Some(operation(9, OperationKind::Stop));
    };
    let subject = Subject::Resource(resource("quorum"));
    let broken = Err(Violation::new(subject, Rule::StopBeforeDependent));
    assert_eq!(verdict(stop_quorum), broken);
    let share_is_off = |state: &mut ClusterState| {
        stop_quorum(state);
        record(state, "share").state = ResourceState::Offline;
        record(state, "share").operation = None;
    };
    assert_eq!(verdict(share_is_off), Ok(()));
    let other_provider = |state: &mut ClusterState| {
        record(state, "ip6").state = ResourceState::OfflinePending;
        record(state, "ip6").operation = Some(operation(17, OperationKind::Stop));
    };
    assert_eq!(verdict(other_provider), Ok(()));
}

/// Nothing of a group is started while something of it is being stopped elsewhere;
/// what is found elsewhere after the start was issued is stopped.
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
    let subject = Subject::Resource(resource("name"));
    let broken = Err(Violation::new(subject, Rule::StartBesideOrphan));
    assert_eq!(verdict(orphan_of_name(8)), broken);
    let elsewhere_in_the_group = |state: &mut ClusterState| {
        orphan_of_name(8)(state);
        let orphan = state.orphans.remove(&(node(3), resource("name")));
        state.orphans.insert((node(3), resource("disk")), orphan.unwrap());
    };
    assert_eq!(verdict(elsewhere_in_the_group), broken);
}

/// A cluster acts only with the votes for it.
#[test]
fn quorum_is_what_the_votes_come_to() {
    cluster_breaks(Rule::QuorumDiffers, |state| state.quorate_since = None);
    cluster_breaks(Rule::QuorumDiffers, |state| {
        state.witness = WitnessState::Down;
    });
    let mut declaration = ClusterDeclaration::from(&spec());
    declaration.quorum = Some(QuorumRule::NodeMajority);
    let majority = declaration.build().unwrap();
    let mut state = state(&majority);
    assert_eq!(check(&majority, &state), Ok(()));
    state.nodes[1].state = NodeState::Unclean;
    let lost = Violation::new(Subject::Cluster, Rule::QuorumDiffers);
    assert_eq!(check(&majority, &state), Err(lost));
}

/// A node owns nothing before it is rid of what it should not run.
#[test]
fn orphans_are_on_nodes_that_are_not_admitted() {
    for (reached, rule) in
        [(NodeState::Down, Rule::OrphanOnDownNode), (NodeState::Up, Rule::OrphanOnAdmittedNode)]
    {
        orphan_breaks("ip", rule, |state| state.nodes[3].state = reached);
    }
    let own = verdict(|state| {
        let orphan = Orphan { state: OrphanState::Running, operation: None };
        state.orphans.insert((node(2), resource("tape")), orphan);
    });
    let subject = Subject::Orphan { node: node(2), resource: resource("tape") };
    assert_eq!(own, Err(Violation::new(subject, Rule::OrphanBesideItself)));
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
        orphan_breaks("quorum", Rule::OperationDoesNotFit, set(stage, kind));
    }
    orphan_breaks("ip", Rule::TimeInFuture, |state| {
        let place = (node(3), resource("ip"));
        state.orphans.get_mut(&place).unwrap().state = OrphanState::InDoubt(at(10_001));
    });
    orphan_breaks("quorum", Rule::OperationOnNonMember, |state| {
        state.nodes[3].state = NodeState::Unclean;
    });
}

#[test]
fn pause_and_state_agree() {
    node_breaks(0, Rule::PauseDiffers, |record| record.pause = Pause::Requested);
    node_breaks(1, Rule::PauseDiffers, |record| record.pause = Pause::Resumed);
    let survives = verdict(|state| state.nodes[4].pause = Pause::Requested);
    assert_eq!(survives, Ok(()));
}

/// What is derived equals what is built anew.
#[test]
fn occupancy_equals_a_rebuild() {
    cluster_breaks(Rule::OccupancyDiffers, |state| {
        let spec = spec();
        state.occupancy.leave(spec.group(group(1)).unwrap(), group(1), node(0));
    });
}

#[test]
fn violations_speak_of_names() {
    let spec = spec();
    let subject = Subject::Orphan { node: node(3), resource: resource("ip") };
    let violation = Violation::new(subject, Rule::OrphanOnDownNode);
    let text = "orphan ip on node d: it may run on a node that is down";
    assert_eq!(violation.named(&spec).to_string(), text);
    let stranger = Violation::new(Subject::Node(node(9)), Rule::PauseDiffers);
    assert_eq!(stranger.named(&spec).to_string(), "node n9: its state and its pause differ",);
}
