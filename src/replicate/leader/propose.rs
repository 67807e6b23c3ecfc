//! The entries that a leader proposes.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Heard, Leader, Word};
use crate::cluster::{Input, Life};
use crate::id::{Names, name};
use crate::replicate::clock::Local;
use crate::replicate::entry::{Body, Entry, EntryV1, Item, NodeLife, Origin};
use crate::replicate::replica::{Replica, Standing, folded};

impl Leader {
    /// Puts a report into the queue. One that a node is off waits until everything on it must have
    /// stopped, for a lease may still let it run. A report that this leader does not propose counts
    /// nevertheless, so that those behind it need not wait.
    pub(super) fn take_report(&mut self, item: Item, replica: &Replica) {
        let Body::Input(input) = &item.body else { return self.reports.push_back(item) };
        match treatment(input, item.origin.as_ref(), replica) {
            Treatment::Propose => return self.reports.push_back(item),
            Treatment::Drop => {}
            Treatment::Wait(word) => {
                if self.words.iter().all(|known| known.life != word.life) {
                    self.words.push(word);
                }
            }
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
        let mut items = self.fenced(now, replica);
        items.extend(self.losses(now, replica));
        items.extend(self.words(now, replica));
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

    /// Returns the words of keepers that are to be proposed now. Each is proposed until it counted.
    fn fenced(&mut self, now: Local, replica: &Replica) -> Vec<Item> {
        self.off.retain(|word| replica.may_run(&word.life));
        propose(&mut self.off, now, self.timing.detection, |_| true)
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
            let is_silent = now.since(heard.last) >= detection;
            if !is_silent || is_proposed || !can_be_lost(heard, replica) {
                continue;
            }
            heard.losing = Some(now);
            let NodeLife { node, incarnation } = heard.life.clone();
            items.push(Item::anonymous(Input::<Names>::node_lost(node, incarnation)));
        }
        items
    }

    /// Returns the reports about lives that must be off by now.
    fn words(&mut self, now: Local, replica: &Replica) -> Vec<Item> {
        self.words.retain(|word| replica.may_run(&word.life));
        let (patience, since) = (self.timing.runs_until(), self.taken_at);
        let heard = &self.heard;
        propose(&mut self.words, now, self.timing.detection, |word| {
            let known = heard.get(&folded(&word.life.node));
            now.since(known.map_or(since, |known| known.last)) >= patience
        })
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
        // Without a confirmation nothing is lost; it comes with a call of its own.
        let is_confirmed = self.confirmed.is_some();
        let silent = self.heard.values().filter(|of| is_confirmed && can_be_lost(of, replica));
        let losses = silent.map(|heard| match heard.losing {
            Some(at) => at.after(detection),
            None => heard.last.after(detection),
        });
        let patience = self.timing.runs_until();
        let words = self.words.iter().chain(&self.off).map(|word| match word.proposed {
            Some(at) => at.after(detection),
            None => {
                let known = self.heard.get(&folded(&word.life.node));
                known.map_or(self.taken_at, |known| known.last).after(patience)
            }
        });
        losses.chain(words).chain(due).fold(checkpoint, Local::min)
    }
}

/// The treatment of a report.
enum Treatment {
    /// It is proposed as it is.
    Propose,
    /// It is proposed when everything of its life must have stopped.
    Wait(Word),
    /// It is not for the sender to say.
    Drop,
}

fn treatment(input: &Input<Names>, origin: Option<&Origin>, replica: &Replica) -> Treatment {
    match input {
        Input::NodeConfirmedDown { node, incarnation } if !seeded!(WordTooEarly) => {
            wait(life_of(node, *incarnation, replica), |life| {
                Input::node_confirmed_down(life.node.as_str(), life.incarnation)
            })
        }
        Input::NodeFenced { node, incarnation } if !seeded!(WordTooEarly) => {
            wait(life_of(node, *incarnation, replica), |life| {
                Input::node_fenced(life.node.as_str(), life.incarnation)
            })
        }
        // Silence says so, for as long as a lease could run. A report would come before that: the node
        // might still be granted a lease, and another configuration might need no other proof.
        Input::NodeLost { .. } => Treatment::Drop,
        Input::NodeJoined { node, .. } | Input::NodeLeft { node, .. } => {
            let is_own = origin.is_some_and(|of| name::is_same(&of.life.node, node));
            if is_own { Treatment::Propose } else { Treatment::Drop }
        }
        Input::NodeConfirmedDown { .. }
        | Input::NodeFenced { .. }
        | Input::NodeInventory { .. }
        | Input::NodeAttributeChanged { .. }
        | Input::OperationFinished { .. }
        | Input::OperationProgressed { .. }
        | Input::ResourceFailed { .. }
        | Input::ResourceAlive { .. }
        | Input::WitnessChanged { .. }
        | Input::WallClockRead { .. }
        | Input::CoreResumed
        | Input::Command(_) => Treatment::Propose,
    }
}

/// Has a report wait that names this life. Without such a node the cluster refuses it.
fn wait(life: Option<NodeLife>, input: impl Fn(&NodeLife) -> Input<Names>) -> Treatment {
    life.map_or(Treatment::Propose, |life| {
        let input = input(&life);
        Treatment::Wait(Word::new(life, input))
    })
}

/// Returns the life that a report is about; if it names none, the one that is known now.
fn life_of(node: &str, life: Life, replica: &Replica) -> Option<NodeLife> {
    let spec = replica.cluster().spec();
    let record = replica.cluster().state().node(spec.node_id(node)?)?;
    let incarnation = match life {
        Life::Known => record.incarnation(),
        Life::Of(incarnation) => incarnation,
    };
    Some(NodeLife::new(node, incarnation))
}

/// Tells whether the loss of a life means anything: it is a member, or it has not joined yet and
/// proves an earlier one over that is not off.
fn can_be_lost(heard: &Heard, replica: &Replica) -> bool {
    match replica.standing(&heard.life) {
        Standing::Member => true,
        Standing::Unheard => replica.may_run(&heard.life),
        Standing::Over => false,
    }
}

/// Returns the inputs of words that are ripe and were not proposed just now.
fn propose(
    words: &mut [Word],
    now: Local,
    retry: Duration,
    is_ripe: impl Fn(&Word) -> bool,
) -> Vec<Item> {
    let mut items = Vec::new();
    for word in words {
        let is_proposed = word.proposed.is_some_and(|at| now.since(at) < retry);
        if !is_proposed && is_ripe(word) {
            word.proposed = Some(now);
            items.push(Item::anonymous(word.input.clone()));
        }
    }
    items
}
