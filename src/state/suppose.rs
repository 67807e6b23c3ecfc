//! States that are supposed for a question, and that no cluster takes on.

use super::{ClusterState, Room};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::spec::ClusterSpec;

/// Suppositions for questions about placement, for example in the tests of a failover policy: build
/// or clone a state, change it, and ask a [`PlacementRequest`](crate::policy::PlacementRequest) of
/// it. No cluster can be made of a state, so nothing that is supposed here is ever carried out. Ids
/// that are not declared change nothing.
impl ClusterState {
    /// Supposes that a node is in this state.
    pub fn suppose_node(&mut self, node: NodeId, state: NodeState) {
        if let Some(record) = self.nodes.get_mut(node.index()) {
            record.state = state;
        }
    }

    /// Supposes that a node has this value of an attribute.
    pub fn suppose_attribute(&mut self, node: NodeId, name: &str, value: i64) {
        if let Some(record) = self.nodes.get_mut(node.index()) {
            record.attributes.keep(name, value);
        }
    }

    /// Supposes that a node owns a group, which takes room there. If the node is not its owner yet,
    /// an epoch begins.
    pub fn suppose_owner(&mut self, spec: &ClusterSpec, group: GroupId, node: NodeId) {
        let (Some(declared), Some(record)) =
            (spec.group(group), self.groups.get_mut(group.index()))
        else {
            return;
        };
        if record.owner == Some(node) {
            return;
        }
        if let Some(owner) = record.owner {
            self.occupancy.leave(declared, group, owner);
        }
        record.owner = Some(node);
        record.room = Room::Taken;
        record.epoch = record.epoch.next();
        self.occupancy.enter(declared, group, node, Room::Taken);
    }

    /// Supposes that a group stands on a node, whether or not the node owns it.
    pub fn suppose_on_node(
        &mut self,
        spec: &ClusterSpec,
        group: GroupId,
        node: NodeId,
        room: Room,
    ) {
        if let Some(declared) = spec.group(group) {
            self.occupancy.enter(declared, group, node, room);
        }
    }

    /// Supposes that a group does not stand on a node.
    pub fn suppose_not_on_node(&mut self, spec: &ClusterSpec, group: GroupId, node: NodeId) {
        if let Some(declared) = spec.group(group) {
            self.occupancy.leave(declared, group, node);
        }
    }
}
