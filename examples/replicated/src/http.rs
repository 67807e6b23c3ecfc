//! The interface for operators, on loopback: questions, commands and metrics.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Json, Path, Query as Fields, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use quorate::Input;
use quorate::cluster::{Command, ResumeFailback};
use quorate::id::Names;
use quorate::replicate::Body;
use quorate::spec::ClusterDeclaration;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::brain::{Event, Status};
use crate::bridge::{Query, Refusal};
use crate::engine::Shared;

/// How long a command may take until the log has decided about it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The node, as the handlers see it.
#[derive(Clone, Debug)]
pub struct Api {
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Event>,
    status: watch::Receiver<Status>,
}

/// The fields that a command may have in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    group: Option<String>,
    node: Option<String>,
    to: Option<String>,
}

impl Api {
    /// Returns the interface to a node.
    pub fn new(
        shared: Arc<Shared>,
        events: mpsc::UnboundedSender<Event>,
        status: watch::Receiver<Status>,
    ) -> Self {
        Self { shared, events, status }
    }

    fn ask(&self, query: Query) -> Response {
        let applied = self.shared.lock();
        match query.answer(applied.replica.cluster()) {
            Ok(answer) => Json(json!({ "answer": answer })).into_response(),
            Err(error) => refused(&error),
        }
    }

    /// Puts a command into the outbox of this node, and waits for what the log decides.
    async fn command(&self, command: impl Into<Input<Names>>) -> Response {
        let (answer, waiting) = oneshot::channel();
        let body = Box::new(Body::Input(command.into()));
        let _ = self.events.send(Event::Asked { body, answer });
        match timeout(PATIENCE, waiting).await {
            Ok(Ok(Ok(()))) => Json(json!({ "ok": true })).into_response(),
            Ok(Ok(Err(message))) => {
                let error = json!({ "kind": "refused", "message": message });
                (StatusCode::CONFLICT, Json(json!({ "error": error }))).into_response()
            }
            Ok(Err(_)) | Err(_) => {
                let message = "the log has not decided yet; the command may still count";
                let error = json!({ "kind": "undecided", "message": message });
                (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": error }))).into_response()
            }
        }
    }
}

fn refused(error: &Refusal) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

fn missing(field: &str) -> Response {
    refused(&Refusal::malformed(format!("`{field}` is missing in the address")))
}

/// Serves operators until the process ends.
pub async fn serve(listener: TcpListener, api: Api) {
    let router = Router::new()
        .route("/state", get(async |State(api): State<Api>| api.ask(Query::State)))
        .route("/status", get(status))
        .route("/why/{group}", get(why))
        .route("/explain/{group}", get(explain))
        .route("/query", post(query))
        .route("/what-if", post(what_if))
        .route("/command", post(command))
        .route("/move", post(move_group))
        .route("/online", post(online))
        .route("/offline", post(offline))
        .route("/drain", post(drain))
        .route("/resume", post(resume))
        .route("/configure", post(configure))
        .route("/digest", get(digest))
        .route("/events", get(events))
        .route("/metrics", get(metrics))
        .with_state(api);
    if let Err(error) = axum::serve(listener, router).await {
        eprintln!("the interface for operators ended: {error}");
    }
}

async fn status(State(api): State<Api>) -> Json<Status> {
    Json(api.status.borrow().clone())
}

async fn why(State(api): State<Api>, Path(group): Path<String>) -> Response {
    api.ask(Query::Why(group))
}

async fn explain(State(api): State<Api>, Path(group): Path<String>) -> Response {
    match serde_json::from_value(json!({ "explain": group })) {
        Ok(query) => api.ask(query),
        Err(error) => refused(&Refusal::malformed(error)),
    }
}

async fn query(State(api): State<Api>, Json(query): Json<Query>) -> Response {
    api.ask(query)
}

async fn what_if(State(api): State<Api>, Json(inputs): Json<Vec<Input<Names>>>) -> Response {
    api.ask(Query::WhatIf(inputs))
}

async fn command(State(api): State<Api>, Json(command): Json<Command<Names>>) -> Response {
    api.command(Input::Command(command)).await
}

async fn move_group(State(api): State<Api>, Fields(target): Fields<Target>) -> Response {
    match target.group {
        Some(group) => api.command(Command::<Names>::move_group(group).maybe_to(target.to)).await,
        None => missing("group"),
    }
}

async fn online(State(api): State<Api>, Fields(target): Fields<Target>) -> Response {
    match target.group {
        Some(group) => api.command(Command::<Names>::bring_group_online(group)).await,
        None => missing("group"),
    }
}

async fn offline(State(api): State<Api>, Fields(target): Fields<Target>) -> Response {
    match target.group {
        Some(group) => api.command(Command::<Names>::take_group_offline(group)).await,
        None => missing("group"),
    }
}

async fn drain(State(api): State<Api>, Fields(target): Fields<Target>) -> Response {
    match target.node {
        Some(node) => api.command(Command::<Names>::drain_node(node).maybe_to(target.to)).await,
        None => missing("node"),
    }
}

async fn resume(State(api): State<Api>, Fields(target): Fields<Target>) -> Response {
    match target.node {
        Some(node) => {
            let resume = Command::<Names>::resume_node(node);
            api.command(resume.failback(ResumeFailback::Immediate)).await
        }
        None => missing("node"),
    }
}

async fn configure(
    State(api): State<Api>,
    Json(declaration): Json<ClusterDeclaration>,
) -> Response {
    api.command(Command::<Names>::configure(declaration)).await
}

async fn digest(State(api): State<Api>) -> Json<Value> {
    let applied = api.shared.lock();
    let digest = format!("{:016x}", applied.replica.digest());
    Json(json!({ "applied": applied.replica.applied(), "digest": digest }))
}

/// The entry after which events are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    #[serde(default)]
    after: u64,
}

/// The events of the entries after a given one, oldest first. Every node tells the same ones.
async fn events(State(api): State<Api>, Fields(since): Fields<After>) -> Json<Value> {
    let applied = api.shared.lock();
    let events = applied.events_after(since.after);
    Json(json!({ "last": applied.replica.applied(), "events": events }))
}

/// Returns a text as the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The figures of this node in the text form of Prometheus.
async fn metrics(State(api): State<Api>) -> String {
    let status = api.status.borrow().clone();
    let node = label(&status.node);
    let mut text = String::new();
    for (name, help, value) in [
        ("applied_entries", "Entries of the log that were applied here.", status.applied),
        ("lease_left_milliseconds", "What is left of the lease.", status.lease_left_ms),
        ("term", "The term of the engine.", status.term),
        ("in_charge", "1 if this node leads and is in charge.", u64::from(status.is_in_charge)),
        ("silent", "1 if this leader hears nobody.", u64::from(status.is_silent)),
        ("life", "The number of the life.", status.life.map_or(0, |of| of.incarnation.value())),
        ("voters", "Voters of the engine.", u64::try_from(status.voters.len()).unwrap_or(0)),
    ] {
        let _ = writeln!(text, "# HELP quorate_{name} {help}\n# TYPE quorate_{name} gauge");
        let _ = writeln!(text, "quorate_{name}{{node=\"{node}\"}} {value}");
    }
    let applied = api.shared.lock();
    let cluster = applied.replica.cluster();
    let spec = cluster.spec();
    let _ = writeln!(text, "# HELP quorate_group_online 1 if the group is online.");
    let _ = writeln!(text, "# TYPE quorate_group_online gauge");
    for (group, declared) in spec.groups() {
        let is_online = u8::from(cluster.why(group).is_none());
        let owner = cluster.state().owner(group).and_then(|node| spec.node(node));
        let owner = label(owner.map_or("", |node| node.name()));
        let name = label(declared.name());
        let _ = writeln!(
            text,
            "quorate_group_online{{group=\"{name}\",owner=\"{owner}\"}} {is_online}"
        );
    }
    text
}
