//! What a cluster put out, and when.

use quorate::cluster::{DeadlineReason, Event, Output};
use quorate::{Cluster, GroupId, Input, Timestamp};

/// What set a step off.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Spark {
    /// Something happened outside, or an operator asked.
    Outside,
    /// An operation was answered, or a running resource was reported alive.
    Answer,
    /// A timer went off; this was due, if anything was.
    Timer(Option<DeadlineReason>),
}

/// The outputs of one step.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What set it off.
    pub spark: Spark,
    /// What was put out, in order.
    pub outputs: Vec<Output>,
}

/// The outputs of a cluster, step after step. Ids are those of one configuration: after another
/// one a new journal begins.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Vec<Entry>,
}

impl Spark {
    /// What kind of step this input sets off.
    #[must_use]
    pub const fn of(input: &Input) -> Self {
        match input {
            Input::OperationFinished { .. }
            | Input::OperationProgressed { .. }
            | Input::ResourceAlive { .. } => Self::Answer,
            _ => Self::Outside,
        }
    }

    /// What a timer that goes off now will be about. Ask before the timer is handled.
    #[must_use]
    pub fn timer(cluster: &Cluster, now: Timestamp) -> Self {
        let due = cluster.poll_timeout().filter(|deadline| deadline.at <= now);
        Self::Timer(due.map(|deadline| deadline.reason))
    }
}

impl Journal {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a step down.
    pub fn record(&mut self, at: Timestamp, spark: Spark, outputs: &[Output]) {
        self.entries.push(Entry { at, spark, outputs: outputs.to_vec() });
    }

    /// What was written down before `at`.
    #[must_use]
    pub fn before(mut self, at: Timestamp) -> Self {
        self.entries.retain(|entry| entry.at < at);
        self
    }

    /// Every step from `at` on, oldest first.
    pub fn since(&self, at: Timestamp) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.at >= at)
    }

    /// Every event from `at` on, with its time.
    pub fn events(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, &Event)> {
        self.since(at).flat_map(|entry| {
            entry.outputs.iter().filter_map(move |output| match output {
                Output::Event(event) => Some((entry.at, event)),
                Output::Effect(_) => None,
                other => unimplemented!("{other:?}"),
            })
        })
    }

    /// Every event about the place or state of a group, with its time.
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
