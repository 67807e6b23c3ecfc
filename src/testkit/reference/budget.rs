//! How often something may still be done within a sliding window.

use core::time::Duration;
use std::prelude::v1::*;

use crate::Timestamp;

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

    /// How often it may be done now.
    #[must_use]
    pub fn left(&self, now: Timestamp, threshold: u32, period: Duration) -> u32 {
        let used = u32::try_from(self.within(now, period)).unwrap_or(u32::MAX);
        threshold.saturating_sub(used)
    }
}

impl FromIterator<Timestamp> for Uses {
    fn from_iter<T: IntoIterator<Item = Timestamp>>(times: T) -> Self {
        Self { times: times.into_iter().collect() }
    }
}
