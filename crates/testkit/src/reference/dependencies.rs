//! The resources of a group that may start now, and those that have to stop.

use super::picture::{Group, Picture, Resource};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{DesiredState, FailoverLimit, NoQuorum, Ownership, RestartAction};
use quorate::state::{NoRestartCause, OperationKind, Recovery};

impl Picture {
    /// Returns the resources of a group that should be online on its owner: wanted there, able to
    /// run there, and with every clause met by a resource that should be online itself. None if the
    /// group is moving, if it is at its failover limit and the limit takes all of it offline, or if
    /// there is no quorum.
    #[must_use]
    pub fn should_run(&self, group: &Group) -> Vec<String> {
        let Some(owner) = group.owner.as_deref() else { return Vec::new() };
        if !self.is_quorate || group.going.is_some() || self.is_limited(group) {
            return Vec::new();
        }
        let wanted = group
            .resources
            .iter()
            .filter(|resource| resource.desired == DesiredState::Online)
            .filter(|resource| resource.can_run_on(owner));
        supported(group, wanted.map(|resource| resource.name.clone()).collect())
    }

    /// Returns those of them that are online and may stay online: every clause is met by a resource
    /// that is online and may stay so. A resource that failed and is left for an operator counts
    /// here: a resource that was online with it goes on.
    #[must_use]
    pub fn may_stay(&self, group: &Group) -> Vec<String> {
        let should = self.should_run(group);
        let mut names: Vec<String> = should
            .into_iter()
            .filter(|name| is_in(group, name, ResourceState::Online) || is_left(group, name))
            .collect();
        loop {
            let before = names.clone();
            names.retain(|name| group.resource(name).is_some_and(|of| stays(group, of, &before)));
            if names.len() == before.len() {
                return names;
            }
        }
    }

    /// Returns the online resources that have to stop next: those that may not stay, once every
    /// dependent is off or holds without them. Without quorum nothing stops where the cluster is to
    /// freeze.
    #[must_use]
    pub fn to_stop(&self, group: &Group) -> Vec<String> {
        let Some(owner) = group.owner.as_deref() else { return Vec::new() };
        let is_frozen = !self.is_quorate && self.no_quorum == NoQuorum::Freeze;
        if is_frozen || !self.is_member(owner) {
            return Vec::new();
        }
        let stay = self.may_stay(group);
        group
            .resources
            .iter()
            .filter(|resource| resource.state == ResourceState::Online)
            .filter(|resource| !stay.contains(&resource.name))
            .filter(|resource| is_let_go(group, &resource.name, &stay))
            .map(|resource| resource.name.clone())
            .collect()
    }

    /// Returns the failed resources that have to be terminated now: no resource may run that holds
    /// only through them. Where such a dependent is in doubt, nothing is returned.
    #[must_use]
    pub fn to_terminate(&self, group: &Group) -> Vec<String> {
        let is_member = group.owner.as_deref().is_some_and(|owner| self.is_member(owner));
        if !is_member {
            return Vec::new();
        }
        let online = |name: &String| is_in(group, name, ResourceState::Online);
        let relies = |other: &Resource, name: &String| {
            let mut clauses = other.needs.iter().filter(|clause| clause.contains(name));
            other.may_run()
                && !clauses.all(|clause| clause.iter().any(|of| of != name && online(of)))
        };
        let resources = &group.resources;
        resources
            .iter()
            .filter(|of| of.state == ResourceState::Terminating && of.operation.is_none())
            .filter(|of| !resources.iter().any(|other| relies(other, &of.name)))
            .map(|of| of.name.clone())
            .collect()
    }

    /// Returns the resources that may start next, as far as their own group is concerned: off, with
    /// nothing in flight and nothing to wait for; with every clause met; with no provider just
    /// starting, so that of several alternatives the first one up is not the only one; and with the
    /// resources that failed with them off.
    #[must_use]
    pub fn ready_to_start(&self, group: &Group) -> Vec<String> {
        let Some(owner) = group.owner.as_deref() else { return Vec::new() };
        if !self.is_quorate || self.node_state(owner) != NodeState::Up {
            return Vec::new();
        }
        let (should, stay) = (self.should_run(group), self.may_stay(group));
        // Nothing new starts on a resource that is left for an operator.
        let sure: Vec<String> = stay.iter().filter(|name| !is_left(group, name)).cloned().collect();
        group
            .resources
            .iter()
            .filter(|resource| should.contains(&resource.name))
            .filter(|resource| is_free_to_start(resource))
            .filter(|resource| !self.may_run_unheard(resource))
            .filter(|resource| meets(resource, &sure))
            .filter(|resource| {
                !resource
                    .needs
                    .iter()
                    .flatten()
                    .any(|provider| is_in(group, provider, ResourceState::OnlinePending))
            })
            .filter(|resource| is_let_go(group, &resource.name, &stay))
            .map(|resource| resource.name.clone())
            .collect()
    }

    /// Returns the resource that keeps a node from running all resources of a group that must run.
    /// Where every resource counts, this is the first one that cannot run there. Where only needed
    /// resources count, it is one that affects its group, that no operator keeps off, that cannot
    /// run there in any way, and that is not replaced; then the first of its providers that cannot
    /// run there is returned.
    pub(super) fn obstacle(&self, group: &Group, node: &str) -> Option<String> {
        let mut resources = group.resources.iter();
        if self.ownership == Ownership::EveryResource {
            return resources.find(|of| !of.can_run_on(node)).map(|of| of.name.clone());
        }
        let standing = group.standing_on(node);
        let found = resources.find(|of| {
            of.restart_action == RestartAction::RestartNotify
                && !of.is_kept_off
                && !standing.contains(&of.name)
                && !is_replaced(group, &standing, &of.name)
        });
        // A node that can run none of the resources cannot own the group, even if few must run.
        let found = found.or_else(|| group.resources.first().filter(|_| standing.is_empty()))?;
        root_of(group, found, &standing, node)
    }

    /// Tells whether a group is at its failover limit and the limit takes all of it offline (the
    /// 2003 rule): a resource that affects it has used up all attempts.
    fn is_limited(&self, group: &Group) -> bool {
        let is_spent = |resource: &Resource| match resource.recovery {
            Recovery::RetryAt {
                cause: NoRestartCause::Failovers | NoRestartCause::Retries,
                ..
            } => resource.restart_action == RestartAction::RestartNotify,
            Recovery::RetryAt { .. }
            | Recovery::None
            | Recovery::RestartAt(_)
            | Recovery::Failover => false,
        };
        self.failover_limit == FailoverLimit::GroupOffline && group.resources.iter().any(is_spent)
    }

    pub(super) fn is_member(&self, node: &str) -> bool {
        match self.node_state(node) {
            NodeState::Up | NodeState::Paused | NodeState::Joining => true,
            NodeState::Down | NodeState::Unclean => false,
        }
    }
}

/// Returns what keeps a resource from running on a node: the resource itself, or the first of its
/// providers that cannot run there, and so on.
fn root_of(group: &Group, of: &Resource, standing: &[String], node: &str) -> Option<String> {
    let mut found = of;
    while found.can_run_on(node) {
        let unmet = found.needs.iter().find(|any| !any.iter().any(|of| standing.contains(of)));
        found = group.resource(unmet?.first()?)?;
    }
    Some(found.name.clone())
}

/// Tells whether all dependents of a resource can do without it: each clause that names it is met
/// by another provider, or the dependent is replaced itself.
fn is_replaced(group: &Group, standing: &[String], name: &String) -> bool {
    let depends = |of: &&Resource| of.needs.iter().any(|any| any.contains(name));
    let mut dependents = group.resources.iter().filter(depends).peekable();
    let is_met = |any: &Vec<String>| any.iter().any(|of| of != name && standing.contains(of));
    dependents.peek().is_some()
        && dependents.all(|of| {
            of.needs.iter().filter(|any| any.contains(name)).all(is_met)
                || is_replaced(group, standing, &of.name)
        })
}

impl Group {
    /// Returns the resources that can run on a node, each with a provider there in every clause.
    pub(super) fn standing_on(&self, node: &str) -> Vec<String> {
        let possible = self.resources.iter().filter(|resource| resource.can_run_on(node));
        supported(self, possible.map(|resource| resource.name.clone()).collect())
    }
}

/// Removes every resource with a clause that none of the rest meets, until there is none left.
fn supported(group: &Group, mut names: Vec<String>) -> Vec<String> {
    loop {
        let before = names.clone();
        names.retain(|name| group.resource(name).is_some_and(|resource| meets(resource, &before)));
        if names.len() == before.len() {
            return names;
        }
    }
}

/// Tells whether every clause of a resource has one of these in it.
fn meets(resource: &Resource, names: &[String]) -> bool {
    resource.needs.iter().all(|clause| clause.iter().any(|member| names.contains(member)))
}

/// Tells whether every dependent of a resource is off, or stays online without losing anything.
fn is_let_go(group: &Group, name: &str, stay: &[String]) -> bool {
    group
        .resources
        .iter()
        .filter(|other| other.needs.iter().flatten().any(|provider| provider == name))
        .all(|dependent| !dependent.may_run() || stay.contains(&dependent.name))
}

fn is_in(group: &Group, name: &str, state: ResourceState) -> bool {
    group.resource(name).is_some_and(|resource| resource.state == state)
}

/// Tells whether every clause of a resource has one of these in it that is online; or one that is
/// left, while no other member of the clause is about to stop.
fn stays(group: &Group, resource: &Resource, names: &[String]) -> bool {
    let is_sure = |name: &String| names.contains(name) && !is_left(group, name);
    let is_left_one = |name: &String| names.contains(name) && is_left(group, name);
    let is_going = |name: &String| {
        let is_out = group
            .resource(name)
            .is_some_and(|of| of.may_run() && of.state != ResourceState::OnlinePending);
        is_out && !names.contains(name) && !is_left(group, name)
    };
    resource.needs.iter().all(|clause| {
        clause.iter().any(is_sure) || clause.iter().any(is_left_one) && !clause.iter().any(is_going)
    })
}

/// Tells whether a resource may run, has failed and is left for an operator.
fn is_left(group: &Group, name: &str) -> bool {
    group.resource(name).is_some_and(|of| of.is_left && of.state == ResourceState::InDoubt)
}

fn is_free_to_start(resource: &Resource) -> bool {
    let is_off = match resource.state {
        ResourceState::Offline | ResourceState::Failed => true,
        ResourceState::Initializing
        | ResourceState::OnlinePending
        | ResourceState::Online
        | ResourceState::OfflinePending
        | ResourceState::Terminating
        | ResourceState::InDoubt => false,
    };
    is_off && resource.recovery == Recovery::None && resource.operation.is_none()
}

/// Tells whether an operation changes what runs. Health checks and probes only look.
pub(super) fn is_in_motion(kind: OperationKind) -> bool {
    match kind {
        OperationKind::Start | OperationKind::Stop | OperationKind::Terminate => true,
        OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Probe
        | OperationKind::Fence
        | OperationKind::Inventory => false,
        other => unimplemented!("{other:?}"),
    }
}
