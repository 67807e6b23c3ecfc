//! What lasts for a while: it is a fault from when it is felt, and if nobody feels it it is none.

use crate::sim::world::Key;

/// A while in which something is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spell {
    pub(super) until: u64,
    /// How much is wrong: its length, or a factor.
    pub(super) size: u64,
    is_felt: bool,
}

impl Spell {
    pub(super) const fn new(until: u64, size: u64) -> Self {
        Self { until, size, is_felt: false }
    }

    /// The size of what is wrong, the first time that somebody feels it.
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
