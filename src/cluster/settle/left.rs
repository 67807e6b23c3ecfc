//! Leaves a failed resource as it is for an operator to look at.

use crate::cluster::settle::planner::Planner;
use crate::id::ResourceId;
use crate::machine::ResourceEvent;
use crate::settings::OnUnfixable;
use crate::state::{Doubt, NoRestartCause};

impl Planner<'_> {
    /// Leaves a resource that fails now exactly as it is.
    pub(crate) fn leave_failed(&mut self, resource: ResourceId, event: ResourceEvent) {
        self.ledger.supersede(resource);
        self.ledger.step_resource(resource, ResourceEvent::Left);
        if event == ResourceEvent::StartFailed {
            // The start was answered, so that it cannot take effect later.
            self.ledger.exclude_late_start(resource);
        }
        self.leave(resource);
    }

    /// Leaves a resource to an operator, as nobody knows whether it runs.
    pub(crate) fn leave(&mut self, resource: ResourceId) {
        self.ledger.set_doubt(resource, Doubt::Left);
        self.give_up(resource, NoRestartCause::Left);
    }

    /// Takes back from the operator the resources that another configuration recovers after a
    /// failure.
    pub(crate) fn release_where_recovered(&mut self) {
        for (resource, declared) in self.ledger.spec().resources() {
            match declared.settings().on_unfixable {
                OnUnfixable::Recover => self.ledger.release(resource),
                OnUnfixable::Block => {}
            }
        }
    }
}
