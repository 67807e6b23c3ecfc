//! The node that a group would choose, and the reasons against other nodes.

use crate::cluster::view::{Facts, View};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::plan::{self, Choice, Rejection, Tier};
use crate::policy::{Kept, PlacementRequest, Trigger};
use crate::settings::{Admission, DesiredState, Ownership};
use crate::spec::{ClusterSpec, GroupSpec, NodeSet};
use crate::state::{ClusterState, DownProof, HomeWait, NoRestartCause, Recovery, Room};
use crate::time::Timestamp;

/// Tells whether something that became free on a node could help a group that awaits one. `up` are
/// the nodes that are up.
pub(crate) fn could_take(
    (spec, state): (&ClusterSpec, &ClusterState),
    group: GroupId,
    node: NodeId,
    up: &NodeSet,
) -> bool {
    let Some(declared) = spec.group(group) else { return false };
    let Some(record) = state.group(group) else { return false };
    // A queued move may go anywhere, and so may a group that no node can run completely.
    let is_anywhere =
        record.queued.is_some() || declared.owners().is_some_and(|owners| !owners.intersects(up));
    let destination = record.movement.and_then(|movement| movement.to);
    is_anywhere
        || record.owner == Some(node)
        || destination == Some(node)
        || state.obstacle(spec, group, node).is_none()
}

impl<'a> Facts<'a> {
    /// Returns the node for which a group waits when the cluster forms, and the time until which it
    /// waits (`ClusterGroupWaitDelay`). The node is the most preferred owner or, without one, the
    /// last owner. If that node is a member or there is none, and the group could only start in
    /// part, it is the first node that can run all that must run. A group that was started or
    /// placed since the cluster formed waits for no node.
    pub(crate) fn preferred_owner_wait(
        self,
        declared: &GroupSpec,
        group: GroupId,
    ) -> Option<(NodeId, Timestamp)> {
        let formed_at = self.state.formed_at?;
        let record = self.state.group(group)?;
        let is_over = record.home_wait == HomeWait::Over && !seeded!(HomeAwaitedAgain);
        let home = declared.preferred_owners().first().copied().or(record.default_owner);
        let until = formed_at.after(self.spec.settings().group_wait_delay);
        if is_over || until <= self.state.now {
            return None;
        }
        let missing = home.filter(|home| !self.state.node_state(*home).is_member());
        let awaited = missing.or_else(|| self.able_node_to_come(declared, group))?;
        Some((awaited, until))
    }

    /// Returns the first node that can run all that must run of a group. Returns `None` if a node
    /// that is there can do so, or if no part of the group could start now.
    fn able_node_to_come(self, declared: &GroupSpec, group: GroupId) -> Option<NodeId> {
        let owners = declared.owners();
        match self.spec.settings().ownership {
            Ownership::NeededResources if owners.is_some() => {}
            Ownership::NeededResources | Ownership::EveryResource => return None,
        }
        let (mut to_come, mut could_start) = (None, false);
        for (node, _) in self.spec.nodes() {
            let state = self.state.node_state(node);
            if self.state.obstacle(self.spec, group, node).is_some() {
                could_start |= state == NodeState::Up && declared.can_run_anything(node);
                continue;
            }
            match state {
                NodeState::Up | NodeState::Paused => return None,
                NodeState::Down | NodeState::Joining | NodeState::Unclean => {
                    to_come = to_come.or(Some(node));
                }
            }
        }
        to_come.filter(|_| could_start)
    }

    /// Returns the first resource that wants its group to move because its restarts are used up. If
    /// there is none, returns the first for which no node was found earlier, or which bars the
    /// group from its owner.
    pub(crate) fn resource_to_fail_over(
        self,
        declared: &GroupSpec,
    ) -> Option<(ResourceId, Recovery)> {
        let first = |wants: fn(Recovery) -> bool| {
            declared.resources().find_map(|resource| {
                let recovery = self.state.resource(resource)?.recovery;
                wants(recovery).then_some((resource, recovery))
            })
        };
        first(|recovery| recovery == Recovery::Failover)
            .or_else(|| {
                first(|recovery| {
                    matches!(recovery, Recovery::RetryAt { cause: NoRestartCause::NoCandidate, .. })
                })
            })
            .or_else(|| {
                declared.resources().find_map(|resource| {
                    let recovery = self.state.resource(resource)?.recovery;
                    let is_unfit = matches!(
                        recovery,
                        Recovery::RetryAt { cause: NoRestartCause::ForGood, .. }
                    );
                    (is_unfit && self.bars_owner(resource)).then_some((resource, recovery))
                })
            })
    }

    /// Tells whether the owner cannot run a group: it cannot run all that must run, or the group is
    /// wanted and the owner is paused and runs nothing of it.
    pub(crate) fn is_unfit(self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> bool {
        let is_possible = self.state.obstacle(self.spec, group, owner).is_none();
        let is_held = self.state.node_state(owner) == NodeState::Paused
            && self.index.running(group) == 0
            && self.is_wanted(declared, group);
        !is_possible || is_held
    }

    /// Tells whether any resource of the group should be online, and may be started by the core.
    pub(crate) fn is_wanted(self, _declared: &GroupSpec, group: GroupId) -> bool {
        self.state.is_wanted(self.spec, group)
    }

    /// Returns the desired state of a resource: its own, or else that of its group.
    pub(crate) fn desired(self, group: GroupId, resource: ResourceId) -> DesiredState {
        self.state.desired(group, resource)
    }

    /// Tells whether a resource waits for a retry because its group was refused admission.
    pub(crate) fn is_refused_resource(self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| {
            matches!(record.recovery, Recovery::RetryAt { cause: NoRestartCause::Admission, .. })
        })
    }

    /// Returns the group that keeps this one from coming online on a node. That group is of the
    /// same anti-affinity class and runs there, and the cluster admits only one (MS-CMRP
    /// 3.1.4.1.50).
    pub(crate) fn refusal(
        self,
        declared: &GroupSpec,
        group: GroupId,
        node: NodeId,
    ) -> Option<GroupId> {
        if self.spec.settings().admission == Admission::Open {
            return None;
        }
        declared.anti_affinity_classes().iter().find_map(|class| {
            self.state.occupancy.class_on(*class, node).find(|other| {
                *other != group
                    && self.state.owner(*other) == Some(node)
                    && self.index.running(*other) > 0
            })
        })
    }

    /// Tells whether a group would be kept from coming online on a node. A group that is not wanted
    /// online is never refused.
    pub(crate) fn is_refused(self, declared: &GroupSpec, group: GroupId, node: NodeId) -> bool {
        self.refusal(declared, group, node).is_some() && self.is_wanted(declared, group)
    }

    /// Returns the proof that this owner is off, if it is off.
    pub(crate) fn proof_of(self, owner: Option<NodeId>) -> Option<DownProof> {
        let record = self.state.node(owner?)?;
        (record.state == NodeState::Down).then_some(record.proof)
    }

    /// Tells whether a group that is to start waits for room: it is off and takes none yet.
    pub(crate) fn waits_for_room(self, group: GroupId) -> bool {
        self.state.group(group).is_some_and(|record| match record.room {
            Room::Taken => false,
            Room::Left => record.owner.is_some() && self.state.is_wanted(self.spec, group),
        })
    }

    /// Returns the question to the policy for a group.
    pub(crate) fn placement(
        self,
        group: GroupId,
        trigger: Trigger,
    ) -> Option<PlacementRequest<'a>> {
        PlacementRequest::new(self.spec, self.state, group, trigger)
    }
}

impl View<'_> {
    /// Tells whether a group that was moving to a node goes on to it after its owner is gone. It
    /// does if all that must run can run there, and there is room.
    pub(crate) fn is_still_good(self, group: GroupId, to: NodeId) -> bool {
        self.assess(group, Trigger::Start, to).is_ok_and(|tier| match tier {
            Tier::Eligible | Tier::BesideAntiAffine => true,
            Tier::OwnedOnly | Tier::Paused => false,
        })
    }

    /// Returns the node that a group would get if it were alone.
    pub(crate) fn choose(self, group: GroupId, trigger: Trigger) -> Option<Choice> {
        self.choose_beside(group, trigger, &[])
    }

    /// Returns the node that a group gets while the room on some nodes is kept for other groups.
    pub(crate) fn choose_beside(
        self,
        group: GroupId,
        trigger: Trigger,
        kept: &[Kept],
    ) -> Option<Choice> {
        plan::choose(&self.placement(group, trigger)?.beside(kept), self.policy)
    }

    /// Returns the tier of a node for a group, or the reason why the group may not go there.
    pub(crate) fn assess(
        self,
        group: GroupId,
        trigger: Trigger,
        node: NodeId,
    ) -> Result<Tier, Rejection> {
        self.placement(group, trigger)
            .map_or(Err(Rejection::NotUp { state: NodeState::Down }), |placement| {
                plan::assess(&placement, self.policy, node)
            })
    }
}
