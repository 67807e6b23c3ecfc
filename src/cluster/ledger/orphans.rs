//! Orphans: resources that run where they should not, and those that a first owner takes over.

use alloc::vec::Vec;

use crate::cluster::index::outstanding::Target;
use crate::cluster::ledger::Ledger;
use crate::cluster::words::{Event, Running, RunningState};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::ResourceEvent;
use crate::state::{Operation, OperationKind, Orphan, OrphanState, Outcome};

impl Ledger<'_> {
    /// Sets or forgets an orphan and updates the indexes over orphans. No other function changes an
    /// orphan.
    pub(crate) fn set_orphan(
        &mut self,
        node: NodeId,
        resource: ResourceId,
        orphan: Option<Orphan>,
    ) {
        let place = (node, resource);
        let before = match orphan {
            Some(orphan) => self.state.orphans.insert(place, orphan),
            None => self.state.orphans.remove(&place),
        };
        if let Some(before) = before {
            self.index.orphans.leave(self.spec, node, resource, &before);
        }
        if let Some(orphan) = orphan {
            self.index.orphans.enter(self.spec, node, resource, &orphan);
        }
    }

    /// Notes an orphan that a node lists. An orphan that was in doubt is in doubt no longer.
    pub(crate) fn find_orphan(&mut self, node: NodeId, found: Running) {
        let Running { resource, state } = found;
        let is_known = self.facts().orphan(node, resource).is_some();
        let state = match state {
            RunningState::Unknown | RunningState::Online => OrphanState::Running,
            RunningState::Starting | RunningState::Stopping => OrphanState::Unsettled,
        };
        let orphan = Orphan { state, operation: None };
        self.set_orphan(node, resource, Some(orphan));
        if !is_known {
            self.emit(Event::OrphanFound { resource, node });
            self.touch_resource(resource);
        }
        self.index.touched.add_orphan(node, resource);
    }

    /// Asks for an operation on an orphan, which is then being stopped or terminated.
    pub(crate) fn issue_for_orphan(
        &mut self,
        node: NodeId,
        resource: ResourceId,
        kind: OperationKind,
    ) {
        let now = self.state.now;
        let id = self.next_operation();
        if self.facts().orphan(node, resource).is_none() {
            return;
        }
        let operation = Some(Operation { id, kind, issued_at: now, progress_at: now });
        let state = match kind {
            OperationKind::Stop => OrphanState::Stopping,
            OperationKind::Start
            | OperationKind::Terminate
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => OrphanState::Terminating,
        };
        self.set_orphan(node, resource, Some(Orphan { state, operation }));
        self.put_out(id, Target::Orphan(node, resource));
    }

    /// Ends the operation on an orphan that was answered. If it is off it is forgotten; a stop that
    /// did not succeed is followed by a terminate, and any other failure leaves the orphan in
    /// doubt.
    pub(crate) fn finish_orphan(&mut self, node: NodeId, resource: ResourceId, outcome: Outcome) {
        let Some(operation) = self.close_orphan(node, resource) else { return };
        match (operation.kind, outcome) {
            (_, Outcome::Succeeded | Outcome::NotRunning) => self.forget_orphan(node, resource),
            (OperationKind::Stop, _) => {
                self.issue_for_orphan(node, resource, OperationKind::Terminate);
            }
            (
                OperationKind::Terminate
                | OperationKind::Start
                | OperationKind::CheckLooksAlive
                | OperationKind::CheckIsAlive
                | OperationKind::Probe
                | OperationKind::Fence
                | OperationKind::Inventory,
                _,
            ) => self.doubt_orphan(node, resource),
        }
        self.index.touched.add_node(node);
    }

    /// Ends the operation on an orphan as timed out if its deadline has passed.
    pub(crate) fn expire_orphan(&mut self, node: NodeId, resource: ResourceId) {
        if let Some(effect) = self.facts().orphan_effect(node, resource)
            && effect.deadline <= self.state.now
        {
            self.emit(effect.timed_out());
            self.finish_orphan(node, resource, Outcome::TimedOut);
        }
    }

    /// Notes that an orphan is in doubt: neither a stop nor a terminate confirmed that it is off,
    /// or its node is lost.
    pub(crate) fn doubt_orphan(&mut self, node: NodeId, resource: ResourceId) {
        self.supersede_orphan(node, resource);
        let now = self.state.now;
        if let Some(orphan) = self.facts().orphan(node, resource) {
            let state = OrphanState::InDoubt(now);
            self.set_orphan(node, resource, Some(Orphan { state, ..orphan }));
            self.index.touched.add_orphan(node, resource);
        }
    }

    /// Forgets an orphan that is certainly off.
    pub(crate) fn forget_orphan(&mut self, node: NodeId, resource: ResourceId) {
        self.supersede_orphan(node, resource);
        if self.facts().orphan(node, resource).is_some() {
            self.set_orphan(node, resource, None);
            self.index.touched.remove_orphan(node, resource);
            self.touch_orphaned_providers(node, resource);
            self.emit(Event::OrphanGone { resource, node });
        }
        self.index.touched.add_node(node);
        self.touch_resource(resource);
    }

    /// Forgets the operation in flight of an orphan.
    fn supersede_orphan(&mut self, node: NodeId, resource: ResourceId) {
        if let Some(effect) = self.facts().orphan_effect(node, resource) {
            self.close_orphan(node, resource);
            self.emit(effect.superseded());
        }
    }

    fn close_orphan(&mut self, node: NodeId, resource: ResourceId) -> Option<Operation> {
        let orphan = self.facts().orphan(node, resource)?;
        let operation = orphan.operation?;
        self.set_orphan(node, resource, Some(Orphan { operation: None, ..orphan }));
        self.index.outstanding.remove(operation.id);
        Some(operation)
    }

    /// Touches the providers of an orphan that is gone: they may be stopped now.
    fn touch_orphaned_providers(&mut self, node: NodeId, resource: ResourceId) {
        let spec = self.spec;
        let group = spec.resource(resource).and_then(|of| spec.group(of.group()));
        let Some((group, position)) =
            group.and_then(|group| Some((group, group.position_of(resource)?)))
        else {
            return;
        };
        for provider in group.graph().providers(position) {
            self.index.touched.add_orphan(node, group.resource_at(provider));
        }
    }

    /// Takes in that an operation on an orphan made progress.
    pub(crate) fn note_orphan_progress(&mut self, node: NodeId, resource: ResourceId) {
        let now = self.state.now;
        if let Some(Orphan { state, operation: Some(operation) }) =
            self.facts().orphan(node, resource)
        {
            let operation = Some(Operation { progress_at: now, ..operation });
            self.set_orphan(node, resource, Some(Orphan { state, operation }));
        }
        self.schedule_node(node);
    }

    /// Touches the orphans of a group, which may be stopped now or taken over.
    pub(crate) fn touch_orphans_of(&mut self, group: GroupId) {
        let places: Vec<(NodeId, ResourceId)> = self.index.orphans.of_group(group).collect();
        for (node, resource) in places {
            self.index.touched.add_orphan(node, resource);
            self.index.touched.add_node(node);
        }
    }

    /// Turns orphans on the first owner of a group into resources that run there by right.
    pub(crate) fn take_over_running(
        &mut self,
        group: GroupId,
        resources: &[ResourceId],
        node: NodeId,
    ) {
        for resource in resources {
            self.set_orphan(node, *resource, None);
            self.index.touched.remove_orphan(node, *resource);
            self.emit(Event::TakenOver { resource: *resource, node });
            self.step_resource(*resource, ResourceEvent::FoundRunning);
            self.note_alive(*resource);
        }
        // The other orphans of the group cannot be taken over any longer.
        self.touch_orphans_of(group);
    }
}
