//! The results of a run.

use serde::Serialize;

use super::books::Books;
use super::causes::{ByCause, Cause};
use super::design::measured;
use super::statistics::Estimate;
use quorate::spec::ClusterSpec;

/// The results of a run. They are equal for equal designs, seeds and years.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The length and cost of the run.
    pub run: Run,
    /// The results of each measured group, in order of declaration.
    pub servers: Vec<Server>,
    /// The mean of all measured groups.
    pub mean: Server,
    /// The share of time for which at least one group was down.
    pub any_down: Estimate,
}

/// The length and cost of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The seed of all random numbers.
    pub seed: u64,
    /// Number of simulated years of 365 days.
    pub years: f64,
    /// Number of inputs that the core accepted.
    pub inputs: u64,
    /// Number of events of the simulated world.
    pub events: u64,
    /// Number of checks of the whole state of the core.
    pub checks: u64,
}

/// The results of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// The name of the group.
    pub name: String,
    /// The share of time for which the group was down.
    pub down: Estimate,
    /// The share of time for which the group was down, by cause.
    pub down_by_cause: ByCause<Estimate>,
    /// Moves to another node in a year.
    pub moves_per_year: Estimate,
    /// Outages in a year, moves included.
    pub outages_per_year: Estimate,
}

impl Outcome {
    pub(super) fn of(spec: &ClusterSpec, books: &Books, run: Run) -> Self {
        let by_cause = |of: &dyn Fn(Cause) -> Estimate| {
            let mut estimates = ByCause::<Estimate>::default();
            for cause in Cause::ALL {
                *estimates.of_mut(cause) = of(cause);
            }
            estimates
        };
        let names = measured(spec).filter_map(|group| spec.group(group)).map(|of| of.name());
        let servers = names
            .enumerate()
            .map(|(group, name)| Server {
                name: name.into(),
                down: books.down_in_all(group),
                down_by_cause: by_cause(&|cause| books.down(group, cause)),
                moves_per_year: books.moves(group),
                outages_per_year: books.outages(group),
            })
            .collect();
        let mean = Server {
            name: "mean".into(),
            down: books.mean_down(None),
            down_by_cause: by_cause(&|cause| books.mean_down(Some(cause))),
            moves_per_year: books.mean_moves(),
            outages_per_year: books.mean_outages(),
        };
        Self { run, servers, mean, any_down: books.any_down() }
    }
}
