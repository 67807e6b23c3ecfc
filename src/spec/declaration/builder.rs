//! Declarations built in Rust, one call after the other.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use super::{
    ClusterDeclaration, Dependencies, GroupDeclaration, NodeDeclaration, Profile,
    ResourceDeclaration,
};
use crate::kind::{KindDeclaration, ResourceOverrides};
use crate::settings::{
    Admission, AntiAffinityPlacement, ColdStart, DependencyChange, DesiredState, Failback,
    FailbackWindow, FailoverLimit, Fencing, Interval, NoQuorum, Ownership, Priority, QuorumRule,
    RedundantProvider, RestartWindow, Retry,
};

/// Defines one method per property, which sets the property.
macro_rules! setters {
    ($($(#[$doc:meta])* $property:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $property(mut self, $property: $type) -> Self {
            self.$property = Some($property);
            self
        }
    )*};
}

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

    setters! {
        /// Sets the votes that keep the cluster alive.
        quorum: QuorumRule;
        /// Sets the vote of the witness.
        witness_weight: u32;
        /// Sets the proof that a lost node is off.
        fencing: Fencing;
        /// Sets what the cluster does with running groups without quorum.
        no_quorum: NoQuorum;
        /// Sets how much anti-affinity weighs when a node is chosen.
        anti_affinity: AntiAffinityPlacement;
        /// Sets whether a group may come online beside another one of its class.
        admission: Admission;
        /// Sets what becomes of a group that may not fail over any more.
        failover_limit: FailoverLimit;
        /// Sets what happens after the retry period of a failed resource.
        retry: Retry;
        /// Limits the series of attempts before an operator is needed.
        retry_cycles: u32;
        /// Sets by which time a restart leaves the window of its budget.
        restart_window: RestartWindow;
        /// Sets which resources a node has to be able to run in order to own their group.
        ownership: Ownership;
        /// Sets what the failure of a redundant provider does to the group.
        redundant_provider: RedundantProvider;
        /// Sets when the dependencies of a resource may change.
        dependency_change: DependencyChange;
        /// Sets how long a group waits for its preferred owner when the cluster forms.
        group_wait_delay: Duration;
        /// Sets how long a group waits for those of higher priority that come up with it.
        priority_wait: Duration;
        /// Sets how long a fence may take.
        fence_timeout: Duration;
        /// Sets the wait between two attempts to fence one node.
        fence_retry_delay: Duration;
        /// Limits the attempts to fence one node within `fence_period`.
        fence_threshold: u32;
        /// Sets the sliding window of `fence_threshold`.
        fence_period: Duration;
        /// Sets the interval of the probes of a resource in doubt.
        probe_interval: Interval;
        /// Sets how long a member that is asked what it runs may take.
        inventory_timeout: Duration;
        /// Limits the search for the best joint placement.
        placement_steps: u32;
    }
}

impl NodeDeclaration {
    /// A node with this name, one vote and no limits.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Limits the capacity of the node in one dimension.
    #[must_use]
    pub fn capacity(mut self, dimension: impl Into<String>, amount: u64) -> Self {
        self.capacity.insert(dimension.into(), amount);
        self
    }

    /// Sets a text for the agents.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), text.into());
        self
    }

    /// Sets its site.
    #[must_use]
    pub fn site(mut self, site: impl Into<String>) -> Self {
        self.site = Some(site.into());
        self
    }

    setters! {
        /// Sets its votes towards quorum.
        vote_weight: u32;
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

    /// Sets a text for the agents.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), text.into());
        self
    }

    /// Sets the anti-affinity classes.
    #[must_use]
    pub fn anti_affinity_classes(
        mut self,
        classes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.anti_affinity_classes = classes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the demand on the node in one dimension.
    #[must_use]
    pub fn demand(mut self, dimension: impl Into<String>, amount: u64) -> Self {
        self.demands.insert(dimension.into(), amount);
        self
    }

    setters! {
        /// Sets the desired state when the cluster first forms.
        desired: DesiredState;
        /// Limits the failovers because of failed resources within `failover_period`.
        failover_threshold: u32;
        /// Sets the sliding window of `failover_threshold`.
        failover_period: Duration;
        /// Sets how long a node on which it failed comes after the others.
        failure_memory: Duration;
        /// Sets whether it returns to a preferred owner by itself.
        failback: Failback;
        /// Sets the hours in which it may return.
        failback_window: FailbackWindow;
        /// Sets how long the better node must have been up before it returns there.
        failback_hold_down: Duration;
        /// Sets the start tier.
        priority: Priority;
        /// Sets whether it starts when the cluster forms.
        cold_start: ColdStart;
        /// Sets the wait between being placed and starting.
        start_delay: Duration;
    }
}

impl ResourceDeclaration {
    /// A resource of this kind without dependencies.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), kind: kind.into(), ..Self::default() }
    }

    /// Sets its dependencies, in place of those that were set before.
    #[must_use]
    pub fn needs(mut self, dependencies: impl Into<Dependencies>) -> Self {
        self.depends_on = Some(dependencies.into());
        self
    }

    /// Sets a text for the agents.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), text.into());
        self
    }

    /// Restricts the nodes on which it can run.
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
