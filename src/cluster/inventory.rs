//! A member says what it runs, without having been away.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::output::{Event, Output};
use super::outstanding::Target;
use super::{Cluster, Running, RunningState};
use crate::id::{NodeId, OpId, ResourceId};
use crate::machine::{ResourceEvent, ResourceState};
use crate::state::{Doubt, Operation, OperationKind, Orphan};

impl Cluster {
    /// The agents of a member were restarted in the same life and say what it runs. What they were
    /// asked for is asked for anew, under numbers above a floor that they are told; what is listed
    /// or not is judged by the rules of a node that is back in the same life.
    pub(crate) fn take_inventory(&mut self, node: NodeId, running: &[Running]) {
        let last = self.state.next_operation.value().saturating_sub(1);
        self.emit(Event::InventoryTaken { node, floor: OpId::new(last) });
        // Who remembers nothing does not answer what was asked before.
        self.supersede_inquiry(node);
        let listed: BTreeMap<ResourceId, RunningState> =
            running.iter().map(|of| (of.resource, of.state)).collect();
        for resource in self.resources_owned_by(node) {
            self.compare(resource, listed.get(&resource).copied());
        }
        self.compare_orphans(node, &listed);
        for of in running {
            let is_known = self.runs_by_right(node, of.resource)
                || self.state.orphans.contains_key(&(node, of.resource));
            if !is_known {
                self.find_orphan(node, *of);
            }
        }
        self.caches.touched.add_node(node);
    }

    /// Compares what is known of a resource on its owner with what its agents list. Nothing that
    /// was asked for before can still come: what they had in hands has ended or is listed, and what
    /// is on its way is below the floor.
    fn compare(&mut self, resource: ResourceId, listed: Option<RunningState>) {
        let state = self.state.resource_state(resource);
        match (state, listed) {
            (ResourceState::Online, Some(RunningState::Unknown | RunningState::Online)) => {
                self.supersede(resource);
                self.note_alive(resource);
                self.touch_resource(resource);
            }
            (ResourceState::Online, None) if seeded!(UnlistedStaysOnline) => {}
            // It is gone, or somebody does something with it that nobody asked for.
            (ResourceState::Online, _) => {
                // Nobody answers the check in flight, also where no failure counts.
                self.supersede(resource);
                self.report_failure(resource);
                self.touch_resource(resource);
            }
            (_, _) if seeded!(InventoryKeepsNumbers) => {}
            // Whether it is still to start is decided anew.
            (ResourceState::OnlinePending, Some(_)) => {
                self.supersede(resource);
                self.step_resource(resource, ResourceEvent::OperationTimedOut);
                self.set_doubt(resource, Doubt::ToTerminate);
            }
            (
                ResourceState::OnlinePending
                | ResourceState::OfflinePending
                | ResourceState::Terminating
                | ResourceState::InDoubt,
                None,
            ) => {
                self.supersede(resource);
                self.step_resource(resource, ResourceEvent::ConfirmedOff);
                self.note_alive(resource);
            }
            (ResourceState::OfflinePending | ResourceState::Terminating, Some(_)) => {
                self.issue_again(resource);
            }
            (ResourceState::InDoubt, Some(_)) if self.is_terminating(resource) => {
                self.issue_again(resource);
            }
            (ResourceState::InDoubt, Some(_)) if self.is_left(resource) => {}
            // The list says more than a probe.
            (ResourceState::InDoubt, Some(_)) => {
                self.supersede(resource);
                self.set_doubt(resource, Doubt::ToTerminate);
            }
            (ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed, _) => {}
        }
    }

    fn is_terminating(&self, resource: ResourceId) -> bool {
        let operation = self.state.resource(resource).and_then(|of| of.operation);
        operation.is_some_and(|of| of.kind == OperationKind::Terminate)
    }

    /// Asks for the operation in flight of a resource once more, under a new number.
    fn issue_again(&mut self, resource: ResourceId) {
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
        self.caches.outstanding.push(id, Target::Resource(resource));
        if let Some(effect) = self.resource_effect(resource) {
            self.outputs.push_back(Output::Effect(effect));
        }
        self.schedule_resource(resource);
    }

    /// What should not run there and is not listed is off; what is listed is stopped anew.
    fn compare_orphans(&mut self, node: NodeId, listed: &BTreeMap<ResourceId, RunningState>) {
        let orphans: Vec<(ResourceId, Orphan)> =
            self.state.orphans_on(node).map(|(resource, orphan)| (resource, *orphan)).collect();
        for (resource, orphan) in orphans {
            match listed.get(&resource) {
                None => self.forget_orphan(node, resource),
                Some(state) => {
                    if orphan.operation.is_some() {
                        self.doubt_orphan(node, resource);
                    }
                    self.find_orphan(node, Running::new(resource, *state));
                }
            }
        }
    }
}
