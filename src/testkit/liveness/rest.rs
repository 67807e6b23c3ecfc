//! Where things stand: online, at rest, or stuck.

use std::collections::BTreeSet;
use std::prelude::v1::*;

use crate::cluster::{DeadlineReason, Output, Reason};
use crate::machine::{NodeState, ResourceState};
use crate::settings::{Fencing, Interval, Retry, UnconfirmedStop};
use crate::state::{Exhaustion, MovementCause, OperationKind, Recovery};
use crate::{Cluster, GroupId, ResourceId, Timestamp};

use super::bounds::{Outside, time_to_online};
use super::journal::{Journal, Spark};
use crate::testkit::audit::is_missing;
use crate::testkit::breach::{Breach, ensure};

/// Every group whose time is over is online, or says what no time will mend, or is on its way to a
/// better owner (L1). Groups of lower priority wait for those above them only as long as those may
/// take (L13).
///
/// Takes for granted that there has been no fault since `healed_at`, that nodes that are to come
/// back have, that whatever was asked for was answered, and that timers went off.
///
/// # Errors
///
/// The first group that is late.
pub fn online_in_time(
    cluster: &Cluster,
    healed_at: Timestamp,
    outside: Outside,
) -> Result<(), Breach> {
    let now = cluster.state().now();
    for (group, declared) in cluster.spec().groups() {
        let Some(time) = time_to_online(cluster, group, outside) else { continue };
        let due = healed_at.after(time);
        let Some(reason) = cluster.why(group).filter(|_| now >= due) else { continue };
        if is_lasting(cluster, reason) || is_returning(cluster, group) {
            continue;
        }
        let name = declared.name();
        let is_behind = matches!(reason, Reason::WaitingForPriority { .. });
        ensure!(
            L13,
            !is_behind,
            "{name} waits behind others since {healed_at}, at {now}: {reason}"
        );
        ensure!(L1, false, "{name} was to be online by {due}, at {now}: {reason}");
    }
    Ok(())
}

fn is_returning(cluster: &Cluster, group: GroupId) -> bool {
    let movement = cluster.state().group(group).and_then(|record| record.movement());
    movement.is_some_and(|movement| movement.cause == MovementCause::Failback)
}

/// Nothing is outstanding, and every group is as it is wanted or says what time cannot mend (L1,
/// L2). Takes the same for granted as [`online_in_time`], and that its time is over.
///
/// # Errors
///
/// What is not at rest.
pub fn at_rest(cluster: &Cluster) -> Result<(), Breach> {
    let left: Vec<_> = cluster.outstanding().collect();
    ensure!(L2, left.is_empty(), "in the calm {left:?} is outstanding");
    for (group, _) in cluster.spec().groups() {
        if let Some(reason) = cluster.why(group) {
            let is_lasting = is_lasting(cluster, reason);
            ensure!(L1, is_lasting, "in the calm {group} is not online: {reason}");
        }
    }
    Ok(())
}

/// Since `at` nothing was asked for but health checks and probes, unless something happened
/// outside or a timer went off that announced it (L2). Takes for granted that all answers were
/// good.
///
/// # Errors
///
/// The first operation that nothing called for.
pub fn stays_at_rest(journal: &Journal, at: Timestamp) -> Result<(), Breach> {
    for entry in journal.since(at) {
        let is_announced = match &entry.spark {
            Spark::Outside => true,
            Spark::Answer | Spark::Timer(None) => false,
            Spark::Timer(Some(reason)) => !matches!(
                reason,
                DeadlineReason::HealthCheck { .. } | DeadlineReason::OperationTimeout { .. }
            ),
        };
        let busy = entry.outputs.iter().find_map(|output| match output {
            Output::Effect(effect) if !is_look(effect.action) => Some(effect),
            _ => None,
        });
        ensure!(L2, is_announced || busy.is_none(), "at {} nobody called for {busy:?}", entry.at);
    }
    Ok(())
}

const fn is_look(action: OperationKind) -> bool {
    match action {
        OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive | OperationKind::Probe => true,
        OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Terminate
        | OperationKind::Fence => false,
    }
}

/// No operation is older than its deadline (L4). Takes for granted that timers went off.
///
/// # Errors
///
/// The first operation that should have ended.
pub fn operations_end(cluster: &Cluster) -> Result<(), Breach> {
    let now = cluster.state().now();
    let late = cluster.outstanding().find(|effect| effect.deadline < now);
    ensure!(L4, late.is_none(), "at {now} this has not ended: {late:?}");
    Ok(())
}

/// Everything that is not at its end goes on by itself, or says what only an operator can mend,
/// and nothing waits for itself in a circle (L5).
///
/// # Errors
///
/// What is stuck.
pub fn not_stuck(cluster: &Cluster) -> Result<(), Breach> {
    for (resource, _) in cluster.spec().resources() {
        pending_goes_on(cluster, resource)?;
    }
    let is_going_on = cluster.poll_timeout().is_some() || cluster.outstanding().next().is_some();
    for (group, _) in cluster.spec().groups() {
        let Some(reason) = cluster.why(group) else { continue };
        let waits_outside = matches!(
            reason,
            Reason::NoQuorum
                | Reason::OwnerPaused { .. }
                | Reason::WaitingForNodeOff { .. }
                | Reason::OrphanRunning { .. }
                | Reason::OwnerJoining { .. }
        );
        let is_open = is_going_on || waits_outside || is_lasting(cluster, reason);
        ensure!(L5, is_open, "{group} waits for ever: {reason}");
        in_no_circle(cluster, group)?;
    }
    Ok(())
}

fn pending_goes_on(cluster: &Cluster, resource: ResourceId) -> Result<(), Breach> {
    let state = cluster.state();
    let Some(record) = state.resource(resource) else { return Ok(()) };
    let is_in_flight = record.operation().is_some();
    match record.state() {
        ResourceState::OnlinePending
        | ResourceState::OfflinePending
        | ResourceState::Terminating => {
            ensure!(L5, is_in_flight, "{resource} is {} and nothing is asked", record.state());
        }
        ResourceState::InDoubt => {
            let declared = cluster.spec().resource(resource).expect("a declared resource");
            let owner = state.owner(declared.group());
            let is_member = owner.is_some_and(|node| state.node_state(node).is_member());
            let is_probed = declared.settings().unconfirmed_stop == UnconfirmedStop::BlockGroup;
            let is_timed =
                cluster.poll_timeout().is_some() || cluster.outstanding().next().is_some();
            // A lost node is the one to be waited for; a node may have to be fenced.
            let goes_on = is_in_flight || !is_member || !is_probed || is_timed;
            ensure!(L5, goes_on, "{resource} is in doubt and nobody looks");
        }
        ResourceState::Initializing
        | ResourceState::Offline
        | ResourceState::Online
        | ResourceState::Failed => {}
    }
    Ok(())
}

/// Follows what a group waits for from group to group.
fn in_no_circle(cluster: &Cluster, group: GroupId) -> Result<(), Breach> {
    let mut seen = BTreeSet::new();
    let mut at = group;
    while seen.insert(at) {
        at = match cluster.why(at) {
            Some(Reason::WaitingForPriority { group: ahead }) => ahead,
            Some(Reason::NotAdmitted { because_of, .. }) => because_of,
            _ => return Ok(()),
        };
    }
    ensure!(L5, false, "{group} waits for {at}, which waits for itself");
    Ok(())
}

/// What waits for a node to be off is what that node owns, and nothing else waits for it (L16).
///
/// # Errors
///
/// The first group that waits and need not, or need and does not.
pub fn fences_block_only_theirs(cluster: &Cluster) -> Result<(), Breach> {
    let state = cluster.state();
    for (group, _) in cluster.spec().groups() {
        let lost = state.owner(group).filter(|node| state.node_state(*node) == NodeState::Unclean);
        let waits_for = match cluster.why(group) {
            Some(Reason::WaitingForNodeOff { node, .. }) => Some(node),
            _ => None,
        };
        let is_wanted = is_missing(cluster, group) && state.is_quorate();
        let orphaned = matches!(cluster.why(group), Some(Reason::OrphanRunning { .. }));
        let expected = lost.filter(|_| is_wanted && !orphaned);
        ensure!(L16, waits_for == expected, "{group} waits for {waits_for:?}, not {expected:?}");
    }
    Ok(())
}

/// A timer that went off has done all there was to do at that moment (L18). The cluster is asked
/// on a copy.
///
/// # Errors
///
/// What a second timer at the same time does.
pub fn idle(cluster: &Cluster) -> Result<(), Breach> {
    let now = cluster.state().now();
    let mut copy = cluster.clone();
    copy.handle_timeout(now);
    let rest = core::iter::from_fn(|| copy.poll_output()).next();
    let due = cluster.poll_timeout().filter(|deadline| deadline.at <= now);
    // What a change of timeouts has brought into the past is done by the first timer.
    if due.is_some() {
        copy.handle_timeout(now);
        let again = copy.poll_output();
        ensure!(L18, again.is_none(), "a second timer at {now} puts out {again:?}");
        return Ok(());
    }
    ensure!(L18, rest.is_none(), "a timer at {now}, where none is due, puts out {rest:?}");
    Ok(())
}

/// Whether a reason stays though nothing fails any more: an operator has to change something.
#[must_use]
pub fn is_lasting(cluster: &Cluster, reason: Reason) -> bool {
    let settings = cluster.spec().settings();
    match reason {
        // Their words are those of operators.
        Reason::NotStartedAutomatically | Reason::ResourceHeldOffline { .. } => true,
        Reason::NoCandidate | Reason::OwnerNotPossible { .. } => true,
        Reason::NotAdmitted { .. } => true,
        Reason::Failed { resource, cause, retry_at } => {
            let declared = cluster.spec().resource(resource);
            let never = declared.is_some_and(|of| of.settings().retry_period == Interval::Never);
            match cause {
                Exhaustion::DontRestart | Exhaustion::Retries => retry_at.is_none(),
                Exhaustion::Admission | Exhaustion::NoCandidate => true,
                Exhaustion::Restarts | Exhaustion::Redundant | Exhaustion::Failovers => {
                    never
                        || retry_at.is_none()
                            && (settings.retry == Retry::FinalAttempt
                                || settings.retry_cycles.is_some())
                }
            }
        }
        Reason::InDoubt { .. } | Reason::WaitingForNodeOff { .. } => {
            settings.fencing == Fencing::Operator
        }
        // Until the node comes back or an operator has seen that it is off.
        Reason::OrphanRunning { node, .. } => {
            settings.fencing == Fencing::Operator
                && cluster.state().node_state(node) == NodeState::Unclean
        }
        // A resource of the group waits for one that has such a reason itself.
        Reason::WaitingForResource { on, .. } => {
            let record = cluster.state().resource(on);
            record.is_some_and(|of| {
                matches!(of.recovery(), Recovery::RetryAt { .. }) || cannot_run(cluster, on)
            })
        }
        _ => false,
    }
}

fn cannot_run(cluster: &Cluster, resource: ResourceId) -> bool {
    cluster.spec().resource(resource).is_some_and(|of| {
        cluster.state().owner(of.group()).is_some_and(|node| !of.can_run_on(node))
    })
}
