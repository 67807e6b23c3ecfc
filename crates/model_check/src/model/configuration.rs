//! A configuration of the model: where histories begin, what can happen in them, and how they are
//! judged.

use std::time::Duration;

use quorate::Timestamp;
use quorate_testkit::Breach;

use super::declare::HORIZON;
use super::judge;
use super::scenes::{self, Scene};
use super::state::{BEGIN, Reach, State};

/// A cluster to check, with the start and the limits of its histories.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) name: &'static str,
    /// The states in which histories begin.
    pub(crate) starts: &'static [Start],
    /// Number of faults in one history.
    pub(crate) faults: u8,
    /// The kinds of faults that may happen.
    pub(crate) kinds: &'static [Fault],
    /// Number of moves that an operator asks for in one history, or of deeds in a scene.
    pub(crate) moves: u8,
    /// The difference from the plain cluster, see [`scenes`].
    pub(crate) scene: Option<&'static Scene>,
    /// The time that an operation, probe or fence may take.
    pub(crate) timeout: Duration,
    /// The wait before a restart, a probe, or another fence.
    pub(crate) delay: Duration,
    /// Number of attempts to fence one node in one history; `None` is without limit.
    pub(crate) fences: Option<u8>,
    /// One state in this many is judged further: a restored copy of it, and its end without faults.
    pub(crate) probe_one_in: u64,
}

/// The state in which histories begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Start {
    /// Every machine is off.
    Cold,
    /// Every machine is up and every group online.
    Formed,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// An operation fails.
    Fail,
    /// An operation is carried out and reported to have failed.
    FailDone,
    /// A start is not answered and may end later.
    Hang,
    /// An order or answer is lost.
    Lose,
    /// A report comes twice.
    Double,
    /// An answer or a fence comes too late.
    Late,
    /// A machine loses power.
    Crash,
    /// A machine is cut off and runs on.
    Cut,
    /// A machine boots and runs something that the cluster did not ask for.
    Rogue,
    /// A resource dies.
    Die,
}

impl Fault {
    /// Every kind.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Fail,
        Self::FailDone,
        Self::Hang,
        Self::Lose,
        Self::Double,
        Self::Late,
        Self::Crash,
        Self::Cut,
        Self::Rogue,
        Self::Die,
    ];
}

impl Configuration {
    /// The configuration that closes within seconds, even without optimisation.
    pub(crate) const SMALL: Self = Self {
        name: "small",
        starts: &[Start::Formed],
        faults: 2,
        kinds: Fault::ALL,
        moves: 0,
        scene: None,
        timeout: Duration::from_secs(2),
        delay: Duration::from_secs(1),
        fences: Some(2),
        probe_one_in: 16,
    };

    /// The configuration of a cluster that forms.
    pub(crate) const COLD: Self = Self {
        name: "cold",
        starts: &[Start::Cold],
        fences: None,
        probe_one_in: 256,
        ..Self::SMALL
    };

    /// The configuration that takes minutes on two cores.
    pub(crate) const FULL: Self =
        Self { name: "full", faults: 3, moves: 1, fences: None, probe_one_in: 1024, ..Self::SMALL };

    /// Returns every configuration that has a name: the plain ones, and the scenes.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::SMALL, Self::COLD, Self::FULL].into_iter().chain(scenes::ALL.iter().cloned())
    }

    /// Returns the limits of time.
    pub(crate) fn reach(&self) -> Reach {
        let lasts = self.scene.and_then(|scene| scene.lasts);
        let until = lasts.map_or(Timestamp::from_millis(u64::MAX), |span| BEGIN.after(span));
        Reach { horizon: self.scene.map_or(HORIZON, |scene| scene.horizon), until }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.kinds.contains(&fault)
    }

    /// Judges a state by itself; its steps were judged on the way.
    pub(crate) fn verdict(&self, state: &State) -> Result<(), Breach> {
        if let Some(broken) = &state.broken {
            return Err((**broken).clone());
        }
        if state.is_news {
            judge::past(&state.core, &state.world)?;
        }
        state.judge_rest()?;
        if state.key().is_multiple_of(self.probe_one_in) {
            state.judge_sameness(self)?;
            state.judge_calm()?;
        }
        Ok(())
    }
}
