//! A node whose room is kept for other groups.

use crate::id::{GroupId, NodeId};

/// A node whose room is kept for other groups that are placed in the same step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kept {
    pub(crate) node: NodeId,
    /// The most important group that would find no node, if it is known.
    pub(crate) group: Option<GroupId>,
}
