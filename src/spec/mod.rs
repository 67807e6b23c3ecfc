//! The declaration of a cluster and its validated form.
//!
//! [`ClusterDeclaration`] is what an operator writes: names, and only what differs from the
//! defaults. [`ClusterDeclaration::build`] checks all of it at once and gives the immutable
//! [`ClusterSpec`] that a [`Cluster`](crate::Cluster) works with: dense ids and settled
//! properties.
//!
//! Read by serde, a declaration is a file; every field of it stands in `docs/declaration.md`, beside
//! the sources.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::graph::DependencyGraph;
use crate::id::name;
use crate::id::{ClassId, DimensionId, GroupId, KindId, NodeId, ResourceId};
use crate::kind::KindDeclaration;

mod build;
mod declaration;
mod limits;
mod names;
mod node_set;
mod overrides;
mod problem;
mod profile;
mod undeclare;
mod votes;

pub use crate::kind::{KindDeclaration as Kind, RequiredProvider, ResourceOverrides, SpareNode};
pub use crate::settings::*;
pub use declaration::{
    ClusterDeclaration, Dependencies, GroupDeclaration, NodeDeclaration, Profile,
    ResourceDeclaration,
};
pub use limits::{Limit, Limits};
pub use node_set::NodeSet;
pub use problem::{Caution, Path, Problem, SpecError, SpecErrors, Subject, Warning};
pub(crate) use votes::more_than_votes;

use names::NameIndex;

/// A validated cluster: immutable, complete and cheap to read.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ClusterSpec {
    name: Box<str>,
    profile: Profile,
    settings: ClusterSettings,
    nodes: Vec<NodeSpec>,
    groups: Vec<GroupSpec>,
    resources: Vec<ResourceSpec>,
    kinds: Vec<KindDeclaration>,
    /// Names of the anti-affinity classes, by id.
    classes: Vec<Box<str>>,
    /// Names of the capacity dimensions, by id.
    dimensions: Vec<Box<str>>,
    names: NameIndex,
    /// Groups that may fail back to each node, by node id.
    returning: Vec<Vec<GroupId>>,
    warnings: Vec<Warning>,
    /// Within which it was checked; those of later configurations are the same.
    limits: Limits,
}

/// A validated node.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NodeSpec {
    name: Box<str>,
    vote_weight: u32,
    site: Option<Box<str>>,
    /// Limit per dimension, by dimension id; `None` is no limit.
    capacity: Box<[Option<u64>]>,
}

/// A validated group.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct GroupSpec {
    name: Box<str>,
    settings: Arc<GroupSettings>,
    preferred: Box<[NodeId]>,
    /// Nodes that are possible owners of every resource; `None` is every node.
    possible: Option<Arc<NodeSet>>,
    classes: Box<[ClassId]>,
    demands: Box<[(DimensionId, u64)]>,
    first_resource: ResourceId,
    graph: Arc<DependencyGraph>,
    /// `None` if everything can run everywhere.
    abilities: Option<Arc<Abilities>>,
}

/// What of a group can run on which nodes. In all sets `None` is every node.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Abilities {
    /// Nodes that can run all that must run, as long as nothing is wanted offline.
    owners: Option<Arc<NodeSet>>,
    /// By position in the group.
    rows: Box<[Ability]>,
}

/// Where one resource can run.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Ability {
    /// Where it can run, with something in each of its clauses that can run there as well.
    stands: Option<Arc<NodeSet>>,
    /// Where it can run, or need not.
    bears: Option<Arc<NodeSet>>,
}

/// A validated resource.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceSpec {
    name: Box<str>,
    group: GroupId,
    kind: KindId,
    /// `None` is every node.
    possible: Option<Arc<NodeSet>>,
    settings: Arc<ResourceSettings>,
}

impl ClusterSpec {
    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The profile that gave the defaults.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// The properties of the cluster as a whole.
    #[must_use]
    pub const fn settings(&self) -> &ClusterSettings {
        &self.settings
    }

    /// What is legal and yet looks wrong.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The limits that the declaration was checked within. Whoever admits a size admits it for every
    /// later configuration as well.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The nodes with their ids, ascending.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &NodeSpec)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId::from_index(index), node))
    }

    /// The groups with their ids, ascending.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (GroupId, &GroupSpec)> {
        self.groups.iter().enumerate().map(|(index, group)| (GroupId::from_index(index), group))
    }

    /// The resources with their ids, ascending; those of one group follow each other.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = (ResourceId, &ResourceSpec)> {
        self.resources
            .iter()
            .enumerate()
            .map(|(index, resource)| (ResourceId::from_index(index), resource))
    }

    /// A node, if the id belongs to this configuration.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<&NodeSpec> {
        self.nodes.get(node.index())
    }

    /// A group, if the id belongs to this configuration.
    #[must_use]
    pub fn group(&self, group: GroupId) -> Option<&GroupSpec> {
        self.groups.get(group.index())
    }

    /// A resource, if the id belongs to this configuration.
    #[must_use]
    pub fn resource(&self, resource: ResourceId) -> Option<&ResourceSpec> {
        self.resources.get(resource.index())
    }

    /// A kind, if the id belongs to this configuration.
    #[must_use]
    pub fn kind(&self, kind: KindId) -> Option<&KindDeclaration> {
        self.kinds.get(kind.index())
    }

    /// The node with this name, compared without case.
    #[must_use]
    pub fn node_id(&self, name: &str) -> Option<NodeId> {
        self.names.node(&self.nodes, name)
    }

    /// The group with this name, compared without case.
    #[must_use]
    pub fn group_id(&self, name: &str) -> Option<GroupId> {
        self.names.group(&self.groups, name)
    }

    /// The resource with this name, compared without case.
    #[must_use]
    pub fn resource_id(&self, name: &str) -> Option<ResourceId> {
        self.names.resource(&self.resources, name)
    }

    /// The dimension of capacity with this name, compared without case.
    #[must_use]
    pub fn dimension_id(&self, name: &str) -> Option<DimensionId> {
        let found = self.dimensions.binary_search_by(|known| name::compare(known, name));
        found.ok().map(DimensionId::from_index)
    }

    /// The names of the anti-affinity classes, by [`ClassId`].
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.classes.iter().map(AsRef::as_ref)
    }

    /// The names of the capacity dimensions, by [`DimensionId`].
    pub fn dimensions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.dimensions.iter().map(AsRef::as_ref)
    }

    /// The groups that have this node among their preferred owners and may fail back, ascending.
    #[must_use]
    pub fn groups_returning_to(&self, node: NodeId) -> &[GroupId] {
        self.returning.get(node.index()).map_or(&[], Vec::as_slice)
    }

    /// The dependency graph of a group as DOT, with names and kinds.
    #[must_use]
    pub fn to_dot(&self, group: GroupId) -> Option<String> {
        let spec = self.group(group)?;
        Some(spec.graph.to_dot(spec.name(), |position| self.label(spec, position)))
    }

    /// The dependency graph of a group as a Mermaid flow chart.
    #[must_use]
    pub fn to_mermaid(&self, group: GroupId) -> Option<String> {
        let spec = self.group(group)?;
        Some(spec.graph.to_mermaid(|position| self.label(spec, position)))
    }

    fn label(&self, group: &GroupSpec, position: usize) -> String {
        let resource = self.resource(group.resource_at(position));
        resource.map_or_else(String::new, |resource| String::from(resource.name()))
    }
}

impl NodeSpec {
    /// The declared name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Votes towards quorum.
    #[must_use]
    pub const fn vote_weight(&self) -> u32 {
        self.vote_weight
    }

    /// The place it stands at.
    #[must_use]
    pub fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// What it can carry in this dimension; `None` is no limit.
    #[must_use]
    pub fn capacity(&self, dimension: DimensionId) -> Option<u64> {
        self.capacity.get(dimension.index()).copied().flatten()
    }
}

impl GroupSpec {
    /// The declared name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The settled properties.
    #[must_use]
    pub fn settings(&self) -> &GroupSettings {
        &self.settings
    }

    /// The preferred owners, best first.
    #[must_use]
    pub fn preferred_owners(&self) -> &[NodeId] {
        &self.preferred
    }

    /// Nodes that are possible owners of every resource; `None` is every node.
    #[must_use]
    pub fn possible_owners(&self) -> Option<&NodeSet> {
        self.possible.as_deref()
    }

    /// Nodes that can run all that must run of it, as
    /// [`ownership`](ClusterSettings::ownership) says, as long as nothing of it is wanted offline;
    /// `None` is every node.
    #[must_use]
    pub fn owners(&self) -> Option<&NodeSet> {
        self.abilities.as_ref().and_then(|of| of.owners.as_deref())
    }

    /// Whether a node can run the resource at this position, and something in each of its clauses.
    #[must_use]
    pub fn can_stand(&self, position: usize, node: NodeId) -> bool {
        self.ability(position)
            .and_then(|of| of.stands.as_ref())
            .is_none_or(|nodes| nodes.contains(node))
    }

    /// Whether the resource at this position cannot run on a node, and need not.
    #[must_use]
    pub fn is_spared(&self, position: usize, node: NodeId) -> bool {
        !self.can_stand(position, node) && !self.is_obstacle(position, node)
    }

    /// Whether the resource at this position must run, unless it is wanted offline, and cannot run on
    /// a node.
    #[must_use]
    pub fn is_obstacle(&self, position: usize, node: NodeId) -> bool {
        self.ability(position)
            .and_then(|of| of.bears.as_ref())
            .is_some_and(|nodes| !nodes.contains(node))
    }

    /// How many of its resources cannot run on a node.
    #[must_use]
    pub fn unable_count(&self, node: NodeId) -> usize {
        self.abilities.as_ref().map_or(0, |of| {
            let stands = of.rows.iter().filter_map(|row| row.stands.as_ref());
            stands.filter(|nodes| !nodes.contains(node)).count()
        })
    }

    /// Whether a node can run at least one of its resources, or there is none.
    #[must_use]
    pub fn can_run_anything(&self, node: NodeId) -> bool {
        self.abilities.is_none() || self.unable_count(node) < self.resource_count()
    }

    fn ability(&self, position: usize) -> Option<&Ability> {
        self.abilities.as_ref().and_then(|of| of.rows.get(position))
    }

    /// The anti-affinity classes, ascending.
    #[must_use]
    pub fn anti_affinity_classes(&self) -> &[ClassId] {
        &self.classes
    }

    /// What it takes of its node, by dimension, ascending.
    #[must_use]
    pub fn demands(&self) -> &[(DimensionId, u64)] {
        &self.demands
    }

    /// The dependencies among its resources, by position in the group.
    #[must_use]
    pub fn graph(&self) -> &DependencyGraph {
        &self.graph
    }

    /// How many resources it has.
    #[must_use]
    pub fn resource_count(&self) -> usize {
        self.graph.len()
    }

    /// Its resources, in the order of declaration.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = ResourceId> + use<> {
        let first = self.first_resource.index();
        (0..self.graph.len())
            .map(move |position| ResourceId::from_index(first.saturating_add(position)))
    }

    /// The resource at this position of the group.
    #[must_use]
    pub fn resource_at(&self, position: usize) -> ResourceId {
        ResourceId::from_index(self.first_resource.index().saturating_add(position))
    }

    /// The position of one of its resources.
    #[must_use]
    pub fn position_of(&self, resource: ResourceId) -> Option<usize> {
        let position = resource.index().checked_sub(self.first_resource.index())?;
        (position < self.graph.len()).then_some(position)
    }
}

impl ResourceSpec {
    /// The declared name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The group it belongs to.
    #[must_use]
    pub const fn group(&self) -> GroupId {
        self.group
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> KindId {
        self.kind
    }

    /// The only nodes it can run on; `None` is every node.
    #[must_use]
    pub fn possible_owners(&self) -> Option<&NodeSet> {
        self.possible.as_deref()
    }

    /// Whether it can run on this node.
    #[must_use]
    pub fn can_run_on(&self, node: NodeId) -> bool {
        self.possible.as_ref().is_none_or(|possible| possible.contains(node))
    }

    /// The settled properties.
    #[must_use]
    pub fn settings(&self) -> &ResourceSettings {
        &self.settings
    }
}
