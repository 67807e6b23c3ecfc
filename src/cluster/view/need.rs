//! The groups that need a node, and the nodes on which each of them could stand.

use crate::cluster::view::{Facts, View};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::plan::joint::Urgency;
use crate::plan::{self, LastResorts, Tier};
use crate::policy::Trigger;
use crate::settings::{AntiAffinityPlacement, Ownership};
use crate::spec::{GroupSpec, NodeSet};
use crate::state::{DrainStatus, LockHandling, Room, Tenure};

/// The reason why a group needs a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    /// It has no owner.
    Owner,
    /// Its owner is off.
    OwnerOff,
    /// It is to start on this owner, and takes no room there yet.
    Room(NodeId),
    /// This owner cannot run it.
    FitOwner(NodeId),
    /// This owner is being drained.
    Drain(NodeId),
}

impl Need {
    /// Returns the question to the policy.
    const fn trigger(self) -> Trigger {
        match self {
            Self::Owner | Self::Room(_) | Self::FitOwner(_) => Trigger::Start,
            Self::OwnerOff => Trigger::NodeFailure,
            Self::Drain(_) => Trigger::Drain,
        }
    }
}

impl Facts<'_> {
    /// Tells whether a group takes something that can run short on a node: room in a dimension, or
    /// the place of its class where anti-affinity is hard.
    pub(crate) fn can_compete(self, declared: &GroupSpec) -> bool {
        let is_hard = match self.spec.settings().anti_affinity {
            AntiAffinityPlacement::Hard => true,
            AntiAffinityPlacement::Soft => false,
        };
        !declared.demands().is_empty() || is_hard && !declared.anti_affinity_classes().is_empty()
    }

    /// Returns the urgency of a group among those of its priority that need a node.
    pub(crate) fn urgency(self, group: GroupId) -> Urgency {
        if self.index.running(group) > 0 { Urgency::Running } else { Urgency::Off }
    }

    /// Tells whether a group leaves an owner that cannot run it as soon as there is a better one: it
    /// was only parked there. A group that runs in part leaves by failback, if only the resources
    /// that must run count.
    pub(crate) fn leaves_unfit_owner(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> bool {
        if !self.is_unfit(declared, group, owner) {
            return false;
        }
        let (is_running, is_wanted) =
            (self.index.running(group) > 0, self.is_wanted(declared, group));
        let tenure = self.state.group(group).map(|record| record.tenure);
        let is_struck = tenure == Some(Tenure::Struck);
        match self.spec.settings().ownership {
            // A configuration that struck the owner said that it may move what runs.
            Ownership::NeededResources if is_running && !is_struck => return false,
            Ownership::NeededResources | Ownership::EveryResource => {}
        }
        // A lock holds a group where it was put; a group that has to start and cannot do so here
        // moves on.
        let is_at_rest = is_running || !is_wanted;
        !(is_at_rest && self.is_held_by_lock(group, LockHandling::Respect))
    }

    /// Tells whether a group that leaves an owner which cannot run it goes to a node of this tier.
    ///
    /// Another node that cannot run the whole group is better only if it can run more of it. From a
    /// paused owner, perhaps for a drain, no group goes to a node that cannot run all that must run.
    pub(crate) fn is_better_owner(
        self,
        declared: &GroupSpec,
        group: GroupId,
        (owner, node): (NodeId, NodeId),
        tier: Tier,
    ) -> bool {
        let is_better = match tier {
            Tier::Eligible | Tier::BesideAntiAffine => true,
            Tier::OwnedOnly => {
                let can_start = self.is_wanted(declared, group)
                    && self.state.node_state(owner) == NodeState::Up
                    && self.index.running(group) == 0;
                can_start && declared.unable_count(node) < declared.unable_count(owner)
            }
            Tier::Paused => false,
        };
        is_better && node != owner && !self.is_refused(declared, group, node)
    }

    /// Tells whether a group is to leave its owner for a drain now.
    pub(crate) fn leaves_for_drain(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> bool {
        let Some(drain) = self.state.node(owner).map(|record| record.drain) else { return false };
        drain.status == DrainStatus::InProgress
            && !seeded!(DrainForgotten)
            && self.kept_in_drain(group, drain).is_none()
            && !self.waits_to_leave(declared, group, owner)
    }
}

impl View<'_> {
    /// Returns the reason why a group needs a node now and takes part in the competition for room.
    ///
    /// `None` if it needs no node, waits for something else first, takes no room, goes on to a node
    /// that was chosen before, or fails over, which it does by itself.
    pub(crate) fn need(self, declared: &GroupSpec, group: GroupId) -> Option<Need> {
        if !self.can_compete(declared)
            || !self.state.is_quorate()
            || self.state.room_to_be(self.spec, group) == Room::Left
        {
            return None;
        }
        let record = self.state.group(group)?;
        match record.owner.map(|owner| (owner, self.state.node_state(owner))) {
            None => self.seeks_first_owner(declared, group).then_some(Need::Owner),
            Some((_, NodeState::Down)) => {
                let to = record.movement.and_then(|movement| movement.to);
                let goes_on = to.is_some_and(|to| self.is_still_good(group, to));
                let waits = self.preferred_owner_wait(declared, group).is_some();
                (!goes_on && !waits).then_some(Need::OwnerOff)
            }
            Some((_, NodeState::Joining | NodeState::Unclean)) => None,
            Some((owner, NodeState::Up | NodeState::Paused)) => {
                self.need_on_owner(declared, group, owner)
            }
        }
    }

    fn seeks_first_owner(self, declared: &GroupSpec, group: GroupId) -> bool {
        let is_found = self.was_never_owned(group)
            && (self.unknown_of(declared).is_some()
                || self.where_it_runs(declared, group).is_some());
        !is_found && self.preferred_owner_wait(declared, group).is_none()
    }

    fn need_on_owner(self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Option<Need> {
        if self.is_moving(group) || self.is_group_left(group) {
            return None;
        }
        if self.leaves_for_drain(declared, group, owner) {
            return Some(Need::Drain(owner));
        }
        if self.resource_to_fail_over(declared).is_some() {
            return None;
        }
        if self.waits_for_room(group) {
            return Some(Need::Room(owner));
        }
        self.leaves_unfit_owner(declared, group, owner).then_some(Need::FitOwner(owner))
    }

    /// Returns the nodes that may own a group that needs one, as soon as they have room for it.
    pub(crate) fn able_nodes(self, declared: &GroupSpec, group: GroupId, need: Need) -> NodeSet {
        let Some(placement) = self.placement(group, need.trigger()) else { return NodeSet::new() };
        let last_resorts = LastResorts::new(&placement);
        let nodes = self.spec.nodes().map(|(node, _)| node);
        nodes
            .filter(|node| {
                let tier = plan::tier_with_room(&placement, self.policy, &last_resorts, *node);
                let is_own = need == Need::Room(*node);
                is_own || tier.is_some_and(|tier| self.meets(declared, group, need, (*node, tier)))
            })
            .collect()
    }

    /// Tells whether a node of this tier would do for a group that needs one.
    fn meets(
        self,
        declared: &GroupSpec,
        group: GroupId,
        need: Need,
        (node, tier): (NodeId, Tier),
    ) -> bool {
        match need {
            Need::Owner | Need::OwnerOff => true,
            Need::Room(_) => !self.is_refused(declared, group, node),
            Need::FitOwner(owner) => self.is_better_owner(declared, group, (owner, node), tier),
            Need::Drain(owner) => {
                let target = self.state.node(owner).and_then(|record| record.drain.target);
                target.is_none_or(|target| target == node)
                    && !self.is_refused(declared, group, node)
            }
        }
    }
}
