//! Checks what another configuration changes about resources that run.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;

use crate::cluster::check::configuration::Mapping;
use crate::cluster::view::Facts;
use crate::cluster::words::{ConfigurationMoves, InputError};
use crate::id::name::folded;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::ResourceState;
use crate::settings::{DependencyChange, DesiredState};
use crate::spec::{ClusterSpec, GroupSpec, ResourceSpec};
use crate::state::{ClusterState, LockHandling, Tenure};

impl<'a> Facts<'a> {
    /// Checks the dependencies that change, as [`DependencyChange`] says. The rule of the
    /// configuration in force counts.
    pub(crate) fn check_dependencies(
        self,
        mapping: &Mapping,
        spec: &ClusterSpec,
    ) -> Result<(), InputError> {
        for (resource, _) in self.spec.resources() {
            let Some(kept) = mapping.resource(resource) else { continue };
            let (before, after) = (clauses(self.spec, resource), clauses(spec, kept));
            if before == after {
                continue;
            }
            match self.spec.settings().dependency_change {
                DependencyChange::Offline => self.check_ends_off(resource, &before, &after)?,
                DependencyChange::Online => {
                    let may_run = self.state.resource_state(resource).may_run();
                    if may_run && !seeded!(DependencyNotAwaited) {
                        let state = self.mapped_state(mapping, spec);
                        let added = after.difference(&before);
                        check_added(spec, &state, kept, added)
                            .map_err(|_| InputError::DependencyDoesNotHold(resource))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Checks that dependencies change only while the dependent is off, and end only while the
    /// provider is off as well.
    fn check_ends_off(
        self,
        resource: ResourceId,
        before: &BTreeSet<BTreeSet<String>>,
        after: &BTreeSet<BTreeSet<String>>,
    ) -> Result<(), InputError> {
        let is_on = |name: &str| {
            self.spec.resource_id(name).is_some_and(|id| self.state.resource_state(id).may_run())
        };
        let providers_after: BTreeSet<&String> = after.iter().flatten().collect();
        let mut removed = before.iter().flatten().filter(|name| !providers_after.contains(name));
        if self.state.resource_state(resource).may_run() || removed.any(|name| is_on(name)) {
            return Err(InputError::DependenciesWhileRunning(resource));
        }
        Ok(())
    }

    /// Checks that no group has to leave the node where it may run, unless the configuration may
    /// move groups and the group is not locked.
    pub(crate) fn check_owners(
        self,
        mapping: &Mapping,
        spec: &ClusterSpec,
        moves: ConfigurationMoves,
    ) -> Result<(), InputError> {
        for (group, node) in self.struck_owners(mapping, spec) {
            if self.index.running(group) == 0 || seeded!(OwnerStruckAnyway) {
                continue;
            }
            match moves {
                ConfigurationMoves::Refuse => return Err(InputError::OwnerStruck { group, node }),
                ConfigurationMoves::Allow => {}
            }
            if self.is_held_by_lock(group, LockHandling::Respect) {
                return Err(InputError::GroupLocked(group));
            }
        }
        Ok(())
    }

    /// Notes which groups leave their owners because of a configuration.
    pub(crate) fn note_struck(
        self,
        mapping: &Mapping,
        spec: &ClusterSpec,
        state: &mut ClusterState,
    ) {
        for (id, declared) in spec.groups() {
            if let Some(record) = state.groups.get_mut(id.index())
                && record.owner.is_none_or(|owner| can_own(declared, owner))
            {
                record.tenure = Tenure::Lasting;
            }
        }
        for (group, _) in self.struck_owners(mapping, spec) {
            if let Some(new) = mapping.group(group)
                && let Some(record) = state.groups.get_mut(new.index())
            {
                record.tenure = Tenure::Struck;
            }
        }
    }

    /// Returns the groups whose owners can own them now and could not any more, each with its
    /// owner.
    fn struck_owners(
        self,
        mapping: &'a Mapping,
        spec: &'a ClusterSpec,
    ) -> impl Iterator<Item = (GroupId, NodeId)> + 'a {
        self.spec.groups().filter_map(move |(group, declared)| {
            let owner = self.state.owner(group)?;
            let kept = spec.group(mapping.group(group)?)?;
            let is_struck = can_own(declared, owner) && !can_own(kept, mapping.node(owner)?);
            is_struck.then_some((group, owner))
        })
    }
}

fn can_own(declared: &GroupSpec, node: NodeId) -> bool {
    declared.owners().is_none_or(|possible| possible.contains(node))
}

/// A dependency that does not hold.
struct Unmet;

/// Checks that each of these clauses has a provider that is online and may stay so.
fn check_added<'a>(
    spec: &ClusterSpec,
    state: &ClusterState,
    resource: ResourceId,
    mut added: impl Iterator<Item = &'a BTreeSet<String>>,
) -> Result<(), Unmet> {
    let group = spec.resource(resource).map(ResourceSpec::group).ok_or(Unmet)?;
    let declared = spec.group(group).ok_or(Unmet)?;
    let kept = kept_online(spec, state, declared, group);
    let holds = |clause: &BTreeSet<String>| {
        clause.iter().any(|name| spec.resource_id(name).is_some_and(|id| kept.contains(&id)))
    };
    if added.all(holds) { Ok(()) } else { Err(Unmet) }
}

/// Returns the resources of a group that are online and are to stay so, judged by what is wanted
/// and by what they need.
fn kept_online(
    spec: &ClusterSpec,
    state: &ClusterState,
    declared: &GroupSpec,
    group: GroupId,
) -> BTreeSet<ResourceId> {
    let graph = declared.graph();
    let mut stays = vec![false; graph.len()];
    let mut kept = BTreeSet::new();
    let of_group = state.group(group).map_or(DesiredState::Offline, |record| record.desired);
    for position in graph.start_order() {
        let resource = declared.resource_at(position);
        let Some(record) = state.resource(resource) else { continue };
        let can_run = state
            .owner(group)
            .is_some_and(|owner| spec.resource(resource).is_some_and(|of| of.can_run_on(owner)));
        let is_kept = record.state == ResourceState::Online
            && record.desired.unwrap_or(of_group) == DesiredState::Online
            && can_run
            && graph
                .clauses(position)
                .all(|mut clause| clause.any(|member| stays.get(member).copied().unwrap_or(false)));
        if is_kept && let Some(stay) = stays.get_mut(position) {
            *stay = true;
            kept.insert(resource);
        }
    }
    kept
}

/// Returns the dependencies of a resource by name, to compare them between configurations.
fn clauses(spec: &ClusterSpec, resource: ResourceId) -> BTreeSet<BTreeSet<String>> {
    let Some(group) = spec.resource(resource).and_then(|of| spec.group(of.group())) else {
        return BTreeSet::new();
    };
    let Some(position) = group.position_of(resource) else { return BTreeSet::new() };
    let name =
        |member| spec.resource(group.resource_at(member)).map(|of| folded(of.name()).collect());
    group.graph().clauses(position).map(|clause| clause.filter_map(name).collect()).collect()
}
