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
    /// `None` for a fence.
    pub(crate) resource: Option<Key>,
    pub(crate) epoch: u64,
    pub(crate) incarnation: u64,
    /// What the agent or device says, as soon as it says anything.
    pub(crate) said: Option<Outcome>,
    /// Somebody said that what it is about is off: what it starts is nobody's promise.
    pub(crate) is_disowned: bool,
    /// When the cluster stops waiting for it.
    pub(crate) deadline: u64,
}

/// How an agent does its work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    /// It does it and says so.
    Well,
    /// It does nothing and says so.
    Badly,
    /// It does it and says that it failed.
    Dirty,
    /// It does nothing and says that it did it.
    Lying,
}

/// How a fencing device does its work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Strike {
    /// The node goes off, and it says so.
    Well,
    /// Nothing happens, and it says so.
    Badly,
    /// The node goes off, and it says that it failed.
    Dirty,
    /// Another node goes off, and it says that it worked.
    Wrong(Key),
}
