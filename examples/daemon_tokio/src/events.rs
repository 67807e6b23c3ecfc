//! The last events, for operators who look on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use quorate::Timestamp;
use quorate::cluster::Event;
use quorate::id::Names;

/// The number of events that are kept.
const KEPT: usize = 1_000;

/// An event with its number. A reader remembers the last number and asks for those after it.
#[derive(Clone, serde::Serialize)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    at: Timestamp,
    text: String,
    event: Event<Names>,
}

/// The last events of this process. All copies are the same list.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<VecDeque<Numbered>>>);

impl Events {
    pub(crate) fn push(&self, at: Timestamp, event: Event<Names>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.back().map_or(1, |last| last.number + 1);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Numbered { number, at, text: event.to_string(), event });
    }

    /// Returns at most this many of the events after this number, the latest ones.
    pub(crate) fn after(&self, number: u64, most: usize) -> Vec<Numbered> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = kept.partition_point(|event| event.number <= number);
        let begin = begin.max(kept.len().saturating_sub(most));
        kept.range(begin..).cloned().collect()
    }
}
