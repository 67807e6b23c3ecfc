//! A promise that was not kept.

use std::fmt;

use super::invariant::Invariant;

/// What was found, and which promise it breaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Breach {
    /// The promise; `None` if the test itself went wrong, not the cluster.
    pub invariant: Option<Invariant>,
    /// What was found.
    pub words: String,
}

impl Breach {
    /// This promise was not kept.
    #[must_use]
    pub const fn of(invariant: Invariant, words: String) -> Self {
        Self { invariant: Some(invariant), words }
    }

    /// A panic: an input that had no answer ([`Invariant::S33`]).
    #[must_use]
    pub const fn panic(words: String) -> Self {
        Self::of(Invariant::S33, words)
    }

    /// The test went wrong before it could judge anything.
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
