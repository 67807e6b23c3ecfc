//! The operations in flight, by id.
//!
//! Ids only grow, so the list is always sorted. An operation that ends leaves a hole. When there
//! are more holes than operations, the list is compacted in place. Nothing is allocated once the
//! list has reached its size.

use alloc::vec::Vec;

use crate::id::{NodeId, OpId, ResourceId};

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

/// The operations in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outstanding {
    entries: Vec<(OpId, Option<Target>)>,
    live: usize,
}

impl Outstanding {
    /// Creates the list of these operations, which may be in any order.
    pub(crate) fn from_entries(entries: impl IntoIterator<Item = (OpId, Target)>) -> Self {
        let mut entries: Vec<_> =
            entries.into_iter().map(|(operation, target)| (operation, Some(target))).collect();
        entries.sort_unstable();
        Self { live: entries.len(), entries }
    }

    /// Adds an operation, which has to be younger than all others.
    pub(crate) fn push(&mut self, operation: OpId, target: Target) {
        self.entries.push((operation, Some(target)));
        self.live = self.live.saturating_add(1);
    }

    /// Returns the subject of an operation, if it is in flight.
    pub(crate) fn target(&self, operation: OpId) -> Option<Target> {
        let place = self.entries.binary_search_by_key(&operation, |entry| entry.0).ok()?;
        self.entries.get(place).and_then(|entry| entry.1)
    }

    /// Removes an operation.
    pub(crate) fn remove(&mut self, operation: OpId) {
        let Ok(place) = self.entries.binary_search_by_key(&operation, |entry| entry.0) else {
            return;
        };
        if let Some(entry) = self.entries.get_mut(place)
            && entry.1.take().is_some()
        {
            self.live = self.live.saturating_sub(1);
        }
        let holes = self.entries.len().saturating_sub(self.live);
        if holes > self.live.saturating_add(16) {
            self.entries.retain(|entry| entry.1.is_some());
        }
    }

    /// Returns all operations in flight, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OpId, Target)> + '_ {
        self.entries.iter().filter_map(|(operation, target)| Some((*operation, (*target)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_is_forgotten_and_the_rest_is_found() {
        let mut list = Outstanding::default();
        for number in 1..=1_000 {
            list.push(OpId::new(number), Target::Node(NodeId::new(0)));
            if number % 100 != 0 {
                list.remove(OpId::new(number));
            }
        }
        let left: Vec<u64> = list.iter().map(|(operation, _)| operation.value()).collect();
        assert_eq!(left, (1..=10).map(|n| n * 100).collect::<Vec<u64>>());
        assert_eq!(list.target(OpId::new(300)), Some(Target::Node(NodeId::new(0))));
        assert_eq!(list.target(OpId::new(301)), None);
        assert!(list.entries.len() < 64);
    }
}
