//! The groups that wait for groups of higher priority before they leave a node that is being
//! drained.

use crate::cluster::view::Facts;
use crate::cluster::words::{Inconsistency, StateRule, StateSubject};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::settings::Priority;
use crate::spec::GroupSpec;
use crate::state::{DrainStatus, LockHandling, MovementCause, Recovery};
use crate::time::Timestamp;

impl Facts<'_> {
    /// Tells whether a group keeps running on a node that is being drained, because a group of
    /// higher priority that the drain moves is not online at its destination yet. A group that has
    /// failed or is in doubt does not wait.
    pub(crate) fn waits_to_leave(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> bool {
        let ahead = self.index.tier_ahead.get(&owner);
        let is_behind = ahead.is_some_and(|ahead| *ahead > declared.settings().priority);
        let wants_to_leave = |resource| {
            let recovery = self.state.resource(resource).map(|record| record.recovery);
            recovery == Some(Recovery::Failover)
        };
        is_behind
            && self.drain_wait_end(owner).is_some()
            && self.index.running(group) > 0
            && self.doubt_of(declared).is_none()
            && !declared.resources().any(wants_to_leave)
            && !self.leaves_for_failure(declared, MovementCause::Drain)
            && !seeded!(DrainAllAtOnce)
    }

    /// Tells whether a group waits for its turn to leave its owner, which is being drained.
    pub(crate) fn waits_for_tier(self, group: GroupId) -> bool {
        let Some(declared) = self.spec.group(group) else { return false };
        let owner = self.state.owner(group);
        !self.is_moving(group)
            && owner.is_some_and(|owner| self.waits_to_leave(declared, group, owner))
    }

    /// Returns the time until which groups on a node that is being drained wait for others. `None`
    /// means that this time is over.
    pub(crate) fn drain_wait_end(self, node: NodeId) -> Option<Timestamp> {
        let record = self.state.node(node)?;
        let is_there = match record.state {
            NodeState::Up | NodeState::Paused => self.state.is_quorate(),
            NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
        };
        let since = record
            .drain
            .since
            .filter(|_| is_there && record.drain.status == DrainStatus::InProgress)?;
        let until = since.after(self.spec.settings().priority_wait);
        (until > self.state.now).then_some(until)
    }

    /// Tells whether a group on a node that is being drained waits for its turn to leave.
    pub(crate) fn anybody_waits_on(self, node: NodeId) -> bool {
        let lock = self.state.node(node).map_or(LockHandling::Respect, |of| of.drain.lock);
        self.index.tier_ahead.contains_key(&node)
            && self.groups_owned_by(node).any(|group| {
                !self.is_moving(group)
                    && !self.is_held_by_lock(group, lock)
                    && !self.is_group_left(group)
                    && self
                        .spec
                        .group(group)
                        .is_some_and(|declared| self.waits_to_leave(declared, group, node))
            })
    }

    /// Returns the time at which the groups that wait on a node that is being drained leave in any
    /// case.
    pub(crate) fn drain_wait(self, node: NodeId) -> Option<Timestamp> {
        self.drain_wait_end(node).filter(|_| self.anybody_waits_on(node))
    }

    /// Tells whether groups have different priorities. If they have not, none waits for another.
    pub(crate) fn has_tiers(self) -> bool {
        self.index.tiers.is_some_and(|(lowest, highest)| lowest < highest)
    }

    /// Returns the highest priority of a group that the drain of a node moves and that is not
    /// online at its destination yet. `None` if there is none, or all groups have one priority.
    pub(crate) fn tier_ahead_of(self, node: NodeId) -> Option<Priority> {
        if !self.has_tiers() {
            return None;
        }
        self.drain_wait_end(node)?;
        let priority = |group| self.spec.group(group).map(|of| of.settings().priority);
        let leaving = self.groups_owned_by(node).filter(|group| {
            let movement = self.state.group(*group).and_then(|record| record.movement);
            movement.is_some_and(|of| of.cause == MovementCause::Drain)
                && self.is_on_the_move(*group)
        });
        let arriving = self.index.drained_from(node).filter(|group| {
            let place = priority(*group).map(|priority| (priority, *group));
            self.state.owner(*group) != Some(node)
                && place.is_some_and(|place| self.index.unsettled.contains(&place))
        });
        leaving.chain(arriving).filter_map(priority).max()
    }

    /// Checks that groups wait only on nodes that are being drained, and there for the right
    /// priority.
    pub(crate) fn check_tiers(self) -> Result<(), Inconsistency> {
        for (node, _) in self.spec.nodes() {
            let is_draining = self.index.draining.contains(&node);
            let anew = is_draining.then(|| self.tier_ahead_of(node)).flatten();
            if self.index.tier_ahead.get(&node).copied() != anew {
                return Err(Inconsistency::new(
                    StateSubject::Node(node),
                    StateRule::StandingDiffers,
                ));
            }
        }
        Ok(())
    }
}
