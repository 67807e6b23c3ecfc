//! Acts on the state until nothing is left to do.

mod advance;
mod clean;
mod drain;
mod expire;
mod fail;
mod failback;
mod fence;
mod joint;
mod left;
mod moves;
mod place;
mod placed;
pub(crate) mod planner;
mod reconcile;
mod recover;
mod room;

use crate::cluster::index::agenda::Slot;
use crate::cluster::index::work::Task;
use crate::cluster::settle::placed::Placed;
use crate::cluster::settle::planner::Planner;
use crate::cluster::words::{Event, StateRule, StateSubject};
use crate::id::GroupId;
use crate::spec::GroupSpec;

impl Planner<'_> {
    /// Sets the deadlines of a group and of its resources.
    pub(crate) fn schedule_group(&mut self, declared: &GroupSpec, group: GroupId) {
        for resource in declared.resources() {
            self.ledger.schedule_resource(resource);
        }
        let at = self.view().group_deadline(declared, group).map(|(at, _)| at);
        self.ledger.set_deadline(Slot::Group(group), at);
    }

    /// Plans every touched node and group, in order of priority, until nothing is touched.
    pub(crate) fn settle(&mut self) {
        self.settle_within(self.view().rounds());
    }

    fn settle_within(&mut self, rounds: u64) {
        let mut rounds = 0..rounds;
        loop {
            if rounds.next().is_none() {
                self.ledger.note_fault(StateSubject::Cluster, StateRule::PlanningWithoutEnd);
                break;
            }
            if self.settle_next() {
                // There may be more.
            } else if self.finish_drains() {
                // Groups that stay are settled once more.
            } else if seeded!(TimeoutInThePast) || !self.ledger.touch_what_is_due() {
                // Something may have become due meanwhile, such as a check while another one was in
                // flight. It is asked for in this step too: no timer is left in the past.
                break;
            }
        }
        self.end_round();
        self.ledger.end_step();
    }

    /// Does one piece of work. Tells whether there was any.
    pub(crate) fn settle_next(&mut self) -> bool {
        let Some(task) = self.ledger.next_task() else { return false };
        match task {
            Task::Node(node) => {
                self.end_round();
                self.settle_node(node);
            }
            Task::Group(group) => self.settle_group(group),
            Task::Late => {
                self.end_round();
                self.ledger.touch_late();
            }
            Task::Return { group, to } => self.send_back(group, to),
        }
        true
    }

    fn settle_group(&mut self, group: GroupId) {
        let Some(declared) = self.ledger.spec().group(group) else { return };
        if self.view().may_advance(group) {
            return self.advance(declared, group);
        }
        self.expire(declared, group);
        self.ledger.touch_silent_nodes(declared);
        match self.place(declared, group) {
            Placed::Undecided | Placed::Decided => {}
            Placed::Yielded => return self.ledger.plan_later(group),
        }
        self.settle_in_round(declared, group);
        self.tell_homeless(declared, group);
        self.put_off_retries(declared, group);
        self.reconcile(declared, group);
        self.forget_source(declared, group);
        self.ledger.tell_group_state(group);
        self.ledger.classify(declared, group);
        self.schedule_group(declared, group);
        self.ledger.note_calm(declared, group);
    }

    /// Tells that no node was found for a group, when it begins to wait for one.
    fn tell_homeless(&mut self, declared: &GroupSpec, group: GroupId) {
        let index = self.ledger.index();
        let is_told = index.homeless.contains(&group)
            || seeded!(PlacementUntold) && index.awaiting.contains(&group);
        if !is_told && self.view().is_homeless(declared, group) {
            self.ledger.emit(Event::PlacementFailed { group });
        }
    }

    /// Forgets the node to return to after a move that ended well.
    fn forget_source(&mut self, declared: &GroupSpec, group: GroupId) {
        let has_source =
            self.ledger.state().group(group).is_some_and(|record| record.return_to.is_some());
        if has_source && self.view().is_complete(declared, group) {
            self.ledger.set_source(group, None);
        }
    }

    /// Fills the indexes that need planning.
    pub(crate) fn plan_indexes(&mut self) {
        let spec = self.ledger.spec();
        for (group, declared) in spec.groups() {
            self.ledger.classify(declared, group);
            self.schedule_group(declared, group);
        }
        self.ledger.review_tiers();
        for (node, _) in spec.nodes() {
            self.ledger.schedule_node(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cluster;
    use crate::cluster::Inconsistency;
    use crate::cluster::keep::invariants::sample;
    use crate::machine::{NodeEvent, NodeState, ResourceEvent};
    use crate::policy::Ring;
    use alloc::sync::Arc;

    fn cluster() -> Cluster {
        let spec = sample::spec();
        let state = sample::state(&spec);
        Cluster::assemble(Arc::new(spec), Arc::new(Ring::new()), state)
    }

    /// Checks that a fault stays, whatever comes after it, and is no part of the state.
    fn is_kept(mut faulty: Cluster, sound: &Cluster, fault: &Inconsistency) {
        assert_eq!(faulty.check_invariants().as_ref(), Err(fault));
        assert_eq!(faulty.clone().check_invariants().as_ref(), Err(fault));
        assert_eq!(faulty.digest(), sound.digest());
        assert_eq!(faulty.snapshot(), sound.snapshot());
        let restored =
            Cluster::restore(faulty.snapshot(), Ring::new()).map(|of| of.store.fault().cloned());
        assert_eq!(restored, Ok(None));
        faulty.planner().settle();
        assert_eq!(faulty.check_invariants().as_ref(), Err(fault));
    }

    #[test]
    fn a_change_that_a_table_forbids_is_told_and_not_made() {
        let sound = cluster();
        let mut faulty = sound.clone();
        let node = sample::node(0);
        assert_eq!(sound.store.state().node_state(node), NodeState::Up);
        faulty.store.ledger().step_node(node, NodeEvent::Admitted);
        is_kept(
            faulty,
            &sound,
            &Inconsistency::new(StateSubject::Node(node), StateRule::ForbiddenChange),
        );

        let mut faulty = sound.clone();
        let resource = sample::resource("ip");
        faulty.store.ledger().step_resource(resource, ResourceEvent::AssumedOff);
        let subject = StateSubject::Resource(resource);
        is_kept(faulty, &sound, &Inconsistency::new(subject, StateRule::ForbiddenChange));
    }

    #[test]
    fn planning_that_is_broken_off_is_told() {
        let sound = cluster();
        let mut faulty = sound.clone();
        faulty.planner().settle_within(0);
        let fault = Inconsistency::new(StateSubject::Cluster, StateRule::PlanningWithoutEnd);
        is_kept(faulty, &sound, &fault);
    }
}
