//! Groups that move, and groups that can return to a node that was drained.

use crate::cluster::view::{Facts, View};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::plan::Tier;
use crate::policy::Trigger;
use crate::state::{Doubt, LockHandling, MovementCause};

impl Facts<'_> {
    /// Tells whether a group moves and is sure to leave. A group with a resource in doubt is not,
    /// unless that resource is going to be terminated.
    pub(crate) fn is_on_the_move(self, group: GroupId) -> bool {
        let is_stuck = |resource| {
            self.state
                .resource(resource)
                .is_some_and(|of| of.is_in_doubt() && of.doubt != Doubt::ToTerminate)
        };
        let declared = self.spec.group(group);
        self.is_moving(group) && declared.is_some_and(|of| !of.resources().any(is_stuck))
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

    pub(crate) fn is_moving(self, group: GroupId) -> bool {
        self.state.group(group).is_some_and(|record| record.movement.is_some())
    }
}

impl View<'_> {
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
