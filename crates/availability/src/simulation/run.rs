//! The length of a run: a given number of years, or as many as a small enough error takes.

#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "years are fractions of counts of milliseconds; every conversion saturates"
)]

use super::{BrokenPromise, Simulation};
use crate::books::{Books, YEAR_MILLIS};
use crate::outcome::{Outcome, Run};
use crate::statistics::{BATCHES, Estimate};

/// The criteria that end a run of no given length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// The standard error to reach, as a part of the mean downtime of one group.
    pub relative_error: f64,
    /// Years of the pilot run, whose batches are used to estimate the length of the rest.
    pub pilot_years: f64,
    /// Years that pass in any case, within the bounds below: a formula's estimate, or 0.
    pub fewest_years: f64,
    /// The most years, unless the pilot is longer.
    pub most_years: f64,
    /// The approximate highest number of inputs to the core, unless the pilot takes more. It limits
    /// the cost of a run.
    pub most_inputs: u64,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Number of years that have passed.
    pub years: f64,
    /// Number of years after which the run ends, or is judged and perhaps extended.
    pub planned: f64,
}

/// Number of parts of a batch; progress is reported after each.
const SLICES: u64 = 10;

/// The highest factor by which a run is extended before it is judged again. The error of few
/// outages is itself hardly known.
const STRIDE: f64 = 10.0;

impl Goal {
    /// Returns the length that a run should have, given its present length and inputs. Both lengths
    /// are numbers of pilots.
    fn extent(&self, present: u64, down: Estimate, inputs: u64) -> u64 {
        let length = present as f64;
        // If no group was ever down, the error is not known at all.
        let excess = down.standard_error / down.mean / self.relative_error;
        let growth = if down.mean > 0.0 { excess * excess } else { STRIDE };
        let fewest = self.fewest_years / self.pilot_years;
        let wanted = (length * growth.min(STRIDE)).max(fewest).ceil() as u64;
        let affordable = self.most_inputs as f64 * length / (inputs as f64).max(1.0);
        let most = (self.most_years / self.pilot_years).min(affordable) as u64;
        wanted.min(most).max(present)
    }
}

impl Simulation {
    /// Runs the simulation for a number of years and returns the results.
    ///
    /// `progress` is called from time to time.
    ///
    /// # Errors
    ///
    /// Fails if the core breaks a promise.
    pub fn run(
        mut self,
        years: f64,
        mut progress: impl FnMut(Progress),
    ) -> Result<Outcome, BrokenPromise> {
        let batch_millis = self.open(years)?;
        self.pass_batches(0, 1, batch_millis, &mut progress)?;
        self.finish(1, batch_millis)
    }

    /// Runs the simulation until its error is small enough and returns the results.
    ///
    /// The run begins with a pilot and is extended by multiples of its length. A run of that many
    /// years from its seed gives equal results.
    ///
    /// # Errors
    ///
    /// Fails if the core breaks a promise.
    pub fn run_until(
        mut self,
        goal: &Goal,
        mut progress: impl FnMut(Progress),
    ) -> Result<Outcome, BrokenPromise> {
        let batch_millis = self.open(goal.pilot_years)?;
        let (mut passed, mut planned) = (0, 1);
        while passed < planned {
            self.pass_batches(passed, planned, batch_millis, &mut progress)?;
            passed = planned;
            planned = goal.extent(passed, self.books.mean_down(None), self.inputs);
        }
        self.finish(passed, batch_millis)
    }

    /// Forms the cluster and opens the books. Returns the length of a batch.
    fn open(&mut self, years: f64) -> Result<u64, BrokenPromise> {
        let millis = (years * YEAR_MILLIS as f64).max(0.0) as u64;
        let batch_millis = millis.div_euclid(BATCHES as u64).max(1);
        self.guard(Self::form)?;
        let measured = self.services.iter().filter(|of| of.book.is_some()).count();
        self.books = Books::new(measured, batch_millis);
        Ok(batch_millis)
    }

    /// Lets time pass from one multiple of the first length to another.
    fn pass_batches(
        &mut self,
        from: u64,
        to: u64,
        batch_millis: u64,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), BrokenPromise> {
        let planned = years(to, batch_millis);
        let batches = |times: u64| times.saturating_mul(BATCHES as u64);
        for batch in batches(from)..batches(to) {
            let begin = batch.saturating_mul(batch_millis);
            for slice in 1..=SLICES {
                let end =
                    begin.saturating_add(batch_millis.saturating_mul(slice).div_euclid(SLICES));
                self.guard(|of| of.pass_until(end))?;
                progress(Progress { years: end as f64 / YEAR_MILLIS as f64, planned });
            }
            self.close_batch();
        }
        Ok(())
    }

    fn finish(mut self, times: u64, batch_millis: u64) -> Result<Outcome, BrokenPromise> {
        self.guard(Self::check_core)?;
        let run = Run {
            seed: self.seed,
            years: years(times, batch_millis),
            inputs: self.inputs,
            events: self.events,
            checks: self.checks,
        };
        Ok(Outcome::of(self.cluster.spec(), &self.books, run))
    }
}

/// Returns the length in years of all batches, extended by a factor.
fn years(times: u64, batch_millis: u64) -> f64 {
    batch_millis.saturating_mul(BATCHES as u64).saturating_mul(times) as f64 / YEAR_MILLIS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL: Goal = Goal {
        relative_error: 0.01,
        pilot_years: 100.0,
        fewest_years: 0.0,
        most_years: 5_000.0,
        most_inputs: 20_000,
    };

    fn extent(present: u64, mean: f64, standard_error: f64, inputs: u64) -> u64 {
        GOAL.extent(present, Estimate { mean, standard_error }, inputs)
    }

    #[test]
    fn the_error_falls_with_the_root_of_the_length() {
        assert_eq!(extent(1, 1.0, 0.02, 0), 4);
        assert_eq!(extent(4, 1.0, 0.02, 0), 16);
        assert_eq!(extent(4, 1.0, 0.0101, 0), 5);
    }

    #[test]
    fn a_run_whose_error_is_small_enough_is_not_extended() {
        assert_eq!(extent(7, 1.0, 0.01, 0), 7);
        assert_eq!(extent(7, 1.0, 0.001, 0), 7);
    }

    #[test]
    fn what_a_formula_says_passes_in_any_case() {
        let down = Estimate { mean: 1.0, standard_error: 0.001 };
        let extent = |fewest_years| Goal { fewest_years, ..GOAL }.extent(1, down, 0);
        assert_eq!(extent(730.0), 8);
        assert_eq!(extent(80_000.0), 50);
    }

    #[test]
    fn what_was_hardly_or_never_seen_is_looked_for_ten_times_as_long() {
        assert_eq!(extent(2, 0.0, 0.0, 0), 20);
        assert_eq!(extent(2, 1.0, 1.0, 0), 20);
    }

    #[test]
    fn years_and_inputs_have_a_bound_beyond_the_pilot() {
        assert_eq!(extent(20, 1.0, 1.0, 0), 50);
        // Each pilot takes 1,000 inputs: 20 of them are affordable.
        assert_eq!(extent(3, 1.0, 1.0, 3_000), 20);
        assert_eq!(extent(1, 1.0, 1.0, 50_000), 1);
    }
}
