//! The joint placement of the groups that need a node at the same time.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::order::{Order, Ranking};
use super::owners::{Flaw, Standing};
use super::picture::{Group, Picture, is_one_name};
use quorate::machine::NodeState;
use quorate::policy::Trigger;
use quorate::settings::{Admission, AntiAffinityPlacement};
use quorate::state::DrainStatus;

/// The value of a set of groups, the largest first: for each priority, groups that are off before
/// groups that run, the number of groups and then their demands, dimension by dimension.
type Value = BTreeMap<Reverse<(u32, bool)>, (usize, Vec<u128>)>;

/// A group that needs a node, and the nodes on which it could stand if it were alone.
struct Seeker<'a> {
    group: &'a Group,
    nodes: Vec<&'a str>,
}

/// The number of groups above which not every assignment is tried.
const MOST_SEEKERS: usize = 6;

impl Picture {
    /// Returns the first node of the ranking on which a group leaves the others that need a node at the same
    /// time as good a placement as there is. `None` if the model does not know that.
    pub(super) fn next_beside_others(
        &self,
        group: &Group,
        trigger: Trigger,
        orders: &[Order],
        ranking: &Ranking,
    ) -> Option<Option<String>> {
        let alone = ranking.next().map(|place| place.node.clone());
        if self.placement_steps == 0 || self.seeks(group) != Some(trigger) {
            return Some(alone);
        }
        let seekers: Vec<Seeker<'_>> = self
            .groups
            .iter()
            .filter_map(|group| {
                let trigger = self.seeks(group)?;
                Some(Seeker { group, nodes: self.nodes_for(group, trigger, orders) })
            })
            .filter(|seeker| !seeker.nodes.is_empty())
            .collect();
        if seekers.len() < 2 {
            return Some(alone);
        }
        if seekers.len() > MOST_SEEKERS || self.groups.iter().any(|of| self.may_be_taken_over(of)) {
            return None;
        }
        let best = self.best(&seekers, &mut Vec::new());
        let (own, others): (Vec<_>, Vec<_>) =
            seekers.into_iter().partition(|seeker| seeker.group.name == group.name);
        let keeps = |node: &&str| {
            let is_able = own.iter().any(|seeker| seeker.nodes.contains(node));
            is_able && self.best(&others, &mut vec![(group, *node)]) == best
        };
        let mut taken = ranking.taken.iter().map(|place| place.node.as_str());
        Some(taken.find(keeps).map(str::to_owned))
    }

    /// Tells whether resources of a group run somewhere as if it were owned there, so that it may be
    /// taken over.
    fn may_be_taken_over(&self, group: &Group) -> bool {
        let is_new = group.owner.is_none() && group.epoch == 0;
        is_new && self.orphans.iter().any(|(_, resource)| group.resource(resource).is_some())
    }

    /// Returns the reason why a group needs a node together with others. A group that takes no room
    /// is in nobody's way.
    fn seeks(&self, group: &Group) -> Option<Trigger> {
        let is_hard = match self.anti_affinity {
            AntiAffinityPlacement::Hard => true,
            AntiAffinityPlacement::Soft => false,
        };
        let can_compete = !group.demands.is_empty() || is_hard && !group.classes.is_empty();
        if !self.is_quorate || !can_compete || !self.is_wanted(group) {
            return None;
        }
        let is_unknown = group.owner.is_none()
            && group.epoch == 0
            && group.resources.iter().any(|of| self.may_run_unheard(of));
        if is_unknown {
            return None;
        }
        if self.leaves_for_drain(group) {
            return Some(Trigger::Drain);
        }
        let owner = group.owner.as_deref();
        let is_owner_off = owner.is_some_and(|owner| self.node_state(owner) == NodeState::Down);
        let goes_on = group.going.as_ref().and_then(|(to, _)| to.as_deref()).is_some_and(|to| {
            matches!(
                self.standing(group, Trigger::Start, to),
                Standing::Fit | Standing::LastResort(Flaw::BesideRival)
            )
        });
        match self.needs_node(group) {
            Some(Trigger::Drain) | None => None,
            Some(_) if is_owner_off && goes_on => None,
            Some(trigger) => Some(trigger),
        }
    }

    /// Tells whether a group is to leave its owner for a drain at this moment.
    fn leaves_for_drain(&self, group: &Group) -> bool {
        let Some(owner) = group.owner.as_deref() else { return false };
        let is_there = matches!(self.node_state(owner), NodeState::Up | NodeState::Paused);
        let Some(drain) = self.node(owner).map(|node| node.drain) else { return false };
        let leaves = |of: &Group| {
            of.owner.as_deref() == Some(owner)
                && of.going.is_none()
                && !of.is_held(drain.lock)
                && !of.resources.iter().any(|resource| resource.is_left)
        };
        // Those of the highest priority go first, and the others wait as long as they run.
        let is_first = || {
            self.groups.iter().filter(|of| leaves(of)).all(|of| of.priority <= group.priority)
                || !group.may_run()
                || !self.drain_is_young(owner)
        };
        is_there
            && drain.status == DrainStatus::InProgress
            && leaves(group)
            && !self.may_wait_to_leave(group)
            && is_first()
    }

    /// Returns the nodes on which a group could stand if it were alone.
    fn nodes_for<'a>(
        &'a self,
        group: &'a Group,
        trigger: Trigger,
        orders: &[Order],
    ) -> Vec<&'a str> {
        let owner = group.owner.as_deref();
        let waits_for_room = trigger == Trigger::Start && self.waits_for_room(group);
        let target = owner.and_then(|owner| self.node(owner)?.drain_target.as_deref());
        let is_fit = |node: &&str| {
            if waits_for_room && owner == Some(*node) {
                return self.fits(group, node, &[]);
            }
            let flaw = match self.standing(group, trigger, node) {
                Standing::Fit => None,
                Standing::LastResort(flaw) => Some(flaw),
                Standing::Unfit(_) => return false,
            };
            let is_refused = self.admission == Admission::SameClassOnline
                && !self.running_rivals(group, node).is_empty();
            let is_good = match (trigger, owner) {
                (Trigger::Start, None) | (Trigger::NodeFailure, _) => true,
                (Trigger::Start, Some(_)) if waits_for_room => !is_refused,
                (Trigger::Start, Some(owner)) => {
                    !is_refused && *node != owner && self.is_better(group, owner, node, flaw)
                }
                _ => !is_refused && target.is_none_or(|target| target == *node),
            };
            is_good && !orders.iter().any(|order| order.vetoes(group, node))
        };
        self.nodes.iter().map(|node| node.name.as_str()).filter(is_fit).collect()
    }

    /// Tells whether a group that leaves an owner which cannot run it goes to a node.
    fn is_better(&self, group: &Group, owner: &str, node: &str, flaw: Option<Flaw>) -> bool {
        match flaw {
            None | Some(Flaw::BesideRival) => true,
            Some(Flaw::CannotRunAll) => {
                let able = |node: &str| group.standing_on(node).len();
                self.node_state(owner) == NodeState::Up
                    && !group.may_run()
                    && able(node) > able(owner)
            }
            Some(Flaw::Paused) => false,
        }
    }

    /// Returns the highest value of the groups from here on, given the places of those before.
    fn best<'a>(&self, seekers: &[Seeker<'a>], placed: &mut Vec<(&'a Group, &'a str)>) -> Value {
        let Some((first, rest)) = seekers.split_first() else { return self.value(placed) };
        let mut best = self.best(rest, placed);
        for node in &first.nodes {
            if self.fits(first.group, node, placed) {
                placed.push((first.group, node));
                best = greater(best, self.best(rest, placed));
                placed.pop();
            }
        }
        best
    }

    /// Tells whether a group has room on a node beside what is there and what was placed there.
    fn fits(&self, group: &Group, node: &str, placed: &[(&Group, &str)]) -> bool {
        let there: Vec<&Group> =
            placed.iter().filter(|(_, on)| *on == node).map(|(group, _)| *group).collect();
        let has_room = |(dimension, needed): &(String, u64)| {
            let capacities = self.node(node).map(|node| node.capacities.as_slice());
            let capacity = capacities
                .unwrap_or_default()
                .iter()
                .find(|(of, _)| is_one_name(of, dimension))
                .map(|(_, capacity)| u128::from(*capacity));
            let added: u128 = there.iter().map(|other| demand_of(other, dimension)).sum();
            let taken = self.taken(group, node, dimension) + added + u128::from(*needed);
            capacity.is_none_or(|capacity| taken <= capacity)
        };
        let is_alone = match self.anti_affinity {
            AntiAffinityPlacement::Soft => true,
            AntiAffinityPlacement::Hard => {
                !self.others_on(&group.name, node).any(|other| other.is_rival_of(group))
                    && !there.iter().any(|other| other.is_rival_of(group))
            }
        };
        is_alone && group.demands.iter().all(has_room)
    }

    fn value(&self, placed: &[(&Group, &str)]) -> Value {
        let mut value = Value::new();
        for (group, _) in placed {
            let place = Reverse((group.priority, !group.may_run()));
            let (count, demands) = value.entry(place).or_default();
            *count += 1;
            demands.resize(self.dimensions.len(), 0);
            for (sum, dimension) in demands.iter_mut().zip(&self.dimensions) {
                *sum += demand_of(group, dimension);
            }
        }
        value
    }
}

fn demand_of(group: &Group, dimension: &str) -> u128 {
    let own = group.demands.iter().filter(|(of, _)| is_one_name(of, dimension));
    own.map(|(_, amount)| u128::from(*amount)).sum()
}

/// Returns the greater value: the first priority in which the two differ decides.
fn greater(one: Value, other: Value) -> Value {
    let places: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).copied().collect();
    let nothing = (0, Vec::new());
    for place in places {
        let (own, theirs) =
            (one.get(&place).unwrap_or(&nothing), other.get(&place).unwrap_or(&nothing));
        if own != theirs {
            return if own > theirs { one } else { other };
        }
    }
    one
}
