//! Random numbers and durations, equal on every platform.

#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "a random duration is computed as a fraction; every conversion saturates"
)]

use std::f64::consts::{LN_2, SQRT_2};

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// The source of everything random in a run.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    source: Pcg64Mcg,
}

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self { source: Pcg64Mcg::seed_from_u64(seed) }
    }

    /// Draws a number above 0 and up to 1; each of 2^53 is equally likely.
    fn unit(&mut self) -> f64 {
        let count = (self.source.next_u64() >> 11).saturating_add(1);
        count as f64 / (1_u64 << 53) as f64
    }

    /// Draws whether an event of this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() <= probability
    }

    /// Draws a number below this one; each is equally likely. Returns 0 if `count` is 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let chosen = (self.unit() * count as f64) as usize;
        chosen.min(count.saturating_sub(1))
    }

    /// Draws an exponential span with this mean, in whole units of the mean.
    pub(super) fn exponential(&mut self, mean: f64) -> u64 {
        (-mean * logarithm(self.unit())).round() as u64
    }
}

/// Returns the natural logarithm of a normal positive number.
///
/// The platform's logarithm may differ in the last digit, which would change a whole run. This one
/// uses only additions, multiplications and divisions, which are exact to the bit everywhere.
fn logarithm(number: f64) -> f64 {
    const FRACTION_BITS: u32 = 52;
    const FRACTION: u64 = (1 << FRACTION_BITS) - 1;
    const ONE: u64 = 1_023 << FRACTION_BITS;
    let bits = number.to_bits();
    let mut exponent = (bits >> FRACTION_BITS) as f64 - 1_023.0;
    let mut mantissa = f64::from_bits((bits & FRACTION) | ONE);
    if mantissa > SQRT_2 {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    // ln m = 2 (s + s³/3 + s⁵/5 + …) with s = (m − 1) / (m + 1), at most 0.172 here.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series =
        (0..12).rev().fold(0.0, |sum, term| sum * square + 1.0 / (2.0 * f64::from(term) + 1.0));
    exponent * LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_library() {
        for number in
            [1.0, 0.999_999, 0.75, std::f64::consts::FRAC_1_SQRT_2, 0.5, 0.1, 1e-3, 1.1e-16]
        {
            let known = f64::ln(number);
            assert!((logarithm(number) - known).abs() <= 1e-15 * known.abs().max(1.0), "{number}");
        }
    }

    #[test]
    fn spans_have_the_mean_and_scatter_of_the_exponential_distribution() {
        let mut draw = Draw::new(7);
        let count = 200_000_u32;
        let spans: std::vec::Vec<f64> =
            (0..count).map(|_| draw.exponential(60_000.0) as f64).collect();
        let mean = spans.iter().sum::<f64>() / f64::from(count);
        let square = spans.iter().map(|span| span * span).sum::<f64>() / f64::from(count);
        assert!((mean / 60_000.0 - 1.0).abs() < 0.01, "{mean}");
        assert!((square / (2.0 * mean * mean) - 1.0).abs() < 0.02, "{square}");
    }

    #[test]
    fn a_seed_is_a_sequence() {
        let first = |seed| Draw::new(seed).exponential(1e9);
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
        assert!(!Draw::new(1).happens(0.0));
        assert!(Draw::new(1).happens(1.0));
    }
}
