//! Gives a node to the groups that need one.

use crate::cluster::settle::placed::Placed;
use crate::cluster::settle::planner::Planner;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::plan::Tier;
use crate::policy::Trigger;
use crate::spec::GroupSpec;
use crate::state::{
    DrainMode, Fence, MoveFailure, Movement, MovementCause, NoRestartCause, Recovery, Tenure,
};

impl Planner<'_> {
    /// Gives a group the owner that it should have, or starts its move there.
    pub(crate) fn place(&mut self, declared: &GroupSpec, group: GroupId) -> Placed {
        if self.view().was_never_owned(group) {
            // Each time such a group is planned, its running resources are judged again: it may be
            // able to take them over by now.
            self.ledger.touch_orphans_of(group);
        }
        if !self.ledger.state().is_quorate() {
            return Placed::Undecided;
        }
        let owner = self.ledger.state().owner(group);
        match owner.map(|node| (node, self.ledger.state().node_state(node))) {
            None => self.place_first(declared, group),
            Some((owner, NodeState::Down)) => self.take_over(declared, group, owner),
            // Nothing may start elsewhere before the owner is known to be off, or has been cleaned.
            Some((owner, NodeState::Unclean)) => {
                // The node is planned again, for an order of an operator can change the need for a
                // fence: a group that is wanted now needs one although none was under way, and a
                // group that is not wanted any more needs no further attempt.
                let is_wanted = self.view().is_wanted(declared, group);
                let is_fence_touched = self.ledger.state().node(owner).is_some_and(|record| {
                    let Fence { operation, retry_at, .. } = &record.fence;
                    operation.is_none() && (is_wanted || retry_at.is_some())
                });
                if is_fence_touched {
                    self.ledger.touch_node(owner);
                }
                Placed::Undecided
            }
            Some((_, NodeState::Joining)) => Placed::Undecided,
            Some((owner, NodeState::Up | NodeState::Paused)) => {
                self.place_owned(declared, group, owner)
            }
        }
    }

    fn place_first(&mut self, declared: &GroupSpec, group: GroupId) -> Placed {
        if self.view().was_never_owned(group) {
            if self.view().unknown_of(declared).is_some() {
                return Placed::Undecided;
            }
            if let Some(node) = self.view().where_it_runs(declared, group) {
                self.ledger.transfer(group, Some(node), MovementCause::Start, None);
                return Placed::Decided;
            }
        }
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        if self.view().preferred_owner_wait(declared, group).is_some() {
            return Placed::Undecided;
        }
        match self.choose(declared, group, Trigger::Start) {
            Some(choice) => {
                self.ledger.transfer(group, Some(choice.node), MovementCause::Start, None);
                Placed::Decided
            }
            None => Placed::Undecided,
        }
    }

    /// Moves a group whose owner is off to its destination if it was moving, or else to the next
    /// host.
    fn take_over(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Placed {
        let proof = self.ledger.state().node(owner).map(|record| record.proof);
        let movement = self.ledger.state().group(group).and_then(|record| record.movement);
        if let Some(Movement { to: Some(to), cause, .. }) = movement
            && self.view().is_still_good(group, to)
        {
            self.ledger.transfer(group, Some(to), cause, proof);
            return Placed::Decided;
        }
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        if self.view().preferred_owner_wait(declared, group).is_some() {
            return Placed::Undecided;
        }
        match self.choose(declared, group, Trigger::NodeFailure) {
            Some(choice) => {
                self.ledger.transfer(group, Some(choice.node), MovementCause::NodeFailure, proof);
                Placed::Decided
            }
            None => Placed::Undecided,
        }
    }

    fn place_owned(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Placed {
        if self.view().is_moving(group) {
            return self.continue_move(group, owner);
        }
        if self.view().is_group_left(group) {
            return self.place_left(declared, group, owner);
        }
        // A group that leaves anyway needs no failover, which would be counted.
        let placed = self
            .leave_drained_owner(declared, group, owner)
            .or_else(|| self.fail_over(declared, group))
            .or_else(|| self.leave_unfit_owner(declared, group, owner))
            .or_else(|| self.take_room(declared, group, owner))
            .or_else(|| self.retry_admission(declared, group, owner))
            .or_else(|| self.try_queued_move(group))
            .or_else(|| self.fail_back(declared, group, owner));
        self.set_off(placed, group, owner)
    }

    /// Lets a move that was decided on begin at once.
    fn set_off(&mut self, placed: Placed, group: GroupId, owner: NodeId) -> Placed {
        match placed {
            Placed::Decided if self.view().is_moving(group) => self.continue_move(group, owner),
            Placed::Decided | Placed::Undecided | Placed::Yielded => placed,
        }
    }

    /// Places a group that has a resource left for an operator. It moves only if an operator moves
    /// it: by a configuration that may move groups, or by an order that waited.
    fn place_left(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Placed {
        let tenure = self.ledger.state().group(group).map(|record| record.tenure);
        let placed = match tenure {
            Some(Tenure::Struck) => self.leave_unfit_owner(declared, group, owner),
            Some(Tenure::Lasting) | None => Placed::Undecided,
        };
        let placed = placed.or_else(|| self.try_queued_move(group));
        self.set_off(placed, group, owner)
    }

    /// Moves a group if one of its resources used up its restarts.
    fn fail_over(&mut self, declared: &GroupSpec, group: GroupId) -> Placed {
        let Some((resource, recovery)) = self.view().resource_to_fail_over(declared) else {
            return Placed::Undecided;
        };
        if let Some(source) = self.ledger.state().group(group).and_then(|record| record.return_to) {
            self.ledger.set_source(group, None);
            if self.view().assess(group, Trigger::BestPossible, source).is_ok() {
                self.ledger.begin_move(
                    group,
                    Some(source),
                    MovementCause::Return,
                    MoveFailure::Failover,
                );
                return Placed::Decided;
            }
        }
        if self.stay_without_return(declared, resource) {
            return Placed::Decided;
        }
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        let target = self
            .view()
            .choose(group, Trigger::ResourceFailure)
            .filter(|choice| !self.view().is_refused(declared, group, choice.node));
        let Some(target) = target else {
            let is_news = recovery == Recovery::Failover;
            if is_news {
                self.give_up(resource, NoRestartCause::NoCandidate);
            }
            return if is_news { Placed::Decided } else { Placed::Undecided };
        };
        if self
            .view()
            .failover_budget(group, self.ledger.state().now)
            .is_none_or(|budget| budget.remaining == 0)
        {
            self.give_up(resource, NoRestartCause::Failovers);
            return Placed::Decided;
        }
        self.ledger.record_failover(declared, group);
        let to = Some(target.node);
        self.ledger.begin_move(group, to, MovementCause::ResourceFailure, MoveFailure::Failover);
        Placed::Decided
    }

    /// Moves a group off an owner that cannot run it, if another node can.
    fn leave_unfit_owner(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Placed {
        if !self.view().leaves_unfit_owner(declared, group, owner) {
            return Placed::Undecided;
        }
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        let choice = self.choose(declared, group, Trigger::Start).filter(|choice| {
            let nodes = (owner, choice.node);
            self.view().is_better_owner(declared, group, nodes, choice.tier)
        });
        let Some(choice) = choice else { return Placed::Undecided };
        let tenure = self.ledger.state().group(group).map(|record| record.tenure);
        let cause = match tenure {
            Some(Tenure::Struck) => MovementCause::Configuration,
            Some(Tenure::Lasting) | None => MovementCause::Start,
        };
        self.ledger.begin_move(group, Some(choice.node), cause, MoveFailure::Failover);
        Placed::Decided
    }

    /// Tries a group again that was not admitted beside another one of its class.
    fn retry_admission(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Placed {
        let is_refused =
            declared.resources().any(|resource| self.view().is_refused_resource(resource));
        if !is_refused || !self.view().is_wanted(declared, group) {
            return Placed::Undecided;
        }
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        let choice = self.view().choose(group, Trigger::Start);
        let elsewhere = choice
            .filter(|choice| choice.tier == Tier::Eligible && choice.node != owner)
            .map(|choice| choice.node);
        if elsewhere.is_none() && self.view().is_refused(declared, group, owner) {
            return Placed::Undecided;
        }
        for resource in declared.resources() {
            if self.view().is_refused_resource(resource) {
                self.ledger.forget_failure(resource);
            }
        }
        if let Some(to) = elsewhere {
            self.ledger.begin_move(group, Some(to), MovementCause::Start, MoveFailure::Failover);
        }
        Placed::Decided
    }

    /// Moves a group off a node that is being drained.
    pub(crate) fn leave_drained_owner(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> Placed {
        if !self.view().leaves_for_drain(declared, group, owner) {
            return Placed::Undecided;
        }
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        let drain = self.ledger.state().node(owner).map(|record| record.drain).unwrap_or_default();
        let target = self.choose_for_drain(declared, group, drain);
        let mode = if seeded!(DrainToNowhere) { DrainMode::Forced } else { drain.mode };
        match (target, mode) {
            (Some(_), DrainMode::Normal | DrainMode::Forced) | (None, DrainMode::Forced) => {
                if target.is_none() && self.ledger.index().running(group) > 0 {
                    self.ledger.emit(Event::DrainStopped { node: owner, group });
                }
                self.ledger.begin_move(group, target, MovementCause::Drain, MoveFailure::Failover);
                Placed::Decided
            }
            (None, DrainMode::Normal) => Placed::Undecided,
        }
    }
}
