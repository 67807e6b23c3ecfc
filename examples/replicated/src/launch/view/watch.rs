//! Asks the nodes, each in a task of its own: a frozen one keeps nobody waiting.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Shared;
use crate::client;
use crate::launch::farm::Farm;

/// Begins to ask all nodes.
pub fn begin(farm: &Farm, shared: &Shared) -> Vec<JoinHandle<()>> {
    let watchers = farm.nodes.iter().map(|node| {
        let (name, address, shared) = (node.name.clone(), node.http, Arc::clone(shared));
        tokio::spawn(async move {
            loop {
                let status = client::get(address, "/status").await.ok();
                let state = client::get(address, "/state").await.ok();
                let told = shared.lock().unwrap_or_else(PoisonError::into_inner).told();
                let events = client::get(address, &format!("/events?after={told}")).await.ok();
                take(&shared, &name, (status, state, events));
                sleep(Duration::from_millis(150)).await;
            }
        })
    });
    watchers.collect()
}

/// Puts the answers of a node into the picture.
fn take(
    shared: &Shared,
    name: &str,
    (status, state, events): (Option<Value>, Option<Value>, Option<Value>),
) {
    let mut picture = shared.lock().unwrap_or_else(PoisonError::into_inner);
    picture.take_status(name, status);
    if let Some(state) = state {
        picture.take_state(state);
    }
    if let Some(events) = events {
        picture.take_events(&events);
    }
}
