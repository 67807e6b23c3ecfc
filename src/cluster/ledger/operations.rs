//! Operations on resources: they are issued, ended or superseded.

use crate::cluster::index::outstanding::Target;
use crate::cluster::ledger::Ledger;
use crate::id::{OpId, ResourceId};
use crate::machine::ResourceEvent;
use crate::state::{Doubt, Operation, OperationKind};

impl Ledger<'_> {
    /// Issues the operation in flight of a resource once more, under a new number.
    pub(crate) fn issue_again(&mut self, resource: ResourceId) {
        let Some(kind) =
            self.state.resource(resource).and_then(|of| of.operation).map(|of| of.kind)
        else {
            return;
        };
        self.supersede(resource);
        let (id, now) = (self.next_operation(), self.state.now);
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.operation = Some(Operation { id, kind, issued_at: now, progress_at: now });
        }
        self.note_doubt(resource);
        self.put_out(id, Target::Resource(resource));
        self.schedule_resource(resource);
    }

    /// Issues an operation on a resource to the owner of its group.
    pub(crate) fn issue(&mut self, resource: ResourceId, kind: OperationKind) {
        let now = self.state.now;
        let id = self.state.next_operation;
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        if record.operation.is_some() && !seeded!(StopOvertakesStart) {
            // A resource has one operation at a time. The next one is planned when it ends.
            return;
        }
        if kind == OperationKind::Start {
            record.started_at = now;
            record.run = Some(id);
        }
        record.operation = Some(Operation { id, kind, issued_at: now, progress_at: now });
        if kind == OperationKind::Terminate {
            record.doubt = Doubt::Open;
        }
        self.state.next_operation = id.next();
        self.note_doubt(resource);
        match kind {
            OperationKind::Start => {
                self.step_resource(resource, ResourceEvent::StartIssued);
            }
            OperationKind::Stop => self.step_resource(resource, ResourceEvent::StopIssued),
            OperationKind::Terminate
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => {}
        }
        self.put_out(id, Target::Resource(resource));
        self.schedule_resource(resource);
    }

    /// Notes an operation that was issued, and puts its effect out.
    pub(super) fn put_out(&mut self, operation: OpId, target: Target) {
        let node = target.executor(self.spec, self.state);
        self.index.outstanding.push(operation, target, node);
        if let Some(effect) = self.facts().effect_of(target) {
            self.request(effect);
        }
    }

    /// Takes in a report of progress.
    pub(crate) fn progress(&mut self, operation: OpId) {
        let now = self.state.now;
        match self.index.outstanding.target(operation) {
            Some(Target::Resource(resource)) => {
                if let Some(record) = self.state.resources.get_mut(resource.index())
                    && let Some(operation) = &mut record.operation
                {
                    operation.progress_at = now;
                }
                self.schedule_resource(resource);
            }
            Some(Target::Orphan(node, resource)) => {
                self.note_orphan_progress(node, resource);
            }
            // These have one deadline, which no report of progress extends.
            Some(Target::Node(_) | Target::Inquiry(_)) | None => {}
        }
    }

    /// Ends the operation in flight of a resource.
    pub(crate) fn close(&mut self, resource: ResourceId) -> Option<OperationKind> {
        let operation = self.state.resources.get_mut(resource.index())?.operation.take()?;
        self.index.outstanding.remove(operation.id);
        self.note_doubt(resource);
        match operation.kind {
            // Only the next check follows from these, unless they fail.
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {}
            OperationKind::Start => {
                if let Some(declared) = self.spec.resource(resource) {
                    self.touch_starting(declared.group());
                }
            }
            OperationKind::Stop
            | OperationKind::Terminate
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => self.touch_resource(resource),
        }
        Some(operation.kind)
    }

    /// Notes that a resource was probed now: the next probe is due one interval later.
    pub(crate) fn note_probed(&mut self, resource: ResourceId) {
        let now = self.state.now;
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.known_alive_at = now;
        }
        self.touch_resource(resource);
    }

    /// Forgets the operation in flight of a resource, because its node is gone or another operation
    /// goes first.
    pub(crate) fn supersede(&mut self, resource: ResourceId) {
        let Some(effect) = self.facts().resource_effect(resource) else { return };
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.operation = None;
        }
        if !seeded!(SupersededAnswerCounts) {
            self.index.outstanding.remove(effect.operation);
        }
        self.note_doubt(resource);
        self.emit(effect.superseded());
    }

    /// Brings the index of doubts that ask for a fence up to date for a resource.
    pub(crate) fn note_doubt(&mut self, resource: ResourceId) {
        self.index.note_doubt(self.spec, self.state, resource);
    }

    /// Keeps an operation that has ended among those in flight. Only a planted bug does that.
    pub(crate) fn leave_outstanding(&mut self, operation: OpId, target: Target) {
        self.index.outstanding.push(operation, target, None);
    }
}
