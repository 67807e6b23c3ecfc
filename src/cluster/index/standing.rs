//! The place of a group in the queue, and the indexes by it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::cluster::index::Index;
use crate::id::GroupId;
use crate::machine::GroupState;
use crate::settings::Priority;

/// The place of a group in the queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Standing {
    /// A node, free room or the departure of another group could help the group.
    pub(crate) is_awaiting_node: bool,
    /// No node can own the group, or none has room for it.
    pub(crate) is_homeless: bool,
    /// The group is starting or moving, and groups of lower priority wait.
    pub(crate) is_on_its_way: bool,
    /// The group waits for a failover, and the number of nodes that are up limits its failovers.
    pub(crate) is_short_of_nodes: bool,
    /// The group could start, and waits as long as a group of higher priority is on its way.
    pub(crate) may_take_its_turn: bool,
}

/// The last reports about the groups.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The state of each group.
    pub(crate) states: Vec<GroupState>,
    /// The groups that were reported to have found no node.
    pub(crate) homeless: BTreeSet<GroupId>,
}

impl Index {
    /// Enters a group of this priority in the indexes to which it belongs, and takes it out of the
    /// others.
    pub(crate) fn file(&mut self, place: (Priority, GroupId), standing: Standing) {
        enter(&mut self.awaiting, place.1, standing.is_awaiting_node);
        enter(&mut self.homeless, place.1, standing.is_homeless);
        enter(&mut self.short_of_nodes, place.1, standing.is_short_of_nodes);
        enter(&mut self.waiting, place, standing.may_take_its_turn);
        enter(&mut self.unsettled, place, standing.is_on_its_way);
    }
}

/// Puts a value into a set, or takes it out.
fn enter<T: Ord>(set: &mut BTreeSet<T>, value: T, is_in: bool) {
    if is_in {
        set.insert(value);
    } else {
        set.remove(&value);
    }
}
