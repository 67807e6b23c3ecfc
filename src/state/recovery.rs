//! The plan for a failed resource.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::machine::ResourceState;
use crate::settings::ResourceSettings;
use crate::time::Timestamp;

/// The phase in which a resource last failed.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FailedWhile {
    /// It failed while it ran, or has not failed since it last ran.
    #[default]
    Running,
    /// It failed while it started.
    Starting,
}

impl FailedWhile {
    /// Returns how often a resource may be restarted after such a failure, in each restart period.
    #[must_use]
    pub const fn threshold(self, settings: &ResourceSettings) -> u32 {
        match self {
            Self::Running => settings.restart_threshold,
            Self::Starting => settings.start_threshold,
        }
    }

    /// Returns the phase after a change of state.
    pub(crate) const fn after(self, from: ResourceState, to: ResourceState) -> Self {
        match (from, to) {
            (ResourceState::OnlinePending, ResourceState::Terminating | ResourceState::InDoubt) => {
                Self::Starting
            }
            // The failure was cleared, or the group has another owner.
            (ResourceState::Failed, ResourceState::Offline) => Self::Running,
            (
                _,
                ResourceState::Offline
                | ResourceState::Terminating
                | ResourceState::Failed
                | ResourceState::InDoubt,
            ) => self,
            (
                _,
                ResourceState::Initializing
                | ResourceState::OnlinePending
                | ResourceState::Online
                | ResourceState::OfflinePending,
            ) => Self::Running,
        }
    }
}

/// The plan for a failed resource.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recovery {
    /// There is no plan: it did not fail, or it may be started again.
    #[default]
    None,
    /// It is restarted on the same node at this time.
    RestartAt(Timestamp),
    /// Its group fails over.
    Failover,
    /// It is tried again when the retry period is over or when the cause is gone.
    RetryAt {
        /// The time at which the retry period is over. `None` means never.
        at: Option<Timestamp>,
        /// The reason why it was not restarted.
        cause: NoRestartCause,
    },
}

/// The reason why a failed resource is not restarted for now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRestartCause {
    /// Its declaration says that it is never restarted.
    DontRestart,
    /// Its restarts are used up, and its failure does not move its group.
    Restarts,
    /// Its restarts are used up, and its failure does not move its group as long as its dependents
    /// have another provider. It is retried until its retries are used up as well.
    Redundant,
    /// The failovers of its group are used up.
    Failovers,
    /// No other node can take its group.
    NoCandidate,
    /// Its node runs another group of the same anti-affinity class.
    Admission,
    /// The last attempt of the 2003 profile failed, or the retry cycles are used up.
    Retries,
    /// Its agent reported that it can never run on its node.
    ForGood,
    /// No attempt to recover it is left, or its terminate was not confirmed, and it is left failed
    /// for an operator.
    Left,
}

impl fmt::Display for NoRestartCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DontRestart => "it is never restarted",
            Self::Restarts => "its restarts are used up",
            Self::Redundant => "its restarts are used up, another provider carries on",
            Self::Failovers => "the failovers of its group are used up",
            Self::NoCandidate => "no other node can take its group",
            Self::Admission => "its node runs another group of the same anti-affinity class",
            Self::Retries => "its retries are used up",
            Self::ForGood => "it can never run on its node",
            Self::Left => "it is left as it is for an operator to look at",
        })
    }
}
