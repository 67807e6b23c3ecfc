//! Resources that may run already, because a node has not said what it runs.

use crate::cluster::view::Facts;
use crate::cluster::view::operations::About;
use crate::cluster::words::Effect;
use crate::id::{NodeId, ResourceId};
use crate::machine::NodeState;
use crate::spec::GroupSpec;
use crate::state::{NodeRecord, Operation, ResourceRecord, Vouched};
use crate::time::Timestamp;

/// Tells whether a node may run this resource without having said so. It may if it is not certainly
/// off and has not listed what it runs since the resource was declared.
pub(crate) fn may_run_unsaid(node: &NodeRecord, resource: &ResourceRecord) -> bool {
    node.state != NodeState::Down && node.listed_in < resource.declared_in
}

impl Facts<'_> {
    /// Returns the node that the first start of a resource waits for, because the node has not said
    /// whether it runs the resource.
    pub(crate) fn silent_about(self, resource: ResourceId) -> Option<NodeId> {
        if self.index.silent.is_empty() || seeded!(StartsUnasked) {
            return None;
        }
        let record = self.state.resource(resource)?;
        if record.vouched == Vouched::Yes {
            return None;
        }
        let is_waited_for = |of: &NodeRecord| {
            if seeded!(OnlyMembersAsked) { of.state.is_member() } else { true }
        };
        self.index.silent.iter().copied().find(|node| {
            self.state.node(*node).is_some_and(|of| may_run_unsaid(of, record) && is_waited_for(of))
        })
    }

    /// Returns the first resource of a group, providers first, that waits for a node to say whether
    /// it runs it, and that node.
    pub(crate) fn unknown_of(self, declared: &GroupSpec) -> Option<(ResourceId, NodeId)> {
        if self.index.silent.is_empty() {
            return None;
        }
        let mut resources =
            declared.graph().start_order().map(|position| declared.resource_at(position));
        resources.find_map(|resource| Some((resource, self.silent_about(resource)?)))
    }

    /// Returns the first resource that a node may run without having said so.
    pub(crate) fn first_unsaid(self, node: NodeId) -> Option<ResourceId> {
        let of = self.state.node(node).filter(|_| self.index.silent.contains(&node))?;
        let mut resources = self.spec.resources().map(|(resource, _)| resource);
        resources.find(|resource| {
            self.state.resource(*resource).is_some_and(|record| may_run_unsaid(of, record))
        })
    }

    /// Tells whether a group that should run waits for this node to say what it runs.
    pub(crate) fn holds_up_what_is_wanted(self, node: NodeId) -> bool {
        let Some(of) = self.state.node(node).filter(|_| self.index.silent.contains(&node)) else {
            return false;
        };
        self.index.newcomers_after(of.listed_in).any(|group| {
            self.spec.group(group).is_some_and(|declared| {
                (self.is_wanted(declared, group) || self.index.running(group) > 0)
                    && declared.resources().any(|resource| {
                        self.state.resource(resource).is_some_and(|record| {
                            record.vouched == Vouched::No && may_run_unsaid(of, record)
                        })
                    })
            })
        })
    }

    /// Returns the question to a node about what it runs, while it is in flight.
    pub(crate) fn inquiry_effect(self, node: NodeId) -> Option<Effect> {
        let operation = self.state.node(node).and_then(|record| record.inquiry)?;
        self.effect_on(node, About::Node, operation, self.inquiry_end(operation))
    }

    /// Returns the time at which an inquiry times out.
    pub(crate) fn inquiry_end(self, inquiry: Operation) -> Timestamp {
        inquiry.issued_at.after(self.spec.settings().inventory_timeout)
    }
}
