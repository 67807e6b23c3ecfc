//! The stored state of a group.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::FailedNodes;
use crate::id::{Epoch, NodeId};
use crate::machine::FailureLog;
use crate::settings::{ColdStart, DesiredState, GroupSettings, Priority};
use crate::time::Timestamp;

/// The stored state of a group.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct GroupRecord {
    pub(crate) owner: Option<NodeId>,
    pub(crate) epoch: Epoch,
    pub(crate) desired: DesiredState,
    /// The epoch in which an operator last asked for it to be online. If its owner was lost at that
    /// time, it is the next epoch, because the order is then for the next owner. Groups that are
    /// not started automatically may be started until that epoch ends.
    pub(crate) ordered_in: Option<Epoch>,
    /// The node of the last start or explicit move (SDK, `DefaultOwner`).
    pub(crate) default_owner: Option<NodeId>,
    pub(crate) failovers: FailureLog,
    /// The nodes that it left because it failed there.
    pub(crate) failed_on: FailedNodes,
    pub(crate) movement: Option<Movement>,
    /// The node to which it returns if the first start after a move fails.
    pub(crate) return_to: Option<NodeId>,
    pub(crate) queued: Option<QueuedMove>,
    pub(crate) lock: Lock,
    /// The node that a drain took it from, until that node is resumed.
    pub(crate) drained_from: Option<NodeId>,
    pub(crate) last_failback: Option<Timestamp>,
    /// The time at which it came to its owner.
    pub(crate) placed_at: Timestamp,
    /// The number of the input in which it came to its owner.
    pub(crate) placed_in_input: u64,
    /// Tells whether it may still wait for its preferred owner.
    pub(crate) home_wait: HomeWait,
    /// Tells whether it takes room on its owner.
    pub(crate) room: Room,
    /// Tells whether it waits for its turn among groups that come up together.
    pub(crate) turn: Turn,
    /// Tells whether a configuration removed its owner from its possible owners.
    pub(crate) tenure: Tenure,
}

/// Tells whether a configuration has removed the owner of a group from its possible owners since
/// the group came there.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tenure {
    /// No configuration has removed it.
    #[default]
    Lasting,
    /// A configuration has removed it, and the group leaves for that reason.
    Struck,
}

/// Tells whether a group may wait for its preferred owner. It may as long as, since the cluster
/// last formed, it got no owner and none of its resources was started or found running on its
/// owner.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum HomeWait {
    /// It may wait, for at most `group_wait_delay`.
    #[default]
    Possible,
    /// It does not wait any longer, because it is part of a running cluster.
    Over,
}

/// Tells whether a group takes room on its node. A group that takes room counts for the capacity of
/// the node, for anti-affinity and for policies.
///
/// A group takes no room if all of its resources are certainly off and none is wanted online.
/// Before it starts it has to take room. If there is none, it goes to another node or waits.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// It takes room.
    #[default]
    Taken,
    /// It is off. It is wanted offline, or it waits for room.
    Left,
}

/// Tells whether a group waits for its turn among the groups that come up together. Groups come up
/// together when the cluster forms, when quorum is regained, when a node is taken over, and when
/// their node comes up or is resumed.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It waits for no other group, because it has begun to start or comes up alone. It does not
    /// wait either if it fails later and is restarted or retried.
    #[default]
    Over,
    /// It has not begun to start, and waits for groups of higher priority.
    Awaited,
}

/// A move that is under way. The group stops on its owner and then belongs to `to`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Movement {
    /// The next owner. `None` means that the group will have no owner, because a forced drain found
    /// no room for it.
    pub to: Option<NodeId>,
    /// The reason for the move.
    pub cause: MovementCause,
    /// The action if it cannot start on the next owner.
    pub on_failure: MoveFailure,
}

/// The reason why a group changes its owner.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MovementCause {
    /// It had no owner.
    Start,
    /// A resource used up its restarts.
    ResourceFailure,
    /// Its owner is down.
    NodeFailure,
    /// An operator asked for it.
    Operator,
    /// Its owner is being drained.
    Drain,
    /// A more preferred owner is up.
    Failback,
    /// It could not start on the node to which an operator had moved it.
    Return,
    /// The configuration changed, and its owner was evicted or is no longer a possible owner.
    Configuration,
}

/// The action if a group cannot start on the node to which it was moved.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum MoveFailure {
    /// The failure is treated like any other: the group is restarted, then it fails over.
    #[default]
    Failover,
    /// The group returns to the node from which it came.
    ReturnToSource,
}

/// The effect of a lock on a command.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LockHandling {
    /// The command is refused.
    #[default]
    Respect,
    /// The command is carried out in spite of the lock.
    Override,
}

/// A move that an operator asked for and that waits until it is possible.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct QueuedMove {
    /// The next owner. `None` means the best possible node.
    pub to: Option<NodeId>,
    /// The action if it cannot start on the next owner.
    pub on_failure: MoveFailure,
    /// The effect of a lock: the move waits for its end, or ignores it.
    pub lock: LockHandling,
}

/// Tells whether operators may start, stop and move a group (SDK, `LockedMode`).
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// They may.
    #[default]
    Unlocked,
    /// They may only if they override the lock. Drains and failbacks do not move the group either,
    /// only failures do.
    Locked,
}

impl GroupRecord {
    /// Returns the record of a group that was just declared: without an owner, and with nothing
    /// counted.
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

    /// Returns the node that owns it. If that node is down and no other node can take the group, it
    /// stays the owner. It is `None` before the group is first placed, and after a forced drain
    /// that found no room for the group.
    #[must_use]
    pub const fn owner(&self) -> Option<NodeId> {
        self.owner
    }

    /// Returns the ownership epoch.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns the state that an operator wants it to have.
    #[must_use]
    pub const fn desired(&self) -> DesiredState {
        self.desired
    }

    /// Returns the move that is under way.
    #[must_use]
    pub const fn movement(&self) -> Option<Movement> {
        self.movement
    }

    /// Tells whether it takes room on its owner.
    #[must_use]
    pub const fn room(&self) -> Room {
        self.room
    }

    /// Returns the move that waits until it is possible.
    #[must_use]
    pub const fn queued(&self) -> Option<QueuedMove> {
        self.queued
    }

    /// Tells whether operators may act on it.
    #[must_use]
    pub const fn lock(&self) -> Lock {
        self.lock
    }

    /// Returns the node of the last start or explicit move.
    #[must_use]
    pub const fn default_owner(&self) -> Option<NodeId> {
        self.default_owner
    }

    /// Returns the times of the failovers that its resources caused, as far back as its budget
    /// looks.
    #[must_use]
    pub const fn failovers(&self) -> &FailureLog {
        &self.failovers
    }

    /// Returns the nodes on which it failed, whichever life of the node that was in.
    /// [`ClusterState::failed_on`](super::ClusterState::failed_on) and
    /// [`PlacementRequest::failed_here`](crate::policy::PlacementRequest::failed_here) say which of
    /// them count.
    #[must_use]
    pub const fn failed_nodes(&self) -> &FailedNodes {
        &self.failed_on
    }

    /// Returns the node to which it returns if its first start after a move fails.
    #[must_use]
    pub const fn return_to(&self) -> Option<NodeId> {
        self.return_to
    }

    /// Returns the node that a drain took it from, until that node is resumed.
    #[must_use]
    pub const fn drained_from(&self) -> Option<NodeId> {
        self.drained_from
    }

    /// Returns the time of its last failback.
    #[must_use]
    pub const fn last_failback(&self) -> Option<Timestamp> {
        self.last_failback
    }

    /// Returns the time at which it came to its owner.
    #[must_use]
    pub const fn placed_at(&self) -> Timestamp {
        self.placed_at
    }

    /// Returns the number of the input in which it came to its owner. It orders events within one
    /// millisecond.
    #[must_use]
    pub const fn placed_in_input(&self) -> u64 {
        self.placed_in_input
    }

    /// Tells whether it may still wait for its preferred owner.
    #[must_use]
    pub const fn home_wait(&self) -> HomeWait {
        self.home_wait
    }

    /// Tells whether it is locked and a command or drain that treats locks in this way leaves it
    /// where it is and as it is.
    #[must_use]
    pub const fn is_held_by_lock(&self, handling: LockHandling) -> bool {
        matches!((self.lock, handling), (Lock::Locked, LockHandling::Respect))
    }

    /// Tells whether it waits for its turn among groups that come up together.
    #[must_use]
    pub const fn turn(&self) -> Turn {
        self.turn
    }

    /// Returns the epoch in which an operator last asked for it to be online. If its owner was lost
    /// at that time, it is the next epoch.
    #[must_use]
    pub const fn ordered_in(&self) -> Option<Epoch> {
        self.ordered_in
    }

    /// Tells whether the core may start it. It may not if the priority excludes an automatic start
    /// and no operator has asked for the group since its last owner failed.
    #[must_use]
    pub fn may_start(&self, priority: Priority) -> bool {
        priority != Priority::NO_AUTO_START || self.is_ordered()
    }

    /// Tells whether an operator has asked for it to be online since its last owner failed.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
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
