//! Availability by formula.
//!
//! Every active node is the home of one group, the other nodes stand by, and a node carries one
//! group at a time. A group is then down for the sum of a few small shares of time, each a rate
//! times a duration. What overlaps is ignored: a failure during a failover, a second failure
//! during a failback. So the formulas are good while failures are rare, and drift by percents when
//! they are not; [`chain`](super::chain) has no such error.

#![allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "probabilities are fractions, and the counts in them are small"
)]

use serde::Serialize;

use super::causes::{ByCause, Cause};
use super::rates::Eviction;
use quorate::settings::Failback;

/// Hours of a year of 365 days.
pub const HOURS_PER_YEAR: f64 = 8_760.0;

/// A cluster in numbers: rates per hour, durations in hours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// Nodes that are the home of one group each.
    pub homes: usize,
    /// Nodes to spare, first and second choice.
    pub spares: [usize; 2],
    /// Nodes that must be up for anything to run; 0 is no such rule.
    pub quorum: usize,
    /// Failures of one node per hour.
    pub failure_rate: f64,
    /// Repairs of one failed node per hour.
    pub repair_rate: f64,
    /// Length of a failover.
    pub failover: f64,
    /// Probability that a failover needs nobody's help.
    pub coverage: f64,
    /// Wait for an operator where it does.
    pub manual: f64,
    /// Length of a planned move, a failback, or a start in place.
    pub planned_move: f64,
    /// Planned maintenances of one node per hour.
    pub maintenance_rate: f64,
    /// Length of one maintenance.
    pub maintenance: f64,
    /// What a maintenance does with a group that has nowhere to go.
    pub eviction: Eviction,
    /// Whether groups return home.
    pub failback: Failback,
    /// Failures of a resource of one group per hour.
    pub resource_failure_rate: f64,
    /// Length of a restart.
    pub restart: f64,
    /// Outages of the whole site per hour.
    pub site_outage_rate: f64,
    /// Length of one.
    pub site_outage: f64,
}

impl Parameters {
    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.homes.saturating_add(self.spare_nodes())
    }

    /// Nodes to spare, whatever their rank.
    #[must_use]
    pub fn spare_nodes(&self) -> usize {
        self.spares.iter().fold(0, |sum, tier| sum.saturating_add(*tier))
    }

    /// Probability that one node is down.
    #[must_use]
    pub fn node_down(&self) -> f64 {
        self.failure_rate / (self.failure_rate + self.repair_rate)
    }

    /// Failures of one node per hour of calendar time: only a node that is up can fail.
    #[must_use]
    pub fn failures(&self) -> f64 {
        (1.0 - self.node_down()) * self.failure_rate
    }

    /// Probability that a maintenance finds the cluster quiet.
    #[must_use]
    pub fn quiet(&self) -> f64 {
        let nodes = self.nodes() as f64;
        let none_down = self.none_down();
        none_down / (1.0 + nodes * self.maintenance_rate * self.maintenance * none_down)
    }

    /// Maintenances of one node per hour that really happen.
    #[must_use]
    pub fn maintenances(&self) -> f64 {
        let has_room = self.spare_nodes() > 0 || self.eviction == Eviction::Forced;
        let keeps_quorum = self.nodes() > self.quorum;
        if has_room && keeps_quorum { self.maintenance_rate * self.quiet() } else { 0.0 }
    }

    fn none_down(&self) -> f64 {
        power(1.0 - self.node_down(), self.nodes())
    }
}

/// The share of time for which one group is down, by cause.
#[must_use]
pub fn unavailability(parameters: &Parameters) -> ByCause<f64> {
    let nodes = if parameters.spare_nodes() == 0 {
        without_spares(parameters)
    } else {
        with_spares(parameters)
    };
    ByCause {
        // Whoever ran when the site went starts where it was when it comes back.
        failback: nodes.failback + parameters.site_outage_rate * parameters.planned_move,
        restart: parameters.resource_failure_rate * parameters.restart,
        site: parameters.site_outage_rate * parameters.site_outage,
        ..nodes
    }
}

/// Nodes that fail and are maintained; groups go elsewhere.
fn with_spares(parameters: &Parameters) -> ByCause<f64> {
    let failures = parameters.failures();
    let maintenances = parameters.maintenances();
    let uncovered = failures * (1.0 - parameters.coverage);
    let help = 1.0 / parameters.manual;
    // Whichever comes first: the operator, or the node itself in a new life.
    let undetected = uncovered / (help + parameters.repair_rate);
    let (failback, planned) = match parameters.failback {
        Failback::Allow => {
            (failures * parameters.planned_move, 2.0 * maintenances * parameters.planned_move)
        }
        // Nobody goes home: a maintenance of its node costs a group one move. It starts again where
        // it was if its node was first to return.
        Failback::Prevent => {
            let returned = undetected * parameters.repair_rate;
            (returned * parameters.planned_move, maintenances * parameters.planned_move)
        }
    };
    ByCause {
        waiting: waiting(parameters) + failure_beside_maintenance(parameters, maintenances),
        failover: failures * parameters.failover,
        undetected,
        failback,
        planned,
        ..ByCause::default()
    }
}

/// Moves of one group from node to node, in a year.
#[must_use]
pub fn moves_per_year(parameters: &Parameters) -> f64 {
    if parameters.spare_nodes() == 0 {
        return 0.0;
    }
    let repaired_first = (1.0 - parameters.coverage) * parameters.repair_rate
        / (parameters.repair_rate + 1.0 / parameters.manual);
    let failovers = parameters.failures() * (1.0 - repaired_first);
    let maintenances = parameters.maintenances();
    HOURS_PER_YEAR
        * match parameters.failback {
            Failback::Allow => 2.0 * (failovers + maintenances),
            Failback::Prevent => failovers + maintenances,
        }
}

/// How long one outage lasts on average, in hours, by cause.
#[must_use]
pub fn outage_lengths(parameters: &Parameters) -> ByCause<f64> {
    let spares = parameters.spare_nodes() as f64;
    let eviction = if spares > 0.0 { 0.0 } else { parameters.maintenance };
    ByCause {
        // The wait ends with the first repair, when one node more is down than there are spares.
        waiting: 1.0 / ((spares + 1.0) * parameters.repair_rate),
        failover: parameters.failover,
        undetected: 1.0 / (1.0 / parameters.manual + parameters.repair_rate),
        failback: parameters.planned_move,
        planned: parameters.planned_move + eviction,
        restart: parameters.restart,
        site: parameters.site_outage,
    }
}

/// Cluster-years after which the standard error of the simulated unavailability is this fraction
/// of it, if outages do not depend on each other.
///
/// Each cause is taken as a class of outages with a rate and an exponential length. A few long
/// outages beside many short ones make the result scatter more than their mean length tells.
#[must_use]
pub fn years_needed(parameters: &Parameters, relative_error: f64) -> f64 {
    let (terms, lengths) = (unavailability(parameters), outage_lengths(parameters));
    let total = terms.total();
    let groups = parameters.homes as f64;
    let second_moment: f64 = Cause::ALL
        .into_iter()
        .map(|cause| {
            // Without the site all are down at once, so that its length counts but once.
            let at_once = if cause == Cause::Site { groups } else { 1.0 };
            2.0 * terms.of(cause) * lengths.of(cause) * at_once
        })
        .sum();
    let hours = second_moment / (relative_error * relative_error * total * total * groups);
    hours / HOURS_PER_YEAR
}

/// A group is down with its node. Exact without maintenance and quorum.
fn without_spares(parameters: &Parameters) -> ByCause<f64> {
    let down = parameters.node_down();
    let starts = 1.0 / parameters.planned_move;
    let start = parameters.failure_rate / (starts + parameters.failure_rate);
    ByCause {
        waiting: waiting(parameters),
        failback: (1.0 - down) * start,
        planned: parameters.maintenances() * (parameters.maintenance + parameters.planned_move),
        ..ByCause::default()
    }
}

/// No node for the group: more are down than there are spares, or too many for a quorum.
fn waiting(parameters: &Parameters) -> f64 {
    let nodes = parameters.nodes();
    let down = parameters.node_down();
    let groups: f64 = (0..=nodes)
        .map(|count| {
            let up = nodes.saturating_sub(count);
            let ways = binomial(nodes, count);
            ways * power(down, count) * power(1.0 - down, up) * homeless(parameters, count)
        })
        .sum();
    groups / parameters.homes as f64
}

/// Groups without a node when this many nodes are off.
fn homeless(parameters: &Parameters, off: usize) -> f64 {
    if parameters.nodes().saturating_sub(off) < parameters.quorum {
        return parameters.homes as f64;
    }
    off.saturating_sub(parameters.spare_nodes()) as f64
}

/// A failure during a maintenance: two nodes are off, which is one too many for a single spare, or
/// for quorum.
fn failure_beside_maintenance(parameters: &Parameters, maintenances: f64) -> f64 {
    let nodes = parameters.nodes() as f64;
    let in_maintenance = nodes * maintenances * parameters.maintenance;
    let failures = (nodes - 1.0) * parameters.failure_rate;
    let ends = parameters.repair_rate + 1.0 / parameters.maintenance;
    in_maintenance * failures / ends * homeless(parameters, 2) / parameters.homes as f64
}

/// Ways to choose `count` of `of`.
fn binomial(of: usize, count: usize) -> f64 {
    (0..count).map(|step| (of as f64 - step as f64) / (step as f64 + 1.0)).product()
}

/// A power that is computed the same way on every platform.
fn power(base: f64, exponent: usize) -> f64 {
    core::iter::repeat_n(base, exponent).product()
}
