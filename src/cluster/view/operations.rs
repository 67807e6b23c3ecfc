//! The effects that ask for the operations in flight.

use crate::cluster::index::outstanding::Target;
use crate::cluster::view::Facts;
use crate::cluster::words::Effect;
use crate::id::{Epoch, GroupId, NodeId, ResourceId};
use crate::machine::ResourceState;
use crate::settings::Maintenance;
use crate::state::Operation;
use crate::time::Timestamp;

/// The node or resource that an operation is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About {
    /// The node as a whole.
    Node,
    /// A resource of a group, under this epoch of the group.
    Resource { resource: ResourceId, group: GroupId, epoch: Epoch },
}

impl Facts<'_> {
    /// Returns the operation in flight of a resource, as an effect.
    pub(crate) fn resource_effect(self, resource: ResourceId) -> Option<Effect> {
        let declared = self.spec.resource(resource)?;
        let operation = self.state.resource(resource)?.operation?;
        let group = self.state.group(declared.group())?;
        let node = group.owner?;
        let deadline = operation.deadline_of(declared.settings());
        let about = About::Resource { resource, group: declared.group(), epoch: group.epoch };
        self.effect_on(node, about, operation, deadline)
    }

    /// Returns the effect that asks for an operation in flight on a node.
    pub(crate) fn effect_on(
        self,
        node: NodeId,
        about: About,
        operation: Operation,
        deadline: Timestamp,
    ) -> Option<Effect> {
        let (resource, group, epoch) = match about {
            About::Node => (None, None, Epoch::default()),
            About::Resource { resource, group, epoch } => (Some(resource), Some(group), epoch),
        };
        Some(Effect {
            operation: operation.id,
            action: operation.kind,
            node,
            resource,
            group,
            epoch,
            incarnation: self.state.node(node)?.incarnation,
            deadline,
            timeout: deadline.since(self.state.now),
        })
    }

    /// Tells whether dependents of a failed resource have to be off before it is terminated.
    pub(crate) fn is_needed(self, resource: ResourceId) -> bool {
        if seeded!(FailedProviderGoesFirst) {
            return false;
        }
        let group = self.spec.resource(resource).and_then(|of| self.spec.group(of.group()));
        group.is_some_and(|declared| self.is_relied_on(declared, resource))
    }

    /// Tells whether a resource is online and its health checks count.
    pub(crate) fn heeds_checks(self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| {
            record.state == ResourceState::Online && record.maintenance == Maintenance::Off
        })
    }
}

impl<'a> Facts<'a> {
    /// Returns more rounds than settling takes. Each round brings the state nearer to what is
    /// wanted, so they end by themselves. If they did not, this bound would turn the endless loop
    /// into a fault that is reported.
    pub(crate) fn rounds(self) -> u64 {
        let groups = u64::try_from(self.spec.groups().len()).unwrap_or(u64::MAX);
        groups.saturating_add(64).saturating_mul(groups.saturating_add(64))
    }

    /// Returns the effect for the operation in flight of a target.
    pub(crate) fn effect_of(self, target: Target) -> Option<crate::cluster::Effect> {
        match target {
            Target::Resource(resource) => self.resource_effect(resource),
            Target::Orphan(node, resource) => self.orphan_effect(node, resource),
            Target::Node(node) => self.fence_effect(node),
            Target::Inquiry(node) => self.inquiry_effect(node),
        }
    }
}
