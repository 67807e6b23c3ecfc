//! Pauses, drains and resumes nodes.

use alloc::vec::Vec;

use crate::cluster::settle::planner::Planner;
use crate::cluster::words::{Event, ResumeFailback};
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeEvent, NodeState};
use crate::state::{Drain, DrainStatus, FailbackTarget, MovementCause};
use crate::time::Timestamp;

impl Planner<'_> {
    /// Lets a node start nothing more.
    pub(crate) fn pause(&mut self, node: NodeId) {
        self.ledger.note_pause(node);
        self.ledger.step_node(node, NodeEvent::PauseRequested);
    }

    /// Pauses a node and lets its groups leave.
    pub(crate) fn drain(&mut self, node: NodeId, drain: Drain) {
        self.pause(node);
        self.ledger.begin_drain(node, drain);
        self.ledger.emit(Event::DrainChanged { node, status: DrainStatus::InProgress });
        self.ledger.touch_groups_on(node);
    }

    /// Lets a node start groups again, and takes some of them back.
    pub(crate) fn resume_node(&mut self, node: NodeId, failback: ResumeFailback) {
        let attraction = match failback {
            ResumeFailback::NoFailback => FailbackTarget::Withheld,
            ResumeFailback::Immediate | ResumeFailback::ByPolicy => FailbackTarget::Open,
        };
        let paused_since = self.ledger.state().node(node).map(|record| record.since);
        self.ledger.note_resumed(node, attraction);
        self.ledger.step_node(node, NodeEvent::ResumeRequested);
        self.call_off_drain(node);
        self.try_again_on(node, paused_since.unwrap_or_default());
        for group in self.ledger.forget_drained(node) {
            if failback == ResumeFailback::Immediate {
                self.ledger.touch_to_return(group, node);
            }
        }
    }

    /// Tries the resources again that could not leave a node while it was paused.
    fn try_again_on(&mut self, node: NodeId, paused_since: Timestamp) {
        if self.ledger.state().node_state(node) != NodeState::Up {
            return;
        }
        self.use_added_failover();
        let groups: Vec<GroupId> = self.view().groups_owned_by(node).collect();
        for group in groups {
            if let Some(declared) = self.ledger.spec().group(group) {
                self.try_on_resumed(declared, paused_since);
                self.ledger.touch(group);
            }
        }
    }

    /// Calls off a drain: the groups that have not left yet stay.
    fn call_off_drain(&mut self, node: NodeId) {
        let groups: Vec<GroupId> = self.view().groups_owned_by(node).collect();
        for group in groups {
            let is_leaving = self.ledger.state().group(group).is_some_and(|record| {
                record.movement.is_some_and(|of| of.cause == MovementCause::Drain)
            });
            if is_leaving {
                self.ledger.abandon_move(group);
            }
        }
    }
}
