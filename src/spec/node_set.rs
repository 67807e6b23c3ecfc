//! A set of nodes as bits.

use alloc::vec::Vec;

use crate::id::NodeId;

/// A set of nodes, read in constant time and iterated in ascending order.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeSet {
    /// The first 64 nodes, held inline because few clusters have more.
    low: u64,
    /// Further nodes, 64 per word; the last word is never zero, so that equal sets are equal.
    high: Vec<u64>,
}

impl NodeSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { low: 0, high: Vec::new() }
    }

    /// Adds a node. Tells whether it was missing.
    pub fn insert(&mut self, node: NodeId) -> bool {
        let (word, bit) = place(node);
        let word = match word.checked_sub(1) {
            None => &mut self.low,
            Some(index) => {
                if self.high.len() <= index {
                    self.high.resize(index.saturating_add(1), 0);
                }
                match self.high.get_mut(index) {
                    Some(word) => word,
                    None => return false,
                }
            }
        };
        let missing = *word & bit == 0;
        *word |= bit;
        missing
    }

    /// Removes a node. Tells whether it was there.
    pub(crate) fn remove(&mut self, node: NodeId) -> bool {
        let (word, bit) = place(node);
        let word = match word.checked_sub(1) {
            None => Some(&mut self.low),
            Some(index) => self.high.get_mut(index),
        };
        let Some(word) = word else { return false };
        let was_there = *word & bit != 0;
        *word &= !bit;
        while self.high.pop_if(|last| *last == 0).is_some() {}
        was_there
    }

    /// Adds all nodes of another set.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.low |= other.low;
        if self.high.len() < other.high.len() {
            self.high.resize(other.high.len(), 0);
        }
        for (word, more) in self.high.iter_mut().zip(&other.high) {
            *word |= more;
        }
    }

    /// Tells whether the node is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        let (word, bit) = place(node);
        let word = match word.checked_sub(1) {
            None => self.low,
            Some(index) => self.high.get(index).copied().unwrap_or(0),
        };
        word & bit != 0
    }

    /// Tells whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.low == 0 && self.high.is_empty()
    }

    /// The number of nodes in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words().fold(0_usize, |sum, word| {
            sum.saturating_add(usize::try_from(word.count_ones()).unwrap_or(0))
        })
    }

    /// The nodes, ascending.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> {
        self.words().enumerate().flat_map(|(index, word)| {
            let first = index.saturating_mul(64);
            bits(word).map(move |bit| NodeId::from_index(first.saturating_add(bit)))
        })
    }

    /// The nodes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut high: Vec<u64> = self.high.iter().zip(&other.high).map(|(a, b)| a & b).collect();
        let used = high.iter().rposition(|word| *word != 0);
        high.truncate(used.map_or(0, |last| last.saturating_add(1)));
        Self { low: self.low & other.low, high }
    }

    /// The nodes that are in at least one of the sets.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (long, short) =
            if self.high.len() < other.high.len() { (other, self) } else { (self, other) };
        let mut high = long.high.clone();
        for (word, more) in high.iter_mut().zip(&short.high) {
            *word |= more;
        }
        Self { low: self.low | other.low, high }
    }

    /// The nodes that are not in the other set.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let theirs = other.high.iter().copied().chain(core::iter::repeat(0));
        let mut high: Vec<u64> = self.high.iter().zip(theirs).map(|(a, b)| a & !b).collect();
        let used = high.iter().rposition(|word| *word != 0);
        high.truncate(used.map_or(0, |last| last.saturating_add(1)));
        Self { low: self.low & !other.low, high }
    }

    /// Tells whether at least one node is in both sets.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.words().zip(other.words()).any(|(a, b)| a & b != 0)
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        core::iter::once(self.low).chain(self.high.iter().copied())
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<T: IntoIterator<Item = NodeId>>(nodes: T) -> Self {
        let mut set = Self::new();
        for node in nodes {
            set.insert(node);
        }
        set
    }
}

/// The bits that are set, ascending.
fn bits(word: u64) -> impl Iterator<Item = usize> {
    let without_lowest = |word: &u64| Some(word & word.wrapping_sub(1));
    core::iter::successors(Some(word), without_lowest)
        .take_while(|word| *word != 0)
        .map(|word| usize::try_from(word.trailing_zeros()).unwrap_or(0))
}

/// The word and the bit of a node.
#[inline]
fn place(node: NodeId) -> (usize, u64) {
    let index = node.index();
    (index >> 6, 1_u64 << (index & 63))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::vec;

    use super::*;

    fn set(indices: &[usize]) -> NodeSet {
        indices.iter().copied().map(NodeId::from_index).collect()
    }

    #[test]
    fn behaves_like_a_sorted_set() {
        let indices = [70, 3, 64, 0, 999, 63, 3];
        let bits = set(&indices);
        let model: BTreeSet<usize> = indices.into_iter().collect();
        assert_eq!(bits.iter().map(NodeId::index).collect::<BTreeSet<_>>(), model);
        assert!(bits.iter().is_sorted());
        assert_eq!(bits.len(), model.len());
        for index in 0..1_100 {
            assert_eq!(bits.contains(NodeId::from_index(index)), model.contains(&index), "{index}");
        }
    }

    #[test]
    fn a_union_equals_the_set_built_directly() {
        assert_eq!(set(&[1, 64, 200]).union(&set(&[1, 70, 300])), set(&[1, 64, 70, 200, 300]));
        assert_eq!(set(&[300]).union(&set(&[2])), set(&[2, 300]));
        for (one, other) in [([1, 200], [70, 300]), ([300, 5], [2, 5])] {
            let mut bits = set(&one);
            bits.absorb(&set(&other));
            assert_eq!(bits, set(&one).union(&set(&other)));
        }
    }

    #[test]
    fn an_intersection_equals_the_set_built_directly() {
        let both = set(&[1, 64, 200]).intersection(&set(&[1, 64, 300]));
        assert_eq!(both, set(&[1, 64]));
        assert_eq!(set(&[200]).intersection(&set(&[300])), NodeSet::new());
        assert!(set(&[200]).intersection(&set(&[300])).is_empty());
        assert_eq!(set(&[1, 64, 200]).difference(&set(&[1, 200, 300])), set(&[64]));
        assert_eq!(set(&[200, 5]).difference(&set(&[200])), set(&[5]));
        assert_eq!(set(&[200, 5]).difference(&set(&[5])), set(&[200]));
        assert!(!set(&[200]).intersects(&set(&[300])));
        assert!(set(&[200, 5]).intersects(&set(&[5])));
    }

    #[test]
    fn what_was_removed_leaves_the_set_as_if_it_never_was_there() {
        let mut bits = set(&[5, 70, 200]);
        assert_eq!(
            [200, 200, 5, 999].map(|at| bits.remove(NodeId::from_index(at))),
            [true, false, true, false]
        );
        assert_eq!(bits, set(&[70]));
        assert!(bits.remove(NodeId::from_index(70)));
        assert_eq!(bits, NodeSet::new());
    }

    #[test]
    fn insert_tells_what_was_missing() {
        let mut bits = NodeSet::new();
        let answers: vec::Vec<bool> =
            [5, 5, 100, 100].into_iter().map(|i| bits.insert(NodeId::from_index(i))).collect();
        assert_eq!(answers, [true, false, true, false]);
    }
}
