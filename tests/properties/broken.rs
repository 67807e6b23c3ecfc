//! A promise that was not kept.

use core::fmt;

/// What was found, in words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Broken(pub(crate) String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns a [`Broken`] unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err($crate::broken::Broken(format!($($message)+)));
        }
    };
}

pub(crate) use ensure;
