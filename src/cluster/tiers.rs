//! A drain goes tier by tier: what runs on the node runs on until those of higher priority are online
//! where they go, for no longer than anybody waits for a tier.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Cluster;
use super::invariants::{Rule, Subject, Violation};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::settings::Priority;
use crate::spec::GroupSpec;
use crate::state::{DrainStatus, LockHandling, MovementCause, Recovery};
use crate::time::Timestamp;

impl Cluster {
    /// Whether a group runs on where it is though its node is being drained: a group of higher priority
    /// that the drain moves is not online at its destination yet. What has failed, or is in doubt, has
    /// nothing to run on for.
    pub(crate) fn waits_to_leave(
        &self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> bool {
        let ahead = self.caches.tier_ahead.get(&owner);
        let is_behind = ahead.is_some_and(|ahead| *ahead > declared.settings().priority);
        let wants_to_leave = |resource| {
            let recovery = self.state.resource(resource).map(|record| record.recovery);
            recovery == Some(Recovery::Failover)
        };
        is_behind
            && self.drain_wait_end(owner).is_some()
            && self.caches.running(group) > 0
            && self.doubt_of(declared).is_none()
            && !declared.resources().any(wants_to_leave)
            && !self.leaves_for_failure(declared, MovementCause::Drain)
            && !seeded!(DrainAllAtOnce)
    }

    /// Until when groups on a node that is being drained wait for others; `None` if that is over.
    pub(crate) fn drain_wait_end(&self, node: NodeId) -> Option<Timestamp> {
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
    pub(crate) fn anybody_waits_on(&self, node: NodeId) -> bool {
        let lock = self.state.node(node).map_or(LockHandling::Respect, |of| of.drain.lock);
        self.caches.tier_ahead.contains_key(&node)
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
    pub(crate) fn drain_wait(&self, node: NodeId) -> Option<Timestamp> {
        self.drain_wait_end(node).filter(|_| self.anybody_waits_on(node))
    }

    /// A group sets out from a node because of a drain: those below it wait from now on.
    pub(crate) fn note_tier(&mut self, declared: &GroupSpec, node: NodeId) {
        if self.drain_wait_end(node).is_some() {
            let own = declared.settings().priority;
            let ahead = self.caches.tier_ahead.entry(node).or_insert(own);
            *ahead = own.max(*ahead);
        }
    }

    /// The highest priority of a group that a drain has set moving and that is not online where it goes.
    fn tier_ahead_of(&self, node: NodeId) -> Option<Priority> {
        self.drain_wait_end(node)?;
        let priority = |group| self.spec.group(group).map(|of| of.settings().priority);
        let leaving = self.state.occupancy.groups_on(node).filter(|group| {
            let movement = self.state.group(*group).and_then(|record| record.movement);
            self.state.owner(*group) == Some(node)
                && movement.is_some_and(|of| of.cause == MovementCause::Drain)
                && self.is_on_the_move(*group)
        });
        let all = (node, GroupId::new(0))..=(node, GroupId::new(u32::MAX));
        let arriving = self.caches.drained.range(all).map(|(_, group)| *group).filter(|group| {
            let place = priority(*group).map(|priority| (priority, *group));
            self.state.owner(*group) != Some(node)
                && place.is_some_and(|place| self.caches.unsettled.contains(&place))
        });
        leaving.chain(arriving).filter_map(priority).max()
    }

    /// Looks again for whom the groups on nodes that are being drained wait, and touches those whose
    /// turn has come. Whether there are any.
    pub(crate) fn review_tiers(&mut self) -> bool {
        let mut is_any = false;
        let nodes: Vec<NodeId> = self.caches.draining.iter().copied().collect();
        for node in nodes {
            let ahead = self.tier_ahead_of(node);
            let before = match ahead {
                Some(ahead) => self.caches.tier_ahead.insert(node, ahead),
                None => self.caches.tier_ahead.remove(&node),
            };
            if let Some(before) = before
                && ahead.is_none_or(|ahead| ahead < before)
            {
                is_any |= self.touch_below(node, before);
            }
            self.schedule_node(node);
        }
        is_any
    }

    /// Touches the groups on a node that waited for one of this priority.
    fn touch_below(&mut self, node: NodeId, before: Priority) -> bool {
        let spec = Arc::clone(&self.spec);
        let mut is_any = false;
        for group in self.groups_owned_by(node) {
            let priority = spec.group(group).map(|of| of.settings().priority);
            if priority.is_some_and(|own| own < before) && !self.is_moving(group) {
                self.touch(group);
                is_any = true;
            }
        }
        is_any
    }

    /// Nobody waits on nodes that are not being drained, and on the others for whom it was said.
    pub(crate) fn check_tiers(&self) -> Result<(), Violation> {
        for (node, _) in self.spec.nodes() {
            let is_draining = self.caches.draining.contains(&node);
            let anew = is_draining.then(|| self.tier_ahead_of(node)).flatten();
            if self.caches.tier_ahead.get(&node).copied() != anew {
                return Err(Violation::new(Subject::Node(node), Rule::StandingDiffers));
            }
        }
        Ok(())
    }
}
