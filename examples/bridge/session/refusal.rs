//! Why a line was not accepted.

use std::fmt::Display;

use quorate::InputError;
use quorate::cluster::{RestoreError, UnknownReference};
use quorate::id::Names;
use quorate::spec::SpecErrors;
use serde::Serialize;

/// An error as the bridge tells it: a kind for programs, a message for people.
#[derive(Serialize)]
pub(crate) struct Refusal {
    kind: &'static str,
    message: String,
}

impl Refusal {
    /// The line is not JSON, or not of a shape that is known.
    pub(crate) fn malformed(message: impl Display) -> Self {
        Self { kind: "malformed", message: message.to_string() }
    }

    /// There is nothing to talk about yet.
    pub(crate) fn no_cluster() -> Self {
        Self { kind: "no_cluster", message: "declare or restore a cluster first".into() }
    }

    /// The core refuses the input.
    pub(crate) fn of_input(error: InputError<Names>) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }
}

impl From<UnknownReference> for Refusal {
    fn from(error: UnknownReference) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }
}

impl From<SpecErrors> for Refusal {
    fn from(errors: SpecErrors) -> Self {
        Self { kind: "declaration", message: errors.to_string() }
    }
}

impl From<RestoreError> for Refusal {
    fn from(error: RestoreError) -> Self {
        Self { kind: "restore", message: error.to_string() }
    }
}
