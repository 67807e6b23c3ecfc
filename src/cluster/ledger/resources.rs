//! Resources: their states, attempts and orders.

use core::time::Duration;

use crate::cluster::ledger::Ledger;
use crate::cluster::words::{Event, StateRule, StateSubject};
use crate::id::{GroupId, ResourceId};
use crate::machine::{ResourceEvent, ResourceState, Transition};
use crate::settings::{DesiredState, Maintenance, RestartWindow};
use crate::spec::ResourceSpec;
use crate::state::{Doubt, HomeWait, LateStart, Recovery, Turn};
use crate::time::Timestamp;

impl Ledger<'_> {
    /// Gives a resource all its attempts again if it has failed or is in doubt, because an operator
    /// brings it online.
    pub(crate) fn begin_anew(&mut self, resource: ResourceId) {
        if let Some(record) = self.state.resources.get_mut(resource.index())
            && record.has_failed()
        {
            record.forget_attempts();
        }
    }

    /// Sets the desired state of a resource alone, reviews the room of its group and has the group
    /// planned.
    pub(crate) fn set_desired(&mut self, resource: ResourceId, desired: DesiredState) {
        self.note_desired(resource, desired);
        if let Some(group) = self.spec.resource(resource).map(ResourceSpec::group) {
            self.review_room(group);
        }
        self.touch_resource(resource);
    }

    /// Begins or ends the maintenance of a resource. Its health checks are counted from now.
    pub(crate) fn set_maintenance(&mut self, resource: ResourceId, maintenance: Maintenance) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.maintenance = maintenance;
        }
        self.note_alive(resource);
        self.schedule_resource(resource);
    }

    /// Notes that a resource was found alive by the thorough check or by a better proof.
    pub(crate) fn note_alive(&mut self, resource: ResourceId) {
        let now = self.state.now;
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.looked_alive_at = now;
            record.known_alive_at = now;
        }
    }

    /// Notes that a resource was found alive by the cheap check.
    pub(crate) fn note_looks_alive(&mut self, resource: ResourceId) {
        let now = self.state.now;
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.looked_alive_at = now;
        }
        self.schedule_resource(resource);
    }

    /// Notes what is to be done about a resource in doubt.
    pub(crate) fn set_doubt(&mut self, resource: ResourceId, doubt: Doubt) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.doubt = doubt;
        }
        self.note_doubt(resource);
        self.touch_resource(resource);
    }

    /// Sets what is to be done about the failure of a resource, and has its group planned.
    pub(crate) fn set_recovery(&mut self, resource: ResourceId, recovery: Recovery) {
        self.note_recovery(resource, recovery);
        self.touch_resource(resource);
    }

    /// Forgets the failure of a resource and all attempts that were counted for it.
    pub(crate) fn forget_failure(&mut self, resource: ResourceId) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.forget_attempts();
        }
        if self.state.resource_state(resource) == ResourceState::Failed {
            self.step_resource(resource, ResourceEvent::FailureCleared);
        }
        self.touch_resource(resource);
    }

    /// Changes the state of a resource. No other function does.
    pub(crate) fn step_resource(&mut self, resource: ResourceId, event: ResourceEvent) {
        let (now, window) = (self.state.now, self.spec.settings().restart_window);
        let has_proved_itself = self.facts().has_proved_itself(resource);
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        let to = match record.state.next(event) {
            Transition::To(to) => to,
            Transition::Ignored => return,
            Transition::Forbidden => {
                return self
                    .note_fault(StateSubject::Resource(resource), StateRule::ForbiddenChange);
            }
        };
        let from = core::mem::replace(&mut record.state, to);
        if from == ResourceState::Online {
            record.online_until = now;
        }
        if has_proved_itself {
            // However its run ends, its retries count anew.
            record.retries = 0;
        }
        if to == ResourceState::Online {
            if window == RestartWindow::Online {
                record.restarts.shift(now.since(record.online_until));
            }
            record.online_until = now;
        }
        record.since = now;
        record.sequence = record.sequence.saturating_add(1);
        self.index.note_count(record.sequence);
        record.late_start = record.late_start.after(from, event, to);
        record.doubt = record.doubt.after(from, event, to);
        record.failed_while = record.failed_while.after(from, to);
        if !to.may_run() {
            record.run = None;
        }
        self.note_doubt(resource);
        self.emit(Event::ResourceChanged { resource, from, to });
        let Some(group) = self.spec.resource(resource).map(ResourceSpec::group) else {
            return;
        };
        let is_started = matches!(to, ResourceState::OnlinePending | ResourceState::Online);
        if is_started && let Some(of) = self.state.groups.get_mut(group.index()) {
            of.home_wait = HomeWait::Over;
            if !seeded!(RestartAwaitsTurn) {
                of.turn = Turn::Over;
            }
        }
        self.count_online(group, (from, to));
        let Some(running) = self.index.running.get_mut(group.index()) else { return };
        *running = running
            .saturating_add(u32::from(to.may_run()))
            .saturating_sub(u32::from(from.may_run()));
        let running = *running;
        if running == 0 && from.may_run() {
            // The owner may be free now for another group of the same anti-affinity class.
            if let Some(owner) = self.state.owner(group) {
                self.touch_awaiting_for(owner);
            }
        }
        if from.may_run() != to.may_run() && running <= 1 {
            self.review_room(group);
        }
        match event {
            ResourceEvent::StartIssued => self.touch_starting(group),
            ResourceEvent::StartSucceeded => self.touch_started(group, resource),
            ResourceEvent::Opened
            | ResourceEvent::StartFailed
            | ResourceEvent::StartRefused
            | ResourceEvent::StopIssued
            | ResourceEvent::StopSucceeded
            | ResourceEvent::StopFailed
            | ResourceEvent::TerminateSucceeded
            | ResourceEvent::TerminateFailed
            | ResourceEvent::OperationTimedOut
            | ResourceEvent::FailureReported
            | ResourceEvent::Left
            | ResourceEvent::NodeLost
            | ResourceEvent::FoundRunning
            | ResourceEvent::ConfirmedOff
            | ResourceEvent::AssumedOff
            | ResourceEvent::FailureCleared
            | ResourceEvent::OwnerChanged => self.touch(group),
        }
    }

    /// Counts the resources of a group that are online, because one of them changed its state.
    fn count_online(&mut self, group: GroupId, (from, to): (ResourceState, ResourceState)) {
        if let Some(online) = self.index.online.get_mut(group.index()) {
            *online = online
                .saturating_add(u32::from(to == ResourceState::Online))
                .saturating_sub(u32::from(from == ResourceState::Online));
        }
    }

    /// Sets what an operator wants of a single resource.
    pub(crate) fn note_desired(&mut self, resource: ResourceId, desired: DesiredState) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.desired = Some(desired);
        }
    }

    /// Sets the plan for a failed resource, without planning its group.
    pub(crate) fn note_recovery(&mut self, resource: ResourceId, recovery: Recovery) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.recovery = recovery;
        }
    }

    /// Counts a restart within this period, and plans it for this time.
    pub(crate) fn record_restart(&mut self, resource: ResourceId, period: Duration, at: Timestamp) {
        let (now, window) = (self.state.now, self.spec.settings().restart_window);
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        if record.restarts.entries().is_empty() {
            // No entry is left whose age stood still.
            record.online_until = now;
        }
        let clock = record.restart_clock(window, now);
        record.restarts.record(clock, period);
        if seeded!(RestartsForgotten) {
            record.restarts.clear();
        }
        record.recovery = Recovery::RestartAt(at);
    }

    /// Gives a resource all its restarts again, and adds to the number of its retries.
    pub(crate) fn begin_retry(&mut self, resource: ResourceId, retries: u32) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.restarts.clear();
            record.retries = record.retries.saturating_add(retries);
        }
    }

    /// Notes that no earlier start of a resource can still happen.
    pub(crate) fn exclude_late_start(&mut self, resource: ResourceId) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.late_start = LateStart::Impossible;
        }
    }
}
