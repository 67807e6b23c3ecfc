//! What is done about a failed resource: restart, failover, or another attempt later.

use super::Cluster;
use super::output::Event;
use crate::id::{GroupId, ResourceId};
use crate::machine::{NodeState, ResourceEvent, ResourceState};
use crate::settings::{DesiredState, RedundantProvider, RestartAction, RestartWindow, Retry};
use crate::spec::{GroupSpec, ResourceSettings, ResourceSpec};
use crate::state::{Exhaustion, FailedWhile, Recovery};
use crate::time::Timestamp;

/// What a resource was before it failed, and since when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Was {
    pub(crate) state: ResourceState,
    pub(crate) since: Timestamp,
}

/// How often a resource may be restarted after a failure of this sort.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed<'a> {
    settings: &'a ResourceSettings,
    threshold: u32,
}

impl<'a> Allowed<'a> {
    const fn after(failed: FailedWhile, settings: &'a ResourceSettings) -> Self {
        Self { settings, threshold: failed.threshold(settings) }
    }
}

impl Cluster {
    /// Decides about a resource that has just failed.
    ///
    /// A failure of something that is on its way out anyway is no reason to restart it.
    pub(crate) fn plan_recovery(&mut self, resource: ResourceId, was: Was) {
        let spec = alloc::sync::Arc::clone(&self.spec);
        let Some(declared) = spec.resource(resource) else { return };
        let group = declared.group();
        let Some(group_spec) = spec.group(group) else { return };
        let settings = declared.settings();
        if self.desired(group, resource) == DesiredState::Offline {
            return;
        }
        self.forget_old_retries(resource, settings, was);
        if self.state.group(group).is_some_and(|record| record.return_to.is_some()) {
            self.set_recovery(resource, Recovery::Failover);
            return;
        }
        let allowed = self.allowed_after_failure(resource, settings);
        self.recover_by_action(group_spec, resource, allowed);
    }

    /// How often a resource may be restarted after its last failure.
    pub(crate) fn allowed_after_failure<'a>(
        &self,
        resource: ResourceId,
        settings: &'a ResourceSettings,
    ) -> Allowed<'a> {
        let failed = self.state.resource(resource).map(|record| record.failed_while);
        Allowed::after(failed.unwrap_or_default(), settings)
    }

    /// Decides about a failed resource as its restart action says.
    ///
    /// On a paused node nothing is restarted. What affects its group fails over; what does not
    /// waits, for no longer than until the node is resumed.
    pub(crate) fn recover_by_action(
        &mut self,
        group_spec: &GroupSpec,
        resource: ResourceId,
        allowed: Allowed<'_>,
    ) {
        match allowed.settings.restart_action {
            RestartAction::DontRestart => self.give_up(resource, Exhaustion::DontRestart),
            RestartAction::RestartNoNotify => {
                if seeded!(UncriticalMoves) {
                    self.set_recovery(resource, Recovery::Failover);
                } else if self.is_on_paused_node(resource) {
                    self.set_recovery(resource, Recovery::None);
                } else if !self.restart(resource, allowed) {
                    self.give_up(resource, Exhaustion::Restarts);
                }
            }
            RestartAction::RestartNotify => {
                let is_redundant = self.is_redundant(group_spec, resource);
                if self.is_on_paused_node(resource) {
                    let may_wait = is_redundant
                        || self.restarts_left(resource, allowed) > 0
                            && !self.may_fail_over(resource);
                    let next = if may_wait { Recovery::None } else { Recovery::Failover };
                    self.set_recovery(resource, next);
                    return;
                }
                let is_rash =
                    seeded!(FailsOverTooSoon) && self.restarts_left(resource, allowed) == 1;
                if !is_rash && self.restart(resource, allowed) {
                    return;
                }
                if is_redundant {
                    self.give_up(resource, Exhaustion::Redundant);
                } else {
                    self.set_recovery(resource, Recovery::Failover);
                }
            }
        }
    }

    /// Decides about a resource that can never run on its node. What affects its group bars the node and
    /// moves the group at once; what does not stays failed there.
    pub(crate) fn plan_for_good(&mut self, resource: ResourceId) {
        let spec = alloc::sync::Arc::clone(&self.spec);
        let Some(declared) = spec.resource(resource) else { return };
        let group = declared.group();
        let Some(group_spec) = spec.group(group) else { return };
        let affects_group = self.affects_group(group_spec, resource);
        self.bar_if_affected(resource);
        if self.desired(group, resource) == DesiredState::Offline {
            return;
        }
        if affects_group {
            self.set_recovery(resource, Recovery::Failover);
        } else {
            self.give_up(resource, Exhaustion::ForGood);
        }
    }

    /// Bars the owner of a group that is affected by a resource which can never run there.
    pub(crate) fn bar_if_affected(&mut self, resource: ResourceId) {
        let spec = alloc::sync::Arc::clone(&self.spec);
        let Some(group) = spec.resource(resource).map(ResourceSpec::group) else { return };
        if spec.group(group).is_some_and(|declared| self.affects_group(declared, resource)) {
            self.bar_owner(group, resource);
        }
    }

    /// Decides anew about a resource that was to send its group back and cannot. Whether there was
    /// anything to decide: what affects its group may move it all the same.
    pub(crate) fn stay_without_return(
        &mut self,
        declared: &GroupSpec,
        resource: ResourceId,
    ) -> bool {
        let spec = alloc::sync::Arc::clone(&self.spec);
        let Some(settings) = spec.resource(resource).map(ResourceSpec::settings) else {
            return false;
        };
        if settings.affects_group() {
            return false;
        }
        let allowed = self.allowed_after_failure(resource, settings);
        self.recover_by_action(declared, resource, allowed);
        // What has no delay is due now.
        self.touch_resource(resource);
        true
    }

    pub(crate) fn is_on_paused_node(&self, resource: ResourceId) -> bool {
        self.spec
            .resource(resource)
            .and_then(|declared| self.state.owner(declared.group()))
            .is_some_and(|owner| self.state.node_state(owner) == NodeState::Paused)
    }

    /// Whether a failover of the group of this resource would be within its budget.
    pub(crate) fn may_fail_over(&self, resource: ResourceId) -> bool {
        self.spec
            .resource(resource)
            .and_then(|declared| self.failover_budget(declared.group(), self.state.now))
            .is_some_and(|budget| budget.remaining > 0)
    }

    /// How many restarts a resource would have if it failed so now.
    pub(crate) fn restarts_left_after(
        &self,
        resource: ResourceId,
        failed: FailedWhile,
        settings: &ResourceSettings,
    ) -> u32 {
        self.restarts_left(resource, Allowed::after(failed, settings))
    }

    pub(crate) fn restarts_left(&self, resource: ResourceId, allowed: Allowed<'_>) -> u32 {
        let Some(record) = self.state.resource(resource) else { return 0 };
        let is_last_attempt =
            self.spec.settings().retry == Retry::FinalAttempt && record.retries > 0;
        if is_last_attempt {
            return 0;
        }
        let period = if seeded!(RestartsNeverExpire) {
            core::time::Duration::MAX
        } else {
            allowed.settings.restart_period
        };
        let window = self.spec.settings().restart_window;
        let window = if seeded!(RestartsAgeOffline) { RestartWindow::Clock } else { window };
        record.restart_budget(window, self.state.now, (allowed.threshold, period)).remaining
    }

    /// Schedules a restart, if the budget allows one.
    pub(crate) fn restart(&mut self, resource: ResourceId, allowed: Allowed<'_>) -> bool {
        let now = self.state.now;
        let Some(remaining) = self.restarts_left(resource, allowed).checked_sub(1) else {
            return false;
        };
        let window = self.spec.settings().restart_window;
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return false };
        if record.restarts.entries().is_empty() {
            // Nothing is left whose time stood still.
            record.online_until = now;
        }
        let clock = record.restart_clock(window, now);
        record.restarts.record(clock, allowed.settings.restart_period);
        if seeded!(RestartsForgotten) {
            record.restarts.clear();
        }
        let at = now.after(allowed.settings.restart_delay);
        record.recovery = Recovery::RestartAt(at);
        self.emit(Event::RestartScheduled { resource, at, remaining });
        true
    }

    /// Leaves a resource failed until its retry period is over.
    pub(crate) fn give_up(&mut self, resource: ResourceId, cause: Exhaustion) {
        // What nothing but another node can help has no time at which it is tried again.
        let is_barred = cause == Exhaustion::NoCandidate && self.bars_owner(resource);
        let cause = if is_barred { Exhaustion::ForGood } else { cause };
        let at = self.retry_at(resource, cause);
        let cause = match (cause, self.is_used_up(resource)) {
            // What nobody needs stays redundant, or its last failure would stop its group.
            (Exhaustion::Restarts | Exhaustion::Failovers, true) => Exhaustion::Retries,
            (
                Exhaustion::DontRestart
                | Exhaustion::Restarts
                | Exhaustion::Redundant
                | Exhaustion::Failovers
                | Exhaustion::NoCandidate
                | Exhaustion::Admission
                | Exhaustion::ForGood
                | Exhaustion::Left
                | Exhaustion::Retries,
                _,
            ) => cause,
        };
        self.set_recovery(resource, Recovery::RetryAt { at, cause });
        self.emit(Event::RestartsExhausted { resource, cause, retry_at: at });
    }

    /// When a resource that is given up now is tried again by itself.
    ///
    /// What can never run on its node is tried nowhere but elsewhere: it leaves when the failovers of
    /// its group are renewed. On a paused node nothing is started, so no time is promised there: what
    /// could not leave is tried when the node is resumed or another one can take its group, and it
    /// leaves when the failovers of its group are renewed.
    fn retry_at(&self, resource: ResourceId, cause: Exhaustion) -> Option<Timestamp> {
        let period = self.spec.resource(resource)?.settings().retry_period.span();
        if cause == Exhaustion::Failovers && self.bars_owner(resource) {
            return self.next_failover(resource).filter(|_| !self.is_used_up(resource));
        }
        if self.is_on_paused_node(resource) && !seeded!(RetryOnPausedNode) {
            match cause {
                Exhaustion::NoCandidate => return None,
                Exhaustion::Failovers => {
                    period.filter(|_| !self.is_used_up(resource))?;
                    return self.next_failover(resource);
                }
                Exhaustion::DontRestart
                | Exhaustion::Restarts
                | Exhaustion::Redundant
                | Exhaustion::Admission
                | Exhaustion::ForGood
                | Exhaustion::Left
                | Exhaustion::Retries => {}
            }
        }
        let period = match cause {
            Exhaustion::DontRestart
            | Exhaustion::Retries
            | Exhaustion::ForGood
            | Exhaustion::Left => None,
            // Whoever is refused may try for ever: it never ran.
            Exhaustion::Admission => period,
            Exhaustion::Restarts
            | Exhaustion::Redundant
            | Exhaustion::Failovers
            | Exhaustion::NoCandidate => period.filter(|_| !self.is_used_up(resource)),
        };
        period.map(|span| self.state.now.after(span))
    }

    /// When the group of a resource may fail over next.
    fn next_failover(&self, resource: ResourceId) -> Option<Timestamp> {
        let group = self.spec.resource(resource)?.group();
        let budget = self.failover_budget(group, self.state.now)?;
        if budget.remaining > 0 { Some(self.state.now) } else { budget.renews_at }
    }

    /// Whether a resource has had all its retries.
    fn is_used_up(&self, resource: ResourceId) -> bool {
        let retries = self.state.resource(resource).map_or(0, |record| record.retries);
        let settings = self.spec.settings();
        match settings.retry {
            Retry::FinalAttempt => retries > 0,
            Retry::NewSeries => settings.retry_cycles.is_some_and(|cycles| retries >= cycles),
        }
    }

    /// What was given up for good is tried again, if another configuration allows it.
    pub(crate) fn rearm_retries(&mut self) {
        let spec = alloc::sync::Arc::clone(&self.spec);
        for (resource, _) in spec.resources() {
            let recovery = self.state.resource(resource).map(|record| record.recovery);
            if let Some(Recovery::RetryAt { at: None, cause }) = recovery
                && self.retry_at(resource, cause).is_some()
            {
                self.give_up(resource, cause);
            }
        }
    }

    /// Tries at once, on a node that was resumed, what wanted to leave it and could not: it may have
    /// failed, or waited, for no other reason than the pause.
    pub(crate) fn try_on_resumed(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            let could_not_leave = self.state.resource(resource).is_some_and(|record| {
                matches!(
                    record.recovery,
                    Recovery::RetryAt {
                        cause: Exhaustion::NoCandidate | Exhaustion::Failovers,
                        ..
                    }
                )
            });
            if could_not_leave {
                self.set_recovery(resource, self.next_try(resource));
            }
        }
    }

    /// How what was given up is tried again: where it can never run it leaves or waits on.
    fn next_try(&self, resource: ResourceId) -> Recovery {
        if self.bars_owner(resource) { Recovery::Failover } else { Recovery::None }
    }

    /// When a resource that was given up is tried again by itself, as things are: not while it may
    /// run, and on a paused node only to leave it.
    pub(crate) fn next_retry(&self, resource: ResourceId) -> Option<Timestamp> {
        let record = self.state.resource(resource)?;
        let Recovery::RetryAt { at, cause } = record.recovery else { return None };
        let is_held = self.is_on_paused_node(resource)
            && cause != Exhaustion::Failovers
            && !seeded!(RetryOnPausedNode);
        at.filter(|_| !record.state.may_run() && !is_held)
    }

    /// Whether a resource that was given up waits for nothing but its paused owner to be resumed.
    pub(crate) fn waits_for_resume(&self, resource: ResourceId) -> bool {
        let recovery = self.state.resource(resource).map(|record| record.recovery);
        let Some(Recovery::RetryAt { at, cause }) = recovery else { return false };
        let is_tried_then = match cause {
            Exhaustion::NoCandidate => true,
            Exhaustion::Restarts | Exhaustion::Redundant | Exhaustion::Admission => at.is_some(),
            // It leaves at that time, and if there is none it stays.
            Exhaustion::Failovers => at.is_none(),
            Exhaustion::DontRestart
            | Exhaustion::ForGood
            | Exhaustion::Left
            | Exhaustion::Retries => false,
        };
        is_tried_then && self.is_on_paused_node(resource) && !seeded!(RetryOnPausedNode)
    }

    /// Takes back the promises of retries on a node that was paused since, of what does not leave it.
    pub(crate) fn put_off_retries(&mut self, declared: &GroupSpec, group: GroupId) {
        let owner = self.state.owner(group);
        if owner.is_none_or(|owner| self.state.node_state(owner) != NodeState::Paused)
            || !self.state.is_quorate()
            || self.is_moving(group)
        {
            return;
        }
        for resource in declared.resources() {
            self.put_off_retry(resource);
        }
    }

    fn put_off_retry(&mut self, resource: ResourceId) {
        let recovery = self.state.resource(resource).map(|record| record.recovery);
        let Some(Recovery::RetryAt { at: Some(at), cause }) = recovery else { return };
        match cause {
            Exhaustion::NoCandidate | Exhaustion::Failovers => {}
            Exhaustion::DontRestart
            | Exhaustion::Restarts
            | Exhaustion::Redundant
            | Exhaustion::Admission
            | Exhaustion::ForGood
            | Exhaustion::Left
            | Exhaustion::Retries => return,
        }
        let then = self.retry_at(resource, cause);
        let is_due = at <= self.state.now && then.is_some_and(|then| then <= self.state.now);
        if then != Some(at) && !is_due && !seeded!(RetryOnPausedNode) {
            self.give_up(resource, cause);
        }
    }

    /// Tries at once, on a node that was admitted, what waited for no more than this node: it was
    /// given up while the node was paused, and the pause was lifted while the node was away.
    pub(crate) fn try_on_admitted(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            let recovery = self.state.resource(resource).map(|record| record.recovery);
            if let Some(Recovery::RetryAt {
                at: None,
                cause: cause @ (Exhaustion::NoCandidate | Exhaustion::Failovers),
            }) = recovery
                && self.retry_at(resource, cause).is_some()
            {
                self.set_recovery(resource, self.next_try(resource));
            }
        }
    }

    /// Starts whatever waiting is over: restarts and retries. On a paused node there is no restart to
    /// wait for, and what affects its group wants another owner. That is no retry: the restarts that
    /// were used stay used, also when the node is resumed.
    pub(crate) fn end_wait(&mut self, declared: &GroupSpec, group: GroupId, resource: ResourceId) {
        let now = self.state.now;
        let Some(recovery) = self.state.resource(resource).map(|record| record.recovery) else {
            return;
        };
        let is_over = match recovery {
            Recovery::RestartAt(at) => at <= now || self.is_on_paused_node(resource),
            // What is in doubt is not tried again before that has ended.
            Recovery::RetryAt { .. } => self.next_retry(resource).is_some_and(|at| at <= now),
            Recovery::None | Recovery::Failover => false,
        };
        if !is_over {
            return;
        }
        let may_leave = match recovery {
            Recovery::RestartAt(_) => self.may_fail_over(resource),
            Recovery::RetryAt { cause, .. } => cause != Exhaustion::Admission,
            Recovery::None | Recovery::Failover => false,
        };
        // What can never run here leaves or waits on, and is not tried.
        let bars_owner = self.bars_owner(resource);
        let wants_to_leave = bars_owner
            || may_leave
                && self.is_on_paused_node(resource)
                && self.desired(group, resource) == DesiredState::Online
                && self.affects_group(declared, resource);
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        if wants_to_leave {
            record.recovery = Recovery::Failover;
            return;
        }
        if let Recovery::RetryAt { cause, .. } = recovery {
            record.restarts.clear();
            // What was only refused a place has not been tried yet.
            let is_try = cause != Exhaustion::Admission;
            record.retries = record.retries.saturating_add(u32::from(is_try));
        }
        record.recovery = Recovery::None;
    }

    /// A resource that ran for a whole restart period has proved itself. Where the clock counts, so
    /// does the time that its start took.
    fn forget_old_retries(&mut self, resource: ResourceId, settings: &ResourceSettings, was: Was) {
        let (now, window) = (self.state.now, self.spec.settings().restart_window);
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        let ran_since = match window {
            RestartWindow::Online => was.since,
            RestartWindow::Clock => record.started_at,
        };
        if was.state == ResourceState::Online && now.since(ran_since) > settings.restart_period {
            record.retries = 0;
        }
    }

    /// Whether a failure of the resource that is not mended in place moves its group.
    pub(crate) fn affects_group(&self, declared: &GroupSpec, resource: ResourceId) -> bool {
        self.spec.resource(resource).is_some_and(|of| of.settings().affects_group())
            && !self.is_redundant(declared, resource)
    }

    /// Whether every clause of every dependent still holds without this resource.
    pub(crate) fn is_redundant(&self, declared: &GroupSpec, resource: ResourceId) -> bool {
        if self.spec.settings().redundant_provider == RedundantProvider::Escalate {
            return false;
        }
        let Some(failed) = declared.position_of(resource) else { return false };
        let graph = declared.graph();
        let is_online = |position: usize| {
            self.state.resource_state(declared.resource_at(position)) == ResourceState::Online
        };
        let mut dependents = graph.dependents(failed).peekable();
        dependents.peek().is_some()
            && dependents.all(|dependent| {
                graph
                    .clauses(dependent)
                    .all(|mut clause| clause.any(|member| member != failed && is_online(member)))
            })
    }

    pub(crate) fn set_recovery(&mut self, resource: ResourceId, recovery: Recovery) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.recovery = recovery;
        }
        self.touch_resource(resource);
    }

    /// Forgets the failure of a resource and everything that was counted for it.
    pub(crate) fn forget_failure(&mut self, resource: ResourceId) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.recovery = Recovery::None;
            record.restarts.clear();
            record.retries = 0;
        }
        if self.state.resource_state(resource) == ResourceState::Failed {
            self.step_resource(resource, ResourceEvent::FailureCleared);
        }
        self.touch_resource(resource);
    }
}
