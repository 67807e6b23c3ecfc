//! The clock of the cluster.

use quorate::{Cluster, Timestamp};
use tokio::time::Instant;

/// The time of one cluster. It goes on from where the cluster stands, and never backwards.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    origin: Timestamp,
    since: Instant,
}

impl Clock {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self { origin: cluster.state().now(), since: Instant::now() }
    }

    pub(crate) fn now(self) -> Timestamp {
        self.origin.after(self.since.elapsed())
    }

    /// Returns the moment at which a timer for this time rings.
    pub(crate) fn moment(self, at: Timestamp) -> Instant {
        self.since + at.since(self.origin)
    }
}
