//! Turns a validated cluster back into a declaration.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::overrides::difference;
use super::{
    ClusterDeclaration, ClusterSpec, Dependencies, GroupDeclaration, GroupSpec, NodeDeclaration,
    NodeSpec, ResourceDeclaration, ResourceSpec,
};
use crate::graph::Expression;
use crate::id::{DimensionId, NodeId};
use crate::kind::standard;
use crate::settings::GroupSettings;

/// Returns the declaration that builds to an equal cluster within equal limits. It names only the
/// properties that differ from the defaults of profile and kinds.
impl From<&ClusterSpec> for ClusterDeclaration {
    fn from(spec: &ClusterSpec) -> Self {
        let settings = &spec.settings;
        let defaults = spec.profile.cluster_settings();
        macro_rules! changed {
            ($field:ident) => {
                (settings.$field != defaults.$field).then_some(settings.$field)
            };
        }
        let standard = standard::standard();
        let kinds = spec.kinds.iter().enumerate();
        let kinds = kinds.filter(|(index, kind)| standard.get(*index) != Some(kind));
        Self {
            name: spec.name.as_ref().into(),
            profile: spec.profile,
            quorum: changed!(quorum),
            witness_weight: changed!(witness_weight),
            fencing: changed!(fencing),
            no_quorum: changed!(no_quorum),
            anti_affinity: changed!(anti_affinity),
            admission: changed!(admission),
            failover_limit: changed!(failover_limit),
            retry: changed!(retry),
            retry_cycles: settings.retry_cycles,
            restart_window: changed!(restart_window),
            ownership: changed!(ownership),
            redundant_provider: changed!(redundant_provider),
            dependency_change: changed!(dependency_change),
            group_wait_delay: changed!(group_wait_delay),
            priority_wait: changed!(priority_wait),
            fence_timeout: changed!(fence_timeout),
            fence_retry_delay: changed!(fence_retry_delay),
            fence_threshold: changed!(fence_threshold),
            fence_period: changed!(fence_period),
            probe_interval: changed!(probe_interval),
            inventory_timeout: changed!(inventory_timeout),
            placement_steps: changed!(placement_steps),
            kinds: kinds.map(|(_, kind)| kind.clone()).collect(),
            nodes: spec.nodes.iter().map(|node| node_declaration(spec, node)).collect(),
            groups: spec.groups.iter().map(|group| group_declaration(spec, group)).collect(),
        }
    }
}

fn node_declaration(spec: &ClusterSpec, node: &NodeSpec) -> NodeDeclaration {
    let capacity = spec.dimensions.iter().zip(&node.capacity);
    NodeDeclaration {
        name: node.name().into(),
        vote_weight: Some(node.vote_weight).filter(|weight| *weight != 1),
        site: node.site().map(String::from),
        capacity: capacity
            .filter_map(|(name, amount)| Some((String::from(name.as_ref()), (*amount)?)))
            .collect(),
        parameters: node.parameters.declared(),
    }
}

fn group_declaration(spec: &ClusterSpec, group: &GroupSpec) -> GroupDeclaration {
    let settings = group.settings();
    let defaults = spec.profile.group_settings();
    macro_rules! changed {
        ($field:ident) => {
            (settings.$field != defaults.$field).then_some(settings.$field)
        };
    }
    let classes = group.classes.iter().filter_map(|class| spec.classes.get(class.index()));
    GroupDeclaration {
        name: group.name().into(),
        preferred_owners: node_names(spec, group.preferred.iter().copied()),
        anti_affinity_classes: classes.map(|class| class.as_ref().into()).collect(),
        demands: demands(spec, &group.demands),
        desired: changed!(desired),
        failover_threshold: settings.failover_threshold,
        failover_period: changed!(failover_period),
        failure_memory: failure_memory(settings, &defaults),
        failback: changed!(failback),
        failback_window: settings.failback_window,
        failback_hold_down: changed!(failback_hold_down),
        priority: changed!(priority),
        cold_start: changed!(cold_start),
        start_delay: changed!(start_delay),
        parameters: group.parameters.declared(),
        resources: resources(spec, group),
    }
}

/// Returns the failure memory if it differs from the value that follows from the failover period
/// and the profile.
fn failure_memory(settings: &GroupSettings, defaults: &GroupSettings) -> Option<Duration> {
    let is_remembering = !defaults.failure_memory.is_zero();
    let inherited = if is_remembering { settings.failover_period } else { Duration::ZERO };
    (settings.failure_memory != inherited).then_some(settings.failure_memory)
}

fn demands(spec: &ClusterSpec, demands: &[(DimensionId, u64)]) -> BTreeMap<String, u64> {
    demands
        .iter()
        .filter_map(|(dimension, amount)| {
            let name = spec.dimensions.get(dimension.index())?;
            Some((String::from(name.as_ref()), *amount))
        })
        .collect()
}

fn resources(spec: &ClusterSpec, group: &GroupSpec) -> Vec<ResourceDeclaration> {
    let defaults = spec.profile.resource_settings();
    let ids = group.resources().enumerate();
    ids.filter_map(|(position, id)| {
        let resource = spec.resource(id)?;
        let kind = spec.kind(resource.kind)?;
        let possible = resource.possible_owners();
        Some(ResourceDeclaration {
            name: resource.name().into(),
            kind: kind.name.clone().into(),
            depends_on: dependencies(spec, group, position),
            possible_owners: possible.map(|nodes| node_names(spec, nodes.iter())),
            parameters: resource.parameters.declared(),
            settings: difference(&defaults, &kind.settings, resource.settings()),
        })
    })
    .collect()
}

fn dependencies(spec: &ClusterSpec, group: &GroupSpec, position: usize) -> Option<Dependencies> {
    let name_at = |position| {
        let resource = spec.resource(group.resource_at(position));
        resource.map_or("", ResourceSpec::name)
    };
    let clauses = group.graph.clauses(position);
    let expression = clauses
        .fold(Expression::new(), |expression, members| expression.and_any_of(members.map(name_at)));
    (!expression.is_empty()).then_some(Dependencies::Expression(expression))
}

fn node_names(spec: &ClusterSpec, nodes: impl Iterator<Item = NodeId>) -> Vec<String> {
    nodes.filter_map(|node| spec.node(node)).map(|node| node.name().into()).collect()
}
