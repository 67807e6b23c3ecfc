//! The groups on each node: an index over owners and destinations.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use crate::id::{ClassId, DimensionId, GroupId, NodeId};
use crate::spec::{ClusterSpec, GroupSpec};
use crate::state::Room;

/// The groups on each node, the room that they take there and their anti-affinity classes.
///
/// A group stands on its owner and, while it moves, on its next owner as well. Both need the room
/// until the move is over, and a group that is placed after it in the same step sees that. A group
/// that is off and wanted offline stands on its owner and takes no [`Room`].
///
/// Each node has a sum for each dimension. Within the default [`Limits`](crate::spec::Limits) they
/// take at most 32 KiB in all: 64 nodes by 64 dimensions by 8 bytes. A program that raises both
/// limits has to allow for their product. Classes take space only on nodes on which groups stand.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Occupancy {
    nodes: Vec<NodeLoad>,
    classes: BTreeSet<(NodeId, ClassId, GroupId)>,
}

#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct NodeLoad {
    groups: BTreeSet<GroupId>,
    /// The groups that take room.
    taking: BTreeSet<GroupId>,
    /// The sum of demands, by dimension id.
    load: Vec<u64>,
}

impl Occupancy {
    /// Creates an occupancy in which no group stands on any node.
    #[must_use]
    pub fn new(spec: &ClusterSpec) -> Self {
        let dimensions = spec.dimensions().len();
        let empty = NodeLoad { load: vec![0; dimensions], ..NodeLoad::default() };
        Self { nodes: vec![empty; spec.nodes().len()], classes: BTreeSet::new() }
    }

    /// Puts a group on a node, or changes whether it takes room there. Tells whether the room on the
    /// node changed.
    pub(crate) fn enter(
        &mut self,
        spec: &GroupSpec,
        group: GroupId,
        node: NodeId,
        room: Room,
    ) -> bool {
        let Some(entry) = self.nodes.get_mut(node.index()) else { return false };
        entry.groups.insert(group);
        let is_change = match room {
            Room::Taken => entry.taking.insert(group),
            Room::Left => entry.taking.remove(&group),
        };
        if is_change {
            self.weigh(spec, group, node, room);
        }
        is_change
    }

    /// Removes a group from a node. Nothing happens if it does not stand there. Tells whether the
    /// room on the node changed.
    pub(crate) fn leave(&mut self, spec: &GroupSpec, group: GroupId, node: NodeId) -> bool {
        let Some(entry) = self.nodes.get_mut(node.index()) else { return false };
        entry.groups.remove(&group);
        let is_change = entry.taking.remove(&group);
        if is_change {
            self.weigh(spec, group, node, Room::Left);
        }
        is_change
    }

    fn weigh(&mut self, spec: &GroupSpec, group: GroupId, node: NodeId, room: Room) {
        let Some(entry) = self.nodes.get_mut(node.index()) else { return };
        for (dimension, amount) in spec.demands() {
            if let Some(load) = entry.load.get_mut(dimension.index()) {
                *load = match room {
                    Room::Taken => load.saturating_add(*amount),
                    Room::Left => load.saturating_sub(*amount),
                };
            }
        }
        for class in spec.anti_affinity_classes() {
            let place = (node, *class, group);
            match room {
                Room::Taken => self.classes.insert(place),
                Room::Left => self.classes.remove(&place),
            };
        }
    }

    /// Returns the groups that stand on a node, ascending.
    pub fn groups_on(&self, node: NodeId) -> impl Iterator<Item = GroupId> + '_ {
        self.nodes.get(node.index()).into_iter().flat_map(|entry| entry.groups.iter().copied())
    }

    /// Returns the number of groups that take room on a node.
    #[must_use]
    pub fn group_count(&self, node: NodeId) -> usize {
        self.nodes.get(node.index()).map_or(0, |entry| entry.taking.len())
    }

    /// Tells whether this group takes room on this node.
    #[must_use]
    pub fn takes_room_on(&self, group: GroupId, node: NodeId) -> bool {
        self.nodes.get(node.index()).is_some_and(|entry| entry.taking.contains(&group))
    }

    /// Tells whether this group stands on this node.
    #[must_use]
    pub fn stands_on(&self, group: GroupId, node: NodeId) -> bool {
        self.nodes.get(node.index()).is_some_and(|entry| entry.groups.contains(&group))
    }

    /// Returns the sum of the demands of the groups that take room on a node, in one dimension.
    #[must_use]
    pub fn load(&self, node: NodeId, dimension: DimensionId) -> u64 {
        self.nodes
            .get(node.index())
            .and_then(|entry| entry.load.get(dimension.index()))
            .copied()
            .unwrap_or(0)
    }

    /// Returns the groups of an anti-affinity class that take room on a node, ascending.
    pub fn class_on(&self, class: ClassId, node: NodeId) -> impl Iterator<Item = GroupId> + '_ {
        let first = (node, class, GroupId::new(0));
        let last = (node, class, GroupId::new(u32::MAX));
        self.classes.range(first..=last).map(|(_, _, group)| *group)
    }

    /// Returns the first other group on the node that shares an anti-affinity class with this one.
    #[must_use]
    pub fn anti_affine(&self, spec: &GroupSpec, group: GroupId, node: NodeId) -> Option<GroupId> {
        spec.anti_affinity_classes()
            .iter()
            .find_map(|class| self.class_on(*class, node).find(|other| *other != group))
    }
}
