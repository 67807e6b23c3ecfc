//! The best assignment, tier by tier.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::field::Field;
use super::loss::{Limit, Loss};
use super::rooms::Rooms;
use super::search::{Outcome, Search};
use super::witness::Witness;

/// The best assignment that was found.
#[derive(Clone, Debug)]
pub(super) struct Solution {
    pub(super) witness: Witness,
    /// The groups that it leaves out, by tier.
    pub(super) losses: Vec<Loss>,
    /// The number of groups that a better assignment could at most place in addition; `None` if
    /// there is no better assignment.
    pub(super) gap: Option<usize>,
}

/// Finds the best assignment of entrants in rooms.
pub(super) fn solve(field: &Field, rooms: &Rooms, entrants: &[usize], steps: &mut u64) -> Solution {
    let mut solver = Solver {
        field,
        rooms,
        witness: Witness::new(field, rooms.clone()),
        limits: Loss::none(field).iter().map(Limit::of).collect(),
        gap: None,
        steps,
    };
    if !solver.place_all(entrants) {
        solver.witness = Witness::new(field, rooms.clone());
        for tier in 0..field.tiers() {
            solver.place_tier(entrants, tier);
        }
    }
    let losses = solver.witness.losses(field, entrants);
    Solution { witness: solver.witness, losses, gap: solver.gap }
}

/// Searches within a part of the steps that are left, so that what comes later has some too.
fn search(search: Search<'_>, steps: &mut u64) -> Outcome {
    let part = *steps >> 2;
    let mut left = part;
    let outcome = search.run(&mut left);
    *steps = steps.saturating_sub(part.saturating_sub(left));
    outcome
}

struct Solver<'a> {
    field: &'a Field,
    rooms: &'a Rooms,
    witness: Witness,
    /// The most that may be left out of each tier: the least loss that is known.
    limits: Vec<Limit>,
    gap: Option<usize>,
    steps: &'a mut u64,
}

impl<'a> Solver<'a> {
    /// Places everybody, if this is possible and found.
    fn place_all(&mut self, entrants: &[usize]) -> bool {
        self.witness.fill(self.field, &self.hardest_first(entrants));
        let is_missing = |entrant: &&usize| self.witness.place(**entrant).is_none();
        entrants.iter().find(is_missing).is_none() || self.improve(entrants)
    }

    /// Those with classes first, and then the largest.
    fn hardest_first(&self, entrants: &[usize]) -> Vec<usize> {
        let mut order = entrants.to_vec();
        order.sort_by_key(|entrant| {
            let kind = self.field.of(*entrant);
            kind.map(|kind| (kind.classes.is_empty(), Reverse(kind.size)))
        });
        order
    }

    /// Searches an assignment within the limits and adopts it. Tells whether there is one.
    fn improve(&mut self, entrants: &[usize]) -> bool {
        matches!(self.attempt(entrants), Outcome::Found(_))
    }

    fn attempt(&mut self, entrants: &[usize]) -> Outcome {
        let outcome = search(self.begin(entrants), self.steps);
        if let Outcome::Found(found) = &outcome {
            self.witness.adopt(self.field, entrants, found);
        }
        outcome
    }

    fn begin(&self, entrants: &[usize]) -> Search<'a> {
        let parties = self.witness.parties(self.field, entrants);
        Search::new(self.field, self.rooms.clone(), parties, &[], self.limits.clone())
    }

    /// Places as much of a tier as possible, without loss to the tiers above it.
    fn place_tier(&mut self, entrants: &[usize], tier: usize) {
        let tier_of =
            |entrant: &usize| self.field.of(*entrant).map_or(usize::MAX, |kind| kind.tier);
        let concerned: Vec<usize> =
            entrants.iter().copied().filter(|entrant| tier_of(entrant) <= tier).collect();
        let own: Vec<usize> =
            concerned.iter().copied().filter(|entrant| tier_of(entrant) == tier).collect();
        let is_gap_above = self.gap.is_some();
        self.fill_either_way(own.clone(), &concerned, tier);
        let mut loss = self.loss(&concerned, tier);
        while loss.groups > 0 {
            self.set_limit(tier, Limit::groups(loss.groups.saturating_sub(1)));
            match self.attempt(&concerned) {
                Outcome::Found(_) => loss = self.loss(&concerned, tier),
                Outcome::Refuted => break,
                Outcome::Spent => {
                    if !is_gap_above {
                        self.widen_gap(&concerned, tier, loss.groups);
                    }
                    break;
                }
            }
        }
        while let Some(below) = Limit::below(&loss) {
            self.set_limit(tier, below);
            match self.attempt(&concerned) {
                Outcome::Found(_) => loss = self.loss(&concerned, tier),
                Outcome::Refuted => break,
                Outcome::Spent => {
                    self.gap.get_or_insert(0);
                    break;
                }
            }
        }
        if is_gap_above {
            // A better assignment of the tiers above may leave more room than this one.
            self.widen_gap(&own, tier, loss.groups);
        }
        self.set_limit(tier, Limit::of(&loss));
    }

    /// Fills what is free with a tier, largest or smallest first, whichever leaves out less.
    fn fill_either_way(&mut self, mut own: Vec<usize>, concerned: &[usize], tier: usize) {
        let mut other = self.witness.clone();
        self.witness.fill(self.field, &self.hardest_first(&own));
        own.sort_by_key(|entrant| self.field.of(*entrant).map(|kind| kind.size));
        other.fill(self.field, &own);
        let loss = |witness: &Witness| witness.losses(self.field, concerned).into_iter().nth(tier);
        if loss(&other) < loss(&self.witness) {
            self.witness = other;
        }
    }

    fn loss(&self, entrants: &[usize], tier: usize) -> Loss {
        self.witness.losses(self.field, entrants).into_iter().nth(tier).unwrap_or_default()
    }

    fn set_limit(&mut self, tier: usize, limit: Limit) {
        if let Some(of_tier) = self.limits.get_mut(tier) {
            *of_tier = limit;
        }
    }

    /// Notes how many groups more of a tier might be placed.
    fn widen_gap(&mut self, concerned: &[usize], tier: usize, lost: usize) {
        let least = self.begin(concerned).least_out(tier, lost);
        let more = lost.saturating_sub(least);
        self.gap = Some(self.gap.unwrap_or(0).saturating_add(more));
    }
}
