//! Rules about the state of a cluster: online, at rest, or stuck.

use super::bounds::{Outside, time_to_online};
use super::journal::{Journal, Spark};
use crate::audit::{is_lasting, is_missing};
use crate::{Breach, ensure};
use quorate::cluster::{DeadlineReason, Output, Reason};
use quorate::machine::NodeState;
use quorate::spec::GroupSpec;
use quorate::state::{MovementCause, NoRestartCause, OperationKind};
use quorate::{Cluster, GroupId, Timestamp};

/// Checks that every group whose time is over is online, has a reason that time does not end, or is
/// on its way to a better owner (L1). When the group has arrived there, its time begins anew.
/// Groups of lower priority wait for those above them only as long as those may take (L13).
///
/// Assumes that there has been no fault since `healed_at`, that the nodes that are to come back
/// have come back, that all operations were answered, and that timers went off.
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
        let begun_at = last_return(cluster, declared).map_or(healed_at, |at| healed_at.max(at));
        let due = begun_at.after(time);
        let Some(reason) = cluster.why(group).filter(|_| now >= due) else { continue };
        let is_settled = is_lasting(cluster, reason) || is_returning(cluster, group);
        if is_settled || waits_for_failovers(reason, now) {
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

/// Returns when a group of this priority or a higher one last failed back. It was stopped for that
/// and starts anew, and others wait for it once more.
fn last_return(cluster: &Cluster, declared: &GroupSpec) -> Option<Timestamp> {
    let priority = declared.settings().priority;
    let groups = cluster.spec().groups().filter(|(_, of)| of.settings().priority >= priority);
    groups.filter_map(|(group, _)| cluster.state().group(group)?.last_failback()).max()
}

/// Tells whether a group waits for the time at which it may fail over again. The number of allowed
/// failovers is counted when the group is given up: nodes that come up later do not bring that time
/// forward.
fn waits_for_failovers(reason: Reason, now: Timestamp) -> bool {
    matches!(
        reason,
        Reason::Failed { cause: NoRestartCause::Failovers, retry_at: Some(at), .. } if now < at
    )
}

fn is_returning(cluster: &Cluster, group: GroupId) -> bool {
    let movement = cluster.state().group(group).and_then(|record| record.movement());
    movement.is_some_and(|movement| movement.cause == MovementCause::Failback)
}

/// Checks that no operation is outstanding, and that every group is in its desired state or has a
/// reason that time does not end (L1, L2). Assumes what [`online_in_time`] assumes, and that the
/// time of all groups is over.
///
/// # Errors
///
/// An operation that is outstanding, or a group that is not online.
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

/// Checks that since `at` only health checks and probes were issued, unless something happened
/// outside or a timer with an announced reason went off (L2). Assumes that all answers were good.
///
/// # Errors
///
/// The first operation without a cause.
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

fn is_look(action: OperationKind) -> bool {
    match action {
        OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Probe
        | OperationKind::Inventory => true,
        OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Terminate
        | OperationKind::Fence => false,
        other => unimplemented!("{other:?}"),
    }
}

/// Checks that no operation is older than its deadline (L4). Assumes that timers went off.
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

/// Checks that the wanted groups of a node that has to be off wait for it, and that no other group
/// waits for that node or for a group that waits for it (L16).
///
/// # Errors
///
/// The first group that waits and need not, or does not wait and has to.
pub fn fences_block_only_theirs(cluster: &Cluster) -> Result<(), Breach> {
    only_theirs_wait(cluster, |group| cluster.why(group))
}

/// Does the work of [`fences_block_only_theirs`], with reasons from the caller.
fn only_theirs_wait(
    cluster: &Cluster,
    why: impl Fn(GroupId) -> Option<Reason>,
) -> Result<(), Breach> {
    let state = cluster.state();
    let fence_of = |group| match why(group) {
        Some(Reason::WaitingForNodeOff { node, .. }) => Some(node),
        _ => None,
    };
    for (group, _) in cluster.spec().groups() {
        let lost = state.owner(group).filter(|node| state.node_state(*node) == NodeState::Unclean);
        let (reason, waits_for) = (why(group), fence_of(group));
        let is_wanted = is_missing(cluster, group) && state.is_quorate();
        let orphaned = matches!(reason, Some(Reason::OrphanRunning { .. }));
        let asked = reason != Some(Reason::NotStartedAutomatically);
        let expected = lost.filter(|_| is_wanted && !orphaned && asked);
        ensure!(L16, waits_for == expected, "{group} waits for {waits_for:?}, not {expected:?}");
        if let Some(Reason::WaitingForPriority { group: ahead, .. }) = reason {
            let fence = fence_of(ahead);
            ensure!(
                L16,
                fence.is_none(),
                "{group} waits behind {ahead}, which waits for {fence:?}"
            );
        }
    }
    Ok(())
}

/// Checks that a timer that went off has done all there was to do at that moment (L18). This is
/// tried on a copy of the cluster. Assumes that the outputs of the cluster were drained.
///
/// # Errors
///
/// The outputs of a second timer at an equal time.
pub fn idle(cluster: &Cluster) -> Result<(), Breach> {
    let now = cluster.state().now();
    let mut copy = cluster.clone();
    let mut ring = || {
        copy.handle_timeout(now);
        core::iter::from_fn(|| copy.poll_output()).collect::<Vec<_>>()
    };
    let is_due = cluster.poll_timeout().is_some_and(|deadline| deadline.at <= now);
    if is_due {
        ring();
    }
    let again = ring();
    ensure!(L18, again.is_empty(), "a timer at {now} with nothing left to do puts out {again:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Invariant;
    use quorate::cluster::Life;
    use quorate::policy::FirstPreferred;
    use quorate::settings::Fencing;
    use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
    use quorate::{Incarnation, Input, NodeId};

    const A: NodeId = NodeId::new(0);
    const B: NodeId = NodeId::new(1);
    const SQL: GroupId = GroupId::new(0);
    const WEB: GroupId = GroupId::new(1);

    /// Returns a cluster with one group on the lost node, which cannot be fenced, and the other
    /// group elsewhere.
    fn lost() -> Cluster {
        let group = |name: &str, node: &str| {
            let resource = ResourceDeclaration::new(format!("{name} service"), "Generic Service");
            GroupDeclaration::new(name).preferred_owners([node]).resource(resource)
        };
        let declaration = ClusterDeclaration::new("test").node("a").node("b").node("c");
        let declaration = declaration.group(group("sql", "a")).group(group("web", "b"));
        let spec = declaration.fencing(Fencing::Required).build().expect("a valid declaration");
        let mut cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
        let mut inputs: Vec<Input> = (0..3)
            .map(|node| {
                let (node, incarnation) = (NodeId::new(node), Incarnation::new(1));
                Input::node_joined(node, incarnation, Vec::new())
            })
            .collect();
        inputs.push(Input::node_lost(A, Life::Known));
        for input in inputs {
            cluster.handle(Timestamp::from_millis(1_000), input).expect("it is accepted");
        }
        assert_eq!((cluster.state().owner(SQL), cluster.state().owner(WEB)), (Some(A), Some(B)));
        cluster
    }

    /// A cluster gives only reasons that match its own state, so these reasons are forged.
    #[test]
    fn who_waits_for_a_fence_of_others_is_named() {
        let cluster = lost();
        let fence = |node| {
            let (fencing, at) = (Fencing::Required, None);
            Some(Reason::WaitingForNodeOff { node, fencing, at })
        };
        let behind = |group| Some(Reason::WaitingForPriority { group, until: Timestamp::ZERO });
        let judge = |sql: Option<Reason>, web: Option<Reason>| {
            let verdict = only_theirs_wait(&cluster, |of| if of == SQL { sql } else { web });
            verdict.err().and_then(|breach| breach.invariant)
        };
        assert_eq!(fences_block_only_theirs(&cluster), Ok(()), "as it is");
        assert_eq!(judge(fence(A), None), None, "what it owned waits");
        assert_eq!(judge(fence(A), fence(A)), Some(Invariant::L16), "another one waits as well");
        assert_eq!(judge(fence(B), None), Some(Invariant::L16), "for a node that is not lost");
        assert_eq!(judge(Some(Reason::NoCandidate), None), Some(Invariant::L16), "it is to wait");
        assert_eq!(judge(fence(A), behind(SQL)), Some(Invariant::L16), "behind one that waits");
    }
}
