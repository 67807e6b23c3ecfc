//! Mean durations in milliseconds, from which durations are drawn.

use crate::rates::{Eviction, Rates, Scatter};

/// Mean lengths in milliseconds, and the shares of their parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    pub(super) scatter: Scatter,
    pub(super) between_failures: f64,
    pub(super) repair: f64,
    pub(super) failover: f64,
    /// The share of a failover until the loss is noticed.
    pub(super) detection_share: f64,
    /// The share of a failover until the node is known to be off.
    pub(super) off_share: f64,
    pub(super) coverage: f64,
    pub(super) manual: f64,
    pub(super) planned_move: f64,
    /// The share of a planned move until everything has stopped.
    pub(super) stop_share: f64,
    pub(super) between_maintenances: Option<f64>,
    pub(super) maintenance: f64,
    pub(super) is_forced: bool,
    pub(super) between_resource_failures: Option<f64>,
    pub(super) restart: f64,
    pub(super) between_site_outages: Option<f64>,
    pub(super) site_outage: f64,
}

impl Means {
    #[allow(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        clippy::float_arithmetic,
        reason = "means and shares are fractions"
    )]
    pub(super) fn of(rates: &Rates) -> Self {
        let millis = |span: std::time::Duration| span.as_millis() as f64;
        let failover = millis(rates.failover);
        let planned_move = millis(rates.planned_move);
        Self {
            scatter: rates.durations,
            between_failures: millis(rates.mtbf),
            repair: millis(rates.mttr),
            failover,
            detection_share: millis(rates.detection) / failover,
            off_share: millis(rates.detection.saturating_add(rates.fence)) / failover,
            coverage: rates.coverage,
            manual: millis(rates.manual),
            planned_move,
            stop_share: millis(rates.stop) / planned_move,
            between_maintenances: rates.maintenance_every.map(millis),
            maintenance: millis(rates.maintenance),
            is_forced: rates.eviction == Eviction::Forced,
            between_resource_failures: rates.resource_failure_every.map(millis),
            restart: millis(rates.restart),
            between_site_outages: rates.site_outage_every.map(millis),
            site_outage: millis(rates.site_outage),
        }
    }
}

/// Returns a part of a span.
#[allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "a share of milliseconds; the conversion saturates"
)]
pub(super) fn part(span: u64, share: f64) -> u64 {
    (span as f64 * share) as u64
}
