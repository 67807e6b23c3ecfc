//! Compares what a node says it runs with what the core knows.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::cluster::settle::planner::Planner;
use crate::cluster::words::{Event, Running, RunningState};
use crate::id::{NodeId, OpId, ResourceId};
use crate::machine::{ResourceEvent, ResourceState};
use crate::state::{Doubt, Orphan};

impl Planner<'_> {
    /// Takes in the list of what a member runs, whose agents were restarted in the same life. What
    /// was asked of them is asked again, under numbers above a floor that they are told; the list
    /// is judged by the rules for a node that is back in the same life.
    pub(crate) fn take_inventory(&mut self, node: NodeId, running: &[Running]) {
        let last = self.ledger.state().next_operation.value().saturating_sub(1);
        self.ledger.emit(Event::InventoryTaken { node, floor: OpId::new(last) });
        // Agents that remember nothing do not answer earlier questions.
        self.ledger.supersede_inquiry(node);
        let listed: BTreeMap<ResourceId, RunningState> =
            running.iter().map(|of| (of.resource, of.state)).collect();
        for resource in self.view().resources_owned_by(node) {
            self.compare(resource, listed.get(&resource).copied());
        }
        self.compare_orphans(node, &listed);
        for of in running {
            let is_known = self.view().runs_by_right(node, of.resource)
                || self.ledger.state().orphans.contains_key(&(node, of.resource));
            if !is_known {
                self.ledger.find_orphan(node, *of);
            }
        }
        self.ledger.touch_node(node);
    }

    /// Compares the state of a resource on its owner with the list of its agents. Nothing that was
    /// asked for before can still take effect: what the agents had in hand has ended or is listed,
    /// and what is on its way is below the floor.
    fn compare(&mut self, resource: ResourceId, listed: Option<RunningState>) {
        let state = self.ledger.state().resource_state(resource);
        match (state, listed) {
            (ResourceState::Online, Some(RunningState::Unknown | RunningState::Online)) => {
                self.ledger.supersede(resource);
                self.ledger.note_alive(resource);
                self.ledger.touch_resource(resource);
            }
            (ResourceState::Online, None) if seeded!(UnlistedStaysOnline) => {}
            // The resource is gone, or is being changed though nobody asked for it.
            (ResourceState::Online, _) => {
                // The check in flight will not be answered, not even where no failure counts.
                self.ledger.supersede(resource);
                self.report_failure(resource);
                self.ledger.touch_resource(resource);
            }
            (_, _) if seeded!(InventoryKeepsNumbers) => {}
            // The planner decides anew if it is still to start.
            (ResourceState::OnlinePending, Some(_)) => {
                self.ledger.supersede(resource);
                self.ledger.step_resource(resource, ResourceEvent::OperationTimedOut);
                self.ledger.set_doubt(resource, Doubt::ToTerminate);
            }
            (
                ResourceState::OnlinePending
                | ResourceState::OfflinePending
                | ResourceState::Terminating
                | ResourceState::InDoubt,
                None,
            ) => {
                self.ledger.supersede(resource);
                self.ledger.step_resource(resource, ResourceEvent::ConfirmedOff);
                self.ledger.note_alive(resource);
            }
            (ResourceState::OfflinePending | ResourceState::Terminating, Some(_)) => {
                self.ledger.issue_again(resource);
            }
            (ResourceState::InDoubt, Some(_)) if self.view().is_terminating(resource) => {
                self.ledger.issue_again(resource);
            }
            (ResourceState::InDoubt, Some(_)) if self.view().is_left(resource) => {}
            // The list says more than a probe.
            (ResourceState::InDoubt, Some(_)) => {
                self.ledger.supersede(resource);
                self.ledger.set_doubt(resource, Doubt::ToTerminate);
            }
            (ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed, _) => {}
        }
    }

    /// Compares the resources that should not run on the node with the list: one that is not listed
    /// is off, one that is listed is stopped anew.
    fn compare_orphans(&mut self, node: NodeId, listed: &BTreeMap<ResourceId, RunningState>) {
        let orphans: Vec<(ResourceId, Orphan)> = self
            .ledger
            .state()
            .orphans_on(node)
            .map(|(resource, orphan)| (resource, *orphan))
            .collect();
        for (resource, orphan) in orphans {
            match listed.get(&resource) {
                None => self.ledger.forget_orphan(node, resource),
                Some(state) => {
                    if orphan.operation.is_some() {
                        self.ledger.doubt_orphan(node, resource);
                    }
                    self.ledger.find_orphan(node, Running::new(resource, *state));
                }
            }
        }
    }
}
