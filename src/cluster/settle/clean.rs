//! Stops resources where they should not run.

use crate::cluster::settle::planner::Planner;
use crate::id::{NodeId, ResourceId};
use crate::settings::UnconfirmedStop;
use crate::state::{OperationKind, OrphanState};
use crate::time::Timestamp;

impl Planner<'_> {
    /// Issues the next stops of resources that should not run on a node, as far as they were
    /// touched.
    pub(crate) fn clean(&mut self, node: NodeId) {
        if !self.ledger.state().node_state(node).is_member() {
            return;
        }
        self.ledger.touch_due_orphans(node);
        let mut last = None;
        while let Some(resource) = self.ledger.next_orphan(node, last) {
            last = Some(resource);
            self.ledger.expire_orphan(node, resource);
            let Some(orphan) = self.view().orphan(node, resource) else { continue };
            if orphan.operation.is_some() {
                continue;
            }
            match orphan.state {
                OrphanState::Running | OrphanState::Unsettled
                    if self.view().may_be_taken_over(node, resource) => {}
                OrphanState::Running | OrphanState::Unsettled
                    if self.view().has_orphan_dependent(node, resource) => {}
                OrphanState::Running => {
                    self.ledger.issue_for_orphan(node, resource, OperationKind::Stop);
                }
                OrphanState::Unsettled => {
                    self.ledger.issue_for_orphan(node, resource, OperationKind::Terminate);
                }
                OrphanState::InDoubt(since) => {
                    self.resolve_orphan_doubt(node, resource, since);
                }
                OrphanState::Stopping | OrphanState::Terminating => {
                    self.ledger.issue_for_orphan(node, resource, OperationKind::Terminate);
                }
            }
        }
    }

    fn resolve_orphan_doubt(&mut self, node: NodeId, resource: ResourceId, since: Timestamp) {
        match self.view().unconfirmed_stop(resource) {
            UnconfirmedStop::AssumeOff => self.ledger.forget_orphan(node, resource),
            // The node is being fenced, or will be; another attempt does no harm.
            UnconfirmedStop::FenceNode | UnconfirmedStop::BlockGroup => {
                let retry_at = self.view().probe_interval().map(|span| since.after(span));
                if retry_at.is_some_and(|at| at <= self.ledger.state().now) {
                    self.ledger.issue_for_orphan(node, resource, OperationKind::Terminate);
                }
            }
        }
    }
}
