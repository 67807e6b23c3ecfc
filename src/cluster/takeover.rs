//! What a group that never had an owner takes over: the one exception from "nothing is adopted".

use alloc::vec;
use alloc::vec::Vec;

use super::Cluster;
use super::output::Event;
use crate::id::{Epoch, GroupId, NodeId, ResourceId};
use crate::machine::{NodeState, ResourceEvent};
use crate::plan::Tier;
use crate::policy::Trigger;
use crate::settings::DesiredState;
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::OrphanState;

impl Cluster {
    /// Whether a group never had an owner, so that nothing of it was ever asked for.
    pub(crate) fn was_never_owned(&self, group: GroupId) -> bool {
        self.state
            .group(group)
            .is_some_and(|record| record.owner.is_none() && record.epoch == Epoch::default())
    }

    /// What of a group runs on a member as it would have to if that member owned the group, providers
    /// first: wanted, possible there, settled, and each clause held by what else does.
    pub(crate) fn tenable(
        &self,
        declared: &GroupSpec,
        group: GroupId,
        node: NodeId,
    ) -> Vec<ResourceId> {
        if self.caches.orphans.first_of(group).is_none() {
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

    /// The node on which a group that never had an owner runs already, as it would have to: the one
    /// that the policy would choose, if it does so there, else the first by its list of nodes.
    pub(crate) fn where_it_runs(&self, declared: &GroupSpec, group: GroupId) -> Option<NodeId> {
        if !self.was_never_owned(group) || self.caches.orphans.first_of(group).is_none() {
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

    /// Whether what runs on a member is left alone for now, since its group may still take it over.
    pub(crate) fn may_be_taken_over(&self, node: NodeId, resource: ResourceId) -> bool {
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        let Some((group, declared)) = group.and_then(|of| Some((of, self.spec.group(of)?))) else {
            return false;
        };
        if !self.was_never_owned(group) || !self.may_own(node) {
            return false;
        }
        // It is about to be planned, and looks at all of this again.
        if self.caches.touched.is_touched(group) {
            return true;
        }
        let is_open = !self.state.is_quorate()
            || self.unknown_of(declared).is_some()
            || self.where_it_runs(declared, group).is_some();
        is_open && self.tenable(declared, group, node).contains(&resource)
    }

    /// Whether a node may own what runs on it: what joins is cleaned before it owns anything.
    fn may_own(&self, node: NodeId) -> bool {
        match self.state.node_state(node) {
            NodeState::Up | NodeState::Paused => true,
            NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
        }
    }

    /// Looks again at what runs of a group that never had an owner.
    pub(crate) fn touch_orphans_of(&mut self, group: GroupId) {
        let places: Vec<(NodeId, ResourceId)> = self.caches.orphans.of_group(group).collect();
        for (node, resource) in places {
            self.caches.touched.add_orphan(node, resource);
            self.caches.touched.add_node(node);
        }
    }

    /// The first owner of a group takes over what runs there.
    pub(crate) fn take_over_running(
        &mut self,
        group: GroupId,
        resources: &[ResourceId],
        node: NodeId,
    ) {
        for resource in resources {
            self.set_orphan(node, *resource, None);
            self.caches.touched.remove_orphan(node, *resource);
            self.emit(Event::TakenOver { resource: *resource, node });
            self.step_resource(*resource, ResourceEvent::FoundRunning);
            self.note_alive(*resource);
        }
        // What is left has nobody any more who could take it over.
        self.touch_orphans_of(group);
    }
}
