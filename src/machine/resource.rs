//! The states of a resource on its owner, and the events that change them.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::Transition;

/// The state of a resource on the node that owns its group, as far as it is known.
///
/// ```text
///                 start issued            succeeded
///      Offline ───────────────▶ OnlinePending ──────▶ Online
///         ▲                        │   │                │  │
///         │ stopped         failed │   │ timed out      │  │ failed
///         │                        ▼   ▼                │  ▼
///   OfflinePending        Terminating  InDoubt          │ Terminating ──▶ Failed
///         ▲                                             │
///         └─────────────────────────────────────────────┘ stop issued
/// ```
///
/// In `Offline` and `Failed` the resource certainly does not run. In every other state but
/// `Initializing` it may run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceState {
    /// It is declared, and its group has no owner yet.
    Initializing,
    /// It is off.
    Offline,
    /// A start is under way.
    OnlinePending,
    /// It runs.
    Online,
    /// A stop is under way.
    OfflinePending,
    /// It failed, or could not be started or stopped, and a terminate is under way.
    Terminating,
    /// It failed and is off.
    Failed,
    /// Nobody knows whether it runs. An operation on it timed out, a terminate did not confirm that
    /// it is off, or its node is lost.
    InDoubt,
}

/// An event in the life of a resource.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum ResourceEvent {
    /// Its group got its first owner.
    Opened,
    /// A start was issued.
    StartIssued,
    /// The start succeeded.
    StartSucceeded,
    /// The start failed.
    StartFailed,
    /// A start was refused before it was issued, because of another group on the node.
    StartRefused,
    /// A stop was issued.
    StopIssued,
    /// The stop succeeded.
    StopSucceeded,
    /// The stop failed.
    StopFailed,
    /// A terminate succeeded: it is off.
    TerminateSucceeded,
    /// A terminate failed: it may still run.
    TerminateFailed,
    /// The operation in flight timed out.
    OperationTimedOut,
    /// A health check or the agent reported that it failed.
    FailureReported,
    /// It failed and no attempt to recover it is left, so it is left failed for an operator.
    Left,
    /// Its node is lost.
    NodeLost,
    /// It was found running on its owner. That was in the life of the node in which it was started,
    /// or before the group had any owner.
    FoundRunning,
    /// It certainly does not run: its node is off, or the agent or an operator says so.
    ConfirmedOff,
    /// It is assumed to be off, because the declaration says so.
    AssumedOff,
    /// An operator cleared the failure.
    FailureCleared,
    /// Its group has another owner, which has never run it.
    OwnerChanged,
}

impl ResourceState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Initializing,
        Self::Offline,
        Self::OnlinePending,
        Self::Online,
        Self::OfflinePending,
        Self::Terminating,
        Self::Failed,
        Self::InDoubt,
    ];

    /// Tells whether anything that can happen changes this state into the other one at once.
    #[must_use]
    pub fn can_become(self, to: Self) -> bool {
        ResourceEvent::ALL.iter().any(|event| self.next(*event).target() == Some(to))
    }

    /// Returns the effect of `event` on a resource in this state.
    pub(crate) const fn next(self, event: ResourceEvent) -> Transition<Self> {
        match self {
            Self::Initializing => Self::next_of_initializing(event),
            Self::Offline => Self::next_of_offline(event),
            Self::OnlinePending => Self::next_of_online_pending(event),
            Self::Online => Self::next_of_online(event),
            Self::OfflinePending => Self::next_of_offline_pending(event),
            Self::Terminating => Self::next_of_terminating(event),
            Self::Failed => Self::next_of_failed(event),
            Self::InDoubt => Self::next_of_in_doubt(event),
        }
    }

    /// Tells whether it may be running, as far as anybody can know.
    #[must_use]
    pub const fn may_run(self) -> bool {
        match self {
            Self::Initializing | Self::Offline | Self::Failed => false,
            Self::OnlinePending
            | Self::Online
            | Self::OfflinePending
            | Self::Terminating
            | Self::InDoubt => true,
        }
    }

    const fn next_of_initializing(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::Opened => Transition::To(Self::Offline),
            E::NodeLost | E::ConfirmedOff | E::FailureCleared | E::OwnerChanged => {
                Transition::Ignored
            }
            E::StartIssued
            | E::StartSucceeded
            | E::StartFailed
            | E::StartRefused
            | E::StopIssued
            | E::StopSucceeded
            | E::StopFailed
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::OperationTimedOut
            | E::FailureReported
            | E::FoundRunning
            | E::AssumedOff
            | E::Left => Transition::Forbidden,
        }
    }

    const fn next_of_offline(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::StartIssued => Transition::To(Self::OnlinePending),
            E::StartRefused => Transition::To(Self::Failed),
            // Its group has its first owner, which already runs it.
            E::FoundRunning => Transition::To(Self::Online),
            E::Opened
            | E::FailureReported
            | E::NodeLost
            | E::ConfirmedOff
            | E::AssumedOff
            | E::FailureCleared
            | E::OwnerChanged => Transition::Ignored,
            E::StartSucceeded
            | E::StartFailed
            | E::StopIssued
            | E::StopSucceeded
            | E::StopFailed
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::OperationTimedOut
            | E::Left => Transition::Forbidden,
        }
    }

    const fn next_of_online_pending(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::StartSucceeded => Transition::To(Self::Online),
            // A resource that fails while it starts has not started.
            E::StartFailed | E::FailureReported => Transition::To(Self::Terminating),
            E::OperationTimedOut | E::NodeLost | E::Left => Transition::To(Self::InDoubt),
            E::ConfirmedOff => Transition::To(Self::Offline),
            // The answer to the start is still awaited, and decides.
            E::FoundRunning => Transition::Ignored,
            E::Opened
            | E::StartIssued
            | E::StartRefused
            | E::StopIssued
            | E::StopSucceeded
            | E::StopFailed
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::AssumedOff
            | E::FailureCleared
            | E::OwnerChanged => Transition::Forbidden,
        }
    }

    const fn next_of_online(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::StopIssued => Transition::To(Self::OfflinePending),
            E::FailureReported => Transition::To(Self::Terminating),
            // The operation that can time out here is a health check.
            E::OperationTimedOut | E::NodeLost | E::Left => Transition::To(Self::InDoubt),
            E::ConfirmedOff => Transition::To(Self::Offline),
            E::FoundRunning | E::FailureCleared => Transition::Ignored,
            E::Opened
            | E::StartIssued
            | E::StartSucceeded
            | E::StartFailed
            | E::StartRefused
            | E::StopSucceeded
            | E::StopFailed
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::AssumedOff
            | E::OwnerChanged => Transition::Forbidden,
        }
    }

    const fn next_of_offline_pending(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::StopSucceeded | E::ConfirmedOff => Transition::To(Self::Offline),
            E::StopFailed => Transition::To(Self::Terminating),
            E::OperationTimedOut | E::NodeLost => Transition::To(Self::InDoubt),
            // It is being stopped anyway.
            E::FailureReported | E::FoundRunning => Transition::Ignored,
            E::Opened
            | E::StartIssued
            | E::StartSucceeded
            | E::StartFailed
            | E::StartRefused
            | E::StopIssued
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::AssumedOff
            | E::FailureCleared
            | E::OwnerChanged
            | E::Left => Transition::Forbidden,
        }
    }

    const fn next_of_terminating(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::TerminateSucceeded | E::ConfirmedOff => Transition::To(Self::Failed),
            E::TerminateFailed | E::OperationTimedOut | E::NodeLost => {
                Transition::To(Self::InDoubt)
            }
            E::FailureReported | E::FoundRunning => Transition::Ignored,
            E::Opened
            | E::StartIssued
            | E::StartSucceeded
            | E::StartFailed
            | E::StartRefused
            | E::StopIssued
            | E::StopSucceeded
            | E::StopFailed
            | E::AssumedOff
            | E::FailureCleared
            | E::OwnerChanged
            | E::Left => Transition::Forbidden,
        }
    }

    const fn next_of_failed(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::StartIssued => Transition::To(Self::OnlinePending),
            E::FailureCleared | E::OwnerChanged => Transition::To(Self::Offline),
            E::StartRefused
            | E::FailureReported
            | E::NodeLost
            | E::ConfirmedOff
            | E::AssumedOff => Transition::Ignored,
            E::Opened
            | E::StartSucceeded
            | E::StartFailed
            | E::StopIssued
            | E::StopSucceeded
            | E::StopFailed
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::OperationTimedOut
            | E::FoundRunning
            | E::Left => Transition::Forbidden,
        }
    }

    const fn next_of_in_doubt(event: ResourceEvent) -> Transition<Self> {
        use ResourceEvent as E;
        match event {
            E::TerminateSucceeded | E::AssumedOff => Transition::To(Self::Failed),
            E::ConfirmedOff | E::FailureCleared => Transition::To(Self::Offline),
            E::FoundRunning => Transition::To(Self::Online),
            // The terminate or the probe has shown nothing for certain.
            E::TerminateFailed | E::OperationTimedOut | E::NodeLost | E::FailureReported => {
                Transition::Ignored
            }
            E::Opened
            | E::StartIssued
            | E::StartSucceeded
            | E::StartFailed
            | E::StartRefused
            | E::StopIssued
            | E::StopSucceeded
            | E::StopFailed
            | E::OwnerChanged
            | E::Left => Transition::Forbidden,
        }
    }
}

impl ResourceEvent {
    /// Every event.
    pub(crate) const ALL: [Self; 19] = [
        Self::Opened,
        Self::StartIssued,
        Self::StartSucceeded,
        Self::StartFailed,
        Self::StartRefused,
        Self::StopIssued,
        Self::StopSucceeded,
        Self::StopFailed,
        Self::TerminateSucceeded,
        Self::TerminateFailed,
        Self::OperationTimedOut,
        Self::FailureReported,
        Self::Left,
        Self::NodeLost,
        Self::FoundRunning,
        Self::ConfirmedOff,
        Self::AssumedOff,
        Self::FailureCleared,
        Self::OwnerChanged,
    ];
}

impl fmt::Display for ResourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initializing => "initializing",
            Self::Offline => "offline",
            Self::OnlinePending => "online pending",
            Self::Online => "online",
            Self::OfflinePending => "offline pending",
            Self::Terminating => "terminating",
            Self::Failed => "failed",
            Self::InDoubt => "in doubt",
        })
    }
}
