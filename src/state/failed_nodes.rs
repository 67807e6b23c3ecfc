//! The nodes on which a group failed.

use alloc::vec::Vec;

use crate::id::{Incarnation, NodeId, ResourceId};
use crate::time::Timestamp;

/// The nodes on which a group failed, with one entry for each node, in the order of the nodes.
///
/// An entry is about one life of its node, and counts only during that life.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct FailedNodes {
    entries: Vec<FailedNode>,
}

/// A node on which a group failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct FailedNode {
    /// The node.
    pub node: NodeId,
    /// The life of the node in which the group failed.
    pub incarnation: Incarnation,
    /// The time at which the group left the node or was said to be unable to run there.
    pub at: Timestamp,
    /// The resource that can never run there, if an agent said so. The group is then barred from
    /// the node.
    pub for_good: Option<ResourceId>,
}

impl FailedNodes {
    /// Creates a memory with these entries, and sorts them.
    #[must_use]
    pub fn from_entries(mut entries: Vec<FailedNode>) -> Self {
        entries.sort_by_key(|entry| entry.node);
        Self { entries }
    }

    /// Returns every entry, in the order of the nodes.
    #[must_use]
    pub fn entries(&self) -> &[FailedNode] {
        &self.entries
    }

    /// Returns the entry about a node, whichever life of the node it is about.
    #[must_use]
    pub fn on(&self, node: NodeId) -> Option<&FailedNode> {
        let place = self.entries.binary_search_by_key(&node, |entry| entry.node).ok()?;
        self.entries.get(place)
    }

    /// Notes that the group failed on a node. If the group is barred from the node, that stays as
    /// long as the node is in the same life.
    pub(crate) fn note(&mut self, new: FailedNode) {
        match self.entries.binary_search_by_key(&new.node, |entry| entry.node) {
            Ok(place) => {
                if let Some(entry) = self.entries.get_mut(place) {
                    let is_same_life = entry.incarnation == new.incarnation;
                    let before = entry.for_good.filter(|_| is_same_life);
                    *entry = FailedNode { for_good: new.for_good.or(before), ..new };
                }
            }
            Err(place) => self.entries.insert(place, new),
        }
    }

    /// Keeps only the entries that pass the test.
    pub(crate) fn retain(&mut self, is_kept: impl FnMut(&FailedNode) -> bool) {
        self.entries.retain(is_kept);
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
    }

    /// Forgets that the group failed on a node.
    pub(crate) fn forget(&mut self, node: NodeId) {
        self.retain(|entry| entry.node != node);
    }

    /// Forgets that a resource can never run on some nodes.
    pub(crate) fn free(&mut self, resource: ResourceId) {
        for entry in &mut self.entries {
            entry.for_good = entry.for_good.filter(|unfit| *unfit != resource);
        }
    }

    /// Forgets all entries.
    pub(crate) fn clear(&mut self) {
        self.entries = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(node: u32, life: u64, at: u64, for_good: Option<u32>) -> FailedNode {
        FailedNode {
            node: NodeId::new(node),
            incarnation: Incarnation::new(life),
            at: Timestamp::from_millis(at),
            for_good: for_good.map(ResourceId::new),
        }
    }

    #[test]
    fn there_is_one_entry_for_each_node_and_the_last_one_counts() {
        let mut nodes = FailedNodes::default();
        for entry in [failed(2, 1, 10, None), failed(0, 1, 20, None), failed(2, 1, 30, None)] {
            nodes.note(entry);
        }
        assert_eq!(nodes.entries(), [failed(0, 1, 20, None), failed(2, 1, 30, None)]);
        assert_eq!(nodes.on(NodeId::new(2)), Some(&failed(2, 1, 30, None)));
        assert_eq!(nodes.on(NodeId::new(1)), None);
        nodes.forget(NodeId::new(0));
        assert_eq!(nodes.entries(), [failed(2, 1, 30, None)]);
    }

    #[test]
    fn a_node_stays_barred_in_the_same_life_only() {
        let mut nodes = FailedNodes::default();
        nodes.note(failed(0, 1, 10, Some(7)));
        nodes.note(failed(0, 1, 20, None));
        assert_eq!(nodes.entries(), [failed(0, 1, 20, Some(7))]);
        nodes.note(failed(0, 2, 30, None));
        assert_eq!(nodes.entries(), [failed(0, 2, 30, None)]);
    }
}
