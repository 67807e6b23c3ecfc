//! Emptying a node: how far it got.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::output::Event;
use super::{Cluster, ResumeFailback};
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeEvent, NodeState};
use crate::plan::Tier;
use crate::policy::Trigger;
use crate::state::{
    Attraction, Doubt, Drain, DrainStatus, LockHandling, MoveFailure, MovementCause, Pause,
};

impl Cluster {
    /// Lets a node start nothing more.
    pub(crate) fn pause(&mut self, node: NodeId) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.pause = Pause::Requested;
        }
        self.step_node(node, NodeEvent::PauseRequested);
    }

    /// Pauses a node and lets its groups leave.
    pub(crate) fn drain(&mut self, node: NodeId, drain: Drain) {
        self.pause(node);
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.drain = drain;
        }
        self.caches.draining.insert(node);
        self.emit(Event::DrainChanged { node, status: DrainStatus::InProgress });
        self.touch_groups_on(node);
    }

    /// Lets a node start groups again, and takes some of them back.
    pub(crate) fn resume_node(&mut self, node: NodeId, failback: ResumeFailback) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.pause = Pause::Resumed;
            record.attraction = match failback {
                ResumeFailback::NoFailback => Attraction::Withheld,
                ResumeFailback::Immediate | ResumeFailback::ByPolicy => Attraction::Open,
            };
            record.drain = Drain::default();
        }
        self.caches.draining.remove(&node);
        self.caches.tier_ahead.remove(&node);
        self.schedule_node(node);
        self.step_node(node, NodeEvent::ResumeRequested);
        self.call_off_drain(node);
        self.try_again_on(node);
        let drained: Vec<GroupId> = self
            .caches
            .drained
            .range((node, GroupId::new(0))..=(node, GroupId::new(u32::MAX)))
            .map(|(_, group)| *group)
            .collect();
        for group in drained {
            self.caches.drained.remove(&(node, group));
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                record.drained_from = None;
            }
            if failback == ResumeFailback::Immediate {
                self.caches.touched.add_returning(group, node);
            }
        }
    }

    /// Sets the next group moving that an operator has return, if it still can: groups that have no
    /// node were placed before. Whether there was one.
    pub(crate) fn return_next(&mut self) -> bool {
        let Some((group, to)) = self.caches.touched.next_returning() else { return false };
        let movement = self.state.group(group).and_then(|record| record.movement);
        let is_on_its_way = movement.is_some_and(|movement| movement.to == Some(to));
        if !is_on_its_way && self.can_return(group, to) {
            self.begin_move(group, Some(to), MovementCause::Failback, MoveFailure::Failover);
        }
        true
    }

    fn try_again_on(&mut self, node: NodeId) {
        if self.state.node_state(node) != NodeState::Up {
            return;
        }
        let spec = Arc::clone(&self.spec);
        let groups: Vec<GroupId> = self.state.occupancy.groups_on(node).collect();
        for group in groups {
            if self.state.owner(group) == Some(node)
                && let Some(declared) = spec.group(group)
            {
                self.try_on_resumed(declared);
                self.touch(group);
            }
        }
    }

    /// What a drain has not yet taken away stays.
    fn call_off_drain(&mut self, node: NodeId) {
        let groups: Vec<GroupId> = self.state.occupancy.groups_on(node).collect();
        for group in groups {
            let is_leaving = self.state.group(group).is_some_and(|record| {
                record.owner == Some(node)
                    && record.movement.is_some_and(|of| of.cause == MovementCause::Drain)
            });
            if is_leaving {
                self.abandon_move(group);
            }
        }
    }

    /// Whether a group can leave its owner for this node now, and did not fail there. Without quorum
    /// nothing moves, and from a node that is not a member there is nothing to take away in good
    /// order.
    fn can_return(&self, group: GroupId, to: NodeId) -> bool {
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

    /// Ends the drains that have got as far as they can. Whether there was one.
    pub(crate) fn finish_drains(&mut self) -> bool {
        if self.review_tiers() {
            return true;
        }
        let ended: Vec<NodeId> = self
            .caches
            .draining
            .iter()
            .copied()
            .filter(|node| {
                // What stands on a node that is lost leaves when the node is known to be off, and
                // what stands on one that joins when it is clean.
                let is_known = match self.state.node_state(*node) {
                    NodeState::Down | NodeState::Up | NodeState::Paused => true,
                    NodeState::Joining | NodeState::Unclean => false,
                };
                self.state.is_quorate()
                    && is_known
                    && !self
                        .groups_owned_by(*node)
                        .into_iter()
                        .any(|group| self.is_on_the_move(group))
                    && !self.leaves_later(*node)
                    && !self.anybody_waits_on(*node)
            })
            .collect();
        for node in &ended {
            if !self.drains_on(*node) {
                self.finish_drain(*node);
            }
        }
        !ended.is_empty()
    }

    /// Whether a group moves, and nothing of it is in doubt: only then it is known to leave. What
    /// is going to be terminated is on its way.
    pub(crate) fn is_on_the_move(&self, group: GroupId) -> bool {
        let is_stuck = |resource| {
            self.state
                .resource(resource)
                .is_some_and(|of| of.is_in_doubt() && of.doubt != Doubt::ToTerminate)
        };
        let declared = self.spec.group(group);
        self.is_moving(group) && declared.is_some_and(|of| !of.resources().any(is_stuck))
    }

    /// Whether a group that a node left behind waits for its preferred owner, and leaves then.
    fn leaves_later(&self, node: NodeId) -> bool {
        self.state.node_state(node) == NodeState::Down
            && self.state.occupancy.groups_on(node).any(|group| {
                self.state.owner(group) == Some(node)
                    && self.spec.group(group).is_some_and(|declared| {
                        self.preferred_owner_wait(declared, group).is_some()
                    })
            })
    }

    /// Lets groups leave that could not before: a node may have come up since, or another group
    /// have made room. Whether there are any.
    fn drains_on(&mut self, node: NodeId) -> bool {
        match self.state.node_state(node) {
            NodeState::Up | NodeState::Paused => {}
            NodeState::Down | NodeState::Joining | NodeState::Unclean => return false,
        }
        let spec = Arc::clone(&self.spec);
        let priority = |group: &GroupId| spec.group(*group).map(|of| of.settings().priority);
        // What is in doubt and moves goes when that has ended.
        let mut left = self.groups_owned_by(node);
        left.retain(|group| !self.is_moving(*group));
        left.sort_by_key(|group| Reverse(priority(group)));
        let mut is_any = false;
        for group in left {
            is_any |= self.leave_drained_owner(group, node);
        }
        is_any
    }

    fn finish_drain(&mut self, node: NodeId) {
        self.caches.draining.remove(&node);
        self.caches.tier_ahead.remove(&node);
        self.schedule_node(node);
        // What is on its way to the node from a lost one goes elsewhere when its turn comes.
        let left = self.groups_owned_by(node);
        let status = match left.first() {
            None => DrainStatus::Completed,
            Some(_) => DrainStatus::Failed,
        };
        for group in left {
            self.emit(Event::DrainBlocked { node, group });
        }
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.drain.status = status;
            record.drain.since = None;
        }
        self.emit(Event::DrainChanged { node, status });
        let spec = Arc::clone(&self.spec);
        for group in self.state.occupancy.groups_on(node) {
            if let Some(declared) = spec.group(group) {
                self.caches.touched.add(declared.settings().priority, group);
            }
        }
    }
}
