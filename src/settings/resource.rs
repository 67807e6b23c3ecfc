//! Properties of resources.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::DesiredState;
use crate::time::Interval;

/// The reaction to the failure of a resource (SDK, `RestartAction`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartAction {
    /// It stays failed, and its dependents stay offline.
    DontRestart,
    /// It is restarted within its threshold, then tried again every retry period. The group never
    /// moves for it, because the resource does not affect the group.
    RestartNoNotify,
    /// It is restarted within its threshold; after one more failure the group fails over.
    RestartNotify,
}

/// The reaction if neither a stop nor a terminate confirmed that a resource is off.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnconfirmedStop {
    /// Keep the group where it is, say why, and probe the resource until its state is known.
    BlockGroup,
    /// Fence the node, which stops everything on it. Without quorum, where nothing is fenced, keep
    /// the group where it is and probe.
    FenceNode,
    /// Take it for off, as Windows does. If it is still running, it may run twice.
    AssumeOff,
}

/// The reaction to a failure for which no recovery is left: all restarts are used, and the resource
/// does not move its group or the group cannot fail over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnfixable {
    /// Terminate it, so that it is certain to be off, and try again after its retry period.
    Recover,
    /// Leave it exactly as it is for an operator to look at (after Pacemaker's `on-fail=block`).
    /// The core does not probe, stop, terminate or restart it, and fences no node for it. Its group
    /// moves nowhere by itself, not even for a drain. Dependents that are online go on; nothing new
    /// starts on it. This also applies if a terminate was not confirmed and `unconfirmed_stop`
    /// keeps the group where it is.
    ///
    /// An operator ends this state. Bringing the resource or its group online, taking it offline,
    /// moving the group and clearing the failures of the group first terminate the resource, after
    /// its dependents, and then do what they always do. Clearing the failure of the resource states
    /// that it is off, as for any resource in doubt. The state also ends when the node is certain
    /// to be off.
    Block,
}

/// The settled properties of one resource.
///
/// Resources with equal properties share one record.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResourceSettings {
    /// The desired state; `None` takes that of the group. Default `None`.
    pub desired: Option<DesiredState>,
    /// The reaction to a failure. Default [`RestartAction::RestartNotify`].
    pub restart_action: RestartAction,
    /// Restarts within `restart_period` before a failure goes further; 0 goes further at once.
    /// Default 1, in the 2003 profile 3 (KB 947712).
    pub restart_threshold: u32,
    /// Restarts within `restart_period` before a failed start goes further; restarts after other
    /// failures count too. 0 goes further at once. Default `restart_threshold`, as in Windows.
    pub start_threshold: u32,
    /// Sliding window of `restart_threshold`, measured in time online or by the clock, as
    /// [`restart_window`](super::ClusterSettings::restart_window) says. Default 15 min.
    pub restart_period: Duration,
    /// Wait between a failure and the restart. Default 500 ms.
    pub restart_delay: Duration,
    /// Time in the failed state before another series of attempts. Should not be shorter than
    /// `restart_period`. Default 1 h, as in Windows Server 2008 (SDK, `RetryPeriodOnFailure`; KB
    /// 947712); in the 2003 profile never: Windows 2000 and 2003 leave the resource failed and wait
    /// for an operator (KB 228923). A period that is declared there leads to
    /// [`Retry::FinalAttempt`](super::Retry::FinalAttempt).
    pub retry_period: Interval,
    /// Longest time without a report from a pending operation; every report of progress starts it
    /// anew. Default 3 min.
    pub pending_timeout: Duration,
    /// The `pending_timeout` of starts. Default `pending_timeout`; longer for kinds that replay
    /// logs.
    pub start_pending_timeout: Duration,
    /// Longest time to start, even with reports of progress. Default 1 h.
    pub start_deadline: Duration,
    /// Longest time to stop or terminate, even with reports of progress. Default 1 h.
    pub stop_deadline: Duration,
    /// Longest time a health check or probe may take before its agent counts as hung. Default
    /// 5 min, for the Exchange kinds 3 min (KB 836566).
    pub deadlock_timeout: Duration,
    /// Interval of the cheap health check; never for kinds whose agents report failures by
    /// themselves. Default 5 s.
    pub looks_alive_interval: Interval,
    /// Interval of the thorough health check; never where the cheap one, or the agent's own report,
    /// finds every failure. Default 1 min. Where both are never, a resource that dies counts as
    /// online until somebody reports it.
    pub is_alive_interval: Interval,
    /// The agent process: shared, or one of its own. The core only passes this on. Default shared.
    pub monitor: Monitor,
    /// Maintenance from the beginning, in which failed health checks are ignored. Default off.
    pub maintenance: Maintenance,
    /// The reaction to a stop that was not confirmed. Default [`UnconfirmedStop::BlockGroup`].
    pub unconfirmed_stop: UnconfirmedStop,
    /// The reaction to a failure for which no recovery is left, decided before anything is
    /// terminated. Default [`OnUnfixable::Recover`].
    pub on_unfixable: OnUnfixable,
}

impl ResourceSettings {
    /// Tells whether the failure of the resource affects its group: if restarts do not help, the
    /// group moves for it.
    #[must_use]
    pub const fn affects_group(&self) -> bool {
        match self.restart_action {
            RestartAction::RestartNotify => true,
            RestartAction::DontRestart | RestartAction::RestartNoNotify => false,
        }
    }
}

/// The agent process of a resource: shared with others or not (SDK, `SeparateMonitor`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// One agent process serves several resources.
    Shared,
    /// The resource has an agent process of its own, from its next start on.
    Separate,
}

/// Maintenance of a resource: it decides whether failed health checks count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Maintenance {
    /// Failed checks count.
    Off,
    /// Failed checks are ignored as long as the resource is online.
    On,
}
