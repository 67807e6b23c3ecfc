//! The defaults of the releases.

use core::time::Duration;

use super::Profile;
use crate::settings::{
    Admission, AntiAffinityPlacement, ClusterSettings, ColdStart, DependencyChange, DesiredState,
    Failback, FailoverLimit, Fencing, GroupSettings, Interval, Maintenance, Monitor, NoQuorum,
    OnUnfixable, Ownership, Priority, QuorumRule, RedundantProvider, ResourceSettings,
    RestartAction, RestartWindow, Retry, UnconfirmedStop,
};

impl Profile {
    /// The properties of a cluster that declares none.
    #[must_use]
    pub fn cluster_settings(self) -> ClusterSettings {
        let (admission, failover_limit, retry) = match self {
            Self::Mscs2003 => {
                (Admission::SameClassOnline, FailoverLimit::GroupOffline, Retry::FinalAttempt)
            }
            Self::Modern => (Admission::Open, FailoverLimit::ResourceStays, Retry::NewSeries),
        };
        let dependency_change = match self {
            Self::Mscs2003 => DependencyChange::Offline,
            Self::Modern => DependencyChange::Online,
        };
        let (restart_window, ownership) = match self {
            Self::Mscs2003 => (RestartWindow::Clock, Ownership::EveryResource),
            Self::Modern => (RestartWindow::Online, Ownership::NeededResources),
        };
        ClusterSettings {
            quorum: QuorumRule::NodeMajority,
            witness_weight: 1,
            fencing: Fencing::Required,
            no_quorum: NoQuorum::Stop,
            anti_affinity: AntiAffinityPlacement::Soft,
            admission,
            failover_limit,
            retry,
            retry_cycles: None,
            restart_window,
            ownership,
            redundant_provider: RedundantProvider::Suppress,
            dependency_change,
            group_wait_delay: Duration::from_secs(120),
            priority_wait: Duration::from_secs(300),
            fence_timeout: Duration::from_secs(60),
            fence_retry_delay: Duration::from_secs(30),
            fence_threshold: 10,
            fence_period: Duration::from_secs(3_600),
            probe_interval: Interval::Every(Duration::from_secs(60)),
            inventory_timeout: Duration::from_secs(60),
            placement_steps: 0,
        }
    }

    /// The properties of a group that declares none.
    #[must_use]
    pub fn group_settings(self) -> GroupSettings {
        let failover_period = Duration::from_secs(6 * 3_600);
        let failure_memory = match self {
            Self::Mscs2003 => Duration::ZERO,
            Self::Modern => failover_period,
        };
        GroupSettings {
            desired: DesiredState::Online,
            failover_threshold: None,
            failover_period,
            failure_memory,
            failback: Failback::Prevent,
            failback_window: None,
            failback_hold_down: Duration::ZERO,
            priority: Priority::MEDIUM,
            cold_start: ColdStart::Start,
            start_delay: Duration::ZERO,
        }
    }

    /// The properties of a resource that declares none and whose kind declares none.
    #[must_use]
    pub fn resource_settings(self) -> ResourceSettings {
        let (restart_threshold, retry_period) = match self {
            Self::Mscs2003 => (3, Interval::Never),
            Self::Modern => (1, Interval::Every(Duration::from_secs(3_600))),
        };
        ResourceSettings {
            desired: None,
            restart_action: RestartAction::RestartNotify,
            restart_threshold,
            start_threshold: restart_threshold,
            restart_period: Duration::from_secs(900),
            restart_delay: Duration::from_millis(500),
            retry_period,
            pending_timeout: Duration::from_secs(180),
            start_pending_timeout: Duration::from_secs(180),
            start_deadline: Duration::from_secs(3_600),
            stop_deadline: Duration::from_secs(3_600),
            deadlock_timeout: Duration::from_secs(300),
            looks_alive_interval: Interval::Every(Duration::from_secs(5)),
            is_alive_interval: Interval::Every(Duration::from_secs(60)),
            monitor: Monitor::Shared,
            maintenance: Maintenance::Off,
            unconfirmed_stop: UnconfirmedStop::BlockGroup,
            on_unfixable: OnUnfixable::Recover,
        }
    }
}
