//! Small numbers that stand for names.

use std::fmt;

use serde::{Deserialize, Serialize};

use quorate::id::Naming;

/// A number that stands for the name of a node, group or resource.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub(crate) struct Key(u16);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kind of reference that uses keys.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Keys;

impl Naming for Keys {
    type Node = Key;
    type Group = Key;
    type Resource = Key;
    type Dimension = Key;
}

impl Key {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn at(index: usize) -> Self {
        Self(u16::try_from(index).unwrap_or(u16::MAX))
    }
}
