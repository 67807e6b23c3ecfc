//! Sliding-window budgets for restarts, failovers and fences.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// When something was done, oldest first, as far back as a budget looks.
///
/// The window slides: in *every* interval of the period at most the threshold fits, unlike a
/// counter that is reset now and then.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FailureLog {
    /// `None` if there are none: most resources never fail, and there are many.
    entries: Option<Box<Entries>>,
}

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Entries(Vec<Timestamp>);

/// What a budget has left.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// How often it may be used within the period.
    pub threshold: u32,
    /// How often it may be used now.
    pub remaining: u32,
    /// When the next use of the past falls out of the window; `None` if none is in it, and for
    /// restarts that leave it only by time online also while the resource is not online.
    pub renews_at: Option<Timestamp>,
}

impl FailureLog {
    /// A log with these entries; out of order ones are put in order.
    #[must_use]
    pub fn from_entries(mut entries: Vec<Timestamp>) -> Self {
        entries.sort_unstable();
        Self::of(entries)
    }

    /// What is left of `threshold` uses in `period`.
    #[must_use]
    pub fn budget(&self, now: Timestamp, threshold: u32, period: Duration) -> Budget {
        let mut in_window = self.entries().iter().filter(|entry| is_inside(**entry, now, period));
        let oldest = in_window.next().copied();
        let used = in_window.count().saturating_add(usize::from(oldest.is_some()));
        Budget {
            threshold,
            remaining: threshold.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX)),
            // One millisecond past the period, for an entry of exactly its age still counts.
            renews_at: oldest.map(|entry| entry.after(period).after(Duration::from_millis(1))),
        }
    }

    /// Writes down a use at `now`, and forgets what has left the window.
    pub fn record(&mut self, now: Timestamp, period: Duration) {
        let Entries(entries) =
            &mut **self.entries.get_or_insert_with(|| Box::new(Entries(Vec::new())));
        entries.retain(|entry| is_inside(*entry, now, period));
        entries.push(now);
    }

    /// Moves every use on by this much: time that did not count has passed.
    pub(crate) fn shift(&mut self, span: Duration) {
        for entry in self.entries.iter_mut().flat_map(|of| &mut of.0) {
            *entry = entry.after(span);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries = None;
    }

    /// The uses that are remembered, oldest first.
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

/// Whether an entry still counts: an age of exactly the period does, one millisecond more does
/// not.
fn is_inside(entry: Timestamp, now: Timestamp, period: Duration) -> bool {
    now.since(entry) < period || now.since(entry) == period && !seeded!(WindowTooShort)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// SDK, `RestartThreshold`: threshold 2 in 200 ms allows two restarts in any 200 ms.
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
