//! Errors of inputs by names.

use thiserror::Error;

use crate::cluster::words::{InputError, UnknownReference};
use crate::id::Names;

/// The reason why an input by names was not taken. Nothing has changed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NamedInputError {
    /// An input names a thing that is not declared when its turn comes.
    #[error(transparent)]
    Unknown(#[from] UnknownReference),
    /// An input would not be accepted.
    #[error(transparent)]
    Refused(#[from] InputError<Names>),
}

impl NamedInputError {
    /// Returns the name of the error, in the manner of [`InputError::kind`].
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unknown(unknown) => unknown.kind(),
            Self::Refused(error) => error.kind(),
        }
    }
}
