//! Random histories of random clusters.
//!
//! A history is a list of events: agents and fencing devices work, fail, hang, answer late or
//! twice; nodes crash, are cut off, come back in one life or another; operators give commands and
//! change the configuration; timers go off early and late; clocks jump; nonsense comes in. Beside
//! the cluster runs a world that the cluster never sees and that knows what really runs where. The
//! rules of [`audit`](super::audit) are judged after every step. A twin has to act as the cluster
//! does, storing and restoring may change nothing, and no resource may ever run twice. After the
//! storm every group that can come online has to come online.

mod acts;
mod calm;
pub(crate) mod declare;
pub(crate) mod edits;
mod nodes;
pub(crate) mod orders;
mod policies;
mod run;
mod step;
pub(crate) mod tape;
mod world;

use std::sync::Arc;

use super::reference::Compared;
use crate::Breach;
use policies::Policy;
use quorate::Cluster;
use quorate::policy::FailoverPolicy;
use run::Run;

pub use run::Record;
pub(crate) use step::step;
pub use step::{Fate, History, Manner, Step};

/// A promise that a history broke, and a record of the history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The promise that was not kept.
    pub breach: Breach,
    /// The events, one line each, if a record was asked for.
    pub record: Vec<String>,
}

/// A companion of a history.
#[derive(Clone, Copy, Debug)]
enum Beside {
    /// No companion; only the judges.
    Nothing,
    /// The reference model.
    Model,
}

/// Number of steps between two checks that store and restore the cluster, if no calm follows. Text
/// costs more than all other checks together.
const STORM_STORES_EVERY: u64 = 8;

/// The phase after the last step.
#[derive(Clone, Copy, Debug)]
enum Calm {
    /// A calm without faults, with a check of the promises about liveness.
    Judged,
    /// No calm.
    LeftOut,
}

impl History {
    /// Plays the history under the policy that was drawn with it.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    pub fn play(&self, record: Record) -> Result<(), Failure> {
        self.play_under(Policy::new(self.policy), record)
    }

    /// Plays the history without the calm after it, for fuzzers, which want short runs. Every step
    /// is judged, but liveness is not. The cluster is stored and restored only at every eighth
    /// step, and where the history says so.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    pub fn storm(&self, record: Record) -> Result<(), Failure> {
        let policy = Arc::new(Policy::new(self.policy));
        self.play_beside(policy, record, Beside::Nothing, Calm::LeftOut).map(drop)
    }

    /// Plays the history as [`storm`](Self::storm) does, and compares every step with the
    /// [reference model](super::reference).
    ///
    /// # Errors
    ///
    /// The first promise that was broken, or the first difference.
    pub fn compare_storm(&self, record: Record) -> Result<Compared, Failure> {
        let policy = Arc::new(Policy::new(self.policy));
        self.play_beside(policy, record, Beside::Model, Calm::LeftOut).map(|run| run.compared())
    }

    /// Plays the history without the calm after it, as [`storm`](Self::storm) does, and returns the
    /// cluster as the last step left it.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    pub fn cluster_after(&self) -> Result<Cluster, Failure> {
        let policy = Arc::new(Policy::new(self.policy));
        let run = self.play_beside(policy, Record::Omitted, Beside::Nothing, Calm::LeftOut)?;
        Ok(run.cluster)
    }

    /// Plays the history under this policy.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    ///
    /// # Panics
    ///
    /// Panics if the policy does.
    pub fn play_under(
        &self,
        policy: impl FailoverPolicy + 'static,
        record: Record,
    ) -> Result<(), Failure> {
        self.play_beside(Arc::new(policy), record, Beside::Nothing, Calm::Judged).map(drop)
    }

    /// Plays the history, and compares every step with the [reference model](super::reference).
    ///
    /// # Errors
    ///
    /// The first promise that was broken, or the first difference.
    pub fn compare(&self, record: Record) -> Result<Compared, Failure> {
        let policy = Arc::new(Policy::new(self.policy));
        self.play_beside(policy, record, Beside::Model, Calm::Judged).map(|run| run.compared())
    }

    fn play_beside(
        &self,
        policy: Arc<dyn FailoverPolicy>,
        record: Record,
        beside: Beside,
        calm: Calm,
    ) -> Result<Run, Failure> {
        let mut run = Run::new(self, policy, record)
            .map_err(|breach| Failure { breach, record: Vec::new() })?;
        match beside {
            Beside::Nothing => {}
            Beside::Model => run.compare(self.policy),
        }
        if let Calm::LeftOut = calm {
            run.stores_every = STORM_STORES_EVERY;
        }
        let steps = self.steps.iter().filter(|step| !step.is_muted(self.muted));
        let mut answer = steps.map(|step| run.play(step)).find(Result::is_err).unwrap_or(Ok(()));
        match (calm, &answer) {
            (Calm::Judged, Ok(())) => answer = run.calm(),
            (Calm::LeftOut, _) | (Calm::Judged, Err(_)) => {}
        }
        answer
            .map_err(|breach| Failure { breach, record: run.trace.take().unwrap_or_default() })?;
        Ok(run)
    }
}
