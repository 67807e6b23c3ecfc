//! One seed, one run.

use core::fmt;
use std::string::String;
use std::vec::Vec;

use crate::testkit::Breach;
use crate::testkit::watch::Storing;

use super::director::{Director, Taping};
use super::draw::{Draw, Weather};
use super::fault::Atlas;
use super::stage::{Flaw, Keep, Stage};

/// Runs seeds.
///
/// Every run has two phases. In the *hostile* one the faults that its seed drew strike, and every
/// safety rule is judged after every input. In the *healing* one there are no more faults within a
/// part of the nodes that can be quorate, and everything has to come online that can. The *benign*
/// twin of a seed is the same cluster without any fault.
#[derive(Clone, Copy, Debug)]
pub struct Simulator {
    steps: u64,
    as_data_every: u64,
    as_text_every: u64,
    flaw: Flaw,
}

impl Default for Simulator {
    fn default() -> Self {
        Self { steps: 500, as_data_every: 8, as_text_every: 64, flaw: Flaw::None }
    }
}

/// What came of a seed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Inputs and timers that the cluster saw, of both phases.
    pub inputs: u64,
    /// The faults that happened, by kind.
    pub atlas: Atlas,
    /// The digest of the last state.
    pub digest: u64,
    /// A hash of everything that was told and put out, with its times.
    pub trace: u64,
}

/// A promise that a run broke.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was promised and not kept.
    pub breach: Breach,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.breach)
    }
}

impl core::error::Error for Failure {}

impl Simulator {
    /// Sets how many inputs and timers the hostile phase has. Default 500.
    #[must_use]
    pub const fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// Plays a seed with its faults.
    ///
    /// # Errors
    ///
    /// The first promise that was not kept.
    pub fn run(&self, seed: u64) -> Result<Report, Failure> {
        self.play(seed, Weather::Hostile)
    }

    /// Plays the cluster of a seed without any fault.
    ///
    /// # Errors
    ///
    /// The first promise that was not kept.
    pub fn run_benign(&self, seed: u64) -> Result<Report, Failure> {
        self.play(seed, Weather::Benign)
    }

    fn play(&self, seed: u64, weather: Weather) -> Result<Report, Failure> {
        let unfit = |breach| Failure { seed, breach };
        let mut director =
            self.director(seed, weather, Keep::Nothing, Taping::Off).map_err(unfit)?;
        self.direct(&mut director).map_err(unfit)?;
        let stage = &director.stage;
        Ok(Report {
            seed,
            inputs: stage.steps,
            digest: stage.digest(),
            trace: stage.trace_hash(),
            atlas: director.atlas,
        })
    }

    fn direct(&self, director: &mut Director) -> Result<(), Breach> {
        director.open()?;
        director.run(self.steps)?;
        director.heal()
    }

    /// What happened in a run, in words.
    #[must_use]
    pub fn record(&self, seed: u64, weather: Weather) -> Vec<String> {
        match self.director(seed, weather, Keep::Words, Taping::Off) {
            Err(breach) => std::vec![std::format!("{breach}")],
            Ok(mut director) => {
                let end = self.direct(&mut director);
                let mut record = director.stage.record();
                record.extend(end.err().map(|breach| std::format!("!! {breach}")));
                record
            }
        }
    }

    fn director(
        &self,
        seed: u64,
        weather: Weather,
        keep: Keep,
        taping: Taping,
    ) -> Result<Director, Breach> {
        let Draw { declaration, policy, swarm, twin, dice } = Draw::new(seed, weather);
        let spec = declaration.clone().build().map_err(|errors| {
            Breach::apparatus(std::format!("the declaration must be valid: {errors}"))
        })?;
        let storing = Storing {
            every: self.as_data_every,
            as_text_every: self.as_text_every,
            renews_twin_every: twin,
        };
        let stage = Stage::new(spec, policy, storing, self.flaw, keep);
        Ok(Director::new(stage, swarm, dice, declaration, policy.fault(), taping))
    }
}
