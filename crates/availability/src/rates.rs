//! How often things happen and how long they take: what an operator knows or guesses of a cluster.

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
    /// Mean time between two failures of one node, from its repair on (MTBF). Default 180 d.
    #[serde(with = "quorate::time::text::plain")]
    pub mtbf: Duration,
    /// Mean time from the failure of a node until it is a member again (MTTR). Nodes are repaired
    /// independently of each other. Default 8 h.
    #[serde(with = "quorate::time::text::plain")]
    pub mttr: Duration,
    /// Mean length of an outage in which a group goes to another node by itself: detection, fence
    /// and all starts together. Default 3 min.
    #[serde(with = "quorate::time::text::plain")]
    pub failover: Duration,
    /// The part of `failover` until the loss of the node is noticed. Default 7 s.
    #[serde(with = "quorate::time::text::plain")]
    pub detection: Duration,
    /// The part of `failover` until the lost node is known to be off. Default 3 s.
    #[serde(with = "quorate::time::text::plain")]
    pub fence: Duration,
    /// Probability that a failover needs nobody's help, 0 to 1. Default 0.98.
    pub coverage: f64,
    /// Mean time until an operator has helped where a failover was not covered. The return of the
    /// failed node ends the wait as well. Default 1 h.
    #[serde(with = "quorate::time::text::plain")]
    pub manual: Duration,
    /// Mean length of the outage of a planned move, of a failback, and of a start at home or, for
    /// groups that do not return home, where they were: all stops and starts together. Default
    /// 2 min.
    #[serde(rename = "move", with = "quorate::time::text::plain")]
    pub planned_move: Duration,
    /// The part of `move` until everything has stopped. Default 40 s.
    #[serde(with = "quorate::time::text::plain")]
    pub stop: Duration,
    /// Mean time between two planned maintenances of one node. One begins only if the cluster is
    /// quiet: every node up, every group online and, with failback, at home. Otherwise it is left
    /// out. Default absent: there are none.
    #[serde(with = "quorate::time::text::optional", skip_serializing_if = "Option::is_none")]
    pub maintenance_every: Option<Duration>,
    /// Mean length of a maintenance, from the moment the node is drained to its return. Default
    /// 1 h.
    #[serde(with = "quorate::time::text::plain")]
    pub maintenance: Duration,
    /// What a maintenance does with groups that have nowhere to go. Default
    /// [`Eviction::WhenRoom`].
    pub eviction: Eviction,
    /// Whether groups return home by themselves that do not declare it. Default absent: as the profile
    /// says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failback: Option<Failback>,
    /// Mean time between two failures of a resource of one group, while all of it runs. The group
    /// is restarted where it is, as far as it depends on that resource. Default absent: there are
    /// none.
    #[serde(with = "quorate::time::text::optional", skip_serializing_if = "Option::is_none")]
    pub resource_failure_every: Option<Duration>,
    /// Mean length of the outage of a group whose resource fails, if its restarts are not used up:
    /// until it is noticed, any wait, all stops and starts together. Default 30 s.
    #[serde(with = "quorate::time::text::plain")]
    pub restart: Duration,
    /// Mean time between two outages of all nodes for one reason: power, storage, the site. Default
    /// absent: there are none.
    #[serde(with = "quorate::time::text::optional", skip_serializing_if = "Option::is_none")]
    pub site_outage_every: Option<Duration>,
    /// Mean length of one, until the nodes are members again; each group then takes a `move` to
    /// start. Default 4 h.
    #[serde(with = "quorate::time::text::plain")]
    pub site_outage: Duration,
    /// How single durations scatter about their means. Default [`Scatter::Exponential`].
    pub durations: Scatter,
}

/// What a maintenance does with groups that have nowhere to go.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eviction {
    /// It is called off, and the node stays in service.
    #[default]
    WhenRoom,
    /// They are down until it is over.
    Forced,
}

/// How single durations scatter about their means. The times between failures and between
/// maintenances are exponential in any case.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scatter {
    /// Exponentially, as closed form and chain assume.
    #[default]
    Exponential,
    /// Not at all: every duration is equal to its mean.
    Fixed,
}

/// What is wrong with rates.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
pub enum RatesError {
    /// A duration is zero that must not be.
    #[error("`{field}` is zero")]
    Zero {
        /// Its name.
        field: &'static str,
    },
    /// A duration is longer than ten thousand years.
    #[error("`{field}` is longer than 10,000 years")]
    TooLong {
        /// Its name.
        field: &'static str,
    },
    /// A part is longer than the whole.
    #[error("`{part}` is longer than `{whole}`, of which it is a part")]
    PartExceedsWhole {
        /// The parts.
        part: &'static str,
        /// The whole.
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
    /// The first thing that is wrong.
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
