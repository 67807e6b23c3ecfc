//! Carries out what the replica asks of this node, as far as the guard allows it.

use quorate::agent::{Admission, Ending, Meanwhile, Task};
use quorate::cluster::{Effect, Running, RunningState};
use quorate::id::Names;
use quorate::replicate::{Leads, Local, Permission};
use quorate::state::OperationKind;
use quorate::{Input, OpId, Outcome};

use super::{Brain, Presence, Stage};
use crate::clock;
use crate::keeper::{Order, RunPlan};

impl Brain {
    /// Begins everything that is to be carried out and was not begun.
    pub(super) fn carry_out(&mut self, now: Local) {
        if self.stage != Stage::Living {
            return;
        }
        let leads = self.leader.as_ref().map_or(Leads::No, |of| of.leads(now, &self.guard));
        let effects: Vec<Effect<Names>> = self.parts.shared.lock().replica.duties(leads).collect();
        for effect in effects {
            let permission = self.guard.may(now, &self.parts.shared.lock().replica, &effect);
            let Ok(permission) = permission else { continue };
            match (permission, effect.order()) {
                (Permission::Agent(Admission::Begin), Some(order)) => {
                    self.begin(order.task, &order.resource);
                }
                (Permission::Agent(Admission::Wait { behind, meanwhile }), Some(order)) => {
                    self.make_way(behind, meanwhile, &order.resource);
                }
                (Permission::Agent(_), _) => {}
                (Permission::Inventory, _) => self.take_inventory(effect.operation),
                // The demonstration has no device that takes the power away.
                (Permission::Fence, _) if self.answered.insert(effect.operation) => {
                    let failed = Input::operation_finished(effect.operation, Outcome::Failed);
                    self.push_input(failed);
                }
                (Permission::Fence, _) => {}
            }
        }
    }

    /// Begins one operation.
    fn begin(&mut self, task: Task, resource: &str) {
        let operation = task.operation;
        let resource = resource.to_owned();
        match task.action {
            OperationKind::Start => {
                let Some(run) = self.plan(&resource) else {
                    return self.end(operation, &resource, Outcome::FailedForGood);
                };
                self.running.insert(resource, Presence::Starting);
                let life = self.guard.life().clone();
                self.hand.order(Order::Start { life, operation, run });
            }
            OperationKind::Stop => {
                self.mark_stopping(&resource);
                self.hand.order(Order::Stop { operation, resource });
            }
            OperationKind::Terminate => {
                self.mark_stopping(&resource);
                self.hand.order(Order::Kill { operation: Some(operation), resource });
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                let is_alive = self.running.get(&resource) == Some(&Presence::Online);
                let outcome = if is_alive { Outcome::Succeeded } else { Outcome::Failed };
                self.end(operation, &resource, outcome);
            }
            OperationKind::Probe => {
                let runs = self.running.contains_key(&resource);
                let outcome = if runs { Outcome::Running } else { Outcome::NotRunning };
                self.end(operation, &resource, outcome);
            }
            _ => {}
        }
    }

    fn mark_stopping(&mut self, resource: &str) {
        if let Some(presence) = self.running.get_mut(resource) {
            *presence = Presence::Stopping;
        }
    }

    /// Cancels what stands in the way of a newer operation, if that is allowed.
    fn make_way(&self, behind: Task, meanwhile: Meanwhile, resource: &str) {
        match meanwhile {
            Meanwhile::Cancel => match behind.action {
                OperationKind::Start | OperationKind::Stop => {
                    let resource = resource.to_owned();
                    self.hand.order(Order::Kill { operation: None, resource });
                }
                _ => {}
            },
            Meanwhile::LetItEnd => {}
        }
    }

    /// Returns what runs for a resource, from its parameters.
    fn plan(&self, resource: &str) -> Option<RunPlan> {
        let applied = self.parts.shared.lock();
        let spec = applied.replica.cluster().spec();
        let declared = spec.resource(spec.resource_id(resource)?)?;
        let text = |name| declared.parameters().text(name).map(str::to_owned);
        let resource = declared.name().to_owned();
        let (command, lock, address) = (text("command"), text("lock"), text("address"));
        Some(RunPlan { resource, command, lock, address })
    }

    /// Takes in the end of an operation, from the keeper.
    pub(super) fn operation_ended(&mut self, operation: OpId, resource: &str, success: bool) {
        let is_start = self.guard.run(resource) == Some(operation);
        match (is_start, success) {
            (true, true) => self.running.insert(resource.into(), Presence::Online),
            (true, false) | (false, true) => self.running.remove(resource),
            (false, false) => None,
        };
        let outcome = if success { Outcome::Succeeded } else { Outcome::Failed };
        self.end(operation, resource, outcome);
    }

    fn end(&mut self, operation: OpId, resource: &str, outcome: Outcome) {
        let ended = (operation, outcome);
        let ending = {
            let applied = self.parts.shared.lock();
            self.guard.end_operation(clock::now(), &applied.replica, resource, ended)
        };
        match ending {
            Ending::Report => self.push_input(Input::operation_finished(operation, outcome)),
            Ending::Begin(task) => self.begin(task, resource),
            Ending::Unknown => {}
        }
    }

    /// Takes in that a resource ended by itself.
    pub(super) fn died(&mut self, run: OpId, resource: &str) {
        self.running.remove(resource);
        if self.guard.run(resource) != Some(run) {
            return;
        }
        let life = self.guard.life().clone();
        let failed = Input::<Names>::resource_failed(resource, life.node, life.incarnation);
        self.push_input(failed.of_run(run).into());
    }

    /// Answers what this node runs.
    fn take_inventory(&mut self, operation: OpId) {
        if !self.answered.insert(operation) {
            return;
        }
        let life = self.guard.life().clone();
        let running: Vec<Running<Names>> = self
            .running
            .iter()
            .map(|(resource, presence)| {
                let state = match presence {
                    Presence::Starting => RunningState::Starting,
                    Presence::Online => RunningState::Online,
                    Presence::Stopping => RunningState::Stopping,
                };
                Running { resource: resource.clone(), state }
            })
            .collect();
        let list = Input::<Names>::node_inventory(life.node, life.incarnation, running);
        self.push_input(list.answering(operation).into());
    }
}
