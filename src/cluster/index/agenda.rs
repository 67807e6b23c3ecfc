//! The timers: one deadline per node, group and resource, earliest first.
//!
//! Deadlines follow from the state, and this is an index over them. It is a heap in which an entry
//! has four children, so it is shallow and needs few cache lines. Entries know their place, so a
//! deadline changes in logarithmic time without allocation. Entries of equal time are ordered by
//! slot, so every rebuild has the same first entry.

use alloc::vec;
use alloc::vec::Vec;

use crate::id::{GroupId, NodeId, ResourceId};
use crate::time::Timestamp;

/// A node, a group or a resource that can have a deadline.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Slot {
    Node(NodeId),
    Group(GroupId),
    Resource(ResourceId),
}

/// The deadlines by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    heap: Vec<(Timestamp, u32)>,
    /// The place of each slot in the heap, or `ABSENT`.
    places: Vec<u32>,
    nodes: u32,
    groups: u32,
}

const ABSENT: u32 = u32::MAX;

impl Agenda {
    /// Creates an agenda without deadlines, for a cluster of this size.
    pub(crate) fn new(nodes: usize, groups: usize, resources: usize) -> Self {
        let slots = nodes.saturating_add(groups).saturating_add(resources);
        Self {
            heap: Vec::new(),
            places: vec![ABSENT; slots],
            nodes: narrow(nodes),
            groups: narrow(groups),
        }
    }

    /// Sets or removes the deadline of a slot.
    pub(crate) fn set(&mut self, slot: Slot, deadline: Option<Timestamp>) {
        let key = self.key(slot);
        let place = self.places.get(index(key)).copied().unwrap_or(ABSENT);
        match (deadline, place) {
            (None, ABSENT) => {}
            (None, place) => self.remove(index(place)),
            (Some(at), ABSENT) => {
                let place = self.heap.len();
                self.heap.push((at, key));
                self.put(place, (at, key));
                self.rise(place);
            }
            (Some(at), place) => self.change(index(place), at),
        }
    }

    /// Returns the earliest deadline and its slot.
    pub(crate) fn first(&self) -> Option<(Timestamp, Slot)> {
        self.heap.first().map(|(at, key)| (*at, self.slot(*key)))
    }

    /// Returns the deadline of a slot.
    pub(crate) fn deadline(&self, slot: Slot) -> Option<Timestamp> {
        let place = *self.places.get(index(self.key(slot)))?;
        self.heap.get(index(place)).map(|(at, _)| *at)
    }

    /// Returns all deadlines, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Timestamp, Slot)> + '_ {
        self.heap.iter().map(|(at, key)| (*at, self.slot(*key)))
    }

    /// Returns all deadlines, in order, for comparison with a rebuild.
    #[cfg(test)]
    pub(crate) fn sorted(&self) -> Vec<(Timestamp, Slot)> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_unstable();
        all
    }

    fn key(&self, slot: Slot) -> u32 {
        match slot {
            Slot::Node(node) => narrow(node.index()),
            Slot::Group(group) => self.nodes.saturating_add(narrow(group.index())),
            Slot::Resource(resource) => {
                self.nodes.saturating_add(self.groups).saturating_add(narrow(resource.index()))
            }
        }
    }

    fn slot(&self, key: u32) -> Slot {
        if key < self.nodes {
            return Slot::Node(NodeId::new(key));
        }
        let key = key.saturating_sub(self.nodes);
        if key < self.groups {
            return Slot::Group(GroupId::new(key));
        }
        Slot::Resource(ResourceId::new(key.saturating_sub(self.groups)))
    }

    fn change(&mut self, place: usize, at: Timestamp) {
        let Some(entry) = self.heap.get_mut(place) else { return };
        let before = entry.0;
        entry.0 = at;
        if at < before {
            self.rise(place);
        } else if at > before {
            self.sink(place);
        }
    }

    fn remove(&mut self, place: usize) {
        if let Some((_, key)) = self.heap.get(place)
            && let Some(slot) = self.places.get_mut(index(*key))
        {
            *slot = ABSENT;
        }
        let Some(last) = self.heap.pop() else { return };
        if place < self.heap.len() {
            self.put(place, last);
            self.rise(place);
            self.sink(place);
        }
    }

    /// Moves an entry up to its place. Each entry that it passes moves down by one and is written
    /// once.
    fn rise(&mut self, from: usize) {
        let Some(entry) = self.heap.get(from).copied() else { return };
        let mut place = from;
        while place > 0 {
            let parent = place.saturating_sub(1) >> 2;
            let Some(above) = self.heap.get(parent).copied().filter(|above| *above > entry) else {
                break;
            };
            self.put(place, above);
            place = parent;
        }
        if place != from {
            self.put(place, entry);
        }
    }

    /// Moves an entry down to its place. Each entry that it passes moves up by one and is written
    /// once.
    fn sink(&mut self, from: usize) {
        let Some(entry) = self.heap.get(from).copied() else { return };
        let mut place = from;
        loop {
            let first = place.saturating_mul(4).saturating_add(1);
            let children = first..first.saturating_add(4);
            let least = children.filter_map(|child| Some((*self.heap.get(child)?, child))).min();
            let Some((below, child)) = least.filter(|(below, _)| *below < entry) else { break };
            self.put(place, below);
            place = child;
        }
        if place != from {
            self.put(place, entry);
        }
    }

    /// Writes an entry, and notes its place.
    fn put(&mut self, place: usize, entry: (Timestamp, u32)) {
        if let Some(spot) = self.heap.get_mut(place) {
            *spot = entry;
        }
        if let Some(slot) = self.places.get_mut(index(entry.1)) {
            *slot = narrow(place);
        }
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_deadline_is_first_whatever_changes() {
        let mut agenda = Agenda::new(2, 3, 40);
        let mut model = alloc::collections::BTreeMap::new();
        let mut seed = 1_u64;
        for _ in 0..4_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = u32::try_from(seed >> 33).expect("31 bits");
            let slot = match number % 45 {
                n @ 0..2 => Slot::Node(NodeId::new(n)),
                n @ 2..5 => Slot::Group(GroupId::new(n - 2)),
                n => Slot::Resource(ResourceId::new(n - 5)),
            };
            let deadline =
                (number % 3 > 0).then(|| Timestamp::from_millis(u64::from(number / 64 % 100)));
            agenda.set(slot, deadline);
            match deadline {
                Some(at) => model.insert(slot, at),
                None => model.remove(&slot),
            };
            let mut expected: Vec<_> = model.iter().map(|(slot, at)| (*at, *slot)).collect();
            expected.sort_unstable();
            assert_eq!(agenda.sorted(), expected);
            assert_eq!(agenda.first(), expected.first().copied());
        }
    }
}
