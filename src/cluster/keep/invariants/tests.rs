use alloc::string::ToString;

mod operations;
mod resources;

use super::sample::{self, at, group, log, node, operation, resource, spec, state};
use super::*;
use crate::id::{Epoch, Incarnation, OpId};
use crate::machine::FailureLog;
use crate::settings::QuorumRule;
use crate::spec::ClusterDeclaration;
use crate::state::{
    Doubt, DownProof, DrainStatus, FailedNode, FailedNodes, FailedWhile, GroupRecord, LateStart,
    MoveFailure, Movement, MovementCause, NoRestartCause, Orphan, OrphanState, Recovery, Room,
    WitnessState,
};
use crate::time::WallClock;

fn verdict(change: impl FnOnce(&mut ClusterState)) -> Result<(), Inconsistency> {
    let spec = spec();
    let mut state = state(&spec);
    change(&mut state);
    check(&spec, &state)
}

fn record<'a>(state: &'a mut ClusterState, name: &str) -> &'a mut ResourceRecord {
    &mut state.resources[resource(name).index()]
}

#[track_caller]
fn cluster_breaks(rule: StateRule, change: impl FnOnce(&mut ClusterState)) {
    assert_eq!(verdict(change), Err(Inconsistency::new(StateSubject::Cluster, rule)));
}

#[track_caller]
fn node_breaks(index: u32, rule: StateRule, change: impl FnOnce(&mut NodeRecord)) {
    let result = verdict(|state| change(&mut state.nodes[node(index).index()]));
    assert_eq!(result, Err(Inconsistency::new(StateSubject::Node(node(index)), rule)));
}

/// Occupancy is rebuilt, so that only the rule in question is broken.
#[track_caller]
fn group_breaks(index: u32, rule: StateRule, change: impl FnOnce(&mut GroupRecord)) {
    let result = verdict(|state| {
        change(&mut state.groups[group(index).index()]);
        state.occupancy = state.rebuilt_occupancy(&spec());
    });
    assert_eq!(result, Err(Inconsistency::new(StateSubject::Group(group(index)), rule)));
}

#[track_caller]
fn resource_breaks(name: &str, rule: StateRule, change: impl FnOnce(&mut ResourceRecord)) {
    let result = verdict(|state| change(record(state, name)));
    assert_eq!(result, Err(Inconsistency::new(StateSubject::Resource(resource(name)), rule)));
}

#[track_caller]
fn orphan_breaks(name: &str, rule: StateRule, change: impl FnOnce(&mut ClusterState)) {
    let subject = StateSubject::Orphan { node: node(3), resource: resource(name) };
    assert_eq!(verdict(change), Err(Inconsistency::new(subject, rule)));
}

/// Every declared thing has exactly one record.
#[test]
fn records_are_complete() {
    cluster_breaks(StateRule::RecordCount, |state| drop(state.nodes.pop()));
    cluster_breaks(StateRule::RecordCount, |state| drop(state.groups.pop()));
    cluster_breaks(StateRule::RecordCount, |state| drop(state.resources.pop()));
}

/// Counters never wrap.
#[test]
fn counters_are_far_from_their_ends() {
    cluster_breaks(StateRule::CounterTooLarge, |state| state.inputs = u64::MAX);
    cluster_breaks(StateRule::CounterTooLarge, |state| state.configuration = u64::MAX);
    cluster_breaks(StateRule::CounterTooLarge, |state| state.next_operation = OpId::new(u64::MAX));
    let last = Incarnation::new(u64::MAX);
    node_breaks(0, StateRule::CounterTooLarge, |record| record.incarnation = last);
    group_breaks(0, StateRule::CounterTooLarge, |record| record.epoch = Epoch::new(u64::MAX));
    resource_breaks("ip", StateRule::CounterTooLarge, |record| record.sequence = u64::MAX);
    cluster_breaks(StateRule::CounterTooLarge, |state| state.inputs = COUNT_MAX + 1);
    let latest = Timestamp::LATEST;
    let too_late = at(latest.as_millis() + 1);
    cluster_breaks(StateRule::CounterTooLarge, |state| state.now = too_late);
    let beyond = Incarnation::LAST.next();
    node_breaks(0, StateRule::CounterTooLarge, |record| record.incarnation = beyond);
    let spec = spec();
    let mut state = state(&spec);
    state.inputs = COUNT_MAX;
    state.now = latest;
    state.nodes[0].incarnation = Incarnation::LAST;
    assert_eq!(check(&spec, &state), Ok(()));
}

#[test]
fn the_past_is_not_later_than_now() {
    let later = at(sample::NOW + 1);
    cluster_breaks(StateRule::TimeInFuture, |state| state.quorate_since = Some(later));
    cluster_breaks(StateRule::TimeInFuture, |state| {
        state.wall_clock = state.wall_clock.map(|(_, reading)| (later, reading));
    });
    node_breaks(4, StateRule::TimeInFuture, |record| record.since = later);
    node_breaks(2, StateRule::TimeInFuture, |record| record.fence.attempts = log(&[1, 10_001]));
    group_breaks(0, StateRule::TimeInFuture, |record| record.placed_at = later);
    group_breaks(0, StateRule::TimeInFuture, |record| record.last_failback = Some(later));
    group_breaks(0, StateRule::TimeInFuture, |record| record.failovers = log(&[10_001]));
    resource_breaks("ip", StateRule::TimeInFuture, |record| record.since = later);
    resource_breaks("ip", StateRule::TimeInFuture, |record| record.looked_alive_at = later);
    resource_breaks("ip", StateRule::TimeInFuture, |record| record.known_alive_at = later);
    resource_breaks("ip", StateRule::TimeInFuture, |record| record.restarts = log(&[10_001]));
    let late = |record: &mut ResourceRecord| {
        record.operation.as_mut().unwrap().progress_at = later;
    };
    resource_breaks("disk", StateRule::TimeInFuture, late);
    node_breaks(4, StateRule::InputNotAccepted, |record| record.up_in_input = 41);
    group_breaks(4, StateRule::InputNotAccepted, |record| record.placed_in_input = 41);
}

#[test]
fn times_that_follow_each_other_ascend() {
    cluster_breaks(StateRule::TimesOutOfOrder, |state| state.formed_at = Some(at(501)));
    resource_breaks("disk", StateRule::TimesOutOfOrder, |record| {
        record.operation.as_mut().unwrap().progress_at = at(8_999);
    });
    group_breaks(0, StateRule::TimesOutOfOrder, |record| record.last_failback = Some(at(1_001)));
    let unsorted: FailureLog = serde_json::from_str("[2, 1]").unwrap();
    group_breaks(0, StateRule::TimesOutOfOrder, |record| record.failovers = unsorted);
}

#[test]
fn logs_are_bounded() {
    let full = alloc::vec![at(1); StateRule::LOG_ENTRIES];
    let longer = alloc::vec![at(1); StateRule::LOG_ENTRIES + 1];
    let fill = |entries| {
        move |record: &mut GroupRecord| {
            record.failovers = FailureLog::from_entries(entries);
        }
    };
    assert_eq!(verdict(|state| fill(full)(&mut state.groups[0])), Ok(()));
    group_breaks(0, StateRule::LogTooLong, fill(longer));
}

#[test]
fn the_wall_clock_is_in_range() {
    for (utc_millis_of_day, utc_offset_minutes) in [(86_400_000, 0), (0, 1_440), (0, -1_440)] {
        cluster_breaks(StateRule::ClockOutOfRange, |state| {
            state.wall_clock = Some((at(1), WallClock { utc_millis_of_day, utc_offset_minutes }));
        });
    }
}

#[test]
fn references_are_to_declared_things() {
    let ghost = Some(node(5));
    node_breaks(1, StateRule::UnknownReference, |record| record.drain.target = ghost);
    group_breaks(0, StateRule::UnknownReference, |record| record.owner = ghost);
    group_breaks(0, StateRule::UnknownReference, |record| record.default_owner = ghost);
    group_breaks(0, StateRule::UnknownReference, |record| record.return_to = ghost);
    group_breaks(0, StateRule::UnknownReference, |record| record.drained_from = ghost);
    group_breaks(1, StateRule::UnknownReference, |record| {
        record.movement.as_mut().unwrap().to = ghost;
    });
    group_breaks(4, StateRule::UnknownReference, |record| {
        record.queued.as_mut().unwrap().to = ghost
    });
    let orphan = Orphan { state: OrphanState::Running, operation: None };
    for (on, of) in [(node(5), resource("ip")), (node(3), ResourceId::new(99))] {
        let result = verdict(|state| {
            state.orphans.insert((on, of), orphan);
        });
        let subject = StateSubject::Orphan { node: on, resource: of };
        assert_eq!(result, Err(Inconsistency::new(subject, StateRule::UnknownReference)));
    }
}

#[test]
fn groups_have_possible_owners_and_moves() {
    group_breaks(1, StateRule::MoveToOwner, |record| {
        record.movement.as_mut().unwrap().to = Some(node(1));
    });
    group_breaks(0, StateRule::MoveToOwner, |record| record.return_to = Some(node(0)));
    group_breaks(0, StateRule::OwnerWithoutEpoch, |record| {
        record.epoch = Epoch::default();
        record.ordered_in = None;
    });
    group_breaks(0, StateRule::RoomDiffers, |record| record.room = Room::Left);
    group_breaks(4, StateRule::RoomDiffers, |record| record.room = Room::Taken);
    group_breaks(0, StateRule::OrderedInLaterEpoch, |record| {
        record.ordered_in = Some(Epoch::new(4))
    });
    let leaving =
        Movement { to: None, cause: MovementCause::Drain, on_failure: MoveFailure::Failover };
    assert_eq!(verdict(|state| state.groups[0].movement = Some(leaving)), Ok(()));
}

/// A resource that may run is on the one owner of its group, which is not down.
#[test]
fn what_may_run_is_on_its_owner() {
    resource_breaks("ip", StateRule::UnopenedOnOwner, |record| {
        record.state = ResourceState::Initializing;
    });
    let subject = StateSubject::Resource(resource("tape"));
    let unowned = verdict(|state| {
        state.groups[2].owner = None;
        state.occupancy = state.rebuilt_occupancy(&spec());
    });
    assert_eq!(unowned, Err(Inconsistency::new(subject.clone(), StateRule::RunsWithoutOwner)));
    let down = verdict(|state| {
        state.nodes[2].state = NodeState::Down;
        state.nodes[2].fence.operation = None;
    });
    assert_eq!(down, Err(Inconsistency::new(subject, StateRule::RunsOnDownNode)));
    resource_breaks("tape", StateRule::CertainOnLostNode, |record| {
        record.state = ResourceState::Online;
    });
}

/// A cluster acts only with enough votes.
#[test]
fn quorum_is_what_the_votes_come_to() {
    cluster_breaks(StateRule::QuorumDiffers, |state| state.quorate_since = None);
    cluster_breaks(StateRule::QuorumDiffers, |state| {
        state.witness = WitnessState::Down;
    });
    let mut declaration = ClusterDeclaration::from(&spec());
    declaration.quorum = Some(QuorumRule::NodeMajority);
    let majority = declaration.build().unwrap();
    let mut state = state(&majority);
    assert_eq!(check(&majority, &state), Ok(()));
    state.nodes[1].state = NodeState::Unclean;
    let lost = Inconsistency::new(StateSubject::Cluster, StateRule::QuorumDiffers);
    assert_eq!(check(&majority, &state), Err(lost));
}

#[test]
fn pause_and_state_agree() {
    node_breaks(0, StateRule::PauseDiffers, |record| record.pause = Pause::Requested);
    node_breaks(1, StateRule::PauseDiffers, |record| record.pause = Pause::Resumed);
    let survives = verdict(|state| state.nodes[4].pause = Pause::Requested);
    assert_eq!(survives, Ok(()));
}

/// Derived data equals data that is built anew.
#[test]
fn occupancy_equals_a_rebuild() {
    cluster_breaks(StateRule::OccupancyDiffers, |state| {
        let spec = spec();
        state.occupancy.leave(spec.group(group(1)).unwrap(), group(1), node(0));
    });
}

#[test]
fn violations_speak_of_names() {
    let spec = spec();
    let subject = StateSubject::Orphan { node: node(3), resource: resource("ip") };
    let violation = Inconsistency::new(subject, StateRule::OrphanOnDownNode);
    let text = "orphan ip on node d: it may run on a node that is down";
    assert_eq!(violation.named(&spec).to_string(), text);
    let stranger = Inconsistency::new(StateSubject::Node(node(9)), StateRule::PauseDiffers);
    assert_eq!(stranger.named(&spec).to_string(), "node n9: its state and its pause differ",);
}

/// Once a node was seen, something says that it is down.
#[test]
fn down_nodes_have_a_proof() {
    node_breaks(4, StateRule::DownWithoutProof, |record| record.proof = DownProof::NeverSeen);
    let by_input = |record: &mut NodeRecord| {
        record.proof = DownProof::NeverSeen;
        record.incarnation = Incarnation::default();
        record.up_in_input = 1;
    };
    node_breaks(4, StateRule::DownWithoutProof, by_input);
    let never_seen = verdict(|state| {
        by_input(&mut state.nodes[4]);
        state.nodes[4].up_in_input = 0;
        state.groups[0].failed_on.forget(node(4));
    });
    assert_eq!(never_seen, Ok(()));
}

#[test]
fn a_group_failed_once_on_each_node_in_a_life_that_has_begun() {
    let failed = |number, life| FailedNode {
        node: node(number),
        incarnation: Incarnation::new(life),
        at: at(800),
        for_good: None,
    };
    let breaks = |rule, entries: &[FailedNode]| {
        group_breaks(0, rule, |record| {
            record.failed_on = FailedNodes::from_entries(entries.to_vec());
        });
    };
    breaks(StateRule::FailedTwiceOnNode, &[failed(0, 7), failed(0, 7)]);
    breaks(StateRule::FailedInLaterLife, &[failed(0, 8)]);
    breaks(StateRule::UnknownReference, &[failed(9, 0)]);
    let of_others = FailedNode { for_good: Some(resource("tape")), ..failed(0, 7) };
    breaks(StateRule::UnknownReference, &[of_others]);
    breaks(StateRule::TimeInFuture, &[FailedNode { at: at(sample::NOW + 1), ..failed(0, 7) }]);
}

#[test]
fn drains_end_with_the_pause() {
    for status in [DrainStatus::InProgress, DrainStatus::Completed, DrainStatus::Failed] {
        node_breaks(0, StateRule::DrainOfResumedNode, |record| record.drain.status = status);
    }
}

#[test]
fn attributes_are_few_and_have_proper_names() {
    let rule = StateRule::AttributeNotAllowed;
    for name in ["", "a\u{202e}b", &"x".repeat(256)] {
        node_breaks(0, rule, |record| record.attributes.keep(name, 1));
    }
    node_breaks(0, rule, |record| {
        record.attributes = (0..=64).map(|index: i64| (index.to_string(), index)).collect();
    });
}

#[test]
fn fences_are_tried_again_only_where_needed() {
    let retry_at = Some(at(20_000));
    node_breaks(2, StateRule::FenceRetryWithoutNeed, |record| record.fence.retry_at = retry_at);
    node_breaks(4, StateRule::FenceRetryWithoutNeed, |record| record.fence.retry_at = retry_at);
}

#[test]
fn clusters_form_with_members_and_quorum() {
    cluster_breaks(StateRule::ConfigurationNotCounted, |state| state.configuration = 0);
    cluster_breaks(StateRule::FormationDiffers, |state| state.formed_at = None);
    let spec = spec();
    let mut empty = ClusterState::new(&spec, at(0));
    assert_eq!(check(&spec, &empty), Ok(()));
    empty.formed_at = Some(at(0));
    let unformed = Inconsistency::new(StateSubject::Cluster, StateRule::FormationDiffers);
    assert_eq!(check(&spec, &empty), Err(unformed));
}
