//! A promise that was not kept.

use std::fmt;

use super::invariant::Invariant;

/// A finding, with the promise that it breaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Breach {
    /// The promise; `None` if the test itself went wrong, not the cluster.
    pub invariant: Option<Invariant>,
    /// The finding, in words.
    pub words: String,
}

impl Breach {
    /// Returns a breach of this promise.
    #[must_use]
    pub const fn of(invariant: Invariant, words: String) -> Self {
        Self { invariant: Some(invariant), words }
    }

    /// Returns the breach for a panic: an input without an answer ([`Invariant::S33`]).
    #[must_use]
    pub const fn panic(words: String) -> Self {
        Self::of(Invariant::S33, words)
    }

    /// Returns the error of a test that failed before it could judge anything.
    #[must_use]
    pub const fn apparatus(words: String) -> Self {
        Self { invariant: None, words }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.invariant {
            Some(invariant) => write!(f, "{invariant}: {}", self.words),
            None => write!(f, "the test itself: {}", self.words),
        }
    }
}

impl std::error::Error for Breach {}

/// Returns a [`Breach`] of this invariant unless the condition holds.
///
/// ```
/// use quorate_testkit::{Breach, ensure};
///
/// fn judge(owners: usize) -> Result<(), Breach> {
///     ensure!(S1, owners < 2, "{owners} owners at once");
///     Ok(())
/// }
/// assert!(judge(2).is_err());
/// ```
#[macro_export]
macro_rules! ensure {
    ($invariant:ident, $holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err($crate::Breach::of(
                $crate::Invariant::$invariant,
                ::std::format!($($message)+),
            ));
        }
    };
}
