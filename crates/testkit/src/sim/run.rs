//! Plays one run for each seed.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};

use crate::reference::Compared;
use crate::watch::Storing;
use crate::{Breach, Invariant};

use super::act::Timed;
use super::director::{Director, Taping};
use super::draw::{Draw, Weather};
use super::fault::{Atlas, FaultKind};
use super::shrink::{self, Progress};
use super::stage::{Flaw, Keep, Stage};
use super::tell::{self, Head};

/// A simulator that plays runs from seeds.
///
/// Every run has two phases. In the *hostile* phase the faults that its seed drew strike, and every
/// safety rule is judged after every input. In the *healing* phase there are no more faults within
/// a part of the nodes that can be quorate, and everything that can come online has to. After that,
/// in most runs, all nodes are rebooted in turn, power is lost everywhere, or the agents of one
/// node fall silent, and the rest has to go on as it should. The *benign* twin of a seed is its
/// cluster without any fault.
#[derive(Clone, Copy, Debug)]
pub struct Simulator {
    steps: u64,
    as_data_every: u64,
    as_text_every: u64,
    /// True if clusters are stored and restored.
    is_stored: bool,
    flaw: Flaw,
    /// A message fault that strikes in every run, and its rate in 10,000 cases.
    provoked: Option<(FaultKind, u64)>,
    beside: Beside,
}

/// The model that is compared with a run.
#[derive(Clone, Copy, Debug)]
enum Beside {
    /// No model.
    Nothing,
    /// The reference model.
    Model,
}

impl Default for Simulator {
    fn default() -> Self {
        Self {
            steps: 500,
            as_data_every: 8,
            as_text_every: 64,
            is_stored: true,
            flaw: Flaw::None,
            provoked: None,
            beside: Beside::Nothing,
        }
    }
}

/// The results of a seed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Inputs and timers that the cluster has seen in both phases.
    pub inputs: u64,
    /// The faults that happened, by kind.
    pub atlas: Atlas,
    /// The digest of the last state.
    pub digest: u64,
    /// A hash of all inputs, outputs and their times.
    pub trace: u64,
    /// The extent of the comparison with the reference model; empty unless asked for.
    pub compared: Compared,
}

/// A promise that a run broke.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The promise that was broken, and how.
    pub breach: Breach,
}

/// A run that breaks a promise, shrunk as far as possible.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shrunk {
    /// The promise that was broken, and how.
    pub breach: Breach,
    /// Number of acts of the run, at first and in the end.
    pub acts: (usize, usize),
    /// The digest of the state in which the run ends.
    pub digest: u64,
    /// The scenario of the run for [`Runner`](crate::scenario::Runner): its last line is the
    /// digest.
    pub scenario: String,
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

    /// Compares every step with the [reference model](crate::reference) as well. It
    /// takes several times as long.
    #[must_use]
    pub const fn compared(mut self) -> Self {
        self.beside = Beside::Model;
        self
    }

    /// Makes a deliberate mistake.
    #[cfg(test)]
    pub(crate) const fn with_flaw(mut self, flaw: Flaw) -> Self {
        self.flaw = flaw;
        self
    }

    /// Lets a message fault strike in every hostile run, at this rate in 10,000 cases.
    #[cfg(test)]
    pub(crate) const fn with_fault(mut self, kind: FaultKind, rate: u64) -> Self {
        self.provoked = Some((kind, rate));
        self
    }

    /// Plays a seed with its faults, or its cluster without any. A panic counts as a broken
    /// promise.
    ///
    /// # Errors
    ///
    /// Fails with the first promise that was broken.
    pub fn run(&self, seed: u64, weather: Weather) -> Result<Report, Failure> {
        let unfit = |breach| Failure { seed, breach };
        let mut director =
            self.director(seed, weather, Keep::Nothing, Taping::Off).map_err(unfit)?;
        guarded(|| self.direct(&mut director)).map_err(unfit)?;
        let stage = &director.stage;
        Ok(Report {
            seed,
            inputs: stage.steps,
            digest: stage.digest(),
            trace: stage.trace_hash(),
            compared: stage.compared(),
            atlas: director.atlas,
        })
    }

    fn direct(&self, director: &mut Director) -> Result<(), Breach> {
        director.open()?;
        director.run(self.steps)?;
        director.end()
    }

    /// Returns a description of everything that happens in a run.
    #[must_use]
    pub fn record(&self, seed: u64, weather: Weather) -> Vec<String> {
        match self.director(seed, weather, Keep::Words, Taping::Off) {
            Err(breach) => std::vec![std::format!("{breach}")],
            Ok(mut director) => {
                let end = guarded(|| self.direct(&mut director));
                let mut record = director.stage.record();
                record.extend(end.err().map(|breach| std::format!("!! {breach}")));
                record
            }
        }
    }

    /// Plays a seed again and removes all acts that are not needed to break its promise, within
    /// this many runs. Returns `None` if the seed breaks none.
    ///
    /// If a promise about the end is broken in the healing phase, acts of the hostile phase are
    /// removed, and the cluster heals anew each time.
    #[must_use]
    pub fn shrink(
        &self,
        seed: u64,
        weather: Weather,
        most_runs: usize,
        progress: impl FnMut(Progress),
    ) -> Option<Shrunk> {
        let mut director = self.director(seed, weather, Keep::Nothing, Taping::On).ok()?;
        let end = guarded(|| director.open().and_then(|()| director.run(self.steps)));
        let hostile = director.tape();
        let is_healed = end.is_ok();
        let breach = end.and_then(|()| guarded(|| director.end())).err()?;
        let whole = director.tape();
        let count = whole.len();
        let promise = breach.invariant;
        let swift = self.swift(promise);
        let tape = if is_healed {
            let play = |acts: &[Timed]| swift.replay_and_heal(seed, weather, acts).1;
            let is_same = play(&hostile).is_err_and(|breach| breach.invariant == promise);
            if is_same {
                let left = shrink::shrink(hostile, promise, most_runs, play, progress);
                swift.replay_and_heal(seed, weather, &left).0
            } else {
                whole
            }
        } else {
            let play = |acts: &[Timed]| swift.replay(seed, weather, acts, Keep::Nothing).1;
            shrink::shrink(whole, promise, most_runs, play, progress)
        };
        let (stage, end) = self.replay(seed, weather, &tape, Keep::Told);
        let Draw { declaration, policy, .. } = Draw::new(seed, weather);
        let breach = end.err().unwrap_or(breach);
        let head = Head { seed, breach: &breach, declaration: &declaration, policy };
        let stage = stage?;
        let scenario = tell::scenario(head, &stage.told());
        let digest = stage.cluster().digest();
        Some(Shrunk { breach, acts: (count, tape.len()), digest, scenario })
    }

    /// Returns a simulator that does not store and restore, unless the promise is about that.
    fn swift(&self, promise: Option<Invariant>) -> Self {
        match promise {
            None | Some(Invariant::S23 | Invariant::S31) => *self,
            Some(_) => Self { is_stored: false, ..*self },
        }
    }

    /// Plays acts without random numbers, and then heals. Returns the acts of both.
    fn replay_and_heal(
        &self,
        seed: u64,
        weather: Weather,
        acts: &[Timed],
    ) -> (Vec<Timed>, Result<(), Breach>) {
        let (stage, end) = self.replay(seed, weather, acts, Keep::Nothing);
        let (Some(stage), Ok(())) = (stage, end.clone()) else { return (acts.to_vec(), end) };
        let Draw { declaration, swarm, dice, epilogue, .. } = Draw::new(seed, weather);
        let director = Director::new(stage, swarm, dice, declaration, Taping::On);
        let mut director = director.ending(epilogue);
        director.take_over();
        let end = guarded(|| director.end());
        let mut all = acts.to_vec();
        all.extend(director.tape());
        (all, end)
    }

    /// Plays acts without random numbers.
    fn replay(
        &self,
        seed: u64,
        weather: Weather,
        acts: &[Timed],
        keep: Keep,
    ) -> (Option<Stage>, Result<(), Breach>) {
        let mut stage = match self.stage(seed, weather, keep) {
            Ok(stage) => stage,
            Err(breach) => return (None, Err(breach)),
        };
        let end = guarded(|| acts.iter().try_for_each(|act| stage.play(act).map(drop)));
        (Some(stage), end)
    }

    fn director(
        &self,
        seed: u64,
        weather: Weather,
        keep: Keep,
        taping: Taping,
    ) -> Result<Director, Breach> {
        let Draw { declaration, mut swarm, dice, epilogue, .. } = Draw::new(seed, weather);
        if let Some((kind, rate)) = self.provoked.filter(|_| weather == Weather::Hostile) {
            swarm.provoke(kind, rate);
        }
        let stage = self.stage(seed, weather, keep)?;
        let director = Director::new(stage, swarm, dice, declaration, taping);
        Ok(director.ending(epilogue))
    }

    fn stage(&self, seed: u64, weather: Weather, keep: Keep) -> Result<Stage, Breach> {
        let Draw { declaration, policy, twin, .. } = Draw::new(seed, weather);
        let spec = declaration.build().map_err(|errors| {
            Breach::apparatus(std::format!("the declaration must be valid: {errors}"))
        })?;
        let of = |every| if self.is_stored { every } else { 0 };
        let storing = Storing {
            every: of(self.as_data_every),
            as_text_every: of(self.as_text_every),
            renews_twin_every: of(twin),
        };
        let mut stage = Stage::new(spec, policy, storing, self.flaw, keep);
        match self.beside {
            Beside::Nothing => {}
            Beside::Model => stage.compare(policy),
        }
        Ok(stage)
    }
}

/// Turns a panic into a breach: an input that had no answer.
fn guarded(play: impl FnOnce() -> Result<(), Breach>) -> Result<(), Breach> {
    panic::catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).into()));
        Err(Breach::panic(words.unwrap_or_default()))
    })
}
