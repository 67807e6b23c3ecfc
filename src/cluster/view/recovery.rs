//! The restarts, retries and failovers that are left.

use core::time::Duration;

use crate::cluster::view::Facts;
use crate::id::ResourceId;
use crate::machine::{NodeState, ResourceState};
use crate::settings::{RedundantProvider, ResourceSettings, RestartWindow, Retry};
use crate::spec::GroupSpec;
use crate::state::{FailedWhile, NoRestartCause, Recovery, ResourceRecord};
use crate::time::Timestamp;

/// The settings and the threshold for restarts after a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed<'a> {
    pub(crate) settings: &'a ResourceSettings,
    threshold: u32,
}

impl<'a> Allowed<'a> {
    const fn after(failed: FailedWhile, settings: &'a ResourceSettings) -> Self {
        Self { settings, threshold: failed.threshold(settings) }
    }
}

impl Facts<'_> {
    /// Returns how often a resource may be restarted after its last failure.
    pub(crate) fn allowed_after_failure<'a>(
        self,
        resource: ResourceId,
        settings: &'a ResourceSettings,
    ) -> Allowed<'a> {
        let record = self.state.resource(resource).filter(|_| !seeded!(StartThresholdIgnored));
        let failed = record.map(|record| record.failed_while);
        Allowed::after(failed.unwrap_or_default(), settings)
    }

    /// Tells whether the owner of the group of a resource is paused.
    pub(crate) fn is_on_paused_node(self, resource: ResourceId) -> bool {
        self.spec
            .resource(resource)
            .and_then(|declared| self.state.owner(declared.group()))
            .is_some_and(|owner| self.state.node_state(owner) == NodeState::Paused)
    }

    /// Tells whether a failover of the group of this resource would be within its budget.
    pub(crate) fn may_fail_over(self, resource: ResourceId) -> bool {
        self.spec
            .resource(resource)
            .and_then(|declared| self.failover_budget(declared.group(), self.state.now))
            .is_some_and(|budget| budget.remaining > 0)
    }

    /// Returns how many restarts a resource would have left if it failed in this way now.
    pub(crate) fn restarts_left_after(
        self,
        resource: ResourceId,
        failed: FailedWhile,
        settings: &ResourceSettings,
    ) -> u32 {
        let Some(record) = self.state.resource(resource) else { return 0 };
        let retries = if self.has_proved_itself(resource) { 0 } else { record.retries };
        self.restarts_left_of(record, retries, Allowed::after(failed, settings))
    }

    /// Returns how many restarts a resource has left.
    pub(crate) fn restarts_left(self, resource: ResourceId, allowed: Allowed<'_>) -> u32 {
        let record = self.state.resource(resource);
        record.map_or(0, |record| self.restarts_left_of(record, record.retries, allowed))
    }

    fn restarts_left_of(self, record: &ResourceRecord, retries: u32, allowed: Allowed<'_>) -> u32 {
        if self.spec.settings().retry == Retry::FinalAttempt && retries > 0 {
            return 0;
        }
        let period = if seeded!(RestartsNeverExpire) {
            Duration::MAX
        } else {
            allowed.settings.restart_period
        };
        let window = self.spec.settings().restart_window;
        let window = if seeded!(RestartsAgeOffline) { RestartWindow::Clock } else { window };
        record.restart_budget(window, self.state.now, (allowed.threshold, period)).remaining
    }

    /// Tells whether a resource is online and has run for more than a whole restart period, so that
    /// its retries do not count any longer. If restarts age by the clock, the time that its start
    /// took is included.
    pub(crate) fn has_proved_itself(self, resource: ResourceId) -> bool {
        let Some(declared) = self.spec.resource(resource) else { return false };
        let Some(record) = self.state.resource(resource) else { return false };
        let ran_since = match self.spec.settings().restart_window {
            RestartWindow::Online => record.since,
            RestartWindow::Clock => record.started_at,
        };
        let has_run = self.state.now.since(ran_since) > declared.settings().restart_period;
        record.state == ResourceState::Online && has_run
    }

    /// Returns the time at which a resource that is given up now is tried again by itself.
    ///
    /// A resource that can never run on its node is tried only on other nodes: it leaves when
    /// failovers of its group are allowed again. A paused node starts nothing, so no time is
    /// promised for a start there. A resource that could not leave it is tried when the node is
    /// resumed or another node can take its group, and leaves when failovers of its group are
    /// allowed again.
    pub(crate) fn retry_at(self, resource: ResourceId, cause: NoRestartCause) -> Option<Timestamp> {
        let period = self.spec.resource(resource)?.settings().retry_period.span();
        if cause == NoRestartCause::Failovers && self.bars_owner(resource) {
            return self.next_failover(resource).filter(|_| !self.is_used_up(resource));
        }
        if self.is_on_paused_node(resource) && !seeded!(RetryOnPausedNode) {
            match cause {
                NoRestartCause::NoCandidate => return None,
                NoRestartCause::Failovers => {
                    period.filter(|_| !self.is_used_up(resource))?;
                    return self.next_failover(resource);
                }
                NoRestartCause::DontRestart
                | NoRestartCause::Restarts
                | NoRestartCause::Redundant
                | NoRestartCause::Admission
                | NoRestartCause::ForGood
                | NoRestartCause::Left
                | NoRestartCause::Retries => {}
            }
        }
        let period = match cause {
            NoRestartCause::DontRestart
            | NoRestartCause::Retries
            | NoRestartCause::ForGood
            | NoRestartCause::Left => None,
            // A resource that was refused may be tried without end, because it never ran.
            NoRestartCause::Admission => period,
            NoRestartCause::Restarts
            | NoRestartCause::Redundant
            | NoRestartCause::Failovers
            | NoRestartCause::NoCandidate => period.filter(|_| !self.is_used_up(resource)),
        };
        period.map(|span| self.state.now.after(span))
    }

    /// Returns the time at which the group of a resource may fail over next.
    fn next_failover(self, resource: ResourceId) -> Option<Timestamp> {
        let group = self.spec.resource(resource)?.group();
        let budget = self.failover_budget(group, self.state.now)?;
        if budget.remaining > 0 { Some(self.state.now) } else { budget.renews_at }
    }

    /// Tells whether a resource has used all its retries.
    pub(crate) fn is_used_up(self, resource: ResourceId) -> bool {
        let retries = self.state.resource(resource).map_or(0, |record| record.retries);
        let settings = self.spec.settings();
        match settings.retry {
            Retry::FinalAttempt => retries > 0,
            Retry::NewSeries => settings.retry_cycles.is_some_and(|cycles| retries >= cycles),
        }
    }

    /// Returns the plan for a resource that is tried again: a start, or a failover if its group is
    /// barred from the owner because of it.
    pub(crate) fn next_try(self, resource: ResourceId) -> Recovery {
        if self.bars_owner(resource) { Recovery::Failover } else { Recovery::None }
    }

    /// Returns the time at which a resource that was given up is tried again by itself, as things
    /// are now. There is none while the resource may run, and on a paused node only one for leaving
    /// it.
    pub(crate) fn next_retry(self, resource: ResourceId) -> Option<Timestamp> {
        let record = self.state.resource(resource)?;
        let Recovery::RetryAt { at, cause } = record.recovery else { return None };
        let is_held = self.is_on_paused_node(resource)
            && cause != NoRestartCause::Failovers
            && !seeded!(RetryOnPausedNode);
        at.filter(|_| !record.state.may_run() && !is_held)
    }

    /// Tells whether a resource that was given up only waits until its paused owner is resumed.
    pub(crate) fn waits_for_resume(self, resource: ResourceId) -> bool {
        let recovery = self.state.resource(resource).map(|record| record.recovery);
        let Some(Recovery::RetryAt { at, cause }) = recovery else { return false };
        let is_tried_then = match cause {
            NoRestartCause::NoCandidate => true,
            NoRestartCause::Restarts | NoRestartCause::Redundant | NoRestartCause::Admission => {
                at.is_some()
            }
            // The group leaves at that time. If there is none, it stays until the resume.
            NoRestartCause::Failovers => at.is_none(),
            NoRestartCause::DontRestart
            | NoRestartCause::ForGood
            | NoRestartCause::Left
            | NoRestartCause::Retries => false,
        };
        is_tried_then && self.is_on_paused_node(resource) && !seeded!(RetryOnPausedNode)
    }

    /// Tells whether the group of the resource moves if the resource fails and cannot be recovered
    /// on its owner.
    pub(crate) fn affects_group(self, declared: &GroupSpec, resource: ResourceId) -> bool {
        self.spec.resource(resource).is_some_and(|of| of.settings().affects_group())
            && !self.is_redundant(declared, resource)
    }

    /// Tells whether every clause of every dependent still holds without this resource.
    pub(crate) fn is_redundant(self, declared: &GroupSpec, resource: ResourceId) -> bool {
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
}
