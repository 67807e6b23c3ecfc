//! A resource moves its group only once its restarts are spent.

use std::prelude::v1::*;

use crate::cluster::Event;
use crate::machine::{NodeState, ResourceState};
use crate::settings::{DesiredState, RestartAction, Retry};
use crate::state::{Exhaustion, MovementCause};
use crate::{GroupId, Input, NodeId, ResourceId};

use super::again;
use super::{Moment, budgets, moves};
use crate::testkit::audit::seen::{Seen, SeenResource};
use crate::testkit::breach::{Breach, ensure};

/// A group fails over, and is said to have nowhere to go or to have failed over often enough, only
/// because of a resource that affects it and of which the restarts were used up when it failed.
///
/// Nothing is restarted on a paused node, nor where a move was to end well or be undone; and a
/// resource that is in its last attempt has no restarts.
pub(super) fn event(seen: &mut Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::ResourceChanged { resource, from, to } => {
            changed(seen, moment, *resource, (*from, *to));
        }
        Event::RestartScheduled { resource, .. } => {
            let record = &mut seen.resources[resource.index()];
            record.may_leave = false;
            record.waits = true;
        }
        Event::RestartsExhausted { resource, cause, retry_at } => {
            let is_timed = retry_at.is_some() && *cause != Exhaustion::Admission;
            seen.resources[resource.index()].waits = is_timed;
            let declared = seen.spec.resource(*resource).expect("a declared one").clone();
            if !moment.is_told_again(declared.name(), *cause) {
                given_up(seen, moment, *resource, *cause)?;
            }
            // What waits on a paused node wants to leave it when its time has come.
            let may_leave =
                is_timed && is_held(seen, declared.group()) && moves_its_group(seen, *resource);
            seen.resources[resource.index()].may_leave |= may_leave;
        }
        Event::NodeChanged { node, to: NodeState::Paused, .. } => paused(seen, *node),
        Event::NodeChanged { node, from: NodeState::Paused, to: NodeState::Up } => {
            for resource in again::resources_on(seen, *node) {
                let record = &mut seen.resources[resource.index()];
                record.is_uncertain |= record.retry_at.is_some_and(|at| at <= moment.now);
            }
        }
        Event::OwnerChanged { group, .. } => {
            for resource in members(seen, *group) {
                seen.resources[resource.index()].forget_attempts();
            }
        }
        Event::MoveStarted { group, from, cause: MovementCause::ResourceFailure, .. } => {
            // A move under way that finds another destination is the same failover.
            let is_same = seen.group(*group).is_failing_over();
            let may_leave = members(seen, *group).any(|id| seen.resource(id).may_leave);
            let is_paused = seen.node(*from).state == NodeState::Paused;
            ensure!(
                S15,
                is_same || may_leave || is_paused,
                "{group} fails over from {from}, and each of its resources may be restarted there"
            );
        }
        _ => {}
    }
    Ok(())
}

/// Whether a resource that fails now may move its group.
fn changed(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    (from, to): (ResourceState, ResourceState),
) {
    use ResourceState as State;
    let now = moment.now;
    match (from, to) {
        (_, State::OnlinePending) => {
            let record = &mut seen.resources[resource.index()];
            record.may_leave = false;
            record.waits = false;
            record.is_retried |= record.retry_at.is_some_and(|at| at <= now);
            record.started_at = now;
        }
        // It was found running, whatever was to be done about it.
        (State::InDoubt, State::Online) => {
            let record = &mut seen.resources[resource.index()];
            record.may_leave = false;
            record.waits = false;
        }
        (State::Failed, State::Offline) => seen.resources[resource.index()].forget_attempts(),
        (State::Online | State::OnlinePending, State::Terminating | State::InDoubt)
            if seen.wanted(resource) == DesiredState::Online
                && !is_lost(seen, moment, resource) =>
        {
            let declared = seen.spec.resource(resource).expect("a declared one");
            let settings = declared.settings().clone();
            let group = declared.group();
            let record = &mut seen.resources[resource.index()];
            if from == State::Online && now.since(record.started_at) > settings.restart_period {
                record.is_retried = false;
            }
            let has_way_back = moves::named_record(seen, moment, group)
                .is_some_and(|record| record.return_to.is_some());
            let may_leave = settings.restart_action == RestartAction::RestartNotify
                && (is_spent(seen, moment, resource) || is_held(seen, group) || has_way_back);
            seen.resources[resource.index()].may_leave = may_leave;
        }
        _ => {}
    }
}

/// Whether a resource is in doubt because its node is lost, which is no failure of its own.
fn is_lost(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let owner = seen.group(seen.group_of(resource)).owner;
    matches!(moment.input(), Some(Input::NodeLost { node }) if owner == Some(*node))
}

/// Whether a resource has no restart left.
fn is_spent(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let settings = seen.spec.resource(resource).expect("a declared one").settings();
    let record = seen.resource(resource);
    let used = budgets::in_window(&record.restarts, moment.now, settings.restart_period);
    let is_used = used >= usize::try_from(settings.restart_threshold).unwrap_or(usize::MAX);
    let is_last = record.is_retried && seen.spec.settings().retry == Retry::FinalAttempt;
    is_used || is_last || record.is_uncertain
}

/// Whether the owner of a group is paused.
pub(super) fn is_held(seen: &Seen, group: GroupId) -> bool {
    seen.group(group).owner.is_some_and(|owner| seen.node(owner).state == NodeState::Paused)
}

/// A resource is given up for a reason that takes for granted that it was restarted before.
fn given_up(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    cause: Exhaustion,
) -> Result<(), Breach> {
    let may_leave = seen.resource(resource).may_leave;
    match cause {
        Exhaustion::NoCandidate | Exhaustion::Failovers => {
            let is_held = is_held(seen, seen.group_of(resource));
            ensure!(
                S15,
                may_leave || is_held,
                "{resource} is given up because its group cannot leave ({cause:?}), and may be \
                 restarted"
            );
        }
        Exhaustion::Redundant => {
            ensure!(
                S15,
                is_spent(seen, moment, resource),
                "{resource} is given up because it is redundant, and may be restarted"
            );
        }
        Exhaustion::DontRestart
        | Exhaustion::Restarts
        | Exhaustion::Admission
        | Exhaustion::Retries => {}
    }
    // What has nowhere to go goes as soon as there is a place.
    let is_kept = cause == Exhaustion::NoCandidate;
    seen.resources[resource.index()].may_leave = may_leave && is_kept;
    Ok(())
}

/// What waits for another attempt on a node that is paused wants to leave it when the time of that
/// has come, whether the node is still paused then or not.
fn paused(seen: &mut Seen, node: NodeId) {
    for resource in again::resources_on(seen, node) {
        let may_leave = seen.resource(resource).waits && moves_its_group(seen, resource);
        seen.resources[resource.index()].may_leave |= may_leave;
    }
}

/// Whether the group of a resource fails over because of it at all.
fn moves_its_group(seen: &Seen, resource: ResourceId) -> bool {
    let declared = seen.spec.resource(resource).expect("a declared one");
    declared.settings().restart_action == RestartAction::RestartNotify
}

fn members(seen: &Seen, group: GroupId) -> impl Iterator<Item = ResourceId> + use<> {
    let declared = seen.spec.group(group).expect("a declared group");
    declared.resources().collect::<Vec<_>>().into_iter()
}

impl SeenResource {
    /// What was tried before counts no more.
    pub(super) fn forget_attempts(&mut self) {
        self.may_leave = false;
        self.waits = false;
        self.is_uncertain = false;
        self.is_retried = false;
    }
}
