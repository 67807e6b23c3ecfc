//! How a broken rule is told.

/// Returns a [`Breach`](quorate::testkit::Breach) of this invariant unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $invariant:ident, $($words:tt)+) => {
        if !$holds {
            return Err(quorate::testkit::Breach::of(
                quorate::testkit::Invariant::$invariant,
                format!($($words)+),
            ));
        }
    };
}

pub(crate) use ensure;
