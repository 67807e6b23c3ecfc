//! How often something may still be done within a sliding window.

use std::time::Duration;

use quorate::Timestamp;
use quorate::machine::ResourceState;
use quorate::state::ResourceRecord;

/// The times of all uses; a use is forgotten only where a rule says so.
///
/// At most the threshold fits into every interval of the period (SDK, `RestartThreshold`: "in any
/// such interval"). A use exactly one period ago still counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Uses {
    times: Vec<Timestamp>,
}

impl Uses {
    /// Records a use at this time.
    pub fn add(&mut self, now: Timestamp) {
        self.times.push(now);
    }

    /// Records a use at this time. Uses that have left the window of this period are forgotten for
    /// good: a longer period that is declared later does not bring them back.
    pub fn add_within(&mut self, now: Timestamp, period: Duration) {
        self.keep(period, |at| now.as_millis().saturating_sub(at.as_millis()));
        self.add(now);
    }

    /// Does the work of [`add_within`](Self::add_within) by the time online since each use.
    pub fn add_by(&mut self, online: &TimesOnline, now: Timestamp, period: Duration) {
        self.keep(period, |at| online.between(at, now));
        self.add(now);
    }

    fn keep(&mut self, period: Duration, age: impl Fn(Timestamp) -> u64) {
        self.times.retain(|at| u128::from(age(*at)) <= period.as_millis());
    }

    /// Forgets all uses.
    pub fn forget(&mut self) {
        self.times.clear();
    }

    /// Returns the number of uses within a period that ends now.
    #[must_use]
    pub fn within(&self, now: Timestamp, period: Duration) -> usize {
        let age = |at: &Timestamp| u128::from(now.as_millis().saturating_sub(at.as_millis()));
        self.times.iter().filter(|at| age(at) <= period.as_millis()).count()
    }

    /// Returns how many uses are left now, if only the time online since each use counts.
    #[must_use]
    pub fn left_by(
        &self,
        online: &TimesOnline,
        now: Timestamp,
        threshold: u32,
        period: Duration,
    ) -> u32 {
        let age = |at: &&Timestamp| u128::from(online.between(**at, now));
        let used = self.times.iter().filter(|at| age(at) <= period.as_millis()).count();
        threshold.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// Returns how many uses are left now.
    #[must_use]
    pub fn left(&self, now: Timestamp, threshold: u32, period: Duration) -> u32 {
        let used = u32::try_from(self.within(now, period)).unwrap_or(u32::MAX);
        threshold.saturating_sub(used)
    }
}

/// The times when something was online: from the first time of each pair to the second one. The
/// last span may last until now.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TimesOnline {
    spans: Vec<(Timestamp, Option<Timestamp>)>,
}

impl TimesOnline {
    /// Returns the times of a resource in the middle of its life: the times of its restarts are on
    /// its own clock, which goes on only while it is online.
    pub(super) fn of(record: &ResourceRecord) -> Self {
        let is_online = record.state() == ResourceState::Online;
        let end = (!is_online).then_some(record.online_until());
        Self { spans: Vec::from([(Timestamp::ZERO, end)]) }
    }

    /// Records that it comes online, or goes offline.
    pub fn turn(&mut self, is_online: bool, now: Timestamp) {
        let last = self.spans.last_mut().filter(|(_, end)| end.is_none());
        match (last, is_online) {
            (None, true) => self.spans.push((now, None)),
            (Some((_, end)), false) => *end = Some(now),
            (Some(_), true) | (None, false) => {}
        }
    }

    /// Returns how many milliseconds between `at` and `now` it was online.
    #[must_use]
    pub fn between(&self, at: Timestamp, now: Timestamp) -> u64 {
        let overlap = |(begin, end): &(Timestamp, Option<Timestamp>)| {
            let (begin, end) = (at.max(*begin), end.unwrap_or(now).min(now));
            end.as_millis().saturating_sub(begin.as_millis())
        };
        self.spans.iter().map(overlap).sum()
    }
}

impl FromIterator<Timestamp> for Uses {
    fn from_iter<T: IntoIterator<Item = Timestamp>>(times: T) -> Self {
        Self { times: times.into_iter().collect() }
    }
}
