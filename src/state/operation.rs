//! Operations that were issued to agents, and how they end.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::OpId;
use crate::settings::ResourceSettings;
use crate::time::Timestamp;

/// An operation that was issued and has not been answered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Operation {
    /// The id of the operation.
    pub id: OpId,
    /// The kind of the operation.
    pub kind: OperationKind,
    /// The time at which it was issued.
    pub issued_at: Timestamp,
    /// The time at which the agent last reported progress or, without a report, at which it was
    /// issued.
    pub progress_at: Timestamp,
}

/// The kind of an operation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationKind {
    /// Brings a resource online.
    Start,
    /// Takes a resource offline in good order.
    Stop,
    /// Takes a resource offline by force.
    Terminate,
    /// Runs the cheap health check of a resource.
    CheckLooksAlive,
    /// Runs the thorough health check of a resource.
    CheckIsAlive,
    /// Asks whether a resource runs.
    Probe,
    /// Makes certain that a node runs nothing.
    Fence,
    /// Asks a node what it runs. [`Input::NodeInventory`](crate::Input::NodeInventory), which
    /// contains the id of the operation, answers it, and no outcome does.
    Inventory,
}

/// The end of an operation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The operation succeeded: the resource was started, stopped or terminated, the node was
    /// fenced, or a check found the resource alive.
    Succeeded,
    /// The operation failed: the resource was not started, stopped or terminated, the node was not
    /// fenced, or a check found the resource dead.
    Failed,
    /// A start failed, and the resource can never run on this node, for example because its binary
    /// is missing or its licence is for another node. It is not restarted there. If it affects its
    /// group, the group moves at once and is barred from the node, until an operator clears the
    /// failure or the node joins in a new life.
    FailedForGood,
    /// The embedder does not wait for the answer any longer. This is neither success nor failure.
    TimedOut,
    /// A probe found it running.
    Running,
    /// A probe found that it does not run.
    NotRunning,
}

impl Operation {
    /// Returns the time at which the operation times out: after too long a silence, or too long in
    /// all.
    #[must_use]
    pub fn deadline(&self, silence: Duration, overall: Duration) -> Timestamp {
        self.progress_at.after(silence).min(self.issued_at.after(overall))
    }

    /// Returns the time at which this operation on a resource with these settings times out.
    #[must_use]
    pub fn deadline_of(&self, settings: &ResourceSettings) -> Timestamp {
        match self.kind {
            OperationKind::Start => {
                self.deadline(settings.start_pending_timeout, settings.start_deadline)
            }
            OperationKind::Stop | OperationKind::Terminate => {
                self.deadline(settings.pending_timeout, settings.stop_deadline)
            }
            OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => self.issued_at.after(settings.deadlock_timeout),
        }
    }
}

impl OperationKind {
    /// Tells whether it is a health check. Those are so many that logs leave them out.
    #[must_use]
    pub const fn is_check(self) -> bool {
        match self {
            Self::CheckLooksAlive | Self::CheckIsAlive => true,
            Self::Start
            | Self::Stop
            | Self::Terminate
            | Self::Probe
            | Self::Fence
            | Self::Inventory => false,
        }
    }

    /// Returns the outcomes that an operation of this kind can have. An inventory has none: it is
    /// answered by [`NodeInventory`](crate::cluster::Input::NodeInventory).
    #[must_use]
    pub const fn outcomes(self) -> &'static [Outcome] {
        use Outcome::{Failed, FailedForGood, NotRunning, Running, Succeeded, TimedOut};
        match self {
            Self::Start => &[Succeeded, Failed, FailedForGood, TimedOut],
            Self::Stop
            | Self::Terminate
            | Self::CheckLooksAlive
            | Self::CheckIsAlive
            | Self::Fence => &[Succeeded, Failed, TimedOut],
            Self::Probe => &[Running, NotRunning, Failed, TimedOut],
            Self::Inventory => &[],
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::FailedForGood => "failed for good",
            Self::TimedOut => "timed out",
            Self::Running => "running",
            Self::NotRunning => "not running",
        })
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Terminate => "terminate",
            Self::CheckLooksAlive => "check looks-alive of",
            Self::CheckIsAlive => "check is-alive of",
            Self::Probe => "probe",
            Self::Fence => "fence",
            Self::Inventory => "inventory of",
        })
    }
}
