//! The competition of the groups that need a node at the same time.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::cluster::index::round::Round;
use crate::cluster::view::need::Need;
use crate::cluster::view::{Facts, View};
use crate::id::{ClassId, DimensionId, GroupId, NodeId};
use crate::machine::NodeState;
use crate::plan::joint::{Contest, Entrant, NodeRoom, Urgency, could_compete};
use crate::settings::{AntiAffinityPlacement, Priority};
use crate::spec::{GroupSpec, NodeSet};

/// A group that needs a node.
struct Seeker<'a> {
    declared: &'a GroupSpec,
    group: GroupId,
    need: Need,
}

impl<'a> View<'a> {
    /// Returns the round of a group that needs a node and of all others that are to be planned in
    /// this step and need one as well.
    ///
    /// If they cannot be in each other's way, it takes time in proportion to their demands and
    /// classes and to the nodes that are there.
    pub(crate) fn round(self, group: GroupId, need: Need) -> Round {
        let seekers = self.seekers(group, need);
        let open = seekers.iter().map(|seeker| (seeker.group, self.takes_room_on(seeker.group)));
        let open: BTreeMap<GroupId, Option<NodeId>> = open.collect();
        let mut entrants: Vec<Entrant<'_>> =
            seekers.iter().map(|seeker| self.entrant(seeker)).collect();
        let rooms = if seekers.len() > 1 { self.rooms(&entrants) } else { Vec::new() };
        let mut nodes = NodeSet::new();
        if !could_compete(&entrants, &rooms) {
            return Round::new(Contest::new(&[], &[], 0), open, nodes);
        }
        for (entrant, seeker) in entrants.iter_mut().zip(&seekers) {
            entrant.able = self.able_nodes(seeker.declared, seeker.group, seeker.need);
            nodes.absorb(&entrant.able);
        }
        let steps = u64::from(self.spec.settings().placement_steps);
        Round::new(Contest::new(&entrants, &rooms, steps), open, nodes)
    }

    /// Returns the groups that need a node and are planned from now on, in the order in which they
    /// are planned.
    fn seekers(self, group: GroupId, need: Need) -> Vec<Seeker<'a>> {
        let on_drained = match need {
            Need::Drain(owner) => Some(owner),
            Need::Owner | Need::OwnerOff | Need::Room(_) | Need::FitOwner(_) => None,
        };
        let on_drained = on_drained.into_iter().flat_map(|owner| self.groups_owned_by(owner));
        let groups: BTreeSet<GroupId> =
            self.index.touched.groups().chain(on_drained).chain([group]).collect();
        let mut seekers: Vec<Seeker<'a>> = groups
            .into_iter()
            .filter_map(|group| {
                let declared = self.spec.group(group)?;
                let need = self.need(declared, group)?;
                Some(Seeker { declared, group, need })
            })
            .collect();
        self.leave_out_later_tiers(&mut seekers);
        seekers.sort_by_key(|seeker| (Reverse(seeker.priority()), seeker.group));
        seekers
    }

    /// Leaves out the groups that run on a node that is being drained and wait as soon as a group of
    /// higher priority leaves it.
    fn leave_out_later_tiers(self, seekers: &mut Vec<Seeker<'a>>) {
        let mut first: BTreeMap<NodeId, Priority> = BTreeMap::new();
        for seeker in &*seekers {
            if let Need::Drain(owner) = seeker.need {
                let first = first.entry(owner).or_insert(seeker.priority());
                *first = seeker.priority().max(*first);
            }
        }
        seekers.retain(|seeker| match seeker.need {
            Need::Drain(owner) => {
                let is_first = first.get(&owner).is_none_or(|of| *of == seeker.priority());
                is_first
                    || self.urgency(seeker.group) == Urgency::Off
                    || self.drain_wait_end(owner).is_none()
            }
            Need::Owner | Need::OwnerOff | Need::Room(_) | Need::FitOwner(_) => true,
        });
    }

    /// Returns a group without the nodes that may own it, which are found out only if they matter.
    fn entrant(self, seeker: &Seeker<'a>) -> Entrant<'a> {
        let classes = match self.spec.settings().anti_affinity {
            AntiAffinityPlacement::Hard => seeker.declared.anti_affinity_classes(),
            AntiAffinityPlacement::Soft => &[],
        };
        Entrant {
            group: seeker.group,
            priority: seeker.priority(),
            urgency: self.urgency(seeker.group),
            demands: seeker.declared.demands(),
            classes,
            able: NodeSet::new(),
        }
    }
}

impl Seeker<'_> {
    fn priority(&self) -> Priority {
        self.declared.settings().priority
    }
}

impl Facts<'_> {
    /// Returns the node on which a group takes room, or is to take it when it has got there.
    pub(crate) fn takes_room_on(self, group: GroupId) -> Option<NodeId> {
        let record = self.state.group(group)?;
        let node = match record.movement {
            Some(movement) => movement.to,
            None => record.owner,
        };
        node.filter(|node| self.state.occupancy.takes_room_on(group, *node))
    }

    /// Returns the room on every node that is there, as far as these groups need it.
    fn rooms(self, entrants: &[Entrant<'_>]) -> Vec<NodeRoom> {
        let demands = entrants.iter().flat_map(|entrant| entrant.demands);
        let dimensions: BTreeSet<DimensionId> = demands.map(|(dimension, _)| *dimension).collect();
        let classes: BTreeSet<ClassId> =
            entrants.iter().flat_map(|entrant| entrant.classes).copied().collect();
        let is_there = |node| match self.state.node_state(node) {
            NodeState::Up | NodeState::Paused => true,
            NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
        };
        let nodes = self.spec.nodes().filter(|(node, _)| is_there(*node));
        nodes
            .map(|(node, declared)| {
                let occupancy = &self.state.occupancy;
                let free = dimensions.iter().filter_map(|dimension| {
                    let capacity = declared.capacity(*dimension)?;
                    Some((*dimension, capacity.saturating_sub(occupancy.load(node, *dimension))))
                });
                let is_taken = |class: &ClassId| occupancy.class_on(*class, node).next().is_some();
                let classes = classes.iter().copied().filter(is_taken).collect();
                NodeRoom { node, free: free.collect(), classes }
            })
            .collect()
    }
}
