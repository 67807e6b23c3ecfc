//! Ends waits and operations whose time is over.

use crate::cluster::index::outstanding::Target;
use crate::cluster::settle::planner::Planner;
use crate::id::GroupId;
use crate::spec::GroupSpec;

impl Planner<'_> {
    /// Acts on the deadlines of a group that have passed.
    pub(crate) fn expire(&mut self, declared: &GroupSpec, group: GroupId) {
        let now = self.ledger.state().now;
        for resource in declared.resources() {
            self.end_wait(declared, group, resource);
            if let Some(effect) = self.view().resource_effect(resource)
                && effect.deadline <= now
            {
                let (operation, action) = (effect.operation, effect.action);
                if !seeded!(OutcomeSwallowed) {
                    self.ledger.emit(effect.timed_out());
                }
                self.ledger.close(resource);
                if seeded!(LateAnswerCounts) {
                    self.ledger.leave_outstanding(operation, Target::Resource(resource));
                }
                self.leave_unanswered(resource, action);
            }
        }
    }
}
