//! The rule for names that stand alone, such as those of parameters and attributes.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::name::is_forbidden;

/// The reason why a name that stands alone, such as that of an attribute, is not accepted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Error, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum WordFault {
    /// The name is empty.
    #[error("is empty")]
    Empty,
    /// The name is longer than [`Limits::name_bytes`](super::Limits::name_bytes).
    #[error("has {bytes} bytes, at most {limit} are allowed")]
    Long {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The name holds a character that a message would show as something else.
    #[error(
        "holds the character U+{:04X}; control characters, ends of lines and marks of direction are \
         not allowed",
        u32::from(*character)
    )]
    Forbidden {
        /// The first such character.
        character: char,
    },
}

/// Checks a name that stands alone.
pub(crate) fn check_word(word: &str, limit: usize) -> Result<(), WordFault> {
    if word.is_empty() { Err(WordFault::Empty) } else { check_length(word, limit) }
}

/// Checks the length and the characters of a text that may be empty.
pub(super) fn check_length(text: &str, limit: usize) -> Result<(), WordFault> {
    let bytes = text.len();
    if bytes > limit {
        return Err(WordFault::Long { bytes, limit });
    }
    match text.chars().find(|letter| is_forbidden(*letter)) {
        Some(character) => Err(WordFault::Forbidden { character }),
        None => Ok(()),
    }
}
