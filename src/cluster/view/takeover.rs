//! The running resources that a group without any owner so far may take over.

use alloc::vec;
use alloc::vec::Vec;

use crate::cluster::view::{Facts, View};
use crate::id::{Epoch, GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::plan::Tier;
use crate::policy::Trigger;
use crate::settings::DesiredState;
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::OrphanState;

impl Facts<'_> {
    /// Tells whether a group never had an owner, so that nothing was ever asked for it.
    pub(crate) fn was_never_owned(self, group: GroupId) -> bool {
        self.state
            .group(group)
            .is_some_and(|record| record.owner.is_none() && record.epoch == Epoch::default())
    }

    /// Returns the resources of a group that run on a member as if it owned the group, providers
    /// first. Such a resource is wanted, may run there, is neither starting nor stopping, and has
    /// each clause held by another such resource.
    pub(crate) fn tenable(
        self,
        declared: &GroupSpec,
        group: GroupId,
        node: NodeId,
    ) -> Vec<ResourceId> {
        if self.index.orphans.first_of(group).is_none() {
            return Vec::new();
        }
        if !self.may_own(node) {
            return Vec::new();
        }
        let graph = declared.graph();
        let mut held = vec![false; graph.len()];
        let mut tenable = Vec::new();
        for position in graph.start_order() {
            let resource = declared.resource_at(position);
            let runs = self.state.orphans.get(&(node, resource)).is_some_and(|orphan| {
                orphan.state == OrphanState::Running && orphan.operation.is_none()
            });
            let mut clauses = graph.clauses(position);
            let is_tenable = runs
                && self.desired(group, resource) == DesiredState::Online
                && self.spec.resource(resource).is_some_and(|of| of.can_run_on(node))
                && (clauses.all(|mut clause| {
                    clause.any(|member| held.get(member).copied().unwrap_or(false))
                }) || seeded!(TakenOverInPart));
            if is_tenable {
                if let Some(place) = held.get_mut(position) {
                    *place = true;
                }
                tenable.push(resource);
            }
        }
        tenable
    }

    /// Tells whether a node may own the resources that run on it. A joining node first stops the
    /// resources that should not run there, and owns nothing until then.
    fn may_own(self, node: NodeId) -> bool {
        match self.state.node_state(node) {
            NodeState::Up | NodeState::Paused => true,
            NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
        }
    }
}

impl View<'_> {
    /// Returns the node on which a group that never had an owner already runs as it should. The
    /// choice of the policy comes first, then the other nodes in order of preference.
    pub(crate) fn where_it_runs(self, declared: &GroupSpec, group: GroupId) -> Option<NodeId> {
        if !self.was_never_owned(group) || self.index.orphans.first_of(group).is_none() {
            return None;
        }
        let is_fit = |node: NodeId| {
            let is_allowed =
                self.assess(group, Trigger::Start, node).is_ok_and(|tier| match tier {
                    Tier::Eligible | Tier::BesideAntiAffine | Tier::Paused => true,
                    Tier::OwnedOnly => false,
                });
            is_allowed
                && self.refusal(declared, group, node).is_none()
                && !self.tenable(declared, group, node).is_empty()
        };
        let chosen = self.choose(group, Trigger::Start).map(|choice| choice.node);
        let preferred = declared.preferred_owners().iter().copied();
        let others = self.spec.nodes().map(|(node, _)| node);
        chosen.into_iter().chain(preferred).chain(others).find(|node| is_fit(*node))
    }

    /// Tells whether a resource that runs on a member is not stopped for now, because its group may
    /// still take it over.
    pub(crate) fn may_be_taken_over(self, node: NodeId, resource: ResourceId) -> bool {
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        let Some((group, declared)) = group.and_then(|of| Some((of, self.spec.group(of)?))) else {
            return false;
        };
        if !self.was_never_owned(group) || !self.may_own(node) {
            return false;
        }
        // The group is about to be planned, which decides about the resource again.
        if self.index.touched.is_touched(group) {
            return true;
        }
        let is_open = !self.state.is_quorate()
            || self.unknown_of(declared).is_some()
            || self.where_it_runs(declared, group).is_some();
        is_open && self.tenable(declared, group, node).contains(&resource)
    }
}
