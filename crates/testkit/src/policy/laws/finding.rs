//! The result of a law on one case.

/// The result of a law on one case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Finding {
    Kept,
    /// The law does not apply to the case.
    NothingToSay,
    /// The law is not kept, with the reason in words.
    Broken(String),
}

impl Finding {
    /// Returns `Kept` unless the two are different.
    pub(super) fn unless<T: PartialEq>(one: &T, other: &T, words: impl FnOnce() -> String) -> Self {
        if one == other { Self::Kept } else { Self::Broken(words()) }
    }
}
