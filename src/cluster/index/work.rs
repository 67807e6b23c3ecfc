//! The nodes and groups that an input touched and that are not settled yet.

use alloc::collections::{BTreeSet, BinaryHeap, VecDeque};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::ops::Bound;

use crate::cluster::index::round::Round;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::settings::Priority;
use crate::spec::ClusterSpec;

/// The groups and nodes that an input touched and that have not been settled yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    groups: BinaryHeap<(Priority, Reverse<GroupId>)>,
    is_touched: Vec<bool>,
    /// Tells for each group whether it was calm (`Facts::is_calm`) when it was last settled and has
    /// only had starts since.
    is_calm: Vec<bool>,
    /// Resources of calm groups that came online and have not been followed up.
    started: Vec<ResourceId>,
    nodes: Vec<NodeId>,
    /// Orphans that may be stopped now.
    orphans: BTreeSet<(NodeId, ResourceId)>,
    /// Nodes to which groups may fail back now, and what changed there.
    changed_nodes: Vec<(NodeId, NodeChange)>,
    awaiting: Awaiting,
    /// Nodes on which something became free for groups that await a node.
    freed_nodes: Vec<NodeId>,
    /// Groups that were about to choose a node, and wait until the groups that have none have
    /// chosen.
    yielding: Vec<GroupId>,
    /// Groups that already waited once in this step, before failing back to a node, for other
    /// groups to leave that node.
    let_leave: Vec<GroupId>,
    /// Groups that return to a node, by an operator's order, after all other groups are placed.
    returning: VecDeque<(GroupId, NodeId)>,
    /// The groups that need a node and are placed jointly.
    pub(crate) round: Option<Round>,
    /// In the rest of this step groups are placed one by one: a group took no node although room
    /// was kept for it.
    pub(crate) is_one_by_one: bool,
}

/// A change on a node that concerns groups that would rather be there.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum NodeChange {
    /// Groups came, left, or take another amount of room. It matters only on a node that is up, and
    /// only to groups that are not on their way.
    Groups,
    /// The node itself is in another state.
    State,
}

/// One piece of the work of a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Task {
    /// A node that was touched.
    Node(NodeId),
    /// A group that was touched.
    Group(GroupId),
    /// The groups that a change may help and those that let others go first. They become touched,
    /// all together.
    Late,
    /// A group that an operator lets return to a node.
    Return {
        /// The group.
        group: GroupId,
        /// The node.
        to: NodeId,
    },
}

/// The mark that the groups that await a node are to be planned again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Awaiting {
    #[default]
    Untouched,
    Touched,
}

impl Touched {
    /// Creates the work of a cluster with this number of groups, without anything touched.
    pub(crate) fn of(groups: usize) -> Self {
        let no_group = vec![false; groups];
        Self { is_touched: no_group.clone(), is_calm: no_group, ..Self::default() }
    }

    /// Notes that a declared group is to be planned in this step.
    pub(crate) fn add(&mut self, spec: &ClusterSpec, group: GroupId) {
        if let Some(flag) = self.is_calm.get_mut(group.index()) {
            *flag = false;
        }
        self.add_as_it_is(spec, group);
    }

    /// Notes that a resource came online. If its group is calm, only that has to be followed up.
    pub(crate) fn add_started(&mut self, group: GroupId, resource: ResourceId) {
        if self.is_calm(group) {
            self.started.push(resource);
        }
    }

    /// Tells whether nothing but starts touched a group since it was found calm.
    pub(crate) fn is_calm(&self, group: GroupId) -> bool {
        self.is_calm.get(group.index()).copied().unwrap_or(false)
    }

    /// Notes that a group was settled and is calm.
    pub(crate) fn set_calm(&mut self, group: GroupId) {
        if let Some(flag) = self.is_calm.get_mut(group.index()) {
            *flag = true;
        }
    }

    /// Takes out a resource of a group that came online, if there is one.
    pub(crate) fn next_started(
        &mut self,
        spec: &ClusterSpec,
        group: GroupId,
    ) -> Option<ResourceId> {
        let is_of_group =
            |resource: &ResourceId| spec.resource(*resource).is_some_and(|of| of.group() == group);
        let at = self.started.iter().position(is_of_group)?;
        Some(self.started.swap_remove(at))
    }

    /// Notes that a declared group is to be planned in this step, because of a start. A calm group
    /// stays calm.
    pub(crate) fn add_as_it_is(&mut self, spec: &ClusterSpec, group: GroupId) {
        if let Some(declared) = spec.group(group)
            && let Some(flag) = self.is_touched.get_mut(group.index())
            && !*flag
        {
            *flag = true;
            let value = declared.settings().priority.value();
            let value = if seeded!(PriorityInverted) { !value } else { value };
            self.groups.push((Priority::new(value), Reverse(group)));
        }
    }

    /// Notes that a node is to be planned in this step.
    pub(crate) fn add_node(&mut self, node: NodeId) {
        if !self.nodes.contains(&node) {
            self.nodes.push(node);
        }
    }

    /// Notes that a group waits until the groups without a node have chosen.
    pub(crate) fn add_yielding(&mut self, group: GroupId) {
        self.yielding.push(group);
    }

    /// Notes that a group lets others leave first.
    pub(crate) fn note_let_leave(&mut self, group: GroupId) {
        self.let_leave.push(group);
    }

    /// Tells whether a group has already waited in this step for others to leave.
    pub(crate) fn has_let_leave(&self, group: GroupId) -> bool {
        self.let_leave.contains(&group)
    }

    /// Ends a step: in the next step groups can let others leave again, and are placed jointly.
    pub(crate) fn end_step(&mut self) {
        self.let_leave.clear();
        self.is_one_by_one = false;
    }

    /// Returns the groups that are touched and have not been planned since, in no particular order.
    pub(crate) fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.groups.iter().map(|(_, Reverse(group))| *group)
    }

    /// Tells whether a group is touched and has not been settled since.
    pub(crate) fn is_touched(&self, group: GroupId) -> bool {
        self.is_touched.get(group.index()).copied().unwrap_or(false)
    }

    /// Tells whether a group waits until the groups without a node have chosen.
    pub(crate) fn has_yielding(&self) -> bool {
        !self.yielding.is_empty()
    }

    /// Takes out a group that waited until others had chosen, and returns it.
    pub(crate) fn next_yielding(&mut self) -> Option<GroupId> {
        self.yielding.pop()
    }

    /// Notes that a group returns to a node after all other groups are placed.
    pub(crate) fn add_returning(&mut self, group: GroupId, to: NodeId) {
        self.returning.push_back((group, to));
    }

    /// Takes out the next group that returns to a node, in the order of the requests, and returns
    /// it.
    pub(crate) fn next_returning(&mut self) -> Option<(GroupId, NodeId)> {
        self.returning.pop_front()
    }

    /// Notes that an orphan is to be planned in this step.
    pub(crate) fn add_orphan(&mut self, node: NodeId, resource: ResourceId) {
        self.orphans.insert((node, resource));
    }

    /// Takes an orphan out of those to be planned in this step.
    pub(crate) fn remove_orphan(&mut self, node: NodeId, resource: ResourceId) {
        self.orphans.remove(&(node, resource));
    }

    /// Takes out the first touched orphan on a node behind a resource, and returns it. `None`
    /// begins with the first.
    pub(crate) fn next_orphan(
        &mut self,
        node: NodeId,
        behind: Option<ResourceId>,
    ) -> Option<ResourceId> {
        let first = behind.map_or(Bound::Included((node, ResourceId::new(0))), |resource| {
            Bound::Excluded((node, resource))
        });
        let next = *self.orphans.range((first, Bound::Unbounded)).next()?;
        if next.0 != node {
            return None;
        }
        self.orphans.remove(&next);
        Some(next.1)
    }

    /// Notes that a change could help any group that awaits a node.
    pub(crate) fn add_awaiting(&mut self) {
        self.awaiting = Awaiting::Touched;
    }

    /// Notes that something became free on a node, which could help groups that await one.
    pub(crate) fn add_freed_node(&mut self, node: NodeId) {
        if !self.freed_nodes.contains(&node) {
            self.freed_nodes.push(node);
        }
    }

    /// Tells whether groups that await a node are to be planned again.
    pub(crate) fn is_awaiting_touched(&self) -> bool {
        self.awaiting == Awaiting::Touched || !self.freed_nodes.is_empty()
    }

    /// Takes out the mark that all groups that await a node are to be planned again.
    pub(crate) fn take_awaiting(&mut self) -> bool {
        core::mem::take(&mut self.awaiting) == Awaiting::Touched
    }

    /// Takes out the next node on which something became free.
    pub(crate) fn next_freed_node(&mut self) -> Option<NodeId> {
        self.freed_nodes.pop()
    }

    /// Forgets on which nodes something became free, because every group that awaits a node is
    /// planned again.
    pub(crate) fn forget_freed_nodes(&mut self) {
        self.freed_nodes.clear();
    }

    /// Tells whether anything is to be touched when all that is touched now is settled.
    pub(crate) fn has_late(&self) -> bool {
        self.is_awaiting_touched() || !self.changed_nodes.is_empty() || self.has_yielding()
    }

    /// Notes that something changed on a node to which groups may fail back. Of two changes of one
    /// node the larger is kept.
    pub(crate) fn add_changed_node(&mut self, node: NodeId, change: NodeChange) {
        match self.changed_nodes.iter_mut().find(|(known, _)| *known == node) {
            Some((_, known)) => *known = change.max(*known),
            None => self.changed_nodes.push((node, change)),
        }
    }

    /// Tells whether something changed on a node to which groups may fail back.
    pub(crate) fn has_changed_nodes(&self) -> bool {
        !self.changed_nodes.is_empty()
    }

    /// Takes out a node to which groups may fail back, with the change there, and returns both.
    pub(crate) fn next_changed_node(&mut self) -> Option<(NodeId, NodeChange)> {
        self.changed_nodes.pop()
    }

    /// Takes out a node that is to be planned, and returns it.
    pub(crate) fn next_node(&mut self) -> Option<NodeId> {
        #[cfg(quorate_seeded_bugs)]
        if seeded!(UnstableOrder) && crate::seeded_bug::whim() {
            self.nodes.reverse();
        }
        self.nodes.pop()
    }

    /// Tells whether this group is the next to be planned, or nothing is touched.
    pub(crate) fn comes_next(&self, group: GroupId) -> bool {
        let first = self.groups.peek().map(|(_, Reverse(first))| *first);
        self.nodes.is_empty() && first.is_none_or(|first| first == group)
    }

    /// Takes out the touched group of the highest priority, and returns it. Among equals it is the
    /// group that was declared first.
    pub(crate) fn next_group(&mut self) -> Option<GroupId> {
        let (_, Reverse(group)) = self.groups.pop()?;
        if let Some(flag) = self.is_touched.get_mut(group.index()) {
            *flag = false;
        }
        Some(group)
    }
}
