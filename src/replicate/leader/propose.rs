//! The entries that a leader proposes.

use alloc::vec::Vec;

use super::Leader;
use crate::cluster::{Input, Life};
use crate::id::Names;
use crate::replicate::clock::Local;
use crate::replicate::entry::{Body, Entry, EntryV1, Item, NodeLife};
use crate::replicate::replica::{Replica, Standing, folded};

impl Leader {
    /// Puts a report into the queue. An operator's word that a node is off waits until everything on
    /// it must have stopped: a lease may still let it run. Its number counts at once, so that the
    /// reports behind it need not wait.
    pub(super) fn take_report(&mut self, item: Item, replica: &Replica) {
        let word = word_of(&item.body, replica).filter(|_| !seeded!(WordTooEarly));
        let Some(life) = word else { return self.reports.push_back(item) };
        if !self.words.contains(&life) {
            self.words.push(life);
        }
        if item.origin.is_some() {
            self.reports.push_back(Item { body: Body::Timeout, ..item });
        }
    }

    /// Returns the next entry to propose, if there is one: losses and fences, reports, what is due,
    /// a checkpoint at least every ten seconds. Propose it in the term of this charge, without waiting
    /// for the one before; if the engine loses it, it is made again.
    pub fn poll_entry(&mut self, now: Local, replica: &Replica) -> Option<Entry> {
        self.compare(now, replica);
        let mut items = self.fenced(replica);
        items.extend(self.losses(now, replica));
        items.extend(self.words(now));
        while items.len() < Self::BATCH
            && let Some(report) = self.reports.pop_front()
        {
            items.push(report);
        }
        if self.is_due(now, replica) {
            items.push(Item { origin: None, body: Body::Timeout });
        }
        if let Some(reading) = self.wall_clock.take() {
            self.wall_clock_at = Some(now);
            items.push(Item::anonymous(Input::WallClockRead { reading }));
        }
        if self.checkpoint_at.is_none_or(|at| now.since(at) >= Self::CHECKPOINT) {
            self.checkpoint_at = Some(now);
            items.push(Item { origin: None, body: Body::Checkpoint });
        }
        if items.is_empty() {
            return None;
        }
        Some(Entry::V1(EntryV1 { term: self.term, at: self.clock.read(now), items }))
    }

    /// Returns the words of keepers that still matter.
    fn fenced(&mut self, replica: &Replica) -> Vec<Item> {
        let off = core::mem::take(&mut self.off);
        off.into_iter()
            .filter(|life| replica.may_run(life))
            .map(|life| Item::anonymous(Input::<Names>::node_fenced(life.node, life.incarnation)))
            .collect()
    }

    /// Returns the losses that are to be proposed now.
    fn losses(&mut self, now: Local, replica: &Replica) -> Vec<Item> {
        let detection = self.timing.detection;
        if !self.is_confirmed(now) && !seeded!(UnconfirmedLoss) {
            return Vec::new();
        }
        let mut items = Vec::new();
        for heard in self.heard.values_mut() {
            let is_proposed = heard.losing.is_some_and(|at| now.since(at) < detection);
            // A life that has not joined yet ends with the node, and proves the earlier one over.
            let is_member = match replica.standing(&heard.life) {
                Standing::Member => true,
                Standing::Unheard => replica.may_run(&heard.life),
                Standing::Over => false,
            };
            if now.since(heard.last) < detection || is_proposed || !is_member {
                continue;
            }
            heard.losing = Some(now);
            let NodeLife { node, incarnation } = heard.life.clone();
            items.push(Item::anonymous(Input::<Names>::node_lost(node, incarnation)));
        }
        items
    }

    /// Returns the words of operators about lives of which everything must be off by now.
    fn words(&mut self, now: Local) -> Vec<Item> {
        let patience = self.timing.runs_until();
        let heard = &self.heard;
        let since = self.taken_at;
        let is_off = |life: &NodeLife| {
            let known = heard.get(&folded(&life.node)).filter(|known| known.life == *life);
            now.since(known.map_or(since, |known| known.last)) >= patience
        };
        let (ripe, waiting) = core::mem::take(&mut self.words).into_iter().partition(is_off);
        self.words = waiting;
        let ripe: Vec<NodeLife> = ripe;
        ripe.into_iter()
            .map(|NodeLife { node, incarnation }| {
                Item::anonymous(Input::<Names>::node_confirmed_down(node, incarnation))
            })
            .collect()
    }

    /// Tells whether something of the cluster is due and was not proposed just now.
    fn is_due(&mut self, now: Local, replica: &Replica) -> bool {
        let Some(deadline) = replica.cluster().poll_timeout() else { return false };
        if deadline.at > self.clock.read(now) {
            return false;
        }
        let is_proposed = self
            .timeout
            .is_some_and(|(due, at)| due == deadline.at && now.since(at) < self.timing.detection);
        if is_proposed {
            return false;
        }
        self.timeout = Some((deadline.at, now));
        true
    }

    /// Returns when [`poll_entry`](Self::poll_entry) may have something to propose although nothing
    /// happens before.
    #[must_use]
    pub fn poll_timeout(&self, replica: &Replica) -> Local {
        let detection = self.timing.detection;
        let checkpoint = self.checkpoint_at.map_or(self.taken_at, |at| at.after(Self::CHECKPOINT));
        let due = replica.cluster().poll_timeout().map(|of| {
            let at = self.clock.reading_at(of.at);
            match self.timeout {
                Some((due, proposed)) if due == of.at => at.max(proposed.after(detection)),
                Some(_) | None => at,
            }
        });
        let losses = self.heard.values().map(|heard| match heard.losing {
            Some(at) => at.after(detection),
            None => heard.last.after(detection),
        });
        let patience = self.timing.runs_until();
        let words = self.words.iter().map(|life| {
            let known = self.heard.get(&folded(&life.node));
            known.map_or(self.taken_at, |known| known.last).after(patience)
        });
        losses.chain(words).chain(due).fold(checkpoint, Local::min)
    }
}

/// Returns the life that an operator says is over; if none is named, the one that is known now.
fn word_of(body: &Body, replica: &Replica) -> Option<NodeLife> {
    match body {
        Body::Input(Input::NodeConfirmedDown { node, incarnation }) => {
            let spec = replica.cluster().spec();
            let record = replica.cluster().state().node(spec.node_id(node)?)?;
            let life = match incarnation {
                Life::Known => record.incarnation(),
                Life::Of(incarnation) => *incarnation,
            };
            Some(NodeLife::new(node.as_str(), life))
        }
        Body::Timeout | Body::Checkpoint | Body::ReleaseFromQuarantine { .. } | Body::Input(_) => {
            None
        }
    }
}
