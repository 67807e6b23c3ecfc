//! Random numbers: one generator per seed, integers only, equal on every platform.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;

/// The only source of random numbers in a run.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Pcg32);

impl Dice {
    /// Returns the generator of a seed; each `stream` of a seed is independent of the others.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(Pcg32::new(seed, stream))
    }

    /// Draws any number.
    pub(crate) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws a number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // The smaller the range is compared with 2^64, the more even is the high half of the
        // product.
        let product = u128::from(self.any()).saturating_mul(u128::from(end));
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// Draws an index into a list of this length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        let end = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(end)).unwrap_or(0)
    }

    /// Draws a number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.below(span))
    }

    /// Returns true in `count` of `of` cases.
    pub(crate) fn chance(&mut self, count: u64, of: u64) -> bool {
        self.below(of) < count
    }

    /// Draws a number from `low` to `high` in which every order of magnitude is equally likely.
    pub(crate) fn log_uniform(&mut self, low: u64, high: u64) -> u64 {
        let low = low.max(1);
        let doublings = u64::from(high.max(low).ilog2().saturating_sub(low.ilog2()));
        let exponent = self.between(0, doublings);
        let floor = low.checked_shl(u32::try_from(exponent).unwrap_or(0)).unwrap_or(high).min(high);
        self.between(floor, floor.saturating_mul(2).min(high))
    }

    /// Draws one of these; the default if there are none.
    pub(crate) fn pick<T: Clone + Default>(&mut self, choices: &[T]) -> T {
        let index = self.index(choices.len());
        choices.get(index).cloned().unwrap_or_default()
    }

    /// Draws one of these, if there is any.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let index = self.index(choices.len());
        choices.get(index).copied()
    }

    /// Draws numbers for a tape of choices.
    pub(crate) fn tape(&mut self, length: usize) -> std::vec::Vec<u16> {
        (0..length).map(|_| u16::try_from(self.below(65_536)).unwrap_or(0)).collect()
    }
}
