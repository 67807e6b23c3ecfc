//! The settled properties of a cluster, its groups and its resources.
//!
//! Every property has its default in [`Profile`](crate::spec::Profile), and a declaration overrides
//! the properties that it names. The fields here have their final values.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::time::Interval;
pub use priority::Priority;

mod priority;

/// The state that an operator wants of a group or resource, kept until the next order: Windows
/// calls it the persistent state (MS-CMRP 3.1.4.1.18).
///
/// Recovery acts only on resources that should be online. A move restores each resource to its
/// desired state, not to "everything online".
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DesiredState {
    /// To be off, and left off.
    Offline,
    /// To be running, and kept running.
    Online,
}

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
    /// [`restart_window`](ClusterSettings::restart_window) says. Default 15 min.
    pub restart_period: Duration,
    /// Wait between a failure and the restart. Default 500 ms.
    pub restart_delay: Duration,
    /// Time in the failed state before another series of attempts. Should not be shorter than
    /// `restart_period`. Default 1 h, as in Windows Server 2008 (SDK, `RetryPeriodOnFailure`; KB
    /// 947712); in the 2003 profile never: Windows 2000 and 2003 leave the resource failed and wait
    /// for an operator (KB 228923). A period that is declared there leads to
    /// [`Retry::FinalAttempt`].
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

/// The rule for a group to return to a preferred owner by itself (SDK, `AutoFailbackType`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failback {
    /// It stays where it is.
    Prevent,
    /// It moves to the most preferred owner that is eligible, within window and hold-down.
    Allow,
}

/// Hours of the local day in which failback may happen: from `start_hour` until `end_hour`, over
/// midnight if the start is later than the end.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FailbackWindow {
    /// First hour, 0 to 23.
    pub start_hour: u8,
    /// Hour after the last one, 0 to 23, different from `start_hour`.
    pub end_hour: u8,
}

/// The behaviour of a group when the cluster forms (SDK, `ColdStartSetting`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColdStart {
    /// It starts as its desired state says.
    Start,
    /// It waits for an operator, whatever its desired state.
    DontStart,
}

/// The settled properties of one group.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupSettings {
    /// The desired state when the cluster first forms, and whenever a new configuration changes it.
    /// Default online: a declared group is meant to run. (In Windows the default is offline,
    /// because a group is created empty and by hand.)
    pub desired: DesiredState,
    /// Most failovers because of failed resources within `failover_period`; `None` is the number of
    /// nodes that are up, less one, so a group that waits for a failover leaves at once when a
    /// further node comes up and thereby allows one. Default `None`.
    pub failover_threshold: Option<u32>,
    /// Sliding window of `failover_threshold`. Default 6 h.
    pub failover_period: Duration,
    /// The time for which a node on which the group failed comes after the others in the choice of
    /// a node. Among such nodes the one on which it failed longest ago comes first. Only nodes that
    /// cannot run all that must run, and paused nodes, come later still. A group never returns by
    /// itself to a node on which it failed, however long ago.
    ///
    /// This ends when the node joins in a new life, or when an operator ends it: by
    /// [`ClearGroupFailures`](crate::cluster::Command::ClearGroupFailures), by a move to that very
    /// node, or, for the present owner, by bringing the group online. A node that was lost with the
    /// group does not count as one on which it failed.
    ///
    /// Default `failover_period`. 0 remembers nothing, as Windows does: the default of the 2003
    /// profile, whose order is that of KB 299631 and whose groups return whenever they may.
    pub failure_memory: Duration,
    /// The rule for returning by itself. Default [`Failback::Prevent`].
    pub failback: Failback,
    /// The hours in which it may return; `None` is at any time. Default `None`.
    pub failback_window: Option<FailbackWindow>,
    /// Time for which the better node must have been up before the group returns to it. Windows has
    /// no such setting. Default 0.
    pub failback_hold_down: Duration,
    /// Start tier and placement order. Default [`Priority::MEDIUM`].
    pub priority: Priority,
    /// The behaviour when the cluster forms. Default [`ColdStart::Start`].
    pub cold_start: ColdStart,
    /// Wait between being placed and starting, where groups come up together: when the cluster
    /// forms or quorum is regained, when a node is taken over, and when it comes up or is resumed.
    /// A group that comes to its node in good order, or because a resource failed, starts at once.
    /// Default 0, at most 30 min.
    pub start_delay: Duration,
}

/// The votes that keep the cluster alive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuorumRule {
    /// More than half of the node votes.
    NodeMajority,
    /// More than half of the votes of the nodes and of one witness.
    MajorityWithWitness,
    /// The witness alone decides: the side that holds the quorum disk lives, even a single node.
    DiskOnly,
    /// Votes are counted outside: each input comes from the log of a consensus engine, and stands
    /// there only because a majority of its voters agreed. The cluster has quorum while it has a
    /// member. For replicas ([`replicate`](crate::replicate)) only: without such a log every part of
    /// a cluster that is cut in two would have quorum.
    Agreed,
}

/// The proof that a lost node runs nothing.
///
/// The groups of a lost node start elsewhere only after this proof. It cannot be changed while a
/// node is lost. A new lease counts for every node that is lost from then on, so a shorter lease
/// has to be in force on the nodes before it is configured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fencing {
    /// The core asks for a fence and waits until it is confirmed. The default.
    Required,
    /// The membership layer vouches that a lost node is off.
    Trusted,
    /// Nodes that lose contact stop everything by themselves within `duration`. They start nothing
    /// more until contact is back, even if orders still reach them. `margin` covers the drift
    /// between the clocks.
    Lease {
        /// Longest time from the last contact to the last stopped resource.
        #[serde(with = "crate::time::text::plain")]
        duration: Duration,
        /// Added to `duration` before the node counts as off.
        #[serde(with = "crate::time::text::plain")]
        margin: Duration,
    },
    /// Only an operator can confirm it.
    Operator,
}

/// The treatment of running groups without quorum. Without quorum the cluster never starts, moves
/// or fences anything.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoQuorum {
    /// Stops them.
    Stop,
    /// Leaves them alone.
    Freeze,
}

/// The weight of anti-affinity when a node is chosen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AntiAffinityPlacement {
    /// Nodes with a group of the same class come last (SDK, `AntiAffinityClassNames`).
    Soft,
    /// Nodes with a group of the same class are not candidates (`ClusterEnforcedAntiAffinity`).
    Hard,
}

/// The check for other groups of its class before a group comes online.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// The group may come online beside another group of its class.
    Open,
    /// The group may not come online on a node where a group of its class has a resource online
    /// (MS-CMRP 3.1.4.1.50).
    SameClassOnline,
}

/// The treatment of a group that has reached its failover limit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailoverLimit {
    /// The failed resource and its dependents stay down, and the rest runs (2008 and later).
    ResourceStays,
    /// The whole group goes offline (2003).
    GroupOffline,
}

/// The reaction each time the retry period of a failed resource has passed.
///
/// Retries are counted anew after the resource was online for more than its restart period,
/// whatever ended that time: a failure, an order, or the loss of its node.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// One last attempt; after that an operator is needed (2003).
    FinalAttempt,
    /// A new series with cleared counters, again and again (2008 and later).
    NewSeries,
}

/// The time by which a restart leaves the window of its budget.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartWindow {
    /// The time in which the resource was online. Attempts use up the budget however long they
    /// take, so the group moves.
    Online,
    /// The clock, as in Windows (SDK, `RestartPeriod`). A resource whose attempts take longer than
    /// the period is restarted on one node for ever.
    Clock,
}

/// The effect of a failed member of an OR clause on the group while another member is online.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedundantProvider {
    /// It never moves the group as long as every clause of every dependent holds.
    Suppress,
    /// It moves the group when its restarts are used up, like any other resource.
    Escalate,
}

/// The times at which the dependencies of a resource may change.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyChange {
    /// At any time, and nothing restarts. A removed dependency ends at once; a dependency that is
    /// added to a resource that may run has to hold already (MS-CMRP, removal of a simple
    /// dependency online).
    Online,
    /// Only while the resource is off, and a provider that it loses is off as well (2003; MS-CMRP,
    /// `ApiAddResourceDependency`, `ApiRemoveResourceDependency`).
    Offline,
}

/// The resources that a node has to be able to run in order to own their group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// The resources that must run: their failure affects the group, they are not wanted offline,
    /// and nothing that the node can run replaces them. An alternative is replaced if every clause
    /// of every dependent can do without it. Providers of a resource that must run have to run as
    /// well. A node that can run nothing of the group does not own it, however little must run.
    ///
    /// A resource that cannot run on the owner and need not run stays offline there. It does not
    /// count as failed, is never tried, and does not make the group partially online.
    ///
    /// Where no node that is up can run all that must run, the node that can run most owns the
    /// group, both at a start (if it can run anything) and after a node failure. The group moves on
    /// to a node that can run all of it: at once if nothing of it runs, otherwise if failback is
    /// allowed.
    NeededResources,
    /// Every resource, as in Windows: the possible owners of a group are those of all its
    /// resources. Where no node can run all, another node owns the group only after a node failure
    /// (MS-CMRP 3.1.4.1.24). The group leaves it as soon as there is a node that can run all.
    EveryResource,
}

/// The settled properties of the cluster as a whole.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClusterSettings {
    /// The votes that keep the cluster alive. Default [`QuorumRule::NodeMajority`].
    pub quorum: QuorumRule,
    /// Votes of the witness, if the rule has one. Default 1.
    pub witness_weight: u32,
    /// The proof that a lost node is off. Default [`Fencing::Required`].
    pub fencing: Fencing,
    /// The treatment of running groups without quorum. Default [`NoQuorum::Stop`].
    pub no_quorum: NoQuorum,
    /// Weight of anti-affinity in placement. Default [`AntiAffinityPlacement::Soft`].
    pub anti_affinity: AntiAffinityPlacement,
    /// Check before a group comes online. Default [`Admission::Open`], in the 2003 profile
    /// [`Admission::SameClassOnline`].
    pub admission: Admission,
    /// The treatment of a group at its failover limit. Default [`FailoverLimit::ResourceStays`], in
    /// the 2003 profile [`FailoverLimit::GroupOffline`].
    pub failover_limit: FailoverLimit,
    /// The reaction after the retry period. Default [`Retry::NewSeries`], in the 2003 profile
    /// [`Retry::FinalAttempt`].
    pub retry: Retry,
    /// Series of [`Retry::NewSeries`] before an operator is needed; `None` is without end.
    /// Default `None`.
    pub retry_cycles: Option<u32>,
    /// The time by which a restart leaves the window of its budget. Default
    /// [`RestartWindow::Online`], in the 2003 profile [`RestartWindow::Clock`].
    pub restart_window: RestartWindow,
    /// The resources that a node has to be able to run in order to own their group. Default
    /// [`Ownership::NeededResources`], in the 2003 profile [`Ownership::EveryResource`].
    pub ownership: Ownership,
    /// The effect of the failure of a redundant provider. Default [`RedundantProvider::Suppress`].
    pub redundant_provider: RedundantProvider,
    /// The times at which dependencies may change. Default [`DependencyChange::Online`], in the
    /// 2003 profile [`DependencyChange::Offline`].
    pub dependency_change: DependencyChange,
    /// The longest time that a group waits for its preferred owner when the cluster forms
    /// (`ClusterGroupWaitDelay`). Where no member can run all that must run, it waits for the first
    /// node that can. Default 2 min, at most 1 h. A group that was given a node, was started or was
    /// found running since then does not wait.
    pub group_wait_delay: Duration,
    /// The longest time that a group waits for groups of higher priority that come up with it; 0 is
    /// no wait. Default 5 min, at most 24 h. The default is the wait for a preferred owner when the
    /// cluster forms and the time of one start, by default 2 and 3 min. For this time after a drain
    /// began, groups on the node also run on until the groups of higher priority are online where
    /// they go.
    pub priority_wait: Duration,
    /// Longest time for a fence. Default 1 min.
    pub fence_timeout: Duration,
    /// Wait between two attempts to fence one node. Default 30 s.
    pub fence_retry_delay: Duration,
    /// Attempts to fence one node within `fence_period`. Default 10.
    pub fence_threshold: u32,
    /// Sliding window of `fence_threshold`. Default 1 h.
    pub fence_period: Duration,
    /// Interval of the probes of a resource in doubt, and of the attempts to stop a resource that
    /// should not run and did not confirm that it stopped. Default 1 min. With never, only an
    /// operator, an inventory of the node, proof that the node is off, or its next life ends the
    /// doubt.
    pub probe_interval: Interval,
    /// Longest time for a member to answer what it runs; then it is asked again, under a new
    /// number. Default 1 min.
    pub inventory_timeout: Duration,
}

impl fmt::Display for DesiredState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "offline",
            Self::Online => "online",
        })
    }
}
