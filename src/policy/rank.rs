//! The rank of one candidate.

use core::cmp::Ordering;

/// What one rule says of a candidate, with the direction of its number.
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
    /// The smallest number is best. The name says what is counted, for explanations.
    #[must_use]
    pub const fn smallest(name: &'static str, value: i64) -> Self {
        Self { name, value, better: Better::Smaller }
    }

    /// The largest number is best.
    #[must_use]
    pub const fn largest(name: &'static str, value: i64) -> Self {
        Self { name, value, better: Better::Larger }
    }

    /// What is counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The number.
    #[must_use]
    pub const fn value(&self) -> i64 {
        self.value
    }

    /// `Less` if this candidate is better than the other.
    fn compare(&self, other: &Self) -> Ordering {
        match self.better {
            Better::Smaller => self.value.cmp(&other.value),
            Better::Larger => other.value.cmp(&self.value),
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
    /// Keys beyond this many do not count.
    pub const MAX_KEYS: usize = 8;

    /// No opinion: every candidate is equal.
    #[must_use]
    pub fn neutral() -> Self {
        Self::default()
    }

    /// A rank by one key.
    #[must_use]
    pub fn by(key: Key) -> Self {
        Self::default().and_by(key)
    }

    /// The candidate must not be taken; the reason is shown to operators.
    #[must_use]
    pub fn veto(reason: &'static str) -> Self {
        Self { veto: Some(reason), ..Self::default() }
    }

    /// One key more, for candidates that are equal so far.
    #[must_use]
    pub fn and_by(mut self, key: Key) -> Self {
        if let Some(place) = self.keys.get_mut(self.count) {
            *place = key;
            self.count = self.count.saturating_add(1);
        }
        self
    }

    /// This rank, then the keys of another. A veto of either counts, the first one first.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let mut both = next.keys().iter().fold(self, |rank, key| rank.and_by(*key));
        both.veto = self.veto.or(next.veto);
        both
    }

    /// The reason of the veto, if there is one.
    #[must_use]
    pub const fn vetoed(&self) -> Option<&'static str> {
        self.veto
    }

    /// The keys, the most important first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        self.keys.get(..self.count).unwrap_or(&[])
    }

    /// `Less` if this candidate comes before the other, and the key that decided.
    #[must_use]
    pub fn compare(&self, other: &Self) -> (Ordering, Option<Key>) {
        let pairs = self.keys().iter().zip(other.keys());
        for (own, others) in pairs {
            let ordering = own.compare(others);
            if ordering != Ordering::Equal {
                return (ordering, Some(*own));
            }
        }
        (Ordering::Equal, None)
    }
}
