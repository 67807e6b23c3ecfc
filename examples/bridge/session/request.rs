//! Requests: the lines that the bridge understands.

use std::fmt::Display;

use quorate::Timestamp;
use quorate::cluster::{Input, Snapshot};
use quorate::id::Names;
use quorate::spec::ClusterDeclaration;
use serde::Deserialize;
use serde_json::Value;

use super::object;
use super::policy::PolicyChoice;
use super::query::Query;
use super::refusal::Refusal;

/// A line that was understood.
pub(crate) enum Request {
    Declare { spec: Box<ClusterDeclaration>, policy: PolicyChoice },
    Restore { snapshot: Box<Snapshot>, policy: PolicyChoice },
    Offer { policy: PolicyChoice },
    Handle { at: Timestamp, input: Box<Input<Names>> },
    Timeout { at: Timestamp },
    Ask(Query),
}

impl Request {
    pub(crate) fn read(line: &[u8]) -> Result<Self, Refusal> {
        let Line { spec, restore, policy, offer, at, input, timeout, query } =
            line_of(line).map_err(|error| malformed(line, error))?;
        let (has_policy, is_offer) = (policy.is_some(), offer.is_some());
        let policy = policy.unwrap_or_default();
        match (spec, restore, at, input, timeout, query) {
            (None, None, None, None, None, None) => match (offer, has_policy) {
                (Some(policy), false) => Ok(Self::Offer { policy }),
                (Some(_), true) | (None, _) => Err(malformed(line, SHAPES)),
            },
            _ if is_offer => Err(Refusal::malformed(SHAPES)),
            (Some(spec), None, None, None, None, None) => Ok(Self::Declare { spec, policy }),
            (None, Some(snapshot), None, None, None, None) => {
                Ok(Self::Restore { snapshot, policy })
            }
            _ if has_policy => Err(Refusal::malformed(SHAPES)),
            (None, None, Some(at), Some(input), None, None) => Ok(Self::Handle { at, input }),
            (None, None, Some(at), None, Some(true), None) => Ok(Self::Timeout { at }),
            (None, None, None, None, None, Some(query)) => Ok(Self::Ask(query)),
            _ => Err(malformed(line, SHAPES)),
        }
    }
}

fn line_of(line: &[u8]) -> Result<Line, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    let fields = object::read(&mut reader)?;
    reader.end()?;
    Ok(fields)
}

/// Returns the error of a line: a plain mistake that a person would see, or else the message of the
/// reader.
fn malformed(line: &[u8], otherwise: impl Display) -> Refusal {
    // A longer line is not looked at for plain mistakes, because this reads it a second time.
    if line.len() > 65_536 {
        return Refusal::malformed(otherwise);
    }
    match serde_json::from_slice::<Value>(line) {
        Ok(Value::Object(fields)) => {
            match fields.iter().find_map(|(name, value)| seen(name, value)) {
                Some(found) => Refusal::malformed(found),
                None => Refusal::malformed(otherwise),
            }
        }
        Ok(Value::Array(_)) => Refusal::malformed("a line is an object, not an array"),
        Ok(_) | Err(_) => Refusal::malformed(otherwise),
    }
}

/// Finds a null, or an object that must have exactly one field and does not.
fn seen(name: &str, value: &Value) -> Option<String> {
    if !["spec", "restore", "policy", "offer", "at", "input", "timeout", "query", "command"]
        .contains(&name)
    {
        return None;
    }
    let is_choice = ["restore", "input", "query", "command"].contains(&name);
    match value {
        Value::Null => Some(format!("`{name}` is null: leave it out, or say what it is")),
        Value::Object(fields) if is_choice && fields.is_empty() => {
            Some(format!("`{name}` is empty: it has one field, whose name says what it is"))
        }
        Value::Object(fields) if is_choice && fields.len() > 1 => {
            let names: Vec<String> =
                fields.keys().take(3).map(|name| name.chars().take(60).collect()).collect();
            let (count, names) = (fields.len(), names.join("`, `"));
            Some(format!("`{name}` has {count} fields (`{names}`): it may have one only"))
        }
        Value::Object(fields) if name == "input" => {
            fields.iter().find_map(|(name, value)| seen(name, value))
        }
        _ => None,
    }
}

/// Every field that a line may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of one request")]
struct Line {
    spec: Option<Box<ClusterDeclaration>>,
    policy: Option<PolicyChoice>,
    offer: Option<PolicyChoice>,
    at: Option<Timestamp>,
    input: Option<Box<Input<Names>>>,
    timeout: Option<bool>,
    query: Option<Query>,
    restore: Option<Box<Snapshot>>,
}

const SHAPES: &str = "expected {\"spec\", \"policy\"}, {\"restore\", \"policy\"}, {\"offer\"}, \
     {\"at\", \"input\"}, {\"at\", \"timeout\": true} or {\"query\"}";
