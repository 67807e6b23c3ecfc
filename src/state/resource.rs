//! The stored state of a resource, and of an orphan.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Operation, OperationKind};
use crate::id::OpId;
use crate::machine::{Budget, FailureLog, ResourceEvent, ResourceState};
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

/// Tells whether an operator vouches that a resource does not run on the nodes that have not said
/// what they run since it was declared.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Vouched {
    /// No operator does. Its first start waits for those nodes.
    #[default]
    No,
    /// An operator does.
    Yes,
}

/// Tells whether a start that was never answered may still happen.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LateStart {
    /// No start was issued, or the start or a later operation was answered.
    #[default]
    Impossible,
    /// The start was given up before it was answered: it timed out, the node was lost, or the
    /// resource was reported as failed. That report may be about an earlier run, and the agent may
    /// not have seen the start yet.
    Possible,
}

impl LateStart {
    /// Returns whether a late start is possible after a change of state.
    pub(crate) const fn after(
        self,
        from: ResourceState,
        event: ResourceEvent,
        to: ResourceState,
    ) -> Self {
        let is_starting = matches!(from, ResourceState::OnlinePending);
        match to {
            ResourceState::Terminating
                if is_starting && matches!(event, ResourceEvent::FailureReported) =>
            {
                Self::Possible
            }
            ResourceState::InDoubt if is_starting => Self::Possible,
            // This ends only with an answer, or with a proof that the resource is off.
            ResourceState::InDoubt => self,
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OnlinePending
            | ResourceState::Online
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed => Self::Impossible,
        }
    }
}

/// The phase in which a resource last failed.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FailedWhile {
    /// It failed while it ran, or has not failed since it last ran.
    #[default]
    Running,
    /// It failed while it started.
    Starting,
}

impl FailedWhile {
    /// Returns how often a resource may be restarted after such a failure, in each restart period.
    #[must_use]
    pub const fn threshold(self, settings: &ResourceSettings) -> u32 {
        match self {
            Self::Running => settings.restart_threshold,
            Self::Starting => settings.start_threshold,
        }
    }

    /// Returns the phase after a change of state.
    pub(crate) const fn after(self, from: ResourceState, to: ResourceState) -> Self {
        match (from, to) {
            (ResourceState::OnlinePending, ResourceState::Terminating | ResourceState::InDoubt) => {
                Self::Starting
            }
            // The failure was cleared, or the group has another owner.
            (ResourceState::Failed, ResourceState::Offline) => Self::Running,
            (
                _,
                ResourceState::Offline
                | ResourceState::Terminating
                | ResourceState::Failed
                | ResourceState::InDoubt,
            ) => self,
            (
                _,
                ResourceState::Initializing
                | ResourceState::OnlinePending
                | ResourceState::Online
                | ResourceState::OfflinePending,
            ) => Self::Running,
        }
    }
}

/// The knowledge about a resource in doubt from before, and the plan for it.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// An operation on it was not answered, and nobody knows the result.
    #[default]
    Open,
    /// It was online when its node was lost, and no start, stop or terminate was issued since.
    WasOnline,
    /// Its node is back in the same life, and it may run there or still start, but that does not
    /// count. It is terminated as soon as nothing relies on it, and is not probed before.
    ToTerminate,
    /// It failed, or a stop was not confirmed, and it is left failed for an operator. No operation
    /// on it is issued.
    Left,
}

impl Doubt {
    /// Returns the knowledge and the plan after a change of state.
    pub(crate) const fn after(
        self,
        from: ResourceState,
        event: ResourceEvent,
        to: ResourceState,
    ) -> Self {
        match (from, event, to) {
            (ResourceState::Online, ResourceEvent::NodeLost, ResourceState::InDoubt) => {
                Self::WasOnline
            }
            (ResourceState::InDoubt, _, ResourceState::InDoubt) => self,
            _ => Self::Open,
        }
    }
}

/// The plan for a failed resource.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recovery {
    /// There is no plan: it did not fail, or it may be started again.
    #[default]
    None,
    /// It is restarted on the same node at this time.
    RestartAt(Timestamp),
    /// Its group fails over.
    Failover,
    /// It is tried again when the retry period is over or when the cause is gone.
    RetryAt {
        /// The time at which the retry period is over. `None` means never.
        at: Option<Timestamp>,
        /// The reason why it was not restarted.
        cause: NoRestartCause,
    },
}

/// The reason why a failed resource is not restarted for now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRestartCause {
    /// Its declaration says that it is never restarted.
    DontRestart,
    /// Its restarts are used up, and its failure does not move its group.
    Restarts,
    /// Its restarts are used up, and its failure does not move its group as long as its dependents
    /// have another provider. It is retried until its retries are used up as well.
    Redundant,
    /// The failovers of its group are used up.
    Failovers,
    /// No other node can take its group.
    NoCandidate,
    /// Its node runs another group of the same anti-affinity class.
    Admission,
    /// The last attempt of the 2003 profile failed, or the retry cycles are used up.
    Retries,
    /// Its agent reported that it can never run on its node.
    ForGood,
    /// No attempt to recover it is left, or its terminate was not confirmed, and it is left failed
    /// for an operator.
    Left,
}

/// An orphan: a resource that was found running on a node where it should not run.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Orphan {
    /// The progress in stopping it.
    pub state: OrphanState,
    /// The stop or terminate in flight.
    pub operation: Option<Operation>,
}

/// The progress in stopping an orphan.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanState {
    /// It runs, and waits until its dependents on the node are stopped.
    Running,
    /// Its node says that it is starting or stopping. It is going to be terminated, after its
    /// dependents on the node are stopped.
    Unsettled,
    /// A stop is under way.
    Stopping,
    /// A terminate is under way.
    Terminating,
    /// Neither a stop nor a terminate confirmed that it is off. It is tried again every probe
    /// interval.
    InDoubt(Timestamp),
}

impl ResourceRecord {
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

impl fmt::Display for NoRestartCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DontRestart => "it is never restarted",
            Self::Restarts => "its restarts are used up",
            Self::Redundant => "its restarts are used up, another provider carries on",
            Self::Failovers => "the failovers of its group are used up",
            Self::NoCandidate => "no other node can take its group",
            Self::Admission => "its node runs another group of the same anti-affinity class",
            Self::Retries => "its retries are used up",
            Self::ForGood => "it can never run on its node",
            Self::Left => "it is left as it is for an operator to look at",
        })
    }
}
