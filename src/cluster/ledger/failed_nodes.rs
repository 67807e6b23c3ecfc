//! Nodes on which a group failed, and nodes that it is barred from.

use alloc::vec::Vec;

use crate::cluster::ledger::Ledger;
use crate::cluster::words::Event;
use crate::id::{GroupId, Incarnation, NodeId, ResourceId};
use crate::spec::GroupSpec;
use crate::state::{FailedNode, NoRestartCause, Recovery};

impl Ledger<'_> {
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
        if self.state.owner(group) == Some(node) {
            let life = self.state.node(node).map(|known| known.incarnation).unwrap_or_default();
            self.free_resources(group, (node, life));
        }
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.forget(node);
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

    /// Begins a new life of a node. The resources that it owns may start there again, though they
    /// could never run in its last life.
    pub(crate) fn begin_life(&mut self, node: NodeId, incarnation: Incarnation) {
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        let last = core::mem::replace(&mut record.incarnation, incarnation);
        if last == incarnation {
            return;
        }
        let groups: Vec<GroupId> = self.facts().groups_owned_by(node).collect();
        for group in groups {
            self.free_resources(group, (node, last));
        }
    }

    /// Lets the resources of a group start again on its owner, though they were said to be unable
    /// to run there in this life. This includes a resource that barred the group from the owner and
    /// waits for a failover.
    fn free_resources(&mut self, group: GroupId, (node, life): (NodeId, Incarnation)) {
        let entry = self.state.group(group).and_then(|record| record.failed_on.on(node));
        let unfit = entry.filter(|entry| entry.incarnation == life).and_then(|of| of.for_good);
        for resource in self.spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            let recovery = self.state.resource(resource).map(|record| record.recovery);
            let Some(Recovery::RetryAt { cause, .. }) = recovery else { continue };
            let is_freed = match cause {
                NoRestartCause::ForGood => true,
                NoRestartCause::Failovers | NoRestartCause::Retries => {
                    unfit == Some(resource) && !seeded!(BarOutlivesLife)
                }
                NoRestartCause::DontRestart
                | NoRestartCause::Restarts
                | NoRestartCause::Redundant
                | NoRestartCause::NoCandidate
                | NoRestartCause::Admission
                | NoRestartCause::Left => false,
            };
            if is_freed {
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
