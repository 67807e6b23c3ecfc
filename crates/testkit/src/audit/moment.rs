//! A step as it looked before it was made: its stimulus, its time, and the cluster.

use quorate::cluster::Command;
use quorate::state::{NoRestartCause, Recovery};
use quorate::{Cluster, Input, Timestamp};

/// The call that sets a step off.
#[derive(Clone, Copy, Debug)]
pub enum Stimulus<'a> {
    /// [`Cluster::handle`] is called.
    Input(&'a Input),
    /// [`Cluster::handle_timeout`] is called.
    Timer,
}

/// A step as it looked before it was made.
#[derive(Debug)]
pub struct Moment<'a> {
    pub(crate) before: Cluster,
    pub(crate) stimulus: Stimulus<'a>,
    pub(crate) now: Timestamp,
}

impl<'a> Moment<'a> {
    /// Keeps a copy of a cluster before a step.
    #[must_use]
    pub fn before(cluster: &Cluster, stimulus: Stimulus<'a>, now: Timestamp) -> Self {
        Self { before: cluster.clone(), stimulus, now }
    }

    pub(crate) fn input(&self) -> Option<&'a Input> {
        match self.stimulus {
            Stimulus::Input(input) => Some(input),
            Stimulus::Timer => None,
        }
    }

    /// Tells whether the core resumes in this step after a time in which no core decided.
    pub(crate) fn is_resumption(&self) -> bool {
        matches!(self.input(), Some(Input::CoreResumed))
    }

    pub(crate) fn command(&self) -> Option<&'a Command> {
        match self.input() {
            Some(Input::Command(command)) => Some(command),
            _ => None,
        }
    }

    /// Tells whether this step may change the configuration.
    pub(crate) fn is_reconfiguration(&self) -> bool {
        matches!(self.command(), Some(Command::Configure { .. } | Command::EvictNode { .. }))
    }

    /// Tells whether a resource was given up for good before this step, and this step brings
    /// another configuration that has it tried again. An event says this once more, with a time,
    /// whatever the budget of the resource says now.
    pub(crate) fn is_told_again(&self, resource: &str, cause: NoRestartCause) -> bool {
        let before = self.before.spec().resource_id(resource);
        let record = before.and_then(|id| self.before.state().resource(id));
        let recovery = record.map(|record| record.recovery());
        self.is_reconfiguration() && recovery == Some(Recovery::RetryAt { at: None, cause })
    }
}
