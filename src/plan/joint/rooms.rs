//! The room on each node while groups are put there and taken away.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::kind::{Kind, NodeRoom};
use crate::id::{DimensionId, NodeId};
use crate::spec::NodeSet;

/// The free amounts on each node, and the nodes on which the classes of the entrants stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms {
    dimensions: usize,
    /// By node and then by dimension; `None` is no limit.
    free: Vec<Option<u64>>,
    /// The nodes on which an entrant of the class stands.
    taken: Vec<NodeSet>,
    /// The scale of each dimension, so that amounts of several dimensions can be added.
    scales: Vec<Scale>,
}

/// Brings amounts of a dimension below 2^32.
#[derive(Clone, Copy, Debug, Default)]
struct Scale {
    up: u32,
    down: u32,
}

impl Scale {
    /// The scale under which this amount, the largest, takes 32 bits.
    const fn new(largest: u64) -> Self {
        if largest == 0 {
            // Nothing is scarce where nothing is limited.
            return Self { up: 0, down: u64::BITS };
        }
        let bits = u64::BITS.saturating_sub(largest.leading_zeros());
        Self { up: 32_u32.saturating_sub(bits), down: bits.saturating_sub(32) }
    }

    fn of(self, amount: u64) -> u64 {
        let amount = amount.checked_shr(self.down).unwrap_or(0);
        amount.checked_shl(self.up).unwrap_or(u64::MAX).min(1 << 33)
    }
}

impl Rooms {
    /// Returns the room on these nodes before an entrant is placed. `dimensions` numbers the
    /// dimensions that count, and `classes` is the number of classes.
    pub(super) fn new(
        nodes: &[NodeRoom],
        dimensions: &BTreeMap<DimensionId, usize>,
        classes: usize,
    ) -> Self {
        let count = dimensions.len();
        let last = nodes.iter().map(|room| room.node.index()).max();
        let length = last.map_or(0, |last| last.saturating_add(1));
        let mut free = vec![None; length.saturating_mul(count)];
        let mut largest = vec![0; count];
        for room in nodes {
            for (dimension, amount) in &room.free {
                let Some(number) = dimensions.get(dimension).copied() else { continue };
                if let Some(free) = free.get_mut(place(count, room.node, number)) {
                    *free = Some(*amount);
                }
                if let Some(largest) = largest.get_mut(number) {
                    *largest = (*amount).max(*largest);
                }
            }
        }
        let scales = largest.into_iter().map(Scale::new).collect();
        Self { dimensions: count, free, taken: vec![NodeSet::new(); classes], scales }
    }

    /// Returns the number of dimensions.
    pub(super) const fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The free amount on a node in a dimension; `None` is no limit.
    pub(super) fn free(&self, node: NodeId, dimension: usize) -> Option<u64> {
        self.free.get(place(self.dimensions, node, dimension)).copied().flatten()
    }

    /// The free amounts on a node, by dimension.
    pub(super) fn all_free(&self, node: NodeId) -> &[Option<u64>] {
        let from = place(self.dimensions, node, 0);
        self.free.get(from..from.saturating_add(self.dimensions)).unwrap_or(&[])
    }

    /// Tells whether the node holds the demands of one more group of this kind.
    pub(super) fn holds(&self, kind: &Kind, node: NodeId) -> bool {
        fits(&kind.demands, self.all_free(node))
    }

    /// The nodes of a set on which no group of the classes of this kind stands.
    pub(super) fn unclaimed(&self, kind: &Kind, nodes: &NodeSet) -> NodeSet {
        let taken = kind.classes.iter().filter_map(|class| self.taken.get(*class));
        taken.fold(nodes.clone(), |nodes, taken| nodes.difference(taken))
    }

    /// Tells whether one more group of this kind can stand on a node.
    pub(super) fn admits(&self, kind: &Kind, node: NodeId) -> bool {
        let mut taken = kind.classes.iter().filter_map(|class| self.taken.get(*class));
        kind.able.contains(node)
            && self.holds(kind, node)
            && !taken.any(|taken| taken.contains(node))
    }

    /// Tells whether a group of this kind can stand on a node in the place of one of another kind.
    pub(super) fn admits_instead(&self, kind: &Kind, other: &Kind, node: NodeId) -> bool {
        let free = self.all_free(node);
        kind.able.contains(node)
            && kind.demands.iter().all(|(dimension, amount)| {
                let own = other.demands.iter().find(|(of, _)| of == dimension);
                let own = own.map_or(0, |(_, amount)| *amount);
                let free = free.get(*dimension).copied().flatten();
                free.is_none_or(|free| *amount <= free.saturating_add(own))
            })
            && kind.classes.iter().all(|class| {
                let is_taken = self.taken.get(*class).is_some_and(|taken| taken.contains(node));
                !is_taken || other.classes.contains(class)
            })
    }

    /// Puts a group of this kind on a node.
    pub(super) fn enter(&mut self, kind: &Kind, node: NodeId) {
        self.change(kind, node, u64::saturating_sub);
        for class in &kind.classes {
            if let Some(taken) = self.taken.get_mut(*class) {
                taken.insert(node);
            }
        }
    }

    /// Takes a group of this kind off a node.
    pub(super) fn leave(&mut self, kind: &Kind, node: NodeId) {
        self.change(kind, node, u64::saturating_add);
        for class in &kind.classes {
            if let Some(taken) = self.taken.get_mut(*class) {
                taken.remove(node);
            }
        }
    }

    fn change(&mut self, kind: &Kind, node: NodeId, by: fn(u64, u64) -> u64) {
        for (dimension, amount) in &kind.demands {
            if let Some(Some(free)) = self.free.get_mut(place(self.dimensions, node, *dimension)) {
                *free = by(*free, *amount);
            }
        }
    }

    /// Returns how much a node has left, scaled, if a group of this kind enters it.
    pub(super) fn slack(&self, kind: &Kind, node: NodeId) -> u64 {
        let free = self.all_free(node).iter().enumerate();
        let left = free.zip(&self.scales).map(|((dimension, free), scale)| {
            let own = kind.demands.iter().find(|(of, _)| *of == dimension);
            let own = own.map_or(0, |(_, amount)| *amount);
            free.map_or(1 << 33, |free| scale.of(free.saturating_sub(own)))
        });
        left.fold(0, u64::saturating_add)
    }

    /// The sum of the shares of what demands take.
    pub(super) fn size(&self, demands: &[(usize, u64)]) -> u64 {
        let scaled = demands.iter().filter_map(|(dimension, amount)| {
            self.scales.get(*dimension).map(|scale| scale.of(*amount))
        });
        scaled.fold(0, u64::saturating_add)
    }
}

/// Tells whether demands fit into what is free on a node.
#[inline]
pub(super) fn fits(demands: &[(usize, u64)], free: &[Option<u64>]) -> bool {
    demands.iter().all(|(dimension, amount)| {
        free.get(*dimension).copied().flatten().is_none_or(|free| *amount <= free)
    })
}

fn place(dimensions: usize, node: NodeId, dimension: usize) -> usize {
    node.index().saturating_mul(dimensions).saturating_add(dimension)
}
