//! Random histories of random clusters.
//!
//! A history is a list of things that happen: agents and fencing devices work, fail, hang, answer
//! late or twice; nodes crash, are cut off, come back in the same life or another; operators
//! command and reconfigure; timers go off early and late; clocks jump; nonsense comes in. Beside
//! the cluster runs a world that the cluster never sees and that knows what really runs where.
//! After every step the rules of [`audit`](super::audit) are judged; a twin has to do the same,
//! storing and restoring may change nothing, and no resource may ever run twice. After the storm
//! everything has to come online that can.

mod acts;
mod calm;
pub(crate) mod declare;
pub(crate) mod edits;
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

/// A promise that a history broke, and the history as it went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// What was promised and not kept.
    pub breach: Breach,
    /// What happened, one line each, if a record was asked for.
    pub record: Vec<String>,
}

/// What goes along with a history.
#[derive(Clone, Copy, Debug)]
enum Beside {
    /// Nothing but what judges it.
    Nothing,
    /// The reference model.
    Model,
}

/// After how many steps a cluster is stored and restored if no calm follows: text costs more than
/// everything else that is judged.
const STORM_STORES_EVERY: u64 = 8;

/// What comes after the last step.
#[derive(Clone, Copy, Debug)]
enum Calm {
    /// No more faults; what must happen in the end has to.
    Judged,
    /// Nothing.
    LeftOut,
}

impl History {
    /// Lets the history happen under the policy that was drawn with it.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    pub fn play(&self, record: Record) -> Result<(), Failure> {
        self.play_under(Policy::new(self.policy), record)
    }

    /// Lets the history happen without the calm after it, for fuzzers, which want short runs: every
    /// step is judged, and not what must happen in the end. The cluster is stored and restored at
    /// every eighth step only, and where the history says so.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    pub fn storm(&self, record: Record) -> Result<(), Failure> {
        let policy = Arc::new(Policy::new(self.policy));
        self.play_beside(policy, record, Beside::Nothing, Calm::LeftOut).map(drop)
    }

    /// The same, and compares every step with the [reference model](super::reference).
    ///
    /// # Errors
    ///
    /// The first promise that was broken, or the first difference.
    pub fn compare_storm(&self, record: Record) -> Result<Compared, Failure> {
        let policy = Arc::new(Policy::new(self.policy));
        self.play_beside(policy, record, Beside::Model, Calm::LeftOut).map(|run| run.compared())
    }

    /// Lets the history happen without the calm after it, as [`storm`](Self::storm) does, and hands
    /// out the cluster as the last step left it, for whoever has a question to it.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    pub fn cluster_after(&self) -> Result<Cluster, Failure> {
        let policy = Arc::new(Policy::new(self.policy));
        let run = self.play_beside(policy, Record::Omitted, Beside::Nothing, Calm::LeftOut)?;
        Ok(run.cluster)
    }

    /// Lets the history happen under this policy.
    ///
    /// # Errors
    ///
    /// The first promise that was broken.
    ///
    /// # Panics
    ///
    /// If the policy does.
    pub fn play_under(
        &self,
        policy: impl FailoverPolicy + 'static,
        record: Record,
    ) -> Result<(), Failure> {
        self.play_beside(Arc::new(policy), record, Beside::Nothing, Calm::Judged).map(drop)
    }

    /// Lets the history happen, and compares every step with the
    /// [reference model](super::reference).
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
