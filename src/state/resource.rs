//! What is remembered of a resource, and of what runs where it should not.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::OpId;
use crate::machine::{Budget, FailureLog, ResourceEvent, ResourceState};
use crate::settings::{DesiredState, Maintenance, ResourceSettings, RestartWindow};
use crate::time::Timestamp;

/// What is remembered of a resource on the owner of its group.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceRecord {
    pub(crate) state: ResourceState,
    /// When it entered its state.
    pub(crate) since: Timestamp,
    /// What an operator wants of it; `None` is what is wanted of the group.
    pub(crate) desired: Option<DesiredState>,
    pub(crate) maintenance: Maintenance,
    pub(crate) operation: Option<Operation>,
    /// For a resource in doubt or being terminated, whether its start may still come to pass.
    pub(crate) late_start: LateStart,
    /// For a resource in doubt, what is known from before and what is to be done.
    pub(crate) doubt: Doubt,
    /// Restarts on this owner. Where they leave their window by time online only, each is as long ago
    /// as the resource was online since: they are moved on by the time that it was not.
    pub(crate) restarts: FailureLog,
    /// Until when it was online last; while it is, since when.
    pub(crate) online_until: Timestamp,
    pub(crate) recovery: Recovery,
    /// What its last failure ended, which says how many restarts are allowed after it.
    pub(crate) failed_while: FailedWhile,
    /// The start that its present run goes back to, as long as it may run.
    pub(crate) run: Option<OpId>,
    /// When it was last asked to start.
    pub(crate) started_at: Timestamp,
    /// Series of attempts after a retry period.
    pub(crate) retries: u32,
    /// When the cheap check last answered, or anything better.
    pub(crate) looked_alive_at: Timestamp,
    /// When the thorough check last answered, or the agent reported, or the start succeeded; for
    /// a resource in doubt, when it was last probed.
    pub(crate) known_alive_at: Timestamp,
    /// Grows with every change of state.
    pub(crate) sequence: u64,
    /// The configuration that declared it, 0 if it was declared with the cluster: a node that has
    /// said what it runs only before that may run it.
    pub(crate) declared_in: u64,
    /// Whether an operator vouches that it does not run where nobody has said so.
    pub(crate) vouched: Vouched,
}

/// Whether an operator vouches that a resource does not run on the nodes that have not said what
/// they run since it was declared.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Vouched {
    /// No: its first start waits for them.
    #[default]
    No,
    /// Yes.
    Yes,
}

/// Whether a start that was never answered may still come to pass.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LateStart {
    /// None was asked for, or it was answered, or what came after it was.
    #[default]
    Impossible,
    /// The start was given up before it was answered: nobody answered in time, the node was lost,
    /// or the resource was said to have died. That report may be of an earlier run, and the agent
    /// may not have seen the start yet.
    Possible,
}

impl LateStart {
    /// What is left of starts after a change of state.
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
            // Only what confirms that it is off, or answers, ends it.
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

/// What the last failure of a resource ended.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FailedWhile {
    /// A run, or it did not fail since it last ran.
    #[default]
    Running,
    /// A start.
    Starting,
}

impl FailedWhile {
    /// How often a resource may be restarted after such a failure, in each restart period.
    #[must_use]
    pub const fn threshold(self, settings: &ResourceSettings) -> u32 {
        match self {
            Self::Running => settings.restart_threshold,
            Self::Starting => settings.start_threshold,
        }
    }

    /// What is known after a change of state.
    pub(crate) const fn after(self, from: ResourceState, to: ResourceState) -> Self {
        match (from, to) {
            (ResourceState::OnlinePending, ResourceState::Terminating | ResourceState::InDoubt) => {
                Self::Starting
            }
            // Cleared, or left behind by its group.
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

/// What is known of a resource in doubt from before, and what is to be done about it.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Something was asked of it that was not answered, and nobody knows what came of it.
    #[default]
    Open,
    /// It was online when its node was lost, and no start, stop or terminate was asked for since.
    WasOnline,
    /// Its node is back in the same life and it may run there or still start, but it does not
    /// count: it is terminated as soon as nothing relies on it, and not probed before.
    ToTerminate,
    /// It failed, or could not be stopped for certain, and is left as it is for an operator to look
    /// at: nothing is asked of it.
    Left,
}

impl Doubt {
    /// What is known after a change of state.
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

/// What is going to be done about a failed resource.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recovery {
    /// Nothing is left to do: it did not fail, or the next start is free to happen.
    #[default]
    None,
    /// A restart on the same node.
    RestartAt(Timestamp),
    /// Its group is to fail over.
    Failover,
    /// Another attempt, when the retry period is over or when the cause is gone.
    RetryAt {
        /// When the retry period is over; `None` is never.
        at: Option<Timestamp>,
        /// Why it was not restarted.
        cause: Exhaustion,
    },
}

/// Why a failed resource is not restarted for now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exhaustion {
    /// Its action is never to restart it.
    DontRestart,
    /// Its restarts are used up, and it does not move its group.
    Restarts,
    /// Its restarts are used up, and it does not move its group as long as the dependents have
    /// another provider. It is tried again until its retries are used up as well.
    Redundant,
    /// The failovers of its group are used up.
    Failovers,
    /// No other node can take its group.
    NoCandidate,
    /// Its node runs another group of the same anti-affinity class.
    Admission,
    /// The last attempt of the 2003 profile failed, or the cycles are used up.
    Retries,
    /// Its agent says that it can never run on its node.
    ForGood,
    /// Nothing is left that could mend it, or its terminate was not confirmed, and it is left as it is
    /// for an operator to look at.
    Left,
}

/// An operation that was asked for and not answered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Its identity.
    pub id: OpId,
    /// What was asked for.
    pub kind: OperationKind,
    /// When.
    pub issued_at: Timestamp,
    /// When the agent last reported progress, or when it was issued.
    pub progress_at: Timestamp,
}

/// What an operation asks for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Bring a resource online.
    Start,
    /// Take it offline in good order.
    Stop,
    /// Take it offline at any price.
    Terminate,
    /// The cheap health check.
    CheckLooksAlive,
    /// The thorough health check.
    CheckIsAlive,
    /// Find out whether it runs.
    Probe,
    /// Make certain that a node runs nothing.
    Fence,
    /// Find out what a node runs. It is answered by
    /// [`Input::NodeInventory`](crate::Input::NodeInventory), which names it, and by no outcome.
    Inventory,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// As asked: it started, stopped, was terminated or fenced; a check found it alive.
    Succeeded,
    /// Not as asked: it did not start, stop, terminate or get fenced; a check found it dead.
    Failed,
    /// Of a start only: it failed, and the resource can never run on this node, for its binary is
    /// missing, or its licence is for another one. Nothing is restarted there; if the resource affects
    /// its group, the group moves at once, and the node is barred for the group until an operator
    /// clears the failure or the node joins in a new life.
    FailedForGood,
    /// The embedder stopped waiting for it. Neither success nor failure.
    TimedOut,
    /// A probe found it running.
    Running,
    /// A probe found that it does not run.
    NotRunning,
}

/// A resource found running on a node where it should not run.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Orphan {
    /// How far it has been stopped.
    pub state: OrphanState,
    /// The stop or terminate in flight.
    pub operation: Option<Operation>,
}

/// How far an orphan has been stopped.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanState {
    /// It runs, and waits for its dependents there to be stopped.
    Running,
    /// Its node says that it is starting or stopping: it is terminated, and waits for its
    /// dependents there like any other.
    Unsettled,
    /// A stop is under way.
    Stopping,
    /// A terminate is under way.
    Terminating,
    /// Neither confirmed that it is off; tried again every probe interval.
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

    /// What is known of it.
    #[must_use]
    pub const fn state(&self) -> ResourceState {
        self.state
    }

    /// When it entered its state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// What an operator wants of it; `None` is what is wanted of the group.
    #[must_use]
    pub const fn desired(&self) -> Option<DesiredState> {
        self.desired
    }

    /// Whether failed health checks are ignored.
    #[must_use]
    pub const fn maintenance(&self) -> Maintenance {
        self.maintenance
    }

    /// The operation in flight.
    #[must_use]
    pub const fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// Forgets its failures: it has all its restarts and retries again.
    pub(crate) fn forget_attempts(&mut self) {
        self.recovery = Recovery::None;
        self.restarts.clear();
        self.retries = 0;
    }

    /// The time up to which its restarts have aged: where only time online counts, the clock stands
    /// still while the resource is not online.
    pub(crate) fn restart_clock(&self, window: RestartWindow, now: Timestamp) -> Timestamp {
        match window {
            RestartWindow::Clock => now,
            RestartWindow::Online if self.state == ResourceState::Online => now,
            RestartWindow::Online => self.online_until.min(now),
        }
    }

    /// What is left of its restarts. No time is promised at which more are left as long as that time
    /// does not come.
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

    /// Its restarts on this owner, as far back as its budget looks. Where they leave their window by
    /// time online, these are the times at which they would have happened had it been online ever
    /// since.
    #[must_use]
    pub const fn restarts(&self) -> &FailureLog {
        &self.restarts
    }

    /// The start that its present run goes back to; `None` if it does not run, or nobody knows.
    #[must_use]
    pub const fn run(&self) -> Option<OpId> {
        self.run
    }

    /// What is going to be done about its failure.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Whether nobody knows if it runs, and nothing is done about it but to ask: whether a probe of
    /// it is in flight makes no difference. While it is being terminated the answer to that is
    /// waited for, as with anything else that stops.
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

    /// Grows with every change of state (MS-CMRP).
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Operation {
    /// When the operation counts as not answered: after too long a silence, or too long in all.
    #[must_use]
    pub fn deadline(&self, silence: Duration, overall: Duration) -> Timestamp {
        self.progress_at.after(silence).min(self.issued_at.after(overall))
    }

    /// When this operation on a resource with these settings counts as not answered.
    #[must_use]
    pub fn deadline_of(&self, settings: &ResourceSettings) -> Timestamp {
        match self.kind {
            OperationKind::Start => {
                self.deadline(settings.start_pending_timeout, settings.start_deadline)
            }
            OperationKind::Stop | OperationKind::Terminate => {
                self.deadline(settings.pending_timeout, settings.stop_deadline)
            }
            OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => self.issued_at.after(settings.deadlock_timeout),
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Terminate => "terminate",
            Self::CheckLooksAlive => "check looks-alive of",
            Self::CheckIsAlive => "check is-alive of",
            Self::Probe => "probe",
            Self::Fence => "fence",
            Self::Inventory => "inventory of",
        })
    }
}

impl fmt::Display for Exhaustion {
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
