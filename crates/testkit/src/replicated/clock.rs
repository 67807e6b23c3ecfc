//! The clock of a machine, against the true time that only the simulator knows.

use quorate::replicate::Local;

/// A clock that shows some time of its own and runs a little too fast or too slow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MachineClock {
    offset: u64,
    drift_ppm: i64,
}

impl MachineClock {
    /// Returns a clock that shows `offset` at the beginning and gains `drift_ppm` millionths.
    pub(super) const fn new(offset: u64, drift_ppm: i64) -> Self {
        Self { offset, drift_ppm }
    }

    /// Returns the reading at a true time.
    pub(super) fn read(self, now: u64) -> Local {
        let gained = i64::try_from(now).unwrap_or(i64::MAX).saturating_mul(self.drift_ppm);
        let gained = gained.div_euclid(1_000_000);
        Local::from_millis(self.offset.saturating_add(now).saturating_add_signed(gained))
    }

    /// Returns the true time at which the clock shows this, to about a millisecond.
    pub(super) fn true_time(self, reading: Local) -> u64 {
        let shown = reading.as_millis().saturating_sub(self.offset);
        let gained = i64::try_from(shown).unwrap_or(i64::MAX).saturating_mul(self.drift_ppm);
        shown.saturating_add_signed(gained.div_euclid(1_000_000).saturating_neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_leads_back_to_the_true_time() {
        for drift in [-150, 0, 150] {
            let clock = MachineClock::new(36_000_000, drift);
            for now in [0, 1, 999, 80_000] {
                let found = clock.true_time(clock.read(now));
                assert!(found.abs_diff(now) <= 1, "{now} became {found} with {drift} ppm");
            }
        }
        let fast = MachineClock::new(5, 150);
        assert_eq!(fast.read(80_000).as_millis(), 80_017);
    }
}
