//! The whole of a cluster as plain data, for storing and sending.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{Epoch, Incarnation, OpId};
use crate::machine::{FailureLog, NodeState, ResourceState};
use crate::policy::FailoverPolicy;
use crate::settings::{DesiredState, Maintenance};
use crate::spec::ClusterDeclaration;
use crate::state::{
    Doubt, DownProof, DrainMode, DrainStatus, FailbackTarget, FailedWhile, HomeWait, LateStart,
    Lock, LockHandling, MoveFailure, MovementCause, Operation, OrphanState, Pause, Recovery, Room,
    Tenure, Turn, Vouched, WitnessState,
};
use crate::time::{Timestamp, WallClock};

mod taken;
mod written;

crate::form::strictly_read! { "Snapshot"
/// A cluster as it stood after an input: its declaration and its ground state, by names.
///
/// Every version that was ever written with names of fields (JSON, MessagePack with names, CBOR)
/// can be read for ever; formats without them (postcard, compact MessagePack) carry it between
/// equal releases. A snapshot that is read is not trusted:
/// [`Cluster::restore`](crate::Cluster::restore) checks all of it, within the
/// [`Limits`](crate::spec::Limits) of declarations. The receiver has to limit the bytes that it
/// decodes: the crate never sees bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Snapshot {
    /// The first version.
    V1(SnapshotV1),
}
}

impl Snapshot {
    /// Returns the name of the cluster that it was taken of, as written there.
    ///
    /// Nothing else compares it: a program that stores snapshots of several clusters, or is sent
    /// them, compares it before restoring one.
    #[must_use]
    pub fn cluster_name(&self) -> &str {
        match self {
            Self::V1(snapshot) => &snapshot.declaration.name,
        }
    }

    /// Returns the name of the policy by which the cluster chose nodes. `None` if it was written by
    /// a release that did not note it.
    #[must_use]
    pub fn policy_name(&self) -> Option<&str> {
        match self {
            Self::V1(snapshot) => snapshot.policy.as_deref(),
        }
    }

    /// Returns the [behaviour](crate::Cluster::BEHAVIOUR) of the release that wrote it; 0 if that
    /// release did not note it.
    #[must_use]
    pub const fn behaviour(&self) -> u32 {
        match self {
            Self::V1(snapshot) => snapshot.behaviour,
        }
    }

    /// Returns the snapshot for a cluster that goes on under another policy. Every replica has to
    /// make this change, or they part.
    #[must_use]
    pub fn under_policy(mut self, policy: &dyn FailoverPolicy) -> Self {
        match &mut self {
            Self::V1(snapshot) => snapshot.policy = Some(policy.name().into_owned()),
        }
        self
    }
}

/// The first version of a [`Snapshot`].
///
/// In formats for people, values are left out that a cluster has when it has just been declared.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SnapshotV1 {
    pub(crate) declaration: ClusterDeclaration,
    #[serde(default)]
    pub(crate) policy: Option<String>,
    #[serde(default)]
    pub(crate) behaviour: u32,
    pub(crate) now: Timestamp,
    pub(crate) inputs: u64,
    pub(crate) next_operation: OpId,
    pub(crate) configuration: u64,
    #[serde(default)]
    pub(crate) last_declared: u64,
    #[serde(default)]
    pub(crate) witness: WitnessState,
    #[serde(default)]
    pub(crate) wall_clock: Option<ClockSnapshot>,
    #[serde(default)]
    pub(crate) quorate_since: Option<Timestamp>,
    #[serde(default)]
    pub(crate) formed_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) resumed_at: Option<Timestamp>,
    pub(crate) nodes: Vec<NodeSnapshot>,
    #[serde(default)]
    pub(crate) groups: Vec<GroupSnapshot>,
    #[serde(default)]
    pub(crate) resources: Vec<ResourceSnapshot>,
    #[serde(default)]
    pub(crate) orphans: Vec<OrphanSnapshot>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockSnapshot {
    pub(crate) read_at: Timestamp,
    pub(crate) reading: WallClock,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeSnapshot {
    pub(crate) node: String,
    pub(crate) state: NodeState,
    #[serde(default)]
    pub(crate) incarnation: Incarnation,
    pub(crate) since: Timestamp,
    #[serde(default)]
    pub(crate) up_in_input: u64,
    #[serde(default)]
    pub(crate) attraction: FailbackTarget,
    #[serde(default)]
    pub(crate) pause: Pause,
    #[serde(default)]
    pub(crate) drain: DrainSnapshot,
    #[serde(default)]
    pub(crate) proof: DownProof,
    #[serde(default)]
    pub(crate) fence: Option<Operation>,
    #[serde(default)]
    pub(crate) fence_retry_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) fence_attempts: FailureLog,
    #[serde(default)]
    pub(crate) listed_in: u64,
    #[serde(default)]
    pub(crate) inquiry: Option<Operation>,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, i64>,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct DrainSnapshot {
    pub(crate) status: DrainStatus,
    #[serde(default)]
    pub(crate) mode: DrainMode,
    #[serde(default)]
    pub(crate) target: Option<String>,
    #[serde(default)]
    pub(crate) lock: LockHandling,
    #[serde(default)]
    pub(crate) since: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupSnapshot {
    pub(crate) group: String,
    #[serde(default)]
    pub(crate) owner: Option<String>,
    #[serde(default)]
    pub(crate) epoch: Epoch,
    pub(crate) desired: DesiredState,
    #[serde(default)]
    pub(crate) ordered_in: Option<Epoch>,
    #[serde(default)]
    pub(crate) default_owner: Option<String>,
    #[serde(default)]
    pub(crate) failovers: FailureLog,
    #[serde(default)]
    pub(crate) failed_on: Vec<FailedNodeSnapshot>,
    #[serde(default)]
    pub(crate) movement: Option<MovementSnapshot>,
    #[serde(default)]
    pub(crate) return_to: Option<String>,
    #[serde(default)]
    pub(crate) queued: Option<QueuedSnapshot>,
    #[serde(default)]
    pub(crate) lock: Lock,
    #[serde(default)]
    pub(crate) drained_from: Option<String>,
    #[serde(default)]
    pub(crate) last_failback: Option<Timestamp>,
    #[serde(default)]
    pub(crate) placed_at: Timestamp,
    #[serde(default)]
    pub(crate) placed_in_input: u64,
    #[serde(default)]
    pub(crate) home_wait: HomeWait,
    pub(crate) room: Option<Room>,
    #[serde(default)]
    pub(crate) turn: Turn,
    #[serde(default)]
    pub(crate) tenure: Tenure,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailedNodeSnapshot {
    pub(crate) node: String,
    pub(crate) incarnation: Incarnation,
    pub(crate) at: Timestamp,
    #[serde(default)]
    pub(crate) for_good: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovementSnapshot {
    #[serde(default)]
    pub(crate) to: Option<String>,
    pub(crate) cause: MovementCause,
    #[serde(default)]
    pub(crate) on_failure: MoveFailure,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueuedSnapshot {
    #[serde(default)]
    pub(crate) to: Option<String>,
    #[serde(default)]
    pub(crate) on_failure: MoveFailure,
    #[serde(default)]
    pub(crate) lock: LockHandling,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceSnapshot {
    pub(crate) resource: String,
    pub(crate) state: ResourceState,
    pub(crate) since: Timestamp,
    #[serde(default)]
    pub(crate) desired: Option<DesiredState>,
    pub(crate) maintenance: Maintenance,
    #[serde(default)]
    pub(crate) operation: Option<Operation>,
    #[serde(default)]
    pub(crate) late_start: LateStart,
    #[serde(default)]
    pub(crate) doubt: Doubt,
    #[serde(default)]
    pub(crate) restarts: FailureLog,
    /// If absent, the time when the resource entered its state.
    #[serde(default)]
    pub(crate) online_until: Option<Timestamp>,
    #[serde(default)]
    pub(crate) recovery: Recovery,
    #[serde(default)]
    pub(crate) failed_while: FailedWhile,
    /// If absent, the run is not known, or, while the resource starts, is that start.
    #[serde(default)]
    pub(crate) run: Option<OpId>,
    #[serde(default)]
    pub(crate) retries: u32,
    pub(crate) started_at: Timestamp,
    pub(crate) looked_alive_at: Timestamp,
    pub(crate) known_alive_at: Timestamp,
    #[serde(default)]
    pub(crate) sequence: u64,
    #[serde(default)]
    pub(crate) declared_in: u64,
    #[serde(default)]
    pub(crate) vouched: Vouched,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrphanSnapshot {
    pub(crate) node: String,
    pub(crate) resource: String,
    pub(crate) state: OrphanState,
    #[serde(default)]
    pub(crate) operation: Option<Operation>,
}
