//! Operations: each is issued once and ended once.

use quorate::cluster::{Command, Effect, Event, Life, Outcome};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::Maintenance;
use quorate::state::{DownProof, OperationKind};
use quorate::{Cluster, Epoch, Input, OpId, ResourceId, Timestamp};

use super::Moment;
use crate::audit::seen::Seen;
use crate::{Breach, ensure};

/// Checks that an answer counts only for an operation that is outstanding, and a report of an agent
/// only if it comes from the owner in its present life. All other stale inputs change nothing.
pub(super) fn acceptance(seen: &Seen, moment: &Moment<'_>) -> Result<(), Breach> {
    let before = &moment.before;
    match moment.input() {
        Some(
            Input::OperationFinished { operation, .. }
            | Input::OperationProgressed { operation, .. },
        ) => {
            let is_outstanding = before.outstanding().any(|effect| effect.operation == *operation);
            ensure!(
                S8,
                is_outstanding,
                "an answer to operation {operation} counts, which had ended"
            );
        }
        Some(Input::ResourceFailed { .. } | Input::ResourceAlive { .. }) => {
            report_counts(seen, moment)?;
        }
        Some(
            Input::NodeLeft { node, incarnation: Life::Of(reported), .. }
            | Input::NodeLost { node, incarnation: Life::Of(reported), .. }
            | Input::NodeFenced { node, incarnation: Life::Of(reported), .. }
            | Input::NodeConfirmedDown { node, incarnation: Life::Of(reported), .. },
        ) => {
            let known = before.state().node(*node).map(|record| record.incarnation());
            ensure!(
                S8,
                known.is_some_and(|known| *reported >= known),
                "a report about life {reported} of {node} counts, which is in life {known:?}"
            );
        }
        Some(Input::NodeInventory { .. }) => inventory_counts(moment)?,
        Some(Input::NodeJoined { node, incarnation, .. }) => {
            let Some(record) = before.state().node(*node) else { return Ok(()) };
            let known = record.incarnation();
            ensure!(S8, *incarnation >= known, "{node} joins in life {incarnation} after {known}");
            let is_dead = record.state() == NodeState::Down
                && matches!(record.proof(), DownProof::Fenced | DownProof::Rebooted);
            ensure!(
                S26,
                !is_dead || *incarnation > known,
                "{node} joins in life {incarnation}, which was ended"
            );
        }
        _ => {}
    }
    Ok(())
}

/// Checks an accepted report of an agent about a resource.
fn report_counts(seen: &Seen, moment: &Moment<'_>) -> Result<(), Breach> {
    let before = &moment.before;
    let Some(
        Input::ResourceFailed { resource, node, incarnation, run, .. }
        | Input::ResourceAlive { resource, node, incarnation, run, .. },
    ) = moment.input()
    else {
        return Ok(());
    };
    let known = before.state().node(*node).map(|record| record.incarnation());
    ensure!(S8, known == Some(*incarnation), "a report of an older life of {node} counts");
    let group = before.spec().resource(*resource).map(|declared| declared.group());
    let owner = group.and_then(|group| before.state().owner(group));
    ensure!(S8, owner == Some(*node), "a report of {node} counts, which does not own it");
    let present = seen.resource(*resource).run;
    let is_over = |start: &OpId| present.is_some_and(|present| present != *start);
    let ended = Option::from(*run).filter(is_over);
    ensure!(S8, ended.is_none(), "a report of run {ended:?} of {resource} counts: it is over");
    let state = before.state().resource_state(*resource);
    let can_die = matches!(moment.input(), Some(Input::ResourceFailed { .. }))
        && state == ResourceState::OnlinePending;
    ensure!(
        S8,
        state == ResourceState::Online || can_die,
        "a report of {resource} counts, which is {state}"
    );
    Ok(())
}

/// Checks an accepted list of what a node runs.
fn inventory_counts(moment: &Moment<'_>) -> Result<(), Breach> {
    let before = &moment.before;
    let Some(Input::NodeInventory { node, incarnation, operation, .. }) = moment.input() else {
        return Ok(());
    };
    let is_awaited = operation.is_none_or(|operation| {
        before.outstanding().any(|effect| {
            effect.operation == operation
                && effect.action == OperationKind::Inventory
                && effect.node == *node
        })
    });
    ensure!(S8, is_awaited, "an answer to question {operation:?} counts, which had ended");
    let known = before.state().node(*node).map(|record| record.incarnation());
    ensure!(S8, known == Some(*incarnation), "an inventory of another life of {node} counts");
    let is_member = before.state().node_state(*node).is_member();
    ensure!(S8, is_member, "an inventory of {node} counts, which is no member");
    Ok(())
}

/// Removes the operation that an accepted answer ends.
pub(super) fn end_answered(seen: &mut Seen, moment: &Moment<'_>) {
    if let Some(
        Input::OperationFinished { operation, .. }
        | Input::NodeInventory { operation: Some(operation), .. },
    ) = moment.input()
    {
        seen.operations.remove(operation);
    }
}

/// Checks that the ids of operations only grow and are never reused, that a resource has at most
/// one operation in flight per node, and that it is never started while any operation on it is in
/// flight elsewhere.
pub(super) fn issue(seen: &mut Seen, effect: &Effect) -> Result<(), Breach> {
    let id = effect.operation;
    ensure!(S11, id > seen.last_operation, "operation {id} after {}", seen.last_operation);
    seen.last_operation = id;
    for other in seen.operations.values() {
        if effect.resource.is_none() || other.resource != effect.resource {
            let same_fence = effect.resource.is_none()
                && other.action == effect.action
                && other.node == effect.node;
            ensure!(S10, !same_fence, "two fences of {} at once", effect.node);
            continue;
        }
        ensure!(S10, other.node != effect.node, "{effect:?} while {other:?} is in flight");
        let is_start = effect.action == OperationKind::Start;
        ensure!(S10, !is_start, "{effect:?} while {other:?} is in flight");
    }
    seen.operations.insert(id, *effect);
    if let Some(resource) = effect.resource
        && matches!(
            effect.action,
            OperationKind::Start | OperationKind::Stop | OperationKind::Terminate
        )
    {
        // An operation on a copy of it elsewhere, which is being stopped there, is not counted.
        let record = &mut seen.resources[resource.index()];
        record.undisturbed_on = record.undisturbed_on.filter(|node| *node != effect.node);
        if effect.action == OperationKind::Start {
            record.run = Some(id);
        }
    }
    Ok(())
}

/// Checks that an operation is for the epoch of its group; a fence is for none. Epochs also end
/// with the node of the owner, and that is not an event of the group.
pub(super) fn in_epoch(seen: &Seen, cluster: &Cluster, effect: &Effect) -> Result<(), Breach> {
    let group = effect.resource.map(|resource| seen.group_of(resource));
    ensure!(S11, effect.group == group, "{effect:?} is not for group {group:?}");
    let span = effect.deadline.since(cluster.state().now());
    ensure!(S11, effect.timeout == span, "{effect:?} tells {span:?} as a time span");
    let epochs = match group {
        Some(group) => seen.group(group).epoch..=cluster.state().epoch(group),
        None => Epoch::default()..=Epoch::default(),
    };
    ensure!(S11, epochs.contains(&effect.epoch), "{effect:?} is not for an epoch in {epochs:?}");
    Ok(())
}

/// Checks that each operation ends once, and that a timeout never comes before its time. A resource
/// whose operation timed out is in doubt: neither started nor stopped.
pub(super) fn event(
    seen: &mut Seen,
    moment: &Moment<'_>,
    event: &Event,
    timed_out: &mut Option<(ResourceId, OperationKind)>,
) -> Result<(), Breach> {
    match event {
        Event::OperationTimedOut { operation, action, .. } => {
            let Some(effect) = end(seen, *operation, event)? else { return Ok(()) };
            is_due(moment, &effect)?;
            let is_orphan = effect
                .resource
                .is_some_and(|resource| seen.orphans.contains(&(effect.node, resource)));
            let is_ignored = effect.resource.is_some_and(|id| is_in_maintenance(moment, id))
                && action.is_check();
            *timed_out = effect
                .resource
                .filter(|_| !is_orphan && !is_ignored)
                .map(|resource| (resource, *action));
        }
        Event::OperationSuperseded { operation, .. } => {
            end(seen, *operation, event)?;
        }
        Event::ResourceChanged { resource, to, .. } => {
            if let Some((unanswered, action)) = timed_out.take_if(|(id, _)| id == resource) {
                ensure!(
                    S13,
                    *to == ResourceState::InDoubt || action == OperationKind::Terminate,
                    "{unanswered} is {to} after a {action} that was not answered"
                );
            }
        }
        _ => {}
    }
    Ok(())
}

/// Tells whether the health checks of a resource do not count.
fn is_in_maintenance(moment: &Moment<'_>, resource: ResourceId) -> bool {
    let record = moment.before.state().resource(resource);
    record.is_some_and(|record| record.maintenance() == Maintenance::On)
        || matches!(
            moment.command(),
            Some(Command::BeginMaintenance { resource: begun, .. }) if *begun == resource
        )
}

fn end(seen: &mut Seen, operation: OpId, event: &Event) -> Result<Option<Effect>, Breach> {
    let Some(effect) = seen.operations.remove(&operation) else {
        ensure!(S12, false, "operation {operation} ends, which had ended or never began");
        return Ok(None);
    };
    let asked = (effect.action, effect.node, effect.resource, effect.group);
    let is_told_so = match event {
        Event::OperationTimedOut { action, node, resource, group, .. }
        | Event::OperationSuperseded { action, node, resource, group, .. } => {
            asked == (*action, *node, *resource, *group)
        }
        _ => true,
    };
    ensure!(S12, is_told_so, "the end of {effect:?} is told as {event:?}");
    Ok(Some(effect))
}

fn is_due(moment: &Moment<'_>, effect: &Effect) -> Result<(), Breach> {
    ensure!(
        S29,
        !moment.is_resumption(),
        "{effect:?} times out in the step in which the core goes on"
    );
    let due = moment
        .before
        .outstanding()
        .find(|before| before.operation == effect.operation)
        .map(|before| before.deadline);
    // Timeouts may change with the configuration.
    ensure!(
        S29,
        moment.is_reconfiguration() || due.is_some_and(|due| due <= moment.now),
        "{effect:?} times out at {}, due {due:?}",
        moment.now
    );
    Ok(())
}

/// Checks that the operations that were issued and have not ended are exactly those that the
/// cluster lists as outstanding.
pub(super) fn all_accounted(seen: &Seen, cluster: &Cluster) -> Result<(), Breach> {
    let listed: Vec<OpId> = cluster.outstanding().map(|effect| effect.operation).collect();
    let expected: Vec<OpId> = seen.operations.keys().copied().collect();
    ensure!(
        S12,
        listed == expected,
        "outstanding is {listed:?}, issued and not ended {expected:?}"
    );
    for effect in cluster.outstanding() {
        let issued = &seen.operations[&effect.operation];
        let is_same = issued.action == effect.action
            && issued.node == effect.node
            && issued.resource == effect.resource
            && issued.group == effect.group;
        ensure!(S12, is_same, "{effect:?} was issued as {issued:?}");
    }
    Ok(())
}

/// Checks that every operation has a deadline and a timer that is set for it, and that operations
/// whose deadline has passed have ended.
pub(super) fn all_timed(cluster: &Cluster) -> Result<(), Breach> {
    let timer = cluster.poll_timeout().map(|deadline| deadline.at);
    let now = cluster.state().now();
    cluster.outstanding().try_for_each(|effect| timed(&effect, timer, now))
}

pub(super) fn timed(
    effect: &Effect,
    timer: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Breach> {
    let is_set = timer.is_some_and(|at| at <= effect.deadline);
    ensure!(S11, is_set, "the timer is set for {timer:?}, too late for {effect:?}");
    ensure!(L4, effect.deadline > now, "at {now} this has not ended: {effect:?}");
    Ok(())
}

/// Returns the operation that an accepted answer ended, with the answer.
pub(super) fn answered(moment: &Moment<'_>) -> Option<(Effect, Outcome)> {
    let Some(Input::OperationFinished { operation, outcome, .. }) = moment.input() else {
        return None;
    };
    let effect = moment.before.outstanding().find(|effect| effect.operation == *operation)?;
    Some((effect, *outcome))
}
