//! Contests small enough to count every assignment, and large ones with known answers.

use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::id::{ClassId, DimensionId};
use crate::settings::Priority;

mod brute;
mod budget;
mod cases;
mod large;

/// Numbers that look random and are equal on every machine.
struct Draw(u64);

impl Draw {
    /// A number below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn range(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(u64::try_from(bound).expect("small"))).expect("small")
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.index(last + 1));
        }
    }
}

/// A group of a test, by plain numbers.
#[derive(Clone, Debug)]
struct Group {
    priority: u32,
    demands: Vec<u64>,
    classes: Vec<u32>,
    able: Vec<usize>,
}

/// A node of a test: what is free, `None` without limit, and the classes that stand there.
#[derive(Clone, Debug)]
struct Node {
    free: Vec<Option<u64>>,
    classes: Vec<u32>,
}

/// A contest of a test; groups and nodes have the ids of their positions.
#[derive(Clone, Debug)]
struct Case {
    groups: Vec<Group>,
    nodes: Vec<Node>,
}

/// A place for each group.
type Places = Vec<Option<usize>>;

/// The value of a set of groups, by tier: the number, then the demand by dimension.
type Value = Vec<(usize, Vec<u64>)>;

fn dimension(number: usize) -> DimensionId {
    DimensionId::from_index(number)
}

impl Case {
    fn contest(&self, steps: u64) -> Contest {
        let demands: Vec<Vec<_>> = self.groups.iter().map(Group::demands).collect();
        let classes: Vec<Vec<_>> = self.groups.iter().map(|group| ids(&group.classes)).collect();
        let entrants: Vec<Entrant<'_>> = self
            .groups
            .iter()
            .enumerate()
            .map(|(position, group)| Entrant {
                group: GroupId::from_index(position),
                urgency: Urgency::Off,
                priority: Priority::new(group.priority),
                demands: &demands[position],
                classes: &classes[position],
                able: group.able.iter().copied().map(NodeId::from_index).collect(),
            })
            .collect();
        let rooms: Vec<NodeRoom> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(position, node)| NodeRoom {
                node: NodeId::from_index(position),
                free: node
                    .free
                    .iter()
                    .enumerate()
                    .filter_map(|(at, free)| Some((dimension(at), (*free)?)))
                    .collect(),
                classes: ids(&node.classes),
            })
            .collect();
        Contest::new(&entrants, &rooms, steps)
    }

    /// The groups in the order of choice.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        order.sort_by_key(|group| core::cmp::Reverse(self.groups[*group].priority));
        order
    }

    /// Tells whether a group can join the others on a node.
    fn admits(&self, places: &Places, group: usize, node: usize) -> bool {
        let declared = &self.groups[group];
        let others = || {
            let placed = places.iter().enumerate();
            placed.filter(move |(other, at)| *other != group && **at == Some(node))
        };
        let shares = |classes: &[u32]| declared.classes.iter().any(|own| classes.contains(own));
        declared.able.contains(&node)
            && !shares(&self.nodes[node].classes)
            && !others().any(|(other, _)| shares(&self.groups[other].classes))
            && declared.demands.iter().enumerate().all(|(at, own)| {
                let taken: u64 = others().map(|(other, _)| self.groups[other].demands[at]).sum();
                *own == 0 || self.nodes[node].free[at].is_none_or(|free| own + taken <= free)
            })
    }

    fn assert_valid(&self, places: &Places) {
        for (group, place) in places.iter().enumerate() {
            if let Some(node) = place {
                assert!(
                    self.admits(places, group, *node),
                    "{group} on {node}: {self:?} {places:?}"
                );
            }
        }
    }

    fn value(&self, places: &Places) -> Value {
        let mut tiers: BTreeMap<core::cmp::Reverse<u32>, (usize, Vec<u64>)> = BTreeMap::new();
        for (group, place) in self.groups.iter().zip(places) {
            let empty = || (0, vec![0; group.demands.len()]);
            let tier = tiers.entry(core::cmp::Reverse(group.priority)).or_insert_with(empty);
            if place.is_some() {
                tier.0 += 1;
                for (sum, own) in tier.1.iter_mut().zip(&group.demands) {
                    *sum += own;
                }
            }
        }
        tiers.into_values().collect()
    }

    /// The order in which each group likes the nodes.
    fn likes(&self, draw: &mut Draw) -> Vec<Vec<usize>> {
        let each = self.groups.iter().map(|_| {
            let mut nodes: Vec<usize> = (0..self.nodes.len()).collect();
            draw.shuffle(&mut nodes);
            nodes
        });
        each.collect()
    }

    /// Places each group as the planner does: on the node that it likes best of those on which it
    /// fits and is kept.
    fn play(&self, contest: &mut Contest, likes: &[Vec<usize>]) -> Places {
        let mut places = vec![None; self.groups.len()];
        for group in self.order() {
            let id = GroupId::from_index(group);
            let node = likes[group].iter().copied().find(|node| {
                self.admits(&places, group, *node) && contest.keeps(id, NodeId::from_index(*node))
            });
            places[group] = node;
            contest.settle(id, node.map(NodeId::from_index));
        }
        self.assert_valid(&places);
        places
    }

    /// Places each group on the node that it likes best, without a thought for the others.
    fn greedy(&self, likes: &[Vec<usize>]) -> Places {
        let mut places = vec![None; self.groups.len()];
        for group in self.order() {
            places[group] =
                likes[group].iter().copied().find(|node| self.admits(&places, group, *node));
        }
        places
    }
}

impl Group {
    fn demands(&self) -> Vec<(DimensionId, u64)> {
        self.demands.iter().enumerate().map(|(at, amount)| (dimension(at), *amount)).collect()
    }
}

fn ids(classes: &[u32]) -> Vec<ClassId> {
    classes.iter().copied().map(ClassId::new).collect()
}

fn is_everybody_placed(places: &Places) -> bool {
    places.iter().all(Option::is_some)
}
