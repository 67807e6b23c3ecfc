//! Limits on the number of resources of a kind, in a group, in the cluster and on a node.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::kinds::{Entry, Kinds};
use super::report::Report;
use super::shared_nodes;
use crate::id::{GroupId, KindId, ResourceId};
use crate::kind::SpareNode;
use crate::spec::problem::{Place, Problem, shown};
use crate::spec::{ClusterSpec, GroupSpec, ResourceSpec};

/// Resources of one kind.
#[derive(Default)]
struct Tally {
    total: usize,
    /// The first resource beyond the limit of the cluster.
    excess: Option<ResourceId>,
    /// Resources by group, ascending.
    by_group: Vec<(GroupId, usize)>,
}

/// Checks how many resources and groups of each kind there are, in the cluster, in a group and on a
/// node.
pub(super) fn check(spec: &ClusterSpec, kinds: &Kinds, report: &mut Report<'_>) {
    for (kind, tally) in tallies(spec, kinds) {
        let Some(entry) = kinds.get(kind) else {
            continue;
        };
        check_counts(spec, entry, &tally, report);
        if let Some(limit) = group_limit(spec, entry) {
            let groups = tally.by_group.len();
            if groups > limit {
                let nodes = spec.nodes.len();
                let path = Place::Kind(&entry.declaration.name).field("spare_node");
                report.add(path, Problem::NoSpareNode { groups, nodes, limit });
            }
        }
        let groups: Vec<GroupId> = tally.by_group.iter().map(|(group, _)| *group).collect();
        shared_nodes::check(spec, &entry.declaration, &groups, report);
    }
}

/// Returns the groups with each kind that needs a node to spare.
pub(super) fn groups_needing_spare<'k>(
    spec: &ClusterSpec,
    kinds: &'k Kinds,
) -> Vec<(&'k Entry, usize)> {
    tallies(spec, kinds)
        .into_iter()
        .filter_map(|(kind, tally)| Some((kinds.get(kind)?, tally.by_group.len())))
        .filter(|(entry, _)| entry.declaration.spare_node == SpareNode::FromThreeNodesOn)
        .collect()
}

fn tallies(spec: &ClusterSpec, kinds: &Kinds) -> BTreeMap<KindId, Tally> {
    let mut tallies: BTreeMap<KindId, Tally> = BTreeMap::new();
    for (id, resource) in spec.resources() {
        let Some(entry) = kinds.get(resource.kind) else {
            continue;
        };
        if !entry.is_counted() {
            continue;
        }
        let tally = tallies.entry(resource.kind).or_default();
        let limit = entry.declaration.at_most_per_cluster;
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        if limit == Some(tally.total) {
            tally.excess = Some(id);
        }
        tally.total = tally.total.saturating_add(1);
        match tally.by_group.last_mut() {
            Some((group, count)) if *group == resource.group => {
                *count = count.saturating_add(1);
            }
            Some(_) | None => tally.by_group.push((resource.group, 1)),
        }
    }
    tallies
}

fn check_counts(spec: &ClusterSpec, entry: &Entry, tally: &Tally, report: &mut Report<'_>) {
    let kind = &entry.declaration;
    let group_name = |id: GroupId| spec.group(id).map_or("", GroupSpec::name);
    let excess = tally.excess.and_then(|id| spec.resource(id));
    if let (Some(resource), Some(limit)) = (excess, kind.at_most_per_cluster) {
        let group = group_name(resource.group);
        let path = Place::Resource { group, resource: ResourceSpec::name(resource) }.field("kind");
        let (kind, found) = (shown(&kind.name), tally.total);
        report.add(path, Problem::TooManyInCluster { kind, found, limit });
    }
    let Some(limit) = kind.at_most_per_group else {
        return;
    };
    for &(group, found) in &tally.by_group {
        if u32::try_from(found).is_ok_and(|found| found <= limit) {
            continue;
        }
        let path = Place::Group(group_name(group)).field("resources");
        report.add(path, Problem::TooManyInGroup { kind: shown(&kind.name), found, limit });
    }
}

/// Returns the most groups with a kind, if it needs a node to spare.
fn group_limit(spec: &ClusterSpec, entry: &Entry) -> Option<usize> {
    match (entry.declaration.spare_node, spec.nodes.len()) {
        (SpareNode::NotNeeded, _) | (SpareNode::FromThreeNodesOn, 0 | 1) => None,
        (SpareNode::FromThreeNodesOn, 2) => Some(2),
        (SpareNode::FromThreeNodesOn, nodes) => Some(nodes.saturating_sub(1)),
    }
}
