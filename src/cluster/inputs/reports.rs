//! Takes in answers to operations and reports about resources.

use crate::cluster::index::outstanding::Target;
use crate::cluster::settle::planner::Planner;
use crate::id::{OpId, ResourceId};
use crate::machine::{ResourceEvent, ResourceState};
use crate::state::{Doubt, OperationKind, Outcome};

impl Planner<'_> {
    /// Takes in that a resource failed, as an agent or the thorough check says. In maintenance this
    /// is ignored while the resource is online. A resource that dies while it starts has not
    /// started, whatever is still reported of the start.
    pub(crate) fn report_failure(&mut self, resource: ResourceId) {
        match self.ledger.state().resource_state(resource) {
            ResourceState::Online if self.view().heeds_checks(resource) => {
                self.fail(resource, ResourceEvent::FailureReported);
            }
            ResourceState::Online => {
                self.ledger.note_alive(resource);
                self.ledger.schedule_resource(resource);
            }
            ResourceState::OnlinePending => self.fail(resource, ResourceEvent::FailureReported),
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed
            | ResourceState::InDoubt => {}
        }
    }

    /// Takes in that a resource is alive, as an agent says: both checks are due that much later.
    pub(crate) fn report_alive(&mut self, resource: ResourceId) {
        if self.view().heeds_checks(resource) {
            self.ledger.note_alive(resource);
            self.ledger.schedule_resource(resource);
        }
    }

    /// Takes in the report of an operation that `check` found outstanding.
    pub(crate) fn finish(&mut self, operation: OpId, outcome: Outcome) {
        match self.ledger.index().outstanding.target(operation) {
            Some(Target::Resource(resource)) => self.finish_on_resource(resource, outcome),
            Some(Target::Orphan(node, resource)) => {
                self.ledger.finish_orphan(node, resource, outcome)
            }
            Some(Target::Node(node)) => self.ledger.finish_fence(node, outcome),
            // An inventory is answered by a list, and by no outcome.
            Some(Target::Inquiry(_)) | None => {}
        }
    }

    fn finish_on_resource(&mut self, resource: ResourceId, outcome: Outcome) {
        let Some(kind) = self.ledger.close(resource) else { return };
        match (kind, outcome) {
            (_, Outcome::TimedOut) => self.leave_unanswered(resource, kind),
            (OperationKind::Start, Outcome::Succeeded) => {
                self.ledger.note_alive(resource);
                self.ledger.step_resource(resource, ResourceEvent::StartSucceeded);
            }
            (OperationKind::Start, _) if seeded!(FailedStartIsOnline) => {
                self.ledger.step_resource(resource, ResourceEvent::StartSucceeded);
            }
            (OperationKind::Start, Outcome::FailedForGood) => self.fail_for_good(resource),
            (OperationKind::Start, _) => {
                self.fail(resource, ResourceEvent::StartFailed);
            }
            (OperationKind::Stop, Outcome::Succeeded) => {
                self.ledger.step_resource(resource, ResourceEvent::StopSucceeded);
            }
            (OperationKind::Stop, _) => {
                self.ledger.step_resource(resource, ResourceEvent::StopFailed);
                self.ledger.issue(resource, OperationKind::Terminate);
            }
            (OperationKind::Terminate, Outcome::Succeeded) => {
                self.ledger.step_resource(resource, ResourceEvent::TerminateSucceeded);
            }
            (OperationKind::Terminate, _) => {
                self.begin_doubt(resource, ResourceEvent::TerminateFailed);
            }
            (OperationKind::CheckLooksAlive, Outcome::Succeeded) => {
                self.ledger.note_looks_alive(resource);
            }
            // Without quorum nothing is checked; this check is due again when quorum is back.
            (OperationKind::CheckLooksAlive, _) if !self.ledger.state().is_quorate() => {
                self.ledger.schedule_resource(resource);
            }
            (OperationKind::CheckLooksAlive, _) => {
                self.ledger.issue(resource, OperationKind::CheckIsAlive);
            }
            (OperationKind::CheckIsAlive, Outcome::Succeeded) => {
                self.ledger.note_alive(resource);
                self.ledger.schedule_resource(resource);
            }
            (OperationKind::CheckIsAlive, _) => self.report_failure(resource),
            (OperationKind::Probe, Outcome::NotRunning) => {
                self.ledger.step_resource(resource, ResourceEvent::ConfirmedOff);
            }
            (OperationKind::Probe, Outcome::Running) => {
                self.ledger.set_doubt(resource, Doubt::ToTerminate);
            }
            (OperationKind::Probe | OperationKind::Fence | OperationKind::Inventory, _) => {
                self.ledger.note_probed(resource);
            }
        }
    }
}
