//! Nodes: the groups that they own, the resources that they run, and their fences.

use alloc::vec::Vec;

use crate::cluster::index::orphans::is_any_on;
use crate::cluster::view::Facts;
use crate::cluster::view::operations::About;
use crate::cluster::words::Effect;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::settings::Fencing;
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{Operation, OperationKind};
use crate::time::Timestamp;

impl<'a> Facts<'a> {
    /// Tells whether a terminate of the resource is in flight.
    pub(crate) fn is_terminating(self, resource: ResourceId) -> bool {
        let operation = self.state.resource(resource).and_then(|of| of.operation);
        operation.is_some_and(|of| of.kind == OperationKind::Terminate)
    }

    /// Tells whether a resource runs or may run on this node, which owns its group.
    pub(crate) fn runs_by_right(self, node: NodeId, resource: ResourceId) -> bool {
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        group.is_some_and(|group| self.state.owner(group) == Some(node))
            && self.state.resource_state(resource).may_run()
    }

    /// Returns the groups that a node owns.
    pub(crate) fn groups_owned_by(self, node: NodeId) -> impl Iterator<Item = GroupId> + use<'a> {
        let groups = self.state.occupancy.groups_on(node);
        groups.filter(move |group| self.state.owner(*group) == Some(node))
    }

    /// Returns all resources of the groups that a node owns.
    pub(crate) fn resources_owned_by(self, node: NodeId) -> Vec<ResourceId> {
        self.groups_owned_by(node)
            .filter_map(|group| self.spec.group(group))
            .flat_map(GroupSpec::resources)
            .collect()
    }

    /// Tells whether a node should be fenced. It should if it is lost and something may run or is
    /// wanted there, or if a resource could not be stopped there whose declaration then asks for a
    /// fence.
    pub(crate) fn wants_fence(self, node: NodeId) -> bool {
        let Some(record) = self.state.node(node) else { return false };
        if !self.state.is_quorate() || record.fence.operation.is_some() {
            return false;
        }
        match record.state {
            NodeState::Down => false,
            NodeState::Unclean => {
                self.spec.settings().fencing == Fencing::Required
                    && (self.may_run_something(node)
                        || self.owns_what_is_wanted(node)
                        || self.holds_up_what_is_wanted(node))
            }
            NodeState::Joining | NodeState::Up | NodeState::Paused => self.has_fatal_doubt(node),
        }
    }

    /// Tells whether a node is a member, and nothing there asks for a fence.
    pub(crate) fn is_back_and_well(self, node: NodeId) -> bool {
        self.state.node_state(node).is_member() && !self.has_fatal_doubt(node)
    }

    /// Tells whether a group that is wanted online waits for this node to be off.
    fn owns_what_is_wanted(self, node: NodeId) -> bool {
        self.groups_owned_by(node).any(|group| {
            self.spec.group(group).is_some_and(|declared| self.is_wanted(declared, group))
        })
    }

    /// Tells whether any resource may run on a node, owned or orphaned.
    pub(crate) fn may_run_something(self, node: NodeId) -> bool {
        self.first_that_may_run(node).is_some()
    }

    /// Returns the first resource that runs or may run on a node. Orphans come before resources
    /// that the node owns.
    pub(crate) fn first_that_may_run(self, node: NodeId) -> Option<ResourceId> {
        let orphan = self.state.orphans_on(node).map(|(resource, _)| resource).next();
        let own = || {
            let running = self.groups_owned_by(node).filter(|group| self.index.running(*group) > 0);
            let mut resources =
                running.filter_map(|group| self.spec.group(group)).flat_map(GroupSpec::resources);
            resources.find(|resource| self.state.resource_state(*resource).may_run())
        };
        orphan.or_else(own)
    }

    fn has_fatal_doubt(self, node: NodeId) -> bool {
        self.index.orphans.is_fatal_to(node) || is_any_on(&self.index.fatal_doubts, node)
    }

    /// Returns the fence of a node, while it is in flight.
    pub(crate) fn fence_effect(self, node: NodeId) -> Option<Effect> {
        let operation = self.state.node(node).and_then(|record| record.fence.operation)?;
        self.effect_on(node, About::Node, operation, self.fence_end(operation))
    }

    /// Returns the time at which a fence times out.
    pub(crate) fn fence_end(self, fence: Operation) -> Timestamp {
        let timeout = self.spec.settings().fence_timeout;
        self.state.not_while_resuming(fence.issued_at.after(timeout))
    }
}
