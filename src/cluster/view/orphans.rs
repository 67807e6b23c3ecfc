//! Orphans: resources that run where they should not.

use crate::cluster::view::Facts;
use crate::cluster::view::operations::About;
use crate::cluster::words::Effect;
use crate::id::{NodeId, ResourceId};
use crate::state::Orphan;

impl Facts<'_> {
    /// Returns the orphan of a resource on a node, if there is one.
    pub(crate) fn orphan(self, node: NodeId, resource: ResourceId) -> Option<Orphan> {
        self.state.orphans.get(&(node, resource)).copied()
    }

    /// Tells whether a dependent of the resource is an orphan on the same node.
    pub(crate) fn has_orphan_dependent(self, node: NodeId, resource: ResourceId) -> bool {
        let Some(declared) = self.spec.resource(resource) else { return false };
        let Some(group) = self.spec.group(declared.group()) else { return false };
        let Some(position) = group.position_of(resource) else { return false };
        group.graph().dependents(position).any(|dependent| {
            let dependent = group.resource_at(dependent);
            self.state.orphans.contains_key(&(node, dependent))
        })
    }

    /// Returns the operation on an orphan, while it is in flight.
    pub(crate) fn orphan_effect(self, node: NodeId, resource: ResourceId) -> Option<Effect> {
        let declared = self.spec.resource(resource)?;
        let operation = self.orphan(node, resource)?.operation?;
        let deadline = operation.deadline_of(declared.settings());
        let (group, epoch) = (declared.group(), self.state.epoch(declared.group()));
        self.effect_on(node, About::Resource { resource, group, epoch }, operation, deadline)
    }
}
