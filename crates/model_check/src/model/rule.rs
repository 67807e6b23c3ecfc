//! Reports broken rules.

/// Returns a [`Breach`](quorate_testkit::Breach) of this invariant unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $invariant:ident, $($words:tt)+) => {
        if !$holds {
            return Err(quorate_testkit::Breach::of(
                quorate_testkit::Invariant::$invariant,
                format!($($words)+),
            ));
        }
    };
}

pub(crate) use ensure;
