//! The API for operators, on the loopback address only: JSON over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::events::Events;
use crate::inbox::Inbox;
use crate::metrics::Metrics;

mod error;
mod orders;
mod questions;
mod state;

use error::Failure;

/// The parts of the daemon that every request may use.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) inbox: Inbox,
    pub(crate) events: Events,
    pub(crate) metrics: Arc<Metrics>,
}

/// Answers requests until it is told to stop, and then those that have begun.
pub(crate) async fn serve(
    listener: TcpListener,
    served: Served,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/state", get(questions::state))
        .route("/why/{group}", get(questions::why))
        .route("/explain/{group}", get(questions::explain))
        .route("/what-if", post(questions::what_if))
        .route("/events", get(questions::events))
        .route("/metrics", get(questions::metrics))
        .route("/input", post(orders::input))
        .route("/groups/{name}/move", post(orders::move_group))
        .route("/groups/{name}/online", post(orders::online))
        .route("/groups/{name}/offline", post(orders::offline))
        .route("/nodes/{name}/drain", post(orders::drain))
        .route("/nodes/{name}/resume", post(orders::resume))
        .fallback(async || Failure::new(StatusCode::NOT_FOUND, "no_such_page", "no such page"))
        .method_not_allowed_fallback(async || {
            let text = "this page takes another method";
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method", text)
        })
        .layer(middleware::from_fn(refuse_pages))
        .with_state(served);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await
}

/// Refuses what a page in a browser sends: any page may send to the loopback address.
async fn refuse_pages(request: Request, next: Next) -> Result<Response, Failure> {
    if request.headers().contains_key(ORIGIN) {
        let text = "pages in a browser may not give orders";
        return Err(Failure::new(StatusCode::FORBIDDEN, "origin", text));
    }
    Ok(next.run(request).await)
}
