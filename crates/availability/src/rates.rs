//! The rates at which things happen in a cluster and how long they take, as an operator knows or
//! guesses them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use quorate::settings::Failback;

/// Rates and durations of one design. Every field has a default; all nodes are alike.
///
/// Durations are means. In files they are written like `"8h"` or `"1h 30m"`, with the units `ms`,
/// `s`, `m`, `h` and `d`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Mean time between two failures of one node, counted from its repair (MTBF). Default 180 d.
    #[serde(with = "quorate::time::text::plain")]
    pub mtbf: Duration,
    /// Mean time from the failure of a node until it is a member again (MTTR). Nodes are repaired
    /// independently of each other. Default 8 h.
    #[serde(with = "quorate::time::text::plain")]
    pub mttr: Duration,
    /// Mean length of an outage in which a group moves to another node without help: detection,
    /// fence and all starts together. Default 3 min.
    #[serde(with = "quorate::time::text::plain")]
    pub failover: Duration,
    /// The part of `failover` until the loss of the node is noticed. Default 7 s.
    #[serde(with = "quorate::time::text::plain")]
    pub detection: Duration,
    /// The part of `failover` until the lost node is known to be off. Default 3 s.
    #[serde(with = "quorate::time::text::plain")]
    pub fence: Duration,
    /// Probability that a failover needs no help from an operator, 0 to 1. Default 0.98.
    pub coverage: f64,
    /// Mean time until an operator has helped if a failover was not covered. The return of the
    /// failed node ends the wait as well. Default 1 h.
    #[serde(with = "quorate::time::text::plain")]
    pub manual: Duration,
    /// Mean length of the outage of a planned move, of a failback, and of a start in place: all
    /// stops and starts together. A start in place is one at home or, for groups that do not return
    /// home, on the node where they were. Default 2 min.
    #[serde(rename = "move", with = "quorate::time::text::plain")]
    pub planned_move: Duration,
    /// The part of `move` until everything has stopped. Default 40 s.
    #[serde(with = "quorate::time::text::plain")]
    pub stop: Duration,
    /// Mean time between two planned maintenances of one node. One begins only if the cluster is
    /// quiet: every node up, every group online and, with failback, at home. Otherwise it is
    /// skipped. Default absent: there are none.
    #[serde(with = "quorate::time::text::optional", skip_serializing_if = "Option::is_none")]
    pub maintenance_every: Option<Duration>,
    /// Mean length of a maintenance, from the start of the drain to the return of the node. Default
    /// 1 h.
    #[serde(with = "quorate::time::text::plain")]
    pub maintenance: Duration,
    /// The rule for groups that have no other node during a maintenance. Default
    /// [`Eviction::WhenRoom`].
    pub eviction: Eviction,
    /// The failback of groups that do not declare one. Default absent: the profile decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failback: Option<Failback>,
    /// Mean time between two failures of a resource of one group, while all of it runs. The
    /// resource and its dependents are restarted in place. Default absent: there are none.
    #[serde(with = "quorate::time::text::optional", skip_serializing_if = "Option::is_none")]
    pub resource_failure_every: Option<Duration>,
    /// Mean length of the outage of a group whose resource fails, if its restarts are not used up:
    /// detection, any wait, all stops and starts together. Default 30 s.
    #[serde(with = "quorate::time::text::plain")]
    pub restart: Duration,
    /// Mean time between two outages of all nodes for one reason, such as power, storage or the
    /// site. Default absent: there are none.
    #[serde(with = "quorate::time::text::optional", skip_serializing_if = "Option::is_none")]
    pub site_outage_every: Option<Duration>,
    /// Mean length of such an outage, until the nodes are members again; each group then takes a
    /// `move` to start. Default 4 h.
    #[serde(with = "quorate::time::text::plain")]
    pub site_outage: Duration,
    /// The scatter of single durations about their means. Default [`Scatter::Exponential`].
    pub durations: Scatter,
}

/// The rule for groups that have no other node during a maintenance.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eviction {
    /// The maintenance is cancelled, and the node stays in service.
    #[default]
    WhenRoom,
    /// The groups are down until the maintenance is over.
    Forced,
}

/// The scatter of single durations about their means. The times between failures and between
/// maintenances are exponential in any case.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scatter {
    /// Exponential, as closed form and chain assume.
    #[default]
    Exponential,
    /// None: every duration is equal to its mean.
    Fixed,
}

/// An error in rates.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
pub enum RatesError {
    /// A duration is zero although it must not be.
    #[error("`{field}` is zero")]
    Zero {
        /// The name of the field.
        field: &'static str,
    },
    /// A duration is longer than ten thousand years.
    #[error("`{field}` is longer than 10,000 years")]
    TooLong {
        /// The name of the field.
        field: &'static str,
    },
    /// A part is longer than the whole.
    #[error("`{part}` is a part of `{whole}`, and longer than it")]
    PartExceedsWhole {
        /// The name of the part.
        part: &'static str,
        /// The name of the whole.
        whole: &'static str,
    },
    /// A probability is not between 0 and 1.
    #[error("`coverage` is a probability, from 0 to 1")]
    NoProbability,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Ten thousand years of 365 days.
const LONGEST: Duration = Duration::from_secs(86_400 * 3_650_000);

impl Default for Rates {
    fn default() -> Self {
        Self {
            mtbf: DAY.saturating_mul(180),
            mttr: HOUR.saturating_mul(8),
            failover: MINUTE.saturating_mul(3),
            detection: Duration::from_secs(7),
            fence: Duration::from_secs(3),
            coverage: 0.98,
            manual: HOUR,
            planned_move: MINUTE.saturating_mul(2),
            stop: Duration::from_secs(40),
            maintenance_every: None,
            maintenance: HOUR,
            eviction: Eviction::WhenRoom,
            failback: None,
            resource_failure_every: None,
            restart: Duration::from_secs(30),
            site_outage_every: None,
            site_outage: HOUR.saturating_mul(4),
            durations: Scatter::Exponential,
        }
    }
}

impl Rates {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Fails with the first error.
    pub fn check(&self) -> Result<(), RatesError> {
        let wholes = [
            ("mtbf", self.mtbf),
            ("mttr", self.mttr),
            ("failover", self.failover),
            ("manual", self.manual),
            ("move", self.planned_move),
            ("maintenance_every", self.maintenance_every.unwrap_or(DAY)),
            ("maintenance", self.maintenance),
            ("resource_failure_every", self.resource_failure_every.unwrap_or(DAY)),
            ("restart", self.restart),
            ("site_outage_every", self.site_outage_every.unwrap_or(DAY)),
            ("site_outage", self.site_outage),
        ];
        for (field, span) in wholes {
            if span.is_zero() {
                return Err(RatesError::Zero { field });
            }
            if span > LONGEST {
                return Err(RatesError::TooLong { field });
            }
        }
        if self.detection.saturating_add(self.fence) > self.failover {
            return Err(RatesError::PartExceedsWhole {
                part: "detection + fence",
                whole: "failover",
            });
        }
        if self.stop > self.planned_move {
            return Err(RatesError::PartExceedsWhole { part: "stop", whole: "move" });
        }
        if !(0.0..=1.0).contains(&self.coverage) {
            return Err(RatesError::NoProbability);
        }
        Ok(())
    }
}
