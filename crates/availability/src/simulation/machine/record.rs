//! The record of a node: its life, its loss and its maintenance.

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

/// The course of a node's loss.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    /// The subject of the next alarm.
    pub(super) next: LossStep,
    /// The time at which the outage of its groups began.
    pub(super) since: u64,
    /// The length of the outage without a wait for an operator.
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
    /// The operator confirms that the node is off.
    Help,
}

/// Planned maintenance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Upkeep {
    None,
    /// Its groups leave the node; the maintenance is over at this time.
    Draining(u64),
    /// The node is off.
    Off,
}

/// The end of a drain.
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
