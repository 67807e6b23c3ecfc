//! Upper bounds of times, added up from the settings.

use std::time::Duration;

use quorate::machine::Budget;
use quorate::settings::{Fencing, Interval, Priority, ResourceSettings, UnconfirmedStop};
use quorate::spec::ClusterSpec;
use quorate::{Cluster, GroupId};

/// Delays outside the cluster, which it cannot know.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outside {
    /// Time from the loss of a node until a failure detector notices it. Default 0.
    pub detection: Duration,
    /// Time from then until the cluster is told. Default 0.
    pub agreement: Duration,
}

/// Returns the longest time in which a group stops, level after level of its dependencies, if every
/// operation is answered at the last moment: each stop may run out of time and be followed by a
/// terminate.
#[must_use]
pub fn stop_time(spec: &ClusterSpec, group: GroupId) -> Duration {
    let longest =
        |settings: &ResourceSettings| settings.pending_timeout.min(settings.stop_deadline);
    sum_over_levels(spec, group, longest).saturating_mul(2)
}

/// Returns the longest time in which a group starts, level after level of its dependencies, if
/// every operation is answered at the last moment.
#[must_use]
pub fn start_time(spec: &ClusterSpec, group: GroupId) -> Duration {
    sum_over_levels(spec, group, |settings| {
        settings.start_pending_timeout.min(settings.start_deadline)
    })
}

/// Returns the longest time until a node that has to be off is certain to be off, if fencing
/// devices work; `None` where only an operator can confirm it.
#[must_use]
pub fn fence_time(spec: &ClusterSpec) -> Option<Duration> {
    let settings = spec.settings();
    // The last attempt may have failed, or all attempts of the period may be used up.
    let wait = settings.fence_retry_delay.max(settings.fence_period);
    let attempts = wait.saturating_add(settings.fence_timeout.saturating_mul(2));
    // A member may be fenced as well, because of a stop that was not confirmed.
    let fences_members = spec
        .resources()
        .any(|(_, declared)| declared.settings().unconfirmed_stop == UnconfirmedStop::FenceNode);
    let of_members = if fences_members { attempts } else { Duration::ZERO };
    match settings.fencing {
        Fencing::Trusted => Some(of_members),
        Fencing::Lease { duration, margin } => {
            Some(duration.saturating_add(margin).max(of_members))
        }
        Fencing::Required => Some(attempts),
        Fencing::Operator => None,
    }
}

/// Returns the longest time from the end of all faults until a group that has a node to run on is
/// online ([`Invariant::L1`](crate::Invariant::L1)); `None` where an operator has to help.
///
/// `T = detection + agreement + fence + wait for the home + the tiers down to that of the group`.
/// Each tier takes as long as its slowest group: retry + doubt + 2 · stop + start delay + start.
/// The groups of a tier start side by side, and a tier waits for those above it.
#[must_use]
pub fn time_to_online(cluster: &Cluster, group: GroupId, outside: Outside) -> Option<Duration> {
    let spec = cluster.spec();
    let own = spec.group(group)?.settings().priority;
    let mut tiers: Vec<(Priority, Duration)> = Vec::new();
    for (other, declared) in spec.groups() {
        let priority = declared.settings().priority;
        if priority < own {
            continue;
        }
        let time = time_of_group(spec, other);
        match tiers.iter_mut().find(|(tier, _)| *tier == priority) {
            Some((_, longest)) => *longest = time.max(*longest),
            None => tiers.push((priority, time)),
        }
    }
    let tiers = tiers.iter().fold(Duration::ZERO, |sum, (_, time)| sum.saturating_add(*time));
    let before =
        [outside.detection, outside.agreement, fence_time(spec)?, spec.settings().group_wait_delay];
    Some(before.into_iter().fold(tiers, Duration::saturating_add))
}

fn time_of_group(spec: &ClusterSpec, group: GroupId) -> Duration {
    let Some(declared) = spec.group(group) else { return Duration::ZERO };
    let settings =
        || declared.resources().filter_map(|id| spec.resource(id)).map(|of| of.settings());
    let retry = settings().map(wait_of).max().unwrap_or_default();
    let hang = settings().map(|of| of.deadlock_timeout).max().unwrap_or_default();
    // Doubt that is not probed is a lasting reason.
    let doubt = spec.settings().probe_interval.span().unwrap_or_default().saturating_add(hang);
    [
        retry,
        doubt,
        stop_time(spec, group).saturating_mul(2),
        declared.settings().start_delay,
        start_time(spec, group),
    ]
    .into_iter()
    .fold(Duration::ZERO, Duration::saturating_add)
}

/// Returns how long a resource that failed may wait for its next attempt.
fn wait_of(settings: &ResourceSettings) -> Duration {
    let retry = match settings.retry_period {
        Interval::Every(period) => period,
        Interval::Never => Duration::ZERO,
    };
    settings.restart_delay.max(retry)
}

/// Returns the sum, over all levels of dependencies, of the longest time in each level.
fn sum_over_levels(
    spec: &ClusterSpec,
    group: GroupId,
    longest: impl Fn(&ResourceSettings) -> Duration,
) -> Duration {
    let Some(declared) = spec.group(group) else { return Duration::ZERO };
    let longest_of = |position: usize| {
        let resource = spec.resource(declared.resource_at(position));
        resource.map_or(Duration::ZERO, |resource| longest(resource.settings()))
    };
    declared
        .graph()
        .levels()
        .filter_map(|level| level.map(longest_of).max())
        .fold(Duration::ZERO, Duration::saturating_add)
}

/// Returns how often a group may fail over in a row by its budget.
pub(super) fn most_failovers(cluster: &Cluster, group: GroupId) -> u32 {
    let budget = cluster.failover_budget(group, cluster.state().now());
    budget.map_or(0, |Budget { threshold, .. }| threshold)
}
