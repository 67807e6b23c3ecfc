//! Properties of the cluster as a whole.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Interval;

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
    /// The most steps of the search for the best joint placement of groups that need a node at the
    /// same time. A step is one decision of the search, and takes about a microsecond; 10,000 are
    /// enough for dozens of groups. When they are used up, the best placement that was found stands,
    /// and [`Event::PlacementCutShort`](crate::cluster::Event::PlacementCutShort) tells how much
    /// better it might have been. With 0, the default, there is no joint placement: one group after
    /// the other takes the node that its policy likes best. At most 1,000,000.
    pub placement_steps: u32,
}
