//! A resource that failed starts again only when this was announced, or when an operator asks for
//! it.

use quorate::cluster::{Command, Event};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::Interval;
use quorate::state::{NoRestartCause, Recovery, ResourceRecord};
use quorate::{Cluster, GroupId, NodeId, ResourceId, Timestamp};

use super::Moment;
use super::facts::{is_failure, resources_on};
use crate::audit::seen::{Again, Seen};
use crate::{Breach, ensure};

/// Checks that a failed resource starts again when the delay of its restart or its retry period is
/// over, and not before, unless an operator asks for it, its node is resumed, or its group has
/// another owner. A resource that was only refused a place is tried whenever there may be one.
pub(super) fn event(seen: &mut Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::ResourceChanged { resource, from, to, .. } => {
            if (*from, *to) == (ResourceState::Failed, ResourceState::OnlinePending) {
                due(seen.resource(*resource).again, moment.now, *resource)?;
            }
            let is_failure = is_failure(seen, moment, *resource, *from);
            let again = &mut seen.resources[resource.index()].again;
            match to {
                // Its node is off; its recovery is decided when the node is back.
                ResourceState::Offline if *from == ResourceState::InDoubt => {}
                ResourceState::OnlinePending | ResourceState::Online => {
                    *again = Again::Free;
                    seen.resources[resource.index()].is_asked_for = false;
                }
                ResourceState::Offline => *again = Again::Free,
                ResourceState::Terminating | ResourceState::InDoubt => {
                    if is_failure {
                        *again = Again::Untold;
                    }
                }
                ResourceState::Initializing
                | ResourceState::OfflinePending
                | ResourceState::Failed => {}
            }
        }
        Event::RestartScheduled { resource, at, .. } => {
            announced(seen, *resource, Again::RestartAt(*at));
        }
        Event::RestartsExhausted { resource, cause, retry_at, .. } => {
            announced(seen, *resource, Again::RetryAt(*retry_at, *cause));
        }
        Event::OwnerChanged { group, .. } => {
            free_group(seen, *group);
        }
        Event::NodeChanged { node, from: NodeState::Paused, to: NodeState::Up, .. } => {
            resumed(seen, *node);
        }
        // On a paused node there is no restart to wait for.
        Event::NodeChanged { node, to: NodeState::Paused, .. } => {
            for resource in resources_on(seen, *node) {
                let again = &mut seen.resources[resource.index()].again;
                if matches!(again, Again::RestartAt(_)) {
                    *again = Again::Untold;
                }
            }
        }
        // Its pause ended with the life in which it was paused, or while it was lost.
        Event::NodeChanged { node, to: NodeState::Up, .. } => {
            for resource in resources_on(seen, *node) {
                let is_tried_by_itself = has_retries(seen, resource);
                let again = &mut seen.resources[resource.index()].again;
                // No time was announced, because the node was paused.
                let is_kept_by_pause = is_tried_by_itself
                    && matches!(
                        again,
                        Again::RetryAt(
                            None,
                            NoRestartCause::NoCandidate | NoRestartCause::Failovers
                        )
                    );
                if *again == Again::Untold || is_kept_by_pause {
                    *again = Again::Free;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn announced(seen: &mut Seen, resource: ResourceId, again: Again) {
    let record = &mut seen.resources[resource.index()];
    record.again = again;
    record.is_asked_for = false;
}

/// Tells whether a resource that was given up is tried again without an operator.
fn has_retries(seen: &Seen, resource: ResourceId) -> bool {
    let declared = seen.spec.resource(resource);
    declared.is_some_and(|of| of.settings().retry_period != Interval::Never)
}

/// Checks that a resource which an operator has asked for waits for no restart or retry, unless it
/// was told to since.
pub(super) fn orders_count(seen: &Seen, cluster: &Cluster) -> Result<(), Breach> {
    for (resource, _) in cluster.spec().resources() {
        let recovery = cluster.state().resource(resource).map(ResourceRecord::recovery);
        let waits = match recovery {
            Some(Recovery::RestartAt(_) | Recovery::RetryAt { .. }) => true,
            Some(Recovery::None | Recovery::Failover) | None => false,
        };
        let is_asked_for = seen.resource(resource).is_asked_for;
        ensure!(S15, !waits || !is_asked_for, "{resource} is asked for and waits: {recovery:?}");
    }
    Ok(())
}

fn due(again: Again, now: Timestamp, resource: ResourceId) -> Result<(), Breach> {
    let is_due = match again {
        Again::Free | Again::RetryAt(_, NoRestartCause::Admission) => true,
        Again::Untold => false,
        Again::RestartAt(at) => at <= now,
        Again::RetryAt(at, _) => at.is_some_and(|at| at <= now),
    };
    ensure!(S15, is_due, "{resource} failed and starts again at {now}; it was told {again:?}");
    Ok(())
}

/// Allows an attempt at once for every resource that was off, or could not leave, only because of
/// the pause; a resource that could not leave has used no retry by that.
fn resumed(seen: &mut Seen, node: NodeId) {
    let paused_at = seen.node(node).since;
    for resource in resources_on(seen, node) {
        let record = &mut seen.resources[resource.index()];
        match record.again {
            Again::RetryAt(_, NoRestartCause::NoCandidate | NoRestartCause::Failovers) => {
                record.again = Again::Free;
                record.retry_at.take_if(|at| *at > paused_at);
            }
            Again::Untold | Again::RestartAt(_) => record.again = Again::Free,
            Again::Free | Again::RetryAt(..) => {}
        }
    }
}

/// Allows an attempt at once for failed resources that an operator clears.
pub(super) fn obey(seen: &mut Seen, command: &Command) {
    match command {
        Command::ClearGroupFailures { group, node: None, .. } => {
            free_group(seen, *group);
        }
        Command::ClearResourceFailure { resource, .. } => {
            seen.resources[resource.index()].again = Again::Free;
        }
        _ => {}
    }
}

fn free_group(seen: &mut Seen, group: GroupId) {
    let of = seen.spec.group(group).expect("a declared group");
    for member in of.resources() {
        seen.resources[member.index()].again = Again::Free;
    }
}
