//! Questions, which change nothing.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use quorate::cluster::{Forecast, Input, Reason};
use quorate::id::Names;
use quorate::plan::Explanation;
use quorate::policy::Trigger;
use serde::{Deserialize, Serialize};

use super::Served;
use super::error::{Body, Failure};
use super::state::StateView;
use crate::events::Numbered;

/// An answer for programs and for people.
#[derive(Serialize)]
pub(crate) struct Told<T> {
    answer: T,
    text: String,
}

impl<T: ToString> Told<T> {
    pub(crate) fn new(answer: T) -> Self {
        Self { text: answer.to_string(), answer }
    }
}

pub(crate) async fn state(State(served): State<Served>) -> Result<Json<StateView>, Failure> {
    Ok(Json(served.inbox.ask(StateView::of).await?))
}

/// Why a group is not online; `null` if it is, or should not be.
pub(crate) async fn why(
    State(served): State<Served>,
    Path(group): Path<String>,
) -> Result<Json<Option<Told<Reason<Names>>>>, Failure> {
    let reason = served.inbox.ask(move |cluster| {
        let spec = cluster.spec();
        let group = spec.resolve_group(&group)?;
        Ok::<_, Failure>(cluster.why(group).map(|reason| Told::new(spec.named(reason))))
    });
    Ok(Json(reason.await??))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    trigger: Option<Trigger>,
}

/// Where a group would go, with the reasons for and against every node.
pub(crate) async fn explain(
    State(served): State<Served>,
    Path(group): Path<String>,
    query: Result<Query<Why>, QueryRejection>,
) -> Result<Json<Option<Told<Explanation<Names>>>>, Failure> {
    let Query(Why { trigger }) = query.map_err(Failure::malformed)?;
    let explanation = served.inbox.ask(move |cluster| {
        let spec = cluster.spec();
        let group = spec.resolve_group(&group)?;
        let owned = cluster.state().owner(group).map(|_| Trigger::NodeFailure);
        let trigger = trigger.or(owned).unwrap_or(Trigger::Start);
        let explanation = cluster.explain(group, trigger);
        Ok::<_, Failure>(explanation.map(|answer| Told::new(spec.named(answer))))
    });
    Ok(Json(explanation.await??))
}

/// Answers what inputs, in the JSON of `docs/bridge.md`, would lead to. It asks a copy of the cluster
/// in a thread of its own, so that a long answer holds up nothing.
pub(crate) async fn what_if(
    State(served): State<Served>,
    Body(inputs): Body<Vec<Input<Names>>>,
) -> Result<Json<Told<Forecast>>, Failure> {
    let copy = served.inbox.ask(Clone::clone).await?;
    let forecast = tokio::task::spawn_blocking(move || copy.what_if(inputs)).await;
    let forecast = forecast.map_err(|_| crate::inbox::CoreGone)?;
    Ok(Json(Told::new(forecast?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Last {
    /// The number of the last event that is known.
    after: Option<u64>,
    /// The most events that are wanted.
    last: Option<usize>,
}

pub(crate) async fn events(
    State(served): State<Served>,
    query: Result<Query<Last>, QueryRejection>,
) -> Result<Json<Vec<Numbered>>, Failure> {
    let Query(Last { after, last }) = query.map_err(Failure::malformed)?;
    Ok(Json(served.events.after(after.unwrap_or(0), last.unwrap_or(100))))
}

pub(crate) async fn metrics(State(served): State<Served>) -> Result<impl IntoResponse, Failure> {
    let metrics = served.metrics.clone();
    let page = served.inbox.ask(move |cluster| metrics.page(cluster)).await?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], page))
}
