//! How often something may still be done within a sliding window.

use std::time::Duration;

use quorate::Timestamp;
use quorate::machine::ResourceState;
use quorate::state::ResourceRecord;

/// When something was done, for ever: nothing is forgotten but what a rule says.
///
/// In every interval of the period at most the threshold fits (SDK, `RestartThreshold`: "in any
/// such interval"). What was done exactly one period ago still counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Uses {
    times: Vec<Timestamp>,
}

impl Uses {
    /// It was done now.
    pub fn add(&mut self, now: Timestamp) {
        self.times.push(now);
    }

    /// It was done now. What has left the window of this period is forgotten for good: a longer
    /// period that is declared later does not bring it back.
    pub fn add_within(&mut self, now: Timestamp, period: Duration) {
        self.keep(period, |at| now.as_millis().saturating_sub(at.as_millis()));
        self.add(now);
    }

    /// The same where only the time counts that something was online since.
    pub fn add_by(&mut self, online: &TimesOnline, now: Timestamp, period: Duration) {
        self.keep(period, |at| online.between(at, now));
        self.add(now);
    }

    fn keep(&mut self, period: Duration, age: impl Fn(Timestamp) -> u64) {
        self.times.retain(|at| u128::from(age(*at)) <= period.as_millis());
    }

    /// It counts no more.
    pub fn forget(&mut self) {
        self.times.clear();
    }

    /// How often it was done within a period that ends now.
    #[must_use]
    pub fn within(&self, now: Timestamp, period: Duration) -> usize {
        let age = |at: &Timestamp| u128::from(now.as_millis().saturating_sub(at.as_millis()));
        self.times.iter().filter(|at| age(at) <= period.as_millis()).count()
    }

    /// How often it may be done now, if only the time counts that something was online since.
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

    /// How often it may be done now.
    #[must_use]
    pub fn left(&self, now: Timestamp, threshold: u32, period: Duration) -> u32 {
        let used = u32::try_from(self.within(now, period)).unwrap_or(u32::MAX);
        threshold.saturating_sub(used)
    }
}

/// When something was online: from each of these times to the one beside it, the last one until now.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TimesOnline {
    spans: Vec<(Timestamp, Option<Timestamp>)>,
}

impl TimesOnline {
    /// Of a resource in the middle of its life, whose restarts are as long ago as it was online since.
    pub(super) fn of(record: &ResourceRecord) -> Self {
        let is_online = record.state() == ResourceState::Online;
        let end = (!is_online).then_some(record.online_until());
        Self { spans: Vec::from([(Timestamp::ZERO, end)]) }
    }

    /// It is online from now on, or is so no more.
    pub fn turn(&mut self, is_online: bool, now: Timestamp) {
        let last = self.spans.last_mut().filter(|(_, end)| end.is_none());
        match (last, is_online) {
            (None, true) => self.spans.push((now, None)),
            (Some((_, end)), false) => *end = Some(now),
            (Some(_), true) | (None, false) => {}
        }
    }

    /// How many milliseconds of the time from `at` to `now` it was online.
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
