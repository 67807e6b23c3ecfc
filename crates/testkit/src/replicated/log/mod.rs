//! An abstract log: it does whatever the contract with an engine allows, as badly as it may.
//!
//! The contract has five parts. E1: what is committed is numbered and never changes. E2: an entry of
//! a deposed leader never lands behind the first entry of its successor. E3: a confirmation says
//! that a quorum affirmed the leader in a round that began after it was asked for, and in which
//! term. E4: a leader knows when it has applied everything that earlier leaders decided. E5:
//! snapshots out and in.
//!
//! Within this contract elections happen at any time, deposed leaders do not know that they are,
//! proposals are lost, come late, land twice, or stall before they reach the engine and then land in
//! a later term of the same node.

use std::collections::{BTreeMap, BTreeSet};

use quorate::replicate::{Entry, ReplicaSnapshot};

use super::net::Net;
use crate::sim::dice::Dice;

mod elect;
mod propose;
mod seat;
mod under_way;

pub(super) use seat::Seat;
use under_way::{Asked, Proposal};

/// How badly a log behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Temper {
    /// As fast as an engine on a good network. Elections only where a leader fails.
    Calm,
    /// As badly as the contract allows.
    Wild,
}

/// An entry of the log. Those of the engine itself have no content.
#[derive(Clone, Debug)]
struct Stored {
    term: u64,
    entry: Option<Entry>,
}

/// The next thing that the engine hands out on a node.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// An entry of this term; without content if it is the engine's own.
    Entry(u64, Option<Entry>),
    /// A snapshot, for the entries are not kept any more.
    Snapshot(Box<ReplicaSnapshot>),
}

/// Something that a schedule holds up until it is released.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Hold {
    /// Elections that the engine begins by itself.
    Elections,
    /// Proposals of a node, before they reach the engine.
    Proposals(usize),
    /// Answers to a node that asked for a confirmation.
    Answers(usize),
    /// The news for a node that it does not lead any more.
    News(usize),
}

/// How often things happened in a log.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) elections: u64,
    pub(super) unprovoked: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) stalled: u64,
    pub(super) other_term: u64,
    pub(super) snapshots: u64,
}

/// The log and the engines of all machines.
#[derive(Clone, Debug)]
pub(super) struct Log {
    entries: Vec<Stored>,
    term: u64,
    leader: Option<usize>,
    seats: BTreeMap<usize, Seat>,
    count: usize,
    proposals: Vec<Proposal>,
    asked: Vec<Asked>,
    snapshot: Option<Box<ReplicaSnapshot>>,
    pub(super) temper: Temper,
    /// The longest time of one election.
    election: u64,
    failed_at: Option<u64>,
    patience: u64,
    next_whim: Option<u64>,
    holds: BTreeSet<Hold>,
    /// Entries behind these are withheld from a machine.
    limits: BTreeMap<usize, u64>,
    /// The times of the last elections.
    pub(super) elected_at: Vec<u64>,
    pub(super) tally: Tally,
}

impl Log {
    /// Returns an empty log of so many voters.
    pub(super) const fn new(count: usize, election: u64, temper: Temper) -> Self {
        Self {
            entries: Vec::new(),
            term: 0,
            leader: None,
            seats: BTreeMap::new(),
            count,
            proposals: Vec::new(),
            asked: Vec::new(),
            snapshot: None,
            temper,
            election,
            failed_at: None,
            patience: 0,
            next_whim: None,
            holds: BTreeSet::new(),
            limits: BTreeMap::new(),
            elected_at: Vec::new(),
            tally: Tally {
                elections: 0,
                unprovoked: 0,
                lost: 0,
                doubled: 0,
                stalled: 0,
                other_term: 0,
                snapshots: 0,
            },
        }
    }

    pub(super) fn hold(&mut self, what: Hold) {
        self.holds.insert(what);
    }

    pub(super) fn release(&mut self, what: Hold) {
        self.holds.remove(&what);
    }

    /// Withholds entries behind this one from a machine, whose disk hangs.
    pub(super) fn limit(&mut self, seat: usize, index: u64) {
        self.limits.insert(seat, index);
    }

    /// Lets a machine have every entry again.
    pub(super) fn unlimit(&mut self, seat: usize) {
        self.limits.remove(&seat);
    }

    /// Returns how many proposals of a machine have not landed.
    pub(super) fn under_way(&self, seat: usize) -> usize {
        self.proposals.iter().filter(|of| of.by == seat).count()
    }

    /// Loses every proposal of a machine that has not landed.
    pub(super) fn forget(&mut self, seat: usize) {
        self.proposals.retain(|of| of.by != seat);
    }

    /// Lets the last entry with content land once more, as an engine does that tried twice.
    pub(super) fn repeat_last(&mut self) {
        let last = self.entries.iter().rev().find(|of| of.entry.is_some() && of.term == self.term);
        if let Some(stored) = last.cloned() {
            self.entries.push(stored);
        }
    }

    fn is_held(&self, what: Hold) -> bool {
        !self.holds.is_empty() && self.holds.contains(&what)
    }

    /// Returns the engine of a machine.
    pub(super) fn seat(&mut self, seat: usize) -> &mut Seat {
        self.seats.entry(seat).or_default()
    }

    fn seen(&self, seat: usize) -> Seat {
        self.seats.get(&seat).copied().unwrap_or_default()
    }

    /// Returns the number of the last entry.
    pub(super) fn last(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }

    /// The machine that leads, if one does.
    pub(super) const fn leader(&self) -> Option<usize> {
        self.leader
    }

    /// Returns the term that a machine believes to lead.
    pub(super) fn believes(&self, seat: usize) -> Option<u64> {
        let seat = self.seen(seat);
        seat.leads.filter(|_| seat.is_awake())
    }

    /// E4: tells whether a machine that has applied so much knows everything of earlier leaders.
    pub(super) fn is_in_charge(&self, seat: usize, applied: u64) -> bool {
        let seat = self.seen(seat);
        seat.leads.is_some() && seat.first <= applied
    }

    /// Notes that the engine of a machine goes on from what its disk holds.
    pub(super) fn open(&mut self, seat: usize, now: u64) {
        *self.seat(seat) = Seat { is_open: true, fetches_at: now, ..Seat::default() };
    }

    /// Notes that the engine of a machine died.
    pub(super) fn close(&mut self, seat: usize) {
        *self.seat(seat) = Seat::default();
        self.proposals.retain(|of| of.by != seat || of.accepted.is_some());
        self.asked.retain(|of| of.by != seat);
        if self.leader == Some(seat) {
            self.leader = None;
        }
    }

    /// E5: keeps a snapshot in place of the entries before it.
    pub(super) fn compact(&mut self, snapshot: ReplicaSnapshot) {
        let known = self.snapshot.as_ref().map_or(0, |of| of.index());
        if snapshot.index() > known {
            self.snapshot = Some(Box::new(snapshot));
        }
    }

    /// Returns what the engine hands out next on a machine that has applied so much.
    pub(super) fn next(
        &mut self,
        seat: usize,
        applied: u64,
        now: u64,
        net: &Net,
        dice: &mut Dice,
    ) -> Option<Next> {
        self.fetch(seat, now, net, dice);
        let is_withheld = self.limits.get(&seat).is_some_and(|limit| applied >= *limit);
        if self.seen(seat).known <= applied || is_withheld {
            return None;
        }
        if let Some(snapshot) = self.snapshot.as_ref().filter(|of| of.index() > applied) {
            self.tally.snapshots = self.tally.snapshots.saturating_add(1);
            return Some(Next::Snapshot(snapshot.clone()));
        }
        let stored = self.entries.get(usize::try_from(applied).unwrap_or(usize::MAX))?;
        Some(Next::Entry(stored.term, stored.entry.clone()))
    }

    /// Lets a machine learn from the leader how far the log is committed.
    fn fetch(&mut self, seat: usize, now: u64, net: &Net, dice: &mut Dice) {
        let (last, temper) = (self.last(), self.temper);
        let Some(leader) = self.leader else { return };
        let is_reached = self.seen(leader).is_active()
            && net.is_open(leader, seat, now)
            && net.is_open(seat, leader, now);
        let engine = self.seat(seat);
        if now < engine.fetches_at.max(engine.hangs_until) || !engine.is_awake() || !is_reached {
            return;
        }
        let pause = match temper {
            Temper::Calm => dice.between(1, 6),
            Temper::Wild if dice.chance(1, 50) => dice.between(100, 800),
            Temper::Wild => dice.between(1, 60),
        };
        engine.fetches_at = now.saturating_add(pause);
        engine.known = last;
    }

    /// Lets the engines do what is due.
    pub(super) fn step(&mut self, now: u64, net: &Net, dice: &mut Dice) {
        self.tell_deposed(now, net);
        self.accept(now, dice);
        self.land(now, net, dice);
        self.affirm(now, net);
        self.elect_if_due(now, net, dice);
    }
}
