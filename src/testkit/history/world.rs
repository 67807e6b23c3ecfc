//! What really runs where: machines with agents, of which the cluster knows only what it is told.
//!
//! Everything is kept by name, for ids change with the configuration. Agents are honest: they
//! refuse what is older than what they know (an earlier life of their machine, an earlier epoch of
//! the group, an operation older than the last one for the same resource), say that something is
//! off only if it is, and list what is still stopping, and now and then what is still starting,
//! among what runs; both end after the node has joined.

use std::collections::{BTreeMap, BTreeSet};
use std::prelude::v1::*;

use crate::cluster::{Effect, Outcome, RunningState};
use crate::id::Names;
use crate::state::OperationKind;

use crate::testkit::breach::{Breach, ensure};
use crate::testkit::history::step::Manner;

/// Everything that the cluster does not see.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) machines: BTreeMap<String, Machine>,
    /// Operations that are on their way to an agent or in its hands.
    pub(crate) jobs: Vec<Job>,
    /// Answers that are held back.
    pub(crate) held: Vec<(u64, Outcome)>,
    /// Answers that were given.
    pub(crate) given: Vec<(u64, Outcome)>,
    /// Resources of which something untrue was said; they are not judged any more.
    pub(crate) tainted: BTreeSet<String>,
    /// Something untrue was said of a whole node.
    pub(crate) is_tainted: bool,
}

/// A machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) is_powered: bool,
    /// Whether it hears and is heard.
    pub(crate) is_connected: bool,
    pub(crate) incarnation: u64,
    running: BTreeMap<String, Right>,
    starting: BTreeMap<String, u64>,
    /// What is being stopped or terminated, and runs until that ends.
    stopping: BTreeSet<String>,
    epochs: BTreeMap<String, u64>,
    last_jobs: BTreeMap<String, (u64, Option<Outcome>)>,
    /// When it stops everything by itself, because it lost contact.
    pub(crate) stops_at: Option<u64>,
}

/// Whether a resource runs because the cluster asked for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Right {
    Asked,
    Rogue,
}

/// An operation as it was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) effect: Effect<Names>,
    pub(crate) group: Option<String>,
}

impl World {
    /// Time passes: machines that lost contact stop everything when their time is over.
    pub(crate) fn tick(&mut self, now: u64) {
        for machine in self.machines.values_mut() {
            if machine.stops_at.is_some_and(|at| at <= now) {
                machine.halt();
                machine.stops_at = None;
            }
        }
    }

    pub(crate) fn machine(&mut self, node: &str) -> &mut Machine {
        self.machines.entry(node.to_owned()).or_default()
    }

    /// Takes an operation; the same one again replaces the first.
    pub(crate) fn take(&mut self, effect: Effect<Names>, group: Option<String>) {
        self.jobs.retain(|job| job.effect.operation != effect.operation);
        self.jobs.push(Job { effect, group });
    }

    /// Deals with a job; `None` is no answer.
    pub(crate) fn work(&mut self, index: usize, manner: Manner) -> Option<(u64, Outcome)> {
        let job = self.jobs.get(index)?.clone();
        let id = job.effect.operation.value();
        if manner == Manner::Drop {
            self.jobs.remove(index);
            return None;
        }
        if manner == Manner::GiveUp {
            return Some((id, Outcome::TimedOut));
        }
        if job.effect.action == OperationKind::Fence {
            self.jobs.remove(index);
            return self.fence(&job, manner).map(|outcome| (id, outcome));
        }
        let machine = self.machines.entry(job.effect.node.clone()).or_default();
        if !machine.is_powered || !machine.is_connected {
            // It cannot be reached.
            return None;
        }
        self.jobs.remove(index);
        let outcome = machine.carry_out(&job, manner)?;
        match manner {
            Manner::SucceedLate | Manner::FailLate => {
                self.held.push((id, outcome));
                None
            }
            Manner::SucceedMute => None,
            Manner::Succeed
            | Manner::Fail
            | Manner::FailDirty
            | Manner::Hang
            | Manner::GiveUp
            | Manner::Progress
            | Manner::Drop => {
                self.given.push((id, outcome));
                Some((id, outcome))
            }
        }
    }

    fn fence(&mut self, job: &Job, manner: Manner) -> Option<Outcome> {
        let machine = self.machine(&job.effect.node);
        match manner {
            Manner::Succeed | Manner::SucceedLate | Manner::SucceedMute => machine.crash(),
            Manner::FailDirty => {
                machine.crash();
                return Some(Outcome::Failed);
            }
            Manner::Fail | Manner::FailLate => return Some(Outcome::Failed),
            Manner::Hang | Manner::GiveUp | Manner::Progress | Manner::Drop => return None,
        }
        let outcome = Outcome::Succeeded;
        match manner {
            Manner::SucceedLate => {
                self.held.push((job.effect.operation.value(), outcome));
                None
            }
            Manner::SucceedMute => None,
            _ => Some(outcome),
        }
    }

    /// Judges the one rule for which everything else is there: of each resource at most one copy
    /// runs, and what runs of a group runs on one machine.
    pub(crate) fn judge(&self, groups: &BTreeMap<String, Vec<String>>) -> Result<(), Breach> {
        if self.is_tainted {
            return Ok(());
        }
        for (group, resources) in groups {
            let mut machines: BTreeSet<&String> = BTreeSet::new();
            for resource in resources.iter().filter(|name| !self.tainted.contains(*name)) {
                let on: Vec<&String> = self.copies(resource).collect();
                ensure!(S1, on.len() <= 1, "{resource} runs on {on:?} at once");
                machines.extend(on);
            }
            ensure!(S4, machines.len() <= 1, "group {group} runs on {machines:?} at once");
        }
        Ok(())
    }

    fn copies<'a>(&'a self, resource: &'a str) -> impl Iterator<Item = &'a String> {
        self.machines.iter().filter_map(move |(name, machine)| {
            (machine.is_powered && machine.running.get(resource) == Some(&Right::Asked))
                .then_some(name)
        })
    }
}

impl Machine {
    /// It loses power.
    pub(crate) fn crash(&mut self) {
        self.halt();
        self.is_powered = false;
        self.is_connected = false;
    }

    /// It starts in a new life, if it is off.
    pub(crate) fn boot(&mut self) {
        if !self.is_powered {
            self.is_powered = true;
            self.incarnation += 1;
            self.epochs.clear();
            self.last_jobs.clear();
        }
    }

    /// Everything on it stops.
    pub(crate) fn halt(&mut self) {
        self.running.clear();
        self.starting.clear();
        self.stopping.clear();
    }

    /// What its agents know of groups and resources that are declared no more.
    pub(crate) fn forget(&mut self, is_group: impl Fn(&str) -> bool) {
        self.epochs.retain(|group, _| is_group(group));
    }

    /// What runs, also what is being stopped, and what is starting, each with what the agents know
    /// of it.
    pub(crate) fn inventory(&self) -> Vec<(String, RunningState)> {
        let running = self.running.keys().map(|name| match self.stopping.contains(name) {
            true => (name.clone(), RunningState::Stopping),
            false => (name.clone(), RunningState::Online),
        });
        let is_new = |name: &&String| !self.running.contains_key(*name);
        let starting = self.starting.keys().filter(is_new);
        running.chain(starting.map(|name| (name.clone(), RunningState::Starting))).collect()
    }

    pub(crate) fn runs(&self, resource: &str) -> bool {
        self.running.contains_key(resource)
    }

    /// A resource dies, or an operator kills it.
    pub(crate) fn kill(&mut self, resource: &str) {
        self.running.remove(resource);
        self.starting.remove(resource);
        self.stopping.remove(resource);
    }

    pub(crate) fn go_rogue(&mut self, resource: &str) {
        self.running.entry(resource.to_owned()).or_insert(Right::Rogue);
    }

    /// A start or stop that hung comes to its end.
    pub(crate) fn ripen(&mut self, which: usize) {
        if let Some(resource) = self.stopping.iter().nth(which).cloned() {
            self.kill(&resource);
            return;
        }
        let which = which.saturating_sub(self.stopping.len());
        let Some(resource) = self.starting.keys().nth(which).cloned() else { return };
        self.starting.remove(&resource);
        self.running.insert(resource, Right::Asked);
    }

    /// How many starts and stops hang.
    pub(crate) fn hanging_count(&self) -> usize {
        self.starting.len() + self.stopping.len()
    }

    /// An agent carries out an operation, or refuses it.
    fn carry_out(&mut self, job: &Job, manner: Manner) -> Option<Outcome> {
        let effect = &job.effect;
        let resource = effect.resource.clone()?;
        let (id, epoch) = (effect.operation.value(), effect.epoch.value());
        let group = job.group.clone().unwrap_or_default();
        let known = self.epochs.get(&group).copied().unwrap_or(0);
        let last = self.last_jobs.get(&resource).copied();
        let is_stale = effect.incarnation.value() != self.incarnation
            || epoch < known
            || last.is_some_and(|(last, _)| id < last);
        if is_stale {
            return (effect.action != OperationKind::Probe).then_some(Outcome::Failed);
        }
        if let Some((last, Some(outcome))) = last
            && last == id
        {
            return Some(outcome);
        }
        self.epochs.insert(group, epoch);
        let outcome = self.carry_out_fresh(effect.action, &resource, id, manner);
        self.last_jobs.insert(resource, (id, outcome));
        outcome
    }

    fn carry_out_fresh(
        &mut self,
        action: OperationKind,
        resource: &str,
        id: u64,
        manner: Manner,
    ) -> Option<Outcome> {
        let is_well = match manner {
            Manner::Succeed | Manner::SucceedLate | Manner::SucceedMute => true,
            Manner::Fail | Manner::FailLate | Manner::FailDirty => false,
            Manner::Hang | Manner::GiveUp | Manner::Progress | Manner::Drop => {
                match action {
                    OperationKind::Start => {
                        self.stopping.remove(resource);
                        self.starting.insert(resource.to_owned(), id);
                    }
                    OperationKind::Stop | OperationKind::Terminate if self.runs(resource) => {
                        self.stopping.insert(resource.to_owned());
                    }
                    _ => {}
                }
                return None;
            }
        };
        match action {
            OperationKind::Start => {
                if is_well || manner == Manner::FailDirty {
                    self.starting.remove(resource);
                    self.stopping.remove(resource);
                    self.running.insert(resource.to_owned(), Right::Asked);
                }
                Some(if is_well { Outcome::Succeeded } else { Outcome::Failed })
            }
            OperationKind::Stop | OperationKind::Terminate => {
                if is_well || manner == Manner::FailDirty {
                    self.kill(resource);
                }
                Some(if is_well { Outcome::Succeeded } else { Outcome::Failed })
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                let is_alive = is_well && self.runs(resource);
                Some(if is_alive { Outcome::Succeeded } else { Outcome::Failed })
            }
            OperationKind::Probe => {
                let is_on = self.runs(resource) || self.starting.contains_key(resource);
                Some(match (is_well, is_on) {
                    (false, _) => Outcome::Failed,
                    (true, true) => Outcome::Running,
                    (true, false) => Outcome::NotRunning,
                })
            }
            OperationKind::Fence => None,
        }
    }
}
