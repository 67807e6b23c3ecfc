//! A contest that is held: what is settled, and an assignment of the rest.

use alloc::vec;
use alloc::vec::Vec;

use super::field::Field;
use super::loss::{Limit, Loss};
use super::rooms::Rooms;
use super::search::{Outcome, Search};
use super::solve::{Solution, solve};
use crate::id::{GroupId, NodeId};
use crate::spec::NodeSet;

/// A contest in which groups compete.
#[derive(Clone, Debug)]
pub(super) struct Held {
    field: Field,
    /// The room that the settled groups leave.
    rooms: Rooms,
    is_settled: Vec<bool>,
    /// The number of those that are not.
    open: usize,
    /// The best assignment of the groups that are not settled.
    best: Solution,
    /// The nodes on which no group of a kind can be placed without loss, by kind.
    barred: Vec<NodeSet>,
    steps: u64,
    /// The steps that are left for searches of a few groups. Not the caller, but the number of
    /// groups decides how many there are.
    repairs: u64,
}

/// The most groups that are moved to make room without a search of everything.
const MOST_NEIGHBOURS: usize = 24;

/// The steps of one search of a few groups, and how many of them there are for each entrant.
const REPAIR: u64 = 64;

impl Held {
    /// Holds a contest: searches the best assignment of all entrants, in at most `steps` steps.
    pub(super) fn new(field: Field, mut steps: u64) -> Self {
        let rooms = field.rooms().clone();
        // A group that can stand nowhere is settled from the start.
        let is_settled: Vec<bool> = (0..field.len())
            .map(|entrant| field.of(entrant).is_none_or(|kind| kind.able.is_empty()))
            .collect();
        let entrants = open(&is_settled);
        let best = solve(&field, &rooms, &entrants, &mut steps);
        let barred = vec![NodeSet::new(); field.kinds().len()];
        let repairs = u64::try_from(field.len()).unwrap_or(u64::MAX).saturating_mul(REPAIR);
        let open = entrants.len();
        Self { field, rooms, is_settled, open, best, barred, steps, repairs }
    }

    /// Returns the position of a group in the order of choice; `None` if it is no entrant.
    pub(super) fn position(&self, group: GroupId) -> Option<usize> {
        self.field.position(group)
    }

    /// Returns how many groups a better assignment could at most place in addition; `None` if the
    /// best one is known.
    pub(super) const fn gap(&self) -> Option<usize> {
        self.best.gap
    }

    /// The node of an entrant in the best assignment that is known.
    pub(super) fn expected(&self, entrant: usize) -> Option<NodeId> {
        self.best.witness.place(entrant)
    }

    fn is_settled(&self, entrant: usize) -> bool {
        self.is_settled.get(entrant).copied().unwrap_or(true)
    }

    /// Tells whether an entrant can take a node without making the best assignment worse. If so,
    /// the assignment is changed to one in which it stands there.
    pub(super) fn keeps(&mut self, entrant: usize, node: NodeId) -> bool {
        let (Some(number), Some(kind)) = (self.field.kind_of(entrant), self.field.of(entrant))
        else {
            return true;
        };
        if self.is_settled(entrant) || self.best.witness.place(entrant) == Some(node) {
            return true;
        }
        let is_barred = self.barred.get(number).is_some_and(|barred| barred.contains(node));
        if is_barred || !self.rooms.admits(kind, node) {
            return false;
        }
        self.exchange_alike(entrant, node)
            || self.enter(entrant, node)
            || self.displace(entrant, node)
            || self.make_room(entrant, node)
            || self.search_all(entrant, number, node)
    }

    /// Lets an entrant change places with one of its kind on the node.
    fn exchange_alike(&mut self, entrant: usize, node: NodeId) -> bool {
        let kind = self.field.kind_of(entrant);
        let on = self.best.witness.on(node).iter().copied();
        let mut alike = on.filter(|other| self.field.kind_of(*other) == kind);
        let Some(other) = alike.next() else { return false };
        self.best.witness.exchange(&self.field, entrant, other);
        true
    }

    /// Puts an entrant on a node that has room for it.
    fn enter(&mut self, entrant: usize, node: NodeId) -> bool {
        let Some(kind) = self.field.of(entrant) else { return false };
        if !self.best.witness.rooms().admits(kind, node) {
            return false;
        }
        if self.best.witness.place(entrant).is_none() {
            self.note_improvement(entrant);
        }
        self.best.witness.put(&self.field, entrant, Some(node));
        true
    }

    /// Puts an entrant on a node from which one other group can go elsewhere.
    fn displace(&mut self, entrant: usize, node: NodeId) -> bool {
        let was_placed = self.best.witness.place(entrant).is_some();
        let is_done = self.best.witness.displace(&self.field, entrant, node);
        if is_done && !was_placed {
            self.note_improvement(entrant);
        }
        is_done
    }

    /// Notes that an entrant is placed in addition: the best assignment was not the best.
    fn note_improvement(&mut self, entrant: usize) {
        if let Some(kind) = self.field.of(entrant)
            && let Some(loss) = self.best.losses.get_mut(kind.tier)
        {
            loss.subtract(kind, 1);
            self.best.gap = self.best.gap.map(|gap| gap.saturating_sub(1));
        }
    }

    /// Makes room for an entrant by moving the groups of the node and of the node that it leaves.
    /// If it was left out, one of them may be left out for it that is worth no more.
    fn make_room(&mut self, entrant: usize, node: NodeId) -> bool {
        let Some(kind) = self.field.of(entrant) else { return false };
        let mut steps = self.repairs.min(REPAIR);
        if steps == 0 {
            return false;
        }
        let place = self.best.witness.place(entrant);
        let nodes = core::iter::once(node).chain(place);
        let around = nodes.flat_map(|node| self.best.witness.on(node).iter().copied());
        let others = around.filter(|other| *other != entrant);
        let mut others: Vec<usize> = others.take(MOST_NEIGHBOURS).collect();
        let mut losses = Loss::none(&self.field);
        if place.is_none()
            && let Some(loss) = losses.get_mut(kind.tier)
        {
            loss.add(kind, 1);
        }
        others.push(entrant);
        let rooms = self.best.witness.rooms_without(&self.field, &others);
        others.pop();
        let given = steps;
        let found = self.search(entrant, node, &others, rooms, &losses, &mut steps);
        self.repairs = self.repairs.saturating_sub(given.saturating_sub(steps));
        matches!(found, Outcome::Found(_))
    }

    fn search_all(&mut self, entrant: usize, number: usize, node: NodeId) -> bool {
        // Not all at once, so that what comes later has some too; nothing where it would not even
        // do to place everybody once.
        let part = self.steps >> 3;
        let mut left = part;
        let is_enough = u64::try_from(self.open).is_ok_and(|least| least <= part);
        let outcome = if is_enough {
            let mut others = open(&self.is_settled);
            others.retain(|other| *other != entrant);
            let losses = self.best.losses.clone();
            self.search(entrant, node, &others, self.rooms.clone(), &losses, &mut left)
        } else {
            Outcome::Spent
        };
        self.steps = self.steps.saturating_sub(part.saturating_sub(left));
        match outcome {
            Outcome::Found(_) => true,
            Outcome::Refuted => {
                if let Some(barred) = self.barred.get_mut(number) {
                    barred.insert(node);
                }
                false
            }
            Outcome::Spent => {
                self.best.gap.get_or_insert(0);
                false
            }
        }
    }

    /// Searches places for others, with the entrant on the node, and adopts them.
    fn search(
        &mut self,
        entrant: usize,
        node: NodeId,
        others: &[usize],
        mut rooms: Rooms,
        losses: &[Loss],
        steps: &mut u64,
    ) -> Outcome {
        let Some(kind) = self.field.of(entrant) else { return Outcome::Refuted };
        if !rooms.admits(kind, node) {
            return Outcome::Refuted;
        }
        rooms.enter(kind, node);
        let parties = self.best.witness.parties(&self.field, others);
        let limits = losses.iter().map(Limit::of).collect();
        let begun = Search::new(&self.field, rooms, parties, &self.barred, limits);
        let outcome = begun.run(steps);
        if let Outcome::Found(found) = &outcome {
            let concerned: Vec<usize> = others.iter().copied().chain([entrant]).collect();
            let witness = &mut self.best.witness;
            let before = witness.losses(&self.field, &concerned);
            witness.put(&self.field, entrant, None);
            witness.adopt(&self.field, others, found);
            witness.put(&self.field, entrant, Some(node));
            let after = witness.losses(&self.field, &concerned);
            let parts = before.iter().zip(&after);
            for (loss, (before, after)) in self.best.losses.iter_mut().zip(parts) {
                let more = before.groups.saturating_sub(after.groups);
                self.best.gap = self.best.gap.map(|gap| gap.saturating_sub(more));
                loss.exchange(before, after);
            }
        }
        outcome
    }

    /// Settles an entrant on a node, or without one. If the best assignment has it elsewhere, the
    /// rest is assigned anew.
    pub(super) fn settle(&mut self, entrant: usize, node: Option<NodeId>) {
        if self.is_settled(entrant) {
            return;
        }
        let Some(kind) = self.field.of(entrant) else { return };
        let is_expected = self.best.witness.place(entrant) == node;
        if let Some(node) = node {
            self.rooms.enter(kind, node);
        } else if is_expected && let Some(loss) = self.best.losses.get_mut(kind.tier) {
            loss.subtract(kind, 1);
        }
        if let Some(is_settled) = self.is_settled.get_mut(entrant) {
            *is_settled = true;
            self.open = self.open.saturating_sub(1);
        }
        if is_expected {
            self.best.witness.fix(entrant);
        } else {
            let entrants = open(&self.is_settled);
            let gap = self.best.gap.map(|_| 0);
            self.best = solve(&self.field, &self.rooms, &entrants, &mut self.steps);
            self.best.gap = self.best.gap.or(gap);
            self.barred = vec![NodeSet::new(); self.field.kinds().len()];
        }
    }

    /// Returns the group that would find no node if this entrant took that one; `None` if no group
    /// would lose by it.
    pub(super) fn kept_for(&self, entrant: usize, node: NodeId) -> Option<GroupId> {
        let mut supposed = self.clone();
        supposed.settle(entrant, Some(node));
        if supposed.best.losses <= self.best.losses {
            return None;
        }
        let placed = |other: &usize| self.best.witness.place(*other).is_some();
        for other in open(&supposed.is_settled).into_iter().filter(placed) {
            let place = supposed.best.witness.place(other).or_else(|| {
                let able = self.field.of(other)?.able.clone();
                able.iter().find(|node| supposed.keeps(other, *node))
            });
            if place.is_none() {
                return self.field.group(other);
            }
            supposed.settle(other, place);
        }
        None
    }
}

/// The entrants that are not settled, in the order of choice.
fn open(is_settled: &[bool]) -> Vec<usize> {
    let entrants = is_settled.iter().enumerate().filter(|(_, is_settled)| !**is_settled);
    entrants.map(|(entrant, _)| entrant).collect()
}
