//! Faults that last for a while. Such a fault counts once it has an effect; without one it is no
//! fault.

use crate::sim::world::Key;

/// A period in which something is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spell {
    pub(super) until: u64,
    /// The size of the fault: its length, or a factor.
    pub(super) size: u64,
    is_felt: bool,
}

impl Spell {
    pub(super) const fn new(until: u64, size: u64) -> Self {
        Self { until, size, is_felt: false }
    }

    /// Returns the size of the fault at its first effect.
    pub(super) const fn felt(&mut self) -> Option<u64> {
        if self.is_felt {
            return None;
        }
        self.is_felt = true;
        Some(self.size)
    }
}

/// A resource that fails again and again for a while.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gray {
    pub(super) resource: Key,
    pub(super) until: u64,
    pub(super) failures: u64,
}
