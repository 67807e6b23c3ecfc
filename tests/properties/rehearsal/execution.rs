//! An execution, made of what an embedder has: inputs, outputs, timers, questions. It reads from what
//! the cluster stores what waits for nothing but time, not from its timers.

use quorate::cluster::{ForecastOperation, NamedInputError};
use quorate::id::Names;
use quorate::state::OperationKind;
use quorate::{Cluster, Effect, Event, Input, Outcome, Output};
use serde_json::json;

use super::super::drains::{self, Drains};
use super::super::waits;

/// Why an execution did not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// An input was not accepted.
    Refused(NamedInputError),
    /// There was no rest.
    Restless(String),
}

/// A cluster that takes inputs as they come, and whose agents then do all that is asked for, in the
/// order in which it is asked for. Nobody answers probes.
pub(super) struct Execution {
    pub(super) cluster: Cluster,
    pub(super) operations: Vec<ForecastOperation>,
    pub(super) drains: Drains,
    pub(super) has_waited: bool,
}

impl Execution {
    pub(super) fn of(cluster: &Cluster) -> Self {
        let cluster = cluster.clone();
        Self { cluster, operations: Vec::new(), drains: Drains::default(), has_waited: false }
    }

    pub(super) fn take(&mut self, input: Input<Names>) -> Result<(), Stop> {
        let before = self.cluster.spec().clone();
        let input = before.resolve(input).map_err(|error| Stop::Refused(error.into()))?;
        let now = self.cluster.state().now();
        let answer = self.cluster.handle(now, input);
        answer.map_err(|error| Stop::Refused(NamedInputError::Refused(before.named(error))))?;
        // An output from before the change of the configuration is in the ids of the one before.
        let after = self.cluster.spec().clone();
        let mut spec = &before;
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Event(Event::ConfigurationChanged { .. }) => spec = &after,
                Output::Event(event) => self.drains.follow(spec, &event),
                Output::Effect(effect) => self.operations.extend(planned(spec.named(effect))),
                other => unimplemented!("{other:?}"),
            }
        }
        Ok(())
    }

    /// The probes in flight, as a plan lists them.
    pub(super) fn probes(&self) -> Vec<ForecastOperation> {
        let outstanding = self.cluster.outstanding();
        let probes = outstanding.filter(|effect| effect.action == OperationKind::Probe);
        probes.filter_map(|effect| planned(self.cluster.spec().named(effect))).collect()
    }

    /// Until nothing is asked for and nothing waits for time alone.
    pub(super) fn rest(&mut self) -> Result<(), String> {
        for _ in 0..100_000 {
            let oldest = self.cluster.outstanding().find(is_answered);
            if let Some(effect) = oldest {
                let report = well_ended(&effect);
                let now = self.cluster.state().now();
                self.cluster.handle(now, report).map_err(|error| error.to_string())?;
            } else if let Some(at) = waits::next(&self.cluster)? {
                self.has_waited = true;
                self.cluster.handle_timeout(at);
            } else {
                return Ok(());
            }
            self.read()?;
        }
        Err("there is no end of it".into())
    }

    /// Reads the outputs, and judges the reasons why groups stay on drained nodes.
    fn read(&mut self) -> Result<(), String> {
        while let Some(output) = self.cluster.poll_output() {
            let spec = self.cluster.spec();
            match output {
                Output::Effect(effect) => self.operations.extend(planned(spec.named(effect))),
                Output::Event(event) => {
                    if let Event::DrainBlocked { group, because, .. } = event
                        && !drains::is_true(&self.cluster, group, because)
                    {
                        return Err(format!("not so: {}", spec.named(event)));
                    }
                    self.drains.follow(spec, &event);
                }
                other => unimplemented!("{other:?}"),
            }
        }
        Ok(())
    }
}

/// Tells whether an operation ends by itself: nobody answers probes.
pub(crate) fn is_answered(effect: &Effect) -> bool {
    effect.action != OperationKind::Probe
}

/// The report about an operation that ends well: a node that is asked runs nothing new.
pub(crate) fn well_ended(effect: &Effect) -> Input {
    let operation = effect.operation;
    if effect.action == OperationKind::Inventory {
        let Effect { node, incarnation, .. } = *effect;
        let (running, operation) = (Vec::new(), Some(operation));
        return Input::node_inventory(node, incarnation, running).answering(operation).into();
    }
    Input::operation_finished(operation, Outcome::Succeeded)
}

/// An operation as a plan lists it; health checks are not listed.
fn planned(effect: Effect<Names>) -> Option<ForecastOperation> {
    let is_check =
        matches!(effect.action, OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive);
    (!is_check).then(|| {
        let Effect { action, node, resource, .. } = effect;
        let written = json!({"action": action, "node": node, "resource": resource});
        serde_json::from_value(written).expect("it is an operation of a forecast")
    })
}
