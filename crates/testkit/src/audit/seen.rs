//! What an embedder knows who believes nothing but the outputs: the state as it was told, one
//! event after the other, so that every effect can be judged at the moment it was put out.

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

/// What nodes have not spoken of: each with the last operation before it was declared, so that only
/// the answer to a later question counts.
pub(crate) type Unheard = BTreeMap<(NodeId, ResourceId), OpId>;

/// The cluster as told.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) spec: ClusterSpec,
    pub(crate) nodes: Vec<SeenNode>,
    pub(crate) groups: Vec<SeenGroup>,
    pub(crate) resources: Vec<SeenResource>,
    pub(crate) orphans: BTreeSet<(NodeId, ResourceId)>,
    /// What nodes that are not off have not said whether they run it.
    pub(crate) unheard: Unheard,
    /// What its group has just taken over, and is about to be told online.
    pub(crate) taken_over: Option<ResourceId>,
    /// Operations that were asked for and have not ended.
    pub(crate) operations: BTreeMap<OpId, Effect>,
    pub(crate) last_operation: OpId,
    pub(crate) is_quorate: bool,
    /// Whether it has formed since it last had no member.
    pub(crate) has_formed: bool,
    pub(crate) configuration: u64,
    /// When the core last went on after a time in which nobody decided.
    pub(crate) resumed_at: Option<Timestamp>,
    /// The last reading of the clock on the wall and when it was taken.
    pub(crate) wall_clock: Option<(Timestamp, quorate::WallClock)>,
    /// Names of resources that were taken for off because the declaration says so.
    pub(crate) assumed_off: Vec<String>,
}

impl Seen {
    /// A cluster that has just been declared.
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

    /// A cluster in the middle of its life, as it stands.
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

    /// Whether any node is a member.
    pub(crate) fn has_members(&self) -> bool {
        self.nodes.iter().any(|node| node.state.is_member())
    }

    /// The last member is gone: the next quorum forms the cluster anew.
    pub(crate) fn dissolve(&mut self) {
        self.has_formed = false;
        for group in &mut self.groups {
            group.is_settled = false;
        }
    }

    /// The cluster forms from nothing: groups that are not to start then wait for an operator.
    pub(crate) fn form(&mut self) {
        for (id, declared) in self.spec.groups() {
            if declared.settings().cold_start == ColdStart::DontStart {
                self.groups[id.index()].desired = DesiredState::Offline;
            }
        }
        self.has_formed = true;
    }

    /// The state of a group, from what was told of its resources. What cannot run on its owner, and
    /// need not, does not count.
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

    /// What keeps a node from running all that must run of a group.
    pub(crate) fn obstacles(&self, group: GroupId, node: NodeId) -> Vec<ResourceId> {
        let declared = self.spec.group(group).expect("a declared group");
        needed::obstacles(&self.spec, declared, node, |id| self.resource(id).desired)
    }

    /// Whether anything of a group may run on its owner.
    pub(crate) fn may_run(&self, group: GroupId) -> bool {
        let declared = self.spec.group(group).expect("a declared group");
        declared.resources().any(|id| self.resource(id).state.may_run())
    }

    /// What is wanted of a resource.
    pub(crate) fn wanted(&self, resource: ResourceId) -> DesiredState {
        let group = self.group_of(resource);
        self.resource(resource).desired.unwrap_or(self.group(group).desired)
    }

    /// Whether anything of a group is wanted, and nobody has to ask for it first.
    pub(crate) fn is_to_run(&self, group: GroupId) -> bool {
        let declared = self.spec.group(group).expect("a declared group");
        declared.settings().priority != Priority::NO_AUTO_START
            && declared.resources().any(|id| self.wanted(id) == DesiredState::Online)
    }

    /// The groups that certainly take room on a node, or will when they have got there. What is off
    /// and wanted off takes none; of what is not started automatically it is known when it runs.
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
