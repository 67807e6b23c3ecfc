//! Time as an argument.
//!
//! The core never reads a clock. Every mutator takes a [`Timestamp`], and spans are
//! [`core::time::Duration`]s of whole milliseconds. All arithmetic saturates.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

pub mod text;

/// Milliseconds since an origin that the embedder chooses and keeps.
///
/// ```
/// use core::time::Duration;
/// use quorate::Timestamp;
///
/// let start = Timestamp::from_millis(1_000);
/// assert_eq!(start.after(Duration::from_secs(2)), Timestamp::from_millis(3_000));
/// ```
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// The latest instant that an input may have: half of the range, so that every deadline lies
    /// after it.
    pub const LATEST: Self = Self(u64::MAX >> 1);

    /// Returns the instant this many milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the origin.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the instant `span` later, at most the last one of the range.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(span)))
    }

    /// Returns the span since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0 % 1_000;
        let seconds = self.0.div_euclid(1_000) % 60;
        let minutes = self.0.div_euclid(60_000) % 60;
        let hours = self.0.div_euclid(3_600_000);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
    }
}

/// Returns the whole milliseconds of a span, at most `u64::MAX`.
#[must_use]
pub(crate) fn whole_millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A reading of the wall clock at the moment of an input.
///
/// Failback windows are hours of the cluster's local day. Zone rules and daylight saving stay with
/// the embedder: it sends a new reading whenever the offset changes, and now and then against
/// drift. Between two readings the core counts on by the timestamps of the inputs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WallClock {
    /// Milliseconds since midnight UTC, below 86,400,000.
    pub utc_millis_of_day: u32,
    /// Minutes to add to UTC for local time, −1,440 to 1,440 exclusive.
    pub utc_offset_minutes: i16,
}

impl WallClock {
    /// Milliseconds of one day.
    pub const DAY_MILLIS: u64 = 86_400_000;

    /// Tells whether both fields are in range.
    #[must_use]
    pub fn is_valid(self) -> bool {
        u64::from(self.utc_millis_of_day) < Self::DAY_MILLIS
            && self.utc_offset_minutes > -1_440
            && self.utc_offset_minutes < 1_440
    }

    /// Returns the milliseconds since local midnight, `elapsed` after the reading.
    #[must_use]
    pub fn local_millis_of_day(self, elapsed: Duration) -> u64 {
        let utc = u64::from(self.utc_millis_of_day)
            .saturating_add(whole_millis(elapsed) % Self::DAY_MILLIS);
        let offset = i64::from(self.utc_offset_minutes).saturating_mul(60_000);
        // Shifted by one day first, so that a western offset stays above zero.
        let shifted = utc.saturating_add(Self::DAY_MILLIS).saturating_add_signed(offset);
        shifted % Self::DAY_MILLIS
    }
}

/// An interval at which something is done, or never: `"5s"`, milliseconds, or `"never"` in files.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Interval {
    /// It is done each time this span has passed.
    Every(Duration),
    /// It is not done at all.
    Never,
}

impl Interval {
    /// Returns the span, unless it is never.
    #[must_use]
    pub const fn span(self) -> Option<Duration> {
        match self {
            Self::Every(span) => Some(span),
            Self::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn clock(utc_millis_of_day: u32, utc_offset_minutes: i16) -> WallClock {
        WallClock { utc_millis_of_day, utc_offset_minutes }
    }

    /// A day has 86,400,000 milliseconds, and no place is a day ahead of or behind UTC.
    #[test]
    fn a_wall_clock_shows_times_of_one_day() {
        for valid in [clock(0, 0), clock(86_399_999, 1_439), clock(0, -1_439)] {
            assert!(valid.is_valid(), "{valid:?}");
        }
        for wrong in [clock(86_400_000, 0), clock(0, 1_440), clock(0, -1_440)] {
            assert!(!wrong.is_valid(), "{wrong:?}");
        }
    }

    /// Local midnight comes earlier in the east and later in the west.
    #[test]
    fn local_time_goes_round_the_clock() {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let local =
            |clock: WallClock, elapsed| clock.local_millis_of_day(hours(elapsed)) / 3_600_000;
        assert_eq!(local(clock(0, 0), 0), 0);
        assert_eq!(local(clock(0, 60), 0), 1);
        assert_eq!(local(clock(0, -60), 0), 23);
        assert_eq!(local(clock(82_800_000, 120), 0), 1);
        assert_eq!(local(clock(82_800_000, 0), 30), 5);
        assert_eq!(local(clock(3_600_000, -180), 49), 23);
    }
}
