//! Nodes on which a group failed, and nodes that it is barred from.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::cluster::ledger::Ledger;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::spec::GroupSpec;
use crate::state::{FailedNode, NoRestartCause, Recovery};

impl Ledger {
    /// Notes that a group failed on its owner, unless the group keeps no such memory. If the owner
    /// is no member, the node failed and not the group, so nothing is noted.
    pub(crate) fn note_failed_owner(&mut self, declared: &GroupSpec, group: GroupId) {
        if declared.settings().failure_memory.is_zero() {
            return;
        }
        let now = self.state.now;
        let Some(node) = self.state.owner(group) else { return };
        let Some(known) = self.state.node(node).filter(|known| known.state.is_member()) else {
            return;
        };
        let entry = FailedNode { node, incarnation: known.incarnation, at: now, for_good: None };
        let nodes = &self.state.nodes;
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        record.failed_on.note(entry);
        // Entries about an earlier life of a node do not count any longer.
        record.failed_on.retain(|entry| {
            nodes.get(entry.node.index()).is_some_and(|node| node.incarnation == entry.incarnation)
        });
    }

    /// Forgets that a group failed on a node, because an operator asks for it.
    pub(crate) fn forget_failed_node(&mut self, group: GroupId, node: NodeId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.forget(node);
        }
        if self.state.owner(group) == Some(node) {
            self.free_resources(group);
        }
        self.touch(group);
    }

    /// Forgets that a resource can never run on some nodes, because an operator asks for it.
    pub(crate) fn free_nodes(&mut self, group: GroupId, resource: ResourceId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.free(resource);
        }
        self.touch(group);
    }

    /// Lets the resources that a node owns start again in its new life, though they could never run
    /// in its last one.
    pub(crate) fn free_in_new_life(&mut self, node: NodeId) {
        let groups: Vec<GroupId> = self.facts().groups_owned_by(node).collect();
        for group in groups {
            self.free_resources(group);
        }
    }

    /// Lets the resources of a group start again on its owner, though they were said to be unable
    /// to run there.
    fn free_resources(&mut self, group: GroupId) {
        let spec = Arc::clone(&self.spec);
        for resource in spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            let is_unfit = self.state.resource(resource).is_some_and(|record| {
                matches!(record.recovery, Recovery::RetryAt { cause: NoRestartCause::ForGood, .. })
            });
            if is_unfit {
                self.set_recovery(resource, Recovery::None);
            }
        }
    }

    /// Bars a group from its owner, because one of its resources can never run there.
    pub(crate) fn bar_owner(&mut self, group: GroupId, resource: ResourceId) {
        let now = self.state.now;
        let Some(node) = self.state.owner(group) else { return };
        let Some(incarnation) = self.state.node(node).map(|known| known.incarnation) else {
            return;
        };
        let entry = FailedNode { node, incarnation, at: now, for_good: Some(resource) };
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.note(entry);
        }
        self.emit(Event::NodeBarred { group, node, resource });
    }
}
