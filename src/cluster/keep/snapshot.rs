//! The whole of a cluster as plain data, for storing and sending.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::cluster::keep::BEHAVIOUR;
use crate::id::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId};
use crate::machine::{FailureLog, NodeState, ResourceState};
use crate::policy::FailoverPolicy;
use crate::settings::{DesiredState, Maintenance};
use crate::spec::{ClusterDeclaration, ClusterSpec, GroupSpec, NodeSpec, ResourceSpec};
use crate::state::{
    ClusterState, Doubt, DownProof, Drain, DrainMode, DrainStatus, FailbackTarget, FailedNode,
    FailedWhile, Fence, GroupRecord, HomeWait, LateStart, Lock, LockHandling, MoveFailure,
    Movement, MovementCause, NodeRecord, Operation, Orphan, OrphanState, Pause, QueuedMove,
    Recovery, ResourceRecord, Room, Tenure, Turn, Vouched, WitnessState,
};
use crate::time::{Timestamp, WallClock};

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

impl Snapshot {
    /// Returns the snapshot of a cluster.
    pub(crate) fn of(
        spec: &ClusterSpec,
        state: &ClusterState,
        policy: &dyn FailoverPolicy,
    ) -> Self {
        Self::V1(SnapshotV1::of(spec, state, policy.name().into_owned()))
    }
}

// The records are taken apart field by field, so that a field that is added cannot be forgotten.
impl SnapshotV1 {
    fn of(spec: &ClusterSpec, state: &ClusterState, policy: String) -> Self {
        let ClusterState {
            now,
            inputs,
            next_operation,
            configuration,
            last_declared,
            witness,
            wall_clock,
            quorate_since,
            formed_at,
            resumed_at,
            nodes,
            groups,
            resources,
            orphans,
            occupancy: _,
        } = state;
        let names = NamesOf(spec);
        Self {
            declaration: ClusterDeclaration::from(spec),
            policy: Some(policy),
            behaviour: BEHAVIOUR,
            now: *now,
            inputs: *inputs,
            next_operation: *next_operation,
            configuration: *configuration,
            last_declared: *last_declared,
            witness: *witness,
            wall_clock: wall_clock.map(|(read_at, reading)| ClockSnapshot { read_at, reading }),
            quorate_since: *quorate_since,
            formed_at: *formed_at,
            resumed_at: *resumed_at,
            nodes: by_id(nodes, |index, record| names.node_record(index, record)),
            groups: by_id(groups, |index, record| names.group_record(index, record)),
            resources: by_id(resources, |index, record| names.resource_record(index, record)),
            orphans: orphans.iter().map(|(place, orphan)| names.orphan(*place, *orphan)).collect(),
        }
    }
}

fn by_id<R, S>(records: &[R], mut snapshot: impl FnMut(usize, &R) -> S) -> Vec<S> {
    records.iter().enumerate().map(|(index, record)| snapshot(index, record)).collect()
}

/// Puts names in the place of ids.
#[derive(Clone, Copy)]
struct NamesOf<'a>(&'a ClusterSpec);

impl NamesOf<'_> {
    fn node_record(self, index: usize, record: &NodeRecord) -> NodeSnapshot {
        let NodeRecord {
            state,
            incarnation,
            since,
            up_in_input,
            attraction,
            pause,
            drain: Drain { status, mode, target, lock, since: drain_since },
            proof,
            fence: Fence { operation, retry_at, attempts },
            listed_in,
            inquiry,
            attributes,
        } = record;
        NodeSnapshot {
            node: self.node(NodeId::from_index(index)),
            state: *state,
            incarnation: *incarnation,
            since: *since,
            up_in_input: *up_in_input,
            attraction: *attraction,
            pause: *pause,
            drain: DrainSnapshot {
                status: *status,
                mode: *mode,
                target: target.map(|node| self.node(node)),
                lock: *lock,
                since: *drain_since,
            },
            proof: *proof,
            fence: *operation,
            fence_retry_at: *retry_at,
            fence_attempts: attempts.clone(),
            listed_in: *listed_in,
            inquiry: *inquiry,
            attributes: attributes.iter().map(|(name, value)| (name.into(), value)).collect(),
        }
    }

    fn group_record(self, index: usize, record: &GroupRecord) -> GroupSnapshot {
        let GroupRecord {
            owner,
            epoch,
            desired,
            ordered_in,
            default_owner,
            failovers,
            failed_on,
            movement,
            return_to,
            queued,
            lock,
            drained_from,
            last_failback,
            placed_at,
            placed_in_input,
            home_wait,
            room,
            turn,
            tenure,
        } = record;
        let name = |node: &Option<NodeId>| node.map(|node| self.node(node));
        GroupSnapshot {
            group: self.group(GroupId::from_index(index)),
            owner: name(owner),
            epoch: *epoch,
            desired: *desired,
            ordered_in: *ordered_in,
            default_owner: name(default_owner),
            failovers: failovers.clone(),
            failed_on: failed_on.entries().iter().map(|entry| self.failed_node(*entry)).collect(),
            movement: movement.map(|Movement { to, cause, on_failure }| MovementSnapshot {
                to: name(&to),
                cause,
                on_failure,
            }),
            return_to: name(return_to),
            queued: queued.map(|QueuedMove { to, on_failure, lock }| QueuedSnapshot {
                to: name(&to),
                on_failure,
                lock,
            }),
            lock: *lock,
            drained_from: name(drained_from),
            last_failback: *last_failback,
            placed_at: *placed_at,
            placed_in_input: *placed_in_input,
            home_wait: *home_wait,
            room: owner.map(|_| *room),
            turn: *turn,
            tenure: *tenure,
        }
    }

    fn failed_node(self, entry: FailedNode) -> FailedNodeSnapshot {
        let FailedNode { node, incarnation, at, for_good } = entry;
        FailedNodeSnapshot {
            node: self.node(node),
            incarnation,
            at,
            for_good: for_good.map(|resource| self.resource(resource)),
        }
    }

    fn resource_record(self, index: usize, record: &ResourceRecord) -> ResourceSnapshot {
        let ResourceRecord {
            state,
            since,
            desired,
            maintenance,
            operation,
            late_start,
            doubt,
            restarts,
            online_until,
            recovery,
            failed_while,
            run,
            started_at,
            retries,
            looked_alive_at,
            known_alive_at,
            sequence,
            declared_in,
            vouched,
        } = record;
        ResourceSnapshot {
            resource: self.resource(ResourceId::from_index(index)),
            state: *state,
            since: *since,
            desired: *desired,
            maintenance: *maintenance,
            operation: *operation,
            late_start: *late_start,
            doubt: *doubt,
            restarts: restarts.clone(),
            online_until: Some(*online_until).filter(|until| until != since),
            recovery: *recovery,
            failed_while: *failed_while,
            run: *run,
            started_at: *started_at,
            retries: *retries,
            looked_alive_at: *looked_alive_at,
            known_alive_at: *known_alive_at,
            sequence: *sequence,
            declared_in: *declared_in,
            vouched: *vouched,
        }
    }

    pub(crate) fn orphan(
        self,
        (node, resource): (NodeId, ResourceId),
        orphan: Orphan,
    ) -> OrphanSnapshot {
        let Orphan { state, operation } = orphan;
        OrphanSnapshot {
            node: self.node(node),
            resource: self.resource(resource),
            state,
            operation,
        }
    }

    fn node(self, id: NodeId) -> String {
        named(self.0.node(id).map(NodeSpec::name), &id)
    }

    fn group(self, id: GroupId) -> String {
        named(self.0.group(id).map(GroupSpec::name), &id)
    }

    fn resource(self, id: ResourceId) -> String {
        named(self.0.resource(id).map(ResourceSpec::name), &id)
    }
}

/// Returns a name. A state has only ids of its configuration; any other id is written as a number,
/// which cannot be restored.
fn named(declared: Option<&str>, id: &impl ToString) -> String {
    declared.map_or_else(|| id.to_string(), String::from)
}
