//! What came of a run.

use serde::Serialize;

use super::books::Books;
use super::causes::{ByCause, Cause};
use super::design::measured;
use super::statistics::Estimate;
use quorate::spec::ClusterSpec;

/// What came of a run. Equal for equal designs, seeds and years.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What was run.
    pub run: Run,
    /// Each measured group, in order of declaration.
    pub servers: Vec<Server>,
    /// One group, the mean of all.
    pub mean: Server,
    /// The share of time for which at least one group was down.
    pub any_down: Estimate,
}

/// How long a run was, and what it cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The seed of all that was random.
    pub seed: u64,
    /// Simulated years of 365 days.
    pub years: f64,
    /// Inputs that the core took in.
    pub inputs: u64,
    /// Events of the world.
    pub events: u64,
    /// Checks of the whole state of the core.
    pub checks: u64,
}

/// What one group went through.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// The share of time for which it was down.
    pub down: Estimate,
    /// The same by cause.
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
