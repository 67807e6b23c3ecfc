//! What is remembered of a node.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Incarnation, NodeId};
use crate::machine::{FailureLog, NodeState};
use crate::state::{LockHandling, Operation};
use crate::time::Timestamp;

/// What is remembered of a node.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NodeRecord {
    pub(crate) state: NodeState,
    pub(crate) incarnation: Incarnation,
    /// When it entered its state.
    pub(crate) since: Timestamp,
    /// Number of the input in which it last came up; says what happened after that even within one
    /// millisecond.
    pub(crate) up_in_input: u64,
    /// Whether groups may fail back to it.
    pub(crate) attraction: Attraction,
    /// Whether it is to be paused whenever it is a member; survives a reboot.
    pub(crate) pause: Pause,
    pub(crate) drain: Drain,
    /// How it is known to be off, for a node that is down.
    pub(crate) proof: DownProof,
    pub(crate) fence: Fence,
    /// The last of the configurations that declared resources of which it has said what it runs.
    pub(crate) listed_in: u64,
    /// The question what it runs, if it is being asked.
    pub(crate) inquiry: Option<Operation>,
}

/// Whether an operator wants a node paused.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// No.
    #[default]
    Resumed,
    /// Yes, until it is resumed.
    Requested,
}

/// Whether groups may fail back to a node.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Attraction {
    /// As their own settings say.
    #[default]
    Open,
    /// It was resumed without failback; until it joins or is resumed again.
    Withheld,
}

/// How it is known that a node runs nothing: the proof behind every takeover from it.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DownProof {
    /// It has not been a member since the cluster was declared.
    #[default]
    NeverSeen,
    /// It stopped everything and left.
    Left,
    /// A fence was confirmed.
    Fenced,
    /// Its lease ran out.
    LeaseExpired,
    /// The membership layer vouches for it.
    Trusted,
    /// An operator says so.
    Operator,
    /// It came back in a new incarnation, or one is known that has ended as well.
    Rebooted,
    /// It was heard in a later life, in which it has not joined yet.
    LaterLife,
}

/// Emptying a node before work on it.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    /// How far it got.
    pub status: DrainStatus,
    /// What happens to groups that no other node can take.
    pub mode: DrainMode,
    /// Where everything goes; `None` is by placement, group by group.
    pub target: Option<NodeId>,
    /// What happens to locked groups.
    pub lock: LockHandling,
    /// Since when, while it is in progress: groups of lower priority wait for others only for so long.
    /// `None` if nobody waits.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// How far a drain got (SDK, `NodeDrainStatus`).
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DrainStatus {
    /// None was asked for since the node was last resumed.
    #[default]
    NotInitiated,
    /// Groups are still leaving.
    InProgress,
    /// The node owns nothing.
    Completed,
    /// Some groups could not leave.
    Failed,
}

/// What a drain does with groups that no other node can take.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DrainMode {
    /// They stay online on the paused node, and the drain fails.
    #[default]
    Normal,
    /// They are stopped; the node ends paused and empty.
    Forced,
}

/// The attempts to fence a node.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Fence {
    pub(crate) operation: Option<Operation>,
    /// Earliest time of the next attempt, after one that failed.
    pub(crate) retry_at: Option<Timestamp>,
    pub(crate) attempts: FailureLog,
}

impl NodeRecord {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            state: NodeState::Down,
            incarnation: Incarnation::default(),
            since: now,
            up_in_input: 0,
            attraction: Attraction::Open,
            pause: Pause::Resumed,
            drain: Drain::default(),
            proof: DownProof::NeverSeen,
            fence: Fence::default(),
            listed_in: 0,
            inquiry: None,
        }
    }

    /// What is known of it.
    #[must_use]
    pub const fn state(&self) -> NodeState {
        self.state
    }

    /// The life that its membership layer last told of.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// When it entered its state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Whether an operator wants it paused.
    #[must_use]
    pub const fn pause(&self) -> Pause {
        self.pause
    }

    /// The last drain.
    #[must_use]
    pub const fn drain(&self) -> Drain {
        self.drain
    }

    /// The question what it runs, if it is being asked.
    #[must_use]
    pub const fn inquiry(&self) -> Option<Operation> {
        self.inquiry
    }

    /// How it is known to be off; meaningful while it is down.
    #[must_use]
    pub const fn proof(&self) -> DownProof {
        self.proof
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
