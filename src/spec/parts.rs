//! The validated nodes, groups and resources of a cluster.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::node_set::NodeSet;
use super::parameters::Parameters;
use crate::graph::DependencyGraph;
use crate::id::{ClassId, DimensionId, GroupId, KindId, NodeId, ResourceId};
use crate::settings::{GroupSettings, ResourceSettings};

/// A validated node.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NodeSpec {
    pub(super) name: Box<str>,
    pub(super) vote_weight: u32,
    pub(super) site: Option<Box<str>>,
    /// Limits, by dimension id; `None` is no limit.
    pub(super) capacity: Box<[Option<u64>]>,
    pub(super) parameters: Parameters,
}

/// A validated group.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct GroupSpec {
    pub(super) name: Box<str>,
    pub(super) settings: Arc<GroupSettings>,
    pub(super) preferred: Box<[NodeId]>,
    /// Nodes that are possible owners of every resource; `None` is every node.
    pub(super) possible: Option<Arc<NodeSet>>,
    pub(super) classes: Box<[ClassId]>,
    pub(super) demands: Box<[(DimensionId, u64)]>,
    pub(super) first_resource: ResourceId,
    pub(super) graph: Arc<DependencyGraph>,
    /// `None` if everything can run everywhere.
    pub(super) abilities: Option<Arc<Abilities>>,
    pub(super) parameters: Parameters,
}

/// The nodes on which the resources of a group can run. In all sets `None` is every node.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Abilities {
    /// Nodes that can run every resource that must run, as long as none is wanted offline.
    pub(super) owners: Option<Arc<NodeSet>>,
    /// By position in the group.
    pub(super) rows: Box<[Ability]>,
}

/// The nodes on which one resource can run.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Ability {
    /// Nodes that can run it and a member of each of its clauses.
    pub(super) stands: Option<Arc<NodeSet>>,
    /// Nodes that can run it, or on which it need not run.
    pub(super) bears: Option<Arc<NodeSet>>,
}

/// A validated resource.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceSpec {
    pub(super) name: Box<str>,
    pub(super) group: GroupId,
    pub(super) kind: KindId,
    /// `None` is every node.
    pub(super) possible: Option<Arc<NodeSet>>,
    pub(super) settings: Arc<ResourceSettings>,
    pub(super) parameters: Parameters,
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

    /// The site where it stands.
    #[must_use]
    pub fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// Texts for its agents, as declared.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The capacity in this dimension; `None` is no limit.
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

    /// Texts for its agents, as declared.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
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

    /// Nodes that can run every resource that must run of the group, as
    /// [`ownership`](crate::settings::ClusterSettings::ownership) says, as long as none is wanted
    /// offline; `None` is every node.
    #[must_use]
    pub fn owners(&self) -> Option<&NodeSet> {
        self.abilities.as_ref().and_then(|of| of.owners.as_deref())
    }

    /// Tells whether a node can run the resource at this position and a member of each of its
    /// clauses.
    #[must_use]
    pub fn can_stand(&self, position: usize, node: NodeId) -> bool {
        self.ability(position)
            .and_then(|of| of.stands.as_ref())
            .is_none_or(|nodes| nodes.contains(node))
    }

    /// Tells whether the resource at this position cannot run on a node, and need not.
    #[must_use]
    pub fn is_spared(&self, position: usize, node: NodeId) -> bool {
        !self.can_stand(position, node) && !self.is_obstacle(position, node)
    }

    /// Tells whether the resource at this position must run, unless it is wanted offline, and
    /// cannot run on a node.
    #[must_use]
    pub fn is_obstacle(&self, position: usize, node: NodeId) -> bool {
        self.ability(position)
            .and_then(|of| of.bears.as_ref())
            .is_some_and(|nodes| !nodes.contains(node))
    }

    /// The number of its resources that cannot run on a node.
    #[must_use]
    pub fn unable_count(&self, node: NodeId) -> usize {
        self.abilities.as_ref().map_or(0, |of| {
            let stands = of.rows.iter().filter_map(|row| row.stands.as_ref());
            stands.filter(|nodes| !nodes.contains(node)).count()
        })
    }

    /// Tells whether a node can run at least one of its resources, or the group has none.
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

    /// Its demands on its node, by dimension, ascending.
    #[must_use]
    pub fn demands(&self) -> &[(DimensionId, u64)] {
        &self.demands
    }

    /// The dependencies among its resources, by position in the group.
    #[must_use]
    pub fn graph(&self) -> &DependencyGraph {
        &self.graph
    }

    /// The number of its resources.
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

    /// Texts for its agents, as declared.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
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

    /// The only nodes on which it can run; `None` is every node.
    #[must_use]
    pub fn possible_owners(&self) -> Option<&NodeSet> {
        self.possible.as_deref()
    }

    /// Tells whether it can run on this node.
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
