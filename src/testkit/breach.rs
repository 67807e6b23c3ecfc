//! A promise that was not kept.

use core::fmt;
use std::prelude::v1::*;

/// What was found, in words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Breach(pub String);

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns a [`Breach`] unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err($crate::testkit::breach::Breach(format!($($message)+)));
        }
    };
}

pub(crate) use ensure;
