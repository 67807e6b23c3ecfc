//! Availability by formula.
//!
//! Every active node is the home of one group, the other nodes are spare, and a node carries one
//! group at a time. The share of time for which a group is down is then a sum of small shares, each
//! a rate times a duration. Events that overlap are ignored, such as a failure during a failover or
//! a second failure during a failback. So the formulas are accurate while failures are rare, and
//! wrong by some per cent when they are frequent; [`chain`](super::chain) has no such error.

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

/// The hours of a year of 365 days.
pub const HOURS_PER_YEAR: f64 = 8_760.0;

/// The numbers that describe a cluster: rates per hour, durations in hours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// Number of nodes that are the home of one group each.
    pub homes: usize,
    /// Number of spare nodes of first and of second choice.
    pub spares: [usize; 2],
    /// Number of nodes that must be up for anything to run; 0 if there is no such rule.
    pub quorum: usize,
    /// Failures of one node per hour.
    pub failure_rate: f64,
    /// Repairs of one failed node per hour.
    pub repair_rate: f64,
    /// Mean length of a failover.
    pub failover: f64,
    /// Probability that a failover needs no help from an operator.
    pub coverage: f64,
    /// Mean wait for an operator if a failover needs help.
    pub manual: f64,
    /// Mean length of a planned move, a failback, or a start in place.
    pub planned_move: f64,
    /// Planned maintenances of one node per hour.
    pub maintenance_rate: f64,
    /// Mean length of one maintenance.
    pub maintenance: f64,
    /// The rule for groups that have no other node during a maintenance.
    pub eviction: Eviction,
    /// The rule by which groups return home or stay.
    pub failback: Failback,
    /// Failures of a resource of one group per hour.
    pub resource_failure_rate: f64,
    /// Length of a restart.
    pub restart: f64,
    /// Outages of the whole site per hour.
    pub site_outage_rate: f64,
    /// Mean length of one site outage.
    pub site_outage: f64,
}

impl Parameters {
    /// Returns the number of all nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.homes.saturating_add(self.spare_nodes())
    }

    /// Returns the number of spare nodes of both ranks.
    #[must_use]
    pub fn spare_nodes(&self) -> usize {
        self.spares.iter().fold(0, |sum, tier| sum.saturating_add(*tier))
    }

    /// Returns the probability that one node is down.
    #[must_use]
    pub fn node_down(&self) -> f64 {
        self.failure_rate / (self.failure_rate + self.repair_rate)
    }

    /// Returns the failures of one node per hour of calendar time: only a node that is up can fail.
    #[must_use]
    pub fn failures(&self) -> f64 {
        (1.0 - self.node_down()) * self.failure_rate
    }

    /// Returns the probability that the cluster is quiet when a maintenance is due.
    #[must_use]
    pub fn quiet(&self) -> f64 {
        let nodes = self.nodes() as f64;
        let none_down = self.none_down();
        none_down / (1.0 + nodes * self.maintenance_rate * self.maintenance * none_down)
    }

    /// Returns the maintenances of one node per hour that are really carried out.
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

/// Returns the share of time for which one group is down, by cause.
#[must_use]
pub fn unavailability(parameters: &Parameters) -> ByCause<f64> {
    let nodes = if parameters.spare_nodes() == 0 {
        without_spares(parameters)
    } else {
        with_spares(parameters)
    };
    ByCause {
        // After a site outage each group starts on the node on which it ran before.
        failback: nodes.failback + parameters.site_outage_rate * parameters.planned_move,
        restart: parameters.resource_failure_rate * parameters.restart,
        site: parameters.site_outage_rate * parameters.site_outage,
        ..nodes
    }
}

/// Returns the share by cause for a cluster with spare nodes: nodes fail and are maintained, and
/// groups move to other nodes.
fn with_spares(parameters: &Parameters) -> ByCause<f64> {
    let failures = parameters.failures();
    let maintenances = parameters.maintenances();
    let uncovered = failures * (1.0 - parameters.coverage);
    let help = 1.0 / parameters.manual;
    // The wait ends when the operator helps or when the node returns, whichever comes first.
    let undetected = uncovered / (help + parameters.repair_rate);
    let (failback, planned) = match parameters.failback {
        Failback::Allow => {
            (failures * parameters.planned_move, 2.0 * maintenances * parameters.planned_move)
        }
        // No group returns home: a maintenance of its node costs a group one move. A group starts
        // again in place if its own node was the first to return.
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

/// Returns the moves of one group from node to node in a year.
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

/// Returns the mean length of one outage in hours, by cause.
#[must_use]
pub fn outage_lengths(parameters: &Parameters) -> ByCause<f64> {
    let spares = parameters.spare_nodes() as f64;
    let eviction = if spares > 0.0 { 0.0 } else { parameters.maintenance };
    ByCause {
        // The wait ends with the first repair; one node more is down than there are spares.
        waiting: 1.0 / ((spares + 1.0) * parameters.repair_rate),
        failover: parameters.failover,
        undetected: 1.0 / (1.0 / parameters.manual + parameters.repair_rate),
        failback: parameters.planned_move,
        planned: parameters.planned_move + eviction,
        restart: parameters.restart,
        site: parameters.site_outage,
    }
}

/// Returns the cluster-years after which the standard error of the simulated unavailability is this
/// fraction of it, if outages do not depend on each other.
///
/// Each cause is taken as a class of outages with a rate and an exponential length. If a few long
/// outages occur beside many short ones, the result scatters more than their mean length would
/// suggest.
#[must_use]
pub fn years_needed(parameters: &Parameters, relative_error: f64) -> f64 {
    let (terms, lengths) = (unavailability(parameters), outage_lengths(parameters));
    let total = terms.total();
    let groups = parameters.homes as f64;
    let second_moment: f64 = Cause::ALL
        .into_iter()
        .map(|cause| {
            // A site outage takes all groups down at once, so its length counts only once.
            let at_once = if cause == Cause::Site { groups } else { 1.0 };
            2.0 * terms.of(cause) * lengths.of(cause) * at_once
        })
        .sum();
    let hours = second_moment / (relative_error * relative_error * total * total * groups);
    hours / HOURS_PER_YEAR
}

/// Returns the share by cause for a cluster without spare nodes: a group is down while its node is.
/// The result is exact without maintenance and quorum.
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

/// Returns the share of time for which a group has no node: more nodes are down than there are
/// spares, or too many for a quorum.
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

/// Returns the number of groups without a node when this many nodes are off.
fn homeless(parameters: &Parameters, off: usize) -> f64 {
    if parameters.nodes().saturating_sub(off) < parameters.quorum {
        return parameters.homes as f64;
    }
    off.saturating_sub(parameters.spare_nodes()) as f64
}

/// Returns the share for failures during a maintenance: two nodes are off, which is one too many
/// for a single spare, or for quorum.
fn failure_beside_maintenance(parameters: &Parameters, maintenances: f64) -> f64 {
    let nodes = parameters.nodes() as f64;
    let in_maintenance = nodes * maintenances * parameters.maintenance;
    let failures = (nodes - 1.0) * parameters.failure_rate;
    let ends = parameters.repair_rate + 1.0 / parameters.maintenance;
    in_maintenance * failures / ends * homeless(parameters, 2) / parameters.homes as f64
}

/// Returns the number of ways to choose `count` of `of` items.
fn binomial(of: usize, count: usize) -> f64 {
    (0..count).map(|step| (of as f64 - step as f64) / (step as f64 + 1.0)).product()
}

/// Returns a power, computed identically on every platform.
fn power(base: f64, exponent: usize) -> f64 {
    core::iter::repeat_n(base, exponent).product()
}
