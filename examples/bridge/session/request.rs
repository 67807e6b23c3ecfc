//! What a line may ask for.

use quorate::Timestamp;
use quorate::cluster::{Input, Snapshot};
use quorate::id::Names;
use quorate::spec::ClusterDeclaration;
use serde::Deserialize;

use super::policy::PolicyChoice;
use super::query::Query;
use super::refusal::Refusal;

/// A line that was understood.
pub(crate) enum Request {
    Declare {
        spec: Box<ClusterDeclaration>,
        policy: PolicyChoice,
    },
    Restore {
        snapshot: Snapshot,
        policy: PolicyChoice,
    },
    Handle {
        at: Timestamp,
        input: Box<Input<Names>>,
    },
    Timeout {
        at: Timestamp,
    },
    Ask(Query),
}

impl Request {
    pub(crate) fn read(line: &[u8]) -> Result<Self, Refusal> {
        let line: Line = serde_json::from_slice(line).map_err(Refusal::malformed)?;
        match line {
            Line {
                spec: Some(spec),
                policy,
                at: None,
                input: None,
                timeout: None,
                query: None,
                restore: None,
            } => Ok(Self::Declare {
                spec,
                policy: policy.unwrap_or_default(),
            }),
            Line {
                restore: Some(snapshot),
                policy,
                spec: None,
                at: None,
                input: None,
                timeout: None,
                query: None,
            } => Ok(Self::Restore {
                snapshot,
                policy: policy.unwrap_or_default(),
            }),
            Line {
                at: Some(at),
                input: Some(input),
                spec: None,
                policy: None,
                timeout: None,
                query: None,
                restore: None,
            } => Ok(Self::Handle { at, input }),
            Line {
                at: Some(at),
                timeout: Some(true),
                spec: None,
                policy: None,
                input: None,
                query: None,
                restore: None,
            } => Ok(Self::Timeout { at }),
            Line {
                query: Some(query),
                spec: None,
                policy: None,
                at: None,
                input: None,
                timeout: None,
                restore: None,
            } => Ok(Self::Ask(query)),
            _ => Err(Refusal::malformed(SHAPES)),
        }
    }
}

/// Every field that a line may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    spec: Option<Box<ClusterDeclaration>>,
    policy: Option<PolicyChoice>,
    at: Option<Timestamp>,
    input: Option<Box<Input<Names>>>,
    timeout: Option<bool>,
    query: Option<Query>,
    restore: Option<Snapshot>,
}

const SHAPES: &str = "expected {\"spec\", \"policy\"}, {\"restore\", \"policy\"}, \
     {\"at\", \"input\"}, {\"at\", \"timeout\": true} or {\"query\"}";
