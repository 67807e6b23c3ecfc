//! Nodes on which a group failed, and nodes that it is barred from.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::cluster::ledger::Ledger;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::spec::GroupSpec;
use crate::state::{Exhaustion, FailedNode, Recovery};

impl Ledger {
    /// Notes that a group failed on its owner, unless it remembers nothing. On a node that is off it
    /// did not: the node failed, and its next life is another one.
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
        // What is about an earlier life counts no more.
        record.failed_on.retain(|entry| {
            nodes.get(entry.node.index()).is_some_and(|node| node.incarnation == entry.incarnation)
        });
    }

    /// An operator has it forgotten that a group failed on a node.
    pub(crate) fn forget_failed_node(&mut self, group: GroupId, node: NodeId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.forget(node);
        }
        if self.state.owner(group) == Some(node) {
            self.free_resources(group);
        }
        self.touch(group);
    }

    /// An operator has it forgotten that a resource can never run on some nodes.
    pub(crate) fn free_nodes(&mut self, group: GroupId, resource: ResourceId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.free(resource);
        }
        self.touch(group);
    }

    /// What could never run in the last life of a node is tried in the next one.
    pub(crate) fn free_in_new_life(&mut self, node: NodeId) {
        let groups: Vec<GroupId> = self
            .state
            .occupancy
            .groups_on(node)
            .filter(|group| self.state.owner(*group) == Some(node))
            .collect();
        for group in groups {
            self.free_resources(group);
        }
    }

    /// What was said to be unable to run on the owner of a group is free to start there.
    fn free_resources(&mut self, group: GroupId) {
        let spec = Arc::clone(&self.spec);
        for resource in spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            let is_unfit = self.state.resource(resource).is_some_and(|record| {
                matches!(record.recovery, Recovery::RetryAt { cause: Exhaustion::ForGood, .. })
            });
            if is_unfit {
                self.set_recovery(resource, Recovery::None);
            }
        }
    }

    /// Bars the owner of a group: one of its resources can never run there.
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
