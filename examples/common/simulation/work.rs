//! The work of the agents, and of the device that fences.

use std::time::Duration;

use quorate::agent::{Admission, Ending, Meanwhile};
use quorate::cluster::Effect;
use quorate::state::OperationKind;
use quorate::{Input, OpId, Outcome};

use super::super::agents::{LeftBehind, Work};
use super::{Happening, Simulation};

/// The interval at which a busy agent reports progress.
const PROGRESS: Duration = Duration::from_secs(30);

impl Simulation {
    /// Delivers an effect to its agent, or to the device that fences.
    pub(super) fn take(&mut self, effect: Effect) {
        if effect.action == OperationKind::Inventory {
            let agent = self.contracts.get(&effect.node);
            let is_answered = !self.dark.contains(&effect.node)
                && agent.is_some_and(|of| of.answers(effect.operation, effect.incarnation).is_ok());
            if is_answered {
                self.begin(effect);
            }
            return;
        }
        let Some(order) = effect.order() else {
            return self.begin(effect);
        };
        if self.dark.contains(&effect.node) {
            return;
        }
        let Some(agent) = self.contracts.get_mut(&effect.node) else {
            return;
        };
        match agent.admit(&order) {
            Ok(Admission::Begin) => self.begin(effect),
            Ok(Admission::Wait { behind, meanwhile }) => {
                self.waiting.insert(effect.operation, effect);
                match meanwhile {
                    Meanwhile::Cancel => self.cancel(behind.operation),
                    Meanwhile::LetItEnd => {}
                }
            }
            // The agent has this effect under way, has answered it, or must not carry it out.
            Ok(Admission::UnderWay | Admission::Done(_)) | Err(_) => {}
        }
    }

    /// Returns the list of what a node runs.
    pub(super) fn listing(&self, effect: &Effect) -> Input {
        let Effect { operation, node, incarnation, .. } = *effect;
        let here = self.running.iter().filter(|(_, on)| **on == node);
        let running = here.map(|(resource, _)| (*resource).into());
        Input::node_inventory(node, incarnation, running).answering(operation).into()
    }

    /// Cancels an operation of an agent, which goes on with the operation that waited for it.
    fn cancel(&mut self, operation: OpId) {
        let mut broken_off = None;
        self.agenda.retain(|_, happening| match happening {
            Happening::Answer(effect, _) if effect.operation == operation => {
                broken_off = Some(*effect);
                false
            }
            Happening::Progress(of) => *of != operation,
            Happening::Answer(..) | Happening::Lost(_) => true,
        });
        if let Some(effect) = broken_off {
            self.is_reported(&effect, Outcome::Failed);
        }
    }

    /// Tells the contract that an operation has ended. Returns whether the outcome is reported; if
    /// it is not, the agent begins the operation that waited for this one.
    pub(super) fn is_reported(&mut self, effect: &Effect, outcome: Outcome) -> bool {
        let agent = self.contracts.get_mut(&effect.node);
        let (Some(resource), Some(agent)) = (effect.resource, agent) else {
            return true;
        };
        match agent.end(&resource, effect.operation, outcome) {
            Ending::Report => true,
            Ending::Begin(task) => {
                if let Some(next) = self.waiting.remove(&task.operation) {
                    self.begin(next);
                }
                false
            }
            Ending::Unknown => false,
        }
    }

    /// Lets an agent begin an operation.
    fn begin(&mut self, effect: Effect) {
        let mut outcome = Outcome::Succeeded;
        if let Some(resource) = effect.resource {
            match effect.action {
                OperationKind::Start => {
                    let elsewhere = self.running.get(&resource).filter(|on| **on != effect.node);
                    assert_eq!(elsewhere, None, "a resource would run on two nodes");
                }
                OperationKind::Stop | OperationKind::Terminate => {
                    self.ledger.down(self.now, resource);
                }
                OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                    if !self.running.contains_key(&resource) {
                        outcome = Outcome::Failed;
                    }
                }
                OperationKind::Probe | OperationKind::Fence | OperationKind::Inventory => {}
                // This agent does not know the operation.
                _ => outcome = Outcome::Failed,
            }
        }
        let span = self.span(&effect);
        let mut silence = PROGRESS;
        while silence < span {
            self.plan(silence, Happening::Progress(effect.operation));
            silence += PROGRESS;
        }
        self.plan(span, Happening::Answer(effect, outcome));
    }

    fn span(&self, effect: &Effect) -> Duration {
        let spec = self.cluster.spec();
        let resource = effect.resource.and_then(|resource| spec.resource(resource));
        let kind = resource.and_then(|resource| spec.kind(resource.kind()));
        let target = resource
            .map(|resource| resource.name())
            .or_else(|| spec.node(effect.node).map(|node| node.name()));
        let is_dirty = effect.resource.is_some_and(|resource| self.dirty.contains(&resource));
        (self.agents)(&Work {
            action: effect.action,
            target: target.unwrap_or_default(),
            kind: kind.map_or("", |kind| &kind.name),
            left_behind: if is_dirty { LeftBehind::Dirty } else { LeftBehind::Clean },
        })
    }

    /// Ends an operation of an agent, and reports it.
    pub(super) fn carry_out(&mut self, effect: &Effect) {
        let Some(resource) = effect.resource else {
            return;
        };
        match effect.action {
            OperationKind::Start => {
                self.running.insert(resource, effect.node);
                self.dirty.remove(&resource);
                self.ledger.up(self.now, resource);
            }
            OperationKind::Stop | OperationKind::Terminate => {
                self.running.remove(&resource);
            }
            _ => {}
        }
    }
}
