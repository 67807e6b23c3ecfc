//! Groups that move, and groups that can return to a node that was drained.

use crate::cluster::view::{Facts, View};
use crate::cluster::words::DrainObstacle;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::plan::Tier;
use crate::policy::{Kept, Trigger};
use crate::state::{Doubt, Drain, LockHandling, MovementCause};

impl Facts<'_> {
    /// Tells whether a group moves and is sure to leave. A group with a resource in doubt is not,
    /// unless that resource is going to be terminated.
    pub(crate) fn is_on_the_move(self, group: GroupId) -> bool {
        self.is_moving(group) && self.stuck_in_doubt(group).is_none()
    }

    /// Returns the first resource of a group that is in doubt and not going to be terminated.
    fn stuck_in_doubt(self, group: GroupId) -> Option<ResourceId> {
        let is_stuck = |resource: &ResourceId| {
            self.state
                .resource(*resource)
                .is_some_and(|of| of.is_in_doubt() && of.doubt != Doubt::ToTerminate)
        };
        self.spec.group(group)?.resources().find(is_stuck)
    }

    /// Returns the reason why a group stays on a node that is being drained, wherever it could go.
    pub(crate) fn kept_in_drain(self, group: GroupId, drain: Drain) -> Option<DrainObstacle> {
        if self.is_held_by_lock(group, drain.lock) && !seeded!(LockIgnored) {
            return Some(DrainObstacle::Locked);
        }
        // An operator is to look at the group.
        let resource = self.left_resource(group)?;
        Some(DrainObstacle::Left { resource })
    }

    /// Tells whether a group of a node that is off waits for its preferred owner, and gets another
    /// owner only then.
    pub(crate) fn leaves_later(self, node: NodeId) -> bool {
        self.state.node_state(node) == NodeState::Down
            && self.groups_owned_by(node).any(|group| {
                self.spec
                    .group(group)
                    .is_some_and(|declared| self.preferred_owner_wait(declared, group).is_some())
            })
    }

    /// Tells whether a group is stopping in order to move.
    pub(crate) fn is_moving(self, group: GroupId) -> bool {
        self.state.group(group).is_some_and(|record| record.movement.is_some())
    }
}

impl View<'_> {
    /// Returns the node to which a group leaves a node that is being drained, while the room on some
    /// nodes is kept for other groups.
    ///
    /// # Errors
    ///
    /// There is none: the node to which all groups are sent cannot own it, or no other node can.
    pub(crate) fn drain_destination(
        self,
        group: GroupId,
        drain: Drain,
        kept: &[Kept],
    ) -> Result<NodeId, DrainObstacle> {
        let (found, obstacle) = match drain.target {
            Some(node) => {
                let is_left = kept.iter().all(|kept| kept.node != node);
                let is_possible = is_left && self.assess(group, Trigger::Drain, node).is_ok();
                (is_possible.then_some(node), DrainObstacle::Target { node })
            }
            None => {
                let choice = self.choose_beside(group, Trigger::Drain, kept);
                (choice.map(|choice| choice.node), DrainObstacle::NoCandidate)
            }
        };
        let declared = self.spec.group(group);
        let is_admitted = |node: &NodeId| {
            declared.is_some_and(|declared| !self.is_refused(declared, group, *node))
        };
        found.filter(is_admitted).ok_or(obstacle)
    }

    /// Returns the reason why a group is still on a node whose drain has got as far as it can.
    pub(crate) fn drain_obstacle(self, group: GroupId, drain: Drain) -> DrainObstacle {
        if let Some(resource) = self.stuck_in_doubt(group).filter(|_| self.is_moving(group)) {
            return DrainObstacle::InDoubt { resource };
        }
        self.kept_in_drain(group, drain).unwrap_or_else(|| {
            self.drain_destination(group, drain, &[]).err().unwrap_or(DrainObstacle::NoCandidate)
        })
    }

    /// Tells whether a group can leave its owner for this node now, and did not fail there. Without
    /// quorum nothing moves, and from a node that is no member no group leaves in good order.
    pub(crate) fn can_return(self, group: GroupId, to: NodeId) -> bool {
        let has_owner =
            self.state.owner(group).is_some_and(|node| self.state.node_state(node).is_member());
        let stays_away = self
            .spec
            .group(group)
            .is_some_and(|declared| self.stays_away_from(declared, group, to));
        self.state.is_quorate()
            && has_owner
            && !stays_away
            && !self.is_group_left(group)
            && !self.is_held_by_lock(group, LockHandling::Respect)
            && self.assess(group, Trigger::BestPossible, to) == Ok(Tier::Eligible)
    }
}

/// Returns the question to the policy when a move needs another destination.
pub(crate) fn trigger_of(cause: MovementCause) -> Trigger {
    match cause {
        MovementCause::Start | MovementCause::Configuration => Trigger::Start,
        MovementCause::ResourceFailure => Trigger::ResourceFailure,
        MovementCause::NodeFailure => Trigger::NodeFailure,
        MovementCause::Drain => Trigger::Drain,
        MovementCause::Operator | MovementCause::Failback | MovementCause::Return => {
            Trigger::BestPossible
        }
    }
}
