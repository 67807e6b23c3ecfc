//! Operations on their way.

use quorate::cluster::Outcome;
use quorate::state::OperationKind;

use super::key::Key;

/// An operation that the cluster asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) id: u64,
    pub(crate) action: OperationKind,
    pub(crate) node: Key,
    /// The resource, or `None` for a fence.
    pub(crate) resource: Option<Key>,
    pub(crate) epoch: u64,
    pub(crate) incarnation: u64,
    /// The answer of the agent or device, once there is one.
    pub(crate) said: Option<Outcome>,
    /// True if the operation's subject was reported to be off. No promise covers what it starts.
    pub(crate) is_disowned: bool,
    /// The time at which the cluster stops waiting for it.
    pub(crate) deadline: u64,
}

/// The way in which an agent does its work and answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    /// It does the work and reports success.
    Well,
    /// It does nothing and reports a failure.
    Badly,
    /// It does the work and reports a failure.
    Dirty,
    /// It does nothing and reports success.
    Lying,
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
