//! Goes on with a group that comes up and in which nothing is the matter.

use crate::cluster::index::agenda::Slot;
use crate::cluster::settle::planner::Planner;
use crate::id::GroupId;
use crate::spec::GroupSpec;
use crate::state::OperationKind;

impl Planner<'_> {
    /// Settles a calm group to which nothing but starts happened. Only what depends on a resource
    /// that came online, or was kept off by it, may be able to start now. Every other rule would find
    /// what it found when the group was last settled as a whole, so the cost does not grow with the
    /// group.
    pub(crate) fn advance(&mut self, declared: &GroupSpec, group: GroupId) {
        self.ledger.begin_calm(declared, group);
        while let Some(position) = self.ledger.next_candidate() {
            if self.view().is_ready(declared, position) {
                self.ledger.issue(declared.resource_at(position), OperationKind::Start);
            }
        }
        self.ledger.end_calm();
        let state = self.view().calm_state(declared, group);
        self.ledger.tell_state(group, state);
        let standing = self.view().calm_standing(declared, group);
        self.ledger.enter(declared, group, standing);
        let at = self.view().priority_wait(declared, group);
        self.ledger.set_deadline(Slot::Group(group), at);
    }
}
