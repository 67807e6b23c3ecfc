//! The judge: it sees the real processes and every replica, and believes nobody.

use std::collections::{BTreeMap, BTreeSet};

use quorate::replicate::{Checkpoint, Item, NodeLife};

use crate::{Breach, Invariant};

/// The record of a run, and the first promise that was broken.
#[derive(Clone, Debug, Default)]
pub(super) struct Judge {
    breach: Option<Breach>,
    /// The machine that took charge in each term.
    charges: BTreeMap<u64, usize>,
    /// The members and the outcome of every entry, by index and behaviour.
    outcomes: BTreeMap<(u64, u64), u64>,
    members: BTreeMap<(u64, u64), u64>,
    digests: BTreeMap<(u64, u64), u64>,
    /// Reports that counted, by life and number, each with its entry.
    counted: BTreeMap<(NodeLife, u64), u64>,
    /// The rules by which each life decides.
    behaviours: BTreeMap<NodeLife, u64>,
    /// Lives that were ended by a fence.
    fenced: BTreeSet<NodeLife>,
    pub(super) checks: Checks,
}

/// How often each thing was judged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Checks {
    /// Processes that began, each compared with all other machines.
    pub starts: u64,
    /// Milliseconds for which a machine ran something, each compared with its last grant.
    pub leases: u64,
    /// Entries at which two replicas were compared.
    pub entries: u64,
    /// Digests that were compared.
    pub digests: u64,
    /// Fences that were carried out.
    pub fences: u64,
    /// Lives that ended by themselves and had to be explained by a fault.
    pub ended_lives: u64,
}

impl Checks {
    /// Adds the counts of another run.
    pub const fn add(&mut self, other: Self) {
        let Self { starts, leases, entries, digests, fences, ended_lives } = other;
        self.starts = self.starts.saturating_add(starts);
        self.leases = self.leases.saturating_add(leases);
        self.entries = self.entries.saturating_add(entries);
        self.digests = self.digests.saturating_add(digests);
        self.fences = self.fences.saturating_add(fences);
        self.ended_lives = self.ended_lives.saturating_add(ended_lives);
    }
}

impl Judge {
    /// Notes a broken promise; only the first one counts.
    pub(super) fn fail(&mut self, invariant: Invariant, words: String) {
        if self.breach.is_none() {
            self.breach = Some(Breach::of(invariant, words));
        }
    }

    /// Notes that the simulator itself failed.
    pub(super) fn fail_test(&mut self, words: String) {
        if self.breach.is_none() {
            self.breach = Some(Breach::apparatus(words));
        }
    }

    pub(super) const fn breach(&self) -> Option<&Breach> {
        self.breach.as_ref()
    }

    /// S24: there is one leader in charge per term.
    pub(super) fn see_charge(&mut self, term: u64, seat: usize) {
        let known = *self.charges.entry(term).or_insert(seat);
        if known != seat {
            self.fail(
                Invariant::S24,
                format!("machines {known} and {seat} are both in charge in term {term}"),
            );
        }
    }

    /// Notes by which rules a life decides.
    pub(super) fn see_rules(&mut self, life: NodeLife, behaviour: u64) {
        self.behaviours.insert(life, behaviour);
    }

    /// S9: a node that decides by other rules than its leader is granted nothing.
    pub(super) fn see_grant(&mut self, behaviour: u64, life: &NodeLife) {
        if self.behaviours.get(life).is_some_and(|known| *known != behaviour) {
            self.fail(
                Invariant::S9,
                format!("{life} is granted a lease though it decides by other rules"),
            );
        }
    }

    /// S23, S24: replicas that decide by the same rules agree on every entry, and on the members
    /// behind it.
    pub(super) fn see_entry(&mut self, index: u64, behaviour: u64, outcome: u64, members: u64) {
        self.checks.entries = self.checks.entries.saturating_add(1);
        let key = (index, behaviour);
        if *self.outcomes.entry(key).or_insert(outcome) != outcome {
            self.fail(Invariant::S23, format!("two replicas took entry {index} in differently"));
        }
        if *self.members.entry(key).or_insert(members) != members {
            self.fail(Invariant::S24, format!("two replicas differ in the members at {index}"));
        }
    }

    /// S23: equal digests at equal indexes.
    pub(super) fn see_digest(&mut self, behaviour: u64, checkpoint: Checkpoint) {
        self.checks.digests = self.checks.digests.saturating_add(1);
        let Checkpoint { index, digest } = checkpoint;
        if *self.digests.entry((index, behaviour)).or_insert(digest) != digest {
            self.fail(Invariant::S23, format!("two replicas have other digests at entry {index}"));
        }
    }

    /// S8: a report counts once.
    pub(super) fn see_counted(&mut self, index: u64, item: &Item) {
        let Some(origin) = &item.origin else { return };
        let key = (origin.life.clone(), origin.sequence);
        let known = *self.counted.entry(key).or_insert(index);
        if known != index {
            let (life, sequence) = (&origin.life, origin.sequence);
            self.fail(
                Invariant::S8,
                format!("report {sequence} of {life} counted at entries {known} and {index}"),
            );
        }
    }

    /// S26: a node never fences itself.
    pub(super) fn see_fence(&mut self, by: usize, victim: usize, life: NodeLife) {
        self.checks.fences = self.checks.fences.saturating_add(1);
        if by == victim {
            self.fail(Invariant::S26, format!("{} is fenced by itself", life.node));
        }
        self.fenced.insert(life);
    }

    /// S26: a life that was fenced starts nothing any more.
    pub(super) fn see_life_at_work(&mut self, life: &NodeLife) {
        let is_over = self
            .fenced
            .iter()
            .any(|fenced| fenced.node == life.node && fenced.incarnation >= life.incarnation);
        if is_over {
            self.fail(Invariant::S26, format!("{life} was fenced and starts something"));
        }
    }
}
