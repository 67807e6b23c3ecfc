//! What a case says about a law.

/// What a case says about a law.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Finding {
    Kept,
    /// The case is not about it.
    NothingToSay,
    /// It is not kept, in words.
    Broken(String),
}

impl Finding {
    /// Kept unless the two are different.
    pub(super) fn unless<T: PartialEq>(one: &T, other: &T, words: impl FnOnce() -> String) -> Self {
        if one == other { Self::Kept } else { Self::Broken(words()) }
    }
}
