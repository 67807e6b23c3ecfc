//! The groups that wait for a higher tier before they leave a drained node.

use crate::cluster::view::Facts;
use crate::cluster::words::{Rule, Subject, Violation};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::settings::Priority;
use crate::spec::GroupSpec;
use crate::state::{DrainStatus, LockHandling, MovementCause, Recovery};
use crate::time::Timestamp;

impl Facts<'_> {
    /// Whether a group runs on where it is though its node is being drained: a group of higher priority
    /// that the drain moves is not online at its destination yet. What has failed, or is in doubt, has
    /// nothing to run on for.
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

    /// Until when groups on a node that is being drained wait for others; `None` if that is over.
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

    /// Whether a group on a node that is being drained waits for its turn to leave.
    pub(crate) fn anybody_waits_on(self, node: NodeId) -> bool {
        let lock = self.state.node(node).map_or(LockHandling::Respect, |of| of.drain.lock);
        self.index.tier_ahead.contains_key(&node)
            && self.state.occupancy.groups_on(node).any(|group| {
                self.state.owner(group) == Some(node)
                    && !self.is_moving(group)
                    && !self.is_held_by_lock(group, lock)
                    && !self.is_group_left(group)
                    && self
                        .spec
                        .group(group)
                        .is_some_and(|declared| self.waits_to_leave(declared, group, node))
            })
    }

    /// When those that wait on a node that is being drained leave in any case.
    pub(crate) fn drain_wait(self, node: NodeId) -> Option<Timestamp> {
        self.drain_wait_end(node).filter(|_| self.anybody_waits_on(node))
    }

    /// The highest priority of a group that a drain has set moving and that is not online where it goes.
    pub(crate) fn tier_ahead_of(self, node: NodeId) -> Option<Priority> {
        self.drain_wait_end(node)?;
        let priority = |group| self.spec.group(group).map(|of| of.settings().priority);
        let leaving = self.state.occupancy.groups_on(node).filter(|group| {
            let movement = self.state.group(*group).and_then(|record| record.movement);
            self.state.owner(*group) == Some(node)
                && movement.is_some_and(|of| of.cause == MovementCause::Drain)
                && self.is_on_the_move(*group)
        });
        let all = (node, GroupId::new(0))..=(node, GroupId::new(u32::MAX));
        let arriving = self.index.drained.range(all).map(|(_, group)| *group).filter(|group| {
            let place = priority(*group).map(|priority| (priority, *group));
            self.state.owner(*group) != Some(node)
                && place.is_some_and(|place| self.index.unsettled.contains(&place))
        });
        leaving.chain(arriving).filter_map(priority).max()
    }

    /// Nobody waits on nodes that are not being drained, and on the others for whom it was said.
    pub(crate) fn check_tiers(self) -> Result<(), Violation> {
        for (node, _) in self.spec.nodes() {
            let is_draining = self.index.draining.contains(&node);
            let anew = is_draining.then(|| self.tier_ahead_of(node)).flatten();
            if self.index.tier_ahead.get(&node).copied() != anew {
                return Err(Violation::new(Subject::Node(node), Rule::StandingDiffers));
            }
        }
        Ok(())
    }
}
