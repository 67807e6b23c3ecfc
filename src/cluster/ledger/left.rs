//! Resources that were left failed for an operator, and the end of that state.

use crate::cluster::ledger::Ledger;
use crate::id::{GroupId, ResourceId};
use crate::machine::ResourceState;
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{Doubt, MovementCause, Recovery};

impl Ledger<'_> {
    /// Lets a resource that was left failed be terminated and then treated as if it had never
    /// failed. On a lost node nothing is asked for: that is decided when the node is back.
    pub(crate) fn release(&mut self, resource: ResourceId) {
        if !self.facts().is_left(resource) {
            return;
        }
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        let owner = group.and_then(|group| self.state.owner(group));
        let is_member = owner.is_some_and(|node| self.state.node_state(node).is_member());
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        record.forget_attempts();
        if record.state == ResourceState::InDoubt {
            let doubt = if is_member { Doubt::ToTerminate } else { Doubt::Open };
            self.set_doubt(resource, doubt);
        }
        self.touch_resource(resource);
    }

    /// Releases all resources of a group.
    pub(crate) fn release_group(&mut self, group: GroupId) {
        for resource in self.spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            self.release(resource);
        }
    }

    /// Releases all resources of a group that is moved away, and notes that the group failed on its
    /// owner.
    pub(crate) fn release_to_move(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        cause: MovementCause,
    ) {
        if self.facts().is_group_left(group) && self.facts().leaves_for_failure(declared, cause) {
            self.note_failed_owner(declared, group);
        }
        self.release_group(group);
    }

    /// Forgets that a resource was left failed, because its node is off: nothing is there for an
    /// operator to look at.
    pub(crate) fn end_left(&mut self, resource: ResourceId) {
        if self.facts().is_left(resource) {
            self.set_recovery(resource, Recovery::None);
        }
    }
}
