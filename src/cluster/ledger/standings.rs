//! Indexes of the groups that await a node or their turn, or for which others wait.

use crate::cluster::index::standing::{Standing, Told};
use crate::cluster::ledger::Ledger;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId};
use crate::machine::GroupState;
use crate::settings::Priority;
use crate::spec::GroupSpec;

impl Ledger<'_> {
    /// Enters a group in the indexes of groups that wait and of groups that others wait for.
    pub(crate) fn classify(&mut self, declared: &GroupSpec, group: GroupId) {
        let standing = self.facts().standing(declared, group);
        self.enter(declared, group, standing);
    }

    /// Enters a group with a known place in the queue.
    pub(crate) fn enter(&mut self, declared: &GroupSpec, group: GroupId, standing: Standing) {
        let place = (declared.settings().priority, group);
        let before = self.facts().highest_on_its_way();
        self.index.file(place, standing);
        let arrives_from = self
            .state
            .group(group)
            .and_then(|record| record.drained_from.filter(|node| record.owner != Some(*node)));
        if let Some(node) = arrives_from.filter(|_| standing.is_on_its_way) {
            self.note_tier(declared, node);
        }
        if let Some(before) = before {
            self.touch_those_behind(before);
        }
    }

    /// Touches the groups that had to wait for a group of this priority and need not wait any
    /// longer.
    fn touch_those_behind(&mut self, before: Priority) {
        let ahead = self.facts().highest_on_its_way();
        let free = self
            .index
            .waiting
            .iter()
            .rev()
            .skip_while(|(priority, _)| *priority >= before)
            .take_while(|(priority, _)| ahead.is_none_or(|ahead| *priority >= ahead));
        for (_, group) in free {
            self.index.touched.add(self.spec, *group);
        }
    }

    /// Decides for each resource of a group whether it should run on the owner and whether it may
    /// stay online, and keeps the answers in the index while the group is planned.
    pub(crate) fn stand(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        let mut stands = core::mem::take(&mut self.index.stands);
        self.facts().judge_stands(declared, group, owner, &mut stands);
        self.index.stands = stands;
    }

    /// Reports the present state of a group if it has changed since the last report.
    pub(crate) fn tell_group_state(&mut self, group: GroupId) {
        let to = self.state.group_state(self.spec, group);
        self.tell_state(group, to);
    }

    /// Reports the state of a group if it has changed.
    pub(crate) fn tell_state(&mut self, group: GroupId, to: GroupState) {
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

    /// Sets the last reports about the groups. Changes since then are reported when they are planned.
    pub(crate) fn set_told(&mut self, told: Told) {
        self.index.group_states = told.states;
        self.index.homeless = told.homeless;
    }
}
