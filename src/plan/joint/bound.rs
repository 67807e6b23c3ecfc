//! Reasons why a search cannot reach its goal from where it is, without looking further.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::kind::Kind;
use super::loss::{Goal, total};
use super::open::Open;
use super::rooms::Rooms;
use crate::id::NodeId;
use crate::spec::NodeSet;

/// Sums that are kept up to date while a search goes on.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    zones: Vec<Zone>,
    /// The amounts that each tier demands in each dimension, largest first, with the open kind.
    ranked: Vec<Vec<(u64, usize)>>,
    tiers: usize,
    dimensions: usize,
    /// The open kinds of each class.
    classes: Vec<Vec<usize>>,
    /// The most classes that one kind has.
    most_classes: usize,
    /// The number of open kinds that can stand on each node.
    users: Vec<usize>,
}

/// Nodes, and the groups that can stand only there.
#[derive(Clone, Debug)]
struct Zone {
    nodes: NodeSet,
    /// Tells of each open kind whether it can stand only there.
    holds: Vec<bool>,
    /// The free amount on the nodes that can be used, less the demand of the groups, by dimension.
    /// Each node without limit adds [`BOUNDLESS`].
    slack: Vec<i128>,
}

/// More than any sum of demands, so often that sums of it stay in range.
const BOUNDLESS: i128 = 1 << 100;

/// More zones cost more than they prove.
const MOST_ZONES: usize = 8;

impl Bounds {
    /// Returns the sums before anything is placed.
    pub(super) fn new(opens: &[Open<'_>], rooms: &Rooms, tiers: usize) -> Self {
        let dimensions = rooms.dimensions();
        let mut ranked = vec![Vec::new(); tiers.saturating_mul(dimensions)];
        let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut users: Vec<usize> = Vec::new();
        for (position, open) in opens.iter().enumerate() {
            for (dimension, amount) in &open.kind.demands {
                let place = open.kind.tier.saturating_mul(dimensions).saturating_add(*dimension);
                if let Some(ranked) = ranked.get_mut(place) {
                    ranked.push((*amount, position));
                }
            }
            for class in &open.kind.classes {
                classes.entry(*class).or_default().push(position);
            }
            for node in open.domain.iter() {
                if users.len() <= node.index() {
                    users.resize(node.index().saturating_add(1), 0);
                }
                if let Some(users) = users.get_mut(node.index()) {
                    *users = users.saturating_add(1);
                }
            }
        }
        for ranked in &mut ranked {
            ranked.sort_unstable_by(|one, other| other.cmp(one));
        }
        let is_used = |node: NodeId| users.get(node.index()).is_some_and(|users| *users > 0);
        let zones = zones(opens, rooms, is_used);
        let classes = classes.into_values().collect();
        let most_classes = opens.iter().map(|open| open.kind.classes.len()).max().unwrap_or(0);
        Self { zones, ranked, tiers, dimensions, classes, most_classes, users }
    }

    /// Notes that one group of an open kind enters a node.
    pub(super) fn enter(&mut self, position: usize, kind: &Kind, node: NodeId, rooms: &Rooms) {
        self.shift(position, kind, node, rooms, i128::saturating_add, i128::saturating_sub);
    }

    /// Notes that it leaves the node.
    pub(super) fn leave(&mut self, position: usize, kind: &Kind, node: NodeId, rooms: &Rooms) {
        self.shift(position, kind, node, rooms, i128::saturating_sub, i128::saturating_add);
    }

    fn shift(
        &mut self,
        position: usize,
        kind: &Kind,
        node: NodeId,
        rooms: &Rooms,
        by_demand: fn(i128, i128) -> i128,
        by_room: fn(i128, i128) -> i128,
    ) {
        for zone in &mut self.zones {
            let is_held = zone.holds.get(position) == Some(&true);
            let is_within = zone.nodes.contains(node);
            for (dimension, amount) in &kind.demands {
                let Some(slack) = zone.slack.get_mut(*dimension) else { continue };
                if is_held {
                    *slack = by_demand(*slack, i128::from(*amount));
                }
                if is_within && rooms.free(node, *dimension).is_some() {
                    *slack = by_room(*slack, i128::from(*amount));
                }
            }
        }
    }

    /// Notes that groups of an open kind are left out.
    pub(super) fn leave_out(&mut self, position: usize, kind: &Kind, count: usize) {
        self.demand(position, kind, count, i128::saturating_add);
    }

    /// Notes that they are to be placed again.
    pub(super) fn take_back(&mut self, position: usize, kind: &Kind, count: usize) {
        self.demand(position, kind, count, i128::saturating_sub);
    }

    fn demand(&mut self, position: usize, kind: &Kind, count: usize, by: fn(i128, i128) -> i128) {
        for zone in &mut self.zones {
            if zone.holds.get(position) == Some(&true) {
                zone.demand(kind, count, by);
            }
        }
    }

    /// Notes that one open kind less can stand on a node. What is free there is lost with the last.
    pub(super) fn disuse(&mut self, node: NodeId, rooms: &Rooms) {
        if let Some(users) = self.users.get_mut(node.index()) {
            *users = users.saturating_sub(1);
            if *users == 0 {
                self.offer(node, rooms, i128::saturating_sub);
            }
        }
    }

    /// Notes that one open kind more can stand on a node.
    pub(super) fn reuse(&mut self, node: NodeId, rooms: &Rooms) {
        if let Some(users) = self.users.get_mut(node.index()) {
            *users = users.saturating_add(1);
            if *users == 1 {
                self.offer(node, rooms, i128::saturating_add);
            }
        }
    }

    fn offer(&mut self, node: NodeId, rooms: &Rooms, by: fn(i128, i128) -> i128) {
        for zone in &mut self.zones {
            if zone.nodes.contains(node) {
                zone.offer(node, rooms, by);
            }
        }
    }

    /// Tells whether the goal is out of reach.
    pub(super) fn refute(&self, opens: &[Open<'_>], goal: &Goal) -> bool {
        self.is_room_short(opens, goal) || self.is_class_short(opens, goal)
    }

    /// Tells whether groups demand more than is free on the only nodes on which they can stand,
    /// even without the largest that may be left out.
    fn is_room_short(&self, opens: &[Open<'_>], goal: &Goal) -> bool {
        self.zones.iter().any(|zone| {
            let mut slack = zone.slack.iter().enumerate().filter(|(_, slack)| **slack < 0);
            slack
                .any(|(dimension, slack)| slack.unsigned_abs() > self.spare(dimension, opens, goal))
        })
    }

    /// The most that may be left out in a dimension.
    fn spare(&self, dimension: usize, opens: &[Open<'_>], goal: &Goal) -> u128 {
        let tiers = (0..self.tiers).map(|tier| {
            let mut groups = goal.spare(tier);
            let mut sum = 0_u128;
            let place = tier.saturating_mul(self.dimensions).saturating_add(dimension);
            for (amount, position) in self.ranked.get(place).into_iter().flatten() {
                if groups == 0 {
                    break;
                }
                let left = opens.get(*position).map_or(0, |open| open.left).min(groups);
                groups = groups.saturating_sub(left);
                sum = sum.saturating_add(total(*amount, left));
            }
            if dimension == 0 { sum.min(goal.spare_demand(tier)) } else { sum }
        });
        tiers.fold(0, u128::saturating_add)
    }

    /// Tells whether classes have more groups than nodes to stand on. A group that is left out helps
    /// each of its classes.
    fn is_class_short(&self, opens: &[Open<'_>], goal: &Goal) -> bool {
        let short = self.classes.iter().map(|class| {
            let kinds = class.iter().filter_map(|position| opens.get(*position));
            shortage(kinds.filter(|open| open.left > 0))
        });
        let short = short.fold(0, usize::saturating_add);
        let spares = goal.spares().iter().copied();
        short > spares.fold(0, usize::saturating_add).saturating_mul(self.most_classes)
    }
}

/// How many groups of one class more there are than nodes for them.
fn shortage<'a>(kinds: impl Iterator<Item = &'a Open<'a>> + Clone) -> usize {
    let (mut count, mut widest) = (0_usize, 0);
    for open in kinds.clone() {
        count = count.saturating_add(open.left);
        widest = open.choices.max(widest);
    }
    if count <= widest {
        return 0;
    }
    let mut nodes = NodeSet::new();
    for open in kinds {
        nodes.absorb(&open.domain);
    }
    count.saturating_sub(nodes.len())
}

impl Zone {
    fn demand(&mut self, kind: &Kind, count: usize, by: fn(i128, i128) -> i128) {
        for (dimension, amount) in &kind.demands {
            if let Some(slack) = self.slack.get_mut(*dimension) {
                *slack = by(*slack, i128::try_from(total(*amount, count)).unwrap_or(BOUNDLESS));
            }
        }
    }

    fn offer(&mut self, node: NodeId, rooms: &Rooms, by: fn(i128, i128) -> i128) {
        for (slack, free) in self.slack.iter_mut().zip(rooms.all_free(node)) {
            *slack = by(*slack, free.map_or(BOUNDLESS, i128::from));
        }
    }
}

/// The zones of what is open: all nodes, and the sets of nodes to which many kinds are bound.
fn zones(opens: &[Open<'_>], rooms: &Rooms, is_used: impl Fn(NodeId) -> bool) -> Vec<Zone> {
    let mut counts: BTreeMap<&NodeSet, usize> = BTreeMap::new();
    let mut every = NodeSet::new();
    for open in opens {
        every.absorb(&open.kind.able);
        let count = counts.entry(&open.kind.able).or_default();
        *count = count.saturating_add(1);
    }
    counts.remove(&every);
    let few = opens.len() >> 3;
    let mut sets: Vec<(usize, &NodeSet)> = counts
        .into_iter()
        .map(|(nodes, count)| (count, nodes))
        .filter(|(count, _)| *count > few)
        .collect();
    sets.sort_unstable_by(|one, other| other.cmp(one));
    let bound = sets.into_iter().take(MOST_ZONES).map(|(_, nodes)| nodes.clone());
    let zones = core::iter::once(every.clone()).chain(bound).map(|nodes| {
        let is_within = |open: &Open<'_>| open.kind.able.difference(&nodes).is_empty();
        let holds: Vec<bool> = opens.iter().map(is_within).collect();
        let slack = vec![0; rooms.dimensions()];
        let mut zone = Zone { nodes: nodes.clone(), holds: holds.clone(), slack };
        for (open, _) in opens.iter().zip(holds).filter(|(_, holds)| *holds) {
            zone.demand(open.kind, open.left, i128::saturating_sub);
        }
        for node in nodes.iter().filter(|node| is_used(*node)) {
            zone.offer(node, rooms, i128::saturating_add);
        }
        zone
    });
    zones.collect()
}
