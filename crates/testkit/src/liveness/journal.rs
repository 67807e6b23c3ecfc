//! The outputs of a cluster, with their times.

use quorate::cluster::{DeadlineReason, Event, Output};
use quorate::{Cluster, GroupId, Input, Timestamp};

/// The cause of a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Spark {
    /// An event outside the cluster, or a command of an operator.
    Outside,
    /// An answer to an operation, or a report that a running resource is alive.
    Answer,
    /// A timer, with the reason of the deadline that was due, if any was.
    Timer(Option<DeadlineReason>),
}

/// The outputs of one step.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The time of the step.
    pub at: Timestamp,
    /// The cause of the step.
    pub spark: Spark,
    /// The outputs of the step, in order.
    pub outputs: Vec<Output>,
}

/// The outputs of a cluster, step after step. The ids belong to one configuration: a new journal
/// begins with each new configuration.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Vec<Entry>,
}

impl Spark {
    /// Returns the cause of a step that handles this input.
    #[must_use]
    pub const fn of(input: &Input) -> Self {
        match input {
            Input::OperationFinished { .. }
            | Input::OperationProgressed { .. }
            | Input::ResourceAlive { .. } => Self::Answer,
            _ => Self::Outside,
        }
    }

    /// Returns the cause of a step in which a timer goes off now. Call it before the timer is
    /// handled.
    #[must_use]
    pub fn timer(cluster: &Cluster, now: Timestamp) -> Self {
        let due = cluster.poll_timeout().filter(|deadline| deadline.at <= now);
        Self::Timer(due.map(|deadline| deadline.reason))
    }
}

impl Journal {
    /// Returns an empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records a step.
    pub fn record(&mut self, at: Timestamp, spark: Spark, outputs: &[Output]) {
        self.entries.push(Entry { at, spark, outputs: outputs.to_vec() });
    }

    /// Returns the journal of the steps before `at`.
    #[must_use]
    pub fn before(mut self, at: Timestamp) -> Self {
        self.entries.retain(|entry| entry.at < at);
        self
    }

    /// Returns every step from `at` on, oldest first.
    pub fn since(&self, at: Timestamp) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.at >= at)
    }

    /// Returns every event from `at` on, with its time.
    pub fn events(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, &Event)> {
        self.since(at).flat_map(|entry| {
            entry.outputs.iter().filter_map(move |output| match output {
                Output::Event(event) => Some((entry.at, event)),
                Output::Effect(_) => None,
                other => unimplemented!("{other:?}"),
            })
        })
    }

    /// Returns every event from `at` on about the place or state of a group, with its time.
    pub fn events_of(
        &self,
        group: GroupId,
        at: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, &Event)> {
        self.events(at).filter(move |(_, event)| match event {
            Event::OwnerChanged { group: of, .. }
            | Event::MoveStarted { group: of, .. }
            | Event::MoveAbandoned { group: of, .. }
            | Event::GroupChanged { group: of, .. } => *of == group,
            _ => false,
        })
    }
}
