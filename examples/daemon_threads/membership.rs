//! Membership: it finds out which nodes are there. The core never guesses.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use quorate::Incarnation;
use quorate::cluster::Input;

use crate::inbox::Inbox;

/// The time between two heartbeats of a node.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(100);

/// The longest time without a heartbeat before a node counts as lost.
const LIMIT: Duration = Duration::from_millis(1_500);

/// A node says that it is there.
pub(crate) struct Heartbeat {
    pub(crate) node: String,
    pub(crate) incarnation: Incarnation,
}

/// The thread that reports nodes that are not heard from any more.
pub(crate) fn watch(heartbeats: &Receiver<Heartbeat>, inbox: &Inbox) {
    let mut heard: BTreeMap<String, (Incarnation, Instant)> = BTreeMap::new();
    loop {
        match heartbeats.recv_timeout(HEARTBEAT) {
            Ok(Heartbeat { node, incarnation }) => {
                heard.insert(node, (incarnation, Instant::now()));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // A thread that was held up itself must not take the others for silent.
        if let Ok(Heartbeat { node, incarnation }) = heartbeats.try_recv() {
            heard.insert(node, (incarnation, Instant::now()));
            continue;
        }
        heard.retain(|node, (incarnation, last)| {
            let is_heard = last.elapsed() < LIMIT;
            if !is_heard {
                inbox.report(Input::node_lost(node.clone(), *incarnation));
            }
            is_heard
        });
    }
}
