//! The declaration of a cluster and its validated form.
//!
//! [`ClusterDeclaration`] is what an operator writes: names, and only what differs from the
//! defaults. [`ClusterDeclaration::build`] checks all of it at once and returns the immutable
//! [`ClusterSpec`] that a [`Cluster`](crate::Cluster) works with: dense ids and settled properties.
//!
//! Serde reads a declaration from a file; `docs/declaration.md` lists every field of it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::id::name;
use crate::id::{DimensionId, GroupId, KindId, NodeId, ResourceId};
use crate::kind::KindDeclaration;
use crate::settings::ClusterSettings;

mod build;
mod declaration;
mod limits;
mod names;
mod node_set;
mod overrides;
mod parameters;
mod parts;
mod problem;
mod profile;
mod undeclare;
mod votes;
mod word;

pub(crate) use build::nearest;
pub use declaration::{
    ClusterDeclaration, Dependencies, GroupDeclaration, NodeDeclaration, Profile,
    ResourceDeclaration,
};
pub use limits::{Limit, Limits};
pub use node_set::NodeSet;
pub use parameters::Parameters;
pub use parts::{GroupSpec, NodeSpec, ResourceSpec};
pub use problem::{Caution, Path, Problem, SpecError, SpecErrors, Subject, Warning};
pub(crate) use votes::more_than_votes;
pub use word::WordFault;
pub(crate) use word::check_word;

use names::NameIndex;
use parts::{Abilities, Ability};

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
    warnings: Vec<Warning>,
    /// The limits within which it was checked; they also hold for later configurations.
    limits: Limits,
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

    /// The warnings: things that are legal and yet look wrong.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The limits within which the declaration was checked. They also hold for every later
    /// configuration.
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

    /// The resources with their ids, ascending; the resources of one group follow each other.
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

    /// The names of the anti-affinity classes, by [`ClassId`](crate::id::ClassId).
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.classes.iter().map(AsRef::as_ref)
    }

    /// The names of the capacity dimensions, by [`DimensionId`].
    pub fn dimensions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.dimensions.iter().map(AsRef::as_ref)
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
