//! Sliding-window budgets for restarts, failovers and fences.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// The times at which an action was taken, oldest first, as far back as a budget looks.
///
/// The window slides: *every* interval as long as the period contains at most as many uses as the
/// threshold allows. A counter that is reset from time to time does not guarantee that.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FailureLog {
    /// The times, or `None` if there are none: there are many resources, and most never fail.
    entries: Option<Box<Entries>>,
}

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Entries(Vec<Timestamp>);

/// A budget, and the part of it that is left.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Budget {
    /// The number of uses that are allowed within the period.
    pub threshold: u32,
    /// The number of uses that are allowed now.
    pub remaining: u32,
    /// The time at which the oldest use leaves the window. It is `None` if the window contains
    /// none. It is also `None` for restarts that leave the window only by time online, while the
    /// resource is not online.
    pub renews_at: Option<Timestamp>,
}

impl FailureLog {
    /// Creates a log with these entries, and sorts them.
    #[cfg(test)]
    pub(crate) fn from_entries(mut entries: Vec<Timestamp>) -> Self {
        entries.sort_unstable();
        Self::of(entries)
    }

    /// Returns the budget of `threshold` uses in `period`, with the uses that are left at `now`.
    #[must_use]
    pub fn budget(&self, now: Timestamp, threshold: u32, period: Duration) -> Budget {
        let mut in_window = self.entries().iter().filter(|entry| is_inside(**entry, now, period));
        let oldest = in_window.next().copied();
        let used = in_window.count().saturating_add(usize::from(oldest.is_some()));
        Budget {
            threshold,
            remaining: threshold.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX)),
            // The time is one millisecond after the period, because an entry whose age is exactly
            // the period still counts.
            renews_at: oldest.map(|entry| entry.after(period).after(Duration::from_millis(1))),
        }
    }

    /// Records a use at `now`, and forgets uses that have left the window.
    pub(crate) fn record(&mut self, now: Timestamp, period: Duration) {
        let Entries(entries) =
            &mut **self.entries.get_or_insert_with(|| Box::new(Entries(Vec::new())));
        entries.retain(|entry| is_inside(*entry, now, period));
        entries.push(now);
    }

    /// Moves every use forward by this span, because time has passed that does not count.
    pub(crate) fn shift(&mut self, span: Duration) {
        for entry in self.entries.iter_mut().flat_map(|of| &mut of.0) {
            *entry = entry.after(span);
        }
    }

    /// Forgets all uses.
    pub(crate) fn clear(&mut self) {
        self.entries = None;
    }

    /// Returns the uses in memory, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Timestamp] {
        self.entries.as_deref().map_or(&[], |Entries(entries)| entries)
    }

    fn of(entries: Vec<Timestamp>) -> Self {
        Self { entries: (!entries.is_empty()).then(|| Box::new(Entries(entries))) }
    }
}

impl Serialize for FailureLog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FailureLog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::of)
    }
}

/// Tells whether an entry still counts. It does at an age of exactly the period, but not one
/// millisecond later.
fn is_inside(entry: Timestamp, now: Timestamp, period: Duration) -> bool {
    now.since(entry) < period || now.since(entry) == period && !seeded!(WindowTooShort)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// The SDK says of `RestartThreshold`: a threshold of 2 in 200 ms allows two restarts in any
    /// 200 ms.
    #[test]
    fn two_in_any_two_hundred_milliseconds() {
        let period = Duration::from_millis(200);
        let mut log = FailureLog::default();
        log.record(at(0), period);
        log.record(at(150), period);
        assert_eq!(log.budget(at(200), 2, period).remaining, 0);
        assert_eq!(log.budget(at(201), 2, period).remaining, 1);
        assert_eq!(log.budget(at(201), 2, period).renews_at, Some(at(351)));
        log.record(at(201), period);
        assert_eq!(log.budget(at(350), 2, period).remaining, 0);
        assert_eq!(log.entries(), [at(150), at(201)]);
    }

    #[test]
    fn an_empty_log_has_everything_left() {
        let budget = FailureLog::default().budget(at(5), 3, Duration::from_secs(1));
        assert_eq!(budget, Budget { threshold: 3, remaining: 3, renews_at: None });
    }
}
