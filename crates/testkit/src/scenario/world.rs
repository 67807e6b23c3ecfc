//! The nodes and agents that the cluster does not see: they run the resources and answer
//! operations.

use std::collections::{BTreeMap, BTreeSet};

use quorate::OpId;
use quorate::cluster::{Effect, Event, Outcome};
use quorate::id::Names;
use quorate::id::name::is_same;
use quorate::machine::NodeState;
use quorate::state::OperationKind;

use super::words::name_of;
use crate::machine::doubles;

/// The real state of the nodes and agents.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Resources and the nodes on which they run.
    running: BTreeSet<(String, String)>,
    /// Operations that will fail, and how often.
    failing: BTreeMap<(Action, String), u32>,
    /// Resources that can never run on a node: resource and node.
    unfit: BTreeSet<(String, String)>,
    /// Operations that are not answered.
    hanging: BTreeSet<(Action, String)>,
    /// All operations that were ever issued.
    issued: BTreeMap<OpId, Effect<Names>>,
}

/// The ability of a resource to run on a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fitness {
    Fit,
    Unfit,
}

/// A sort of operation, as scenarios name it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Action {
    Start,
    Stop,
    Terminate,
    Check,
    Probe,
    Fence,
    Inventory,
}

impl Action {
    pub(crate) fn of(kind: OperationKind) -> Self {
        match kind {
            OperationKind::Start => Self::Start,
            OperationKind::Stop => Self::Stop,
            OperationKind::Terminate => Self::Terminate,
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => Self::Check,
            OperationKind::Probe => Self::Probe,
            OperationKind::Fence => Self::Fence,
            OperationKind::Inventory => Self::Inventory,
            other => unimplemented!("{other:?}"),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Terminate => "terminate",
            Self::Check => "check",
            Self::Probe => "probe",
            Self::Fence => "fence",
            Self::Inventory => "inventory",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, String> {
        match name {
            "start" => Ok(Self::Start),
            "stop" => Ok(Self::Stop),
            "terminate" => Ok(Self::Terminate),
            "check" => Ok(Self::Check),
            "probe" => Ok(Self::Probe),
            "fence" => Ok(Self::Fence),
            "inventory" => Ok(Self::Inventory),
            _ => Err(format!("{name} is no operation")),
        }
    }
}

impl World {
    pub(crate) fn fail_next(&mut self, action: Action, target: &str, times: u32) {
        self.failing.insert((action, target.into()), times);
    }

    pub(crate) fn set_fit(&mut self, resource: &str, node: &str, fitness: Fitness) {
        let place = (resource.into(), node.into());
        if fitness == Fitness::Fit {
            self.unfit.remove(&place);
        } else {
            self.unfit.insert(place);
        }
    }

    pub(crate) fn hang(&mut self, action: Action, target: &str) {
        self.hanging.insert((action, target.into()));
    }

    pub(crate) fn unhang(&mut self, action: Action, target: &str) {
        self.hanging.remove(&(action, target.into()));
    }

    /// Records an operation that was issued.
    pub(crate) fn note(&mut self, effect: &Effect<Names>) {
        self.issued.insert(effect.operation, effect.clone());
    }

    /// Ends everything on a node that an event reports as down.
    pub(crate) fn see(&mut self, event: &Event<Names>) {
        if let Event::NodeChanged { node, to: NodeState::Down, .. } = event {
            self.switch_off(node);
        }
    }

    pub(crate) fn switch_off(&mut self, node: &str) {
        self.running.retain(|(_, place)| place != node);
    }

    pub(crate) fn run(&mut self, resource: &str, node: &str) {
        self.running.insert((resource.into(), node.into()));
    }

    /// Ends a resource everywhere, or only on this node.
    pub(crate) fn die(&mut self, resource: &str, node: Option<&str>) {
        self.running
            .retain(|(name, place)| name != resource || node.is_some_and(|node| node != place));
    }

    pub(crate) fn issued(&self, operation: OpId) -> Option<&Effect<Names>> {
        self.issued.get(&operation)
    }

    /// Returns the last operation of this sort on this resource or node.
    pub(crate) fn last(&self, action: Action, target: &str) -> Result<Effect<Names>, String> {
        let mut fitting = self.issued.values().filter(|effect| {
            Action::of(effect.action) == action && is_same(target_of(effect), target)
        });
        fitting.next_back().cloned().ok_or(format!("that was never asked for: {target}"))
    }

    /// Returns the answer of the agent; nothing if it hangs.
    pub(crate) fn answer(&mut self, effect: &Effect<Names>) -> Option<Outcome> {
        let key = (Action::of(effect.action), target_of(effect).to_owned());
        if self.hanging.contains(&key) {
            return None;
        }
        if let Some(times) = self.failing.get_mut(&key).filter(|times| **times > 0) {
            *times -= 1;
            return Some(Outcome::Failed);
        }
        let place = (target_of(effect).to_owned(), effect.node.clone());
        if key.0 == Action::Start && self.unfit.contains(&place) {
            return Some(Outcome::FailedForGood);
        }
        let runs = self.runs(target_of(effect), &effect.node);
        Some(match (key.0, runs) {
            (Action::Check, false) => Outcome::Failed,
            (Action::Probe, true) => Outcome::Running,
            (Action::Probe, false) => Outcome::NotRunning,
            _ => Outcome::Succeeded,
        })
    }

    /// Makes the effect of an outcome real.
    pub(crate) fn carry_out(&mut self, effect: &Effect<Names>, outcome: Outcome) {
        match (Action::of(effect.action), outcome) {
            (Action::Start, Outcome::Succeeded) => self.run(target_of(effect), &effect.node),
            (Action::Stop | Action::Terminate, Outcome::Succeeded)
            | (Action::Probe, Outcome::NotRunning) => {
                self.die(target_of(effect), Some(&effect.node));
            }
            (Action::Fence, Outcome::Succeeded) => self.switch_off(&effect.node),
            _ => {}
        }
    }

    /// Returns the resources that run on two nodes, which must never happen.
    pub(crate) fn doubles(&self) -> Vec<String> {
        let copies = self.running.iter().map(|(name, node)| (name, name, node));
        let words = |[(_, name, one), (.., other)]: [(&String, &String, &String); 2]| {
            format!("{name} runs on {one} and {other}")
        };
        doubles::find(copies).into_iter().map(words).collect()
    }

    /// Returns the list of a node that says what it runs; nothing if it is mute.
    pub(crate) fn list(&self, node: &str) -> Option<Vec<String>> {
        let is_mute = self.hanging.contains(&(Action::Inventory, node.to_owned()));
        let here = self.running.iter().filter(|(_, on)| on == node);
        (!is_mute).then(|| here.map(|(resource, _)| resource.clone()).collect())
    }

    fn runs(&self, resource: &str, node: &str) -> bool {
        self.running.contains(&(resource.into(), node.into()))
    }
}

/// Returns the resource of an operation, or the node of a fence.
pub(crate) fn target_of(effect: &Effect<Names>) -> &str {
    effect.resource.as_ref().unwrap_or(&effect.node)
}

/// Returns an operation in words.
pub(crate) fn words_of(effect: &Effect<Names>) -> String {
    let is_check = Action::of(effect.action) == Action::Check;
    let action = if is_check { "check".into() } else { name_of(&effect.action) };
    match &effect.resource {
        Some(resource) => format!("{action} {resource} on {}", effect.node),
        None => format!("{action} {}", effect.node),
    }
}
