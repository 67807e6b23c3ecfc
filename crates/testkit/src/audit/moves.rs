//! A group moves because of itself only, never for another group.

use quorate::cluster::{Command, Event, Output};
use quorate::machine::{NodeState, ResourceState};
use quorate::plan::{Tier, assess};
use quorate::policy::{PlacementRequest, Trigger};
use quorate::settings::{Ownership, Priority};
use quorate::spec::GroupSpec;
use quorate::state::{
    Doubt, DrainMode, DrainStatus, Lock, LockHandling, MoveFailure, MovementCause, OperationKind,
    Room,
};
use quorate::{Cluster, GroupId, NodeId};

use std::collections::BTreeMap;

use super::facts::named_record;
use super::{Moment, left};
use crate::audit::seen::Seen;
use crate::needed;
use crate::{Breach, ensure};

/// Checks that a move begins for a cause of the group itself: there is no preemption.
pub(super) fn event(seen: &Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    let Event::MoveStarted { group, from, to, cause, .. } = event else { return Ok(()) };
    // A move under way that finds another destination keeps its cause.
    let is_going_on = seen.group(*group).movement.is_some_and(|(_, going_on)| going_on == *cause);
    if is_going_on {
        return Ok(());
    }
    held(seen, moment, *group, *from, *cause)?;
    match cause {
        MovementCause::Drain => drained(seen, moment, *group, *from, *to),
        MovementCause::Operator => {
            let is_asked = matches!(
                moment.command(),
                Some(Command::MoveGroup { group: moved, .. }) if moved == group
            );
            let was_asked =
                named_record(seen, moment, *group).is_some_and(|record| record.queued().is_some());
            ensure!(S18, is_asked || was_asked, "{group} is moved by an operator who never asked");
            Ok(())
        }
        MovementCause::Start => {
            // A group that runs in part is interrupted only where every resource counts.
            let is_everything_needed = seen.spec.settings().ownership == Ownership::EveryResource;
            let can_run = !is_everything_needed || seen.obstacles(*group, *from).is_empty();
            let is_idle = !seen.may_run(*group);
            ensure!(S18, is_idle || !can_run, "{group} leaves {from} to start, and may run there");
            Ok(())
        }
        MovementCause::Return => {
            let origin = to.and_then(|node| node_before(seen, moment, node));
            let was_sent = named_record(seen, moment, *group).is_some_and(|record| {
                (origin.is_some() && record.return_to() == origin)
                    || record
                        .movement()
                        .is_some_and(|of| of.on_failure == MoveFailure::ReturnToSource)
            });
            ensure!(S18, was_sent, "{group} returns to {to:?}, and was not sent from there");
            Ok(())
        }
        MovementCause::Configuration => {
            let declared = seen.spec.group(*group).expect("a declared group");
            let can_own = needed::obstacles(&seen.spec, declared, *from, |_| None).is_empty();
            ensure!(S18, !can_own, "{group} leaves {from} for a configuration, and may stay there");
            Ok(())
        }
        // Judged in other modules (budgets, failbacks); a node that fails starts no orderly move.
        MovementCause::ResourceFailure | MovementCause::Failback | MovementCause::NodeFailure => {
            Ok(())
        }
        other => unimplemented!("{other:?}"),
    }
}

/// Checks that a locked group leaves its node only because of a failure or with an override of the
/// lock; a group that is off may go to a node where it can start.
fn held(
    seen: &Seen,
    moment: &Moment<'_>,
    group: GroupId,
    from: NodeId,
    cause: MovementCause,
) -> Result<(), Breach> {
    let Some(record) = named_record(seen, moment, group) else { return Ok(()) };
    let is_locked = match moment.command() {
        Some(Command::LockGroup { group: named, .. }) if *named == group => true,
        Some(Command::UnlockGroup { group: named, .. }) if *named == group => false,
        _ => record.lock() == Lock::Locked,
    };
    let is_at_rest = match cause {
        MovementCause::Drain | MovementCause::Failback | MovementCause::Operator => true,
        MovementCause::Start | MovementCause::Configuration => seen.may_run(group),
        MovementCause::ResourceFailure | MovementCause::NodeFailure | MovementCause::Return => {
            false
        }
        other => unimplemented!("{other:?}"),
    };
    let of_drain = node_before(seen, moment, from)
        .and_then(|node| moment.before.state().node(node))
        .map(|node| node.drain().lock);
    let is_overridden = match (moment.command(), cause) {
        (_, MovementCause::Failback) => false,
        (Some(Command::MoveGroup { lock, .. }), MovementCause::Operator | MovementCause::Drain) => {
            *lock == LockHandling::Override
        }
        // A group that leaves another node leaves it by the drain of that node.
        (Some(Command::DrainNode { node, lock, .. }), MovementCause::Drain) if *node == from => {
            *lock == LockHandling::Override
        }
        (_, MovementCause::Operator) => {
            record.queued().is_some_and(|queued| queued.lock == LockHandling::Override)
        }
        (_, MovementCause::Drain) => of_drain == Some(LockHandling::Override),
        (_, _) => false,
    };
    ensure!(
        S18,
        !is_locked || !is_at_rest || is_overridden,
        "{group} is locked, and moves all the same ({cause})"
    );
    Ok(())
}

/// Checks that one input, which is one incident, moves a group off at most one node because of a
/// failed resource. On the way the group may find another destination: another group of its class
/// may start at the first one in this step.
pub(super) fn once_per_incident(outputs: &[Output]) -> Result<(), Breach> {
    let mut left = BTreeMap::new();
    for output in outputs {
        match output {
            Output::Event(Event::MoveStarted {
                group,
                cause: MovementCause::ResourceFailure,
                from,
                ..
            }) => {
                let first = *left.entry(*group).or_insert(Some(*from));
                ensure!(S32, first == Some(*from), "{group} fails over twice in one step");
            }
            // A move that begins now is another failover.
            Output::Event(Event::MoveAbandoned { group, .. }) => {
                left.entry(*group).and_modify(|from| *from = None);
            }
            Output::Event(_) | Output::Effect(_) => {}
            other => unimplemented!("{other:?}"),
        }
    }
    Ok(())
}

/// Returns the id that a node had before this step; it differs if the configuration changes in the
/// step.
fn node_before(seen: &Seen, moment: &Moment<'_>, node: NodeId) -> Option<NodeId> {
    let name = seen.spec.node(node)?.name();
    moment.before.spec().node_id(name)
}

/// Checks that a group leaves by a drain only from a node that is being drained, and leaves without
/// a destination only by a forced drain.
fn drained(
    seen: &Seen,
    moment: &Moment<'_>,
    group: GroupId,
    from: NodeId,
    to: Option<NodeId>,
) -> Result<(), Breach> {
    let mode = match moment.command() {
        Some(Command::DrainNode { node, mode, .. }) if *node == from => Some(*mode),
        _ => {
            let drain = node_before(seen, moment, from)
                .and_then(|node| moment.before.state().node(node))
                .map(|of| of.drain());
            drain.filter(|of| of.status == DrainStatus::InProgress).map(|of| of.mode)
        }
    };
    ensure!(S36, mode.is_some(), "{group} is drained from {from}, which nobody drains");
    let is_forced = mode == Some(DrainMode::Forced);
    ensure!(S36, to.is_some() || is_forced, "{group} is drained from {from} to nowhere");
    Ok(())
}

/// Checks that a completed drain has left no group on its node.
pub(super) fn drain_ended(seen: &Seen, event: &Event) -> Result<(), Breach> {
    let Event::DrainChanged { node, status, .. } = event else { return Ok(()) };
    let left = seen.spec.groups().map(|(id, _)| id).find(|id| seen.group(*id).owner == Some(*node));
    match status {
        DrainStatus::Completed => {
            ensure!(S36, left.is_none(), "{node} is drained, and {left:?} stands on it");
        }
        DrainStatus::Failed => {
            ensure!(L11, left.is_some(), "the drain of {node} failed, and nothing is left on it");
        }
        DrainStatus::NotInitiated | DrainStatus::InProgress => {}
    }
    Ok(())
}

/// Checks that a drain that failed has left only groups that have nowhere to go, and groups that
/// would leave but are in doubt: the end of that doubt is not known.
pub(super) fn drain_gave_up(cluster: &Cluster, outputs: &[Output]) -> Result<(), Breach> {
    for output in outputs {
        let Output::Event(Event::DrainChanged { node, status: DrainStatus::Failed, .. }) = output
        else {
            continue;
        };
        let drain = cluster.state().node(*node).map(|record| record.drain());
        if drain.is_none_or(|of| of.status != DrainStatus::Failed || of.target.is_some()) {
            continue;
        }
        for (group, _) in cluster.spec().groups() {
            let handling = drain.map_or(LockHandling::Respect, |of| of.lock);
            let record = cluster.state().group(group);
            let is_held = record.is_some_and(|record| record.is_held_by_lock(handling))
                || left::has_left(cluster, group);
            if cluster.state().owner(group) != Some(*node)
                || leaves_after_doubt(cluster, group)
                || is_held
            {
                continue;
            }
            let place = cluster.explain(group, Trigger::Drain).and_then(|told| told.chosen);
            ensure!(
                L11,
                place.is_none(),
                "the drain of {node} gave up {group}, which could go to {place:?}"
            );
        }
    }
    Ok(())
}

/// Tells whether a group is moving while one of its resources is in doubt and is not being stopped.
fn leaves_after_doubt(cluster: &Cluster, group: GroupId) -> bool {
    let state = cluster.state();
    let is_moving = state.group(group).is_some_and(|record| record.movement().is_some());
    let mut records = cluster.spec().group(group).into_iter().flat_map(GroupSpec::resources);
    is_moving
        && records.any(|id| {
            state.resource(id).is_some_and(|record| {
                let kind = record.operation().map(|operation| operation.kind);
                record.state() == ResourceState::InDoubt
                    && record.doubt() != Doubt::ToTerminate
                    && kind.is_none_or(|kind| kind == OperationKind::Probe)
            })
        })
}

/// Checks that a group that gets a node in this step has no rival of higher priority that could
/// have used the place and has no node. A move that arrives at its original destination had its
/// place before this step. A group that leaves the node only afterwards was in the way of the rival
/// when the place was given.
pub(super) fn priorities(
    cluster: &Cluster,
    moment: &Moment<'_>,
    outputs: &[Output],
) -> Result<(), Breach> {
    if moment.is_reconfiguration() || !cluster.state().is_quorate() {
        return Ok(());
    }
    for (position, output) in outputs.iter().enumerate() {
        let (group, node) = match output {
            Output::Event(
                Event::OwnerChanged { group, to: Some(to), .. }
                | Event::MoveStarted { group, to: Some(to), .. },
            ) => (*group, *to),
            _ => continue,
        };
        if is_on_its_way(&moment.before, group, node) {
            continue;
        }
        let priority = priority_of(cluster, group);
        for (rival, _) in cluster.spec().groups() {
            if priority_of(cluster, rival) > priority && waits_for_a_node(cluster, rival) {
                ensure!(
                    S18,
                    !could_use(cluster, rival, group, node, &outputs[position..]),
                    "{group} gets {node}, which {rival} of higher priority waits for"
                );
            }
        }
    }
    Ok(())
}

/// Tells whether a group was moving to a node.
fn is_on_its_way(before: &Cluster, group: GroupId, node: NodeId) -> bool {
    let movement = before.state().group(group).and_then(|record| record.movement());
    movement.is_some_and(|movement| movement.to == Some(node))
}

fn priority_of(cluster: &Cluster, group: GroupId) -> Priority {
    cluster.spec().group(group).map_or(Priority::NO_AUTO_START, |of| of.settings().priority)
}

fn waits_for_a_node(cluster: &Cluster, group: GroupId) -> bool {
    cluster.why(group) == Some(quorate::Reason::NoCandidate)
}

/// Tells whether a waiting group could run on a node if another group were not there, and if the
/// groups that leave the node by later outputs were still there.
fn could_use(
    cluster: &Cluster,
    rival: GroupId,
    instead_of: GroupId,
    node: NodeId,
    afterwards: &[Output],
) -> bool {
    let spec = cluster.spec();
    let trigger = match cluster.state().owner(rival) {
        None => Trigger::Start,
        Some(_) => Trigger::NodeFailure,
    };
    let mut state = cluster.state().clone();
    state.suppose_not_on_node(spec, instead_of, node);
    for output in afterwards {
        if let Output::Event(Event::OwnerChanged { group, from: Some(from), .. }) = output
            && *from == node
            && *group != rival
            && *group != instead_of
        {
            // A group that took no room there was in no group's way.
            let room = cluster.state().group(*group).map_or(Room::Left, |of| of.room());
            state.suppose_on_node(spec, *group, node, room);
        }
    }
    if state.node_state(node) != NodeState::Up {
        return false;
    }
    PlacementRequest::new(spec, &state, rival, trigger)
        .is_some_and(|placement| assess(&placement, cluster.policy(), node) == Ok(Tier::Eligible))
}
