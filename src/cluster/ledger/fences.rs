//! Fences of nodes.

use crate::cluster::index::outstanding::Target;
use crate::cluster::ledger::Ledger;
use crate::cluster::words::Event;
use crate::id::NodeId;
use crate::machine::NodeEvent;
use crate::state::{DownProof, Operation, OperationKind, Outcome};

impl Ledger<'_> {
    /// Asks for a fence of a node, within the budget for fences.
    pub(crate) fn fence(&mut self, node: NodeId) {
        let now = self.state.now;
        let settings = self.spec.settings();
        let (threshold, period) = (settings.fence_threshold, settings.fence_period);
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        if record.fence.retry_at.is_some_and(|at| at > now) {
            return;
        }
        let budget = record.fence.attempts.budget(now, threshold, period);
        if budget.remaining == 0 && !seeded!(FenceWithoutEnd) {
            record.fence.retry_at = budget.renews_at;
            return;
        }
        record.fence.attempts.record(now, period);
        record.fence.retry_at = None;
        let id = self.next_operation();
        let kind = OperationKind::Fence;
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.fence.operation = Some(Operation { id, kind, issued_at: now, progress_at: now });
        }
        self.put_out(id, Target::Node(node));
        if seeded!(FenceNotAwaited) {
            self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Fenced);
        }
    }

    /// Ends the fence of a node that was answered. The node is off only if the fence succeeded;
    /// otherwise the next attempt is planned.
    pub(crate) fn finish_fence(&mut self, node: NodeId, outcome: Outcome) {
        match outcome {
            Outcome::Succeeded => {
                self.close_fence(node);
                self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Fenced);
            }
            Outcome::Failed
            | Outcome::FailedForGood
            | Outcome::TimedOut
            | Outcome::Running
            | Outcome::NotRunning => {
                self.fail_fence(node);
            }
        }
    }

    /// Ends the fence of a node as timed out if its deadline has passed, and plans the next
    /// attempt.
    pub(crate) fn expire_fence(&mut self, node: NodeId) {
        if let Some(effect) = self.facts().fence_effect(node)
            && effect.deadline <= self.state.now
        {
            self.emit(effect.timed_out());
            if seeded!(FenceTimeoutIsOff) {
                self.close_fence(node);
                self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Fenced);
                return;
            }
            self.fail_fence(node);
        }
    }

    /// Plans the next attempt after a fence that failed or timed out: nothing is confirmed. There is
    /// none for a node that came back meanwhile, unless something there cannot be stopped.
    fn fail_fence(&mut self, node: NodeId) {
        self.close_fence(node);
        let retry_at = self.state.now.after(self.spec.settings().fence_retry_delay);
        let retry_at = (!self.facts().is_back_and_well(node)).then_some(retry_at);
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.fence.retry_at = retry_at;
        }
        self.emit(Event::FenceFailed { node, retry_at });
        self.index.touched.add_node(node);
    }

    fn close_fence(&mut self, node: NodeId) -> Option<Operation> {
        let record = self.state.nodes.get_mut(node.index())?;
        let operation = record.fence.operation.take()?;
        self.index.outstanding.remove(operation.id);
        Some(operation)
    }

    /// Ends the fence of a node without a result, because it is no longer needed.
    pub(crate) fn supersede_fence(&mut self, node: NodeId) {
        if let Some(effect) = self.facts().fence_effect(node) {
            self.close_fence(node);
            self.emit(effect.superseded());
        }
    }
}
