//! Resource kinds: the rules and defaults for a type of resource.
//!
//! A kind gives defaults for the properties of its resources, names the providers that they
//! require, and limits their number. The standard kinds are data like the kinds that an embedder
//! declares: see [`standard`](mod@standard).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::{
    DesiredState, Maintenance, Monitor, OnUnfixable, RestartAction, UnconfirmedStop,
};
use crate::time::Interval;

pub mod standard;
pub(crate) mod unique;

/// A resource kind, standard or declared by the embedder.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct KindDeclaration {
    /// The name that resources give as their kind; compared without case.
    pub name: String,
    /// The class of the resources, for rules that speak of storage or network. Default user.
    #[serde(default)]
    pub class: ResourceClass,
    /// Providers that every resource of the kind must depend on.
    #[serde(default)]
    pub requires: Vec<RequiredProvider>,
    /// Most resources of the kind in the whole cluster.
    #[serde(default)]
    pub at_most_per_cluster: Option<u32>,
    /// Most resources of the kind in one group.
    #[serde(default)]
    pub at_most_per_group: Option<u32>,
    /// The need of groups with the kind for a node to spare. Default not needed.
    #[serde(default)]
    pub spare_node: SpareNode,
    /// Most that the groups with the kind may together demand of one node, by dimension, also after
    /// a failover.
    #[serde(default, deserialize_with = "unique::numbers")]
    pub at_most_per_node: BTreeMap<String, u64>,
    /// Defaults for the properties of its resources, before those of the profile.
    #[serde(default)]
    pub settings: ResourceOverrides,
}

/// The class of a resource, as far as other rules need it (SDK, `ResourceClass`).
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ResourceClass {
    /// Disks and the like.
    Storage,
    /// Addresses and names.
    Network,
    /// Everything else.
    #[default]
    User,
}

/// A provider that a kind requires.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredProvider {
    /// A direct dependency on a resource of this kind.
    Kind(String),
    /// A direct dependency on a resource of one of these kinds.
    AnyKind(Vec<String>),
    /// A direct dependency on a resource of this class.
    Class(ResourceClass),
    /// A dependency, direct or through others, on every resource of this class in the group.
    EveryOfClass(ResourceClass),
}

/// The number of groups with a kind that a cluster may have.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SpareNode {
    /// Any number.
    #[default]
    NotNeeded,
    /// With three or more nodes, one fewer than nodes. With two nodes, at most two; the second
    /// gives a warning (active/active).
    FromThreeNodesOn,
}

/// Properties of a resource that differ from the defaults; absent ones are inherited.
///
/// Meaning, units and defaults are those of
/// [`ResourceSettings`](crate::settings::ResourceSettings), field by field.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "documented on the settled form, field by field")]
pub struct ResourceOverrides {
    pub desired: Option<DesiredState>,
    pub restart_action: Option<RestartAction>,
    pub restart_threshold: Option<u32>,
    pub start_threshold: Option<u32>,
    #[serde(deserialize_with = "crate::time::text::optional::deserialize")]
    pub restart_period: Option<Duration>,
    #[serde(deserialize_with = "crate::time::text::optional::deserialize")]
    pub restart_delay: Option<Duration>,
    pub retry_period: Option<Interval>,
    #[serde(deserialize_with = "crate::time::text::optional::deserialize")]
    pub pending_timeout: Option<Duration>,
    #[serde(deserialize_with = "crate::time::text::optional::deserialize")]
    pub start_pending_timeout: Option<Duration>,
    #[serde(deserialize_with = "crate::time::text::optional::deserialize")]
    pub start_deadline: Option<Duration>,
    #[serde(deserialize_with = "crate::time::text::optional::deserialize")]
    pub stop_deadline: Option<Duration>,
    #[serde(deserialize_with = "crate::time::text::optional::deserialize")]
    pub deadlock_timeout: Option<Duration>,
    pub looks_alive_interval: Option<Interval>,
    pub is_alive_interval: Option<Interval>,
    pub monitor: Option<Monitor>,
    pub maintenance: Option<Maintenance>,
    pub unconfirmed_stop: Option<UnconfirmedStop>,
    pub on_unfixable: Option<OnUnfixable>,
}

crate::form::written!(KindDeclaration {
    always name,
    always class,
    given requires,
    given at_most_per_cluster,
    given at_most_per_group,
    always spare_node,
    given at_most_per_node,
    always settings,
});

crate::form::written!(ResourceOverrides {
    given desired,
    given restart_action,
    given restart_threshold,
    given start_threshold,
    span restart_period,
    span restart_delay,
    given retry_period,
    span pending_timeout,
    span start_pending_timeout,
    span start_deadline,
    span stop_deadline,
    span deadlock_timeout,
    given looks_alive_interval,
    given is_alive_interval,
    given monitor,
    given maintenance,
    given unconfirmed_stop,
    given on_unfixable,
});
