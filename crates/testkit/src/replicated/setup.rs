//! The cluster of a run: its nodes, spans, groups and the shape of its machines.

use std::time::Duration;

use quorate::Cluster;
use quorate::Timestamp;
use quorate::kind::ResourceOverrides;
use quorate::policy::Ring;
use quorate::replicate::{Genesis, Quarantine, Replica, Timing};
use quorate::settings::{Fencing, Interval, QuorumRule, UnconfirmedStop};
use quorate::spec::{
    ClusterDeclaration, ClusterSpec, GroupDeclaration, Limits, ResourceDeclaration, SpecErrors,
};

/// Everything about a cluster that does not change during a run.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// Nodes of the cluster.
    pub(super) nodes: usize,
    /// A machine votes that is no node.
    pub(super) witness: Witness,
    pub(super) fencing: Fencing,
    pub(super) holder: Holder,
    pub(super) timing: Timing,
    pub(super) groups: usize,
    /// Resources of each group; each needs the one before.
    pub(super) resources: usize,
    pub(super) quarantine: Option<Quarantine>,
    /// The rule for a stop that nobody confirms. With fences, half of the groups have the node
    /// fenced instead.
    pub(super) unconfirmed_stop: UnconfirmedStop,
    /// Reports that fit in an outbox.
    pub(super) room: usize,
    /// Milliseconds between two looks of a daemon at its clock.
    pub(super) tick: u64,
    pub(super) flaw: Flaw,
}

/// The vote of a machine that is no node of the cluster.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Witness {
    /// There is none.
    Absent,
    /// One machine votes and can own nothing.
    Votes,
}

/// The process that owns what runs on a machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Holder {
    /// A keeper, a process of its own that also feeds the watchdog.
    Keeper,
    /// The daemon itself, which feeds the watchdog. If it dies the machine is reset.
    Daemon,
}

/// A mistake of those who build on the parts, to prove that the worlds find it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Flaw {
    /// No mistake.
    #[default]
    None,
    /// The detection is shorter than the lease, and nobody called `Timing::check`.
    DetectionBelowLease,
    /// The keeper is not told when leases end, and does not notice that its daemon stands still.
    BlindKeeper,
    /// Nobody feeds a watchdog: there is none.
    NoWatchdog,
    /// Every leader stamps entries by the clock of its own machine.
    LeadersOwnClocks,
    /// A leader carries out a fence without asking whether it is still wanted.
    FenceUnasked,
    /// A restarted daemon joins with its next life while something of the last one still runs.
    RestartIsProof,
    /// A node that leaves says so before it ends its life.
    LeavesBeforeItEnds,
    /// Grants do not go back in time: they count from their arrival.
    GrantFromArrival,
}

impl Flaw {
    /// Every mistake that can be made.
    pub const ALL: [Self; 8] = [
        Self::DetectionBelowLease,
        Self::BlindKeeper,
        Self::NoWatchdog,
        Self::LeadersOwnClocks,
        Self::FenceUnasked,
        Self::RestartIsProof,
        Self::LeavesBeforeItEnds,
        Self::GrantFromArrival,
    ];
}

/// The rules of a release, so far as nodes can differ in them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Release {
    #[default]
    Old,
    New,
}

/// The names of nodes.
const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

impl Setup {
    /// Returns a cluster of so many nodes in which membership vouches for lost nodes.
    pub(super) fn plain(nodes: usize) -> Self {
        let millis = Duration::from_millis;
        let timing = Timing::fitting(millis(100), millis(300), millis(500), millis(1_000));
        Self {
            nodes,
            witness: Witness::Absent,
            fencing: Fencing::Trusted,
            holder: Holder::Keeper,
            timing,
            groups: 2,
            resources: 2,
            quarantine: None,
            unconfirmed_stop: UnconfirmedStop::BlockGroup,
            room: 4_096,
            tick: 1,
            flaw: Flaw::None,
        }
    }

    /// Returns the number of machines.
    pub(super) const fn seats(&self) -> usize {
        match self.witness {
            Witness::Absent => self.nodes,
            Witness::Votes => self.nodes.saturating_add(1),
        }
    }

    /// Returns the name of a machine.
    pub(super) fn name(&self, seat: usize) -> &'static str {
        if seat >= self.nodes { "w" } else { NAMES.get(seat).copied().unwrap_or("?") }
    }

    /// Returns the number of the machine of a node.
    pub(super) fn seat(&self, name: &str) -> Option<usize> {
        (0..self.nodes).find(|seat| self.name(*seat) == name)
    }

    /// Returns the name of a group.
    pub(super) fn group(number: usize) -> String {
        format!("g{number}")
    }

    /// Returns the name of a resource.
    pub(super) fn resource(group: usize, number: usize) -> String {
        format!("g{group}r{number}")
    }

    /// Returns the rules of a release.
    pub(super) fn genesis(&self, release: Release) -> Genesis {
        let genesis = Genesis::new(Ring::new()).within(limits(release)).keeping_events(0);
        match self.quarantine {
            Some(rule) => genesis.quarantining(rule),
            None => genesis,
        }
    }

    /// Returns the replica of a machine before the first entry.
    pub(super) fn replica(&self, seat: usize, release: Release) -> Result<Replica, SpecErrors> {
        let spec = self.spec(release)?;
        let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        Ok(Replica::new(self.name(seat), cluster, self.genesis(release)))
    }

    /// Returns the declaration in its checked form.
    pub(super) fn spec(&self, release: Release) -> Result<ClusterSpec, SpecErrors> {
        let mut declaration = ClusterDeclaration::new("many")
            .quorum(QuorumRule::Agreed)
            .fencing(self.fencing)
            .fence_timeout(Duration::from_secs(6))
            .fence_retry_delay(Duration::from_secs(1))
            .fence_threshold(1_000)
            .probe_interval(Interval::Every(Duration::from_secs(1)))
            .inventory_timeout(Duration::from_secs(9))
            .group_wait_delay(Duration::ZERO)
            .priority_wait(Duration::from_secs(5));
        for seat in 0..self.nodes {
            declaration = declaration.node(self.name(seat));
        }
        for group in 0..self.groups {
            declaration = declaration.group(self.declared_group(group));
        }
        declaration.build_within(&limits(release))
    }

    fn declared_group(&self, group: usize) -> GroupDeclaration {
        let mut declared = GroupDeclaration::new(Self::group(group))
            .failover_threshold(10_000)
            .failure_memory(Duration::from_secs(5));
        for number in 0..self.resources {
            let mut resource =
                ResourceDeclaration::new(Self::resource(group, number), "Generic Service")
                    .settings(self.overrides(group));
            if let Some(before) = number.checked_sub(1) {
                resource = resource.needs(format!("[{}]", Self::resource(group, before)).as_str());
            }
            declared = declared.resource(resource);
        }
        declared
    }

    fn overrides(&self, group: usize) -> ResourceOverrides {
        let patience = self.timing.lease.saturating_add(Duration::from_secs(2));
        let is_fenced = self.fencing == Fencing::Required && group % 2 == 1;
        ResourceOverrides {
            restart_threshold: Some(1_000),
            restart_delay: Some(Duration::from_millis(200)),
            retry_period: Some(Interval::Every(Duration::from_secs(2))),
            pending_timeout: Some(patience),
            start_pending_timeout: Some(patience),
            start_deadline: Some(patience.saturating_mul(2)),
            stop_deadline: Some(patience.saturating_mul(2)),
            deadlock_timeout: Some(patience),
            looks_alive_interval: Some(Interval::Never),
            is_alive_interval: Some(Interval::Never),
            unconfirmed_stop: Some(if is_fenced {
                UnconfirmedStop::FenceNode
            } else {
                self.unconfirmed_stop
            }),
            ..ResourceOverrides::default()
        }
    }
}

/// Returns the limits of a release: they stand for everything in which releases may differ.
fn limits(release: Release) -> Limits {
    let mut limits = Limits::default();
    match release {
        Release::Old => {}
        Release::New => limits.groups = limits.groups.saturating_add(1),
    }
    limits
}

/// Returns a span in whole milliseconds.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
