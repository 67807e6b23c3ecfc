//! Joint placement: the groups that need a node in one step share the room that there is.
//!
//! One group after the other takes the node that its policy likes best. A [`Contest`] keeps a group
//! off a node if others could not be placed as well as possible afterwards. It knows numbers only;
//! the order of the nodes stays with the policy.
//!
//! The value of a set of groups is compared by priority, the highest first, and within a priority by
//! urgency, groups that are off before groups that run. More groups are better, and among as many
//! groups a larger demand, dimension by dimension in declared order. Each group in turn takes the
//! first node of its own order on which the contest [keeps](Contest::keeps) it, and the contest is
//! [told](Contest::settle). Then
//!
//! 1. the groups that are placed have the highest value that is possible in this room;
//! 2. among all assignments of this value the first one by the order of choice is taken: the first
//!    group has the best node that it has in any of them, then the second group, and so on.
//!
//! Both hold as long as the budget of steps lasts. A step is one decision of the search, or a part of
//! one where there are more than a thousand kinds of groups. When the budget is spent, the best
//! assignment that was found stands: a group is kept off a node if no small rearrangement makes room
//! for it there without loss. [`Contest::gap`] says how many groups more could at most have been
//! placed. Capacity and classes hold in any case, and equal contests give equal answers.
//!
//! Three things keep the search short. An assignment that proves the value is kept, and most answers
//! follow from it by moving a few groups. Groups that are alike, and nodes that are alike, are tried
//! once. And a branch is given up as soon as the room or the nodes for a class cannot suffice.

mod bound;
mod field;
mod held;
mod kind;
mod loss;
mod open;
mod rooms;
mod search;
mod solve;
mod witness;

use field::Field;
use held::Held;

use crate::id::{GroupId, NodeId};

pub(crate) use field::could_compete;
pub(crate) use kind::{Entrant, NodeRoom, Urgency};

/// The groups that need a node in one step, and the room that they compete for.
#[derive(Clone, Debug)]
pub(crate) struct Contest {
    /// `None` if every group finds a node whatever the others choose.
    held: Option<Held>,
}

impl Contest {
    /// Returns the contest of these groups, which are in the order of choice within their priority,
    /// for the room on these nodes. It ends its searches after so many steps.
    ///
    /// If nobody competes this costs little: time in proportion to the demands and classes of the
    /// groups and to the dimensions and classes of the nodes.
    pub(crate) fn new(entrants: &[Entrant<'_>], nodes: &[NodeRoom], steps: u64) -> Self {
        Self { held: Field::new(entrants, nodes).map(|field| Held::new(field, steps)) }
    }

    /// Tells whether groups compete. If not, no node is kept for any of them.
    pub(crate) const fn competes(&self) -> bool {
        self.held.is_some()
    }

    /// Tells whether the others can still be placed as well as possible if this group takes this
    /// node. Nobody is kept off who is no entrant.
    ///
    /// Where the budget is spent before this is known, the group is kept off.
    pub(crate) fn keeps(&mut self, group: GroupId, node: NodeId) -> bool {
        self.held
            .as_mut()
            .is_none_or(|held| held.position(group).is_none_or(|entrant| held.keeps(entrant, node)))
    }

    /// Returns the node of a group in the best assignment that is known.
    pub(crate) fn expected(&self, group: GroupId) -> Option<NodeId> {
        let held = self.held.as_ref()?;
        held.expected(held.position(group)?)
    }

    /// Notes that a group has this node, or none.
    ///
    /// If the contest would have kept it off, the others are placed as well as is still possible.
    pub(crate) fn settle(&mut self, group: GroupId, node: Option<NodeId>) {
        if let Some(held) = &mut self.held
            && let Some(entrant) = held.position(group)
        {
            held.settle(entrant, node);
        }
    }

    /// Returns the most important group that would be left out if this one took this node; `None`
    /// if there is none, or none was found.
    pub(crate) fn kept_for(&self, group: GroupId, node: NodeId) -> Option<GroupId> {
        let held = self.held.as_ref()?;
        held.kept_for(held.position(group)?, node)
    }

    /// Returns how many groups more could at most have been placed, if the budget was spent before
    /// an answer was known; 0 if only the demands or the order could have been better.
    pub(crate) fn gap(&self) -> Option<usize> {
        self.held.as_ref().and_then(Held::gap)
    }
}

#[cfg(test)]
mod tests;
