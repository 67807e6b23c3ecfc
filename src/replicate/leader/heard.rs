//! The knowledge of a leader about nodes: their beats, their reports, and reports that they are off.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::cluster::Input;
use crate::id::{Names, name};
use crate::replicate::clock::Local;
use crate::replicate::entry::NodeLife;

/// The knowledge of a leader about the present life of a node.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) life: NodeLife,
    /// The arrival of the last beat that counted, or when the leader began to listen.
    pub(super) last: Local,
    /// The arrival of the last beat that told of a lease, or when the leader began to listen.
    pub(super) leased: Local,
    /// Beats that no grant has answered yet, oldest first: the number here, and when it was sent.
    pub(super) beats: VecDeque<(u64, Local)>,
    /// The moment at which the leader last proposed that this life is lost, or took in that it is
    /// off.
    pub(super) losing: Option<Local>,
    pub(super) taken: Taken,
}

impl Heard {
    /// Begins to listen to a life.
    pub(super) fn new(life: NodeLife, now: Local) -> Self {
        let (beats, taken) = (VecDeque::new(), Taken::new(now));
        Self { life, last: now, leased: now, beats, losing: None, taken }
    }
}

/// The reports of a life that were taken for entries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// The highest one.
    pub(super) last: u64,
    /// The highest one that had counted when this was last looked at.
    pub(super) counted: u64,
    /// The moment of that look, or when one was taken while all others had counted. If none counts
    /// for long after it, the engine has lost one, and all behind it are refused.
    pub(super) since: Local,
}

impl Taken {
    /// Begins without any report.
    pub(super) const fn new(now: Local) -> Self {
        Self { last: 0, counted: 0, since: now }
    }

    /// Takes the next report, if this one is it. Reports that do not count in time are taken again.
    pub(super) fn takes(
        &mut self,
        now: Local,
        sequence: u64,
        reported: u64,
        retry: Duration,
    ) -> bool {
        let has_none_under_way = self.last <= reported;
        if reported > self.counted || has_none_under_way {
            self.counted = reported;
            self.since = now;
        }
        if has_none_under_way || now.since(self.since) >= retry {
            self.last = reported;
            self.since = now;
        }
        let is_next = sequence == self.last.saturating_add(1);
        if is_next {
            self.last = sequence;
        }
        is_next
    }
}

/// Beats of one life that are kept until a round confirms them. A round that takes as long as this
/// many beats is too slow for any lease.
pub(super) const UNANSWERED: usize = 64;

/// A report that a life is off.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) life: NodeLife,
    pub(super) input: Input<Names>,
    /// The moment at which it was last proposed.
    pub(super) proposed: Option<Local>,
}

impl Word {
    /// Returns a report that a life is off, to be proposed as this input. It has not been proposed
    /// yet.
    pub(super) const fn new(life: NodeLife, input: Input<Names>) -> Self {
        Self { life, input, proposed: None }
    }

    /// Tells whether it was proposed, so that the log may say already that this life is off.
    pub(super) fn may_stand_in_log(&self, life: &NodeLife) -> bool {
        self.proposed.is_some() && self.is_about(life)
    }

    /// Tells whether it says that this life is off, because it names this life or a later one.
    pub(super) fn is_about(&self, life: &NodeLife) -> bool {
        name::is_same(&self.life.node, &life.node) && self.life.incarnation >= life.incarnation
    }
}
