//! Decides what follows a failure: a restart, a failover, a retry.

use alloc::vec::Vec;

use crate::cluster::settle::planner::Planner;
use crate::cluster::view::recovery::Allowed;
use crate::cluster::words::Event;
use crate::id::{GroupId, ResourceId};
use crate::machine::NodeState;
use crate::settings::{DesiredState, RestartAction};
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{NoRestartCause, Recovery};
use crate::time::Timestamp;

impl Planner<'_> {
    /// Decides about a resource that has just failed.
    ///
    /// A resource that fails while it is to go off is not restarted.
    pub(crate) fn plan_recovery(&mut self, resource: ResourceId) {
        let spec = self.ledger.spec();
        let Some(declared) = spec.resource(resource) else { return };
        let group = declared.group();
        let Some(group_spec) = spec.group(group) else { return };
        let settings = declared.settings();
        if self.view().desired(group, resource) == DesiredState::Offline {
            return;
        }
        if self.ledger.state().group(group).is_some_and(|record| record.return_to.is_some()) {
            self.ledger.set_recovery(resource, Recovery::Failover);
            return;
        }
        let allowed = self.view().allowed_after_failure(resource, settings);
        self.recover_by_action(group_spec, resource, allowed);
    }

    /// Decides about a failed resource as its restart action says.
    ///
    /// On a paused node nothing is restarted. A resource that affects its group fails over; any
    /// other waits until the node is resumed at the latest.
    pub(crate) fn recover_by_action(
        &mut self,
        group_spec: &GroupSpec,
        resource: ResourceId,
        allowed: Allowed<'_>,
    ) {
        match allowed.settings.restart_action {
            RestartAction::DontRestart => self.give_up(resource, NoRestartCause::DontRestart),
            RestartAction::RestartNoNotify => {
                if seeded!(UncriticalMoves) {
                    self.ledger.set_recovery(resource, Recovery::Failover);
                } else if self.view().is_on_paused_node(resource) {
                    self.ledger.set_recovery(resource, Recovery::None);
                } else if !self.restart(resource, allowed) {
                    self.give_up(resource, NoRestartCause::Restarts);
                }
            }
            RestartAction::RestartNotify => {
                let is_redundant = self.view().is_redundant(group_spec, resource);
                if self.view().is_on_paused_node(resource) {
                    let may_wait = is_redundant
                        || self.view().restarts_left(resource, allowed) > 0
                            && !self.view().may_fail_over(resource);
                    let next = if may_wait { Recovery::None } else { Recovery::Failover };
                    self.ledger.set_recovery(resource, next);
                    return;
                }
                let is_rash =
                    seeded!(FailsOverTooSoon) && self.view().restarts_left(resource, allowed) == 1;
                if !is_rash && self.restart(resource, allowed) {
                    return;
                }
                if is_redundant {
                    self.give_up(resource, NoRestartCause::Redundant);
                } else {
                    self.ledger.set_recovery(resource, Recovery::Failover);
                }
            }
        }
    }

    /// Decides anew about a resource that was to send its group back and cannot. Tells whether that
    /// decides the case: a resource that affects its group may still move it.
    pub(crate) fn stay_without_return(
        &mut self,
        declared: &GroupSpec,
        resource: ResourceId,
    ) -> bool {
        let Some(settings) = self.ledger.spec().resource(resource).map(ResourceSpec::settings)
        else {
            return false;
        };
        if settings.affects_group() {
            return false;
        }
        let allowed = self.view().allowed_after_failure(resource, settings);
        self.recover_by_action(declared, resource, allowed);
        // A restart without delay is due now.
        self.ledger.touch_resource(resource);
        true
    }

    /// Schedules a restart, if the budget allows one.
    pub(crate) fn restart(&mut self, resource: ResourceId, allowed: Allowed<'_>) -> bool {
        let now = self.ledger.state().now;
        let Some(remaining) = self.view().restarts_left(resource, allowed).checked_sub(1) else {
            return false;
        };
        let at = now.after(allowed.settings.restart_delay);
        self.ledger.record_restart(resource, allowed.settings.restart_period, at);
        self.ledger.emit(Event::RestartScheduled { resource, at, remaining });
        true
    }

    /// Leaves a resource failed until its retry period is over.
    pub(crate) fn give_up(&mut self, resource: ResourceId, cause: NoRestartCause) {
        // If only another node can help, there is no time for another attempt.
        let is_barred = cause == NoRestartCause::NoCandidate && self.view().bars_owner(resource);
        let cause = if is_barred { NoRestartCause::ForGood } else { cause };
        let at = self.view().retry_at(resource, cause);
        let cause = match (cause, self.view().is_used_up(resource)) {
            // A redundant resource stays redundant, or its last failure would stop its group.
            (NoRestartCause::Restarts | NoRestartCause::Failovers, true) => NoRestartCause::Retries,
            (
                NoRestartCause::DontRestart
                | NoRestartCause::Restarts
                | NoRestartCause::Redundant
                | NoRestartCause::Failovers
                | NoRestartCause::NoCandidate
                | NoRestartCause::Admission
                | NoRestartCause::ForGood
                | NoRestartCause::Left
                | NoRestartCause::Retries,
                _,
            ) => cause,
        };
        self.ledger.set_recovery(resource, Recovery::RetryAt { at, cause });
        self.ledger.emit(Event::RestartsExhausted { resource, cause, retry_at: at });
    }

    /// Gives resources that were given up for good another attempt, if another configuration allows
    /// one.
    pub(crate) fn rearm_retries(&mut self) {
        for (resource, _) in self.ledger.spec().resources() {
            let recovery = self.ledger.state().resource(resource).map(|record| record.recovery);
            if let Some(Recovery::RetryAt { at: None, cause }) = recovery
                && self.view().retry_at(resource, cause).is_some()
            {
                self.give_up(resource, cause);
            }
        }
    }

    /// Tries the resources at once that wanted to leave a node while it was paused, and could not:
    /// the pause may be the only reason why they failed or waited. A retry that was due before the
    /// pause stays a retry, with all its restarts.
    pub(crate) fn try_on_resumed(&mut self, declared: &GroupSpec, paused_since: Timestamp) {
        for resource in declared.resources() {
            let could_not_leave = self.ledger.state().resource(resource).is_some_and(|record| {
                match record.recovery {
                    Recovery::RetryAt {
                        at,
                        cause: NoRestartCause::NoCandidate | NoRestartCause::Failovers,
                    } => at.is_none_or(|at| at > paused_since),
                    Recovery::RetryAt { .. }
                    | Recovery::None
                    | Recovery::RestartAt(_)
                    | Recovery::Failover => false,
                }
            });
            if could_not_leave {
                self.ledger.set_recovery(resource, self.view().next_try(resource));
            }
        }
    }

    /// Takes back the promised retries of resources that do not leave a node which was paused
    /// since.
    pub(crate) fn put_off_retries(&mut self, declared: &GroupSpec, group: GroupId) {
        let owner = self.ledger.state().owner(group);
        if owner.is_none_or(|owner| self.ledger.state().node_state(owner) != NodeState::Paused)
            || !self.ledger.state().is_quorate()
            || self.view().is_moving(group)
        {
            return;
        }
        for resource in declared.resources() {
            self.put_off_retry(resource);
        }
    }

    fn put_off_retry(&mut self, resource: ResourceId) {
        let recovery = self.ledger.state().resource(resource).map(|record| record.recovery);
        let Some(Recovery::RetryAt { at: Some(at), cause }) = recovery else { return };
        match cause {
            NoRestartCause::NoCandidate | NoRestartCause::Failovers => {}
            NoRestartCause::DontRestart
            | NoRestartCause::Restarts
            | NoRestartCause::Redundant
            | NoRestartCause::Admission
            | NoRestartCause::ForGood
            | NoRestartCause::Left
            | NoRestartCause::Retries => return,
        }
        let then = self.view().retry_at(resource, cause);
        let is_due = at <= self.ledger.state().now
            && then.is_some_and(|then| then <= self.ledger.state().now);
        if then != Some(at) && !is_due && !seeded!(RetryOnPausedNode) {
            self.give_up(resource, cause);
        }
    }

    /// Lets the resources that wait for a failover of their group have one as soon as a node can take
    /// it. Until then the time of the next attempt stands.
    pub(crate) fn fail_over_what_waits(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            let recovery = self.ledger.state().resource(resource).map(|record| record.recovery);
            if let Some(Recovery::RetryAt { at, cause: NoRestartCause::Failovers }) = recovery {
                let cause = NoRestartCause::NoCandidate;
                self.ledger.set_recovery(resource, Recovery::RetryAt { at, cause });
            }
        }
    }

    /// Lets groups fail over that wait for that, if the node that has just come up allows them one
    /// failover more. If they have had more left before, they wait for the time that was promised.
    pub(crate) fn use_added_failover(&mut self) {
        if seeded!(AddedNodeIgnored) {
            return;
        }
        let groups: Vec<GroupId> = self.ledger.index().short_of_nodes.iter().copied().collect();
        for group in groups {
            let budget = self.view().failover_budget(group, self.ledger.state().now);
            if budget.is_some_and(|budget| budget.remaining == 1)
                && let Some(declared) = self.ledger.spec().group(group)
            {
                self.fail_over_what_waits(declared);
                self.ledger.touch(group);
            }
        }
    }

    /// Tries the resources at once that waited only for this node to be admitted: they were given
    /// up while it was paused, and the pause was lifted while it was away.
    pub(crate) fn try_on_admitted(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            let recovery = self.ledger.state().resource(resource).map(|record| record.recovery);
            if let Some(Recovery::RetryAt {
                at: None,
                cause: cause @ (NoRestartCause::NoCandidate | NoRestartCause::Failovers),
            }) = recovery
                && self.view().retry_at(resource, cause).is_some()
            {
                self.ledger.set_recovery(resource, self.view().next_try(resource));
            }
        }
    }

    /// Ends the waits that are over, for restarts and retries. On a paused node there is no restart
    /// to wait for, and a resource that affects its group wants another owner. That is no retry:
    /// restarts that were used stay used, also when the node is resumed.
    pub(crate) fn end_wait(&mut self, declared: &GroupSpec, group: GroupId, resource: ResourceId) {
        let now = self.ledger.state().now;
        let Some(recovery) = self.ledger.state().resource(resource).map(|record| record.recovery)
        else {
            return;
        };
        let is_over = match recovery {
            Recovery::RestartAt(at) => at <= now || self.view().is_on_paused_node(resource),
            // A resource in doubt is not tried again before the doubt has ended.
            Recovery::RetryAt { .. } => {
                self.view().next_retry(resource).is_some_and(|at| at <= now)
            }
            Recovery::None | Recovery::Failover => false,
        };
        if !is_over {
            return;
        }
        let may_leave = match recovery {
            Recovery::RestartAt(_) => self.view().may_fail_over(resource),
            Recovery::RetryAt { cause, .. } => cause != NoRestartCause::Admission,
            Recovery::None | Recovery::Failover => false,
        };
        // A resource that can never run here leaves or waits on, and is not tried.
        let bars_owner = self.view().bars_owner(resource);
        let wants_to_leave = bars_owner
            || may_leave
                && self.view().is_on_paused_node(resource)
                && self.view().desired(group, resource) == DesiredState::Online
                && self.view().affects_group(declared, resource);
        if wants_to_leave {
            self.ledger.note_recovery(resource, Recovery::Failover);
            return;
        }
        if let Recovery::RetryAt { cause, .. } = recovery {
            // A resource that was only refused a place has not been tried yet.
            let tries = u32::from(cause != NoRestartCause::Admission);
            self.ledger.begin_retry(resource, tries);
        }
        self.ledger.note_recovery(resource, Recovery::None);
    }
}
