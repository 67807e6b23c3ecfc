//! Doubts about resources: whether one runs, may still start, or runs where nobody looked.

use serde::{Deserialize, Serialize};

use crate::machine::{ResourceEvent, ResourceState};

/// Tells whether an operator vouches that a resource does not run on the nodes that have not said
/// what they run since it was declared.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Vouched {
    /// No operator does. Its first start waits for those nodes.
    #[default]
    No,
    /// An operator does.
    Yes,
}

/// Tells whether a start that was never answered may still happen.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LateStart {
    /// No start was issued, or the start or a later operation was answered.
    #[default]
    Impossible,
    /// The start was given up before it was answered: it timed out, the node was lost, or the
    /// resource was reported as failed. That report may be about an earlier run, and the agent may
    /// not have seen the start yet.
    Possible,
}

impl LateStart {
    /// Returns whether a late start is possible after a change of state.
    pub(crate) const fn after(
        self,
        from: ResourceState,
        event: ResourceEvent,
        to: ResourceState,
    ) -> Self {
        let is_starting = matches!(from, ResourceState::OnlinePending);
        match to {
            ResourceState::Terminating
                if is_starting && matches!(event, ResourceEvent::FailureReported) =>
            {
                Self::Possible
            }
            ResourceState::InDoubt if is_starting => Self::Possible,
            // This ends only with an answer, or with a proof that the resource is off.
            ResourceState::InDoubt => self,
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OnlinePending
            | ResourceState::Online
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed => Self::Impossible,
        }
    }
}

/// The knowledge about a resource in doubt from before, and the plan for it.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// An operation on it was not answered, and nobody knows the result.
    #[default]
    Open,
    /// It was online when its node was lost, and no start, stop or terminate was issued since.
    WasOnline,
    /// Its node is back in the same life, and it may run there or still start, but that does not
    /// count. It is terminated as soon as nothing relies on it, and is not probed before.
    ToTerminate,
    /// It failed, or a stop was not confirmed, and it is left failed for an operator. No operation
    /// on it is issued.
    Left,
}

impl Doubt {
    /// Returns the knowledge and the plan after a change of state.
    pub(crate) const fn after(
        self,
        from: ResourceState,
        event: ResourceEvent,
        to: ResourceState,
    ) -> Self {
        match (from, event, to) {
            (ResourceState::Online, ResourceEvent::NodeLost, ResourceState::InDoubt) => {
                Self::WasOnline
            }
            (ResourceState::InDoubt, _, ResourceState::InDoubt) => self,
            _ => Self::Open,
        }
    }
}
