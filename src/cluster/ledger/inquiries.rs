//! Asking nodes what they run.

use alloc::vec::Vec;

use crate::cluster::index::outstanding::Target;
use crate::cluster::ledger::Ledger;
use crate::cluster::view::inquiries::may_run_unsaid;
use crate::cluster::words::Running;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::settings::Fencing;
use crate::spec::GroupSpec;
use crate::state::{NodeRecord, Operation, OperationKind, Vouched};

impl Ledger<'_> {
    /// Touches the lost nodes that have not said whether they run resources of this group: such a
    /// node may have to be fenced, or need not be fenced any longer.
    pub(crate) fn touch_silent_nodes(&mut self, declared: &GroupSpec) {
        let is_lost = |of: &NodeRecord| of.state == NodeState::Unclean;
        if self.index.silent.is_empty() || self.spec.settings().fencing != Fencing::Required {
            return;
        }
        let silent: Vec<NodeId> = self
            .index
            .silent
            .iter()
            .copied()
            .filter(|node| {
                self.state.node(*node).is_some_and(|of| {
                    is_lost(of)
                        && declared.resources().any(|resource| {
                            let record = self.state.resource(resource);
                            record.is_some_and(|record| may_run_unsaid(of, record))
                        })
                })
            })
            .collect();
        for node in silent {
            self.index.touched.add_node(node);
        }
    }

    /// Notes that a node has said all that it runs.
    pub(crate) fn note_listed(&mut self, node: NodeId) {
        let last = self.state.last_declared;
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        let before = core::mem::replace(&mut record.listed_in, last);
        self.file_silent(node);
        self.touch_newcomers(before);
    }

    /// Puts a node among those that have not said what they run, or takes it out. In the second
    /// case the groups that waited for the node are touched.
    pub(crate) fn file_silent(&mut self, node: NodeId) {
        let Some(record) = self.state.node(node) else { return };
        let listed_in = record.listed_in;
        let is_silent = record.state != NodeState::Down && listed_in < self.state.last_declared;
        if is_silent {
            self.index.silent.insert(node);
        } else if self.index.silent.remove(&node) {
            self.touch_newcomers(listed_in);
        }
    }

    /// Touches the groups with resources that were declared after this configuration.
    fn touch_newcomers(&mut self, configuration: u64) {
        let groups: Vec<GroupId> = self.index.newcomers_after(configuration).collect();
        for group in groups {
            self.touch(group);
        }
    }

    /// Asks a member what it runs, unless it has said so. Asks again if the answer did not come in
    /// time.
    pub(crate) fn inquire(&mut self, node: NodeId) {
        if let Some(effect) = self.facts().inquiry_effect(node)
            && effect.deadline <= self.state.now
        {
            self.emit(effect.timed_out());
            self.close_inquiry(node);
        }
        let is_asked = self.state.node(node).is_some_and(|record| {
            record.state.is_member()
                && record.inquiry.is_none()
                && record.listed_in < self.state.last_declared
        });
        if !is_asked {
            return;
        }
        let (id, now) = (self.next_operation(), self.state.now);
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            let kind = OperationKind::Inventory;
            record.inquiry = Some(Operation { id, kind, issued_at: now, progress_at: now });
        }
        self.put_out(id, Target::Inquiry(node));
    }

    fn close_inquiry(&mut self, node: NodeId) {
        let record = self.state.nodes.get_mut(node.index());
        if let Some(operation) = record.and_then(|record| record.inquiry.take()) {
            self.index.outstanding.remove(operation.id);
        }
    }

    /// Ends an inquiry that needs no answer any longer: the node is gone, its agents have forgotten
    /// the question, or more resources were declared since.
    pub(crate) fn supersede_inquiry(&mut self, node: NodeId) {
        if let Some(effect) = self.facts().inquiry_effect(node) {
            self.close_inquiry(node);
            self.emit(effect.superseded());
            self.index.touched.add_node(node);
        }
    }

    /// Takes in the answer of a member that was asked what it runs. The answer counts only for
    /// resources about which the node had said nothing yet. About the others the core knows more,
    /// because the answer may be older than operations that were sent meanwhile.
    pub(crate) fn take_answer(&mut self, node: NodeId, running: &[Running]) {
        self.close_inquiry(node);
        let Some(listed_in) = self.state.node(node).map(|record| record.listed_in) else { return };
        for of in running {
            let is_new = self
                .state
                .resource(of.resource)
                .is_some_and(|record| listed_in < record.declared_in);
            let is_known = self.facts().runs_by_right(node, of.resource)
                || self.state.orphans.contains_key(&(node, of.resource));
            if is_new && !is_known && !seeded!(AnswerIgnored) {
                self.find_orphan(node, *of);
            }
        }
        self.note_listed(node);
        self.index.touched.add_node(node);
    }

    /// Notes that an operator vouches that a resource runs only where nodes have said so.
    pub(crate) fn vouch_for(&mut self, resource: ResourceId) {
        if self.facts().silent_about(resource).is_none() {
            return;
        }
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.vouched = Vouched::Yes;
        }
        self.touch_resource(resource);
    }
}
