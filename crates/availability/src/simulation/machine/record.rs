//! What is kept of a node: its life, its loss and its maintenance.

use quorate::{Incarnation, OpId};

/// A node as it really is.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(super) life: Life,
    pub(super) incarnation: Incarnation,
    pub(super) loss: Loss,
    /// The fence that the core asked for.
    pub(super) fence: Option<OpId>,
    pub(super) service: Upkeep,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Life {
    Up,
    Failed,
}

/// What becomes of the loss of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    /// What the next alarm is about.
    pub(super) next: LossStep,
    /// When the outage of its groups began.
    pub(super) since: u64,
    /// How long it is to last without a wait for the operator.
    pub(super) length: u64,
    pub(super) is_covered: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum LossStep {
    /// The membership layer misses its heartbeats.
    #[default]
    Notice,
    /// The fence is done, or would be if it were covered.
    Off,
    /// The operator gives their word.
    Help,
}

/// Planned maintenance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Upkeep {
    None,
    /// Its groups leave; it is over at this time.
    Draining(u64),
    /// It is off.
    Off,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Drained {
    Empty,
    Blocked,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            life: Life::Failed,
            incarnation: Incarnation::default(),
            loss: Loss::default(),
            fence: None,
            service: Upkeep::None,
        }
    }
}
