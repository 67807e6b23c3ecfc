//! What runs where it should not: stopped there, dependents first, and never adopted.

use alloc::sync::Arc;

use super::caches::Caches;
use super::output::{Effect, Event, Output};
use super::outstanding::Target;
use super::{Cluster, Outcome, Running, RunningState};
use crate::id::{NodeId, ResourceId};
use crate::settings::UnconfirmedStop;
use crate::state::{Operation, OperationKind, Orphan, OrphanState};

impl Cluster {
    /// The one place where an orphan changes; the indexes over orphans follow.
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
            self.caches.orphans.leave(&self.spec, node, resource, &before);
        }
        if let Some(orphan) = orphan {
            self.caches.orphans.enter(&self.spec, node, resource, &orphan);
        }
    }

    fn orphan(&self, node: NodeId, resource: ResourceId) -> Option<Orphan> {
        self.state.orphans.get(&(node, resource)).copied()
    }

    /// A node that joins runs what it should not. If that was in doubt, it is not any more.
    pub(crate) fn find_orphan(&mut self, node: NodeId, found: Running) {
        let Running { resource, state } = found;
        let is_known = self.orphan(node, resource).is_some();
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
        self.caches.touched.add_orphan(node, resource);
    }

    /// Issues the next stops of what was touched of what a node should not run.
    pub(crate) fn clean(&mut self, node: NodeId) {
        if !self.state.node_state(node).is_member() {
            return;
        }
        let Caches { orphans, touched, .. } = &mut self.caches;
        for resource in orphans.due(node, self.state.now) {
            touched.add_orphan(node, resource);
        }
        let mut last = None;
        while let Some(resource) = self.caches.touched.next_orphan(node, last) {
            last = Some(resource);
            self.expire_orphan(node, resource);
            let Some(orphan) = self.orphan(node, resource) else { continue };
            if orphan.operation.is_some() {
                continue;
            }
            match orphan.state {
                OrphanState::Running | OrphanState::Unsettled
                    if self.may_be_taken_over(node, resource) => {}
                OrphanState::Running | OrphanState::Unsettled
                    if self.has_orphan_dependent(node, resource) => {}
                OrphanState::Running => {
                    self.issue_for_orphan(node, resource, OperationKind::Stop);
                }
                OrphanState::Unsettled => {
                    self.issue_for_orphan(node, resource, OperationKind::Terminate);
                }
                OrphanState::InDoubt(since) => {
                    self.resolve_orphan_doubt(node, resource, since);
                }
                OrphanState::Stopping | OrphanState::Terminating => {
                    self.issue_for_orphan(node, resource, OperationKind::Terminate);
                }
            }
        }
    }

    fn resolve_orphan_doubt(
        &mut self,
        node: NodeId,
        resource: ResourceId,
        since: crate::time::Timestamp,
    ) {
        match self.unconfirmed_stop(resource) {
            UnconfirmedStop::AssumeOff => self.forget_orphan(node, resource),
            // The node is being fenced, or will be; trying on does no harm.
            UnconfirmedStop::FenceNode | UnconfirmedStop::BlockGroup => {
                let retry_at = self.probe_interval().map(|span| since.after(span));
                if retry_at.is_some_and(|at| at <= self.state.now) {
                    self.issue_for_orphan(node, resource, OperationKind::Terminate);
                }
            }
        }
    }

    /// Whether a dependent of the resource still runs on the node beside it.
    fn has_orphan_dependent(&self, node: NodeId, resource: ResourceId) -> bool {
        let Some(declared) = self.spec.resource(resource) else { return false };
        let Some(group) = self.spec.group(declared.group()) else { return false };
        let Some(position) = group.position_of(resource) else { return false };
        group.graph().dependents(position).any(|dependent| {
            let dependent = group.resource_at(dependent);
            self.state.orphans.contains_key(&(node, dependent))
        })
    }

    fn issue_for_orphan(&mut self, node: NodeId, resource: ResourceId, kind: OperationKind) {
        let now = self.state.now;
        let id = self.next_operation();
        if self.orphan(node, resource).is_none() {
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
        self.caches.outstanding.push(id, Target::Orphan(node, resource));
        if let Some(effect) = self.orphan_effect(node, resource) {
            self.outputs.push_back(Output::Effect(effect));
        }
    }

    pub(crate) fn orphan_effect(&self, node: NodeId, resource: ResourceId) -> Option<Effect> {
        let declared = self.spec.resource(resource)?;
        let operation = self.orphan(node, resource)?.operation?;
        let deadline = operation.deadline_of(declared.settings());
        Some(Effect {
            operation: operation.id,
            action: operation.kind,
            node,
            resource: Some(resource),
            group: Some(declared.group()),
            epoch: self.state.epoch(declared.group()),
            incarnation: self.state.node(node)?.incarnation,
            deadline,
            timeout: deadline.since(self.state.now),
        })
    }

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
        self.caches.touched.add_node(node);
    }

    fn expire_orphan(&mut self, node: NodeId, resource: ResourceId) {
        if let Some(effect) = self.orphan_effect(node, resource)
            && effect.deadline <= self.state.now
        {
            self.emit(effect.timed_out());
            self.finish_orphan(node, resource, Outcome::TimedOut);
        }
    }

    /// Neither a stop nor a terminate confirmed that an orphan is off, or its node is lost.
    pub(crate) fn doubt_orphan(&mut self, node: NodeId, resource: ResourceId) {
        self.supersede_orphan(node, resource);
        let now = self.state.now;
        if let Some(orphan) = self.orphan(node, resource) {
            let state = OrphanState::InDoubt(now);
            self.set_orphan(node, resource, Some(Orphan { state, ..orphan }));
            self.caches.touched.add_orphan(node, resource);
        }
    }

    /// An orphan is certain to be off.
    pub(crate) fn forget_orphan(&mut self, node: NodeId, resource: ResourceId) {
        self.supersede_orphan(node, resource);
        if self.orphan(node, resource).is_some() {
            self.set_orphan(node, resource, None);
            self.caches.touched.remove_orphan(node, resource);
            self.touch_orphaned_providers(node, resource);
            self.emit(Event::OrphanGone { resource, node });
        }
        self.caches.touched.add_node(node);
        self.touch_resource(resource);
    }

    /// Forgets the operation in flight of an orphan.
    fn supersede_orphan(&mut self, node: NodeId, resource: ResourceId) {
        if let Some(effect) = self.orphan_effect(node, resource) {
            self.close_orphan(node, resource);
            self.emit(effect.superseded());
        }
    }

    fn close_orphan(&mut self, node: NodeId, resource: ResourceId) -> Option<Operation> {
        let orphan = self.orphan(node, resource)?;
        let operation = orphan.operation?;
        self.set_orphan(node, resource, Some(Orphan { operation: None, ..orphan }));
        self.caches.outstanding.remove(operation.id);
        Some(operation)
    }

    /// What an orphan that is gone depended on may be stopped now.
    fn touch_orphaned_providers(&mut self, node: NodeId, resource: ResourceId) {
        let spec = Arc::clone(&self.spec);
        let group = spec.resource(resource).and_then(|of| spec.group(of.group()));
        let Some((group, position)) =
            group.and_then(|group| Some((group, group.position_of(resource)?)))
        else {
            return;
        };
        for provider in group.graph().providers(position) {
            self.caches.touched.add_orphan(node, group.resource_at(provider));
        }
    }

    /// An orphan reports progress.
    pub(crate) fn note_orphan_progress(&mut self, node: NodeId, resource: ResourceId) {
        let now = self.state.now;
        if let Some(Orphan { state, operation: Some(operation) }) = self.orphan(node, resource) {
            let operation = Some(Operation { progress_at: now, ..operation });
            self.set_orphan(node, resource, Some(Orphan { state, operation }));
        }
        self.schedule_node(node);
    }
}
