//! Changes of state: only those in the tables are allowed, and doubt ends only when it is resolved.

use std::time::Duration;

use quorate::cluster::{Command, Event, Life, Outcome};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::UnconfirmedStop;
use quorate::state::{DownProof, MovementCause, NodeRecord, OperationKind};
use quorate::{Incarnation, Input, NodeId, ResourceId, Timestamp};

use super::{Moment, failures, operations};
use crate::audit::seen::Seen;
use crate::{Breach, ensure};

/// Checks that every reported change of state begins where the last one ended, and that the table
/// of its machine has it.
pub(super) fn event(seen: &mut Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::NodeChanged { node, from, to, .. } => {
            ensure!(S33, seen.node(*node).state == *from, "{event:?} from another state");
            ensure!(S33, from.can_become(*to), "{event:?} is in no table");
            went_down(seen, moment, *node, *from, *to)
        }
        Event::ResourceChanged { resource, from, to, .. } => {
            ensure!(S33, seen.resource(*resource).state == *from, "{event:?} from another state");
            ensure!(S33, from.can_become(*to), "{event:?} is in no table");
            if *from == ResourceState::InDoubt {
                doubt_ends(seen, moment, *resource, *to)?;
            }
            if *to == ResourceState::Online {
                comes_online(seen, moment, *resource, *from)?;
            }
            Ok(())
        }
        Event::GroupChanged { group, from, to, .. } => {
            ensure!(S33, seen.group(*group).told == *from, "{event:?} from another state");
            let fold = seen.fold(*group);
            ensure!(S33, fold == *to, "{event:?}, its resources add up to {fold}");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Tells whether a start that was never answered may still take effect after a change of state: it
/// was given up before an answer, and nothing has been confirmed since. A report of a failure may
/// be about an earlier run, and the agent may not have seen the start yet.
fn may_start_late(
    before: bool,
    moment: &Moment<'_>,
    from: ResourceState,
    to: ResourceState,
) -> bool {
    let is_given_up = from == ResourceState::OnlinePending;
    // A start that failed and is left as it is has been answered.
    let has_failed = operations::answered(moment).is_some_and(|(effect, outcome)| {
        effect.action == OperationKind::Start
            && matches!(outcome, Outcome::Failed | Outcome::FailedForGood)
    });
    match to {
        ResourceState::InDoubt => before || is_given_up && !has_failed,
        ResourceState::Terminating => {
            is_given_up && matches!(moment.input(), Some(Input::ResourceFailed { .. }))
        }
        ResourceState::Initializing
        | ResourceState::Offline
        | ResourceState::OnlinePending
        | ResourceState::Online
        | ResourceState::OfflinePending
        | ResourceState::Failed => false,
    }
}

/// Checks that a resource in doubt leaves that state only when a terminate or probe is answered,
/// when its node is recognised or certain to be off, when an operator confirms it while no start
/// may still take effect, or when the declaration says to assume that it is off.
fn doubt_ends(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    to: ResourceState,
) -> Result<(), Breach> {
    let owner = seen.group(seen.group_of(resource)).owner;
    let answer = operations::answered(moment)
        .filter(|(effect, _)| effect.resource == Some(resource))
        .map(|(effect, outcome)| (effect.action, outcome));
    let is_recognised = matches!(
        moment.input(),
        Some(Input::NodeJoined { node, .. } | Input::NodeInventory { node, .. })
            if Some(*node) == owner
    );
    let is_cleared = matches!(
        moment.command(),
        Some(Command::ClearResourceFailure { resource: cleared, .. }) if *cleared == resource
    ) && !seen.resource(resource).may_start_late;
    let declared = seen.spec.resource(resource).expect("a declared resource");
    let is_assumed = declared.settings().unconfirmed_stop == UnconfirmedStop::AssumeOff;
    let is_off = owner.is_some_and(|node| off_by(seen, moment, node).is_some());
    let is_right = match to {
        ResourceState::Online => is_recognised,
        ResourceState::Failed => {
            answer == Some((OperationKind::Terminate, Outcome::Succeeded)) || is_assumed
        }
        ResourceState::Offline => {
            answer == Some((OperationKind::Probe, Outcome::NotRunning))
                || is_recognised
                || is_cleared
                || is_off
        }
        _ => false,
    };
    ensure!(S13, is_right, "{resource} goes from doubt to {to} by {:?}", moment.stimulus);
    if to == ResourceState::Failed && is_assumed {
        seen.assumed_off.push(declared.name().to_owned());
    }
    Ok(())
}

/// Checks that a resource comes online only because its start succeeded, or because its lost node
/// came back in its present life and runs it; no running resource is ever adopted, except by a
/// group that never had an owner. A resource that a node lists is confirmed online only if it was
/// online, and if no later operation on it may still be under way.
fn comes_online(
    seen: &Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    from: ResourceState,
) -> Result<(), Breach> {
    let owner = seen.group(seen.group_of(resource)).owner;
    let is_right = match (from, moment.input()) {
        (ResourceState::OnlinePending, _) => {
            operations::answered(moment).is_some_and(|(effect, outcome)| {
                effect.resource == Some(resource)
                    && effect.action == OperationKind::Start
                    && outcome == Outcome::Succeeded
            })
        }
        // It runs there already, and its group never had an owner.
        (ResourceState::Offline, _) if seen.taken_over == Some(resource) => true,
        (_, Some(Input::NodeJoined { node, incarnation, running, .. })) => {
            let known = moment.before.state().node(*node);
            let listed = running.iter().find(|of| of.resource == resource);
            let is_settled = listed.is_none_or(|of| !of.state.is_pending());
            ensure!(
                S2,
                is_settled && seen.resource(resource).undisturbed_on == Some(*node),
                "{resource} counts as online on {node}, and may be starting or stopping there"
            );
            Some(*node) == owner
                && listed.is_some()
                && known.is_some_and(|record| {
                    record.state() == NodeState::Unclean && record.incarnation() == *incarnation
                })
        }
        _ => false,
    };
    ensure!(S27, is_right, "{resource} comes online from {from} by {:?}", moment.stimulus);
    Ok(())
}

/// Checks that a node goes down only for a reason that proves that nothing runs on it.
fn went_down(
    seen: &mut Seen,
    moment: &Moment<'_>,
    node: NodeId,
    from: NodeState,
    to: NodeState,
) -> Result<(), Breach> {
    if to != NodeState::Down {
        return Ok(());
    }
    let proof = off_by(seen, moment, node);
    ensure!(S9, proof.is_some(), "{node} goes from {from} to down by {:?}", moment.stimulus);
    seen.nodes[node.index()].proof = proof.unwrap_or_default();
    Ok(())
}

/// Returns the proof that a node is off in this step, if there is one.
fn off_by(seen: &Seen, moment: &Moment<'_>, node: NodeId) -> Option<DownProof> {
    use quorate::settings::Fencing;
    let fencing = moment.before.spec().settings().fencing;
    let is_fenced = operations::answered(moment).is_some_and(|(effect, outcome)| {
        effect.action == OperationKind::Fence
            && effect.node == node
            && outcome == Outcome::Succeeded
    });
    if is_fenced {
        return Some(DownProof::Fenced);
    }
    // A configuration numbers the nodes anew and is not about a life: the node may have been
    // unknown.
    let known = moment.before.state().node(node).map(NodeRecord::incarnation);
    let is_after = |life: Incarnation| known.is_some_and(|known| life > known);
    let is_later = |life: &Life| matches!(life, Life::Of(reported) if is_after(*reported));
    match moment.input() {
        Some(
            Input::NodeLeft { node: off, incarnation, .. }
            | Input::NodeConfirmedDown { node: off, incarnation, .. },
        ) if *off == node && is_later(incarnation) => return Some(DownProof::Rebooted),
        Some(Input::NodeLost { node: lost, incarnation, .. })
            if *lost == node && is_later(incarnation) =>
        {
            return Some(DownProof::LaterLife);
        }
        Some(Input::NodeLeft { node: left, .. }) if *left == node => return Some(DownProof::Left),
        Some(Input::NodeFenced { node: off, .. }) if *off == node => {
            return Some(DownProof::Fenced);
        }
        Some(Input::NodeConfirmedDown { node: off, .. }) if *off == node => {
            return Some(DownProof::Operator);
        }
        Some(Input::NodeLost { node: lost, .. })
            if *lost == node && fencing == Fencing::Trusted =>
        {
            return Some(DownProof::Trusted);
        }
        Some(Input::NodeJoined { node: joined, incarnation, .. })
            if *joined == node && is_after(*incarnation) =>
        {
            return Some(DownProof::Rebooted);
        }
        _ => {}
    }
    match seen.spec.settings().fencing {
        Fencing::Lease { duration, margin } => {
            let record = seen.node(node);
            let first = seen.resumed_at.map(|at| at.after(Duration::from_millis(1)));
            let end = record.since.after(duration).after(margin);
            let end = first.map_or(end, |first| end.max(first));
            (record.state != NodeState::Unclean || end <= moment.now)
                .then_some(DownProof::LeaseExpired)
        }
        Fencing::Required | Fencing::Trusted | Fencing::Operator => None,
    }
}

/// Records an event that was judged.
pub(super) fn learn(seen: &mut Seen, moment: &Moment<'_>, event: &Event) {
    let now = moment.now;
    failures::learn(seen, now, event);
    match event {
        Event::NodeChanged { node, to, .. } => {
            let record = &mut seen.nodes[node.index()];
            record.state = *to;
            record.since = now;
            if *to == NodeState::Down {
                record.attributes.clear();
            }
            for group in seen.groups.iter_mut().filter(|group| group.owner == Some(*node)) {
                group.has_begun = false;
            }
            if !seen.has_members() {
                seen.dissolve();
            }
        }
        Event::NodeAttributeChanged { node, name, value, .. } => {
            seen.nodes[node.index()].attributes.insert(name.clone(), *value);
        }
        Event::QuorumChanged { verdict, .. } => {
            seen.is_quorate = verdict.is_quorate();
            for group in &mut seen.groups {
                group.has_begun = false;
            }
            if seen.is_quorate && !seen.has_formed {
                seen.form();
            }
        }
        Event::ResourceChanged { resource, from, to, .. } => {
            resource_changed(seen, moment, *resource, (*from, *to));
        }
        Event::GroupChanged { group, to, .. } => seen.groups[group.index()].told = *to,
        Event::PlacementFailed { group, .. } => {
            seen.groups[group.index()].is_told_homeless = true;
        }
        Event::OwnerChanged { .. } => owner_changed(seen, now, event),
        Event::MoveStarted { group, to, cause, .. } => {
            seen.groups[group.index()].movement = Some((*to, *cause));
        }
        Event::MoveAbandoned { group, .. } => seen.groups[group.index()].movement = None,
        Event::OrphanFound { resource, node, .. } => {
            seen.orphans.insert((*node, *resource));
        }
        Event::OrphanGone { resource, node, .. } => {
            seen.orphans.remove(&(*node, *resource));
        }
        Event::TakenOver { resource, node, .. } => {
            seen.orphans.remove(&(*node, *resource));
            seen.taken_over = Some(*resource);
        }
        _ => {}
    }
}

/// Takes in that a resource changed from one state to another.
fn resource_changed(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    (from, to): (ResourceState, ResourceState),
) {
    let now = moment.now;
    let group = seen.group_of(resource);
    seen.groups[group.index()].is_settled |=
        matches!(to, ResourceState::OnlinePending | ResourceState::Online);
    seen.groups[group.index()].has_begun |= to == ResourceState::OnlinePending;
    let owner = seen.groups[group.index()].owner;
    let record = &mut seen.resources[resource.index()];
    record.may_start_late = may_start_late(record.may_start_late, moment, from, to);
    record.state = to;
    if to == ResourceState::Online {
        record.undisturbed_on = owner;
    }
    record.turn(to, now);
    let is_cleared = from == ResourceState::Failed && to == ResourceState::Offline;
    // A start, for any reason, ends the wait for another attempt after that failure. A
    // resource that is found running was not tried again at all.
    let is_started = to == ResourceState::OnlinePending;
    let is_over = is_cleared || is_started || to == ResourceState::Online;
    let retry_at = record.retry_at.take_if(|_| is_over);
    if is_cleared || is_started && retry_at.is_some_and(|at| at <= now) {
        record.restarts.clear();
    }
}

/// Takes in that a group has another owner.
fn owner_changed(seen: &mut Seen, now: Timestamp, event: &Event) {
    let Event::OwnerChanged { group, from, to, cause, epoch, proof, .. } = event else { return };
    let record = &mut seen.groups[group.index()];
    record.owner = *to;
    record.takes_room = to.is_some();
    record.epoch = *epoch;
    record.movement = None;
    record.is_settled |= to.is_some();
    // A group that left its node in good order or because of its own failure does not wait
    // for others.
    record.has_begun = from.is_some() && proof.is_none() && *cause != MovementCause::Start;
    if *cause == MovementCause::Failback {
        record.last_failback = Some(now);
    }
    let declared = seen.spec.group(*group).expect("a declared group");
    for resource in declared.resources() {
        let record = &mut seen.resources[resource.index()];
        record.restarts.clear();
        record.retry_at = None;
    }
}
