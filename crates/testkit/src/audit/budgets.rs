//! Budgets, recounted from the events alone.

use std::time::Duration;

use quorate::cluster::{Effect, Event};
use quorate::state::{MovementCause, NoRestartCause, OperationKind};
use quorate::{GroupId, ResourceId, Timestamp};

use super::Moment;
use super::facts::{bars_owner, failovers_allowed, in_window, is_held};
use crate::audit::seen::Seen;
use crate::{Breach, ensure};

/// Checks that in every window of its period a group fails over, and a resource is restarted, at
/// most as often as its threshold allows, and that a resource is given up only if these restarts
/// are used up.
pub(super) fn event(seen: &mut Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::MoveStarted { group, cause: MovementCause::ResourceFailure, .. } => {
            failover(seen, moment, *group)
        }
        Event::RestartScheduled { resource, at, remaining, .. } => {
            restart(seen, moment, *resource, (*at, *remaining))
        }
        Event::RestartsExhausted { resource, cause, retry_at, .. } => {
            given_up(seen, moment, *resource, (*cause, *retry_at))
        }
        _ => Ok(()),
    }
}

fn failover(seen: &mut Seen, moment: &Moment<'_>, group: GroupId) -> Result<(), Breach> {
    // A move under way that finds another destination is still one failover.
    if seen.group(group).is_failing_over() {
        return Ok(());
    }
    let (threshold, period) = failovers_allowed(seen, group);
    let log = &mut seen.groups[group.index()].failovers;
    write_down(log, moment.now, period);
    let (used, is_within) = within(log, moment.now, threshold, period);
    ensure!(
        S14,
        is_within,
        "{group} fails over {used} times within {period:?}, {threshold} are allowed"
    );
    Ok(())
}

fn restart(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    (at, remaining): (Timestamp, u32),
) -> Result<(), Breach> {
    let settings = seen.spec.resource(resource).expect("a declared one").settings();
    let period = settings.restart_period;
    let threshold = seen.resource(resource).threshold(settings);
    let window = seen.spec.settings().restart_window;
    let due = moment.now.after(settings.restart_delay);
    ensure!(S15, at == due, "{resource} restarts at {at}, not at {due}");
    let record = &mut seen.resources[resource.index()];
    // The restart takes the place of a retry that is not due yet, or that was held up by doubt.
    let is_held = record.state.may_run();
    if record.retry_at.take().is_some_and(|at| at <= moment.now) && !is_held {
        record.restarts.clear();
    }
    let clock = record.clock(window, moment.now);
    write_down(&mut record.restarts, clock, period);
    let used = in_window(&record.restarts, clock, period);
    let left = usize::try_from(remaining).unwrap_or(usize::MAX);
    let allowed = usize::try_from(threshold).unwrap_or(usize::MAX);
    ensure!(S15, used + left == allowed, "{resource}: {used} restarts, {left} of {allowed} left");
    let (used, is_within) = within(&record.restarts, clock, threshold, period);
    ensure!(
        S15,
        is_within,
        "{resource} is restarted {used} times within {period:?}, {threshold} are allowed"
    );
    Ok(())
}

fn given_up(
    seen: &mut Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    (cause, retry_at): (NoRestartCause, Option<Timestamp>),
) -> Result<(), Breach> {
    let declared = seen.spec.resource(resource).expect("a declared one");
    let settings = declared.settings();
    let window = seen.spec.settings().restart_window;
    // On a paused node, and on a node where it can never run, the resource only tries to leave once
    // more, and its count stays.
    let is_leaving = bars_owner(seen, resource)
        || is_held(seen, declared.group())
            && matches!(cause, NoRestartCause::NoCandidate | NoRestartCause::Failovers);
    let record = &mut seen.resources[resource.index()];
    let is_over = record.retry_at.is_some_and(|at| at <= moment.now) && !record.state.may_run();
    if is_over && !is_leaving {
        record.restarts.clear();
    }
    record.retry_at = retry_at;
    if moment.is_told_again(declared.name(), cause) {
        return Ok(());
    }
    let clock = record.clock(window, moment.now);
    let used = in_window(&record.restarts, clock, settings.restart_period);
    let allowed = usize::try_from(record.threshold(settings)).unwrap_or(usize::MAX);
    let is_withheld = cause == NoRestartCause::Restarts && used < allowed;
    ensure!(
        S15,
        !is_withheld,
        "{resource} is not restarted after {used} restarts, {allowed} are allowed"
    );
    Ok(())
}

/// Checks that a node is fenced within the period at most as often as the threshold allows.
pub(super) fn fence(seen: &mut Seen, moment: &Moment<'_>, effect: &Effect) -> Result<(), Breach> {
    if effect.action != OperationKind::Fence {
        return Ok(());
    }
    let settings = seen.spec.settings();
    let (threshold, period) = (settings.fence_threshold, settings.fence_period);
    let node = effect.node;
    let log = &mut seen.nodes[node.index()].fences;
    write_down(log, moment.now, period);
    let (used, is_within) = within(log, moment.now, threshold, period);
    ensure!(
        S26,
        is_within,
        "{node} is fenced {used} times within {period:?}, {threshold} are allowed"
    );
    Ok(())
}

/// Records one use. Uses that have left the window are forgotten for good: a longer period that is
/// declared later does not bring them back.
fn write_down(log: &mut Vec<Timestamp>, now: Timestamp, period: Duration) {
    log.retain(|at| now.since(*at) <= period);
    log.push(now);
}

/// Returns the number of uses within the period, and whether the threshold allows it.
fn within(log: &[Timestamp], now: Timestamp, threshold: u32, period: Duration) -> (usize, bool) {
    let used = in_window(log, now, period);
    (used, used <= usize::try_from(threshold).unwrap_or(usize::MAX))
}
