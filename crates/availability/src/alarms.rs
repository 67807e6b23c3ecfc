//! One alarm for each slot. The earliest alarm is found at once and tells what happens next.

/// The value of a slot without an alarm.
const NEVER: u64 = u64::MAX;

/// Alarms by slot, in a tree in which every inner place holds the earlier of its two children.
///
/// Setting an alarm and finding the first one each take time that grows with the logarithm of the
/// number of slots. Neither allocates.
#[derive(Clone, Debug)]
pub(super) struct Alarms {
    /// The root is at 1, the children of `i` at `2i` and `2i + 1`, the slots from `leaves` on.
    tree: Vec<u64>,
    leaves: usize,
}

impl Alarms {
    pub(super) fn new(slots: usize) -> Self {
        let leaves = slots.next_power_of_two().max(2);
        Self { tree: vec![NEVER; leaves.saturating_mul(2)], leaves }
    }

    fn at(&self, place: usize) -> u64 {
        self.tree.get(place).copied().unwrap_or(NEVER)
    }

    /// Sets the alarm of a slot, in place of the one it had.
    pub(super) fn set(&mut self, slot: usize, at: u64) {
        let mut place = self.leaves.saturating_add(slot);
        let mut value = at;
        loop {
            match self.tree.get_mut(place) {
                Some(entry) if *entry != value => *entry = value,
                Some(_) | None => return,
            }
            if place <= 1 {
                return;
            }
            value = value.min(self.at(place ^ 1));
            place >>= 1;
        }
    }

    /// Clears the alarm of a slot.
    pub(super) fn clear(&mut self, slot: usize) {
        self.set(slot, NEVER);
    }

    /// Returns the time at which the alarm of a slot rings, if it is set.
    pub(super) fn of(&self, slot: usize) -> Option<u64> {
        Some(self.at(self.leaves.saturating_add(slot))).filter(|at| *at != NEVER)
    }

    pub(super) fn is_set(&self, slot: usize) -> bool {
        self.of(slot).is_some()
    }

    /// Returns the earliest alarm and its slot; of several at one time, the one in the lowest slot.
    pub(super) fn first(&self) -> Option<(u64, usize)> {
        let earliest = self.at(1);
        if earliest == NEVER {
            return None;
        }
        let mut place = 1;
        while place < self.leaves {
            place <<= 1;
            if self.at(place) != earliest {
                place = place.saturating_add(1);
            }
        }
        Some((earliest, place.saturating_sub(self.leaves)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_of_equals_the_lowest_slot() {
        for slots in [1, 2, 5, 26] {
            let mut alarms = Alarms::new(slots);
            assert_eq!(alarms.first(), None);
            let mut plain = vec![NEVER; slots];
            for step in 0..2_000_u64 {
                let slot = (step.wrapping_mul(0x9e37_79b9) >> 7) as usize % slots;
                let at = if step % 5 == 0 { NEVER } else { step.wrapping_mul(0x85eb_ca6b) % 50 };
                alarms.set(slot, at);
                plain[slot] = at;
                assert_eq!(alarms.is_set(slot), at != NEVER);
                let expected = plain
                    .iter()
                    .enumerate()
                    .map(|(slot, at)| (*at, slot))
                    .min()
                    .filter(|(at, _)| *at != NEVER);
                assert_eq!(alarms.first(), expected);
            }
        }
    }
}
