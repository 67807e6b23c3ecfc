//! Places groups that need a node at the same time so that the most important set of them finds one.

use alloc::vec::Vec;

use crate::cluster::index::round::{Denials, Outcome, Round};
use crate::cluster::settle::planner::Planner;
use crate::cluster::view::View;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId};
use crate::plan::Choice;
use crate::policy::{Kept, Trigger};
use crate::spec::GroupSpec;
use crate::state::Drain;

impl Planner<'_> {
    /// Returns the node that a group gets: the best one whose room is not kept for other groups that
    /// need a node in this step.
    pub(crate) fn choose(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        trigger: Trigger,
    ) -> Option<Choice> {
        self.first_left(declared, group, |view, kept| {
            let choice = view.choose_beside(group, trigger, kept)?;
            Some((choice.node, choice))
        })
    }

    /// Returns the node to which a group leaves a node that is being drained.
    pub(crate) fn choose_for_drain(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        drain: Drain,
    ) -> Option<NodeId> {
        self.first_left(declared, group, |view, kept| {
            let node = view.drain_destination(group, drain, kept).ok()?;
            Some((node, node))
        })
    }

    /// Asks `next` for a node and an answer until it names a node whose room is not kept for other
    /// groups, and returns that answer. `next` gets the nodes that were named before and whose room
    /// is kept, so that it names another one.
    fn first_left<T>(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        next: impl Fn(View<'_>, &[Kept]) -> Option<(NodeId, T)>,
    ) -> Option<T> {
        self.enter_round(declared, group);
        let mut kept = Vec::new();
        loop {
            let (node, answer) = next(self.view(), &kept)?;
            if self.ledger.is_left_to(group, node) {
                return Some(answer);
            }
            kept.push(Kept { node, group: None });
        }
    }

    /// Returns the nodes whose room is kept for other groups: all of them, also those behind the
    /// node that the group gets.
    pub(crate) fn kept_nodes(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        trigger: Trigger,
    ) -> Vec<Kept> {
        self.enter_round(declared, group);
        let (mut passed, mut kept) = (Vec::new(), Vec::new());
        if !self.ledger.index().touched.round.as_ref().is_some_and(Round::competes) {
            return kept;
        }
        while let Some(choice) = self.view().choose_beside(group, trigger, &passed) {
            let node = choice.node;
            passed.push(Kept { node, group: None });
            if !self.ledger.is_left_to(group, node) {
                let round = self.ledger.index().touched.round.as_ref();
                let other = round.and_then(|round| round.kept_for(group, node));
                kept.push(Kept { node, group: other });
            }
        }
        kept
    }

    /// Notes where a group of the round takes room now that it has been planned.
    pub(crate) fn settle_in_round(&mut self, declared: &GroupSpec, group: GroupId) {
        let round = self.ledger.index().touched.round.as_ref();
        let Some(before) = round.and_then(|round| round.room_before(group)) else { return };
        let node = self.view().takes_room_on(group);
        let node = node.filter(|node| Some(*node) != before);
        match self.ledger.settle_in_round(group, node) {
            Outcome::AsExpected => {}
            Outcome::Declined(denials) => self.give_up_round(declared, group, denials),
        }
    }

    /// Ends the round. Tells if its search ended too early.
    pub(crate) fn end_round(&mut self) {
        let gap = self.ledger.end_round().and_then(|round| round.gap());
        if let Some(gap) = gap {
            let gap = u32::try_from(gap).unwrap_or(u32::MAX);
            self.ledger.emit(Event::PlacementCutShort { gap });
        }
    }

    /// Makes a group that needs a node a part of the round. If the present round does not decide
    /// about it, another one begins.
    fn enter_round(&mut self, declared: &GroupSpec, group: GroupId) {
        if seeded!(PlacesOneByOne)
            || self.ledger.spec().settings().placement_steps == 0
            || self.ledger.index().touched.is_one_by_one
            || self.ledger.begin_in_round(group)
        {
            return;
        }
        let Some(need) = self.view().need(declared, group) else { return };
        self.end_round();
        let round = self.view().round(group, need);
        self.ledger.begin_round(round);
        self.ledger.begin_in_round(group);
    }

    /// Places groups one by one for the rest of this step, if a group that took no node still needs
    /// one: the policy contradicts itself. The groups that were kept off nodes for it are planned
    /// again.
    fn give_up_round(&mut self, declared: &GroupSpec, group: GroupId, denials: Denials) {
        if self.view().need(declared, group).is_none() {
            return;
        }
        self.end_round();
        self.ledger.place_one_by_one();
        match denials {
            Denials::None => {}
            Denials::Some => self.ledger.touch_awaiting(),
        }
    }
}
