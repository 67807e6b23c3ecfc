//! The groups of a contest, sorted by kind, and the test whether they compete at all.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::kind::{Entrant, Kind, NodeRoom};
use super::rooms::Rooms;
use crate::id::{ClassId, DimensionId, GroupId};
use crate::spec::NodeSet;

/// The groups of a contest, in the order of choice, and the room that they find.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    kinds: Vec<Kind>,
    /// The kind of each entrant.
    kind_of: Vec<usize>,
    groups: Vec<GroupId>,
    positions: BTreeMap<GroupId, usize>,
    tiers: usize,
    rooms: Rooms,
}

/// The properties by which two groups are alike.
type Likeness = (usize, Box<[(usize, u64)]>, Box<[usize]>, NodeSet);

impl Field {
    /// Returns the field of a contest; `None` if every entrant finds a node whatever the others
    /// choose.
    pub(super) fn new(entrants: &[Entrant<'_>], nodes: &[NodeRoom]) -> Option<Self> {
        let sums = Sums::new(entrants, nodes);
        if entrants.iter().all(|entrant| sums.is_sure(entrant) || !sums.can_stand(entrant)) {
            return None;
        }
        let mut entrants: Vec<&Entrant<'_>> = entrants.iter().collect();
        entrants.sort_by_key(|entrant| core::cmp::Reverse((entrant.priority, entrant.urgency)));
        let (dimensions, classes) = (numbers(sums.demand.keys()), numbers(sums.shared.keys()));
        let mut field =
            Self { rooms: Rooms::new(nodes, &dimensions, classes.len()), ..Self::default() };
        let mut kinds: BTreeMap<Likeness, usize> = BTreeMap::new();
        let mut last = None;
        for entrant in entrants {
            if field.positions.contains_key(&entrant.group) {
                continue;
            }
            let rank = (entrant.priority, entrant.urgency);
            if last != Some(rank) {
                last = Some(rank);
                field.tiers = field.tiers.saturating_add(1);
            }
            let tier = field.tiers.saturating_sub(1);
            let demands = positive(entrant, &dimensions);
            let own = entrant.classes.iter().filter_map(|class| classes.get(class).copied());
            let likeness = (tier, demands, own.collect(), sums.able(entrant));
            let next = field.kinds.len();
            let kind = *kinds.entry(likeness.clone()).or_insert(next);
            if kind == next {
                let (tier, demands, classes, able) = likeness;
                let members = Vec::new();
                let size = field.rooms.size(&demands);
                field.kinds.push(Kind { tier, demands, classes, able, size, members });
            }
            field.add(entrant.group, kind);
        }
        Some(field)
    }

    fn add(&mut self, group: GroupId, kind: usize) {
        let entrant = self.groups.len();
        self.groups.push(group);
        self.kind_of.push(kind);
        self.positions.insert(group, entrant);
        if let Some(kind) = self.kinds.get_mut(kind) {
            kind.members.push(entrant);
        }
    }

    /// Returns the number of entrants.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Returns the number of tiers.
    pub(super) const fn tiers(&self) -> usize {
        self.tiers
    }

    /// The room before anything is placed.
    pub(super) const fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// The position of a group in the order of choice; `None` if it is no entrant.
    pub(super) fn position(&self, group: GroupId) -> Option<usize> {
        self.positions.get(&group).copied()
    }

    /// Returns the group of an entrant.
    pub(super) fn group(&self, entrant: usize) -> Option<GroupId> {
        self.groups.get(entrant).copied()
    }

    /// Returns the number of the kind of an entrant.
    pub(super) fn kind_of(&self, entrant: usize) -> Option<usize> {
        self.kind_of.get(entrant).copied()
    }

    /// Returns the kind with this number.
    pub(super) fn kind(&self, kind: usize) -> Option<&Kind> {
        self.kinds.get(kind)
    }

    /// The kind of an entrant.
    pub(super) fn of(&self, entrant: usize) -> Option<&Kind> {
        self.kind(self.kind_of(entrant)?)
    }

    /// Returns all kinds, by number.
    pub(super) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }
}

/// Tells whether these groups could be in each other's way on these nodes, whichever nodes may own
/// them. If not, there is no need to know that.
pub(crate) fn could_compete(entrants: &[Entrant<'_>], nodes: &[NodeRoom]) -> bool {
    let sums = Sums::new(entrants, nodes);
    let is_tight = |roomy: &NodeSet| roomy.len() < sums.every.len();
    !sums.shared.is_empty() || sums.roomy.values().any(is_tight)
}

/// The numbers that tell whether groups compete: sums over all entrants, and the nodes that hold
/// them.
#[derive(Debug)]
struct Sums<'a> {
    /// The demand of all entrants in each dimension.
    demand: BTreeMap<DimensionId, u128>,
    /// The number of entrants of each class that has several.
    shared: BTreeMap<ClassId, usize>,
    nodes: &'a [NodeRoom],
    /// All nodes.
    every: NodeSet,
    /// The nodes that hold the demand of all entrants, by dimension.
    roomy: BTreeMap<DimensionId, NodeSet>,
    /// The nodes on which groups of the class stand.
    taken: BTreeMap<ClassId, NodeSet>,
}

impl<'a> Sums<'a> {
    fn new(entrants: &[Entrant<'_>], nodes: &'a [NodeRoom]) -> Self {
        let mut demand: BTreeMap<DimensionId, u128> = BTreeMap::new();
        let mut shared: BTreeMap<ClassId, usize> = BTreeMap::new();
        for entrant in entrants {
            for (dimension, amount) in entrant.demands.iter().filter(|(_, amount)| *amount > 0) {
                let sum = demand.entry(*dimension).or_default();
                *sum = sum.saturating_add(u128::from(*amount));
            }
            for class in entrant.classes {
                let count = shared.entry(*class).or_default();
                *count = count.saturating_add(1);
            }
        }
        shared.retain(|_, count| *count > 1);
        let every: NodeSet = nodes.iter().map(|room| room.node).collect();
        let mut roomy: BTreeMap<DimensionId, NodeSet> =
            demand.keys().map(|dimension| (*dimension, every.clone())).collect();
        let mut taken: BTreeMap<ClassId, NodeSet> = BTreeMap::new();
        for room in nodes {
            for (dimension, free) in &room.free {
                let sum = demand.get(dimension).copied().unwrap_or(0);
                if sum > u128::from(*free)
                    && let Some(roomy) = roomy.get_mut(dimension)
                {
                    roomy.remove(room.node);
                }
            }
            for class in &room.classes {
                taken.entry(*class).or_default().insert(room.node);
            }
        }
        Self { demand, shared, nodes, every, roomy, taken }
    }

    /// Tells whether an entrant finds a node wherever the others go. Each entrant of one of its
    /// classes takes at most one node from it, and no other entrant takes a roomy one.
    fn is_sure(&self, entrant: &Entrant<'_>) -> bool {
        let mut safe = self.unclaimed(entrant);
        for (dimension, _) in entrant.demands.iter().filter(|(_, amount)| *amount > 0) {
            if let Some(roomy) = self.roomy.get(dimension) {
                safe = safe.intersection(roomy);
            }
        }
        let counts = entrant.classes.iter().filter_map(|class| self.shared.get(class));
        let rivals = counts.map(|count| count.saturating_sub(1)).fold(0, usize::saturating_add);
        safe.len() > rivals
    }

    /// The nodes that may own an entrant and have none of its classes.
    fn unclaimed(&self, entrant: &Entrant<'_>) -> NodeSet {
        let taken = entrant.classes.iter().filter_map(|class| self.taken.get(class));
        taken.fold(entrant.able.intersection(&self.every), |able, taken| able.difference(taken))
    }

    fn can_stand(&self, entrant: &Entrant<'_>) -> bool {
        !self.able(entrant).is_empty()
    }

    /// The nodes on which an entrant could stand if it were alone.
    fn able(&self, entrant: &Entrant<'_>) -> NodeSet {
        let mut able = self.unclaimed(entrant);
        for room in self.nodes {
            let holds = room.free.iter().all(|(dimension, free)| {
                let own = entrant.demands.iter().filter(|(of, _)| of == dimension);
                own.map(|(_, amount)| *amount).fold(0, u64::saturating_add) <= *free
            });
            if !holds {
                able.remove(room.node);
            }
        }
        able
    }
}

/// Numbers the keys in their order.
fn numbers<'a, K: Copy + Ord + 'a>(keys: impl Iterator<Item = &'a K>) -> BTreeMap<K, usize> {
    keys.enumerate().map(|(number, key)| (*key, number)).collect()
}

/// The demands of an entrant that are not zero, ascending, one for each dimension.
fn positive(
    entrant: &Entrant<'_>,
    dimensions: &BTreeMap<DimensionId, usize>,
) -> Box<[(usize, u64)]> {
    let mut sums = vec![0_u64; dimensions.len()];
    for (dimension, amount) in entrant.demands {
        let number = dimensions.get(dimension).copied();
        if let Some(sum) = number.and_then(|number| sums.get_mut(number)) {
            *sum = sum.saturating_add(*amount);
        }
    }
    sums.into_iter().enumerate().filter(|(_, amount)| *amount > 0).collect()
}
