//! Proposals and confirmations that are on their way to the engine.

use quorate::replicate::{Affirmation, Entry, Round};

/// An entry on its way into the log.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    pub(super) by: usize,
    pub(super) entry: Entry,
    /// The time at which it reaches the engine of its machine.
    pub(super) arrives_at: u64,
    /// The term under which the engine took it.
    pub(super) accepted: Option<u64>,
    pub(super) lands_at: u64,
}

/// A confirmation that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) by: usize,
    pub(super) round: Round,
    pub(super) affirmed_from: u64,
    pub(super) gives_up_at: u64,
    pub(super) affirmed: Option<Affirmation>,
    pub(super) answered_at: u64,
    /// The time from the affirmation to the answer.
    pub(super) way_back: u64,
}
