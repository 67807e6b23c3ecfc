//! The questions and answers of the bridge, as docs/bridge.md describes them.

#[path = "../../bridge/session/object.rs"]
mod object;
#[path = "../../bridge/session/query.rs"]
mod query;
#[path = "../../bridge/session/refusal.rs"]
#[allow(dead_code, reason = "a conversation has refusals that an API has not")]
mod refusal;
#[path = "../../bridge/session/view.rs"]
mod view;

pub(crate) use query::Query;
pub(crate) use refusal::Refusal;
