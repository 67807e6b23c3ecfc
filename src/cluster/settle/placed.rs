//! The answer of a rule of placement.

/// The answer of a rule that was asked about a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Placed {
    /// The rule does not apply, or found nothing to do: the next rule is asked.
    Undecided,
    /// The rule decided; no other rule is asked.
    Decided,
    /// The group lets others choose first. The loop plans it again when they are settled.
    Yielded,
}

impl Placed {
    /// This answer, or that of the next rule if there is none yet.
    pub(crate) fn or_else(self, next: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Undecided => next(),
            Self::Decided | Self::Yielded => self,
        }
    }
}
