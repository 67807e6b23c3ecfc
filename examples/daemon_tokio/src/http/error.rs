//! Failures: JSON with the message, and a status that fits.

use std::fmt::Display;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use quorate::cluster::{NamedInputError, UnknownReference};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::inbox::CoreGone;

/// The reason why a request failed. Nothing has changed.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    /// For programs; it stays as it is.
    kind: &'static str,
    /// For people.
    message: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Display) -> Self {
        Self { status, kind, message: message.to_string() }
    }

    pub(crate) fn malformed(message: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "kind": self.kind, "message": self.message } });
        (self.status, Json(body)).into_response()
    }
}

impl From<UnknownReference> for Failure {
    fn from(error: UnknownReference) -> Self {
        Self::new(StatusCode::NOT_FOUND, error.kind(), error)
    }
}

impl From<NamedInputError> for Failure {
    fn from(error: NamedInputError) -> Self {
        let status = match &error {
            NamedInputError::Unknown(_) => StatusCode::NOT_FOUND,
            // The state of the cluster speaks against it.
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, error.kind(), error)
    }
}

impl From<CoreGone> for Failure {
    fn from(error: CoreGone) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "daemon_ends", error)
    }
}

/// A body of JSON, whatever its type is said to be: people use curl.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| Failure::new(error.status(), "malformed", error))?;
        serde_json::from_slice(&bytes).map(Self).map_err(Failure::malformed)
    }
}
