//! Who owns a group: takeovers, failovers, and groups that found no place.

use super::Cluster;
use super::output::Event;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::plan::{self, Choice, Rejection, Tier};
use crate::policy::Trigger;
use crate::settings::{Admission, DesiredState, Ownership};
use crate::spec::GroupSpec;
use crate::state::{
    DownProof, DrainMode, DrainStatus, Exhaustion, Fence, HomeWait, LockHandling, MoveFailure,
    Movement, MovementCause, Recovery, Tenure,
};
use crate::time::Timestamp;

impl Cluster {
    /// Gives a group the owner it should have, or sets it moving there.
    pub(crate) fn place(&mut self, declared: &GroupSpec, group: GroupId) {
        if self.was_never_owned(group) {
            // Whether it may still take over what runs is asked again, whatever was touched.
            self.touch_orphans_of(group);
        }
        if !self.state.is_quorate() {
            return;
        }
        let owner = self.state.owner(group);
        match owner.map(|node| (node, self.state.node_state(node))) {
            None => self.place_first(declared, group),
            Some((owner, NodeState::Down)) => self.take_over(declared, group, owner),
            // Nothing may start elsewhere before the owner is known to be off, or is clean.
            Some((owner, NodeState::Unclean)) => {
                // An operator may have asked for it only now, while nobody waited for a fence or for
                // the next attempt after one that failed; or may not want it any more.
                let is_wanted = self.is_wanted(declared, group);
                let is_fence_touched = self.state.node(owner).is_some_and(|record| {
                    let Fence { operation, retry_at, .. } = &record.fence;
                    operation.is_none() && (is_wanted || retry_at.is_some())
                });
                if is_fence_touched {
                    self.caches.touched.add_node(owner);
                }
            }
            Some((_, NodeState::Joining)) => {}
            Some((owner, NodeState::Up | NodeState::Paused)) => {
                self.place_owned(declared, group, owner);
            }
        }
    }

    fn place_first(&mut self, declared: &GroupSpec, group: GroupId) {
        if self.was_never_owned(group) {
            if self.unknown_of(declared).is_some() {
                return;
            }
            if let Some(node) = self.where_it_runs(declared, group) {
                self.transfer(group, Some(node), MovementCause::Start, None);
                return;
            }
        }
        if self.yields_to_awaiting(group) {
            return;
        }
        if self.preferred_owner_wait(declared, group).is_some() {
            return;
        }
        match self.choose(group, Trigger::Start) {
            Some(choice) => self.transfer(group, Some(choice.node), MovementCause::Start, None),
            None => self.tell_no_place(group),
        }
    }

    /// The owner is off: the group goes where it was going anyway, or to the next host.
    fn take_over(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        let proof = self.state.node(owner).map(|record| record.proof);
        let movement = self.state.group(group).and_then(|record| record.movement);
        if let Some(Movement { to: Some(to), cause, .. }) = movement
            && self.is_still_good(group, to)
        {
            self.transfer(group, Some(to), cause, proof);
            return;
        }
        if self.yields_to_awaiting(group) {
            return;
        }
        if self.preferred_owner_wait(declared, group).is_some() {
            return;
        }
        match self.choose(group, Trigger::NodeFailure) {
            Some(choice) => {
                self.transfer(group, Some(choice.node), MovementCause::NodeFailure, proof);
            }
            None => self.tell_no_place(group),
        }
    }

    /// Whether a group that was on its way to a node goes on to it without its owner: it can run all
    /// that must run there, and there is room.
    pub(crate) fn is_still_good(&self, group: GroupId, to: NodeId) -> bool {
        self.assess(group, Trigger::Start, to).is_ok_and(|tier| match tier {
            Tier::Eligible | Tier::BesideAntiAffine => true,
            Tier::OwnedOnly | Tier::Paused => false,
        })
    }

    pub(super) fn tell_no_place(&mut self, group: GroupId) {
        if !self.caches.awaiting.contains(&group) {
            self.emit(Event::PlacementFailed { group });
        }
    }

    /// Until when a group waits for its home when the cluster forms, and for which node
    /// (`ClusterGroupWaitDelay`). Home is the most preferred owner, else the last one; if that one is
    /// there, or there is none, it is the first node that can run all that must run, as long as the
    /// group could only start in part. What was started or placed once since then is part of a running cluster,
    /// and waits for nobody.
    pub(crate) fn preferred_owner_wait(
        &self,
        declared: &GroupSpec,
        group: GroupId,
    ) -> Option<(NodeId, Timestamp)> {
        let formed_at = self.state.formed_at?;
        let record = self.state.group(group)?;
        let is_over = record.home_wait == HomeWait::Over && !seeded!(HomeAwaitedAgain);
        let home = declared.preferred_owners().first().copied().or(record.default_owner);
        let until = formed_at.after(self.spec.settings().group_wait_delay);
        if is_over || until <= self.state.now {
            return None;
        }
        let missing = home.filter(|home| !self.state.node_state(*home).is_member());
        let awaited = missing.or_else(|| self.able_node_to_come(declared, group))?;
        Some((awaited, until))
    }

    /// The first node that can run all that must run of a group, if none that is there can, and it
    /// could only start in part.
    fn able_node_to_come(&self, declared: &GroupSpec, group: GroupId) -> Option<NodeId> {
        let owners = declared.owners();
        match self.spec.settings().ownership {
            Ownership::NeededResources if owners.is_some() => {}
            Ownership::NeededResources | Ownership::EveryResource => return None,
        }
        let (mut to_come, mut could_start) = (None, false);
        for (node, _) in self.spec.nodes() {
            let state = self.state.node_state(node);
            if self.state.obstacle(&self.spec, group, node).is_some() {
                could_start |= state == NodeState::Up && declared.can_run_anything(node);
                continue;
            }
            match state {
                NodeState::Up | NodeState::Paused => return None,
                NodeState::Down | NodeState::Joining | NodeState::Unclean => {
                    to_come = to_come.or(Some(node));
                }
            }
        }
        to_come.filter(|_| could_start)
    }

    fn place_owned(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        if self.is_moving(group) {
            self.continue_move(group, owner);
            return;
        }
        if self.is_group_left(group) {
            self.place_left(declared, group, owner);
            return;
        }
        // What leaves anyway needs no failover, which would be counted.
        let is_settled = self.leave_drained_owner(group, owner)
            || self.fail_over(declared, group)
            || self.leave_unfit_owner(declared, group, owner)
            || self.take_room(declared, group, owner)
            || self.retry_admission(declared, group, owner)
            || self.try_queued_move(group)
            || self.fail_back(declared, group, owner);
        if is_settled && self.is_moving(group) {
            self.continue_move(group, owner);
        }
    }

    /// A group of which something is left as it is moves only where an operator has it moved: by a
    /// configuration that may, or by an order that waited.
    fn place_left(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        let tenure = self.state.group(group).map(|record| record.tenure);
        let is_struck = tenure == Some(Tenure::Struck);
        let is_settled = is_struck && self.leave_unfit_owner(declared, group, owner)
            || self.try_queued_move(group);
        if is_settled && self.is_moving(group) {
            self.continue_move(group, owner);
        }
    }

    /// Moves a group of which a resource used up its restarts. Whether there was anything to
    /// decide.
    fn fail_over(&mut self, declared: &GroupSpec, group: GroupId) -> bool {
        let Some((resource, recovery)) = self.resource_to_fail_over(declared) else { return false };
        if let Some(source) = self.state.group(group).and_then(|record| record.return_to) {
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                record.return_to = None;
            }
            if self.assess(group, Trigger::BestPossible, source).is_ok() {
                self.begin_move(group, Some(source), MovementCause::Return, MoveFailure::Failover);
                return true;
            }
        }
        if self.stay_without_return(declared, resource) || self.yields_to_awaiting(group) {
            return true;
        }
        let target = self
            .choose(group, Trigger::ResourceFailure)
            .filter(|choice| !self.is_refused(declared, group, choice.node));
        let Some(target) = target else {
            let is_news = recovery == Recovery::Failover;
            if is_news {
                self.give_up(resource, Exhaustion::NoCandidate);
            }
            return is_news;
        };
        if self.failover_budget(group, self.state.now).is_none_or(|budget| budget.remaining == 0) {
            self.give_up(resource, Exhaustion::Failovers);
            return true;
        }
        let (now, period) = (self.state.now, declared.settings().failover_period);
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failovers.record(now, period);
        }
        let to = Some(target.node);
        self.begin_move(group, to, MovementCause::ResourceFailure, MoveFailure::Failover);
        true
    }

    /// The first resource that wants its group to move: its restarts are used up; or, if there is
    /// none, they were and there was no node to move to.
    fn resource_to_fail_over(&self, declared: &GroupSpec) -> Option<(ResourceId, Recovery)> {
        let first = |wants: fn(Recovery) -> bool| {
            declared.resources().find_map(|resource| {
                let recovery = self.state.resource(resource)?.recovery;
                wants(recovery).then_some((resource, recovery))
            })
        };
        first(|recovery| recovery == Recovery::Failover)
            .or_else(|| {
                first(|recovery| {
                    matches!(recovery, Recovery::RetryAt { cause: Exhaustion::NoCandidate, .. })
                })
            })
            .or_else(|| {
                declared.resources().find_map(|resource| {
                    let recovery = self.state.resource(resource)?.recovery;
                    let is_unfit =
                        matches!(recovery, Recovery::RetryAt { cause: Exhaustion::ForGood, .. });
                    (is_unfit && self.bars_owner(resource)).then_some((resource, recovery))
                })
            })
    }

    /// Moves a group off an owner that cannot run it, when there is one that can: it was only
    /// parked there. What runs in part leaves by failback, if only what must run counts.
    fn leave_unfit_owner(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> bool {
        if !self.is_unfit(declared, group, owner) {
            return false;
        }
        let (is_running, is_wanted) =
            (self.caches.running(group) > 0, self.is_wanted(declared, group));
        let tenure = self.state.group(group).map(|record| record.tenure);
        let is_struck = tenure == Some(Tenure::Struck);
        match self.spec.settings().ownership {
            // A configuration that struck the owner said that it may move what runs.
            Ownership::NeededResources if is_running && !is_struck => return false,
            Ownership::NeededResources | Ownership::EveryResource => {}
        }
        // A lock holds what is where it was put; what has to start and cannot do so here goes on.
        let is_at_rest = is_running || !is_wanted;
        if is_at_rest && self.is_held_by_lock(group, LockHandling::Respect) {
            return false;
        }
        if self.yields_to_awaiting(group) {
            return true;
        }
        let is_owner_up = self.state.node_state(owner) == NodeState::Up;
        let choice = self.choose(group, Trigger::Start).filter(|choice| {
            // Another one that cannot run all of it is better only if it can run more. From a paused
            // owner, perhaps for a drain, nothing goes where not all that must run can.
            let is_better = match choice.tier {
                Tier::Eligible | Tier::BesideAntiAffine => true,
                Tier::OwnedOnly => {
                    let unable = declared.unable_count(choice.node);
                    let can_start = is_wanted && is_owner_up && !is_running;
                    can_start && unable < declared.unable_count(owner)
                }
                Tier::Paused => false,
            };
            is_better && choice.node != owner && !self.is_refused(declared, group, choice.node)
        });
        let Some(choice) = choice else { return false };
        let cause = match tenure {
            Some(Tenure::Struck) => MovementCause::Configuration,
            Some(Tenure::Lasting) | None => MovementCause::Start,
        };
        self.begin_move(group, Some(choice.node), cause, MoveFailure::Failover);
        true
    }

    /// Whether the owner cannot run a group that should run: it is paused and runs nothing of it,
    /// or it cannot run all that must run.
    pub(crate) fn is_unfit(&self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> bool {
        let is_possible = self.state.obstacle(&self.spec, group, owner).is_none();
        let is_held = self.state.node_state(owner) == NodeState::Paused
            && self.caches.running(group) == 0
            && self.is_wanted(declared, group);
        !is_possible || is_held
    }

    /// Whether anything of the group should be online, and may be started by the core.
    pub(crate) fn is_wanted(&self, _declared: &GroupSpec, group: GroupId) -> bool {
        self.state.is_wanted(&self.spec, group)
    }

    /// What is wanted of a resource: its own desired state, else that of its group.
    pub(crate) fn desired(&self, group: GroupId, resource: ResourceId) -> DesiredState {
        self.state.desired(group, resource)
    }

    /// Tries a group again that was refused beside another one of its class.
    fn retry_admission(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> bool {
        let is_refused = declared.resources().any(|resource| self.is_refused_resource(resource));
        if !is_refused || !self.is_wanted(declared, group) {
            return false;
        }
        if self.yields_to_awaiting(group) {
            return true;
        }
        let choice = self.choose(group, Trigger::Start);
        let elsewhere = choice
            .filter(|choice| choice.tier == Tier::Eligible && choice.node != owner)
            .map(|choice| choice.node);
        if elsewhere.is_none() && self.is_refused(declared, group, owner) {
            return false;
        }
        for resource in declared.resources() {
            if self.is_refused_resource(resource) {
                self.forget_failure(resource);
            }
        }
        if let Some(to) = elsewhere {
            self.begin_move(group, Some(to), MovementCause::Start, MoveFailure::Failover);
        }
        true
    }

    fn is_refused_resource(&self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| {
            matches!(record.recovery, Recovery::RetryAt { cause: Exhaustion::Admission, .. })
        })
    }

    /// Moves a group off a node that is being drained.
    pub(crate) fn leave_drained_owner(&mut self, group: GroupId, owner: NodeId) -> bool {
        let Some(drain) = self.state.node(owner).map(|record| record.drain) else { return false };
        if drain.status != DrainStatus::InProgress || seeded!(DrainForgotten) {
            return false;
        }
        if self.is_held_by_lock(group, drain.lock) && !seeded!(LockIgnored) {
            return false;
        }
        // Whoever is to look at it has to find it.
        if self.is_group_left(group) {
            return false;
        }
        let waits = self.spec.group(group).is_some_and(|of| self.waits_to_leave(of, group, owner));
        if waits {
            return false;
        }
        if self.yields_to_awaiting(group) {
            return true;
        }
        let target = match drain.target {
            Some(target) => self.assess(group, Trigger::Drain, target).is_ok().then_some(target),
            None => self.choose(group, Trigger::Drain).map(|choice| choice.node),
        };
        let declared = self.spec.group(group);
        let target =
            target.filter(|node| declared.is_some_and(|of| !self.is_refused(of, group, *node)));
        let mode = if seeded!(DrainToNowhere) { DrainMode::Forced } else { drain.mode };
        match (target, mode) {
            (Some(_), DrainMode::Normal | DrainMode::Forced) | (None, DrainMode::Forced) => {
                if target.is_none() && self.caches.running(group) > 0 {
                    self.emit(Event::DrainStopped { node: owner, group });
                }
                self.begin_move(group, target, MovementCause::Drain, MoveFailure::Failover);
                true
            }
            (None, DrainMode::Normal) => false,
        }
    }

    /// The group that keeps this one from coming online on a node: one of its class runs there and
    /// the cluster admits only one (MS-CMRP 3.1.4.1.50).
    pub(crate) fn refusal(
        &self,
        declared: &GroupSpec,
        group: GroupId,
        node: NodeId,
    ) -> Option<GroupId> {
        if self.spec.settings().admission == Admission::Open {
            return None;
        }
        declared.anti_affinity_classes().iter().find_map(|class| {
            self.state.occupancy.class_on(*class, node).find(|other| {
                *other != group
                    && self.state.owner(*other) == Some(node)
                    && self.caches.running(*other) > 0
            })
        })
    }

    /// Whether a group would be kept from coming online on a node. Nobody refuses one that is
    /// wanted off.
    pub(crate) fn is_refused(&self, declared: &GroupSpec, group: GroupId, node: NodeId) -> bool {
        self.refusal(declared, group, node).is_some() && self.is_wanted(declared, group)
    }

    pub(crate) fn choose(&self, group: GroupId, trigger: Trigger) -> Option<Choice> {
        plan::choose(&self.placement(group, trigger)?, &*self.policy)
    }

    /// Whether a group may go to this node, and on what terms.
    pub(crate) fn assess(
        &self,
        group: GroupId,
        trigger: Trigger,
        node: NodeId,
    ) -> Result<Tier, Rejection> {
        self.placement(group, trigger)
            .map_or(Err(Rejection::NotUp { state: NodeState::Down }), |placement| {
                plan::assess(&placement, &*self.policy, node)
            })
    }

    /// The proof that goes with a takeover from this owner, if it is off.
    pub(crate) fn proof_of(&self, owner: Option<NodeId>) -> Option<DownProof> {
        let record = self.state.node(owner?)?;
        (record.state == NodeState::Down).then_some(record.proof)
    }
}
