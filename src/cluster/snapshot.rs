//! The whole of a cluster as plain data, for storing and sending.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

mod written;

use crate::id::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId};
use crate::machine::{FailureLog, NodeState, ResourceState};
use crate::settings::{DesiredState, Maintenance};
use crate::spec::{ClusterDeclaration, ClusterSpec, GroupSpec, NodeSpec, ResourceSpec};
use crate::state::{
    Attraction, ClusterState, Doubt, DownProof, Drain, DrainMode, DrainStatus, FailedNode,
    FailedWhile, Fence, GroupRecord, HomeWait, LateStart, Lock, LockHandling, MoveFailure,
    Movement, MovementCause, NodeRecord, Operation, Orphan, OrphanState, Pause, QueuedMove,
    Recovery, ResourceRecord, Room, Tenure, Turn, Vouched, WitnessState,
};
use crate::time::{Timestamp, WallClock};

crate::form::strictly_read! { "Snapshot"
/// A cluster as it stood after an input: its declaration and its ground state, by names.
///
/// Every version that was ever written with names of fields (JSON, MessagePack with names, CBOR) can be
/// read for ever; formats without them (postcard, compact MessagePack) carry it between equal
/// releases. What is read is not trusted:
/// [`Cluster::restore`](crate::Cluster::restore) checks all of it, within the
/// [`Limits`](crate::spec::Limits) of declarations. How many bytes are worth decoding is for whoever
/// receives them to say: the crate never sees bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Snapshot {
    /// The first version.
    V1(SnapshotV1),
}
}

impl Snapshot {
    /// The name of the cluster that it was taken of, as written there.
    ///
    /// Nothing else compares it: whoever stores snapshots of several clusters, or is sent them,
    /// compares it before restoring one.
    #[must_use]
    pub fn cluster_name(&self) -> &str {
        match self {
            Self::V1(snapshot) => &snapshot.declaration.name,
        }
    }
}

/// The first version of a [`Snapshot`].
///
/// Values that are the same in a cluster that has just been declared are left out of formats for
/// people.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SnapshotV1 {
    pub(super) declaration: ClusterDeclaration,
    pub(super) now: Timestamp,
    pub(super) inputs: u64,
    pub(super) next_operation: OpId,
    pub(super) configuration: u64,
    #[serde(default)]
    pub(super) last_declared: u64,
    #[serde(default)]
    pub(super) witness: WitnessState,
    #[serde(default)]
    pub(super) wall_clock: Option<ClockSnapshot>,
    #[serde(default)]
    pub(super) quorate_since: Option<Timestamp>,
    #[serde(default)]
    pub(super) formed_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) resumed_at: Option<Timestamp>,
    pub(super) nodes: Vec<NodeSnapshot>,
    #[serde(default)]
    pub(super) groups: Vec<GroupSnapshot>,
    #[serde(default)]
    pub(super) resources: Vec<ResourceSnapshot>,
    #[serde(default)]
    pub(super) orphans: Vec<OrphanSnapshot>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockSnapshot {
    pub(super) read_at: Timestamp,
    pub(super) reading: WallClock,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeSnapshot {
    pub(super) node: String,
    pub(super) state: NodeState,
    #[serde(default)]
    pub(super) incarnation: Incarnation,
    pub(super) since: Timestamp,
    #[serde(default)]
    pub(super) up_in_input: u64,
    #[serde(default)]
    pub(super) attraction: Attraction,
    #[serde(default)]
    pub(super) pause: Pause,
    #[serde(default)]
    pub(super) drain: DrainSnapshot,
    #[serde(default)]
    pub(super) proof: DownProof,
    #[serde(default)]
    pub(super) fence: Option<Operation>,
    #[serde(default)]
    pub(super) fence_retry_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) fence_attempts: FailureLog,
    #[serde(default)]
    pub(super) listed_in: u64,
    #[serde(default)]
    pub(super) inquiry: Option<Operation>,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct DrainSnapshot {
    pub(super) status: DrainStatus,
    #[serde(default)]
    pub(super) mode: DrainMode,
    #[serde(default)]
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) lock: LockHandling,
    #[serde(default)]
    pub(super) since: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSnapshot {
    pub(super) group: String,
    #[serde(default)]
    pub(super) owner: Option<String>,
    #[serde(default)]
    pub(super) epoch: Epoch,
    pub(super) desired: DesiredState,
    #[serde(default)]
    pub(super) ordered_in: Option<Epoch>,
    #[serde(default)]
    pub(super) default_owner: Option<String>,
    #[serde(default)]
    pub(super) failovers: FailureLog,
    #[serde(default)]
    pub(super) failed_on: Vec<FailedNodeSnapshot>,
    #[serde(default)]
    pub(super) movement: Option<MovementSnapshot>,
    #[serde(default)]
    pub(super) return_to: Option<String>,
    #[serde(default)]
    pub(super) queued: Option<QueuedSnapshot>,
    #[serde(default)]
    pub(super) lock: Lock,
    #[serde(default)]
    pub(super) drained_from: Option<String>,
    #[serde(default)]
    pub(super) last_failback: Option<Timestamp>,
    #[serde(default)]
    pub(super) placed_at: Timestamp,
    #[serde(default)]
    pub(super) placed_in_input: u64,
    #[serde(default)]
    pub(super) home_wait: HomeWait,
    pub(super) room: Option<Room>,
    #[serde(default)]
    pub(super) turn: Turn,
    #[serde(default)]
    pub(super) tenure: Tenure,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct FailedNodeSnapshot {
    pub(super) node: String,
    pub(super) incarnation: Incarnation,
    pub(super) at: Timestamp,
    #[serde(default)]
    pub(super) for_good: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct MovementSnapshot {
    #[serde(default)]
    pub(super) to: Option<String>,
    pub(super) cause: MovementCause,
    #[serde(default)]
    pub(super) on_failure: MoveFailure,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct QueuedSnapshot {
    #[serde(default)]
    pub(super) to: Option<String>,
    #[serde(default)]
    pub(super) on_failure: MoveFailure,
    #[serde(default)]
    pub(super) lock: LockHandling,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceSnapshot {
    pub(super) resource: String,
    pub(super) state: ResourceState,
    pub(super) since: Timestamp,
    #[serde(default)]
    pub(super) desired: Option<DesiredState>,
    pub(super) maintenance: Maintenance,
    #[serde(default)]
    pub(super) operation: Option<Operation>,
    #[serde(default)]
    pub(super) late_start: LateStart,
    #[serde(default)]
    pub(super) doubt: Doubt,
    #[serde(default)]
    pub(super) restarts: FailureLog,
    /// Absent is when it entered its state.
    #[serde(default)]
    pub(super) online_until: Option<Timestamp>,
    #[serde(default)]
    pub(super) recovery: Recovery,
    #[serde(default)]
    pub(super) failed_while: FailedWhile,
    /// Absent is not known, or, while it starts, that start.
    #[serde(default)]
    pub(super) run: Option<OpId>,
    #[serde(default)]
    pub(super) retries: u32,
    pub(super) started_at: Timestamp,
    pub(super) looked_alive_at: Timestamp,
    pub(super) known_alive_at: Timestamp,
    #[serde(default)]
    pub(super) sequence: u64,
    #[serde(default)]
    pub(super) declared_in: u64,
    #[serde(default)]
    pub(super) vouched: Vouched,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct OrphanSnapshot {
    pub(super) node: String,
    pub(super) resource: String,
    pub(super) state: OrphanState,
    #[serde(default)]
    pub(super) operation: Option<Operation>,
}

impl Snapshot {
    /// The snapshot of a cluster.
    pub(crate) fn of(spec: &ClusterSpec, state: &ClusterState) -> Self {
        Self::V1(SnapshotV1::of(spec, state))
    }
}

// The records are taken apart field by field, so that a field that is added cannot be forgotten.
impl SnapshotV1 {
    fn of(spec: &ClusterSpec, state: &ClusterState) -> Self {
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

    fn orphan(self, (node, resource): (NodeId, ResourceId), orphan: Orphan) -> OrphanSnapshot {
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

/// A state has no ids but those of its configuration; should one slip in, it reads as a number
/// that cannot be restored.
fn named(declared: Option<&str>, id: &impl ToString) -> String {
    declared.map_or_else(|| id.to_string(), String::from)
}
