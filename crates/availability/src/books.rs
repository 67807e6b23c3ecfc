//! The downtime of each group, by cause and by batch.

#![allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "shares of time are fractions of counts of milliseconds"
)]

use super::causes::{ByCause, Cause};
use super::statistics::{BATCHES, Estimate};

/// Milliseconds of a year of 365 days.
pub(super) const YEAR_MILLIS: u64 = 31_536_000_000;

/// The downtime, outages and moves of one group in one batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Entry {
    /// Milliseconds of downtime.
    pub(super) down: ByCause<u64>,
    /// Number of outages that ended.
    pub(super) outages: u64,
    /// Number of outages after which the group was on another node.
    pub(super) moves: u64,
}

impl Entry {
    fn plus(self, other: &Self) -> Self {
        let mut sum = self;
        for cause in Cause::ALL {
            *sum.down.of_mut(cause) = self.down.of(cause).saturating_add(other.down.of(cause));
        }
        sum.outages = self.outages.saturating_add(other.outages);
        sum.moves = self.moves.saturating_add(other.moves);
        sum
    }
}

/// The sums of one batch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Batch {
    groups: Vec<Entry>,
    /// Milliseconds in which any group was down.
    any_down: u64,
}

/// All batches of a run.
#[derive(Clone, Debug)]
pub(super) struct Books {
    present: Batch,
    past: Vec<Batch>,
    batch_millis: u64,
}

impl Books {
    /// Returns empty books for this many groups, with batches of this length.
    pub(super) fn new(groups: usize, batch_millis: u64) -> Self {
        let present = Batch { groups: vec![Entry::default(); groups], any_down: 0 };
        Self { present, past: Vec::new(), batch_millis }
    }

    /// Adds downtime, outages and moves of a group.
    pub(super) fn add(&mut self, group: usize, entry: &Entry) {
        if let Some(sum) = self.present.groups.get_mut(group) {
            *sum = sum.plus(entry);
        }
    }

    /// Adds time in which any group was down.
    pub(super) fn add_any_down(&mut self, millis: u64) {
        self.present.any_down = self.present.any_down.saturating_add(millis);
    }

    /// Ends the present batch.
    pub(super) fn close_batch(&mut self) {
        let groups = vec![Entry::default(); self.present.groups.len()];
        self.past.push(core::mem::replace(&mut self.present, Batch { groups, any_down: 0 }));
    }

    /// Returns the share of time for which a group was down for a cause.
    pub(super) fn down(&self, group: usize, cause: Cause) -> Estimate {
        self.estimate(|batch| self.share(entry(batch, group).down.of(cause)))
    }

    /// Returns the share of time for which a group was down.
    pub(super) fn down_in_all(&self, group: usize) -> Estimate {
        self.estimate(|batch| self.share(entry(batch, group).down.total()))
    }

    /// Returns the share of time for which a group was down on average, for a cause or for all
    /// causes.
    pub(super) fn mean_down(&self, cause: Option<Cause>) -> Estimate {
        self.estimate(|batch| {
            let down = self.sum(batch).down;
            let millis = cause.map_or_else(|| down.total(), |cause| down.of(cause));
            self.share(millis) / batch.groups.len() as f64
        })
    }

    /// Returns the share of time for which any group was down.
    pub(super) fn any_down(&self) -> Estimate {
        self.estimate(|batch| self.share(batch.any_down))
    }

    /// Returns the moves of a group in a year.
    pub(super) fn moves(&self, group: usize) -> Estimate {
        self.estimate(|batch| self.per_year(entry(batch, group).moves))
    }

    /// Returns the outages of a group in a year.
    pub(super) fn outages(&self, group: usize) -> Estimate {
        self.estimate(|batch| self.per_year(entry(batch, group).outages))
    }

    /// Returns the moves of one group in a year, as a mean of all groups.
    pub(super) fn mean_moves(&self) -> Estimate {
        self.estimate(|batch| self.per_year(self.sum(batch).moves) / batch.groups.len() as f64)
    }

    /// Returns the outages of one group in a year, as a mean of all groups.
    pub(super) fn mean_outages(&self) -> Estimate {
        self.estimate(|batch| self.per_year(self.sum(batch).outages) / batch.groups.len() as f64)
    }

    fn sum(&self, batch: &Batch) -> Entry {
        batch.groups.iter().fold(Entry::default(), Entry::plus)
    }

    fn share(&self, millis: u64) -> f64 {
        millis as f64 / self.batch_millis as f64
    }

    fn per_year(&self, count: u64) -> f64 {
        count as f64 * YEAR_MILLIS as f64 / self.batch_millis as f64
    }

    /// Returns the mean of a value of the batches. An extended run has more batches than are
    /// needed; neighbours are then merged.
    fn estimate(&self, of: impl Fn(&Batch) -> f64) -> Estimate {
        let size = self.past.len().div_euclid(BATCHES).max(1);
        let mean = |batches: &[Batch]| batches.iter().map(&of).sum::<f64>() / size as f64;
        let values: Vec<f64> = self.past.chunks_exact(size).map(mean).collect();
        Estimate::of(values.into_iter())
    }
}

fn entry(batch: &Batch, group: usize) -> Entry {
    batch.groups.get(group).copied().unwrap_or_default()
}
