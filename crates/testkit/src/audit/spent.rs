//! A resource moves its group only once its restarts are used up.

use quorate::cluster::Event;
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{RedundantProvider, RestartAction, RestartWindow, Retry};
use quorate::state::{MovementCause, NoRestartCause, Recovery};
use quorate::{Input, NodeId, Outcome, ResourceId};

use super::Moment;
use super::facts::{
    bars_owner, in_window, is_failure, is_held, may_fail_over, members, named_record, resources_on,
};
use crate::audit::seen::{Again, Seen, SeenResource};
use crate::{Breach, ensure};

/// Checks that a group fails over, or is reported to have nowhere to go or no failovers left, only
/// because of a resource that affects it and whose restarts were used up when it failed.
///
/// Nothing is restarted on a paused node, or while a move has a way back. A resource in its last
/// attempt has no restarts.
pub(super) fn event(seen: &mut Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::ResourceChanged { resource, from, to, .. } => {
            changed(seen, moment, *resource, (*from, *to));
        }
        Event::RestartScheduled { resource, .. } => {
            let record = &mut seen.resources[resource.index()];
            record.may_leave = false;
            record.waits = true;
        }
        Event::RestartsExhausted { resource, cause, retry_at, .. } => {
            let is_timed = retry_at.is_some() && *cause != NoRestartCause::Admission;
            if *cause == NoRestartCause::Admission {
                // Its retry was due, and ends with this failure.
                let record = &mut seen.resources[resource.index()];
                record.is_retried |= matches!(
                    record.again,
                    Again::RetryAt(Some(at), cause)
                        if at <= moment.now && cause != NoRestartCause::Admission
                );
            }
            seen.resources[resource.index()].waits = is_timed;
            let declared = seen.spec.resource(*resource).expect("a declared one").clone();
            if !moment.is_told_again(declared.name(), *cause) {
                given_up(seen, moment, *resource, *cause)?;
            }
            // A resource that waits on a paused node wants to leave it when its time has come.
            let may_leave =
                is_timed && is_held(seen, declared.group()) && moves_its_group(seen, *resource);
            seen.resources[resource.index()].may_leave |= may_leave;
        }
        Event::NodeChanged { node, to: NodeState::Paused, .. } => paused(seen, *node),
        Event::NodeChanged { node, from, to: NodeState::Up, .. } => {
            one_more_is_up(seen, moment);
            if *from != NodeState::Paused {
                return Ok(());
            }
            for resource in resources_on(seen, *node) {
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
            // A move under way that finds another destination is still one failover.
            let is_same = seen.group(*group).is_failing_over();
            let may_leave = members(seen, *group).any(|id| seen.resource(id).may_leave);
            ensure!(
                S15,
                is_same || may_leave,
                "{group} fails over from {from}, and each of its resources may be restarted there, \
                 or waits there"
            );
        }
        _ => {}
    }
    Ok(())
}

/// Applies another configuration: a resource that was given up for lack of failovers may leave if
/// there are failovers now, and so may a resource that was not to be restarted, if it is to be
/// restarted now and has no restart left.
pub(super) fn reconfigured(seen: &mut Seen, moment: &Moment<'_>) {
    let resources: Vec<ResourceId> = seen.spec.resources().map(|(id, _)| id).collect();
    for resource in resources {
        let name = seen.spec.resource(resource).expect("a declared one").name();
        let before = moment.before.spec().resource_id(name);
        let recovery = before
            .and_then(|id| moment.before.state().resource(id))
            .map(|record| record.recovery());
        let Some(Recovery::RetryAt { cause, .. }) = recovery else { continue };
        let may_leave = match cause {
            NoRestartCause::Failovers => may_fail_over(seen, seen.group_of(resource), moment.now),
            NoRestartCause::DontRestart => is_spent(seen, moment, resource),
            NoRestartCause::Restarts
            | NoRestartCause::Redundant
            | NoRestartCause::NoCandidate
            | NoRestartCause::Admission
            | NoRestartCause::ForGood
            | NoRestartCause::Left
            | NoRestartCause::Retries => false,
        };
        if may_leave && moves_its_group(seen, resource) {
            seen.resources[resource.index()].may_leave = true;
        }
    }
}

/// Lets resources that were given up for lack of failovers leave, if one more node that is up
/// allows their groups one more. That node does not count as up yet.
fn one_more_is_up(seen: &mut Seen, moment: &Moment<'_>) {
    let allowed = seen.nodes.iter().filter(|node| node.state == NodeState::Up).count();
    let resources: Vec<ResourceId> = seen.spec.resources().map(|(id, _)| id).collect();
    for resource in resources {
        let group = seen.group_of(resource);
        let settings = seen.spec.group(group).expect("a declared group").settings();
        let log = &seen.group(group).failovers;
        let is_allowed = settings.failover_threshold.is_none()
            && in_window(log, moment.now, settings.failover_period) < allowed;
        let is_given_up =
            matches!(seen.resource(resource).again, Again::RetryAt(_, NoRestartCause::Failovers));
        if is_allowed && is_given_up && moves_its_group(seen, resource) {
            seen.resources[resource.index()].may_leave = true;
        }
    }
}

/// Records whether a resource may move its group after a change of its state.
fn changed(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    (from, to): (ResourceState, ResourceState),
) {
    use ResourceState as State;
    let now = moment.now;
    // The cause of the end of its run makes no difference.
    let has_proved_itself = from == State::Online && ran_for_a_period(seen, moment, resource);
    let record = &mut seen.resources[resource.index()];
    record.is_retried &= !has_proved_itself;
    match to {
        State::OnlinePending => {
            record.may_leave = false;
            record.waits = false;
            // A resource that was only refused a place has not been tried yet.
            let was_refused = matches!(record.again, Again::RetryAt(_, NoRestartCause::Admission));
            record.is_retried |= !was_refused && record.retry_at.is_some_and(|at| at <= now);
            record.started_at = now;
        }
        State::Online => {
            // It was found running; any planned recovery is void.
            if from == State::InDoubt {
                record.may_leave = false;
                record.waits = false;
            }
        }
        State::Offline => {
            if from == State::Failed {
                record.forget_attempts();
            }
        }
        State::Terminating | State::InDoubt => {
            if matches!(from, State::Online | State::OnlinePending) {
                record.failed_from = from;
            }
            if is_failure(seen, moment, resource, from) {
                failed(seen, moment, resource);
            }
        }
        State::Initializing | State::OfflinePending | State::Failed => {}
    }
}

/// Records the failure of a resource: it may move its group if the group has a way back, or if a
/// dependent or the group needs it and it cannot be restarted.
fn failed(seen: &mut Seen, moment: &Moment<'_>, resource: ResourceId) {
    let now = moment.now;
    let declared = seen.spec.resource(resource).expect("a declared one");
    let group = declared.group();
    let has_way_back =
        named_record(seen, moment, group).is_some_and(|record| record.return_to().is_some());
    // Nothing is restarted on a paused node: a resource that cannot leave it either keeps its
    // restarts, and waits.
    let is_stranded = is_held(seen, group) && may_fail_over(seen, group, now);
    let is_for_good = failed_for_good(moment);
    let cannot_stay = is_spent(seen, moment, resource) || is_stranded || is_for_good;
    seen.resources[resource.index()].may_leave = moves_its_group(seen, resource)
        && (has_way_back || cannot_stay && !is_redundant(seen, resource));
}

/// Tells whether a start failed in this step that can never succeed on its node.
fn failed_for_good(moment: &Moment<'_>) -> bool {
    matches!(moment.input(), Some(Input::OperationFinished { outcome: Outcome::FailedForGood, .. }))
}

/// Tells whether other providers hold for everything that needs this resource.
fn is_redundant(seen: &Seen, resource: ResourceId) -> bool {
    let group = seen.spec.group(seen.group_of(resource)).expect("a declared group");
    let position = group.position_of(resource).expect("a member");
    let stands_in = |member: usize| {
        let state = seen.resource(group.resource_at(member)).state;
        member != position && state == ResourceState::Online
    };
    let mut clauses = group
        .graph()
        .dependents(position)
        .flat_map(|dependent| group.graph().clauses(dependent))
        .peekable();
    seen.spec.settings().redundant_provider != RedundantProvider::Escalate
        && clauses.peek().is_some()
        && clauses.all(|mut clause| clause.any(stands_in))
}

/// Tells whether a resource has no restart left.
pub(super) fn is_spent(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    has_no_restart(seen, moment, resource, seen.resource(resource))
}

fn has_no_restart(
    seen: &Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    record: &SeenResource,
) -> bool {
    let settings = seen.spec.resource(resource).expect("a declared one").settings();
    let clock = record.clock(seen.spec.settings().restart_window, moment.now);
    let used = in_window(&record.restarts, clock, settings.restart_period);
    let is_used = used >= usize::try_from(record.threshold(settings)).unwrap_or(usize::MAX);
    let is_last = record.is_retried && seen.spec.settings().retry == Retry::FinalAttempt;
    is_used || is_last || record.is_uncertain
}

/// Tells whether a resource that fails now, before an event reports the failure, will have no
/// restart left.
pub(super) fn will_be_spent(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let failing = seen.resource(resource).clone();
    let has_proved_itself =
        failing.state == ResourceState::Online && ran_for_a_period(seen, moment, resource);
    let failing = SeenResource {
        failed_from: failing.state,
        is_uncertain: false,
        is_retried: failing.is_retried && !has_proved_itself,
        ..failing
    };
    has_no_restart(seen, moment, resource, &failing)
}

/// Tells whether a resource that was online has run for more than a restart period. Its earlier
/// retries no longer count then.
fn ran_for_a_period(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let record = seen.resource(resource);
    let ran_since = match seen.spec.settings().restart_window {
        RestartWindow::Online => record.online_since.unwrap_or(moment.now),
        RestartWindow::Clock => record.started_at,
    };
    let period = seen.spec.resource(resource).map(|of| of.settings().restart_period);
    period.is_some_and(|period| moment.now.since(ran_since) > period)
}

/// Checks that a resource is given up only if the reason that is reported allows it: some reasons
/// require that it was restarted before.
fn given_up(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    cause: NoRestartCause,
) -> Result<(), Breach> {
    let may_leave = seen.resource(resource).may_leave;
    match cause {
        NoRestartCause::NoCandidate | NoRestartCause::Failovers => {
            ensure!(
                S15,
                may_leave,
                "{resource} is given up because its group cannot leave ({cause:?}), and may be \
                 restarted"
            );
        }
        NoRestartCause::Redundant => {
            ensure!(
                S15,
                is_spent(seen, moment, resource),
                "{resource} is given up because it is redundant, and may be restarted"
            );
        }
        NoRestartCause::ForGood => {
            ensure!(
                S15,
                may_leave || failed_for_good(moment),
                "{resource} is given up because it can never run, and nobody said so"
            );
        }
        NoRestartCause::Retries => {
            let (record, settings) = (seen.resource(resource), seen.spec.settings());
            let has_none =
                settings.retry == Retry::NewSeries && settings.retry_cycles == Some(0);
            ensure!(
                S15,
                has_none || record.is_retried || record.is_uncertain,
                "{resource} is given up because its retries are used up, and it was not retried"
            );
        }
        NoRestartCause::DontRestart
        | NoRestartCause::Restarts
        | NoRestartCause::Admission
        // Judged in the module for resources that are left.
        | NoRestartCause::Left => {}
    }
    // A resource that has nowhere to go leaves as soon as there is a place.
    let is_kept = cause == NoRestartCause::NoCandidate || bars_owner(seen, resource);
    seen.resources[resource.index()].may_leave = may_leave && is_kept;
    Ok(())
}

/// Lets resources that wait for another attempt on a paused node leave it when the time of that
/// attempt has come, even if the node is no longer paused then.
fn paused(seen: &mut Seen, node: NodeId) {
    for resource in resources_on(seen, node) {
        let may_leave = seen.resource(resource).waits && moves_its_group(seen, resource);
        seen.resources[resource.index()].may_leave |= may_leave;
    }
}

/// Tells whether the failure of a resource may move its group at all.
fn moves_its_group(seen: &Seen, resource: ResourceId) -> bool {
    let declared = seen.spec.resource(resource).expect("a declared one");
    declared.settings().restart_action == RestartAction::RestartNotify
}

impl SeenResource {
    /// Forgets all earlier attempts.
    pub(super) fn forget_attempts(&mut self) {
        self.may_leave = false;
        self.waits = false;
        self.is_uncertain = false;
        self.is_retried = false;
    }
}
