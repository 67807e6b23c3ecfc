//! The record of a cluster under another configuration, in which ids stand for other names.

use quorate::machine::{NodeState, ResourceState};
use quorate::spec::ClusterSpec;
use quorate::{Cluster, NodeId, ResourceId};

use super::{Seen, SeenGroup, Unheard};

impl Seen {
    /// Adapts the record to another configuration, matched by names.
    pub(crate) fn remap(&mut self, cluster: &Cluster) {
        let old = self.clone();
        let fresh = Self::new(cluster);
        let (from, to) = (&old.spec, &fresh.spec);
        self.unheard = unheard_under(&old, (from, to), &old.unheard);
        let node = |id: NodeId| to.node_id(from.node(id)?.name());
        let resource = |id: ResourceId| same_resource(from, to, id);
        self.nodes = fresh.nodes;
        self.groups = fresh.groups;
        self.resources = fresh.resources;
        for (id, _) in from.nodes() {
            if let Some(new) = node(id) {
                self.nodes[new.index()] = old.nodes[id.index()].clone();
            }
        }
        for (id, declared) in from.groups() {
            if let Some(new) = to.group_id(declared.name()) {
                // A desired state that the new declaration changes counts as the latest; an
                // unchanged one does not.
                let declares = to.group(new).expect("a declared group").settings().desired;
                let mut group = group_under((from, to), old.groups[id.index()].clone());
                if declares != declared.settings().desired {
                    group.desired = declares;
                }
                self.groups[new.index()] = group;
            }
        }
        for (id, declared) in to.resources() {
            if self.groups[declared.group().index()].owner.is_some() {
                self.resources[id.index()].state = ResourceState::Offline;
            }
        }
        for (id, declared) in from.resources() {
            if let Some(new) = resource(id) {
                let mut kept = old.resources[id.index()].clone();
                let declares = to.resource(new).expect("a declared resource").settings().desired;
                if declares != declared.settings().desired {
                    kept.desired = declares;
                }
                kept.undisturbed_on = kept.undisturbed_on.and_then(node);
                self.resources[new.index()] = kept;
            }
        }
        self.orphans =
            old.orphans.iter().filter_map(|(n, r)| Some((node(*n)?, resource(*r)?))).collect();
        self.operations = old
            .operations
            .into_iter()
            .filter_map(|(operation, mut effect)| {
                effect.resource = match effect.resource {
                    None => None,
                    Some(id) => Some(resource(id)?),
                };
                effect.group = effect.resource.and_then(|id| to.resource(id)).map(|of| of.group());
                effect.node = node(effect.node)?;
                Some((operation, effect))
            })
            .collect();
        self.spec = fresh.spec;
        if !self.has_members() {
            self.dissolve();
        }
    }
}

/// Returns the record of a group under another configuration.
fn group_under((from, to): (&ClusterSpec, &ClusterSpec), mut group: SeenGroup) -> SeenGroup {
    let node = |id: NodeId| to.node_id(from.node(id)?.name());
    let resource = |id: ResourceId| same_resource(from, to, id);
    group.owner = group.owner.and_then(node);
    group.failed_on =
        group.failed_on.into_iter().filter_map(|(failed, at)| Some((node(failed)?, at))).collect();
    let barred = group.barred.into_iter();
    group.barred =
        barred.filter_map(|(barred, unfit)| Some((node(barred)?, resource(unfit)?))).collect();
    group.movement = group.movement.and_then(|(to, cause)| match to {
        None => Some((None, cause)),
        Some(to) => Some((Some(node(to)?), cause)),
    });
    group
}

/// Returns the missing reports under another configuration, including those about resources that
/// only the new configuration declares.
fn unheard_under(seen: &Seen, (from, to): (&ClusterSpec, &ClusterSpec), of: &Unheard) -> Unheard {
    let node = |id: NodeId| to.node_id(from.node(id)?.name());
    let mut unheard: Unheard = of
        .iter()
        .filter_map(|((n, r), since)| Some(((node(*n)?, same_kind(from, to, *r)?), *since)))
        .collect();
    let known: Vec<ResourceId> =
        from.resources().filter_map(|(id, _)| same_kind(from, to, id)).collect();
    for (resource, _) in to.resources().filter(|(id, _)| !known.contains(id)) {
        for (id, record) in seen.spec.nodes().filter_map(|(id, _)| Some((node(id)?, seen.node(id))))
        {
            if record.state != NodeState::Down {
                unheard.insert((id, resource), seen.last_operation);
            }
        }
    }
    unheard
}

/// Returns the new id of a resource with an equal name and kind, in any group.
fn same_kind(from: &ClusterSpec, to: &ClusterSpec, id: ResourceId) -> Option<ResourceId> {
    let before = from.resource(id)?;
    let new = to.resource_id(before.name())?;
    let after = to.resource(new)?;
    let kinds = (&from.kind(before.kind())?.name, &to.kind(after.kind())?.name);
    (kinds.0 == kinds.1).then_some(new)
}

/// Returns the new id of a resource that continues under another configuration, with an equal name,
/// kind and group.
pub(crate) fn same_resource(
    from: &ClusterSpec,
    to: &ClusterSpec,
    id: ResourceId,
) -> Option<ResourceId> {
    let before = from.resource(id)?;
    let after = to.resource(to.resource_id(before.name())?)?;
    let groups = (from.group(before.group())?.name(), to.group(after.group())?.name());
    same_kind(from, to, id).filter(|_| groups.0 == groups.1)
}
