//! Every wait ends.

use std::collections::BTreeSet;

use quorate::cluster::{Effect, Reason};
use quorate::machine::{NodeState, ResourceState};
use quorate::plan::CandidateVerdict;
use quorate::policy::Trigger;
use quorate::settings::{Fencing, Interval, Retry};
use quorate::spec::GroupSpec;
use quorate::state::{NoRestartCause, OperationKind, Recovery};
use quorate::{Cluster, GroupId, NodeId, ResourceId, Timestamp};

use super::left;
use crate::{Breach, ensure};

/// Checks that every group that is not at its end goes on by itself, or has a reason that only an
/// operator or an event outside can end, and that no groups wait for each other in a circle (L5).
///
/// # Errors
///
/// The group that is stuck.
pub fn not_stuck(cluster: &Cluster) -> Result<(), Breach> {
    for (group, _) in cluster.spec().groups() {
        let Some(reason) = cluster.why(group) else { continue };
        let goes_on = is_lasting(cluster, reason) || goes_on(cluster, group, reason);
        ensure!(L5, goes_on, "{group} waits for ever: {reason}");
        in_no_circle(group, |at| waits_for(cluster, at))?;
    }
    Ok(())
}

/// Tells whether an operation, a timer or another group will end a reason.
fn goes_on(cluster: &Cluster, group: GroupId, reason: Reason) -> bool {
    let state = cluster.state();
    let timer = cluster.poll_timeout().map(|deadline| deadline.at);
    let is_timed = |at: Timestamp| timer.is_some_and(|timer| timer <= at);
    let is_asked = |of: &dyn Fn(&Effect) -> bool| cluster.outstanding().any(|effect| of(&effect));
    let of = |resource| move |effect: &Effect| effect.resource == Some(resource);
    let of_group = |effect: &Effect| {
        let resource = effect.resource.and_then(|id| cluster.spec().resource(id));
        resource.is_some_and(|resource| resource.group() == group)
    };
    match reason {
        // Nodes, witnesses, room and operators come from outside; so do other groups.
        Reason::NoQuorum
        | Reason::NoCandidate
        | Reason::NotAdmitted { .. }
        | Reason::NotStartedAutomatically
        | Reason::OwnerNotPossible { .. }
        | Reason::ResourceHeldOffline { .. }
        | Reason::WaitingForPriority { .. } => true,
        Reason::OwnerPaused { node } => may_stay_paused(cluster, group, node),
        Reason::WaitingForPreferredOwner { until: at, .. } | Reason::StartDelayed { until: at } => {
            is_timed(at)
        }
        // A resource that is still being terminated goes on when that ends, however late that is.
        Reason::RestartScheduled { resource, at } => is_timed(at) || is_asked(&of(resource)),
        // So does a resource that is terminated only after its dependents.
        Reason::Failed { resource, retry_at, .. } => retry_at.is_some_and(|at| {
            let is_held_up = state.resource_state(resource).may_run() && is_asked(&of_group);
            is_timed(at) || is_asked(&of(resource)) || is_held_up
        }),
        Reason::WaitingForNodeOff { node, fencing, at } => match fencing {
            Fencing::Operator | Fencing::Trusted => true,
            Fencing::Required | Fencing::Lease { .. } => {
                at.is_some_and(is_timed)
                    || is_asked(&|effect| {
                        effect.action == OperationKind::Fence && effect.node == node
                    })
            }
        },
        Reason::WaitingForInventory { node, .. } => will_be_heard(cluster, node),
        // A node has joined when its orphans are stopped; a lost node has to be off.
        Reason::OwnerJoining { node } | Reason::OrphanRunning { node, .. } => {
            state.node_state(node) == NodeState::Unclean
                || is_asked(&|effect| effect.node == node)
                || timer.is_some()
                || is_never_probed(cluster)
        }
        Reason::InDoubt { node, .. } => {
            is_asked(&|effect| effect.node == node) || timer.is_some() || is_never_probed(cluster)
        }
        Reason::Moving { .. } | Reason::InProgress { .. } => {
            let is_looked_into = timer.is_some() || is_never_probed(cluster);
            is_asked(&of_group) || has_doubt(cluster, group) && is_looked_into
        }
        Reason::WaitingForResource { on, .. } => {
            let record = state.resource(on);
            is_asked(&of_group)
                || record.is_some_and(|record| match record.recovery() {
                    Recovery::RestartAt(at) => is_timed(at),
                    Recovery::RetryAt { at, .. } => at.is_some_and(is_timed),
                    Recovery::Failover | Recovery::None => false,
                })
        }
        _ => false,
    }
}

/// Tells whether a group may wait for its paused owner. A pause holds a group only until another
/// node could take it if it runs nowhere, or if it failed and wants to leave: that node is used at
/// once.
fn may_stay_paused(cluster: &Cluster, group: GroupId, node: NodeId) -> bool {
    let state = cluster.state();
    let may_stay = if state.may_run(cluster.spec(), group) {
        !wants_to_leave(cluster, group) || !may_fail_over(cluster, group)
    } else {
        !has_other_node(cluster, group, node)
    };
    // A resource that is left for an operator does not leave by itself either.
    let may_stay = may_stay || left::has_left(cluster, group);
    state.node_state(node) == NodeState::Paused && may_stay
}

/// Tells whether a node will say what it runs, or need not any more. A member is asked. A lost node
/// is fenced, its lease ends, or a report about it comes from outside.
fn will_be_heard(cluster: &Cluster, node: NodeId) -> bool {
    match cluster.state().node_state(node) {
        NodeState::Unclean => match cluster.spec().settings().fencing {
            Fencing::Operator | Fencing::Trusted => true,
            Fencing::Required | Fencing::Lease { .. } => cluster.poll_timeout().is_some(),
        },
        NodeState::Joining | NodeState::Up | NodeState::Paused => {
            let mut outstanding = cluster.outstanding();
            outstanding.any(|of| of.action == OperationKind::Inventory && of.node == node)
        }
        NodeState::Down => false,
    }
}

/// Tells whether a node other than the owner could run the whole group, as more than a last resort.
fn has_other_node(cluster: &Cluster, group: GroupId, owner: NodeId) -> bool {
    let Some(explanation) = cluster.explain(group, Trigger::Start) else { return false };
    let candidates = &explanation.candidates;
    // The nodes behind the chosen one are as good as it is, or as bad.
    let is_good = candidates
        .iter()
        .any(|candidate| matches!(candidate.verdict, CandidateVerdict::Chosen { drawback: None }));
    is_good
        && candidates.iter().any(|candidate| {
            candidate.node != owner
                && match candidate.verdict {
                    CandidateVerdict::Chosen { .. } | CandidateVerdict::Behind { .. } => true,
                    CandidateVerdict::LastResort(_) | CandidateVerdict::Rejected(_) => false,
                }
        })
}

/// Tells whether a resource of a group failed and would have moved the group if another node had
/// taken it.
fn wants_to_leave(cluster: &Cluster, group: GroupId) -> bool {
    let mut resources = cluster.spec().group(group).into_iter().flat_map(GroupSpec::resources);
    resources.any(|id| {
        let recovery = cluster.state().resource(id).map(|record| record.recovery());
        matches!(recovery, Some(Recovery::RetryAt { cause: NoRestartCause::NoCandidate, .. }))
    })
}

/// Tells whether another node would take a group because of a failed resource: no group of its
/// class may keep it from coming online there, and its failovers may not be used up.
fn may_fail_over(cluster: &Cluster, group: GroupId) -> bool {
    let now = cluster.state().now();
    let has_budget = cluster.failover_budget(group, now).is_some_and(|budget| budget.remaining > 0);
    let explanation = cluster.explain(group, Trigger::ResourceFailure);
    has_budget && explanation.is_some_and(|told| told.chosen.is_some())
}

/// Tells whether doubt is left to operators and to events outside.
fn is_never_probed(cluster: &Cluster) -> bool {
    cluster.spec().settings().probe_interval == Interval::Never
}

fn has_doubt(cluster: &Cluster, group: GroupId) -> bool {
    let declared = cluster.spec().group(group);
    declared.is_some_and(|declared| {
        let mut states = declared.resources().map(|id| cluster.state().resource_state(id));
        states.any(|state| state == ResourceState::InDoubt)
    })
}

/// Returns the group that a group waits for.
fn waits_for(cluster: &Cluster, group: GroupId) -> Option<GroupId> {
    match cluster.why(group)? {
        Reason::WaitingForPriority { group: ahead, .. } => Some(ahead),
        Reason::NotAdmitted { because_of, .. } => Some(because_of),
        _ => None,
    }
}

/// Checks that the groups do not wait in a circle, from one group to the group that it waits for.
fn in_no_circle(
    group: GroupId,
    waits_for: impl Fn(GroupId) -> Option<GroupId>,
) -> Result<(), Breach> {
    let mut seen = BTreeSet::from([group]);
    let mut at = group;
    while let Some(next) = waits_for(at) {
        ensure!(L5, seen.insert(next), "{group} waits for {next}, which waits for itself");
        at = next;
    }
    Ok(())
}

/// Tells whether a reason stays although nothing fails any more, so that an operator has to change
/// something.
#[must_use]
pub fn is_lasting(cluster: &Cluster, reason: Reason) -> bool {
    let settings = cluster.spec().settings();
    match reason {
        // Operators decided these.
        Reason::NotStartedAutomatically | Reason::ResourceHeldOffline { .. } => true,
        Reason::NoCandidate | Reason::OwnerNotPossible { .. } => true,
        Reason::NotAdmitted { .. } => true,
        Reason::Failed { resource, cause, retry_at } => {
            let declared = cluster.spec().resource(resource);
            let never = declared.is_some_and(|of| of.settings().retry_period == Interval::Never);
            match cause {
                NoRestartCause::DontRestart | NoRestartCause::Retries => retry_at.is_none(),
                NoRestartCause::Admission
                | NoRestartCause::NoCandidate
                | NoRestartCause::ForGood
                | NoRestartCause::Left => true,
                // The node is barred for the resource, and the group may not leave yet.
                NoRestartCause::Failovers if bars_owner(cluster, resource) => true,
                NoRestartCause::Restarts
                | NoRestartCause::Redundant
                | NoRestartCause::Failovers => {
                    never
                        || retry_at.is_none()
                            && (settings.retry == Retry::FinalAttempt
                                || settings.retry_cycles.is_some())
                }
            }
        }
        Reason::InDoubt { .. } => settings.fencing == Fencing::Operator || is_never_probed(cluster),
        Reason::WaitingForNodeOff { .. } => settings.fencing == Fencing::Operator,
        Reason::WaitingForInventory { node, .. } => {
            settings.fencing == Fencing::Operator
                && cluster.state().node_state(node) == NodeState::Unclean
        }
        Reason::OwnerJoining { .. } => is_never_probed(cluster),
        // Lasts until the node comes back or an operator has confirmed that it is off.
        Reason::OrphanRunning { node, .. } => {
            is_never_probed(cluster)
                || settings.fencing == Fencing::Operator
                    && cluster.state().node_state(node) == NodeState::Unclean
        }
        // A resource of the group waits for another one that has such a reason itself.
        Reason::WaitingForResource { on, .. } => {
            let record = cluster.state().resource(on);
            record.is_some_and(|of| {
                matches!(of.recovery(), Recovery::RetryAt { .. }) || cannot_run(cluster, on)
            })
        }
        _ => false,
    }
}

/// Tells whether the owner of the group of a resource is barred because of this resource.
fn bars_owner(cluster: &Cluster, resource: ResourceId) -> bool {
    let group = cluster.spec().resource(resource).map(quorate::spec::ResourceSpec::group);
    let entry = group.and_then(|group| {
        let owner = cluster.state().owner(group)?;
        cluster.state().failed_on(group, owner)
    });
    entry.is_some_and(|entry| entry.for_good == Some(resource))
}

fn cannot_run(cluster: &Cluster, resource: ResourceId) -> bool {
    cluster.spec().resource(resource).is_some_and(|of| {
        cluster.state().owner(of.group()).is_some_and(|node| !of.can_run_on(node))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Invariant;
    use quorate::cluster::{Command, Life};
    use quorate::policy::FirstPreferred;
    use quorate::settings::Priority;
    use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
    use quorate::{Incarnation, Input};

    #[test]
    fn circles_are_found() {
        let judge = |next: fn(GroupId) -> Option<GroupId>| {
            let verdict = in_no_circle(GroupId::new(0), next);
            verdict.err().and_then(|breach| breach.invariant)
        };
        assert_eq!(judge(|at| (at.index() < 5).then(|| GroupId::from_index(at.index() + 1))), None);
        let circle = judge(|at| Some(GroupId::from_index((at.index() + 1) % 3)));
        assert_eq!(circle, Some(Invariant::L5));
    }

    /// A paused owner is a reason to wait only for a group that runs there or has nowhere to go.
    #[test]
    fn a_pause_holds_only_what_cannot_leave() {
        let resource = ResourceDeclaration::new("db", "Generic Service");
        let group = GroupDeclaration::new("sql").preferred_owners(["a"]).resource(resource);
        let group = GroupDeclaration { priority: Some(Priority::NO_AUTO_START), ..group };
        let declaration = ClusterDeclaration::new("test").node("a").node("b").group(group);
        let spec = declaration.fencing(Fencing::Trusted).build().expect("a valid declaration");
        let mut cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
        let (a, b, sql) = (NodeId::new(0), NodeId::new(1), GroupId::new(0));
        let mut tell = |input: Input| {
            cluster.handle(Timestamp::from_millis(1_000), input).expect("it is accepted");
            cluster.clone()
        };
        let joined = |node| {
            let incarnation = Incarnation::new(1);
            Input::node_joined(node, incarnation, Vec::new())
        };
        tell(joined(a));
        let up = tell(joined(b));
        let paused = tell(Input::Command(Command::pause_node(a)));
        let nowhere = tell(Input::node_left(b, Life::Known));
        let waits = Reason::OwnerPaused { node: a };
        assert!(!goes_on(&up, sql, waits), "its owner is not paused");
        assert!(!goes_on(&paused, sql, waits), "another node could take it");
        assert!(goes_on(&nowhere, sql, waits), "there is no other node");
    }
}
