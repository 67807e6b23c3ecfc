//! Orders and reports: each is an input, and is answered when the state that it led to is stored.

use axum::Json;
use axum::extract::{Path, State};
use quorate::cluster::{Command, Input, ResumeFailback};
use quorate::id::Names;
use serde::Deserialize;

use super::Served;
use super::error::{Body, Failure};
use crate::inbox::Accepted;

type Answered = Result<Json<Accepted>, Failure>;

async fn hand_in(served: &Served, input: impl Into<Input<Names>>) -> Answered {
    Ok(Json(served.inbox.order(input.into()).await??))
}

/// Any input, in the JSON of `docs/bridge.md`.
pub(crate) async fn input(
    State(served): State<Served>,
    Body(input): Body<Input<Names>>,
) -> Answered {
    hand_in(&served, input).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// The destination; without one the core chooses.
    to: Option<String>,
}

pub(crate) async fn move_group(
    State(served): State<Served>,
    Path(group): Path<String>,
    Body(Move { to }): Body<Move>,
) -> Answered {
    hand_in(&served, Command::move_group(group).maybe_to(to)).await
}

pub(crate) async fn online(State(served): State<Served>, Path(group): Path<String>) -> Answered {
    hand_in(&served, Command::bring_group_online(group)).await
}

pub(crate) async fn offline(State(served): State<Served>, Path(group): Path<String>) -> Answered {
    hand_in(&served, Command::take_group_offline(group)).await
}

pub(crate) async fn drain(State(served): State<Served>, Path(node): Path<String>) -> Answered {
    hand_in(&served, Command::drain_node(node)).await
}

pub(crate) async fn resume(State(served): State<Served>, Path(node): Path<String>) -> Answered {
    hand_in(&served, Command::resume_node(node).failback(ResumeFailback::Immediate)).await
}
