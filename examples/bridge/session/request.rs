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
    Declare { spec: Box<ClusterDeclaration>, policy: PolicyChoice },
    Restore { snapshot: Box<Snapshot>, policy: PolicyChoice },
    Handle { at: Timestamp, input: Box<Input<Names>> },
    Timeout { at: Timestamp },
    Ask(Query),
}

impl Request {
    pub(crate) fn read(line: &[u8]) -> Result<Self, Refusal> {
        let Line { spec, restore, policy, at, input, timeout, query } =
            serde_json::from_slice(line).map_err(Refusal::malformed)?;
        let has_policy = policy.is_some();
        let policy = policy.unwrap_or_default();
        match (spec, restore, at, input, timeout, query) {
            (Some(spec), None, None, None, None, None) => Ok(Self::Declare { spec, policy }),
            (None, Some(snapshot), None, None, None, None) => {
                Ok(Self::Restore { snapshot, policy })
            }
            _ if has_policy => Err(Refusal::malformed(SHAPES)),
            (None, None, Some(at), Some(input), None, None) => Ok(Self::Handle { at, input }),
            (None, None, Some(at), None, Some(true), None) => Ok(Self::Timeout { at }),
            (None, None, None, None, None, Some(query)) => Ok(Self::Ask(query)),
            _ => Err(Refusal::malformed(SHAPES)),
        }
    }
}

/// Every field that a line may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a line is an object with the fields of one request")]
struct Line {
    spec: Option<Box<ClusterDeclaration>>,
    policy: Option<PolicyChoice>,
    at: Option<Timestamp>,
    input: Option<Box<Input<Names>>>,
    timeout: Option<bool>,
    query: Option<Query>,
    restore: Option<Box<Snapshot>>,
}

const SHAPES: &str = "expected {\"spec\", \"policy\"}, {\"restore\", \"policy\"}, \
     {\"at\", \"input\"}, {\"at\", \"timeout\": true} or {\"query\"}";
