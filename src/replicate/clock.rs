//! The clock of one machine, and the clock of the log.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A reading of the clock of one machine, in milliseconds.
///
/// The clock has to be monotonic and has to go on while the machine sleeps (`CLOCK_BOOTTIME` on
/// Linux). Readings of two machines have nothing to do with each other, so this type cannot be
/// mixed up with a [`Timestamp`], which is the time of the log and the same for every replica.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Local(Timestamp);

impl Local {
    /// Returns the reading of so many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Timestamp::from_millis(millis))
    }

    /// The milliseconds of the reading.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0.as_millis()
    }

    /// Returns the reading `span` later, at most the last one of the range.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.after(span))
    }

    /// Returns the span since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.since(earlier.0)
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.as_millis())
    }
}

/// The clock from which a leader takes the time of its entries.
///
/// It goes on at the time of the last entry that earlier leaders left, by the clock of the leader's
/// machine. Between two leaders the time of the log stands still, so it never runs ahead of real
/// time, except for the drift between machines. The hour that a machine shows does not matter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogClock {
    stamp: Timestamp,
    read_at: Local,
}

impl LogClock {
    /// Goes on at the time of the last entry. `at` is read after that entry was applied.
    #[must_use]
    pub const fn resume(latest: Timestamp, at: Local) -> Self {
        Self { stamp: latest, read_at: at }
    }

    /// Returns the time of the log now, at most [`Timestamp::LATEST`].
    #[must_use]
    pub fn read(&self, now: Local) -> Timestamp {
        self.stamp.after(now.since(self.read_at)).min(Timestamp::LATEST)
    }

    /// Returns the reading of this machine's clock at which the log shows this time.
    #[must_use]
    pub fn reading_at(&self, time: Timestamp) -> Local {
        self.read_at.after(time.since(self.stamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_log_goes_on_where_it_stood() {
        let clock = LogClock::resume(Timestamp::from_millis(9_000), Local::from_millis(77));
        assert_eq!(clock.read(Local::from_millis(77)), Timestamp::from_millis(9_000));
        assert_eq!(clock.read(Local::from_millis(1_077)), Timestamp::from_millis(10_000));
        // A clock that went back holds the time; it never runs backwards.
        assert_eq!(clock.read(Local::from_millis(5)), Timestamp::from_millis(9_000));
        assert_eq!(clock.reading_at(Timestamp::from_millis(9_500)), Local::from_millis(577));
        assert_eq!(clock.reading_at(Timestamp::ZERO), Local::from_millis(77));
        assert_eq!(clock.read(Local::from_millis(u64::MAX)), Timestamp::LATEST);
    }
}
