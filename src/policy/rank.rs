//! The rank of one candidate.

use core::cmp::Ordering;

/// One rule's number for a candidate, with the direction of that number.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Key {
    name: &'static str,
    /// The number as the rule knows it.
    value: i64,
    better: Better,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Better {
    #[default]
    Smaller,
    Larger,
}

impl Key {
    /// Returns a key whose smallest number is best. The name says what is counted, for
    /// explanations.
    #[must_use]
    pub const fn smallest(name: &'static str, value: i64) -> Self {
        Self { name, value, better: Better::Smaller }
    }

    /// Returns a key whose largest number is best.
    #[must_use]
    pub const fn largest(name: &'static str, value: i64) -> Self {
        Self { name, value, better: Better::Larger }
    }

    /// Returns the name of what is counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(&self) -> i64 {
        self.value
    }

    /// Returns the number such that the smallest is best, so that keys of any policy are in one
    /// order.
    fn badness(&self) -> i128 {
        match self.better {
            Better::Smaller => i128::from(self.value),
            Better::Larger => i128::from(self.value).saturating_neg(),
        }
    }
}

/// The rank of a candidate: keys that are compared one after the other, or a veto.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rank {
    veto: Option<&'static str>,
    keys: [Key; Self::MAX_KEYS],
    count: usize,
}

impl Rank {
    /// The greatest number of keys that count.
    pub const MAX_KEYS: usize = 8;

    /// Returns a rank without an opinion: every candidate is equal.
    #[must_use]
    pub fn neutral() -> Self {
        Self::default()
    }

    /// Returns a rank by one key.
    #[must_use]
    pub fn by(key: Key) -> Self {
        Self::default().and_by(key)
    }

    /// Returns a veto: the candidate must not be taken; the reason is shown to operators.
    #[must_use]
    pub fn veto(reason: &'static str) -> Self {
        Self { veto: Some(reason), ..Self::default() }
    }

    /// Adds a key, for candidates that are equal so far.
    #[must_use]
    pub fn and_by(mut self, key: Key) -> Self {
        if let Some(place) = self.keys.get_mut(self.count) {
            *place = key;
            self.count = self.count.saturating_add(1);
        }
        self
    }

    /// Returns this rank, then the keys of another. A veto of either counts, the first one first.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let mut both = next.keys().iter().fold(self, |rank, key| rank.and_by(*key));
        both.veto = self.veto.or(next.veto);
        both
    }

    /// Returns the reason of the veto, if there is one.
    #[must_use]
    pub const fn vetoed(&self) -> Option<&'static str> {
        self.veto
    }

    /// Returns the keys, the most important first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        self.keys.get(..self.count).unwrap_or(&[])
    }

    /// Returns `Less` if this candidate comes before the other, and the key that decided.
    ///
    /// A key that only one of them has counts as zero for the other.
    #[must_use]
    pub fn compare(&self, other: &Self) -> (Ordering, Option<Key>) {
        match self.first_difference(other) {
            Some((own, others)) => (own.badness().cmp(&others.badness()), Some(own)),
            None => (Ordering::Equal, None),
        }
    }

    /// Returns the first keys that are not equally good: this rank's and the other's.
    pub(crate) fn first_difference(&self, other: &Self) -> Option<(Key, Key)> {
        let mut pairs = self.keys.iter().copied().zip(other.keys);
        pairs.find(|(own, others)| own.badness() != others.badness())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(one: Rank, other: Rank) -> Ordering {
        let (there, _) = one.compare(&other);
        let (back, _) = other.compare(&one);
        assert_eq!(there, back.reverse());
        there
    }

    #[test]
    fn each_key_has_its_direction() {
        let smallest = |value| Rank::by(Key::smallest("load", value));
        let largest = |value| Rank::by(Key::largest("room", value));
        assert_eq!(order(smallest(1), smallest(2)), Ordering::Less);
        assert_eq!(order(largest(1), largest(2)), Ordering::Greater);
        assert_eq!(order(smallest(i64::MIN), smallest(i64::MAX)), Ordering::Less);
        assert_eq!(order(largest(i64::MIN), largest(i64::MIN + 1)), Ordering::Greater);
    }

    #[test]
    fn later_keys_break_ties_and_nothing_else() {
        let rank = |first, second| {
            Rank::by(Key::smallest("first", first)).and_by(Key::largest("second", second))
        };
        assert_eq!(order(rank(1, 0), rank(2, 9)), Ordering::Less);
        assert_eq!(order(rank(1, 9), rank(1, 0)), Ordering::Less);
        let (_, key) = rank(1, 0).compare(&rank(1, 9));
        assert_eq!(key, Some(Key::largest("second", 0)));
        let (_, key) = rank(1, 0).compare(&rank(1, 0));
        assert_eq!(key, None);
    }

    /// A policy that ranks each candidate by other keys gives a poor order and still an order.
    #[test]
    fn any_keys_are_in_one_order() {
        let ranks = [
            Rank::neutral(),
            Rank::by(Key::smallest("a", 1)),
            Rank::by(Key::largest("b", 2)),
            Rank::by(Key::smallest("c", -1)),
            Rank::by(Key::largest("d", 0)).and_by(Key::smallest("e", 3)),
        ];
        for one in ranks {
            for other in ranks {
                for third in ranks {
                    if order(one, other).is_le() && order(other, third).is_le() {
                        assert!(order(one, third).is_le(), "{one:?} {other:?} {third:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_neutral_key_changes_nothing() {
        let neutral = Rank::by(Key::smallest("nothing", 0));
        assert_eq!(order(Rank::neutral(), neutral), Ordering::Equal);
        let one = Rank::by(Key::smallest("load", 1));
        let other = Rank::by(Key::smallest("load", 2));
        assert_eq!(order(neutral.then(one), neutral.then(other)), order(one, other));
    }

    #[test]
    fn the_first_veto_is_told() {
        let vetoed = Rank::veto("first").then(Rank::veto("second"));
        assert_eq!(vetoed.vetoed(), Some("first"));
        assert_eq!(Rank::neutral().then(Rank::veto("second")).vetoed(), Some("second"));
    }

    #[test]
    fn keys_beyond_the_limit_do_not_count() {
        let full = (0..Rank::MAX_KEYS)
            .fold(Rank::neutral(), |rank, _| rank.and_by(Key::smallest("same", 0)));
        assert_eq!(full.and_by(Key::smallest("one more", 1)), full);
    }
}
