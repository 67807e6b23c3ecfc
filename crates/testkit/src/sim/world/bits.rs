//! A set of resources.

use super::key::Key;

/// A set of keys below [`Bits::CAPACITY`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Bits(u128);

impl Bits {
    /// The highest number of names of resources that a run can have.
    pub(crate) const CAPACITY: usize = 128;

    fn mask(key: Key) -> u128 {
        u32::try_from(key.index()).ok().and_then(|shift| 1_u128.checked_shl(shift)).unwrap_or(0)
    }

    pub(crate) fn has(self, key: Key) -> bool {
        self.0 & Self::mask(key) != 0
    }

    pub(crate) fn add(&mut self, key: Key) {
        self.0 |= Self::mask(key);
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.0 &= !Self::mask(key);
    }

    pub(crate) fn clear(&mut self) {
        self.0 = 0;
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn either(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns its members, ascending.
    pub(crate) fn iter(self) -> impl Iterator<Item = Key> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let next = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            Some(Key::at(usize::try_from(next).unwrap_or(0)))
        })
    }
}
