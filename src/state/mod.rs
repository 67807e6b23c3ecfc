//! The ground state of a cluster and the indexes over it.
//!
//! The ground state is everything that cannot be derived: the nodes and their incarnations, the
//! owner, the epoch and the desired state of each group, and the state and the operation in flight
//! of each resource. Group states, orders, eligibility and deadlines are derived from it. The only
//! index that is stored here is [`Occupancy`], which contains the groups on each node. It is built
//! again when a cluster is restored.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::id::{Epoch, GroupId, NodeId, OpId, ResourceId};
use crate::machine::{GroupState, NodeState, ResourceState};
use crate::settings::{DesiredState, Fencing, Ownership};
use crate::spec::ClusterSpec;
use crate::time::{Timestamp, WallClock};

mod attributes;
mod doubt;
mod failed_nodes;
mod group;
mod node;
mod occupancy;
mod operation;
mod orphan;
mod recovery;
mod resource;
mod suppose;

pub use crate::quorum::WitnessState;
pub(crate) use attributes::Attributes;
pub use doubt::{Doubt, LateStart, Vouched};
pub use failed_nodes::{FailedNode, FailedNodes};
pub use group::{
    GroupRecord, HomeWait, Lock, LockHandling, MoveFailure, Movement, MovementCause, QueuedMove,
    Room, Tenure, Turn,
};
pub use node::{
    DownProof, Drain, DrainMode, DrainStatus, FailbackTarget, Fence, NodeRecord, Pause,
};
pub use occupancy::Occupancy;
pub use operation::{Operation, OperationKind, Outcome};
pub use orphan::{Orphan, OrphanState};
pub use recovery::{FailedWhile, NoRestartCause, Recovery};
pub use resource::ResourceRecord;

/// The ground state of a cluster.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ClusterState {
    pub(crate) now: Timestamp,
    /// The number of accepted inputs.
    pub(crate) inputs: u64,
    pub(crate) next_operation: OpId,
    /// The number of the configuration. It grows with every accepted change.
    pub(crate) configuration: u64,
    /// The last configuration that declared new resources. It is 0 if none has since the cluster
    /// was declared.
    pub(crate) last_declared: u64,
    pub(crate) witness: WitnessState,
    /// The last reading of the local clock, and the time at which it was taken.
    pub(crate) wall_clock: Option<(Timestamp, WallClock)>,
    /// The time at which the cluster became quorate. It is `None` without quorum.
    pub(crate) quorate_since: Option<Timestamp>,
    /// The time at which the cluster formed, which is when it first became quorate after it last
    /// had no members.
    pub(crate) formed_at: Option<Timestamp>,
    /// The time at which the core last continued after a time in which nobody decided.
    pub(crate) resumed_at: Option<Timestamp>,
    pub(crate) nodes: Vec<NodeRecord>,
    pub(crate) groups: Vec<GroupRecord>,
    pub(crate) resources: Vec<ResourceRecord>,
    /// The orphans, until they are stopped.
    pub(crate) orphans: BTreeMap<(NodeId, ResourceId), Orphan>,
    pub(crate) occupancy: Occupancy,
}

impl ClusterState {
    /// Creates the state of a cluster that was just declared: every node is down and nothing runs.
    #[must_use]
    pub fn new(spec: &ClusterSpec, now: Timestamp) -> Self {
        Self {
            now,
            inputs: 0,
            next_operation: OpId::new(1),
            configuration: 1,
            last_declared: 0,
            witness: WitnessState::Down,
            wall_clock: None,
            quorate_since: None,
            formed_at: None,
            resumed_at: None,
            nodes: spec.nodes().map(|_| NodeRecord::new(now)).collect(),
            groups: spec.groups().map(|(_, group)| GroupRecord::new(group.settings())).collect(),
            resources: spec
                .resources()
                .map(|(_, resource)| ResourceRecord::new(resource.settings(), now))
                .collect(),
            orphans: BTreeMap::new(),
            occupancy: Occupancy::new(spec),
        }
    }

    /// Returns the latest time that an input contained.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the number of accepted configurations. The first is 1.
    #[must_use]
    pub const fn configuration(&self) -> u64 {
        self.configuration
    }

    /// Returns the number of inputs that were accepted.
    #[must_use]
    pub const fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Returns the id that the next operation will have.
    #[must_use]
    pub const fn next_operation(&self) -> OpId {
        self.next_operation
    }

    /// Returns the last reading of the local clock, and the time at which it was taken.
    #[must_use]
    pub const fn wall_clock(&self) -> Option<(Timestamp, WallClock)> {
        self.wall_clock
    }

    /// Returns the time at which the cluster became quorate. It is `None` without quorum.
    #[must_use]
    pub const fn quorate_since(&self) -> Option<Timestamp> {
        self.quorate_since
    }

    /// Returns the time at which the cluster formed, which is when it first became quorate after it
    /// last had no members.
    #[must_use]
    pub const fn formed_at(&self) -> Option<Timestamp> {
        self.formed_at
    }

    /// Returns the time at which the core last continued after a time in which nobody decided.
    #[must_use]
    pub const fn resumed_at(&self) -> Option<Timestamp> {
        self.resumed_at
    }

    /// Returns the nodes with their records, in the order of their ids.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &NodeRecord)> {
        self.nodes.iter().enumerate().map(|(index, record)| (NodeId::from_index(index), record))
    }

    /// Returns the groups with their records, in the order of their ids.
    pub fn groups(&self) -> impl Iterator<Item = (GroupId, &GroupRecord)> {
        self.groups.iter().enumerate().map(|(index, record)| (GroupId::from_index(index), record))
    }

    /// Returns the resources with their records, in the order of their ids.
    pub fn resources(&self) -> impl Iterator<Item = (ResourceId, &ResourceRecord)> {
        let numbered = self.resources.iter().enumerate();
        numbered.map(|(index, record)| (ResourceId::from_index(index), record))
    }

    /// Tells whether the witness is held.
    #[must_use]
    pub const fn witness(&self) -> WitnessState {
        self.witness
    }

    /// Tells whether the cluster has quorum.
    #[must_use]
    pub const fn is_quorate(&self) -> bool {
        self.quorate_since.is_some()
    }

    /// Returns a node, if the id belongs to this configuration.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<&NodeRecord> {
        self.nodes.get(node.index())
    }

    /// Returns a group, if the id belongs to this configuration.
    #[must_use]
    pub fn group(&self, group: GroupId) -> Option<&GroupRecord> {
        self.groups.get(group.index())
    }

    /// Returns a resource, if the id belongs to this configuration.
    #[must_use]
    pub fn resource(&self, resource: ResourceId) -> Option<&ResourceRecord> {
        self.resources.get(resource.index())
    }

    /// Returns the state of a node. For an id of another configuration it is down.
    #[must_use]
    pub fn node_state(&self, node: NodeId) -> NodeState {
        self.node(node).map_or(NodeState::Down, |record| record.state)
    }

    /// Returns the state of a resource. For an id of another configuration it is initializing.
    #[must_use]
    pub fn resource_state(&self, resource: ResourceId) -> ResourceState {
        self.resource(resource).map_or(ResourceState::Initializing, |record| record.state)
    }

    /// Returns the state of a group, which is derived from its resources. A resource that is
    /// offline because it cannot and need not run on the owner is left out.
    #[must_use]
    pub fn group_state(&self, spec: &ClusterSpec, group: GroupId) -> GroupState {
        spec.group(group).map_or(GroupState::Offline, |declared| {
            let owner = self.owner(group);
            let counted = declared.resources().enumerate().filter_map(|(position, resource)| {
                let state = self.resource_state(resource);
                let is_spared = owner.is_some_and(|node| declared.is_spared(position, node));
                (!is_spared || state != ResourceState::Offline).then_some(state)
            });
            GroupState::of(counted)
        })
    }

    /// Returns the first resource that keeps a node from running all that must run of a group: it
    /// must run and cannot run there. Resources that an operator wants offline need not run. If the
    /// resource itself could run and only lacks a provider that cannot, that provider is returned.
    /// If nothing of the group can run on the node, there is always such a resource. Returns `None`
    /// if the node can run all that must run.
    #[must_use]
    pub fn obstacle(&self, spec: &ClusterSpec, group: GroupId, node: NodeId) -> Option<ResourceId> {
        let declared = spec.group(group)?;
        if declared.owners().is_none_or(|owners| owners.contains(node)) {
            return None;
        }
        let rule = spec.settings().ownership;
        let must_run = |position: usize| match rule {
            Ownership::EveryResource => true,
            Ownership::NeededResources => {
                let record = self.resource(declared.resource_at(position));
                record.is_none_or(|record| record.desired != Some(DesiredState::Offline))
            }
        };
        let obstacle = (0..declared.resource_count())
            .find(|position| declared.is_obstacle(*position, node) && must_run(*position));
        let mut position = match obstacle {
            Some(position) => position,
            None if declared.can_run_anything(node) => return None,
            None => 0,
        };
        let can_run = |position: usize| {
            let resource = spec.resource(declared.resource_at(position));
            resource.is_none_or(|resource| resource.can_run_on(node))
        };
        while can_run(position) {
            let mut clauses = declared.graph().clauses(position);
            let missing = clauses.find_map(|mut clause| {
                let first = clause.clone().next()?;
                (!clause.any(|member| declared.can_stand(member, node))).then_some(first)
            });
            let Some(missing) = missing else { break };
            position = missing;
        }
        Some(declared.resource_at(position))
    }

    /// Returns the node that owns a group.
    #[must_use]
    pub fn owner(&self, group: GroupId) -> Option<NodeId> {
        self.group(group).and_then(|record| record.owner)
    }

    /// Returns the ownership epoch of a group.
    #[must_use]
    pub fn epoch(&self, group: GroupId) -> Epoch {
        self.group(group).map_or(Epoch::default(), |record| record.epoch)
    }

    /// Returns the entry that says that the group failed on a node in the present life of the node.
    /// Returns `None` if it did not, or if an operator had the failure forgotten.
    #[must_use]
    pub fn failed_on(&self, group: GroupId, node: NodeId) -> Option<&FailedNode> {
        let entry = self.group(group)?.failed_on.on(node)?;
        let incarnation = self.node(node)?.incarnation;
        (entry.incarnation == incarnation).then_some(entry)
    }

    /// Tells whether any resource of the group may be running on its owner.
    #[must_use]
    pub fn may_run(&self, spec: &ClusterSpec, group: GroupId) -> bool {
        spec.group(group).is_some_and(|declared| {
            declared.resources().any(|resource| self.resource_state(resource).may_run())
        })
    }

    /// Returns the desired state of a resource: its own, or else that of the group.
    #[must_use]
    pub fn desired(&self, group: GroupId, resource: ResourceId) -> DesiredState {
        let own = self.resource(resource).and_then(|record| record.desired);
        own.or_else(|| Some(self.group(group)?.desired)).unwrap_or(DesiredState::Offline)
    }

    /// Tells whether any resource of a group should be online, and may be started by the core.
    #[must_use]
    pub fn is_wanted(&self, spec: &ClusterSpec, group: GroupId) -> bool {
        let (Some(declared), Some(record)) = (spec.group(group), self.group(group)) else {
            return false;
        };
        record.may_start(declared.settings().priority)
            && declared
                .resources()
                .any(|resource| self.desired(group, resource) == DesiredState::Online)
    }

    /// Returns the groups on each node, built from the groups and resources alone.
    pub(crate) fn rebuilt_occupancy(&self, spec: &ClusterSpec) -> Occupancy {
        let mut occupancy = Occupancy::new(spec);
        for (group, declared) in spec.groups() {
            let Some(record) = self.group(group) else { continue };
            if let Some(owner) = record.owner {
                occupancy.enter(declared, group, owner, record.room);
            }
            if let Some(to) = record.movement.and_then(|movement| movement.to) {
                occupancy.enter(declared, group, to, self.room_to_be(spec, group));
            }
        }
        occupancy
    }

    /// Tells whether a group will take room at its destination, which it does if it is to run
    /// there.
    pub(crate) fn room_to_be(&self, spec: &ClusterSpec, group: GroupId) -> Room {
        if self.is_wanted(spec, group) { Room::Taken } else { Room::Left }
    }

    /// Returns the orphans, by node and resource.
    pub fn orphans(&self) -> impl Iterator<Item = (NodeId, ResourceId, &Orphan)> {
        self.orphans.iter().map(|((node, resource), orphan)| (*node, *resource, orphan))
    }

    /// Returns the orphans on one node.
    pub fn orphans_on(&self, node: NodeId) -> impl Iterator<Item = (ResourceId, &Orphan)> {
        let first = (node, ResourceId::new(0));
        let last = (node, ResourceId::new(u32::MAX));
        self.orphans.range(first..=last).map(|((_, resource), orphan)| (*resource, orphan))
    }

    /// Returns the groups on each node.
    #[must_use]
    pub const fn occupancy(&self) -> &Occupancy {
        &self.occupancy
    }

    /// Returns the milliseconds since local midnight, if the local clock has been read.
    #[must_use]
    pub fn local_millis_of_day(&self) -> Option<u64> {
        self.wall_clock
            .map(|(read_at, reading)| reading.local_millis_of_day(self.now.since(read_at)))
    }

    /// Returns the end of a span that went on while nobody decided. It is moved so that reports
    /// from that time can be taken in first.
    pub(crate) fn not_while_resuming(&self, at: Timestamp) -> Timestamp {
        let first = self.resumed_at.map(|resumed| resumed.after(Duration::from_millis(1)));
        first.map_or(at, |first| at.max(first))
    }

    /// Returns the time at which a lost node counts as off because its lease ran out.
    #[must_use]
    pub fn lease_end(&self, spec: &ClusterSpec, node: NodeId) -> Option<Timestamp> {
        let record = self.node(node)?;
        match (record.state, spec.settings().fencing) {
            (NodeState::Unclean, Fencing::Lease { duration, margin }) => {
                let margin =
                    if seeded!(MarginIgnored) { core::time::Duration::ZERO } else { margin };
                Some(self.not_while_resuming(record.since.after(duration).after(margin)))
            }
            (NodeState::Unclean, Fencing::Required | Fencing::Trusted | Fencing::Operator)
            | (
                NodeState::Down | NodeState::Joining | NodeState::Up | NodeState::Paused,
                Fencing::Required | Fencing::Trusted | Fencing::Lease { .. } | Fencing::Operator,
            ) => None,
        }
    }
}
