//! The stored state of an orphan.

use serde::{Deserialize, Serialize};

use super::Operation;
use crate::time::Timestamp;

/// An orphan: a resource that was found running on a node where it should not run.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Orphan {
    /// The progress in stopping it.
    pub state: OrphanState,
    /// The stop or terminate in flight.
    pub operation: Option<Operation>,
}

/// The progress in stopping an orphan.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanState {
    /// It runs, and waits until its dependents on the node are stopped.
    Running,
    /// Its node says that it is starting or stopping. It is going to be terminated, after its
    /// dependents on the node are stopped.
    Unsettled,
    /// A stop is under way.
    Stopping,
    /// A terminate is under way.
    Terminating,
    /// Neither a stop nor a terminate confirmed that it is off. It is tried again every probe
    /// interval.
    InDoubt(Timestamp),
}
