//! Elections: rising terms, each by a majority of voters that are up and reach each other.

use super::under_way::Proposal;
use super::{Hold, Log, Stored, Temper};
use crate::replicated::net::Net;
use crate::sim::dice::Dice;

/// The longest time for which a deposed leader does not know that it is.
const UNAWARE: u64 = 4_000;

impl Log {
    const fn is_majority(&self, votes: usize) -> bool {
        votes.saturating_mul(2) > self.count
    }

    /// Tells whether a majority hears this machine, and, if it is to be a quorum, is heard by it.
    fn has_majority(&self, seat: usize, now: u64, net: &Net, needs_answers: Answers) -> bool {
        let counts = |other: &usize| {
            let is_heard = net.is_open(seat, *other, now) && self.seen(*other).is_awake();
            let answers = match needs_answers {
                Answers::Needed => net.is_open(*other, seat, now),
                Answers::Unneeded => true,
            };
            is_heard && answers
        };
        self.is_majority((0..self.count).filter(counts).count())
    }

    /// Tells whether a machine reaches a quorum and is reached by it.
    pub(super) fn has_quorum(&self, seat: usize, now: u64, net: &Net) -> bool {
        self.seen(seat).is_active() && self.has_majority(seat, now, net, Answers::Needed)
    }

    /// Tells whether a majority of voters has no reason to elect another leader.
    fn is_led(&self, now: u64, net: &Net) -> bool {
        self.leader.is_some_and(|leader| {
            self.seen(leader).is_active() && self.has_majority(leader, now, net, Answers::Unneeded)
        })
    }

    pub(super) fn elect_if_due(&mut self, now: u64, net: &Net, dice: &mut Dice) {
        if self.is_held(Hold::Elections) {
            return;
        }
        if self.is_whim_due(now, dice) {
            let before = self.leader;
            self.elect_any(now, net, dice);
            if self.leader != before {
                self.tally.unprovoked = self.tally.unprovoked.saturating_add(1);
            }
            return;
        }
        if self.is_led(now, net) {
            self.failed_at = None;
            return;
        }
        match self.failed_at {
            None => {
                self.failed_at = Some(now);
                self.patience = dice.between(self.election.div_euclid(2), self.election);
            }
            Some(at) if now.saturating_sub(at) >= self.patience => {
                self.elect_any(now, net, dice);
            }
            Some(_) => {}
        }
    }

    /// Tells whether a wild log has an election without any reason.
    fn is_whim_due(&mut self, now: u64, dice: &mut Dice) -> bool {
        match (self.temper, self.next_whim) {
            (Temper::Calm, _) => false,
            (Temper::Wild, None) => {
                self.next_whim = Some(now.saturating_add(dice.log_uniform(400, 30_000)));
                false
            }
            (Temper::Wild, Some(at)) if at <= now => {
                self.next_whim = None;
                true
            }
            (Temper::Wild, Some(_)) => false,
        }
    }

    fn elect_any(&mut self, now: u64, net: &Net, dice: &mut Dice) {
        let able: Vec<usize> =
            (0..self.count).filter(|seat| self.has_quorum(*seat, now, net)).collect();
        if let Some(winner) = dice.one_of(&able) {
            self.elect(winner, now, dice);
        }
    }

    /// Makes a machine leader in a new term. What earlier leaders had under way lands before its
    /// first entry, or never.
    pub(in super::super) fn elect(&mut self, winner: usize, now: u64, dice: &mut Dice) {
        let steps = if self.temper == Temper::Wild { dice.between(1, 3) } else { 1 };
        let term = self.term.saturating_add(steps);
        for Proposal { accepted, entry, .. } in self.take_accepted() {
            // Proposals of earlier leaders are gone since the first entry of the present one.
            if accepted == Some(self.term) && dice.chance(1, 2) {
                self.entries.push(Stored { term: self.term, entry: Some(entry) });
            } else {
                self.tally.lost = self.tally.lost.saturating_add(1);
            }
        }
        self.entries.push(Stored { term, entry: None });
        self.term = term;
        self.leader = Some(winner);
        self.failed_at = None;
        self.tally.elections = self.tally.elections.saturating_add(1);
        self.elected_at.push(now);
        let first = self.last();
        let unaware = if self.temper == Temper::Wild { UNAWARE } else { 20 };
        for (number, seat) in &mut self.seats {
            if *number == winner {
                seat.leads = Some(term);
                seat.first = first;
            } else if seat.leads.is_some() {
                seat.unaware_until = now.saturating_add(dice.between(0, unaware));
            }
        }
    }

    /// Takes out what engines of earlier leaders have under way.
    fn take_accepted(&mut self) -> Vec<Proposal> {
        let (accepted, stalled) = core::mem::take(&mut self.proposals)
            .into_iter()
            .partition(|proposal: &Proposal| proposal.accepted.is_some());
        self.proposals = stalled;
        accepted
    }

    /// Lets deposed leaders know that they are, where somebody can tell them.
    pub(super) fn tell_deposed(&mut self, now: u64, net: &Net) {
        for seat in 0..self.count {
            let engine = self.seen(seat);
            let is_deposed =
                engine.leads.is_some_and(|term| term != self.term || self.leader != Some(seat));
            if !is_deposed
                || !engine.is_awake()
                || now < engine.unaware_until
                || self.is_held(Hold::News(seat))
            {
                continue;
            }
            let knows = |other: &usize| {
                *other != seat && self.seen(*other).is_awake() && net.is_open(*other, seat, now)
            };
            let leader = self.leader.filter(|leader| knows(leader));
            if leader.is_some()
                || (0..self.count).filter(knows).count().saturating_mul(2) >= self.count
            {
                self.seat(seat).leads = None;
            }
        }
    }
}

/// The machines that have to be heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Answers {
    Needed,
    Unneeded,
}
