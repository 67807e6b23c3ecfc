//! The order in which a built-in policy takes the nodes that may own a group.

use super::owners::{Flaw, Objection, Standing};
use super::picture::{Group, Picture};
use quorate::Timestamp;
use quorate::policy::Trigger;
use quorate::settings::{Admission, Ownership};

/// A built-in policy. Several policies are asked one after the other, the decisive one first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// [`Ring`](quorate::policy::Ring), with or without a seed.
    Ring {
        /// The seed of the draws.
        seed: Option<u64>,
    },
    /// [`FirstPreferred`](quorate::policy::FirstPreferred).
    FirstPreferred,
    /// [`StrictPreferred`](quorate::policy::StrictPreferred).
    StrictPreferred,
    /// [`LeastGroups`](quorate::policy::LeastGroups).
    LeastGroups,
    /// [`LeastLoaded`](quorate::policy::LeastLoaded).
    LeastLoaded,
}

/// All nodes for one group that needs one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ranking {
    /// The nodes that may own the group, the next one first.
    pub taken: Vec<Place>,
    /// The other nodes, in the order of the declaration, with the objections to them.
    pub refused: Vec<(String, Objection)>,
}

/// A node that may own a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The node.
    pub node: String,
    /// The flaw of the node, if it is a last resort.
    pub flaw: Option<Flaw>,
}

impl Ranking {
    /// Returns the node that comes next.
    #[must_use]
    pub fn next(&self) -> Option<&Place> {
        self.taken.first()
    }
}

impl Picture {
    /// Returns the nodes of a group in the order in which they are taken. For every policy, nodes
    /// that can run all of it come first; among these, nodes on which it did not fail, then those
    /// on which it failed longest ago; then nodes without a flaw. Then the policy decides; then the
    /// owner comes first; then the place in the node list.
    ///
    /// The ranking of a group that is not declared is empty.
    #[must_use]
    pub fn ranking(&self, group: &str, trigger: Trigger, orders: &[Order]) -> Ranking {
        let mut ranking = Ranking { taken: Vec::new(), refused: Vec::new() };
        let Some(group) = self.group(group) else { return ranking };
        let mut contenders = Vec::new();
        for node in &self.nodes {
            let flaw = match self.standing(group, trigger, &node.name) {
                Standing::Fit => None,
                Standing::LastResort(flaw) => Some(flaw),
                Standing::Unfit(objection) => {
                    ranking.refused.push((node.name.clone(), objection));
                    continue;
                }
            };
            if orders.iter().any(|order| order.vetoes(group, &node.name)) {
                ranking.refused.push((node.name.clone(), Objection::Vetoed));
                continue;
            }
            let keys: Vec<i128> = orders
                .iter()
                .flat_map(|order| self.keys(*order, group, trigger, &node.name))
                .collect();
            let is_elsewhere = group.owner.as_deref() != Some(node.name.as_str());
            let place = position(&self.node_list(group), &node.name);
            let failed_at = self.failed_at(group, &node.name);
            // Of the nodes that cannot run all of it, the one that can run most comes first.
            let unable = match flaw {
                Some(Flaw::CannotRunAll) if self.ownership == Ownership::NeededResources => {
                    group.resources.len() - group.standing_on(&node.name).len()
                }
                _ => 0,
            };
            let merit = (self.class_of(flaw), unable, failed_at, flaw);
            contenders.push((merit, keys, is_elsewhere, place, node.name.clone()));
        }
        contenders.sort();
        ranking.taken =
            contenders.into_iter().map(|((.., flaw), .., node)| Place { node, flaw }).collect();
        ranking
    }

    /// Returns when a group failed on a node, as long as that counts.
    #[must_use]
    pub fn failed_at(&self, group: &Group, node: &str) -> Option<Timestamp> {
        let (_, at) = group.failed_on.iter().find(|(name, _)| name == node)?;
        (self.now < at.after(group.failure_memory)).then_some(*at)
    }

    /// Returns the flaw that counts for the order. A node beside a rival is as good as any node on
    /// which the group did not fail, if the two may run side by side.
    fn class_of(&self, flaw: Option<Flaw>) -> Option<Flaw> {
        match flaw {
            Some(Flaw::BesideRival) if self.admission == Admission::Open => None,
            flaw => flaw,
        }
    }

    /// Returns the preferred owners, then all other nodes in the order of the declaration (KB
    /// 299631).
    #[must_use]
    pub fn node_list(&self, group: &Group) -> Vec<String> {
        let mut list = group.preferred.clone();
        for node in &self.nodes {
            if !list.contains(&node.name) {
                list.push(node.name.clone());
            }
        }
        list
    }

    /// Returns the numbers by which a policy orders; smaller is better.
    fn keys(&self, order: Order, group: &Group, trigger: Trigger, node: &str) -> Vec<i128> {
        let list = self.node_list(group);
        match order {
            Order::FirstPreferred | Order::StrictPreferred => vec![position(&list, node)],
            Order::LeastGroups => vec![count(self.others_on(&group.name, node).count())],
            Order::LeastLoaded => vec![self.fullest_dimension(group, node)],
            Order::Ring { seed } => {
                let is_preferring = !group.preferred.is_empty();
                let owner = group.owner.as_deref();
                match (trigger, seed) {
                    (Trigger::Start, _) | (Trigger::BestPossible | Trigger::Drain, None) => {
                        vec![position(&list, node)]
                    }
                    (Trigger::BestPossible | Trigger::Drain, Some(seed)) => {
                        self.drawn(group, seed, node)
                    }
                    (Trigger::NodeFailure, Some(seed)) if !is_preferring => {
                        self.drawn(group, seed, node)
                    }
                    (Trigger::ResourceFailure | Trigger::NodeFailure, _) => {
                        vec![position(&turned(list, owner), node)]
                    }
                    other => unimplemented!("{other:?}"),
                }
            }
        }
    }

    /// Returns the preferred owners in their order, then the others as drawn.
    fn drawn(&self, group: &Group, seed: u64, node: &str) -> Vec<i128> {
        let place = group.preferred.iter().position(|name| name == node);
        let place = place.unwrap_or(group.preferred.len());
        let number_of_group = self.groups.iter().position(|other| other.name == group.name);
        let number_of_node = self.nodes.iter().position(|other| other.name == node);
        let mut draw = split_mix(seed);
        for part in [number(number_of_group), group.epoch, number(number_of_node)] {
            draw = split_mix(draw ^ part);
        }
        vec![count(place), i128::from(draw >> 1)]
    }

    /// Returns how full a node would be in its fullest dimension with the group on it, in
    /// millionths of its capacity.
    fn fullest_dimension(&self, group: &Group, node: &str) -> i128 {
        let mut fullest = 0;
        for (dimension, capacity) in self.node(node).into_iter().flat_map(|node| &node.capacities) {
            let own: u128 = group
                .demands
                .iter()
                .filter(|(of, _)| of == dimension)
                .map(|(_, amount)| u128::from(*amount))
                .sum();
            let load = self.taken(group, node, dimension) + own;
            let share = match (load * 1_000_000).checked_div(u128::from(*capacity)) {
                Some(share) => i128::try_from(share).unwrap_or(i128::MAX),
                // Without any capacity every load is too much.
                None if load == 0 => 0,
                None => i128::MAX,
            };
            fullest = fullest.max(share);
        }
        fullest
    }
}

impl Order {
    /// Tells whether a policy rules out a node that may own the group.
    pub(super) fn vetoes(self, group: &Group, node: &str) -> bool {
        match self {
            Self::StrictPreferred => {
                !group.preferred.is_empty() && !group.preferred.iter().any(|name| name == node)
            }
            Self::Ring { .. } | Self::FirstPreferred | Self::LeastGroups | Self::LeastLoaded => {
                false
            }
        }
    }
}

/// Returns the list rotated so that it begins after a node, which comes last.
fn turned(mut list: Vec<String>, after: Option<&str>) -> Vec<String> {
    let Some(at) = list.iter().position(|name| Some(name.as_str()) == after) else { return list };
    list.rotate_left(at + 1);
    list
}

fn position(list: &[String], node: &str) -> i128 {
    count(list.iter().position(|name| name == node).unwrap_or(list.len()))
}

fn count(number: usize) -> i128 {
    i128::try_from(number).expect("few enough to count")
}

fn number(position: Option<usize>) -> u64 {
    position.and_then(|position| u64::try_from(position).ok()).expect("declared")
}

/// Returns one output of the generator SplitMix64 (Steele, Lea and Flood 2014) in the state
/// `state`.
fn split_mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z ^= z >> 30;
    z = z.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^= z >> 27;
    z = z.wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
