//! Proposals and confirmations.

use quorate::replicate::{Affirmation, Entry, Round};

use super::under_way::{Asked, Proposal};
use super::{Hold, Log, Stored, Temper};
use crate::replicated::net::Net;
use crate::sim::dice::Dice;

/// The longest stall between a proposal and its arrival at the engine.
const STALL: u64 = 6_000;

impl Log {
    /// Takes a proposal of a machine.
    pub(in super::super) fn propose(&mut self, by: usize, entry: Entry, now: u64, dice: &mut Dice) {
        let delay = match self.temper {
            Temper::Calm => dice.between(0, 2),
            Temper::Wild if dice.chance(1, 40) => {
                self.tally.stalled = self.tally.stalled.saturating_add(1);
                dice.log_uniform(200, STALL)
            }
            Temper::Wild => dice.between(0, 30),
        };
        let arrives_at = now.saturating_add(delay);
        self.proposals.push(Proposal { by, entry, arrives_at, accepted: None, lands_at: 0 });
    }

    /// Hands proposals to the engines. An engine takes them under its present term, whichever term
    /// they were made in, and drops them if it does not lead.
    pub(super) fn accept(&mut self, now: u64, dice: &mut Dice) {
        let waiting = core::mem::take(&mut self.proposals);
        for mut proposal in waiting {
            let is_waiting = proposal.accepted.is_none();
            let is_held = self.is_held(Hold::Proposals(proposal.by));
            let engine = self.seen(proposal.by);
            if !is_waiting || proposal.arrives_at > now || is_held || engine.is_frozen {
                self.proposals.push(proposal);
                continue;
            }
            let Some(term) = engine.leads.filter(|_| engine.is_open) else {
                self.tally.lost = self.tally.lost.saturating_add(1);
                continue;
            };
            let Entry::V1(content) = &proposal.entry else { continue };
            if content.term != term {
                self.tally.other_term = self.tally.other_term.saturating_add(1);
            }
            let is_wild = self.temper == Temper::Wild;
            if is_wild && dice.chance(1, 60) {
                self.tally.lost = self.tally.lost.saturating_add(1);
                continue;
            }
            let delay = if is_wild { dice.between(1, 120) } else { dice.between(1, 8) };
            proposal.accepted = Some(term);
            proposal.lands_at = now.saturating_add(delay);
            if is_wild && dice.chance(1, 60) {
                self.tally.doubled = self.tally.doubled.saturating_add(1);
                self.proposals.push(proposal.clone());
            }
            self.proposals.push(proposal);
        }
    }

    /// Commits what the leader has under way, in its order, while a quorum takes part.
    pub(super) fn land(&mut self, now: u64, net: &Net, _: &mut Dice) {
        let Some(leader) = self.leader else { return };
        let term = self.term;
        let is_of_leader = |of: &Proposal| of.by == leader && of.accepted == Some(term);
        if !self.proposals.iter().any(is_of_leader) || !self.has_quorum(leader, now, net) {
            return;
        }
        let mut is_behind = false;
        let waiting = core::mem::take(&mut self.proposals);
        for proposal in waiting {
            let is_own = is_of_leader(&proposal);
            is_behind |= is_own && proposal.lands_at > now;
            if is_own && !is_behind {
                self.entries.push(Stored { term, entry: Some(proposal.entry) });
            } else {
                self.proposals.push(proposal);
            }
        }
    }

    /// E3: asks whether a quorum affirms that this machine leads.
    pub(in super::super) fn ask(&mut self, by: usize, round: Round, now: u64, dice: &mut Dice) {
        let (there, back) = match self.temper {
            Temper::Calm => (dice.between(1, 6), dice.between(0, 4)),
            Temper::Wild if dice.chance(1, 40) => {
                (dice.between(1, 100), dice.log_uniform(100, 3_000))
            }
            Temper::Wild => (dice.between(1, 60), dice.between(0, 40)),
        };
        self.asked.push(Asked {
            by,
            round,
            affirmed_from: now.saturating_add(there),
            gives_up_at: now.saturating_add(1_000),
            affirmed: None,
            answered_at: 0,
            way_back: back,
        });
    }

    /// Affirms the leader where it reaches a quorum and is reached by it, in its present term.
    pub(super) fn affirm(&mut self, now: u64, net: &Net) {
        let leader = self.leader.filter(|leader| self.has_quorum(*leader, now, net));
        let (term, committed) = (self.term, self.last());
        for asked in &mut self.asked {
            if asked.affirmed.is_none() && asked.affirmed_from <= now && Some(asked.by) == leader {
                asked.affirmed = Some(Affirmation { round: asked.round, term, committed });
                asked.answered_at = now.saturating_add(asked.way_back);
            }
        }
        self.asked.retain(|asked| asked.affirmed.is_some() || asked.gives_up_at > now);
    }

    /// Returns the next answer for a machine.
    pub(in super::super) fn answer(&mut self, by: usize, now: u64) -> Option<Affirmation> {
        if self.asked.is_empty() || self.is_held(Hold::Answers(by)) {
            return None;
        }
        let is_next =
            |asked: &Asked| asked.by == by && asked.affirmed.is_some() && asked.answered_at <= now;
        let at = self.asked.iter().position(is_next)?;
        self.asked.remove(at).affirmed
    }
}
