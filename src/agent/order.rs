//! Orders to an agent.

use core::fmt;

use crate::id::{Epoch, Ids, Incarnation, Naming, OpId};
use crate::state::OperationKind;

/// An effect as its agent sees it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Order<N: Naming = Ids> {
    /// The operation to carry out.
    pub task: Task,
    /// The resource.
    pub resource: N::Resource,
    /// The group of the resource.
    pub group: N::Group,
}

/// An operation on a resource.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Task {
    /// The identity of the operation, for the report. Later ones have greater numbers.
    pub operation: OpId,
    /// The operation to carry out.
    pub action: OperationKind,
    /// Ownership epoch of the group when it was asked for.
    pub epoch: Epoch,
    /// The life of the node that it is for.
    pub incarnation: Incarnation,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (operation {})", self.action, self.operation)
    }
}
