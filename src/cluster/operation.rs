//! Operations: asked for, progressing, ended, not answered.

use super::output::{Effect, Output};
use super::outstanding::Target;
use super::recovery::Was;
use super::{Cluster, Outcome};
use crate::id::{OpId, ResourceId};
use crate::machine::{ResourceEvent, ResourceState};
use crate::settings::Maintenance;
use crate::spec::GroupSpec;
use crate::state::{Doubt, Operation, OperationKind};

impl Cluster {
    /// Asks for an operation on a resource at the owner of its group.
    pub(crate) fn issue(&mut self, resource: ResourceId, kind: OperationKind) {
        let now = self.state.now;
        let id = self.state.next_operation;
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        if record.operation.is_some() && !seeded!(StopOvertakesStart) {
            // One operation at a time; what follows from its end is planned then.
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
        self.caches.outstanding.push(id, Target::Resource(resource));
        if let Some(effect) = self.resource_effect(resource) {
            self.outputs.push_back(Output::Effect(effect));
        }
        self.schedule_resource(resource);
    }

    /// The operation in flight of a resource, as an effect.
    pub(crate) fn resource_effect(&self, resource: ResourceId) -> Option<Effect> {
        let declared = self.spec.resource(resource)?;
        let operation = self.state.resource(resource)?.operation?;
        let group = self.state.group(declared.group())?;
        let node = group.owner?;
        let deadline = operation.deadline_of(declared.settings());
        Some(Effect {
            operation: operation.id,
            action: operation.kind,
            node,
            resource: Some(resource),
            group: Some(declared.group()),
            epoch: group.epoch,
            incarnation: self.state.node(node)?.incarnation,
            deadline,
            timeout: deadline.since(self.state.now),
        })
    }

    /// Takes in the report of an operation that `check` found outstanding.
    pub(crate) fn finish(&mut self, operation: OpId, outcome: Outcome) {
        match self.caches.outstanding.target(operation) {
            Some(Target::Resource(resource)) => self.finish_on_resource(resource, outcome),
            Some(Target::Orphan(node, resource)) => self.finish_orphan(node, resource, outcome),
            Some(Target::Node(node)) => self.finish_fence(node, outcome),
            // It is answered by a list, and by no outcome.
            Some(Target::Inquiry(_)) | None => {}
        }
    }

    /// Takes in a report of progress.
    pub(crate) fn progress(&mut self, operation: OpId) {
        let now = self.state.now;
        match self.caches.outstanding.target(operation) {
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
            // These have one deadline, whatever is reported.
            Some(Target::Node(_) | Target::Inquiry(_)) | None => {}
        }
    }

    fn finish_on_resource(&mut self, resource: ResourceId, outcome: Outcome) {
        let Some(kind) = self.close(resource) else { return };
        match (kind, outcome) {
            (_, Outcome::TimedOut) => self.leave_unanswered(resource, kind),
            (OperationKind::Start, Outcome::Succeeded) => {
                self.note_alive(resource);
                self.step_resource(resource, ResourceEvent::StartSucceeded);
            }
            (OperationKind::Start, _) if seeded!(FailedStartIsOnline) => {
                self.step_resource(resource, ResourceEvent::StartSucceeded);
            }
            (OperationKind::Start, Outcome::FailedForGood) => self.fail_for_good(resource),
            (OperationKind::Start, _) => {
                self.fail(resource, ResourceEvent::StartFailed);
            }
            (OperationKind::Stop, Outcome::Succeeded) => {
                self.step_resource(resource, ResourceEvent::StopSucceeded);
            }
            (OperationKind::Stop, _) => {
                self.step_resource(resource, ResourceEvent::StopFailed);
                self.issue(resource, OperationKind::Terminate);
            }
            (OperationKind::Terminate, Outcome::Succeeded) => {
                self.step_resource(resource, ResourceEvent::TerminateSucceeded);
            }
            (OperationKind::Terminate, _) => {
                self.begin_doubt(resource, ResourceEvent::TerminateFailed);
            }
            (OperationKind::CheckLooksAlive, Outcome::Succeeded) => {
                self.note_looks_alive(resource);
            }
            // Without quorum nothing is checked; when it is back, this check is due again.
            (OperationKind::CheckLooksAlive, _) if !self.state.is_quorate() => {
                self.schedule_resource(resource);
            }
            (OperationKind::CheckLooksAlive, _) => {
                self.issue(resource, OperationKind::CheckIsAlive);
            }
            (OperationKind::CheckIsAlive, Outcome::Succeeded) => {
                self.note_alive(resource);
                self.schedule_resource(resource);
            }
            (OperationKind::CheckIsAlive, _) => self.report_failure(resource),
            (OperationKind::Probe, Outcome::NotRunning) => {
                self.step_resource(resource, ResourceEvent::ConfirmedOff);
            }
            (OperationKind::Probe, Outcome::Running) => {
                self.set_doubt(resource, Doubt::ToTerminate);
            }
            (OperationKind::Probe | OperationKind::Fence | OperationKind::Inventory, _) => {
                self.note_probed(resource);
            }
        }
    }

    /// Ends the operation in flight of a resource.
    fn close(&mut self, resource: ResourceId) -> Option<OperationKind> {
        let operation = self.state.resources.get_mut(resource.index())?.operation.take()?;
        self.caches.outstanding.remove(operation.id);
        self.note_doubt(resource);
        match operation.kind {
            // Nothing but the next check follows from these, unless they fail.
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {}
            OperationKind::Start
            | OperationKind::Stop
            | OperationKind::Terminate
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => self.touch_resource(resource),
        }
        Some(operation.kind)
    }

    /// An operation was not answered. That is no outcome: the resource may run or not.
    fn leave_unanswered(&mut self, resource: ResourceId, kind: OperationKind) {
        match kind {
            OperationKind::Start => self.fail(resource, ResourceEvent::OperationTimedOut),
            OperationKind::Stop => {
                self.step_resource(resource, ResourceEvent::OperationTimedOut);
                self.issue(resource, OperationKind::Terminate);
            }
            OperationKind::Terminate if seeded!(TimeoutIsOff) => {
                self.step_resource(resource, ResourceEvent::TerminateSucceeded);
            }
            OperationKind::Terminate => {
                self.begin_doubt(resource, ResourceEvent::OperationTimedOut);
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                let is_ignored = self
                    .state
                    .resource(resource)
                    .is_some_and(|record| record.maintenance == Maintenance::On);
                if is_ignored {
                    self.note_alive(resource);
                } else {
                    // The agent hangs; whether the resource still runs is unknown.
                    self.fail(resource, ResourceEvent::OperationTimedOut);
                }
                self.touch_resource(resource);
            }
            OperationKind::Probe | OperationKind::Fence | OperationKind::Inventory => {
                self.note_probed(resource);
            }
        }
    }

    /// A failure on the owner: decides what follows, and terminates what is left of the resource.
    pub(crate) fn fail(&mut self, resource: ResourceId, event: ResourceEvent) {
        if self.is_unfixable(resource) && !seeded!(LeftIsTerminated) {
            return self.leave_failed(resource, event);
        }
        let Some(record) = self.state.resource(resource) else { return };
        let was = Was { state: record.state, since: record.since };
        self.supersede(resource);
        self.step_resource(resource, event);
        if !self.is_needed(resource) {
            self.issue(resource, OperationKind::Terminate);
        } else if self.state.resource_state(resource) == ResourceState::InDoubt {
            self.set_doubt(resource, Doubt::ToTerminate);
        }
        self.touch_resource(resource);
        self.plan_recovery(resource, was);
    }

    /// Whether dependents of a resource that failed have to be off before it is terminated.
    fn is_needed(&self, resource: ResourceId) -> bool {
        if seeded!(FailedProviderGoesFirst) {
            return false;
        }
        let group = self.spec.resource(resource).and_then(|of| self.spec.group(of.group()));
        group.is_some_and(|declared| self.is_relied_on(declared, resource))
    }

    /// A start failed, and no other one on this node will do better.
    fn fail_for_good(&mut self, resource: ResourceId) {
        if self.is_unfixable_for_good(resource) {
            self.bar_if_affected(resource);
            return self.leave_failed(resource, ResourceEvent::StartFailed);
        }
        self.step_resource(resource, ResourceEvent::StartFailed);
        self.issue(resource, OperationKind::Terminate);
        self.plan_for_good(resource);
    }

    /// A terminate did not confirm that the resource is off.
    fn begin_doubt(&mut self, resource: ResourceId, event: ResourceEvent) {
        self.step_resource(resource, event);
        self.note_probed(resource);
        if self.is_left_unconfirmed(resource) {
            self.leave(resource);
        }
    }

    /// The next probe is due one interval from now.
    fn note_probed(&mut self, resource: ResourceId) {
        let now = self.state.now;
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.known_alive_at = now;
        }
        self.touch_resource(resource);
    }

    /// Acts on the deadlines of a group that have passed.
    pub(crate) fn expire(&mut self, declared: &GroupSpec, group: crate::id::GroupId) {
        let now = self.state.now;
        for resource in declared.resources() {
            self.end_wait(declared, group, resource);
            if let Some(effect) = self.resource_effect(resource)
                && effect.deadline <= now
            {
                let (operation, action) = (effect.operation, effect.action);
                if !seeded!(OutcomeSwallowed) {
                    self.emit(effect.timed_out());
                }
                self.close(resource);
                if seeded!(LateAnswerCounts) {
                    self.caches.outstanding.push(operation, Target::Resource(resource));
                }
                self.leave_unanswered(resource, action);
            }
        }
    }

    /// Whether this outcome answers this kind of operation.
    pub(crate) fn fits(kind: OperationKind, outcome: Outcome) -> bool {
        if kind == OperationKind::Inventory {
            return false;
        }
        match outcome {
            Outcome::Failed | Outcome::TimedOut => true,
            Outcome::FailedForGood => kind == OperationKind::Start,
            Outcome::Succeeded => kind != OperationKind::Probe,
            Outcome::Running | Outcome::NotRunning => kind == OperationKind::Probe,
        }
    }

    /// Whether the resource is online and its health checks count.
    pub(crate) fn heeds_checks(&self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| {
            record.state == ResourceState::Online && record.maintenance == Maintenance::Off
        })
    }
}
