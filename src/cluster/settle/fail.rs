//! Acts on resources that failed or did not answer.

use crate::cluster::settle::planner::Planner;
use crate::id::ResourceId;
use crate::machine::{ResourceEvent, ResourceState};
use crate::settings::{DesiredState, Maintenance};
use crate::spec::ResourceSpec;
use crate::state::{Doubt, NoRestartCause, OperationKind, Recovery};

impl Planner<'_> {
    /// Acts on an operation that was not answered. That is no outcome: the resource may run or not.
    pub(crate) fn leave_unanswered(&mut self, resource: ResourceId, kind: OperationKind) {
        match kind {
            OperationKind::Start => self.fail(resource, ResourceEvent::OperationTimedOut),
            OperationKind::Stop => {
                self.ledger.step_resource(resource, ResourceEvent::OperationTimedOut);
                self.ledger.issue(resource, OperationKind::Terminate);
            }
            OperationKind::Terminate if seeded!(TimeoutIsOff) => {
                self.ledger.step_resource(resource, ResourceEvent::TerminateSucceeded);
            }
            OperationKind::Terminate => {
                self.begin_doubt(resource, ResourceEvent::OperationTimedOut);
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                let is_ignored = self
                    .ledger
                    .state()
                    .resource(resource)
                    .is_some_and(|record| record.maintenance == Maintenance::On);
                if is_ignored {
                    self.ledger.note_alive(resource);
                } else {
                    // The agent hangs; whether the resource still runs is unknown.
                    self.fail(resource, ResourceEvent::OperationTimedOut);
                }
                self.ledger.touch_resource(resource);
            }
            OperationKind::Probe | OperationKind::Fence | OperationKind::Inventory => {
                self.ledger.note_probed(resource);
            }
        }
    }

    /// Acts on a failure on the owner: decides what follows, and terminates what is left of the
    /// resource.
    pub(crate) fn fail(&mut self, resource: ResourceId, event: ResourceEvent) {
        if self.view().is_unfixable(resource) && !seeded!(LeftIsTerminated) {
            return self.leave_failed(resource, event);
        }
        self.ledger.supersede(resource);
        self.ledger.step_resource(resource, event);
        if !self.view().is_needed(resource) {
            self.ledger.issue(resource, OperationKind::Terminate);
        } else if self.ledger.state().resource_state(resource) == ResourceState::InDoubt {
            self.ledger.set_doubt(resource, Doubt::ToTerminate);
        }
        self.ledger.touch_resource(resource);
        self.plan_recovery(resource);
    }

    /// Acts on a start that failed, where no other start on this node would do better.
    pub(crate) fn fail_for_good(&mut self, resource: ResourceId) {
        if self.view().is_unfixable_for_good(resource) {
            self.bar_if_affected(resource);
            return self.leave_failed(resource, ResourceEvent::StartFailed);
        }
        self.ledger.step_resource(resource, ResourceEvent::StartFailed);
        self.ledger.issue(resource, OperationKind::Terminate);
        self.plan_for_good(resource);
    }

    /// Begins a doubt: a terminate did not confirm that the resource is off.
    pub(crate) fn begin_doubt(&mut self, resource: ResourceId, event: ResourceEvent) {
        self.ledger.step_resource(resource, event);
        self.ledger.note_probed(resource);
        if self.view().is_left_unconfirmed(resource) {
            self.leave(resource);
        }
    }

    /// Decides about a resource that can never run on its node. If it affects its group, it bars
    /// the node and moves the group at once; otherwise it stays failed there.
    pub(crate) fn plan_for_good(&mut self, resource: ResourceId) {
        let spec = self.ledger.spec();
        let Some(declared) = spec.resource(resource) else { return };
        let group = declared.group();
        let Some(group_spec) = spec.group(group) else { return };
        let affects_group = self.view().affects_group(group_spec, resource);
        self.bar_if_affected(resource);
        if self.view().desired(group, resource) == DesiredState::Offline {
            return;
        }
        if affects_group {
            self.ledger.set_recovery(resource, Recovery::Failover);
        } else {
            self.give_up(resource, NoRestartCause::ForGood);
        }
    }

    /// Bars the owner of a group that is affected by a resource which can never run there.
    pub(crate) fn bar_if_affected(&mut self, resource: ResourceId) {
        let spec = self.ledger.spec();
        let Some(group) = spec.resource(resource).map(ResourceSpec::group) else { return };
        if spec.group(group).is_some_and(|declared| self.view().affects_group(declared, resource)) {
            self.ledger.bar_owner(group, resource);
        }
    }
}
