//! Indexes of the groups that await a node, their turn or an end.

use alloc::vec::Vec;

use crate::cluster::ledger::Ledger;
use crate::cluster::view::gate::file;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId};
use crate::machine::GroupState;
use crate::settings::Priority;
use crate::spec::GroupSpec;

impl Ledger {
    /// Files a group under what it waits for and what waits for it.
    pub(crate) fn classify(&mut self, declared: &GroupSpec, group: GroupId) {
        let place = (declared.settings().priority, group);
        let standing = self.facts().standing(declared, group);
        let before = self.facts().highest_on_its_way();
        let caches = &mut self.index;
        file(&mut caches.awaiting, group, standing.is_awaiting_node);
        file(&mut caches.waiting, place, standing.may_take_its_turn);
        file(&mut caches.unsettled, place, standing.is_on_its_way);
        if let Some(before) = before {
            self.touch_those_behind(before);
        }
    }

    /// Touches the groups that had to wait for a group of this priority and do not any more.
    fn touch_those_behind(&mut self, before: Priority) {
        let ahead = self.facts().highest_on_its_way();
        let free = self
            .index
            .waiting
            .iter()
            .rev()
            .skip_while(|(priority, _)| *priority >= before)
            .take_while(|(priority, _)| ahead.is_none_or(|ahead| *priority >= ahead));
        for (priority, group) in free {
            self.index.touched.add(*priority, *group);
        }
    }

    pub(crate) fn stand(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        let mut stands = core::mem::take(&mut self.index.stands);
        self.facts().judge_stands(declared, group, owner, &mut stands);
        self.index.stands = stands;
    }

    pub(crate) fn tell_group_state(&mut self, group: GroupId) {
        let to = self.state.group_state(&self.spec, group);
        let Some(known) = self.index.group_states.get_mut(group.index()) else { return };
        let from = core::mem::replace(known, to);
        if from != to {
            self.emit(Event::GroupChanged { group, from, to });
        }
    }

    /// Forgets which resources of a group should run.
    pub(crate) fn forget_stands(&mut self) {
        self.index.stands.clear();
    }

    /// Sets the states of groups that were told last.
    pub(crate) fn set_told_states(&mut self, told: Vec<GroupState>) {
        self.index.group_states = told;
    }
}
