//! The joint placement of the groups that are planned together.

use alloc::collections::BTreeMap;

use crate::id::{GroupId, NodeId};
use crate::plan::joint::Contest;
use crate::spec::NodeSet;

/// The groups that need a node and are planned together: from the first that is given a node until
/// all are planned, or until something else changes the room that they share.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    contest: Contest,
    /// The groups that have not been planned yet, each with the node on which it took room when the
    /// round began.
    open: BTreeMap<GroupId, Option<NodeId>>,
    /// The nodes on which any of them could stand.
    nodes: NodeSet,
    /// The group of this round that is being planned.
    current: Option<GroupId>,
    /// True if the room is no longer what the round takes it to be.
    is_stale: bool,
    denials: Denials,
}

/// Tells whether any group was kept off a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Denials {
    None,
    Some,
}

/// The place of a group of a round when it has been planned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It has a node, or none was free for it.
    AsExpected,
    /// It took no node, although room was kept for it.
    Declined(Denials),
}

impl Round {
    /// Begins a round of these groups, which compete for room on these nodes.
    pub(crate) const fn new(
        contest: Contest,
        open: BTreeMap<GroupId, Option<NodeId>>,
        nodes: NodeSet,
    ) -> Self {
        let denials = Denials::None;
        Self { contest, open, nodes, current: None, is_stale: false, denials }
    }

    /// Begins to plan a group. Tells whether this round decides about it.
    pub(crate) fn begin(&mut self, group: GroupId) -> bool {
        let is_of_round = !self.is_stale && self.open.contains_key(&group);
        if is_of_round {
            self.current = Some(group);
        }
        is_of_round
    }

    /// Tells whether the other groups can still be placed as well as possible if this group takes
    /// this node. A group that is not of this round takes what it finds.
    pub(crate) fn keeps(&mut self, group: GroupId, node: NodeId) -> bool {
        let keeps = self.current != Some(group) || self.contest.keeps(group, node);
        if !keeps {
            self.denials = Denials::Some;
        }
        keeps
    }

    /// Tells whether groups compete. If not, no node is kept for any of them.
    pub(crate) const fn competes(&self) -> bool {
        self.contest.competes()
    }

    /// Returns the most important group that would find no node if this group took this one.
    pub(crate) fn kept_for(&self, group: GroupId, node: NodeId) -> Option<GroupId> {
        self.contest.kept_for(group, node)
    }

    /// Notes that a group takes another amount of room on a node.
    pub(crate) fn note_room(&mut self, group: GroupId, node: NodeId) {
        if self.current != Some(group) && self.nodes.contains(node) {
            self.is_stale = true;
        }
    }

    /// Returns the node on which a group took room when the round began, if it has not been planned
    /// yet.
    pub(crate) fn room_before(&self, group: GroupId) -> Option<Option<NodeId>> {
        self.open.get(&group).copied()
    }

    /// Notes the node of a group that has been planned, or that it has none.
    pub(crate) fn settle(&mut self, group: GroupId, node: Option<NodeId>) -> Outcome {
        self.open.remove(&group);
        let is_declined = node.is_none() && self.contest.expected(group).is_some();
        self.contest.settle(group, node);
        if is_declined { Outcome::Declined(self.denials) } else { Outcome::AsExpected }
    }

    /// Returns how many groups more could at most have been placed, if the search for the best
    /// placement ended too early.
    pub(crate) fn gap(&self) -> Option<usize> {
        self.contest.gap()
    }
}
