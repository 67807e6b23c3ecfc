//! Rounds of joint placement, and the room that groups take.

use crate::cluster::index::round::{Outcome, Round};
use crate::cluster::ledger::Ledger;
use crate::id::{GroupId, NodeId};
use crate::spec::GroupSpec;
use crate::state::Room;

impl Ledger<'_> {
    /// Begins a round.
    pub(crate) fn begin_round(&mut self, round: Round) {
        self.index.touched.round = Some(round);
    }

    /// Ends the round, if there is one, and returns it.
    pub(crate) const fn end_round(&mut self) -> Option<Round> {
        self.index.touched.round.take()
    }

    /// Begins to plan a group. Tells whether the present round decides about it.
    pub(crate) fn begin_in_round(&mut self, group: GroupId) -> bool {
        self.index.touched.round.as_mut().is_some_and(|round| round.begin(group))
    }

    /// Tells whether a group may take a node, as far as the other groups of its round are concerned.
    pub(crate) fn is_left_to(&mut self, group: GroupId, node: NodeId) -> bool {
        self.index.touched.round.as_mut().is_none_or(|round| round.keeps(group, node))
    }

    /// Notes the node of a group of the round that has been planned.
    pub(crate) fn settle_in_round(&mut self, group: GroupId, node: Option<NodeId>) -> Outcome {
        let round = self.index.touched.round.as_mut();
        round.map_or(Outcome::AsExpected, |round| round.settle(group, node))
    }

    /// Notes that for the rest of this step groups are placed one by one.
    pub(crate) const fn place_one_by_one(&mut self) {
        self.index.touched.is_one_by_one = true;
    }

    /// Puts a group on a node, or changes whether it takes room there.
    pub(super) fn take_place(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        node: NodeId,
        room: Room,
    ) {
        if self.state.occupancy.enter(declared, group, node, room) {
            self.note_in_round(declared, group, node);
        }
    }

    /// Takes a group off a node.
    pub(super) fn leave_place(&mut self, declared: &GroupSpec, group: GroupId, node: NodeId) {
        if self.state.occupancy.leave(declared, group, node) {
            self.note_in_round(declared, group, node);
        }
    }

    fn note_in_round(&mut self, declared: &GroupSpec, group: GroupId, node: NodeId) {
        let competes = self.facts().can_compete(declared);
        if let Some(round) = self.index.touched.round.as_mut().filter(|_| competes) {
            round.note_room(group, node);
        }
    }
}
