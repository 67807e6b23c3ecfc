//! Takes a snapshot of a cluster.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::cluster::keep::BEHAVIOUR;
use crate::cluster::keep::snapshot::{
    ClockSnapshot, DrainSnapshot, FailedNodeSnapshot, GroupSnapshot, MovementSnapshot,
    NodeSnapshot, OrphanSnapshot, QueuedSnapshot, ResourceSnapshot, Snapshot, SnapshotV1,
};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::policy::FailoverPolicy;
use crate::spec::{ClusterDeclaration, ClusterSpec, GroupSpec, NodeSpec, ResourceSpec};
use crate::state::{
    ClusterState, Drain, FailedNode, Fence, GroupRecord, Movement, NodeRecord, Orphan, QueuedMove,
    ResourceRecord,
};

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

    /// Returns an orphan in the form of a snapshot, with names.
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
