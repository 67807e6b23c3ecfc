//! Errors: the reasons why a line was not accepted.

use std::fmt::Display;

use quorate::InputError;
use quorate::cluster::{NamedInputError, RestoreError, UnknownReference};
use quorate::id::Names;
use quorate::policy::TooManyPolicies;
use quorate::spec::SpecErrors;
use serde::Serialize;

/// An error as the bridge tells it: a kind for programs, a message for people.
#[derive(Serialize)]
pub(crate) struct Refusal {
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn new(kind: &'static str, message: impl Display) -> Self {
        Self { kind, message: message.to_string() }
    }

    /// The line is not JSON, or not of a known shape. Of a message that repeats a long text the
    /// beginning and the end are shown.
    pub(crate) fn malformed(message: impl Display) -> Self {
        let message = message.to_string();
        let count = message.chars().count();
        if count <= 1_200 {
            return Self::new("malformed", message);
        }
        let begin: String = message.chars().take(200).collect();
        let end: String = message.chars().skip(count - 600).collect();
        Self::new("malformed", format!("{begin} … {end}"))
    }

    /// There is no cluster yet.
    pub(crate) fn no_cluster() -> Self {
        Self::new("no_cluster", "declare or restore a cluster first")
    }
}

impl From<InputError<Names>> for Refusal {
    fn from(error: InputError<Names>) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<UnknownReference> for Refusal {
    fn from(error: UnknownReference) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<NamedInputError> for Refusal {
    fn from(error: NamedInputError) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<SpecErrors> for Refusal {
    fn from(errors: SpecErrors) -> Self {
        Self::new("declaration", errors)
    }
}

impl From<TooManyPolicies> for Refusal {
    fn from(error: TooManyPolicies) -> Self {
        Self::new("too_many_policies", error)
    }
}

impl From<RestoreError> for Refusal {
    fn from(error: RestoreError) -> Self {
        Self::new("restore", error)
    }
}
