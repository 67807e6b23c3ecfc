//! The resources of a group that have to run on a node and cannot, found by trial.

use std::collections::BTreeSet;

use quorate::settings::{DesiredState, Ownership};
use quorate::spec::{ClusterSpec, GroupSpec};
use quorate::{NodeId, ResourceId};

/// Returns the positions of the resources that can run on a node and that have a provider there in
/// each of their clauses.
fn standing(spec: &ClusterSpec, group: &GroupSpec, node: NodeId) -> BTreeSet<usize> {
    let can_run = |position: &usize| {
        spec.resource(group.resource_at(*position)).is_some_and(|of| of.can_run_on(node))
    };
    let mut left: BTreeSet<usize> = (0..group.resource_count()).filter(can_run).collect();
    loop {
        let before = left.clone();
        left.retain(|position| {
            let mut clauses = group.graph().clauses(*position);
            clauses.all(|mut clause| clause.any(|member| before.contains(&member)))
        });
        if left == before {
            return left;
        }
    }
}

/// Tells whether all dependents of a resource can do without it on a node: either another provider
/// meets the clause, or the dependent is replaced itself.
fn is_replaced(group: &GroupSpec, standing: &BTreeSet<usize>, position: usize) -> bool {
    let graph = group.graph();
    graph.dependents(position).len() > 0
        && graph.dependents(position).all(|dependent| {
            let mut clauses = graph
                .clauses(dependent)
                .filter(|clause| clause.clone().any(|member| member == position));
            clauses.all(|mut others| {
                others.any(|member| member != position && standing.contains(&member))
            }) || is_replaced(group, standing, dependent)
        })
}

/// Returns the resources that keep a node from running all resources of a group that must run;
/// `wanted` returns the desired state that operators set for a single resource.
pub(crate) fn obstacles(
    spec: &ClusterSpec,
    group: &GroupSpec,
    node: NodeId,
    wanted: impl Fn(ResourceId) -> Option<DesiredState>,
) -> Vec<ResourceId> {
    let standing = standing(spec, group, node);
    // Where none of its resources can run, every resource is an obstacle.
    let is_hopeless = standing.is_empty();
    let positions = (0..group.resource_count()).filter(|position| {
        let resource = group.resource_at(*position);
        let declared = spec.resource(resource).expect("a declared resource");
        match spec.settings().ownership {
            Ownership::EveryResource => !declared.can_run_on(node),
            Ownership::NeededResources => {
                is_hopeless
                    || !standing.contains(position)
                        && declared.settings().affects_group()
                        && !is_replaced(group, &standing, *position)
                        && wanted(resource) != Some(DesiredState::Offline)
            }
        }
    });
    positions.map(|position| group.resource_at(position)).collect()
}

/// Tells whether a resource cannot run on a node and need not run there.
pub(crate) fn is_spared(
    spec: &ClusterSpec,
    group: &GroupSpec,
    node: NodeId,
    resource: ResourceId,
) -> bool {
    let stands = group
        .position_of(resource)
        .is_some_and(|position| standing(spec, group, node).contains(&position));
    // Where nothing can run, a resource that must run elsewhere is not spared; it is off in both
    // cases.
    !stands && !obstacles(spec, group, node, |_| None).contains(&resource)
}
