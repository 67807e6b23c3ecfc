//! Declarations built in Rust, one call after the other.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;

use super::{
    ClusterDeclaration, Dependencies, GroupDeclaration, NodeDeclaration, Profile,
    ResourceDeclaration,
};
use crate::kind::{KindDeclaration, ResourceOverrides};
use crate::settings::{Fencing, Priority, QuorumRule};

impl ClusterDeclaration {
    /// A cluster with this name and nothing in it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a node: a name, or a [`NodeDeclaration`].
    #[must_use]
    pub fn node(mut self, node: impl Into<NodeDeclaration>) -> Self {
        self.nodes.push(node.into());
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn group(mut self, group: GroupDeclaration) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds a kind of the embedder's own.
    #[must_use]
    pub fn kind(mut self, kind: KindDeclaration) -> Self {
        self.kinds.push(kind);
        self
    }

    /// Takes the defaults of this profile.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets which votes keep the cluster alive.
    #[must_use]
    pub fn quorum(mut self, quorum: QuorumRule) -> Self {
        self.quorum = Some(quorum);
        self
    }

    /// Sets what proves a lost node off.
    #[must_use]
    pub fn fencing(mut self, fencing: Fencing) -> Self {
        self.fencing = Some(fencing);
        self
    }
}

impl NodeDeclaration {
    /// A node with this name, one vote and no limits.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Limits what the node can carry in one dimension.
    #[must_use]
    pub fn capacity(mut self, dimension: impl Into<String>, amount: u64) -> Self {
        self.capacity.insert(dimension.into(), amount);
        self
    }
}

impl From<&str> for NodeDeclaration {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for NodeDeclaration {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl GroupDeclaration {
    /// An empty group with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a resource.
    #[must_use]
    pub fn resource(mut self, resource: ResourceDeclaration) -> Self {
        self.resources.push(resource);
        self
    }

    /// Sets the preferred owners, best first.
    #[must_use]
    pub fn preferred_owners(mut self, nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.preferred_owners = nodes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds an anti-affinity class.
    #[must_use]
    pub fn anti_affinity_class(mut self, class: impl Into<String>) -> Self {
        self.anti_affinity_classes.push(class.into());
        self
    }

    /// Sets what the group takes of its node in one dimension.
    #[must_use]
    pub fn demand(mut self, dimension: impl Into<String>, amount: u64) -> Self {
        self.demands.insert(dimension.into(), amount);
        self
    }

    /// Sets the start tier.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }
}

impl ResourceDeclaration {
    /// A resource of this kind without dependencies.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), kind: kind.into(), ..Self::default() }
    }

    /// Sets what it depends on, replacing what was set before.
    #[must_use]
    pub fn needs(mut self, dependencies: impl Into<Dependencies>) -> Self {
        self.depends_on = Some(dependencies.into());
        self
    }

    /// Restricts the nodes it can run on.
    #[must_use]
    pub fn possible_owners(mut self, nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.possible_owners = Some(nodes.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the properties that differ from those of its kind.
    #[must_use]
    pub fn settings(mut self, settings: ResourceOverrides) -> Self {
        self.settings = Some(Box::new(settings));
        self
    }
}
