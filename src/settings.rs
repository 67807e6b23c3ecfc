//! The settled properties of a cluster, its groups and its resources.
//!
//! Every property has its default in [`Profile`](crate::spec::Profile); a declaration
//! overrides what it names. Here each field has its final value.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::time::Interval;
pub use priority::Priority;

mod priority;

/// What an operator wants of a group or resource, kept until told otherwise: Windows calls it the
/// persistent state (MS-CMRP 3.1.4.1.18).
///
/// Recovery acts only on what should be online; a move restores each resource to its desired
/// state, not to "everything online".
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DesiredState {
    /// To be off, and left off.
    Offline,
    /// To be running, and kept running.
    Online,
}

/// What happens when a resource fails (SDK, `RestartAction`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartAction {
    /// It stays failed, and its dependents stay offline.
    DontRestart,
    /// It is restarted within its threshold, then tried again every retry period. The group never
    /// moves for it: the resource does not affect the group.
    RestartNoNotify,
    /// It is restarted within its threshold; one failure more and the group fails over.
    RestartNotify,
}

/// What to do about a resource of which neither a stop nor a terminate confirmed that it is off.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnconfirmedStop {
    /// Keep the group where it is, say why, and probe until somebody knows.
    BlockGroup,
    /// Fence the node, which stops everything on it. Without quorum, where nothing is fenced, keep
    /// the group where it is and probe.
    FenceNode,
    /// Take it for off, as Windows does. If it is not, it may run twice.
    AssumeOff,
}

/// What to do about a resource that failed where nothing is left that could mend it: all its restarts
/// are used, and it does not move its group, or its group cannot fail over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnfixable {
    /// Terminate it, so that it is certain to be off, and try again after its retry period.
    Recover,
    /// Leave it exactly as it is for an operator to look at (the idea is that of Pacemaker's
    /// `on-fail=block`). Nothing of it is probed, stopped, terminated or restarted, no node is fenced
    /// for it, and its group moves nowhere by itself, be it for a drain. Dependents that are online go
    /// on; nothing new starts on it. The same where a terminate was not confirmed, if
    /// `unconfirmed_stop` keeps the group where it is.
    ///
    /// An operator ends it. Bringing the resource or its group online, taking it offline, moving the
    /// group and clearing the failures of the group terminate what was left first, after what relies
    /// on it, and then do what they always do. To clear the failure of the resource is to say that it
    /// is off, as for any resource of which nobody knows whether it runs. It ends as well when the
    /// node is certain to be off.
    Block,
}

/// The settled properties of one resource.
///
/// Resources with equal properties share one record.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResourceSettings {
    /// The desired state; `None` is that of the group. Default `None`.
    pub desired: Option<DesiredState>,
    /// What happens on failure. Default [`RestartAction::RestartNotify`].
    pub restart_action: RestartAction,
    /// Restarts within `restart_period` before a failure goes further; 0 goes further at once.
    /// Default 1, in the 2003 profile 3 (KB 947712).
    pub restart_threshold: u32,
    /// The same after a start that failed: restarts within `restart_period`, whatever they were for,
    /// before a failed start goes further; 0 goes further at once. Default `restart_threshold`, as in
    /// Windows.
    pub start_threshold: u32,
    /// Sliding window of `restart_threshold`: of the time in which the resource was online, or of the
    /// clock, as [`restart_window`](ClusterSettings::restart_window) says. Default 15 min.
    pub restart_period: Duration,
    /// Wait between a failure and the restart. Default 500 ms.
    pub restart_delay: Duration,
    /// Time in the failed state before another series of attempts. Should not be shorter than
    /// `restart_period`. Default 1 h, as in Windows Server 2008 (SDK, `RetryPeriodOnFailure`; KB
    /// 947712); in the 2003 profile never: Windows 2000 and 2003 leave the resource failed and wait
    /// for an operator (KB 228923). One that is declared there leads to [`Retry::FinalAttempt`].
    pub retry_period: Interval,
    /// Longest silence of an operation that is pending; every report of progress starts it anew.
    /// Default 3 min.
    pub pending_timeout: Duration,
    /// The same for starting only. Default `pending_timeout`; longer for kinds that replay logs.
    pub start_pending_timeout: Duration,
    /// Longest time to start, however much progress is reported. Default 1 h.
    pub start_deadline: Duration,
    /// Longest time to stop or terminate, however much progress is reported. Default 1 h.
    pub stop_deadline: Duration,
    /// Longest time a health check or probe may take before its agent counts as hung. Default
    /// 5 min, for the Exchange kinds 3 min (KB 836566).
    pub deadlock_timeout: Duration,
    /// Interval of the cheap health check; never for kinds whose agents report failures by
    /// themselves. Default 5 s.
    pub looks_alive_interval: Interval,
    /// Interval of the thorough health check; never where the cheap one, or the agent's own report,
    /// finds every failure. Default 1 min. Where both are never, a resource that dies and of which
    /// nobody reports it counts as online.
    pub is_alive_interval: Interval,
    /// Whether an agent process of its own is asked for; the core only passes it on. Default
    /// shared.
    pub monitor: Monitor,
    /// Whether the resource begins in maintenance, where failed health checks are ignored.
    /// Default no.
    pub maintenance: Maintenance,
    /// What to do when it cannot be stopped for certain. Default
    /// [`UnconfirmedStop::BlockGroup`].
    pub unconfirmed_stop: UnconfirmedStop,
    /// What to do about a failure when nothing is left that could mend it, decided before anything is
    /// terminated. Default [`OnUnfixable::Recover`].
    pub on_unfixable: OnUnfixable,
}

impl ResourceSettings {
    /// Whether the failure of the resource affects its group: if it is not mended in place, the group
    /// moves for it.
    #[must_use]
    pub const fn affects_group(&self) -> bool {
        match self.restart_action {
            RestartAction::RestartNotify => true,
            RestartAction::DontRestart | RestartAction::RestartNoNotify => false,
        }
    }
}

/// Whether a resource shares its agent process with others (SDK, `SeparateMonitor`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// One agent process serves several resources.
    Shared,
    /// The resource has an agent process of its own, from its next start on.
    Separate,
}

/// Whether failed health checks of a resource count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Maintenance {
    /// They count.
    Off,
    /// They are ignored as long as the resource is online.
    On,
}

/// Whether a group returns to a preferred owner by itself (SDK, `AutoFailbackType`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failback {
    /// It stays where it is.
    Prevent,
    /// It moves to the most preferred owner that is eligible, within window and hold-down.
    Allow,
}

/// Hours of the local day in which failback may happen: from `start_hour` up to, not including,
/// `end_hour`, over midnight if the start is later than the end.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FailbackWindow {
    /// First hour, 0 to 23.
    pub start_hour: u8,
    /// Hour after the last one, 0 to 23, different from `start_hour`.
    pub end_hour: u8,
}

/// What a group does when the cluster forms (SDK, `ColdStartSetting`).
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
    /// The desired state when the cluster first forms, and from the moment on when a new
    /// configuration changes it. Default online: what is declared is meant to run. (Windows has
    /// offline, because there a group is created empty and by hand.)
    pub desired: DesiredState,
    /// Failovers because of failed resources within `failover_period`; `None` is the number of
    /// nodes that are up, less one. Default `None`.
    pub failover_threshold: Option<u32>,
    /// Sliding window of `failover_threshold`. Default 6 h.
    pub failover_period: Duration,
    /// How long a node on which the group failed comes after those on which it did not, when a node
    /// is chosen for it; among such nodes the one on which it failed longest ago comes first. Only
    /// nodes that cannot run all that must run, and paused ones, come later still. A group does not
    /// return by itself to a node on which it failed, however long ago.
    ///
    /// All of that ends when the node joins in a new life, or an operator has it forgotten: by
    /// [`ClearGroupFailures`](crate::Command::ClearGroupFailures), by a move to that very node, or, of
    /// its present owner, by bringing the group online. A node that was lost with the group is not
    /// one on which it failed.
    ///
    /// Default `failover_period`. 0 remembers nothing, as Windows does: the default of the 2003
    /// profile, whose order is that of KB 299631 and whose groups return whenever they may.
    pub failure_memory: Duration,
    /// Whether it returns by itself. Default [`Failback::Prevent`].
    pub failback: Failback,
    /// When it may return; `None` is at any time. Default `None`.
    pub failback_window: Option<FailbackWindow>,
    /// How long the better node must have been up before the group returns to it. Windows has no
    /// such dampening. Default 0.
    pub failback_hold_down: Duration,
    /// Start tier and placement order. Default [`Priority::MEDIUM`].
    pub priority: Priority,
    /// Whether it starts when the cluster forms. Default [`ColdStart::Start`].
    pub cold_start: ColdStart,
    /// Wait between being placed and starting, where groups come up together: when the cluster forms
    /// or quorum is regained, when a node is taken over, and when it comes up or is resumed. What comes
    /// to its node in good order, or because a resource failed, starts at once. Default 0, at most 30
    /// min.
    pub start_delay: Duration,
}

/// Which votes keep the cluster alive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuorumRule {
    /// More than half of the node votes.
    NodeMajority,
    /// More than half of the votes of the nodes and of one witness.
    MajorityWithWitness,
    /// The witness alone decides: whoever holds the quorum disk lives, even a single node.
    DiskOnly,
}

/// What makes it certain that a node that is no longer heard from runs nothing.
///
/// The groups of such a node start elsewhere only after that. While a node is lost this cannot be
/// changed; a new lease counts for every node that is lost from then on, so let the nodes keep a
/// shorter one before it is configured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fencing {
    /// The core asks for a fence and waits until it is confirmed. The default.
    Required,
    /// The membership layer vouches that a lost node is off.
    Trusted,
    /// Nodes that lose contact stop everything by themselves within `duration`, and start nothing
    /// more until contact is back, even if orders still reach them; `margin` covers the drift
    /// between the clocks.
    Lease {
        /// Longest time from the last contact to the last stopped resource.
        #[serde(with = "crate::time::text::plain")]
        duration: Duration,
        /// Added to `duration` before the node counts as off.
        #[serde(with = "crate::time::text::plain")]
        margin: Duration,
    },
    /// Only an operator's word counts.
    Operator,
}

/// What a cluster without quorum does with its running groups. It never starts, moves or fences.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoQuorum {
    /// Stops them.
    Stop,
    /// Leaves them alone.
    Freeze,
}

/// How much anti-affinity weighs when a node is chosen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AntiAffinityPlacement {
    /// Nodes with a group of the same class come last (SDK, `AntiAffinityClassNames`).
    Soft,
    /// Such nodes are no candidates (`ClusterEnforcedAntiAffinity`).
    Hard,
}

/// Whether a group may come online beside another one of its class.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// It may.
    Open,
    /// Not on a node where one of the same class has a resource online (MS-CMRP 3.1.4.1.50).
    SameClassOnline,
}

/// What becomes of a group that may not fail over any more.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailoverLimit {
    /// The failed resource and its dependents stay down, the rest runs (2008 and later).
    ResourceStays,
    /// The whole group goes offline (2003).
    GroupOffline,
}

/// What happens each time the retry period of a failed resource has passed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// One last attempt; after that an operator is needed (2003).
    FinalAttempt,
    /// A new series with cleared counters, again and again (2008 and later).
    NewSeries,
}

/// By which time a restart leaves the window of its budget.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartWindow {
    /// By the time in which the resource was online. Attempts use the budget up however long they
    /// take, and so the group moves.
    Online,
    /// By the clock, as in Windows (SDK, `RestartPeriod`). A resource of which an attempt takes longer
    /// than the period is restarted where it is for ever.
    Clock,
}

/// What a failed member of an OR clause does to the group while another member is online.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedundantProvider {
    /// It never moves the group as long as every clause of every dependent holds.
    Suppress,
    /// It moves the group when its restarts are used up, like any other resource.
    Escalate,
}

/// When the dependencies of a resource may change.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyChange {
    /// At any time, and nothing restarts: one that is taken away ends at once, and one that is added
    /// to a resource that may run has to hold already (MS-CMRP, removal of a simple dependency
    /// online).
    Online,
    /// While the resource is off, and a provider that it loses as well (2003; MS-CMRP,
    /// `ApiAddResourceDependency`, `ApiRemoveResourceDependency`).
    Offline,
}

/// Which resources a node has to be able to run in order to own their group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// Those that must run: their failure affects the group, nobody wants them offline, and nothing
    /// that the node can run replaces them. An alternative that every clause of every dependent can
    /// do without is replaced; what is needed by something that must run has to run as well. A node
    /// that can run nothing of the group does not own it, however little must run.
    ///
    /// What cannot run on the owner and need not stays offline there. That is no failure, it is never
    /// tried, and it does not make the group partially online.
    ///
    /// Where no node that is up can run all that must run, the group is owned by the one that can run
    /// most, at a start, if that is anything, as well as after a node failure. It moves on to a node that can run all of it
    /// if failback is allowed; at once, if nothing of it runs.
    NeededResources,
    /// Every one, as in Windows: possible owners of a group are those of all its resources. Where no
    /// node can run all, the group is owned by another one only after a node failure (MS-CMRP
    /// 3.1.4.1.24), and leaves it as soon as there is one that can.
    EveryResource,
}

/// The settled properties of the cluster as a whole.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClusterSettings {
    /// Which votes keep the cluster alive. Default [`QuorumRule::NodeMajority`].
    pub quorum: QuorumRule,
    /// Vote of the witness, if the rule has one. Default 1.
    pub witness_weight: u32,
    /// What proves a lost node off. Default [`Fencing::Required`].
    pub fencing: Fencing,
    /// What happens without quorum. Default [`NoQuorum::Stop`].
    pub no_quorum: NoQuorum,
    /// Weight of anti-affinity in placement. Default [`AntiAffinityPlacement::Soft`].
    pub anti_affinity: AntiAffinityPlacement,
    /// Check before a group comes online. Default [`Admission::Open`], in the 2003 profile
    /// [`Admission::SameClassOnline`].
    pub admission: Admission,
    /// What happens at the failover limit. Default [`FailoverLimit::ResourceStays`], in the 2003
    /// profile [`FailoverLimit::GroupOffline`].
    pub failover_limit: FailoverLimit,
    /// What happens after the retry period. Default [`Retry::NewSeries`], in the 2003 profile
    /// [`Retry::FinalAttempt`].
    pub retry: Retry,
    /// Series of [`Retry::NewSeries`] before an operator is needed; `None` is without end.
    /// Default `None`.
    pub retry_cycles: Option<u32>,
    /// By which time a restart leaves the window of its budget. Default [`RestartWindow::Online`], in
    /// the 2003 profile [`RestartWindow::Clock`].
    pub restart_window: RestartWindow,
    /// Which resources a node has to be able to run in order to own their group. Default
    /// [`Ownership::NeededResources`], in the 2003 profile [`Ownership::EveryResource`].
    pub ownership: Ownership,
    /// What the failure of a redundant provider does. Default [`RedundantProvider::Suppress`].
    pub redundant_provider: RedundantProvider,
    /// When dependencies may change. Default [`DependencyChange::Online`], in the 2003 profile
    /// [`DependencyChange::Offline`].
    pub dependency_change: DependencyChange,
    /// How long a group waits for its preferred owner when the cluster forms
    /// (`ClusterGroupWaitDelay`), and where no member can run all that must run of it, for the first
    /// node that can. Default 2 min, at most 1 h. What was given a node, was started or was found
    /// running once since then does not wait any more.
    pub group_wait_delay: Duration,
    /// How long a group waits for those of higher priority that come up with it. Default 5 min, at
    /// most 24 h: as long as a group may wait for its preferred owner when the cluster forms, and
    /// one start may then take, by default 2 and 3 min; 0 is no wait. As long after a drain began, what
    /// runs on the node runs on until the groups of higher priority are online where they go.
    pub priority_wait: Duration,
    /// How long a fence may take. Default 1 min.
    pub fence_timeout: Duration,
    /// Wait between two attempts to fence one node. Default 30 s.
    pub fence_retry_delay: Duration,
    /// Attempts to fence one node within `fence_period`. Default 10.
    pub fence_threshold: u32,
    /// Sliding window of `fence_threshold`. Default 1 h.
    pub fence_period: Duration,
    /// Interval of the probes of a resource in doubt, and of the attempts to stop what should not run
    /// and did not confirm that it stopped. Default 1 min. Never leaves doubt to others: an operator's
    /// word, an inventory of the node, its loss with proof, or its next life ends it.
    pub probe_interval: Interval,
    /// How long a member that is asked what it runs may take to say so; then it is asked again,
    /// under a new number.
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
