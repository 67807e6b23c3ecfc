//! What is remembered of a group.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::FailedNodes;
use crate::id::{Epoch, NodeId};
use crate::machine::FailureLog;
use crate::settings::{ColdStart, DesiredState, GroupSettings, Priority};
use crate::time::Timestamp;

/// What is remembered of a group.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct GroupRecord {
    pub(crate) owner: Option<NodeId>,
    pub(crate) epoch: Epoch,
    pub(crate) desired: DesiredState,
    /// The epoch in which an operator last asked for it to be online, and the next one if its owner
    /// was lost then: what is asked for is meant for the owner to be. Groups that are not started
    /// automatically are started as long as that epoch is not over.
    pub(crate) ordered_in: Option<Epoch>,
    /// Node of the last activation or explicit move (SDK, `DefaultOwner`).
    pub(crate) default_owner: Option<NodeId>,
    pub(crate) failovers: FailureLog,
    /// The nodes that it left because it failed there.
    pub(crate) failed_on: FailedNodes,
    pub(crate) movement: Option<Movement>,
    /// Where to go back to if the first start after a move fails.
    pub(crate) return_to: Option<NodeId>,
    pub(crate) queued: Option<QueuedMove>,
    pub(crate) lock: Lock,
    /// The node that a drain took it from, until that node is resumed.
    pub(crate) drained_from: Option<NodeId>,
    pub(crate) last_failback: Option<Timestamp>,
    /// When it came to its owner.
    pub(crate) placed_at: Timestamp,
    /// Number of the input in which it came to its owner.
    pub(crate) placed_in_input: u64,
    /// Whether it may still wait for its home.
    pub(crate) home_wait: HomeWait,
    /// Whether it takes room on its owner.
    pub(crate) room: Room,
    /// Whether it comes up among others.
    pub(crate) turn: Turn,
    /// Whether a configuration struck its owner from its possible owners.
    pub(crate) tenure: Tenure,
}

/// Whether a group stands on an owner that a configuration struck from its possible owners since it
/// came there.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tenure {
    /// No configuration did.
    #[default]
    Lasting,
    /// One did: it leaves for that reason.
    Struck,
}

/// Whether a group may wait for its preferred owner: only until something of it was started, or
/// found running on its owner, or it was given an owner, since the cluster last formed from nothing.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum HomeWait {
    /// It may, within `group_wait_delay`.
    #[default]
    Possible,
    /// It is part of a running cluster.
    Over,
}

/// Whether a group takes room where it stands: of the capacity of its node, of the place beside
/// groups of its class, and of what policies count.
///
/// A group of which everything is certainly off and nothing is wanted takes none. When it is to
/// start, it takes room first; where there is none, it goes to another node or waits.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// It takes room.
    #[default]
    Taken,
    /// It is off, and wanted off or waiting for room.
    Left,
}

/// Whether a group takes its turn among the groups that come up with it: when the cluster forms or
/// quorum is regained, when a node is taken over, and when its node comes up or is resumed.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It waits for nobody: it has begun to start since, or comes up by itself. What fails then and
    /// is restarted or tried again waits for nobody either.
    #[default]
    Over,
    /// It has not begun to start, and waits for those of higher priority.
    Awaited,
}

/// A move under way: the group stops on its owner, then belongs to `to`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Movement {
    /// The owner to be; `None` leaves the group without an owner, after a forced drain that found
    /// no room for it.
    pub to: Option<NodeId>,
    /// Why it moves.
    pub cause: MovementCause,
    /// What happens if it cannot start there.
    pub on_failure: MoveFailure,
}

/// Why a group changes its owner.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementCause {
    /// It had no owner.
    Start,
    /// A resource used up its restarts.
    ResourceFailure,
    /// Its owner is down.
    NodeFailure,
    /// An operator asked.
    Operator,
    /// Its owner is being emptied.
    Drain,
    /// A more preferred owner is up.
    Failback,
    /// It could not start where an operator had moved it to.
    Return,
    /// The configuration has changed: its owner was evicted, or struck from its possible owners.
    Configuration,
}

/// What happens if a group cannot start where it was moved to.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum MoveFailure {
    /// An ordinary failure there: restarts, then failover.
    #[default]
    Failover,
    /// It goes back to where it came from.
    ReturnToSource,
}

/// What a command does about a locked group.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LockHandling {
    /// It is refused.
    #[default]
    Respect,
    /// It is carried out all the same.
    Override,
}

/// A move that an operator asked for and that waits until it is possible.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QueuedMove {
    /// The owner to be; `None` is the best possible one.
    pub to: Option<NodeId>,
    /// What happens if it cannot start there.
    pub on_failure: MoveFailure,
    /// What happens as long as the group is locked: it waits for that as well, or it goes.
    pub lock: LockHandling,
}

/// Whether operators may start, stop and move a group (SDK, `LockedMode`).
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// They may.
    #[default]
    Unlocked,
    /// Only by overriding the lock. It stays through drains and failbacks as well; only failures
    /// move it.
    Locked,
}

impl GroupRecord {
    pub(crate) fn new(settings: &GroupSettings) -> Self {
        Self {
            owner: None,
            epoch: Epoch::default(),
            desired: match settings.cold_start {
                ColdStart::Start => settings.desired,
                ColdStart::DontStart => DesiredState::Offline,
            },
            ordered_in: None,
            default_owner: None,
            failovers: FailureLog::default(),
            failed_on: FailedNodes::default(),
            movement: None,
            return_to: None,
            queued: None,
            lock: Lock::Unlocked,
            drained_from: None,
            last_failback: None,
            placed_at: Timestamp::ZERO,
            placed_in_input: 0,
            home_wait: HomeWait::Possible,
            room: Room::Left,
            turn: Turn::Over,
            tenure: Tenure::Lasting,
        }
    }

    /// The node that owns it. After the loss of a node that nobody can take over from this is
    /// still that node, which is down; `None` before the group is first placed, and after a forced
    /// drain that found no room for it.
    #[must_use]
    pub const fn owner(&self) -> Option<NodeId> {
        self.owner
    }

    /// The ownership epoch.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What an operator wants of it.
    #[must_use]
    pub const fn desired(&self) -> DesiredState {
        self.desired
    }

    /// The move under way.
    #[must_use]
    pub const fn movement(&self) -> Option<Movement> {
        self.movement
    }

    /// Whether it takes room on its owner.
    #[must_use]
    pub const fn room(&self) -> Room {
        self.room
    }

    /// The move that waits until it is possible.
    #[must_use]
    pub const fn queued(&self) -> Option<QueuedMove> {
        self.queued
    }

    /// Whether operators may act on it.
    #[must_use]
    pub const fn lock(&self) -> Lock {
        self.lock
    }

    /// Node of the last activation or explicit move.
    #[must_use]
    pub const fn default_owner(&self) -> Option<NodeId> {
        self.default_owner
    }

    /// When it failed over because of a resource, as far back as its budget looks.
    #[must_use]
    pub const fn failovers(&self) -> &FailureLog {
        &self.failovers
    }

    /// The nodes on which it failed, with the time, of whichever life of the node. Which of them
    /// count is for [`ClusterState::failed_on`](super::ClusterState::failed_on) and
    /// [`Placement::failed_here`](crate::policy::Placement::failed_here) to say.
    #[must_use]
    pub const fn failed_nodes(&self) -> &FailedNodes {
        &self.failed_on
    }

    /// Whether the core may start it by itself: not if its priority says so and nobody has asked
    /// for it since its last owner failed.
    #[must_use]
    pub fn may_start(&self, priority: Priority) -> bool {
        priority != Priority::NO_AUTO_START || self.is_ordered()
    }

    pub(crate) fn is_ordered(&self) -> bool {
        self.ordered_in.is_some_and(|epoch| epoch >= self.epoch)
    }
}

impl fmt::Display for MovementCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::ResourceFailure => "resource failure",
            Self::NodeFailure => "node failure",
            Self::Operator => "operator",
            Self::Drain => "drain",
            Self::Failback => "failback",
            Self::Return => "return",
            Self::Configuration => "configuration",
        })
    }
}
