//! Reasons why a group stays on a node that was drained.

use core::fmt;

use crate::id::{Ids, Naming};

crate::form::strictly_read! { "DrainObstacle"
/// The reason why a group could not leave a node that was drained.
///
/// If several things are in the way, the first of this list is named.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum DrainObstacle<N: Naming = Ids> {
    /// The stop of a resource was not confirmed, so the group cannot start anywhere else.
    InDoubt {
        /// The resource.
        resource: N::Resource,
    },
    /// The group is locked, and the drain does not override locks.
    Locked,
    /// A resource of the group failed and is left for an operator to look at.
    Left {
        /// The resource.
        resource: N::Resource,
    },
    /// The node to which the drain was to send all groups cannot own this one.
    Target {
        /// The node.
        node: N::Node,
    },
    /// No other node can own the group.
    NoCandidate,
}
}

impl<N: Naming> fmt::Display for DrainObstacle<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InDoubt { resource } => {
                write!(f, "{resource} may still run: its stop was not confirmed")
            }
            Self::Locked => f.write_str("it is locked"),
            Self::Left { resource } => {
                write!(f, "{resource} failed and is left for an operator")
            }
            Self::Target { node } => write!(f, "node {node} cannot own it"),
            Self::NoCandidate => f.write_str("no other node can own it"),
        }
    }
}
