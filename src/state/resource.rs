//! The stored state of a resource.

use core::time::Duration;

use super::{
    Doubt, FailedWhile, LateStart, NoRestartCause, Operation, OperationKind, Recovery, Vouched,
};
use crate::id::OpId;
use crate::machine::{Budget, FailureLog, ResourceState};
use crate::settings::{DesiredState, Maintenance, ResourceSettings, RestartWindow};
use crate::time::Timestamp;

/// The stored state of a resource on the owner of its group.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceRecord {
    pub(crate) state: ResourceState,
    /// The time at which it entered its state.
    pub(crate) since: Timestamp,
    /// The state that an operator wants for it alone. `None` means the desired state of its group.
    pub(crate) desired: Option<DesiredState>,
    pub(crate) maintenance: Maintenance,
    pub(crate) operation: Option<Operation>,
    /// For a resource in doubt or being terminated, tells whether its start may still happen.
    pub(crate) late_start: LateStart,
    /// For a resource in doubt, tells what is known from before and what is to be done.
    pub(crate) doubt: Doubt,
    /// The restarts on this owner. If they leave their window only by time online, their age is the
    /// time for which the resource was online since. For that, they are moved forward by the time
    /// for which it was not online.
    pub(crate) restarts: FailureLog,
    /// The time at which it was last online. While it is online, it is the time at which it came
    /// online.
    pub(crate) online_until: Timestamp,
    pub(crate) recovery: Recovery,
    /// The phase in which it last failed. The number of restarts that are allowed depends on it.
    pub(crate) failed_while: FailedWhile,
    /// The start that began its present run, as long as it may run.
    pub(crate) run: Option<OpId>,
    /// The time at which its last start was issued.
    pub(crate) started_at: Timestamp,
    /// The number of retries. Each retry begins a new series of attempts.
    pub(crate) retries: u32,
    /// The time of the last good answer to the cheap check, or of a better proof that it is alive.
    pub(crate) looked_alive_at: Timestamp,
    /// The time of the last good answer to the thorough check, the last report by the agent or the
    /// last successful start. For a resource in doubt it is the time of the last probe.
    pub(crate) known_alive_at: Timestamp,
    /// Grows with every change of state.
    pub(crate) sequence: u64,
    /// The configuration that declared it, or 0 if it was declared with the cluster. A node may run
    /// it if it has not said what it runs since then.
    pub(crate) declared_in: u64,
    /// Tells whether an operator vouches that it runs only where nodes have said so.
    pub(crate) vouched: Vouched,
}

impl ResourceRecord {
    /// Returns the record of a resource that was just declared, before anything is known of it.
    pub(crate) fn new(settings: &ResourceSettings, now: Timestamp) -> Self {
        Self {
            state: ResourceState::Initializing,
            since: now,
            desired: settings.desired,
            maintenance: settings.maintenance,
            operation: None,
            late_start: LateStart::Impossible,
            doubt: Doubt::Open,
            restarts: FailureLog::default(),
            online_until: now,
            recovery: Recovery::None,
            failed_while: FailedWhile::Running,
            run: None,
            started_at: now,
            retries: 0,
            looked_alive_at: now,
            known_alive_at: now,
            sequence: 0,
            declared_in: 0,
            vouched: Vouched::No,
        }
    }

    /// Returns its state.
    #[must_use]
    pub const fn state(&self) -> ResourceState {
        self.state
    }

    /// Returns the time at which it entered its state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns the state that an operator wants for it alone. `None` means the desired state of its
    /// group.
    #[must_use]
    pub const fn desired(&self) -> Option<DesiredState> {
        self.desired
    }

    /// Tells whether failed health checks are ignored.
    #[must_use]
    pub const fn maintenance(&self) -> Maintenance {
        self.maintenance
    }

    /// Returns the operation in flight.
    #[must_use]
    pub const fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// Tells whether it has failed and has not been tried again, or is in doubt. A resource whose
    /// terminate was never confirmed may have been found off since.
    pub(crate) fn has_failed(&self) -> bool {
        match self.state {
            ResourceState::Online | ResourceState::OnlinePending => false,
            ResourceState::Terminating | ResourceState::Failed | ResourceState::InDoubt => true,
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OfflinePending => {
                self.recovery != Recovery::None && !seeded!(OrderForgetsDoubt)
            }
        }
    }

    /// Forgets its failures, so that it has all its restarts and retries again.
    pub(crate) fn forget_attempts(&mut self) {
        self.recovery = Recovery::None;
        self.restarts.clear();
        self.retries = 0;
    }

    /// Returns the time up to which its restarts have aged. If only time online counts, this clock
    /// stands still while the resource is not online.
    pub(crate) fn restart_clock(&self, window: RestartWindow, now: Timestamp) -> Timestamp {
        match window {
            RestartWindow::Clock => now,
            RestartWindow::Online if self.state == ResourceState::Online => now,
            RestartWindow::Online => self.online_until.min(now),
        }
    }

    /// Returns the budget for its restarts. It contains no time of renewal while the clock of the
    /// restarts stands still.
    pub(crate) fn restart_budget(
        &self,
        window: RestartWindow,
        now: Timestamp,
        (threshold, period): (u32, Duration),
    ) -> Budget {
        let clock = self.restart_clock(window, now);
        let budget = self.restarts.budget(clock, threshold, period);
        let stands_still = window == RestartWindow::Online && self.state != ResourceState::Online;
        Budget { renews_at: budget.renews_at.filter(|_| !stands_still), ..budget }
    }

    /// Returns its restarts on this owner, as far back as its budget looks. If they leave their
    /// window only by time online, these are the times at which they would have happened if the
    /// resource had been online ever since.
    #[must_use]
    pub const fn restarts(&self) -> &FailureLog {
        &self.restarts
    }

    /// Returns the start that began its present run. It is `None` if the resource does not run or
    /// nobody knows.
    #[must_use]
    pub const fn run(&self) -> Option<OpId> {
        self.run
    }

    /// Returns the plan for its failure.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Tells whether it is in doubt and nothing is done about that but to ask. A probe in flight
    /// makes no difference. While it is being terminated this is false, because the answer is
    /// awaited as for every other stop.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        let is_left_alone = match self.operation.map(|operation| operation.kind) {
            None => true,
            Some(OperationKind::Probe) => !seeded!(DoubtEndsWhileAsked),
            Some(
                OperationKind::Start
                | OperationKind::Stop
                | OperationKind::Terminate
                | OperationKind::CheckLooksAlive
                | OperationKind::CheckIsAlive
                | OperationKind::Fence
                | OperationKind::Inventory,
            ) => false,
        };
        self.state == ResourceState::InDoubt && is_left_alone
    }

    /// Tells whether a start that was never answered may still happen. This is kept for a resource
    /// in doubt or being terminated.
    #[must_use]
    pub const fn late_start(&self) -> LateStart {
        self.late_start
    }

    /// Returns what is known of a resource in doubt from before, and what is to be done about it.
    #[must_use]
    pub const fn doubt(&self) -> Doubt {
        self.doubt
    }

    /// Returns the time at which it was last online. While it is online, it is the time at which it
    /// came online.
    #[must_use]
    pub const fn online_until(&self) -> Timestamp {
        self.online_until
    }

    /// Returns the phase in which it last failed. The number of allowed restarts depends on it.
    #[must_use]
    pub const fn failed_while(&self) -> FailedWhile {
        self.failed_while
    }

    /// Returns the time at which its last start was issued.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Returns the number of retries. Each retry begins a new series of attempts.
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.retries
    }

    /// Returns the time of the last proof that it is alive: a good answer to the thorough check, a
    /// report by its agent, or a successful start. For a resource in doubt it is the time of the
    /// last probe.
    #[must_use]
    pub const fn known_alive_at(&self) -> Timestamp {
        self.known_alive_at
    }

    /// Returns the configuration that declared it, or 0 if it was declared with the cluster.
    #[must_use]
    pub const fn declared_in(&self) -> u64 {
        self.declared_in
    }

    /// Tells whether an operator vouches that it runs only where nodes have said so.
    #[must_use]
    pub const fn vouched(&self) -> Vouched {
        self.vouched
    }

    /// Tells whether it failed and is left failed for an operator.
    #[must_use]
    pub const fn is_left(&self) -> bool {
        match self.recovery {
            Recovery::RetryAt { cause, .. } => matches!(cause, NoRestartCause::Left),
            Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => false,
        }
    }

    /// Returns a number that grows with every change of state (MS-CMRP).
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}
