//! Events and effects that no cluster put out, for tests of the judges.

use quorate::cluster::{Effect, Event};
use serde_json::Value;

/// Returns the event with this written form.
pub(crate) fn event(written: Value) -> Event {
    serde_json::from_value(written).expect("it is an event")
}

/// Returns the effect with this written form.
pub(crate) fn effect(written: Value) -> Effect {
    serde_json::from_value(written).expect("it is an effect")
}
