//! The resources that a group which never had an owner may take over where they run.

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
    /// Whether a group never had an owner, so that nothing of it was ever asked for.
    pub(crate) fn was_never_owned(self, group: GroupId) -> bool {
        self.state
            .group(group)
            .is_some_and(|record| record.owner.is_none() && record.epoch == Epoch::default())
    }

    /// What of a group runs on a member as it would have to if that member owned the group, providers
    /// first: wanted, possible there, settled, and each clause held by what else does.
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

    /// Whether a node may own what runs on it: what joins is cleaned before it owns anything.
    fn may_own(self, node: NodeId) -> bool {
        match self.state.node_state(node) {
            NodeState::Up | NodeState::Paused => true,
            NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
        }
    }
}

impl View<'_> {
    /// The node on which a group that never had an owner runs already, as it would have to: the one
    /// that the policy would choose, if it does so there, else the first by its list of nodes.
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

    /// Whether what runs on a member is left alone for now, since its group may still take it over.
    pub(crate) fn may_be_taken_over(self, node: NodeId, resource: ResourceId) -> bool {
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        let Some((group, declared)) = group.and_then(|of| Some((of, self.spec.group(of)?))) else {
            return false;
        };
        if !self.was_never_owned(group) || !self.may_own(node) {
            return false;
        }
        // It is about to be planned, and looks at all of this again.
        if self.index.touched.is_touched(group) {
            return true;
        }
        let is_open = !self.state.is_quorate()
            || self.unknown_of(declared).is_some()
            || self.where_it_runs(declared, group).is_some();
        is_open && self.tenable(declared, group, node).contains(&resource)
    }
}
