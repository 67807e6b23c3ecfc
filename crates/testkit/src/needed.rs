//! What of a group has to run on a node and cannot, found by trying.

use std::collections::BTreeSet;

use quorate::settings::{DesiredState, Ownership};
use quorate::spec::{ClusterSpec, GroupSpec};
use quorate::{NodeId, ResourceId};

/// The positions of the resources that can run on a node, with something in each clause of theirs.
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

/// Whether all that depends on a resource can do without it on a node: something else meets the
/// clause, or what depends on it is replaced itself.
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

/// The resources that keep a node from running all that must run of a group, where `wanted` says
/// what operators want of a resource by itself.
pub(crate) fn obstacles(
    spec: &ClusterSpec,
    group: &GroupSpec,
    node: NodeId,
    wanted: impl Fn(ResourceId) -> Option<DesiredState>,
) -> Vec<ResourceId> {
    let standing = standing(spec, group, node);
    // Where nothing of it can run everything is in the way.
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

/// Whether a resource cannot run on a node and need not.
pub(crate) fn is_spared(
    spec: &ClusterSpec,
    group: &GroupSpec,
    node: NodeId,
    resource: ResourceId,
) -> bool {
    let stands = group
        .position_of(resource)
        .is_some_and(|position| standing(spec, group, node).contains(&position));
    // Where nothing can run nothing is spared that must run elsewhere; either way it is off.
    !stands && !obstacles(spec, group, node, |_| None).contains(&resource)
}
