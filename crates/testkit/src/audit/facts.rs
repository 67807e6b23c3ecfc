//! Small facts about a cluster, from its outputs, that several rules need.

use std::time::Duration;

use quorate::machine::{NodeState, ResourceState};
use quorate::settings::DesiredState;
use quorate::state::GroupRecord;
use quorate::{GroupId, Input, NodeId, ResourceId, Timestamp};

use super::Moment;
use crate::audit::seen::Seen;

/// Returns the resources whose groups a node owns.
pub(super) fn resources_on(seen: &Seen, node: NodeId) -> Vec<ResourceId> {
    let on_node = |id: ResourceId| seen.group(seen.group_of(id)).owner == Some(node);
    seen.spec.resources().map(|(id, _)| id).filter(|id| on_node(*id)).collect()
}

/// Returns the resources of a group.
pub(super) fn members(seen: &Seen, group: GroupId) -> impl Iterator<Item = ResourceId> + use<> {
    let declared = seen.spec.group(group).expect("a declared group");
    declared.resources().collect::<Vec<_>>().into_iter()
}

/// Returns a resource and all resources that it needs, directly or through others.
pub(super) fn with_providers(seen: &Seen, resource: ResourceId) -> Vec<ResourceId> {
    let declared = seen.spec.group(seen.group_of(resource)).expect("a declared group");
    let position = declared.position_of(resource).expect("a member");
    let is_needed = |member: &ResourceId| {
        let at = declared.position_of(*member).expect("a member");
        at == position || declared.graph().depends_on(position, at)
    };
    declared.resources().filter(is_needed).collect()
}

/// Returns the record of a group before this step.
pub(super) fn named_record<'a>(
    seen: &Seen,
    moment: &'a Moment<'_>,
    group: GroupId,
) -> Option<&'a GroupRecord> {
    let name = seen.spec.group(group)?.name();
    let before = moment.before.spec().group_id(name)?;
    moment.before.state().group(before)
}

/// Tells whether the owner of a group is paused.
pub(super) fn is_held(seen: &Seen, group: GroupId) -> bool {
    seen.group(group).owner.is_some_and(|owner| seen.node(owner).state == NodeState::Paused)
}

/// Tells whether the owner of a group is barred because this resource can never run there.
pub(super) fn bars_owner(seen: &Seen, resource: ResourceId) -> bool {
    let group = seen.group(seen.group_of(resource));
    group.barred.iter().any(|(node, unfit)| Some(*node) == group.owner && *unfit == resource)
}

/// Returns how many of these times are within the period.
pub(super) fn in_window(log: &[Timestamp], now: Timestamp, period: Duration) -> usize {
    log.iter().filter(|at| now.since(**at) <= period).count()
}

/// Returns how often a group may fail over now, and within which period.
pub(super) fn failovers_allowed(seen: &Seen, group: GroupId) -> (u32, Duration) {
    let up = seen.nodes.iter().filter(|node| node.state == NodeState::Up).count();
    let settings = seen.spec.group(group).expect("a declared group").settings();
    let default = u32::try_from(up.saturating_sub(1)).unwrap_or(u32::MAX);
    (settings.failover_threshold.unwrap_or(default), settings.failover_period)
}

/// Tells whether one more failover of a group would be within its budget.
pub(super) fn may_fail_over(seen: &Seen, group: GroupId, now: Timestamp) -> bool {
    let (threshold, period) = failovers_allowed(seen, group);
    let used = in_window(&seen.group(group).failovers, now, period);
    used < usize::try_from(threshold).unwrap_or(usize::MAX)
}

/// Tells whether a resource that is about to be terminated or to be in doubt has just failed, while
/// it was wanted.
pub(super) fn is_failure(
    seen: &Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    from: ResourceState,
) -> bool {
    use ResourceState as State;
    match from {
        State::Online | State::OnlinePending => {
            seen.wanted(resource) == DesiredState::Online && !is_lost(seen, moment, resource)
        }
        State::Initializing
        | State::Offline
        | State::OfflinePending
        | State::Terminating
        | State::Failed
        | State::InDoubt => false,
    }
}

/// Tells whether a resource is in doubt because its node is lost, or because its agents were
/// restarted during its start. Neither is a failure of the resource.
fn is_lost(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let owner = seen.group(seen.group_of(resource)).owner;
    let is_starting = seen.resource(resource).state == ResourceState::OnlinePending;
    match moment.input() {
        Some(Input::NodeLost { node, .. }) => owner == Some(*node),
        // An answer to an inventory request disturbs nothing.
        Some(Input::NodeInventory { node, operation: None, .. }) => {
            is_starting && owner == Some(*node)
        }
        _ => false,
    }
}
