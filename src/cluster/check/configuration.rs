//! Checks another configuration, and prepares the state that it would begin with.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::cluster::check::without_quorum::Authority;
use crate::cluster::index::membership::Membership;
use crate::cluster::index::standing::Told;
use crate::cluster::ledger::room;
use crate::cluster::view::Facts;
use crate::cluster::words::{ConfigurationMoves, InputError};
use crate::id::name::folded;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::quorum;
use crate::spec::{ClusterDeclaration, ClusterSpec, ResourceSpec};
use crate::state::{
    ClusterState, FailedNode, FailedNodes, GroupRecord, Movement, NodeRecord, QueuedMove,
    ResourceRecord,
};

/// A configuration that may replace the one in force.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) spec: ClusterSpec,
    pub(crate) authority: Authority,
}

impl Facts<'_> {
    /// Checks that a node can be evicted, and prepares the configuration without it.
    pub(crate) fn check_evict(self, node: NodeId) -> Result<Box<Configuration>, InputError> {
        self.known_node(node)?;
        if self.spec.nodes().len() == 1 {
            return Err(InputError::LastNode(node));
        }
        self.check_unused(node)?;
        self.check_owners_without(node)?;
        let name = self.spec.node(node).map_or("", |declared| declared.name());
        let mut declaration = ClusterDeclaration::from(self.spec);
        declaration.nodes.retain(|declared| declared.name != name);
        for group in &mut declaration.groups {
            group.preferred_owners.retain(|owner| owner != name);
            for resource in &mut group.resources {
                if let Some(owners) = &mut resource.possible_owners {
                    owners.retain(|owner| owner != name);
                }
            }
        }
        match self.check_configure(declaration, ConfigurationMoves::Refuse) {
            Err(InputError::ConfigurationWouldLoseQuorum) => Err(InputError::WouldLoseQuorum(node)),
            Err(InputError::Declaration(errors)) => {
                Err(InputError::NeededByDeclaration { node, errors })
            }
            other => other,
        }
    }

    /// Checks that a node is known to run nothing.
    fn check_unused(self, node: NodeId) -> Result<(), InputError> {
        let is_fenced =
            self.state.node(node).is_some_and(|record| record.fence.operation.is_some());
        if is_fenced || self.state.node_state(node) == NodeState::Unclean {
            return Err(InputError::NodeNotOff(node));
        }
        // The node may run every resource that it has not said it does not run.
        match self.first_that_may_run(node).or_else(|| self.first_unsaid(node)) {
            Some(resource) => Err(InputError::NodeInUse { node, resource }),
            None => Ok(()),
        }
    }

    /// Checks that no resource loses its only possible owner: it could run nowhere then, or, with
    /// no list of owners, everywhere, which nobody asked for.
    fn check_owners_without(self, node: NodeId) -> Result<(), InputError> {
        let is_only = |of: &ResourceSpec| {
            of.can_run_on(node)
                && !self.spec.nodes().any(|(other, _)| other != node && of.can_run_on(other))
        };
        match self.spec.resources().find(|(_, of)| is_only(of)) {
            Some((resource, _)) => Err(InputError::OnlyPossibleOwner { node, resource }),
            None => Ok(()),
        }
    }

    /// Checks that a declaration can replace the one in force, and prepares it.
    pub(crate) fn check_configure(
        self,
        declaration: ClusterDeclaration,
        moves: ConfigurationMoves,
    ) -> Result<Box<Configuration>, InputError> {
        if declaration.name != self.spec.name() {
            let own = self.spec.name().to_string();
            return Err(InputError::OtherCluster { own, declared: declaration.name });
        }
        let spec = declaration.build_within(self.spec.limits()).map_err(InputError::Declaration)?;
        let authority = self.authority_for(&spec)?;
        self.check_fencing(&spec)?;
        let mapping = Mapping::new(self.spec, &spec);
        self.check_removals(&mapping, &spec)?;
        self.check_dependencies(&mapping, &spec)?;
        self.check_owners(&mapping, &spec, moves)?;
        let loses_quorum = self.state.is_quorate() && !self.would_be_quorate(&spec);
        if loses_quorum && !seeded!(ConfigureLosesQuorum) {
            return Err(InputError::ConfigurationWouldLoseQuorum);
        }
        Ok(Box::new(Configuration { spec, authority }))
    }

    /// Checks that the kind of proof that a node is off does not change while a node is lost. Such
    /// a node cannot be told any more, and a lease that it does not know of would end without its
    /// stopping anything.
    fn check_fencing(self, spec: &ClusterSpec) -> Result<(), InputError> {
        if self.spec.settings().fencing == spec.settings().fencing {
            return Ok(());
        }
        let mut nodes = self.spec.nodes().map(|(node, _)| node);
        match nodes.find(|node| self.state.node_state(*node) == NodeState::Unclean) {
            Some(node) => Err(InputError::FencingWhileUnclean(node)),
            None => Ok(()),
        }
    }

    /// Tells whether the present members would have quorum under another configuration.
    fn would_be_quorate(self, spec: &ClusterSpec) -> bool {
        let settings = spec.settings();
        let membership = Membership::of(spec, |_, declared| {
            let known = self.spec.node_id(declared.name());
            known.map_or(NodeState::Down, |node| self.state.node_state(node))
        });
        let ballot = membership.ballot(settings, self.state.witness);
        quorum::judge(settings.quorum, &ballot).is_quorate()
    }

    fn check_removals(self, mapping: &Mapping, spec: &ClusterSpec) -> Result<(), InputError> {
        for (node, _) in self.spec.nodes() {
            if mapping.node(node).is_none() {
                self.check_unused(node)?;
            }
        }
        let orphans: BTreeSet<ResourceId> =
            self.state.orphans().map(|(_, resource, _)| resource).collect();
        for (resource, declared) in self.spec.resources() {
            let may_run = self.state.resource_state(resource).may_run();
            if !may_run && !orphans.contains(&resource) || seeded!(RemovedWhileRunning) {
                continue;
            }
            let Some(kept) = mapping.resource(resource).and_then(|kept| spec.resource(kept)) else {
                return Err(InputError::RemovedWhileRunning(resource));
            };
            if mapping.group(declared.group()) != Some(kept.group()) {
                return Err(InputError::RegroupedWhileRunning(resource));
            }
        }
        Ok(())
    }

    /// Returns the state under the configuration `spec`: records of what is kept move to their new
    /// ids, everything else begins anew, and the number of the configuration grows by one.
    pub(crate) fn mapped_state(self, mapping: &Mapping, spec: &ClusterSpec) -> ClusterState {
        let now = self.state.now;
        let mut state = self.state.clone();
        state.configuration = state.configuration.saturating_add(1);
        state.nodes = spec.nodes().map(|_| NodeRecord::new(now)).collect();
        state.groups = spec.groups().map(|(_, group)| GroupRecord::new(group.settings())).collect();
        for (old, record) in self.state.nodes.iter().enumerate() {
            if let Some(new) = mapping.node(NodeId::from_index(old))
                && let Some(place) = state.nodes.get_mut(new.index())
            {
                *place = record.clone();
                place.drain.target = record.drain.target.and_then(|to| mapping.node(to));
            }
        }
        for (old, record) in self.state.groups.iter().enumerate() {
            if let Some(new) = mapping.group(GroupId::from_index(old))
                && let Some(place) = state.groups.get_mut(new.index())
            {
                *place = mapped_group(record, mapping, |resource| {
                    spec.resource(resource).map(ResourceSpec::group) == Some(new)
                });
                let desired = |spec: &ClusterSpec, group| {
                    spec.group(group).map(|declared| declared.settings().desired)
                };
                let declared = desired(spec, new);
                if let Some(declared) = declared
                    && desired(self.spec, GroupId::from_index(old)) != Some(declared)
                {
                    place.desired = declared;
                }
            }
        }
        state.resources = self.mapped_resources(mapping, spec, &state.groups);
        if state.resources.iter().any(|record| record.declared_in == state.configuration) {
            state.last_declared = state.configuration;
        }
        state.orphans = self
            .state
            .orphans
            .iter()
            .filter_map(|((node, resource), orphan)| {
                Some(((mapping.node(*node)?, mapping.resource(*resource)?), *orphan))
            })
            .collect();
        for (group, _) in spec.groups() {
            let may_run = state.may_run(spec, group);
            let is_wanted = state.is_wanted(spec, group);
            let Some(record) = state.groups.get_mut(group.index()) else { continue };
            record.room = room::after(record.room, may_run, is_wanted);
        }
        state.occupancy = state.rebuilt_occupancy(spec);
        state
    }

    fn mapped_resources(
        self,
        mapping: &Mapping,
        spec: &ClusterSpec,
        groups: &[GroupRecord],
    ) -> Vec<ResourceRecord> {
        let configuration = self.state.configuration.saturating_add(1);
        let mut resources: Vec<ResourceRecord> = spec
            .resources()
            .map(|(_, declared)| {
                let mut record = ResourceRecord::new(declared.settings(), self.state.now);
                let owner = groups.get(declared.group().index()).and_then(|group| group.owner);
                if owner.is_some() {
                    record.state = ResourceState::Offline;
                }
                record.declared_in = configuration;
                record
            })
            .collect();
        for (old, record) in self.state.resources.iter().enumerate() {
            let old = ResourceId::from_index(old);
            let same_group =
                self.spec.resource(old).and_then(|declared| mapping.group(declared.group()));
            if let Some(place) = mapping.resource(old).and_then(|of| resources.get_mut(of.index()))
            {
                // A resource that changes its group keeps what is known of where it runs.
                place.declared_in = record.declared_in;
                place.vouched = record.vouched;
            }
            if let Some(new) = mapping.resource(old)
                && spec.resource(new).map(ResourceSpec::group) == same_group
                && let Some(place) = resources.get_mut(new.index())
            {
                *place = record.clone();
                let settings = |spec: &ClusterSpec, resource| {
                    spec.resource(resource)
                        .map(|of| (of.settings().desired, of.settings().maintenance))
                };
                if let (Some(before), Some(after)) = (settings(self.spec, old), settings(spec, new))
                {
                    if before.0 != after.0 {
                        place.desired = after.0;
                    }
                    if before.1 != after.1 {
                        place.maintenance = after.1;
                    }
                }
            }
        }
        resources
    }

    /// Returns the last reports about the groups, by the ids of another configuration.
    pub(crate) fn told(self, spec: &ClusterSpec) -> Told {
        let mut told = Told::default();
        for (group, declared) in spec.groups() {
            let old = self.spec.group_id(declared.name());
            let state = old.and_then(|old| self.index.group_states.get(old.index()).copied());
            told.states.push(state.unwrap_or_default());
            if old.is_some_and(|old| self.index.homeless.contains(&old)) {
                told.homeless.insert(group);
            }
        }
        told
    }
}

fn mapped_group(
    record: &GroupRecord,
    mapping: &Mapping,
    is_member: impl Fn(ResourceId) -> bool,
) -> GroupRecord {
    let node = |node: NodeId| mapping.node(node);
    let mut mapped = record.clone();
    mapped.owner = record.owner.and_then(node);
    mapped.failed_on = mapped_failures(&record.failed_on, mapping, is_member);
    mapped.default_owner = record.default_owner.and_then(node);
    mapped.return_to = record.return_to.and_then(node);
    mapped.drained_from = record.drained_from.and_then(node);
    mapped.movement = record.movement.and_then(|movement| {
        let to = movement.to.map_or(Some(None), |to| node(to).map(Some))?;
        Some(Movement { to, ..movement })
    });
    mapped.queued = record.queued.and_then(|queued| {
        let to = queued.to.map_or(Some(None), |to| node(to).map(Some))?;
        Some(QueuedMove { to, ..queued })
    });
    mapped
}

/// Returns the failed nodes in another configuration. A node stays barred by a resource that stays
/// in the group.
fn mapped_failures(
    failed_on: &FailedNodes,
    mapping: &Mapping,
    is_member: impl Fn(ResourceId) -> bool,
) -> FailedNodes {
    let entries = failed_on.entries().iter().filter_map(|entry| {
        let node = mapping.node(entry.node)?;
        let for_good = entry.for_good.and_then(|resource| mapping.resource(resource));
        let for_good = for_good.filter(|resource| is_member(*resource));
        Some(FailedNode { node, for_good, ..*entry })
    });
    FailedNodes::from_entries(entries.collect())
}

/// The new ids of nodes, groups and resources with equal names in both configurations.
pub(crate) struct Mapping {
    nodes: Vec<Option<NodeId>>,
    groups: Vec<Option<GroupId>>,
    resources: Vec<Option<ResourceId>>,
}

impl Mapping {
    /// Finds for every id of the old configuration the new one. A resource whose kind changed has
    /// none.
    pub(crate) fn new(old: &ClusterSpec, new: &ClusterSpec) -> Self {
        let kind_name = |spec: &ClusterSpec, kind| {
            spec.kind(kind).map(|kind| folded(&kind.name).collect::<String>())
        };
        Self {
            nodes: old.nodes().map(|(_, node)| new.node_id(node.name())).collect(),
            groups: old.groups().map(|(_, group)| new.group_id(group.name())).collect(),
            resources: old
                .resources()
                .map(|(_, resource)| {
                    // With another kind it is another resource, whatever its name.
                    let id = new.resource_id(resource.name())?;
                    let kind = new.resource(id)?.kind();
                    (kind_name(old, resource.kind()) == kind_name(new, kind)).then_some(id)
                })
                .collect(),
        }
    }

    /// Returns the new id of a node; `None` if it was removed.
    pub(crate) fn node(&self, old: NodeId) -> Option<NodeId> {
        self.nodes.get(old.index()).copied().flatten()
    }

    /// Returns the new id of a group; `None` if it was removed.
    pub(crate) fn group(&self, old: GroupId) -> Option<GroupId> {
        self.groups.get(old.index()).copied().flatten()
    }

    /// Returns the new id of a resource; `None` if it was removed or has another kind.
    pub(crate) fn resource(&self, old: ResourceId) -> Option<ResourceId> {
        self.resources.get(old.index()).copied().flatten()
    }
}
