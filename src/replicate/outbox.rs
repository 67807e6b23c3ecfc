//! The outbox of a node: reports, sent until the node's own replica shows that they counted.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use thiserror::Error;

use super::entry::{Body, Item, NodeLife, Origin};

/// The reports of one life of a node that have not counted yet.
///
/// Send [`pending`](Self::pending) to the leader with every beat. Each report counts
/// once, however often it is sent, and they count in their order. Nothing has to be stored: a node
/// that loses its outbox begins a new life.
#[derive(Clone, Debug)]
pub struct Outbox {
    life: NodeLife,
    /// The number of the last report that counted.
    settled: u64,
    waiting: VecDeque<Body>,
    room: usize,
}

/// No report fits in any more: the leader has not taken any for a long time. Nothing has changed.
/// The node ends its life, and begins another one when it hears from a leader.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{waiting} reports wait already")]
pub struct OutboxFull {
    /// Reports that wait.
    pub waiting: usize,
}

impl Outbox {
    /// Reports that may wait, unless another number is given.
    pub const ROOM: usize = 4_096;

    /// Returns the empty outbox of a life.
    #[must_use]
    pub const fn new(life: NodeLife) -> Self {
        Self::with_room(life, Self::ROOM)
    }

    /// Returns the empty outbox of a life, in which so many reports may wait.
    #[must_use]
    pub const fn with_room(life: NodeLife, room: usize) -> Self {
        Self { life, settled: 0, waiting: VecDeque::new(), room }
    }

    /// Adds a report: the node joined, an operation ended, a resource failed, an operator at this
    /// node asks for something. The first report of a life says that the node
    /// [joined](crate::Input::NodeJoined).
    ///
    /// # Errors
    ///
    /// There is no room. Nothing has changed then.
    pub fn push(&mut self, body: Body) -> Result<(), OutboxFull> {
        if self.waiting.len() >= self.room {
            return Err(OutboxFull { waiting: self.waiting.len() });
        }
        self.waiting.push_back(body);
        Ok(())
    }

    /// Forgets the reports that counted, by [`Replica::reported`](super::Replica::reported) of the
    /// node's own replica.
    pub fn settle(&mut self, reported: u64) {
        while self.settled < reported && self.waiting.pop_front().is_some() {
            self.settled = self.settled.saturating_add(1);
        }
    }

    /// Returns the oldest reports that have not counted, at most so many.
    #[must_use]
    pub fn pending(&self, most: usize) -> Vec<Item> {
        let numbers = self.settled.saturating_add(1)..;
        let reports = self.waiting.iter().take(most).zip(numbers);
        reports
            .map(|(body, sequence)| Item {
                origin: Some(Origin { life: self.life.clone(), sequence }),
                body: body.clone(),
            })
            .collect()
    }

    /// Tells whether every report has counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns the life that the reports are of.
    #[must_use]
    pub const fn life(&self) -> &NodeLife {
        &self.life
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Incarnation;

    fn numbers(outbox: &Outbox) -> Vec<u64> {
        outbox.pending(9).iter().filter_map(|item| Some(item.origin.as_ref()?.sequence)).collect()
    }

    #[test]
    fn a_report_is_sent_until_it_has_counted() {
        let mut outbox = Outbox::with_room(NodeLife::new("a", Incarnation::new(1)), 3);
        for _ in 0..3 {
            assert_eq!(outbox.push(Body::Timeout), Ok(()));
        }
        assert_eq!(outbox.push(Body::Timeout), Err(OutboxFull { waiting: 3 }));
        assert_eq!(numbers(&outbox), [1, 2, 3]);
        outbox.settle(2);
        assert_eq!(numbers(&outbox), [3]);
        // An older word of the replica changes nothing.
        outbox.settle(1);
        assert_eq!(numbers(&outbox), [3]);
        assert_eq!(outbox.push(Body::Timeout), Ok(()));
        assert_eq!(numbers(&outbox), [3, 4]);
        outbox.settle(9);
        assert!(outbox.is_empty());
    }
}
