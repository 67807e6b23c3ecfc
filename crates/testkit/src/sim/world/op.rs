//! Operations on their way.

use quorate::agent::{Order, Task};
use quorate::cluster::Outcome;
use quorate::state::OperationKind;

use super::key::{Key, Keys};
use crate::machine::Right;

/// An operation that the cluster asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) task: Task,
    pub(crate) node: Key,
    /// The resource, or `None` for a fence.
    pub(crate) resource: Option<Key>,
    /// The answer of the agent or device, once there is one.
    pub(crate) said: Option<Outcome>,
    /// The right of what it starts: none if its subject was reported to be off.
    pub(crate) right: Right,
    /// The time at which the cluster stops waiting for it.
    pub(crate) deadline: u64,
}

impl Op {
    pub(crate) const fn id(&self) -> u64 {
        self.task.operation.value()
    }

    pub(crate) const fn action(&self) -> OperationKind {
        self.task.action
    }

    /// Returns the order to the agent of a resource in this group.
    pub(crate) fn order(&self, resource: Key, group: Option<Key>) -> Order<Keys> {
        let group = group.unwrap_or(Key::at(usize::MAX));
        Order { task: self.task, resource, group }
    }
}

/// The way in which a fencing device does its work and answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Strike {
    /// The node goes off, and the device reports success.
    Well,
    /// Nothing happens, and the device reports a failure.
    Badly,
    /// The node goes off, and the device reports a failure.
    Dirty,
    /// Another node goes off, and the device reports success.
    Wrong(Key),
}
