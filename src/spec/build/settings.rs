//! Settles the properties of the cluster and of groups, and checks the ranges of all properties.

use core::time::Duration;

use super::report::Report;
use crate::kind::ResourceOverrides;
use crate::settings::{ClusterSettings, Fencing, GroupSettings};
use crate::spec::problem::{Place, Problem};
use crate::spec::{ClusterDeclaration, GroupDeclaration};
use crate::time::Interval;

const ONE_MILLI: Duration = Duration::from_millis(1);

/// The most steps of one search for a joint placement.
const MOST_STEPS: u32 = 1_000_000;
const TEN_MILLIS: Duration = Duration::from_millis(10);

/// Returns the settled properties of a cluster, and reports values out of range.
pub(super) fn cluster(declared: &ClusterDeclaration, report: &mut Report<'_>) -> ClusterSettings {
    check_cluster(declared, report);
    let defaults = declared.profile.cluster_settings();
    macro_rules! settled {
        ($field:ident) => {
            declared.$field.unwrap_or(defaults.$field)
        };
    }
    ClusterSettings {
        quorum: settled!(quorum),
        witness_weight: settled!(witness_weight),
        fencing: settled!(fencing),
        no_quorum: settled!(no_quorum),
        anti_affinity: settled!(anti_affinity),
        admission: settled!(admission),
        failover_limit: settled!(failover_limit),
        retry: settled!(retry),
        retry_cycles: declared.retry_cycles.or(defaults.retry_cycles),
        restart_window: settled!(restart_window),
        ownership: settled!(ownership),
        redundant_provider: settled!(redundant_provider),
        dependency_change: settled!(dependency_change),
        group_wait_delay: settled!(group_wait_delay),
        priority_wait: settled!(priority_wait),
        fence_timeout: settled!(fence_timeout),
        fence_retry_delay: settled!(fence_retry_delay),
        fence_threshold: settled!(fence_threshold),
        fence_period: settled!(fence_period),
        probe_interval: settled!(probe_interval),
        inventory_timeout: settled!(inventory_timeout),
        placement_steps: settled!(placement_steps),
    }
}

fn check_cluster(declared: &ClusterDeclaration, report: &mut Report<'_>) {
    let path = |field| move || Place::Cluster.field(field);
    report.length(&declared.name, path("name"));
    let hour = Duration::from_secs(3_600);
    report.span(declared.group_wait_delay, Duration::ZERO, hour, path("group_wait_delay"));
    let day = Duration::from_secs(86_400);
    report.span(declared.priority_wait, Duration::ZERO, day, path("priority_wait"));
    for (field, span) in [
        ("fence_timeout", declared.fence_timeout),
        ("inventory_timeout", declared.inventory_timeout),
        ("fence_retry_delay", declared.fence_retry_delay),
        ("fence_period", declared.fence_period),
        ("probe_interval", declared.probe_interval.and_then(Interval::span)),
    ] {
        report.at_least(span, ONE_MILLI, path(field));
    }
    if declared.fence_threshold == Some(0) {
        report.add(Place::Cluster.field("fence_threshold"), Problem::Zero);
    }
    if let Some(steps) = declared.placement_steps.filter(|steps| *steps > MOST_STEPS) {
        let (found, most) = (u64::from(steps), u64::from(MOST_STEPS));
        report
            .add(Place::Cluster.field("placement_steps"), Problem::NumberTooLarge { found, most });
    }
    match declared.fencing {
        Some(Fencing::Lease { duration, margin }) => {
            report.at_least(Some(duration), ONE_MILLI, path("fencing.lease.duration"));
            report.at_least(Some(margin), Duration::ZERO, path("fencing.lease.margin"));
        }
        Some(Fencing::Required | Fencing::Trusted | Fencing::Operator) | None => {}
    }
}

/// Returns the settled properties of a group, and reports values out of range.
pub(super) fn group(
    declared: &GroupDeclaration,
    defaults: &GroupSettings,
    report: &mut Report<'_>,
) -> GroupSettings {
    check_group(declared, report);
    macro_rules! settled {
        ($field:ident) => {
            declared.$field.unwrap_or(defaults.$field)
        };
    }
    GroupSettings {
        desired: settled!(desired),
        failover_threshold: declared.failover_threshold.or(defaults.failover_threshold),
        failover_period: settled!(failover_period),
        failure_memory: failure_memory(declared, defaults),
        failback: settled!(failback),
        failback_window: declared.failback_window.or(defaults.failback_window),
        failback_hold_down: settled!(failback_hold_down),
        priority: settled!(priority),
        cold_start: settled!(cold_start),
        start_delay: settled!(start_delay),
    }
}

/// Returns the failure memory: by default the failover period, unless the profile remembers
/// nothing.
fn failure_memory(declared: &GroupDeclaration, defaults: &GroupSettings) -> Duration {
    let inherited = if defaults.failure_memory.is_zero() {
        Duration::ZERO
    } else {
        declared.failover_period.unwrap_or(defaults.failover_period)
    };
    declared.failure_memory.unwrap_or(inherited)
}

fn check_group(declared: &GroupDeclaration, report: &mut Report<'_>) {
    let place = Place::Group(&declared.name);
    for (field, span, most) in [
        ("failover_period", declared.failover_period, Duration::from_secs(1_193 * 3_600)),
        ("failure_memory", declared.failure_memory, Duration::from_millis(u64::MAX)),
        ("failback_hold_down", declared.failback_hold_down, Duration::from_millis(u64::MAX)),
        ("start_delay", declared.start_delay, Duration::from_secs(30 * 60)),
    ] {
        report.span(span, Duration::ZERO, most, || place.field(field));
    }
    let Some(window) = declared.failback_window else {
        return;
    };
    for (field, found) in [
        ("failback_window.start_hour", window.start_hour),
        ("failback_window.end_hour", window.end_hour),
    ] {
        if found > 23 {
            report.add(place.field(field), Problem::NoSuchHour { found });
        }
    }
    if window.start_hour == window.end_hour {
        let hour = window.start_hour;
        report.add(place.field("failback_window"), Problem::EmptyWindow { hour });
    }
}

/// Checks the properties that a resource or a kind declares.
pub(super) fn check_overrides(
    declared: &ResourceOverrides,
    place: Place<'_>,
    report: &mut Report<'_>,
) {
    let interval = |interval: Option<Interval>| interval.and_then(Interval::span);
    for (field, span, least) in [
        ("settings.restart_period", declared.restart_period, Duration::ZERO),
        ("settings.restart_delay", declared.restart_delay, Duration::ZERO),
        ("settings.retry_period", interval(declared.retry_period), ONE_MILLI),
        ("settings.pending_timeout", declared.pending_timeout, TEN_MILLIS),
        ("settings.start_pending_timeout", declared.start_pending_timeout, TEN_MILLIS),
        ("settings.start_deadline", declared.start_deadline, TEN_MILLIS),
        ("settings.stop_deadline", declared.stop_deadline, TEN_MILLIS),
        ("settings.deadlock_timeout", declared.deadlock_timeout, Duration::from_secs(1)),
        ("settings.looks_alive_interval", interval(declared.looks_alive_interval), TEN_MILLIS),
        ("settings.is_alive_interval", interval(declared.is_alive_interval), TEN_MILLIS),
    ] {
        report.at_least(span, least, || place.field(field));
    }
}
