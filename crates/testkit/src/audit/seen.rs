//! The knowledge of an embedder that trusts only the outputs: the state as the events report it,
//! one event after the other, so that every effect can be judged at the moment of its output.

use std::collections::{BTreeMap, BTreeSet};

use quorate::cluster::Effect;
use quorate::machine::{GroupState, NodeState, ResourceState};
use quorate::settings::{ColdStart, DesiredState, Priority};
use quorate::spec::ClusterSpec;
use quorate::state::Vouched;
use quorate::{Cluster, GroupId, NodeId, OpId, ResourceId, Timestamp};

use crate::needed;

mod record;
mod remap;

pub(crate) use record::{Again, SeenGroup, SeenNode, SeenResource};
pub(crate) use remap::same_resource;

/// Missing reports of nodes about resources. Each has the last operation before the resource was
/// declared, so that only an answer to a later request counts.
pub(crate) type Unheard = BTreeMap<(NodeId, ResourceId), OpId>;

/// The cluster as the outputs report it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) spec: ClusterSpec,
    pub(crate) nodes: Vec<SeenNode>,
    pub(crate) groups: Vec<SeenGroup>,
    pub(crate) resources: Vec<SeenResource>,
    pub(crate) orphans: BTreeSet<(NodeId, ResourceId)>,
    /// Resources that nodes that are not off have not reported yet.
    pub(crate) unheard: Unheard,
    /// A resource that its group has just taken over, just before the event that it is online.
    pub(crate) taken_over: Option<ResourceId>,
    /// Operations that were issued and have not ended.
    pub(crate) operations: BTreeMap<OpId, Effect>,
    pub(crate) last_operation: OpId,
    pub(crate) is_quorate: bool,
    /// True if it has formed since it last had no member.
    pub(crate) has_formed: bool,
    pub(crate) configuration: u64,
    /// The time at which the core last resumed after a time in which no core decided.
    pub(crate) resumed_at: Option<Timestamp>,
    /// The last reading of the wall clock, and its time.
    pub(crate) wall_clock: Option<(Timestamp, quorate::WallClock)>,
    /// Names of resources that were assumed to be off because the declaration says so.
    pub(crate) assumed_off: Vec<String>,
}

impl Seen {
    /// Returns the record of a cluster that has just been declared.
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let spec = cluster.spec().clone();
        let now = cluster.state().now();
        Self {
            nodes: spec.nodes().map(|_| SeenNode::new(now)).collect(),
            groups: spec.groups().map(|(id, _)| SeenGroup::new(cluster, id)).collect(),
            resources: spec
                .resources()
                .map(|(_, declared)| SeenResource::new(declared.settings().desired, now))
                .collect(),
            orphans: BTreeSet::new(),
            unheard: Unheard::new(),
            taken_over: None,
            operations: BTreeMap::new(),
            last_operation: OpId::new(0),
            is_quorate: false,
            has_formed: false,
            configuration: 1,
            resumed_at: None,
            wall_clock: None,
            assumed_off: Vec::new(),
            spec,
        }
    }

    /// Returns the record of a cluster in the middle of its life.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let state = cluster.state();
        let mut seen = Self::new(cluster);
        for (node, (_, record)) in seen.nodes.iter_mut().zip(state.nodes()) {
            *node = SeenNode::of(record);
        }
        let groups: Vec<SeenGroup> =
            seen.spec.groups().map(|(id, _)| SeenGroup::of(cluster, id)).collect();
        seen.groups = groups;
        for (declared, (resource, (_, record))) in
            seen.spec.resources().zip(seen.resources.iter_mut().zip(state.resources()))
        {
            *resource = SeenResource::of(record, state.owner(declared.1.group()));
        }
        seen.orphans = state.orphans().map(|(node, resource, _)| (node, resource)).collect();
        for (node, of) in seen.spec.nodes().filter_map(|(id, _)| Some((id, state.node(id)?))) {
            let asked = of.inquiry().map_or(state.next_operation(), |operation| operation.id);
            let since = OpId::new(asked.value().saturating_sub(1));
            for (resource, record) in
                seen.spec.resources().filter_map(|(id, _)| Some((id, state.resource(id)?)))
            {
                let is_unheard = of.state() != NodeState::Down
                    && of.listed_in() < record.declared_in()
                    && record.vouched() == Vouched::No;
                if is_unheard {
                    seen.unheard.insert((node, resource), since);
                }
            }
        }
        seen.operations = cluster.outstanding().map(|effect| (effect.operation, effect)).collect();
        seen.last_operation = OpId::new(state.next_operation().value().saturating_sub(1));
        seen.is_quorate = state.is_quorate();
        seen.has_formed = state.formed_at().is_some();
        seen.configuration = state.configuration();
        seen.resumed_at = state.resumed_at();
        seen.wall_clock = state.wall_clock();
        seen
    }

    pub(crate) fn node(&self, id: NodeId) -> &SeenNode {
        &self.nodes[id.index()]
    }

    pub(crate) fn group(&self, id: GroupId) -> &SeenGroup {
        &self.groups[id.index()]
    }

    pub(crate) fn resource(&self, id: ResourceId) -> &SeenResource {
        &self.resources[id.index()]
    }

    pub(crate) fn group_of(&self, resource: ResourceId) -> GroupId {
        self.spec.resource(resource).expect("a declared resource").group()
    }

    /// Tells whether any node is a member.
    pub(crate) fn has_members(&self) -> bool {
        self.nodes.iter().any(|node| node.state.is_member())
    }

    /// Records that the last member is gone: the next quorum forms the cluster anew.
    pub(crate) fn dissolve(&mut self) {
        self.has_formed = false;
        for group in &mut self.groups {
            group.is_settled = false;
        }
    }

    /// Records that the cluster forms from nothing: groups that do not start then wait for an
    /// operator.
    pub(crate) fn form(&mut self) {
        for (id, declared) in self.spec.groups() {
            if declared.settings().cold_start == ColdStart::DontStart {
                self.groups[id.index()].desired = DesiredState::Offline;
            }
        }
        self.has_formed = true;
    }

    /// Returns the state of a group from the reported states of its resources. A resource that
    /// cannot run on its owner and need not run does not count.
    pub(crate) fn fold(&self, group: GroupId) -> GroupState {
        let declared = self.spec.group(group).expect("a declared group");
        let owner = self.group(group).owner;
        let counts = |id: &ResourceId| {
            let is_spared =
                owner.is_some_and(|node| needed::is_spared(&self.spec, declared, node, *id));
            !is_spared || self.resource(*id).state != ResourceState::Offline
        };
        GroupState::of(declared.resources().filter(counts).map(|id| self.resource(id).state))
    }

    /// Returns the resources that keep a node from running all resources of a group that must run.
    pub(crate) fn obstacles(&self, group: GroupId, node: NodeId) -> Vec<ResourceId> {
        let declared = self.spec.group(group).expect("a declared group");
        needed::obstacles(&self.spec, declared, node, |id| self.resource(id).desired)
    }

    /// Tells whether any resource of a group may run on its owner.
    pub(crate) fn may_run(&self, group: GroupId) -> bool {
        let declared = self.spec.group(group).expect("a declared group");
        declared.resources().any(|id| self.resource(id).state.may_run())
    }

    /// Returns the desired state of a resource.
    pub(crate) fn wanted(&self, resource: ResourceId) -> DesiredState {
        let group = self.group_of(resource);
        self.resource(resource).desired.unwrap_or(self.group(group).desired)
    }

    /// Tells whether any resource of a group is wanted and the group needs no command to start.
    pub(crate) fn is_to_run(&self, group: GroupId) -> bool {
        let declared = self.spec.group(group).expect("a declared group");
        declared.settings().priority != Priority::NO_AUTO_START
            && declared.resources().any(|id| self.wanted(id) == DesiredState::Online)
    }

    /// Returns the groups that certainly take room on a node, or will when they have arrived. A
    /// group that is off and wanted off takes none; a group that is not started automatically is
    /// counted when it runs.
    pub(crate) fn taking_room_on(&self, node: NodeId) -> impl Iterator<Item = GroupId> + '_ {
        self.spec.groups().map(|(id, _)| id).filter(move |id| {
            let group = self.group(*id);
            let is_to_run = self.is_to_run(*id);
            let is_here =
                group.owner == Some(node) && (self.may_run(*id) || group.takes_room && is_to_run);
            is_here || is_to_run && group.movement.is_some_and(|(to, _)| to == Some(node))
        })
    }
}
