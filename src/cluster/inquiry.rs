//! Members are asked what they run: nobody knows where a resource runs that was declared just now.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::output::{Effect, Output};
use super::outstanding::Target;
use super::{Cluster, Running};
use crate::id::{Epoch, GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::settings::Fencing;
use crate::spec::GroupSpec;
use crate::state::{NodeRecord, Operation, OperationKind, ResourceRecord, Vouched};
use crate::time::Timestamp;

/// Whether a node may run this resource for all that it has said: it may be up, and has not said
/// what it runs since the resource was declared.
pub(crate) fn may_run_unsaid(node: &NodeRecord, resource: &ResourceRecord) -> bool {
    node.state != NodeState::Down && node.listed_in < resource.declared_in
}

impl Cluster {
    /// The node that the first start of a resource waits for: it has not said whether it runs it.
    pub(crate) fn silent_about(&self, resource: ResourceId) -> Option<NodeId> {
        if self.caches.silent.is_empty() || seeded!(StartsUnasked) {
            return None;
        }
        let record = self.state.resource(resource)?;
        if record.vouched == Vouched::Yes {
            return None;
        }
        let is_waited_for = |of: &NodeRecord| {
            if seeded!(OnlyMembersAsked) { of.state.is_member() } else { true }
        };
        self.caches.silent.iter().copied().find(|node| {
            self.state.node(*node).is_some_and(|of| may_run_unsaid(of, record) && is_waited_for(of))
        })
    }

    /// The first resource of a group, providers first, that a node has not spoken of, and that node.
    pub(crate) fn unknown_of(&self, declared: &GroupSpec) -> Option<(ResourceId, NodeId)> {
        if self.caches.silent.is_empty() {
            return None;
        }
        let mut resources =
            declared.graph().start_order().map(|position| declared.resource_at(position));
        resources.find_map(|resource| Some((resource, self.silent_about(resource)?)))
    }

    /// What a node that is not off may run for all that it has said.
    pub(crate) fn first_unsaid(&self, node: NodeId) -> Option<ResourceId> {
        let of = self.state.node(node).filter(|_| self.caches.silent.contains(&node))?;
        let mut resources = self.spec.resources().map(|(resource, _)| resource);
        resources.find(|resource| {
            self.state.resource(*resource).is_some_and(|record| may_run_unsaid(of, record))
        })
    }

    /// Whether something that should run waits for this node to speak.
    pub(crate) fn holds_up_what_is_wanted(&self, node: NodeId) -> bool {
        let Some(of) = self.state.node(node).filter(|_| self.caches.silent.contains(&node)) else {
            return false;
        };
        self.caches.newcomers_after(of.listed_in).any(|group| {
            self.spec.group(group).is_some_and(|declared| {
                (self.is_wanted(declared, group) || self.caches.running(group) > 0)
                    && declared.resources().any(|resource| {
                        self.state.resource(resource).is_some_and(|record| {
                            record.vouched == Vouched::No && may_run_unsaid(of, record)
                        })
                    })
            })
        })
    }

    /// A group for which a lost node matters that has not spoken: it is fenced, or not any more.
    pub(crate) fn touch_silent_nodes(&mut self, declared: &GroupSpec) {
        let is_lost = |of: &NodeRecord| of.state == NodeState::Unclean;
        if self.caches.silent.is_empty() || self.spec.settings().fencing != Fencing::Required {
            return;
        }
        let silent: Vec<NodeId> = self
            .caches
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
            self.caches.touched.add_node(node);
        }
    }

    /// A node has said all that it runs.
    pub(crate) fn note_listed(&mut self, node: NodeId) {
        let last = self.state.last_declared;
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        let before = core::mem::replace(&mut record.listed_in, last);
        self.file_silent(node);
        self.touch_newcomers(before);
    }

    /// Files a node under those that have not spoken, or takes it out: then what waited for it may
    /// start.
    pub(crate) fn file_silent(&mut self, node: NodeId) {
        let Some(record) = self.state.node(node) else { return };
        let listed_in = record.listed_in;
        let is_silent = record.state != NodeState::Down && listed_in < self.state.last_declared;
        if is_silent {
            self.caches.silent.insert(node);
        } else if self.caches.silent.remove(&node) {
            self.touch_newcomers(listed_in);
        }
    }

    /// Touches the groups with resources that were declared after this configuration.
    fn touch_newcomers(&mut self, configuration: u64) {
        let spec = Arc::clone(&self.spec);
        let groups: Vec<GroupId> = self.caches.newcomers_after(configuration).collect();
        for group in groups {
            if let Some(declared) = spec.group(group) {
                self.caches.touched.add(declared.settings().priority, group);
            }
        }
    }

    /// Asks a member what it runs, unless it has said so; again, if it did not answer in time.
    pub(crate) fn inquire(&mut self, node: NodeId) {
        if let Some(effect) = self.inquiry_effect(node)
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
        self.caches.outstanding.push(id, Target::Inquiry(node));
        if let Some(effect) = self.inquiry_effect(node) {
            self.outputs.push_back(Output::Effect(effect));
        }
    }

    pub(crate) fn inquiry_effect(&self, node: NodeId) -> Option<Effect> {
        let record = self.state.node(node)?;
        let operation = record.inquiry?;
        let deadline = self.inquiry_end(operation);
        Some(Effect {
            operation: operation.id,
            action: operation.kind,
            node,
            resource: None,
            group: None,
            epoch: Epoch::default(),
            incarnation: record.incarnation,
            deadline,
            timeout: deadline.since(self.state.now),
        })
    }

    /// When a question counts as not answered.
    pub(crate) fn inquiry_end(&self, inquiry: Operation) -> Timestamp {
        inquiry.issued_at.after(self.spec.settings().inventory_timeout)
    }

    fn close_inquiry(&mut self, node: NodeId) {
        let record = self.state.nodes.get_mut(node.index());
        if let Some(operation) = record.and_then(|record| record.inquiry.take()) {
            self.caches.outstanding.remove(operation.id);
        }
    }

    /// Nobody waits for the answer any more: the node is gone, its agents remember nothing of it,
    /// or more was declared since.
    pub(crate) fn supersede_inquiry(&mut self, node: NodeId) {
        if let Some(effect) = self.inquiry_effect(node) {
            self.close_inquiry(node);
            self.emit(effect.superseded());
            self.caches.touched.add_node(node);
        }
    }

    /// A member answers what it runs. That counts for what it had not spoken of; of the rest the core
    /// knows more than a list that crossed its operations on the way.
    pub(crate) fn take_answer(&mut self, node: NodeId, running: &[Running]) {
        self.close_inquiry(node);
        let Some(listed_in) = self.state.node(node).map(|record| record.listed_in) else { return };
        for of in running {
            let is_new = self
                .state
                .resource(of.resource)
                .is_some_and(|record| listed_in < record.declared_in);
            let is_known = self.runs_by_right(node, of.resource)
                || self.state.orphans.contains_key(&(node, of.resource));
            if is_new && !is_known && !seeded!(AnswerIgnored) {
                self.find_orphan(node, *of);
            }
        }
        self.note_listed(node);
        self.caches.touched.add_node(node);
    }

    /// More was declared: whoever is being asked is asked again.
    pub(crate) fn ask_anew(&mut self) {
        let spec = Arc::clone(&self.spec);
        for (node, _) in spec.nodes() {
            if !seeded!(OldQuestionStands) {
                self.supersede_inquiry(node);
            }
        }
    }

    /// An operator says that a resource runs nowhere but where nodes have said so.
    pub(crate) fn vouch_for(&mut self, resource: ResourceId) {
        if self.silent_about(resource).is_none() {
            return;
        }
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.vouched = Vouched::Yes;
        }
        self.touch_resource(resource);
    }
}
