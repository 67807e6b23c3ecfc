//! From the state to the next operations: everything that was touched is planned anew.

use alloc::sync::Arc;

use super::agenda::Slot;
use super::output::Event;
use super::outstanding::Target;
use super::{Cluster, Rule, Subject};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeEvent, NodeState, ResourceEvent, ResourceState, Transition};
use crate::policy::{Placement, Trigger};
use crate::settings::{Failback, RestartWindow};
use crate::spec::GroupSpec;
use crate::state::{HomeWait, Turn};

impl Cluster {
    /// Plans every touched node and group, in order of priority, until nothing is touched.
    pub(crate) fn settle(&mut self) {
        self.settle_within(self.rounds());
    }

    fn settle_within(&mut self, rounds: u64) {
        let mut rounds = 0..rounds;
        loop {
            if rounds.next().is_none() {
                self.note_fault(Subject::Cluster, Rule::PlanningWithoutEnd);
                break;
            }
            if self.settle_next() {
                // There may be more.
            } else if self.finish_drains() {
                // What stays is settled once more.
            } else if seeded!(TimeoutInThePast) || !self.touch_what_is_due() {
                // What became due on the way, such as a check while another one was in flight, is
                // asked for in the same step: no timer is left in the past.
                break;
            }
        }
        self.caches.touched.forget_let_leave();
    }

    /// More rounds than settling takes. Each changes the state towards what is wanted, so they end
    /// by themselves; the bound turns a mistake in that argument into a fault that is told, not a hang.
    pub(crate) fn rounds(&self) -> u64 {
        let groups = u64::try_from(self.spec.groups().len()).unwrap_or(u64::MAX);
        groups.saturating_add(64).saturating_mul(groups.saturating_add(64))
    }

    /// Plans one touched node or group. Whether there was any.
    pub(crate) fn settle_next(&mut self) -> bool {
        if let Some(node) = self.caches.touched.next_node() {
            self.settle_node(node);
            return true;
        }
        if let Some(group) = self.caches.touched.next_group() {
            self.settle_group(group);
            return true;
        }
        // They are settled like any other group.
        self.touch_late() || self.return_next()
    }

    /// Touches what has a deadline that has come. Whether there was anything.
    pub(crate) fn touch_what_is_due(&mut self) -> bool {
        let mut is_any = false;
        while let Some((at, slot)) = self.caches.agenda.first() {
            if at > self.state.now {
                break;
            }
            is_any = true;
            // Planning sets the next deadline.
            self.caches.agenda.set(slot, None);
            match slot {
                Slot::Node(node) => self.caches.touched.add_node(node),
                Slot::Group(group) => self.touch(group),
                Slot::Resource(resource) => self.touch_resource(resource),
            }
        }
        is_any
    }

    pub(crate) fn touch(&mut self, group: GroupId) {
        if let Some(declared) = self.spec.group(group) {
            self.caches.touched.add(declared.settings().priority, group);
        }
    }

    pub(crate) fn touch_resource(&mut self, resource: ResourceId) {
        if let Some(declared) = self.spec.resource(resource) {
            self.touch(declared.group());
        }
    }

    /// Touches every group that stands on a node or is on its way to it.
    pub(crate) fn touch_groups_on(&mut self, node: NodeId) {
        let spec = Arc::clone(&self.spec);
        for group in self.state.occupancy.groups_on(node) {
            if let Some(declared) = spec.group(group) {
                self.caches.touched.add(declared.settings().priority, group);
            }
        }
    }

    /// Something happened that could help groups without a node: they are planned once, after
    /// what is touched now.
    pub(crate) fn touch_awaiting(&mut self) {
        if !seeded!(WaitingForgotten) {
            self.caches.touched.add_awaiting();
        }
    }

    /// Touches what a change may help: groups without a node and groups that would move, all of
    /// them at once, so that the higher priority goes first. Whether there was anything.
    fn touch_late(&mut self) -> bool {
        let mut is_any = self.caches.touched.take_awaiting();
        if is_any {
            self.touch_all_awaiting();
        }
        while let Some(node) = self.caches.touched.next_changed_node() {
            self.touch_returning(node);
            is_any = true;
        }
        while let Some(group) = self.caches.touched.next_yielding() {
            self.touch(group);
            is_any = true;
        }
        is_any
    }

    /// Whether a group may not choose a node yet: something happened that could help groups that
    /// have none, and it is planned together with them, in order of priority.
    pub(crate) fn yields_to_awaiting(&mut self, group: GroupId) -> bool {
        // Once one has let others go first, those behind it do so as well.
        let is_late = self.caches.touched.is_awaiting_touched()
            && (!self.caches.awaiting.is_empty() || self.caches.touched.has_yielding());
        if is_late {
            self.caches.touched.add_yielding(group);
        }
        is_late
    }

    fn touch_all_awaiting(&mut self) {
        let spec = Arc::clone(&self.spec);
        for group in &self.caches.awaiting {
            if let Some(declared) = spec.group(*group) {
                self.caches.touched.add(declared.settings().priority, *group);
            }
        }
    }

    /// Touches the groups that would fail back to a node, for what stands there has changed.
    fn touch_returning(&mut self, node: NodeId) {
        let spec = Arc::clone(&self.spec);
        for group in spec.groups_returning_to(node) {
            if self.state.owner(*group) != Some(node) {
                self.touch(*group);
            }
        }
        // One that cannot run all of it where it is would go to any node, when it may.
        let unable: alloc::vec::Vec<GroupId> = self
            .caches
            .awaiting
            .iter()
            .copied()
            .filter(|group| {
                let settings = spec.group(*group).map(GroupSpec::settings);
                self.state.owner(*group).is_some()
                    && settings.is_some_and(|of| of.failback != Failback::Prevent)
            })
            .collect();
        for group in unable {
            self.touch(group);
        }
    }

    fn settle_group(&mut self, group: GroupId) {
        let spec = Arc::clone(&self.spec);
        let Some(declared) = spec.group(group) else { return };
        self.expire(declared, group);
        self.touch_silent_nodes(declared);
        self.place(declared, group);
        if self.caches.touched.is_yielding(group) {
            return;
        }
        self.put_off_retries(declared, group);
        self.reconcile(declared, group);
        self.forget_source(declared, group);
        self.tell_group_state(group);
        self.classify(declared, group);
        self.schedule_group(declared, group);
    }

    /// A move that ended well has no way back.
    fn forget_source(&mut self, declared: &GroupSpec, group: GroupId) {
        let has_source = self.state.group(group).is_some_and(|record| record.return_to.is_some());
        if has_source
            && self.is_complete(declared, group)
            && let Some(record) = self.state.groups.get_mut(group.index())
        {
            record.return_to = None;
        }
    }

    fn tell_group_state(&mut self, group: GroupId) {
        let to = self.state.group_state(&self.spec, group);
        let Some(known) = self.caches.group_states.get_mut(group.index()) else { return };
        let from = core::mem::replace(known, to);
        if from != to {
            self.emit(Event::GroupChanged { group, from, to });
        }
    }

    /// The one place where a resource changes its state.
    pub(crate) fn step_resource(&mut self, resource: ResourceId, event: ResourceEvent) {
        let (now, window) = (self.state.now, self.spec.settings().restart_window);
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        let to = match record.state.next(event) {
            Transition::To(to) => to,
            Transition::Ignored => return,
            Transition::Forbidden => {
                return self.note_fault(Subject::Resource(resource), Rule::ForbiddenChange);
            }
        };
        let from = core::mem::replace(&mut record.state, to);
        if from == ResourceState::Online {
            record.online_until = now;
        }
        if to == ResourceState::Online {
            if window == RestartWindow::Online {
                record.restarts.shift(now.since(record.online_until));
            }
            record.online_until = now;
        }
        record.since = now;
        record.sequence = record.sequence.saturating_add(1);
        self.caches.note_count(record.sequence);
        record.late_start = record.late_start.after(from, event, to);
        record.doubt = record.doubt.after(from, event, to);
        record.failed_while = record.failed_while.after(from, to);
        if !to.may_run() {
            record.run = None;
        }
        self.note_doubt(resource);
        self.emit(Event::ResourceChanged { resource, from, to });
        let Some(group) = self.spec.resource(resource).map(crate::spec::ResourceSpec::group) else {
            return;
        };
        let is_started = matches!(to, ResourceState::OnlinePending | ResourceState::Online);
        if is_started && let Some(of) = self.state.groups.get_mut(group.index()) {
            of.home_wait = HomeWait::Over;
            if !seeded!(RestartAwaitsTurn) {
                of.turn = Turn::Over;
            }
        }
        let Some(running) = self.caches.running.get_mut(group.index()) else { return };
        *running = running
            .saturating_add(u32::from(to.may_run()))
            .saturating_sub(u32::from(from.may_run()));
        let running = *running;
        if running == 0 && from.may_run() {
            // The place beside it may be free for another group of its class.
            self.touch_awaiting();
        }
        if from.may_run() != to.may_run() && running <= 1 {
            self.review_room(group);
        }
        self.touch(group);
    }

    /// The one place where a node changes its state.
    pub(crate) fn step_node(&mut self, node: NodeId, event: NodeEvent) {
        let (now, input) = (self.state.now, self.state.inputs);
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        let to = match record.state.next(event) {
            Transition::To(to) => to,
            Transition::Ignored => return,
            Transition::Forbidden => {
                return self.note_fault(Subject::Node(node), Rule::ForbiddenChange);
            }
        };
        let from = core::mem::replace(&mut record.state, to);
        record.since = now;
        if to == NodeState::Up {
            record.up_in_input = input;
        }
        let weight = self.spec.node(node).map_or(0, |declared| u64::from(declared.vote_weight()));
        self.caches.membership.count(from, to, weight);
        if from.is_member() && self.caches.membership.members == 0 {
            // The next quorum forms the cluster anew.
            for group in &mut self.state.groups {
                group.home_wait = HomeWait::Possible;
            }
        }
        self.file_silent(node);
        self.emit(Event::NodeChanged { node, from, to });
        if to == NodeState::Up {
            self.take_turns_on(node);
        }
        self.caches.touched.add_node(node);
        self.touch_groups_on(node);
        // A member may be the home that a group waits for, a paused node its last resort.
        self.touch_awaiting();
        self.caches.touched.add_changed_node(node);
        self.judge_quorum();
    }

    /// What is off on a node that comes up or is resumed comes up together.
    fn take_turns_on(&mut self, node: NodeId) {
        let groups: alloc::vec::Vec<GroupId> = self.state.occupancy.groups_on(node).collect();
        for group in groups {
            let is_off = self.caches.running(group) == 0;
            if let Some(record) = self.state.groups.get_mut(group.index())
                && record.owner == Some(node)
                && is_off
            {
                record.turn = Turn::Awaited;
            }
        }
    }

    /// The question to the policy for a group.
    pub(crate) fn placement(&self, group: GroupId, trigger: Trigger) -> Option<Placement<'_>> {
        Placement::new(&self.spec, &self.state, group, trigger)
    }

    /// Forgets the operation in flight of a resource, whose node is gone or which has to make way.
    pub(crate) fn supersede(&mut self, resource: ResourceId) {
        let Some(effect) = self.resource_effect(resource) else { return };
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.operation = None;
        }
        if !seeded!(SupersededAnswerCounts) {
            self.caches.outstanding.remove(effect.operation);
        }
        self.note_doubt(resource);
        self.emit(effect.superseded());
    }

    pub(crate) fn note_doubt(&mut self, resource: ResourceId) {
        self.caches.note_doubt(&self.spec, &self.state, resource);
    }

    /// The effect that asks for the operation in flight of a target.
    pub(crate) fn effect_of(&self, target: Target) -> Option<super::Effect> {
        match target {
            Target::Resource(resource) => self.resource_effect(resource),
            Target::Orphan(node, resource) => self.orphan_effect(node, resource),
            Target::Node(node) => self.fence_effect(node),
            Target::Inquiry(node) => self.inquiry_effect(node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Violation;
    use crate::cluster::invariants::sample;
    use crate::policy::Ring;

    fn cluster() -> Cluster {
        let spec = sample::spec();
        let state = sample::state(&spec);
        Cluster::assemble(Arc::new(spec), Arc::new(Ring::new()), state)
    }

    /// A fault stays, whatever comes after it, and is no part of the state.
    fn is_kept(mut faulty: Cluster, sound: &Cluster, fault: &Violation) {
        assert_eq!(faulty.check_invariants().as_ref(), Err(fault));
        assert_eq!(faulty.clone().check_invariants().as_ref(), Err(fault));
        assert_eq!(faulty.digest(), sound.digest());
        assert_eq!(faulty.snapshot(), sound.snapshot());
        let restored = Cluster::restore(faulty.snapshot(), Ring::new()).map(|of| of.fault);
        assert_eq!(restored, Ok(None));
        faulty.settle();
        assert_eq!(faulty.check_invariants().as_ref(), Err(fault));
    }

    #[test]
    fn a_change_that_a_table_forbids_is_told_and_not_made() {
        let sound = cluster();
        let mut faulty = sound.clone();
        let node = sample::node(0);
        assert_eq!(sound.state.node_state(node), NodeState::Up);
        faulty.step_node(node, NodeEvent::Admitted);
        is_kept(faulty, &sound, &Violation::new(Subject::Node(node), Rule::ForbiddenChange));

        let mut faulty = sound.clone();
        let resource = sample::resource("ip");
        faulty.step_resource(resource, ResourceEvent::AssumedOff);
        let subject = Subject::Resource(resource);
        is_kept(faulty, &sound, &Violation::new(subject, Rule::ForbiddenChange));
    }

    #[test]
    fn planning_that_is_broken_off_is_told() {
        let sound = cluster();
        let mut faulty = sound.clone();
        faulty.settle_within(0);
        let fault = Violation::new(Subject::Cluster, Rule::PlanningWithoutEnd);
        is_kept(faulty, &sound, &fault);
    }
}
