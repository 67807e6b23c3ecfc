//! The network between machines: links that are cut in one direction, losses, doubles, delays.

use std::collections::{BTreeMap, BTreeSet};

use quorate::replicate::{Beat, Grant, Item, NodeLife};

use crate::sim::dice::Dice;

/// Something that one machine sends to another one.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// A sign of life.
    Beat(Beat),
    /// The reports that have not counted yet.
    Reports(Vec<Item>),
    /// The leave to go on.
    Grant(Grant),
    /// The word of a keeper that everything of a life is off.
    Off(NodeLife),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) to: usize,
    pub(super) message: Message,
}

/// The quality of all links.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quality {
    /// Messages of a thousand that are lost.
    pub(super) lost: u64,
    /// Messages of a thousand that arrive twice.
    pub(super) doubled: u64,
    /// Messages of a thousand that take up to four seconds.
    pub(super) late: u64,
    /// The usual delay.
    pub(super) delay: (u64, u64),
}

impl Quality {
    /// A good network.
    pub(super) const GOOD: Self = Self { lost: 0, doubled: 0, late: 0, delay: (1, 3) };
    /// The longest delay.
    const LATEST: u64 = 4_000;
}

/// The links and everything that is on its way.
#[derive(Clone, Debug)]
pub(super) struct Net {
    /// Directed links that are cut, each with the end of that.
    cut: BTreeMap<(usize, usize), u64>,
    /// Directions in which messages of daemons are lost, though the engine gets through.
    swallowed: BTreeSet<(usize, usize)>,
    pub(super) quality: Quality,
    queue: BTreeMap<(u64, u64), Mail>,
    sent: u64,
    pub(super) losses: u64,
    pub(super) doubles: u64,
    pub(super) delays: u64,
}

impl Net {
    pub(super) const fn new(quality: Quality) -> Self {
        Self {
            cut: BTreeMap::new(),
            swallowed: BTreeSet::new(),
            quality,
            queue: BTreeMap::new(),
            sent: 0,
            losses: 0,
            doubles: 0,
            delays: 0,
        }
    }

    /// Cuts a link in one direction until a time.
    pub(super) fn cut(&mut self, from: usize, to: usize, until: u64) {
        let known = self.cut.entry((from, to)).or_default();
        *known = until.max(*known);
    }

    /// Loses all messages between two daemons in one direction. The engine gets through.
    pub(super) fn swallow(&mut self, from: usize, to: usize) {
        self.swallowed.insert((from, to));
    }

    /// Lets messages between two daemons through again.
    pub(super) fn pass(&mut self, from: usize, to: usize) {
        self.swallowed.remove(&(from, to));
    }

    /// Mends every link.
    pub(super) fn mend(&mut self) {
        self.cut.clear();
    }

    /// Tells whether a link lets messages through.
    pub(super) fn is_open(&self, from: usize, to: usize, now: u64) -> bool {
        from == to || self.cut.get(&(from, to)).is_none_or(|until| *until <= now)
    }

    /// Tells whether no link is cut.
    pub(super) fn is_whole(&self, now: u64) -> bool {
        self.cut.values().all(|until| *until <= now)
    }

    /// Sends a message, or loses it.
    pub(super) fn send(
        &mut self,
        now: u64,
        (from, to): (usize, usize),
        message: Message,
        dice: &mut Dice,
    ) {
        if from == to {
            self.put(now, Mail { to, message });
            return;
        }
        if !self.is_open(from, to, now) || self.swallowed.contains(&(from, to)) {
            return;
        }
        let Quality { lost, doubled, late, delay: (low, high) } = self.quality;
        if dice.chance(lost, 1_000) {
            self.losses = self.losses.saturating_add(1);
            return;
        }
        let mut delay = dice.between(low, high);
        if dice.chance(late, 1_000) {
            self.delays = self.delays.saturating_add(1);
            delay = dice.between(high, Quality::LATEST);
        }
        if dice.chance(doubled, 1_000) {
            self.doubles = self.doubles.saturating_add(1);
            let again = now.saturating_add(dice.between(low, Quality::LATEST));
            self.put(again, Mail { to, message: message.clone() });
        }
        self.put(now.saturating_add(delay), Mail { to, message });
    }

    pub(super) fn put(&mut self, at: u64, mail: Mail) {
        self.sent = self.sent.saturating_add(1);
        self.queue.insert((at, self.sent), mail);
    }

    /// Returns the next message that has arrived.
    pub(super) fn take(&mut self, now: u64) -> Option<Mail> {
        let first = self.queue.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(first.remove())
    }
}
