//! The stored state of a node.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Incarnation, NodeId};
use crate::machine::{FailureLog, NodeState};
use crate::state::{Attributes, LockHandling, Operation};
use crate::time::Timestamp;

/// The stored state of a node.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NodeRecord {
    pub(crate) state: NodeState,
    pub(crate) incarnation: Incarnation,
    /// The time at which it entered its state.
    pub(crate) since: Timestamp,
    /// The number of the input in which it last came up. It shows which events came later, even
    /// within one millisecond.
    pub(crate) up_in_input: u64,
    /// Tells whether groups may fail back to it.
    pub(crate) attraction: FailbackTarget,
    /// Tells whether it is paused as long as it is a member. This survives a reboot.
    pub(crate) pause: Pause,
    pub(crate) drain: Drain,
    /// The proof that it is off, for a node that is down.
    pub(crate) proof: DownProof,
    pub(crate) fence: Fence,
    /// The last configuration that declared new resources and after which it said what it runs.
    pub(crate) listed_in: u64,
    /// The inquiry about the resources that it runs, if one is in flight.
    pub(crate) inquiry: Option<Operation>,
    /// The values that were reported of it in its present life, or, while it is off, for its next one.
    pub(crate) attributes: Attributes,
}

/// Tells whether an operator wants a node paused.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// The node is not to be paused.
    #[default]
    Resumed,
    /// The node is to be paused until an operator resumes it.
    Requested,
}

/// Tells whether groups may fail back to a node.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FailbackTarget {
    /// They may, as their own settings say.
    #[default]
    Open,
    /// They may not, because it was resumed without failback. This ends when it joins or is resumed
    /// again.
    Withheld,
}

/// The proof that a node runs nothing. Every takeover from the node depends on it.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DownProof {
    /// It has not been a member since the cluster was declared.
    #[default]
    NeverSeen,
    /// It stopped all resources and left.
    Left,
    /// A fence was confirmed.
    Fenced,
    /// Its lease ran out.
    LeaseExpired,
    /// The membership layer vouches for it.
    Trusted,
    /// An operator says so.
    Operator,
    /// It came back in a new incarnation, or it is known that a later incarnation has ended too.
    Rebooted,
    /// It was heard from in a later life, in which it has not joined yet.
    LaterLife,
}

/// The drain of a node: its groups are moved away before work on it.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Drain {
    /// The progress of the drain.
    pub status: DrainStatus,
    /// The treatment of groups that no other node can take.
    pub mode: DrainMode,
    /// The destination of all groups. `None` means that each group is placed by itself.
    pub target: Option<NodeId>,
    /// The treatment of locked groups.
    pub lock: LockHandling,
    /// The time since which the drain is in progress. Groups of lower priority wait for others only
    /// for a limited time after it. `None` means that no group waits.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// The progress of a drain (SDK, `NodeDrainStatus`).
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DrainStatus {
    /// No drain was asked for since the node was last resumed.
    #[default]
    NotInitiated,
    /// Groups are still leaving.
    InProgress,
    /// The node owns nothing.
    Completed,
    /// Some groups could not leave.
    Failed,
}

/// The treatment of groups that no other node can take.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DrainMode {
    /// They stay online on the paused node, and the drain fails.
    #[default]
    Normal,
    /// They are stopped. In the end the node is paused and owns nothing.
    Forced,
}

/// The attempts to fence a node.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Fence {
    pub(crate) operation: Option<Operation>,
    /// The earliest time of the next attempt, after one that failed.
    pub(crate) retry_at: Option<Timestamp>,
    pub(crate) attempts: FailureLog,
}

impl Fence {
    /// Returns the attempt to fence the node that is in flight.
    #[must_use]
    pub const fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// Returns the times of the attempts that failed, as long as they count.
    #[must_use]
    pub const fn attempts(&self) -> &FailureLog {
        &self.attempts
    }
}

impl NodeRecord {
    /// Returns the record of a node that was never seen.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            state: NodeState::Down,
            incarnation: Incarnation::default(),
            since: now,
            up_in_input: 0,
            attraction: FailbackTarget::Open,
            pause: Pause::Resumed,
            drain: Drain::default(),
            proof: DownProof::NeverSeen,
            fence: Fence::default(),
            listed_in: 0,
            inquiry: None,
            attributes: Attributes::default(),
        }
    }

    /// Returns its state.
    #[must_use]
    pub const fn state(&self) -> NodeState {
        self.state
    }

    /// Returns the life that the membership layer last reported.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Returns the time at which it entered its state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Tells whether an operator wants it paused.
    #[must_use]
    pub const fn pause(&self) -> Pause {
        self.pause
    }

    /// Returns the last drain.
    #[must_use]
    pub const fn drain(&self) -> Drain {
        self.drain
    }

    /// Returns the inquiry about the resources that it runs, if one is in flight.
    #[must_use]
    pub const fn inquiry(&self) -> Option<Operation> {
        self.inquiry
    }

    /// Returns the proof that it is off. It has a meaning only while the node is down.
    #[must_use]
    pub const fn proof(&self) -> DownProof {
        self.proof
    }

    /// Returns the attempts to fence it.
    #[must_use]
    pub const fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Tells whether groups may fail back to it.
    #[must_use]
    pub const fn failback_target(&self) -> FailbackTarget {
        self.attraction
    }

    /// Returns the last configuration that declared new resources and after which the node said
    /// what it runs. It is 0 if none did.
    #[must_use]
    pub const fn listed_in(&self) -> u64 {
        self.listed_in
    }

    /// Returns the last value of this name that
    /// [`NodeAttributeChanged`](crate::Input::NodeAttributeChanged) reported of the node. `None` if
    /// none was reported in its present life, or since it is off. Names are compared exactly.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<i64> {
        self.attributes.value(name)
    }

    /// Returns all attributes with their values, in the order of their names.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, i64)> {
        self.attributes.iter()
    }

    /// Returns the number of the input in which it last came up. It orders events within one
    /// millisecond.
    #[must_use]
    pub const fn up_in_input(&self) -> u64 {
        self.up_in_input
    }
}

impl fmt::Display for DownProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverSeen => "never seen",
            Self::Left => "left",
            Self::Fenced => "fenced",
            Self::LeaseExpired => "lease expired",
            Self::Trusted => "trusted",
            Self::Operator => "operator",
            Self::Rebooted => "rebooted",
            Self::LaterLife => "later life",
        })
    }
}

impl fmt::Display for DrainStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInitiated => "not initiated",
            Self::InProgress => "in progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
        })
    }
}
