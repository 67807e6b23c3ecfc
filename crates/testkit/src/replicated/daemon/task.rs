//! Operations that a node carries out, and its way out of the cluster.

use quorate::cluster::Effect;
use quorate::id::Names;

/// An operation that was picked up.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) effect: Effect<Names>,
    pub(super) stage: Stage,
}

/// The stage of a task.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// It is carried out at this time.
    Due(u64),
    /// It waits for an older operation of its resource.
    Parked,
    /// It ends at this time, in this way.
    Busy(u64, Fate),
    /// It ends when its process is gone.
    Dying,
    Ended,
}

/// The way in which an operation ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Well,
    Badly,
}

/// The progress of a node that an operator has leave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Leave {
    No,
    /// Its life ends, and is reported when everything is off.
    Wanted,
    /// It was reported; the daemon goes on for a while so that the report can count.
    Reported(u64),
}
