//! Compares two configurations: do they differ in more than in votes?

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::problem::{Path, Place};
use super::{ClusterDeclaration, ClusterSpec, NodeDeclaration};
use crate::id::name::folded;

/// Returns the first difference other than nodes, votes and witness. Lists of owners may differ by
/// nodes that are not in both configurations.
pub(crate) fn more_than_votes(old: &ClusterSpec, new: &ClusterSpec) -> Option<Path> {
    let is_in_both = |name: &String| old.node_id(name).is_some() && new.node_id(name).is_some();
    let (before, after) = (masked(old, is_in_both), masked(new, is_in_both));
    if before == after {
        return None;
    }
    let named = |nodes: &[NodeDeclaration]| -> BTreeMap<String, NodeDeclaration> {
        nodes.iter().map(|node| (node.name.clone(), node.clone())).collect()
    };
    let (nodes, other_nodes) = (named(&before.nodes), named(&after.nodes));
    let node = nodes.iter().find(|(name, node)| other_nodes.get(*name) != Some(node));
    if let Some((name, _)) = node {
        return Some(Place::Node(name).whole());
    }
    let mut groups = before.groups.iter().zip(&after.groups);
    if let Some((group, _)) = groups.find(|(group, other)| group != other) {
        return Some(Place::Group(&group.name).whole());
    }
    let (count, other_count) = (before.groups.len(), after.groups.len());
    let field = if count == other_count { "cluster" } else { "groups" };
    Some(Place::Cluster.field(field))
}

/// Returns the declaration without its votes.
fn masked(spec: &ClusterSpec, is_in_both: impl Fn(&String) -> bool) -> ClusterDeclaration {
    let mut declaration = ClusterDeclaration::from(spec);
    declaration.quorum = None;
    declaration.witness_weight = None;
    declaration.nodes.retain(|node| is_in_both(&node.name));
    for node in &mut declaration.nodes {
        node.name = folded(&node.name).collect();
        node.vote_weight = None;
    }
    declaration.nodes.sort_by(|one, other| one.name.cmp(&other.name));
    let common = |names: &mut Vec<String>| {
        names.retain(&is_in_both);
        for name in names {
            *name = folded(name).collect();
        }
    };
    for group in &mut declaration.groups {
        common(&mut group.preferred_owners);
        for resource in &mut group.resources {
            if let Some(owners) = &mut resource.possible_owners {
                common(owners);
                owners.sort();
            }
        }
    }
    declaration
}
