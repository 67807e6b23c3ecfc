//! Means and their errors.

#![allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "statistics are fractions, and the counts in them are small"
)]

use serde::Serialize;

/// Number of batches of equal length into which a run is cut.
///
/// Events within a run depend on each other, but long batches are nearly independent: the scatter
/// between them gives the error of the mean without a model of the events.
pub const BATCHES: usize = 30;

/// The 0.975 quantile of Student's t distribution with 29 degrees of freedom.
const T_95_OF_30: f64 = 2.045_229_642_132_703;

/// A mean with its error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean over all batches.
    pub mean: f64,
    /// The standard error of the mean.
    pub standard_error: f64,
}

impl Estimate {
    /// Returns the mean of equally long batches. The interval is right for [`BATCHES`] of them.
    #[must_use]
    pub fn of(batches: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let count = batches.len() as f64;
        let mean = batches.clone().sum::<f64>() / count;
        let squares: f64 = batches.map(|batch| (batch - mean) * (batch - mean)).sum();
        let standard_error = (squares / (count * (count - 1.0))).sqrt();
        Self { mean, standard_error }
    }

    /// Returns half the width of the interval that holds the true value in 95 of 100 runs.
    #[must_use]
    pub fn half_width_95(&self) -> f64 {
        T_95_OF_30 * self.standard_error
    }

    /// Returns this estimate in another unit.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self { mean: self.mean * factor, standard_error: self.standard_error * factor.abs() }
    }

    /// Tells whether a known value agrees within three standard errors or one per cent, the larger
    /// of the two.
    #[must_use]
    pub fn agrees_with(&self, known: f64) -> bool {
        (self.mean - known).abs() <= (3.0 * self.standard_error).max(0.01 * known.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_error_of_known_numbers() {
        let estimate = Estimate::of([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter());
        assert!((estimate.mean - 5.0).abs() < 1e-15);
        // The sum of squares is 32, over 8 · 7.
        assert!((estimate.standard_error - (32.0_f64 / 56.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn agreement_is_three_errors_or_one_per_cent() {
        let sharp = Estimate { mean: 100.0, standard_error: 0.1 };
        assert!(sharp.agrees_with(100.9) && !sharp.agrees_with(102.0));
        let vague = Estimate { mean: 100.0, standard_error: 2.0 };
        assert!(vague.agrees_with(105.9) && !vague.agrees_with(106.1));
    }
}
