//! Reasons why a group is not online.

use quorate::cluster::{Event, Output, Reason};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{DesiredState, Fencing, Priority, RestartAction, Retry};
use quorate::state::{NoRestartCause, OperationKind, Recovery, Room, Vouched};
use quorate::{Cluster, GroupId, NodeId, ResourceId, Timestamp};

use super::Moment;
use crate::audit::seen::{Seen, same_resource};
use crate::audit::spelling;
use crate::{Breach, ensure};

/// The reason why each group is not online.
pub(super) type Reasons = Vec<(GroupId, Option<Reason>)>;

/// Asks for the reason of every group, once for all rules about reasons.
pub(super) fn of(cluster: &Cluster) -> Reasons {
    cluster.spec().groups().map(|(group, _)| (group, cluster.why(group))).collect()
}

/// Checks that a group has a reason exactly when one of its resources is wanted and not online, and
/// that the reason is true.
pub(super) fn check(cluster: &Cluster, reasons: &Reasons) -> Result<(), Breach> {
    for (group, reason) in reasons.iter().copied() {
        let is_missing = is_missing(cluster, group);
        ensure!(S34, reason.is_some() == is_missing, "{group}: {reason:?}, missing: {is_missing}");
        if let Some(reason) = reason {
            let is_unquorate = !cluster.state().is_quorate();
            ensure!(
                S34,
                is_unquorate == (reason == Reason::NoQuorum),
                "{group}: {reason:?}, without quorum: {is_unquorate}"
            );
            ensure!(S34, is_true(cluster, group, reason), "{group}: {reason:?} is not so");
        }
    }
    Ok(())
}

/// Checks that a group that waits because no node can own it was reported since it last had a place
/// and the cluster had quorum.
pub(super) fn homeless_are_told(
    seen: &mut Seen,
    cluster: &Cluster,
    reasons: &Reasons,
) -> Result<(), Breach> {
    let state = cluster.state();
    for (group, reason) in reasons.iter().copied() {
        let waits = reason == Some(Reason::NoCandidate);
        let has_place = state.group(group).is_some_and(|record| {
            let owner = record.owner().map(|owner| state.node_state(owner));
            matches!(owner, Some(NodeState::Up | NodeState::Paused)) && record.room() == Room::Taken
        });
        let of = &mut seen.groups[group.index()];
        ensure!(S34, !waits || of.is_told_homeless, "no node can own {group}, and it is not told");
        of.is_told_homeless &= !has_place && state.is_quorate();
    }
    Ok(())
}

/// Checks that a group that had a node or ran since the cluster formed no longer waits for its
/// preferred owner.
pub(super) fn home_is_awaited_once(seen: &Seen, reasons: &Reasons) -> Result<(), Breach> {
    for (group, reason) in reasons.iter().copied() {
        let waits = matches!(reason, Some(Reason::WaitingForPreferredOwner { .. }));
        let is_settled = seen.group(group).is_settled;
        ensure!(S34, !waits || !is_settled, "{group} had a node already, and waits for its home");
    }
    Ok(())
}

/// Checks that a group that has started since it came up does not wait for others, so that a
/// restart that is due is not held up. A group that left its node in good order or because of its
/// own failure does not wait either: it was stopped only to start elsewhere.
pub(super) fn turns_end(seen: &Seen, reasons: &Reasons) -> Result<(), Breach> {
    for (group, reason) in reasons.iter().copied() {
        let waits =
            matches!(reason, Some(Reason::WaitingForPriority { .. } | Reason::StartDelayed { .. }));
        let has_begun = seen.group(group).has_begun;
        ensure!(
            L13,
            !waits || !has_begun,
            "{group} was started already, or moved, and waits for others"
        );
    }
    Ok(())
}

/// Checks that a resource that was given up for lack of restarts or failovers is not reported to
/// lack them under the next configuration, if that allows more of them. A node that comes up allows
/// more failovers.
pub(super) fn raised_budgets_count(
    moment: &Moment<'_>,
    cluster: &Cluster,
    outputs: &[Output],
) -> Result<(), Breach> {
    let comes_up = |output: &Output| {
        matches!(output, Output::Event(Event::NodeChanged { to: NodeState::Up, .. }))
    };
    let is_reconfiguration = moment.is_reconfiguration();
    if !is_reconfiguration && !outputs.iter().any(comes_up) {
        return Ok(());
    }
    let before = &moment.before;
    for (old, _) in before.spec().resources() {
        let Some(new) = same_resource(before.spec(), cluster.spec(), old) else { continue };
        let (Some(was), Some(is)) =
            (exhausted(before, old, moment.now), exhausted(cluster, new, moment.now))
        else {
            continue;
        };
        let is_the_same =
            was.cause == is.cause && (is_reconfiguration || is.cause == NoRestartCause::Failovers);
        ensure!(
            S34,
            !is_the_same || was.may_go_on || !is.may_go_on,
            "{new} is {}, and may go on",
            is.cause
        );
    }
    Ok(())
}

/// The cause for which a resource was given up, and a flag that tells whether its lack is over.
struct Exhausted {
    cause: NoRestartCause,
    may_go_on: bool,
}

fn exhausted(cluster: &Cluster, resource: ResourceId, now: Timestamp) -> Option<Exhausted> {
    let record = cluster.state().resource(resource)?;
    let declared = cluster.spec().resource(resource)?;
    let Recovery::RetryAt { cause, .. } = record.recovery() else { return None };
    let is_last = cluster.spec().settings().retry == Retry::FinalAttempt && record.retries() > 0;
    let owner = cluster.state().owner(declared.group())?;
    let is_up = cluster.state().node_state(owner) != NodeState::Paused;
    let is_restarted = declared.settings().restart_action != RestartAction::DontRestart;
    let may_go_on = match cause {
        NoRestartCause::DontRestart => is_restarted,
        NoRestartCause::Restarts | NoRestartCause::Redundant => {
            let left = cluster.restart_budget(resource, now).is_some_and(|of| of.remaining > 0);
            left && is_restarted && is_up && !is_last
        }
        NoRestartCause::Failovers => {
            cluster.failover_budget(declared.group(), now).is_some_and(|of| of.remaining > 0)
        }
        NoRestartCause::NoCandidate
        | NoRestartCause::Admission
        | NoRestartCause::ForGood
        | NoRestartCause::Left
        | NoRestartCause::Retries => false,
    };
    Some(Exhausted { cause, may_go_on })
}

/// Tells whether any resource of a group is wanted and not online.
pub(crate) fn is_missing(cluster: &Cluster, group: GroupId) -> bool {
    let (spec, state) = (cluster.spec(), cluster.state());
    let declared = spec.group(group).expect("a declared group");
    let of_group = state.group(group).expect("a record").desired();
    declared.resources().any(|id| {
        let record = state.resource(id).expect("a record");
        record.desired().unwrap_or(of_group) == DesiredState::Online
            && record.state() != ResourceState::Online
    })
}

/// Tells whether a reason is true of a group.
pub(super) fn is_true(cluster: &Cluster, group: GroupId, reason: Reason) -> bool {
    let state = cluster.state();
    let record = state.group(group).expect("a record");
    let owner = record.owner();
    let now = state.now();
    match reason {
        Reason::NoQuorum => !state.is_quorate(),
        Reason::WaitingForNodeOff { node, fencing, at } => {
            owner == Some(node) && waits_for_off(cluster, node, fencing, at)
        }
        Reason::NotAdmitted { node, because_of } => {
            owner == Some(node)
                && state.owner(because_of) == Some(node)
                && state.may_run(cluster.spec(), because_of)
                && share_a_class(cluster, group, because_of)
        }
        Reason::NotStartedAutomatically => {
            priority(cluster, group) == Some(Priority::NO_AUTO_START)
        }
        Reason::WaitingForPreferredOwner { node, until } => {
            // A node that is joining cannot run anything yet.
            let is_there = matches!(state.node_state(node), NodeState::Up | NodeState::Paused);
            until > now && !is_there
        }
        Reason::NoCandidate => {
            // The group is off on its owner, which has no room for it any more.
            let waits = record.room() == Room::Left && !state.may_run(cluster.spec(), group);
            owner.is_none_or(|node| state.node_state(node) == NodeState::Down) || waits
        }
        Reason::OwnerJoining { node } => {
            owner == Some(node) && state.node_state(node) == NodeState::Joining
        }
        Reason::OwnerPaused { node } => {
            owner == Some(node) && state.node_state(node) == NodeState::Paused
        }
        Reason::WaitingForPriority { group: ahead, until } => {
            until > now
                && priority(cluster, ahead) > priority(cluster, group)
                && !is_given_up(cluster, ahead)
        }
        Reason::StartDelayed { until } => until > now,
        Reason::Moving { to } => record.movement().is_some_and(|movement| movement.to == to),
        of_resource => is_true_of_resource(cluster, group, of_resource),
    }
}

/// Tells whether a reason that names a resource is true of a group.
fn is_true_of_resource(cluster: &Cluster, group: GroupId, reason: Reason) -> bool {
    let state = cluster.state();
    let record = state.group(group).expect("a record");
    let owner = record.owner();
    let is_mine = |resource: ResourceId| {
        cluster.spec().resource(resource).is_some_and(|of| of.group() == group)
    };
    let recovery = |resource| state.resource(resource).map(|of| of.recovery());
    let is_paused = |node| state.node_state(node) == NodeState::Paused;
    match reason {
        Reason::OrphanRunning { resource, node } => {
            is_mine(resource) && state.orphans_on(node).any(|(orphan, _)| orphan == resource)
        }
        Reason::InDoubt { resource, node } => {
            owner == Some(node) && state.resource_state(resource) == ResourceState::InDoubt
        }
        Reason::WaitingForInventory { resource, node } => {
            let is_unheard =
                state.node(node).zip(state.resource(resource)).is_some_and(|(node, resource)| {
                    node.state() != NodeState::Down
                        && node.listed_in() < resource.declared_in()
                        && resource.vouched() == Vouched::No
                });
            is_mine(resource) && is_unheard
        }
        Reason::RestartScheduled { resource, at } => {
            is_mine(resource) && recovery(resource) == Some(Recovery::RestartAt(at))
        }
        Reason::Failed { resource, cause, retry_at } => {
            // A paused node starts nothing: only a resource that leaves it has a time.
            let is_kept = !owner.is_some_and(is_paused) || cause == NoRestartCause::Failovers;
            is_mine(resource)
                && (is_kept || retry_at.is_none())
                && recovery(resource) == Some(Recovery::RetryAt { at: retry_at, cause })
        }
        Reason::OwnerNotPossible { resource, node } => {
            owner == Some(node)
                && cluster.spec().resource(resource).is_some_and(|of| !of.can_run_on(node))
        }
        Reason::InProgress { resource } => is_mine(resource) && is_busy(cluster, resource),
        Reason::WaitingForResource { resource, on } => {
            is_mine(resource) && is_mine(on) && resource != on && is_busy(cluster, on)
        }
        Reason::ResourceHeldOffline { resource } => {
            let own = state.resource(resource).and_then(|of| of.desired());
            is_mine(resource) && own.unwrap_or(record.desired()) == DesiredState::Offline
        }
        // This judge has no rule for the reason.
        _ => false,
    }
}

/// Tells whether all resources of a group that should run and do not run wait for a retry or for an
/// operator. Such a group does not hold up other groups.
fn is_given_up(cluster: &Cluster, group: GroupId) -> bool {
    let state = cluster.state();
    let Some((record, declared)) = state.group(group).zip(cluster.spec().group(group)) else {
        return false;
    };
    let is_there = record.owner().is_some_and(|node| state.node_state(node) == NodeState::Up);
    let mut is_retried = false;
    for resource in declared.resources().filter_map(|id| state.resource(id)) {
        let is_wanted = resource.desired().unwrap_or(record.desired()) == DesiredState::Online;
        match (resource.state(), resource.recovery()) {
            (ResourceState::Online, Recovery::None) => {}
            (ResourceState::Failed, Recovery::RetryAt { .. }) => is_retried = true,
            (ResourceState::Offline, Recovery::None) if !is_wanted => {}
            _ => return false,
        }
    }
    is_there && is_retried && record.movement().is_none() && record.queued().is_none()
}

/// Tells whether a node still has to be proved off by this fencing, at a time that is not over.
fn waits_for_off(cluster: &Cluster, node: NodeId, fencing: Fencing, at: Option<Timestamp>) -> bool {
    let state = cluster.state();
    let is_lease = matches!(fencing, Fencing::Lease { .. });
    state.node_state(node) == NodeState::Unclean
        && fencing == cluster.spec().settings().fencing
        && (!is_lease || at.is_some_and(|at| at > state.now()))
}

/// Tells whether two groups have an anti-affinity class in common.
fn share_a_class(cluster: &Cluster, one: GroupId, other: GroupId) -> bool {
    let declared = |group| cluster.spec().group(group).expect("a declared group");
    spelling::share_a_class(cluster.spec(), declared(one), declared(other))
}

/// Tells whether a resource is being started, stopped or terminated.
fn is_busy(cluster: &Cluster, resource: ResourceId) -> bool {
    let operation = cluster.state().resource(resource).and_then(|record| record.operation());
    operation.is_some_and(|of| match of.kind {
        OperationKind::Start | OperationKind::Stop | OperationKind::Terminate => true,
        OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Probe
        | OperationKind::Fence
        | OperationKind::Inventory => false,
        other => unimplemented!("{other:?}"),
    })
}

fn priority(cluster: &Cluster, group: GroupId) -> Option<Priority> {
    cluster.spec().group(group).map(|declared| declared.settings().priority)
}
