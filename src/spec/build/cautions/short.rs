//! Finds spans so short that somebody may have meant another unit.

use core::time::Duration;

use crate::settings::{ClusterSettings, Fencing, GroupSettings, ResourceSettings};
use crate::time::{Interval, whole_millis};

/// A field with a span that looks wrong.
pub(super) type Short = (&'static str, Duration);

/// The rule for how short a span may be.
#[derive(Clone, Copy)]
enum Sense {
    /// Less than a second makes no sense: operations, periods and failures take longer.
    Seconds,
    /// Less than a second may be meant, but is then a round number of milliseconds.
    Millis,
}

/// Returns the spans of a cluster that are so short that another unit may have been meant.
pub(super) fn of_cluster(settings: &ClusterSettings) -> impl Iterator<Item = Short> {
    let lease = match settings.fencing {
        Fencing::Lease { duration, margin } => [
            ("fencing.lease.duration", duration, Sense::Seconds),
            ("fencing.lease.margin", margin, Sense::Millis),
        ],
        // No value is too short.
        Fencing::Required | Fencing::Trusted | Fencing::Operator => {
            [("fencing", Duration::ZERO, Sense::Millis); 2]
        }
    };
    let own = [
        ("group_wait_delay", settings.group_wait_delay, Sense::Seconds),
        ("priority_wait", settings.priority_wait, Sense::Seconds),
        ("fence_timeout", settings.fence_timeout, Sense::Seconds),
        ("inventory_timeout", settings.inventory_timeout, Sense::Seconds),
        ("fence_retry_delay", settings.fence_retry_delay, Sense::Millis),
        ("fence_period", settings.fence_period, Sense::Seconds),
        ("probe_interval", every(settings.probe_interval), Sense::Millis),
    ];
    short(own.into_iter().chain(lease))
}

/// Returns the spans of a group that are so short that another unit may have been meant.
pub(super) fn of_group(settings: &GroupSettings) -> impl Iterator<Item = Short> {
    short([
        ("failover_period", settings.failover_period, Sense::Seconds),
        ("failure_memory", settings.failure_memory, Sense::Seconds),
        ("failback_hold_down", settings.failback_hold_down, Sense::Seconds),
        ("start_delay", settings.start_delay, Sense::Millis),
    ])
}

/// Returns the spans of a resource that are so short that another unit may have been meant.
pub(super) fn of_resource(settings: &ResourceSettings) -> impl Iterator<Item = Short> {
    let start = settings.start_pending_timeout;
    // An inherited value is warned of where it is declared.
    let start = if start == settings.pending_timeout { Duration::ZERO } else { start };
    short([
        ("settings.start_pending_timeout", start, Sense::Seconds),
        ("settings.restart_period", settings.restart_period, Sense::Seconds),
        ("settings.restart_delay", settings.restart_delay, Sense::Millis),
        ("settings.retry_period", every(settings.retry_period), Sense::Seconds),
        ("settings.pending_timeout", settings.pending_timeout, Sense::Seconds),
        ("settings.start_deadline", settings.start_deadline, Sense::Seconds),
        ("settings.stop_deadline", settings.stop_deadline, Sense::Seconds),
        ("settings.looks_alive_interval", every(settings.looks_alive_interval), Sense::Millis),
        ("settings.is_alive_interval", every(settings.is_alive_interval), Sense::Millis),
    ])
}

/// No value is too short.
fn every(interval: Interval) -> Duration {
    interval.span().unwrap_or_default()
}

fn short(
    spans: impl IntoIterator<Item = (&'static str, Duration, Sense)>,
) -> impl Iterator<Item = Short> {
    spans.into_iter().filter_map(|(field, span, sense)| {
        let millis = whole_millis(span);
        let is_odd = match sense {
            Sense::Seconds => true,
            Sense::Millis => millis.checked_rem(50) != Some(0),
        };
        ((1..1_000).contains(&millis) && is_odd).then_some((field, span))
    })
}
