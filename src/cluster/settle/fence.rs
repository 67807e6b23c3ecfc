//! Looks after one node: admits it, has it fenced or counts it as off.

use alloc::vec::Vec;

use crate::cluster::settle::planner::Planner;
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeEvent, NodeState};
use crate::state::{DownProof, Pause};

impl Planner<'_> {
    /// Acts on a node that was touched: admits it, has it fenced, cleans it or counts it as off.
    pub(crate) fn settle_node(&mut self, node: NodeId) {
        let state = self.ledger.state().node_state(node);
        let is_shut_out = seeded!(FencedNodeShutOut)
            && self
                .ledger
                .state()
                .node(node)
                .is_some_and(|record| record.proof == DownProof::Fenced);
        let is_clean = self.ledger.state().orphans_on(node).next().is_none();
        if state == NodeState::Joining && is_clean && !is_shut_out {
            let pause =
                self.ledger.state().node(node).map_or(Pause::Resumed, |record| record.pause);
            self.ledger.step_node(
                node,
                match pause {
                    Pause::Resumed => NodeEvent::Admitted,
                    Pause::Requested => NodeEvent::AdmittedPaused,
                },
            );
            self.try_on_admitted_node(node);
        }
        let lease_end = self.ledger.state().lease_end(self.ledger.spec(), node);
        if lease_end.is_some_and(|at| at <= self.ledger.state().now) {
            self.ledger.node_off(node, NodeEvent::ConfirmedDown, DownProof::LeaseExpired);
        }
        self.ledger.expire_fence(node);
        if self.view().wants_fence(node) {
            self.ledger.fence(node);
        }
        self.ledger.inquire(node);
        self.clean(node);
        // Without quorum, or while the node was lost, no tier was ahead of another.
        self.ledger.review_tier(node);
        self.ledger.schedule_node(node);
    }

    fn try_on_admitted_node(&mut self, node: NodeId) {
        if self.ledger.state().node_state(node) != NodeState::Up {
            return;
        }
        self.use_added_failover();
        let groups: Vec<GroupId> = self.view().groups_owned_by(node).collect();
        for group in groups {
            if let Some(declared) = self.ledger.spec().group(group) {
                self.try_on_admitted(declared);
            }
        }
    }
}
