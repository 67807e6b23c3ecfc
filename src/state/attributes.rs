//! The attributes of a node: numbers by name that embedders report.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::hash::{Hash, Hasher};

/// The attributes of a node, by name. Names are compared exactly.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Attributes(BTreeMap<Box<str>, i64>);

impl Attributes {
    /// Returns the value of this name.
    pub(crate) fn value(&self, name: &str) -> Option<i64> {
        self.0.get(name).copied()
    }

    /// Returns the number of attributes.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the names and values, in the order of the names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// Keeps a value. A name that is known is not stored again.
    pub(crate) fn keep(&mut self, name: &str, value: i64) {
        match self.0.get_mut(name) {
            Some(known) => *known = value,
            None => {
                self.0.insert(name.into(), value);
            }
        }
    }

    /// Forgets all values.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl<S: Into<Box<str>>> FromIterator<(S, i64)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (S, i64)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

/// Feeds nothing if there are no attributes, so that the digest of such a node is what it was before
/// nodes had any. The word in front cannot be mistaken for the fields that come next.
impl Hash for Attributes {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        if !self.0.is_empty() {
            "attributes".hash(hasher);
            self.0.hash(hasher);
        }
    }
}
