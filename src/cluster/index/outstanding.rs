//! The operations in flight, by id.
//!
//! Ids only grow, so the list is always sorted. An operation that ends leaves a hole. When there
//! are more holes than operations, the list is compacted in place. Nothing is allocated once the
//! list has reached its size.

use alloc::vec::Vec;

use crate::id::{NodeId, OpId, ResourceId};
use crate::spec::ClusterSpec;
use crate::state::ClusterState;

/// The subject of an operation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Target {
    /// A resource on the owner of its group.
    Resource(ResourceId),
    /// An orphan on this node.
    Orphan(NodeId, ResourceId),
    /// A node that is being fenced.
    Node(NodeId),
    /// A member that is being asked what it runs.
    Inquiry(NodeId),
}

impl Target {
    /// Returns the node that carries out an operation on it; `None` for a fence, which a device
    /// carries out.
    pub(crate) fn executor(self, spec: &ClusterSpec, state: &ClusterState) -> Option<NodeId> {
        match self {
            Self::Resource(resource) => state.owner(spec.resource(resource)?.group()),
            Self::Orphan(node, _) | Self::Inquiry(node) => Some(node),
            Self::Node(_) => None,
        }
    }
}

/// The operations in flight, as a whole and by the node that carries them out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outstanding {
    all: List<(Target, Option<NodeId>)>,
    /// Those of each node, by its position. A node without any may be missing.
    on: Vec<List<Target>>,
    /// Fences, which a device carries out, and no node.
    fences: List<Target>,
}

/// Some operations in flight, oldest first.
#[derive(Clone, Debug)]
struct List<T> {
    entries: Vec<(OpId, Option<T>)>,
    live: usize,
}

impl Outstanding {
    /// Creates the list of these operations, which may be in any order.
    pub(crate) fn from_entries(
        entries: impl IntoIterator<Item = (OpId, Target, Option<NodeId>)>,
    ) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_unstable();
        let mut outstanding = Self::default();
        for (operation, target, node) in entries {
            outstanding.push(operation, target, node);
        }
        outstanding
    }

    /// Adds an operation, which has to be younger than all others, and the node that carries it
    /// out; `None` for a fence.
    pub(crate) fn push(&mut self, operation: OpId, target: Target, node: Option<NodeId>) {
        self.all.push(operation, (target, node));
        if let Some(list) = self.list_mut(node) {
            list.push(operation, target);
        }
    }

    /// Returns the subject of an operation, if it is in flight.
    pub(crate) fn target(&self, operation: OpId) -> Option<Target> {
        self.all.find(operation).map(|(target, _)| target)
    }

    /// Removes an operation.
    pub(crate) fn remove(&mut self, operation: OpId) {
        if let Some((_, node)) = self.all.remove(operation)
            && let Some(list) = self.list_mut(node)
        {
            list.remove(operation);
        }
    }

    /// Returns all operations in flight, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OpId, Target)> + '_ {
        self.all.iter().map(|(operation, (target, _))| (operation, target))
    }

    /// Returns the operations in flight that a node carries out, oldest first.
    pub(crate) fn on(&self, node: NodeId) -> impl Iterator<Item = Target> + '_ {
        self.on.get(node.index()).into_iter().flat_map(List::iter).map(|(_, target)| target)
    }

    /// Returns the fences in flight, oldest first.
    pub(crate) fn fences(&self) -> impl Iterator<Item = Target> + '_ {
        self.fences.iter().map(|(_, target)| target)
    }

    /// Tells whether both hold the same operations on the same nodes.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let nodes = self.on.len().max(other.on.len());
        self.all.iter().eq(other.all.iter())
            && self.fences.iter().eq(other.fences.iter())
            && (0..nodes).map(NodeId::from_index).all(|node| self.on(node).eq(other.on(node)))
    }

    /// Returns the list of a node, or of the fences.
    fn list_mut(&mut self, node: Option<NodeId>) -> Option<&mut List<Target>> {
        let Some(node) = node else { return Some(&mut self.fences) };
        if self.on.len() <= node.index() {
            self.on.resize_with(node.index().saturating_add(1), List::default);
        }
        self.on.get_mut(node.index())
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), live: 0 }
    }
}

impl<T: Copy> List<T> {
    fn push(&mut self, operation: OpId, thing: T) {
        self.entries.push((operation, Some(thing)));
        self.live = self.live.saturating_add(1);
    }

    fn find(&self, operation: OpId) -> Option<T> {
        let place = self.entries.binary_search_by_key(&operation, |entry| entry.0).ok()?;
        self.entries.get(place).and_then(|entry| entry.1)
    }

    fn remove(&mut self, operation: OpId) -> Option<T> {
        let place = self.entries.binary_search_by_key(&operation, |entry| entry.0).ok()?;
        let removed = self.entries.get_mut(place)?.1.take()?;
        self.live = self.live.saturating_sub(1);
        let holes = self.entries.len().saturating_sub(self.live);
        if holes > self.live.saturating_add(16) {
            self.entries.retain(|entry| entry.1.is_some());
        }
        Some(removed)
    }

    fn iter(&self) -> impl Iterator<Item = (OpId, T)> + '_ {
        self.entries.iter().filter_map(|(operation, thing)| Some((*operation, (*thing)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_is_forgotten_and_the_rest_is_found() {
        let mut list = Outstanding::default();
        for number in 1..=1_000 {
            list.push(OpId::new(number), Target::Node(NodeId::new(0)), None);
            if number % 100 != 0 {
                list.remove(OpId::new(number));
            }
        }
        let left: Vec<u64> = list.iter().map(|(operation, _)| operation.value()).collect();
        assert_eq!(left, (1..=10).map(|n| n * 100).collect::<Vec<u64>>());
        assert_eq!(list.target(OpId::new(300)), Some(Target::Node(NodeId::new(0))));
        assert_eq!(list.target(OpId::new(301)), None);
        assert!(list.all.entries.len() < 64);
        assert!(list.fences.entries.len() < 64);
        assert_eq!(list.fences().count(), 10);
    }

    #[test]
    fn each_node_has_a_list_of_its_own() {
        let [a, b] = [0, 1].map(NodeId::new);
        let resource = |number| Target::Resource(ResourceId::new(number));
        let mut list = Outstanding::default();
        list.push(OpId::new(1), resource(1), Some(b));
        list.push(OpId::new(2), Target::Node(a), None);
        list.push(OpId::new(3), Target::Inquiry(a), Some(a));
        list.push(OpId::new(4), resource(2), Some(b));
        let whole = list.clone();
        list.remove(OpId::new(1));
        assert!(list.on(b).eq([resource(2)]));
        assert!(list.on(a).eq([Target::Inquiry(a)]));
        assert!(list.fences().eq([Target::Node(a)]));
        assert!(list.on(NodeId::new(7)).eq([]));
        assert!(!list.is_like(&whole));
        list.push(OpId::new(5), resource(3), Some(a));
        list.remove(OpId::new(5));
        let anew = [(4, resource(2), Some(b)), (3, Target::Inquiry(a), Some(a))]
            .map(|(number, target, node)| (OpId::new(number), target, node));
        let fence = (OpId::new(2), Target::Node(a), None);
        assert!(list.is_like(&Outstanding::from_entries(anew.into_iter().chain([fence]))));
        // Equal operations on another node are not alike.
        let moved = anew.map(|(operation, target, _)| (operation, target, Some(a)));
        assert!(!list.is_like(&Outstanding::from_entries(moved.into_iter().chain([fence]))));
    }
}
