//! An assignment that proves what can be reached.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::field::Field;
use super::kind::Kind;
use super::loss::Loss;
use super::rooms::Rooms;
use super::search::Party;
use crate::id::NodeId;

/// A node for each entrant that is placed, and the room that is left.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    places: Vec<Option<NodeId>>,
    rooms: Rooms,
    /// The entrants on each node.
    on: BTreeMap<NodeId, Vec<usize>>,
}

/// The most groups on a node that are tried until one can be moved to make room.
const MOST_MOVED: usize = 64;

/// The number of groups for which moving others was in vain, after which this is not tried again.
const MOST_IN_VAIN: usize = 8;

impl Witness {
    /// The assignment that places nobody in these rooms.
    pub(super) fn new(field: &Field, rooms: Rooms) -> Self {
        Self { places: vec![None; field.len()], rooms, on: BTreeMap::new() }
    }

    /// Returns the node of an entrant; `None` if it is not placed.
    pub(super) fn place(&self, entrant: usize) -> Option<NodeId> {
        self.places.get(entrant).copied().flatten()
    }

    /// Returns the room that the assignment leaves.
    pub(super) const fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// The entrants on a node, in no particular order.
    pub(super) fn on(&self, node: NodeId) -> &[usize] {
        self.on.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Puts an entrant on a node, or takes it off.
    pub(super) fn put(&mut self, field: &Field, entrant: usize, to: Option<NodeId>) {
        let Some(kind) = field.of(entrant) else { return };
        let Some(place) = self.places.get_mut(entrant) else { return };
        let from = core::mem::replace(place, to);
        if let Some(from) = from {
            self.rooms.leave(kind, from);
            if let Some(on) = self.on.get_mut(&from) {
                on.retain(|other| *other != entrant);
            }
        }
        if let Some(to) = to {
            self.rooms.enter(kind, to);
            self.on.entry(to).or_default().push(entrant);
        }
    }

    /// Leaves an entrant for good where it is: it is not moved any more.
    pub(super) fn fix(&mut self, entrant: usize) {
        let place = self.places.get_mut(entrant).and_then(Option::take);
        if let Some(on) = place.and_then(|place| self.on.get_mut(&place)) {
            on.retain(|other| *other != entrant);
        }
    }

    /// Exchanges the places of two entrants of one kind.
    pub(super) fn exchange(&mut self, field: &Field, one: usize, other: usize) {
        let (place, other_place) = (self.place(one), self.place(other));
        self.put(field, one, None);
        self.put(field, other, None);
        self.put(field, one, other_place);
        self.put(field, other, place);
    }

    /// Lets an entrant take the place of one other on a node, if this one finds another place.
    pub(super) fn displace(&mut self, field: &Field, entrant: usize, node: NodeId) -> bool {
        let Some(kind) = field.of(entrant) else { return false };
        let place = self.place(entrant);
        self.put(field, entrant, None);
        let mut others = self.on(node).iter().copied().take(MOST_MOVED);
        let moved = others.find_map(|other| {
            let of_other = field.of(other)?;
            let is_enough = self.rooms.admits_instead(kind, of_other, node);
            let to = if is_enough { self.another(of_other, node, place) } else { None };
            to.map(|to| (other, to))
        });
        if let Some((other, to)) = moved {
            self.put(field, other, Some(to));
        }
        self.put(field, entrant, if moved.is_some() { Some(node) } else { place });
        moved.is_some()
    }

    /// A node that admits a group of this kind, other than one node; if possible the one that has
    /// just been left.
    fn another(&self, kind: &Kind, node: NodeId, left: Option<NodeId>) -> Option<NodeId> {
        let is_good = |other: &NodeId| *other != node && self.rooms.admits(kind, *other);
        left.filter(is_good).or_else(|| kind.able.iter().find(is_good))
    }

    /// Gives nodes to entrants in this order, each the node that it fills most. Where none
    /// admits it, another group is moved if it can go elsewhere.
    pub(super) fn fill(&mut self, field: &Field, entrants: &[usize]) {
        let mut waiting = Vec::new();
        for entrant in entrants.iter().copied() {
            let Some(kind) = field.of(entrant) else { continue };
            match self.fullest(kind) {
                Some(node) => self.put(field, entrant, Some(node)),
                None => waiting.push((entrant, kind)),
            }
        }
        let mut in_vain = 0_usize;
        for (entrant, kind) in waiting {
            if let Some(node) = self.fullest(kind) {
                self.put(field, entrant, Some(node));
            } else if in_vain < MOST_IN_VAIN
                && !kind.able.iter().any(|node| self.displace(field, entrant, node))
            {
                in_vain = in_vain.saturating_add(1);
            }
        }
    }

    fn fullest(&self, kind: &Kind) -> Option<NodeId> {
        let admits = kind.able.iter().filter(|node| self.rooms.admits(kind, *node));
        admits.min_by_key(|node| (self.rooms.slack(kind, *node), *node))
    }

    /// Places these entrants anew, as a search found: kinds with their nodes. Those whose place is
    /// among them keep it; the others follow in order, and who is left over is left out.
    pub(super) fn adopt(&mut self, field: &Field, entrants: &[usize], found: &[(usize, NodeId)]) {
        let mut nodes: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
        for (kind, node) in found {
            nodes.entry(*kind).or_default().push(*node);
        }
        let mut moving = Vec::new();
        for entrant in entrants.iter().copied() {
            let place = self.place(entrant);
            let nodes = field.kind_of(entrant).and_then(|kind| nodes.get_mut(&kind));
            let kept = nodes.and_then(|nodes| {
                let position = nodes.iter().position(|node| Some(*node) == place)?;
                Some(nodes.swap_remove(position))
            });
            if kept.is_none() {
                self.put(field, entrant, None);
                moving.push(entrant);
            }
        }
        for entrant in moving {
            let nodes = field.kind_of(entrant).and_then(|kind| nodes.get_mut(&kind));
            self.put(field, entrant, nodes.and_then(Vec::pop));
        }
    }

    /// The loss of these entrants that have no place, by tier.
    pub(super) fn losses(&self, field: &Field, entrants: &[usize]) -> Vec<Loss> {
        let mut losses = Loss::none(field);
        for entrant in entrants.iter().filter(|entrant| self.place(**entrant).is_none()) {
            let Some(kind) = field.of(*entrant) else { continue };
            if let Some(loss) = losses.get_mut(kind.tier) {
                loss.add(kind, 1);
            }
        }
        losses
    }

    /// These entrants as the parties of a search that begins with their places.
    pub(super) fn parties(&self, field: &Field, entrants: &[usize]) -> BTreeMap<usize, Party> {
        let mut parties: BTreeMap<usize, Party> = BTreeMap::new();
        for entrant in entrants {
            let Some(kind) = field.kind_of(*entrant) else { continue };
            let party = parties.entry(kind).or_default();
            party.count = party.count.saturating_add(1);
            if let Some(node) = self.place(*entrant) {
                party.hint.insert(node);
            }
        }
        parties
    }

    /// Lifts entrants off their nodes in a copy of the rooms.
    pub(super) fn rooms_without(&self, field: &Field, entrants: &[usize]) -> Rooms {
        let mut rooms = self.rooms.clone();
        for entrant in entrants {
            if let (Some(kind), Some(node)) = (field.of(*entrant), self.place(*entrant)) {
                rooms.leave(kind, node);
            }
        }
        rooms
    }
}
