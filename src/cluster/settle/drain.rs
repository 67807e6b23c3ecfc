//! Ends drains that have got as far as they can, and sends groups back.

use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::cluster::settle::placed::Placed;
use crate::cluster::settle::planner::Planner;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::state::{DrainStatus, MoveFailure, MovementCause};

impl Planner<'_> {
    /// Begins the move of a group that an operator sends back to a node, if it can still go there:
    /// groups without a node were placed before.
    pub(crate) fn send_back(&mut self, group: GroupId, to: NodeId) {
        let movement = self.ledger.state().group(group).and_then(|record| record.movement);
        let is_on_its_way = movement.is_some_and(|movement| movement.to == Some(to));
        if !is_on_its_way && self.view().can_return(group, to) {
            self.ledger.begin_move(group, Some(to), MovementCause::Failback, MoveFailure::Failover);
        }
    }

    /// Ends the drains that have got as far as they can. Tells whether there was one.
    pub(crate) fn finish_drains(&mut self) -> bool {
        if self.ledger.review_tiers() {
            return true;
        }
        let ended: Vec<NodeId> = self
            .ledger
            .index()
            .draining
            .iter()
            .copied()
            .filter(|node| {
                // Groups leave a lost node when it is known to be off, and a joining node when it
                // is clean.
                let is_known = match self.ledger.state().node_state(*node) {
                    NodeState::Down | NodeState::Up | NodeState::Paused => true,
                    NodeState::Joining | NodeState::Unclean => false,
                };
                self.ledger.state().is_quorate()
                    && is_known
                    && !self
                        .view()
                        .groups_owned_by(*node)
                        .any(|group| self.view().is_on_the_move(group))
                    && !self.view().leaves_later(*node)
                    && !self.view().anybody_waits_on(*node)
            })
            .collect();
        for node in &ended {
            if !self.drains_on(*node) {
                self.finish_drain(*node);
            }
        }
        !ended.is_empty()
    }

    /// Lets groups leave that could not before: a node may have come up since, or another group may
    /// have made room. Tells whether there are any.
    fn drains_on(&mut self, node: NodeId) -> bool {
        match self.ledger.state().node_state(node) {
            NodeState::Up | NodeState::Paused => {}
            NodeState::Down | NodeState::Joining | NodeState::Unclean => return false,
        }
        let priority =
            |group: &GroupId| self.ledger.spec().group(*group).map(|of| of.settings().priority);
        // A group that moves and is in doubt goes when the doubt has ended.
        let mut left: Vec<GroupId> = self.view().groups_owned_by(node).collect();
        left.retain(|group| !self.view().is_moving(*group));
        left.sort_by_key(|group| Reverse(priority(group)));
        let mut is_any = false;
        for group in left {
            let Some(declared) = self.ledger.spec().group(group) else { continue };
            let placed = self.leave_drained_owner(declared, group, node);
            self.settle_in_round(declared, group);
            match placed {
                Placed::Undecided => continue,
                Placed::Decided => {}
                Placed::Yielded => self.ledger.plan_later(group),
            }
            is_any = true;
        }
        is_any
    }

    fn finish_drain(&mut self, node: NodeId) {
        // A group that moves to this node from a lost one goes elsewhere when its turn comes.
        let left: Vec<GroupId> = self.view().groups_owned_by(node).collect();
        let status = match left.first() {
            None => DrainStatus::Completed,
            Some(_) => DrainStatus::Failed,
        };
        let drain = self.ledger.state().node(node).map(|record| record.drain).unwrap_or_default();
        for group in left {
            let because = self.view().drain_obstacle(group, drain);
            self.ledger.emit(Event::DrainBlocked { node, group, because });
        }
        self.ledger.end_drain(node, status);
        self.ledger.emit(Event::DrainChanged { node, status });
        self.ledger.touch_groups_on(node);
    }
}
