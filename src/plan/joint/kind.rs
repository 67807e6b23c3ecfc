//! The groups and nodes of a contest as they come in, and the kinds into which groups are sorted.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::id::{ClassId, DimensionId, GroupId, NodeId};
use crate::settings::Priority;
use crate::spec::NodeSet;

/// The urgency of a group among those of its priority.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Urgency {
    /// The group runs where it is.
    Running,
    /// The group is off until it has a node.
    Off,
}

/// A group that needs a node.
#[derive(Clone, Debug)]
pub(crate) struct Entrant<'a> {
    /// The group.
    pub(crate) group: GroupId,
    /// Its priority, which counts before the number of groups.
    pub(crate) priority: Priority,
    /// Its urgency, which counts next.
    pub(crate) urgency: Urgency,
    /// Its demands on its node, by dimension.
    pub(crate) demands: &'a [(DimensionId, u64)],
    /// Its anti-affinity classes, if they are hard.
    pub(crate) classes: &'a [ClassId],
    /// The nodes that may own it as far as rules decide that have nothing to do with room.
    pub(crate) able: NodeSet,
}

/// The room on a node before anything of a contest is placed.
#[derive(Clone, Debug)]
pub(crate) struct NodeRoom {
    /// The node.
    pub(crate) node: NodeId,
    /// The free amount in each dimension in which the node has a capacity.
    pub(crate) free: Vec<(DimensionId, u64)>,
    /// The hard anti-affinity classes of the groups that take room there.
    pub(crate) classes: Vec<ClassId>,
}

/// Groups that are alike to the search: one can stand wherever another one stands.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// The tier of its priority, counted from the highest.
    pub(super) tier: usize,
    /// Its demands, by dimension, ascending; none is zero.
    pub(super) demands: Box<[(usize, u64)]>,
    /// Its anti-affinity classes that another entrant has too.
    pub(super) classes: Box<[usize]>,
    /// The nodes on which it could stand if it were alone.
    pub(super) able: NodeSet,
    /// Its weight in the order of the search: the sum of its shares of what is free.
    pub(super) size: u64,
    /// The entrants of this kind, ascending.
    pub(super) members: Vec<usize>,
}
