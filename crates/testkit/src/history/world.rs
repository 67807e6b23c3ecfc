//! The world of a history: machines with agents; the cluster knows only their reports.
//!
//! Everything is kept by name, because ids change with the configuration. Agents are honest: they
//! carry out what [`Agent`] admits, and report that a resource is off only if it is. They list
//! resources that are still stopping, and now and then those that are still starting, among the
//! running ones; both operations end after the node has joined.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate::agent::{Admission, Agent, Ending, Meanwhile, Task};
use quorate::cluster::{Effect, Outcome, RunningState};
use quorate::id::{Incarnation, Names, OpId};
use quorate::state::OperationKind;

use crate::history::step::Manner;
use crate::{Breach, ensure};

/// One in this number of failed starts fails for good.
const FOR_GOOD: u64 = 4;

/// Everything that the cluster does not see.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) machines: BTreeMap<String, Machine>,
    /// Operations that are on their way to an agent, or that an agent holds.
    pub(crate) jobs: Vec<Job>,
    /// The last operations that were handed out; each may arrive once more, at any later time.
    late: VecDeque<Job>,
    /// Answers that are held back.
    pub(crate) held: Vec<(u64, Outcome)>,
    /// Lists that are held back.
    pub(crate) lists: VecDeque<Listing>,
    /// Answers that were given.
    pub(crate) given: Vec<(u64, Outcome)>,
    /// Resources about which a false report was made; they are no longer judged.
    pub(crate) tainted: BTreeSet<String>,
    /// True if a false report was made about a whole node.
    pub(crate) is_tainted: bool,
}

/// A machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) is_powered: bool,
    /// True if it can send and receive.
    pub(crate) is_connected: bool,
    agent: Agent<Names>,
    running: BTreeMap<String, Right>,
    starting: BTreeMap<String, u64>,
    /// Resources that are being stopped or terminated, and run until that ends.
    stopping: BTreeSet<String>,
    /// The time at which it stops everything by itself, because it lost contact.
    pub(crate) stops_at: Option<u64>,
}

/// The reason why a resource runs: an operation of the cluster, or none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Right {
    Asked,
    Rogue,
}

/// An operation as it was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) effect: Effect<Names>,
}

impl Job {
    /// Tells whether it is for a fencing device and not for the agents of the node.
    pub(crate) fn is_fence(&self) -> bool {
        self.effect.action == OperationKind::Fence
    }
}

/// The answer of a node that lists what it runs, in one of its lives.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) node: String,
    pub(crate) incarnation: Incarnation,
    pub(crate) operation: OpId,
    pub(crate) running: Vec<(String, RunningState)>,
}

/// The result of a job that reached its agent.
enum Done {
    Answered(Outcome),
    /// The job waits for an older one of its resource.
    Waits,
    /// The job was refused, or hangs.
    Silent,
}

/// The number of operations that may arrive late.
const LATE: usize = 48;

impl World {
    /// Lets time pass: machines that lost contact stop everything when their time is over.
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

    /// Takes an operation; a repeated one replaces the first.
    pub(crate) fn take(&mut self, effect: Effect<Names>) {
        self.jobs.retain(|job| job.effect.operation != effect.operation);
        let job = Job { effect };
        self.late.truncate(LATE - 1);
        self.late.push_front(job.clone());
        self.jobs.push(job);
    }

    /// Lets an operation arrive late, or once more: a copy of it was still on its way.
    pub(crate) fn arrive_late(&mut self, which: usize) -> Option<(u64, Outcome)> {
        let job = self.late.get(which.checked_rem(self.late.len())?)?.clone();
        let machine = self.machines.entry(job.effect.node.clone()).or_default();
        if !machine.is_powered || !machine.is_connected {
            return None;
        }
        match machine.carry_out(&job, Manner::Succeed) {
            Done::Answered(outcome) => Some((job.effect.operation.value(), outcome)),
            Done::Waits | Done::Silent => None,
        }
    }

    /// Stops a resource that an operator confirmed to be off; its operations on the way are
    /// dropped.
    pub(crate) fn put_off(&mut self, node: &str, resource: &String) {
        self.machine(node).kill(resource);
        let is_other =
            |job: &Job| job.effect.node != node || job.effect.resource.as_ref() != Some(resource);
        self.jobs.retain(is_other);
        self.late.retain(is_other);
    }

    /// Works on a job and returns the answer; `None` if there is none.
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
        if job.is_fence() {
            self.jobs.remove(index);
            return self.fence(&job, manner).map(|outcome| (id, outcome));
        }
        let machine = self.machines.entry(job.effect.node.clone()).or_default();
        if !machine.is_powered || !machine.is_connected {
            // The machine cannot be reached.
            return None;
        }
        let outcome = match machine.carry_out(&job, manner) {
            Done::Answered(outcome) => Some(outcome),
            Done::Waits => return None,
            Done::Silent => None,
        };
        self.jobs.remove(index);
        let outcome = outcome?;
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

    /// Returns the list of a machine that is asked what it runs, if it can be reached and its
    /// agents remember their work. A list that is held back is given later.
    pub(crate) fn list(&mut self, index: usize, manner: Manner) -> Option<Listing> {
        let job = self.jobs.get(index)?.clone();
        let Effect { node, incarnation, operation, .. } = job.effect;
        let machine = self.machines.entry(node.clone()).or_default();
        if !machine.is_powered || !machine.is_connected {
            return None;
        }
        self.jobs.remove(index);
        machine.agent.answers(operation, incarnation).ok()?;
        let running = machine.inventory();
        let listing = Listing { node, incarnation, operation, running };
        match manner {
            Manner::Succeed => Some(listing),
            Manner::SucceedLate | Manner::FailLate | Manner::FailDirty => {
                self.lists.push_back(listing);
                None
            }
            Manner::SucceedMute
            | Manner::Fail
            | Manner::Hang
            | Manner::GiveUp
            | Manner::Progress
            | Manner::Drop => None,
        }
    }

    /// Records that the group of a resource takes it over: from now on it runs by the will of the
    /// cluster.
    pub(crate) fn take_over(&mut self, node: &str, resource: &str) {
        if let Some(right) = self.machine(node).running.get_mut(resource) {
            *right = Right::Asked;
        }
    }

    /// Runs a resource on some machines before it is declared.
    pub(crate) fn run_already(&mut self, resource: &str, count: usize, first: usize) {
        let mut powered: Vec<&mut Machine> =
            self.machines.values_mut().filter(|machine| machine.is_powered).collect();
        let on = powered.len();
        for step in 0..count.min(on) {
            if let Some(machine) = first.checked_add(step).and_then(|at| powered.get_mut(at % on)) {
                machine.go_rogue(resource);
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

    /// Judges the most important rule: at most one copy of each resource runs, and all running
    /// resources of a group run on one machine.
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

impl Default for Machine {
    fn default() -> Self {
        Self {
            is_powered: false,
            is_connected: false,
            agent: Agent::new(Incarnation::default()),
            running: BTreeMap::new(),
            starting: BTreeMap::new(),
            stopping: BTreeSet::new(),
            stops_at: None,
        }
    }
}

impl Machine {
    /// Takes away its power.
    pub(crate) fn crash(&mut self) {
        self.halt();
        self.is_powered = false;
        self.is_connected = false;
    }

    /// Starts the machine if it is off. If it needs a new life, that life is later than the known
    /// one.
    pub(crate) fn boot(&mut self, known: u64) {
        if !self.is_powered || self.must_begin_a_life() {
            self.is_powered = true;
            self.agent = Agent::new(Incarnation::new(self.incarnation().max(known) + 1));
        }
    }

    /// Tells whether its agent admits nothing more in this life. It does not wait for a floor.
    pub(crate) const fn must_begin_a_life(&self) -> bool {
        self.agent.is_over().is_some() || self.agent.life().awaits_floor()
    }

    /// Returns its present life.
    pub(crate) const fn incarnation(&self) -> u64 {
        self.agent.life().incarnation().value()
    }

    /// Stops everything on it, by its own decision.
    pub(crate) fn halt(&mut self) {
        self.agent.stop_itself();
        self.running.clear();
        self.starting.clear();
        self.stopping.clear();
    }

    /// Restarts its agent without memory; its operations in progress end with it.
    pub(crate) fn lose_memory(&mut self) {
        if self.is_powered && self.agent.is_over().is_none() {
            self.starting.clear();
            self.stopping.clear();
            self.agent = Agent::without_memory(self.agent.life().incarnation());
        }
    }

    /// Tells its agent the operation below which it remembers nothing.
    pub(crate) fn set_floor(&mut self, floor: OpId) {
        self.agent.set_floor(floor);
    }

    /// Forgets the groups and resources that are no longer declared.
    pub(crate) fn forget(
        &mut self,
        is_resource: impl Fn(&String) -> bool,
        is_group: impl Fn(&String) -> bool,
    ) {
        self.agent.forget(is_resource, is_group);
    }

    /// Returns the resources that run, including those that are being stopped, and those that are
    /// starting, each with the state that the agents know.
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

    /// Ends a resource because it died or an operator killed it.
    pub(crate) fn kill(&mut self, resource: &str) {
        self.running.remove(resource);
        self.starting.remove(resource);
        self.stopping.remove(resource);
    }

    pub(crate) fn go_rogue(&mut self, resource: &str) {
        self.running.entry(resource.to_owned()).or_insert(Right::Rogue);
    }

    /// Ends a start or stop that hung.
    pub(crate) fn ripen(&mut self, which: usize) {
        let stopping = self.stopping.iter().cloned();
        let mut hanging = stopping.chain(self.starting.keys().cloned());
        let Some(resource) = hanging.nth(which) else { return };
        let under_way = self.agent.desk(&resource).and_then(|desk| desk.under_way());
        if let Some(task) = under_way {
            self.end_older(&resource, task, false);
        }
        if self.stopping.contains(&resource) {
            self.kill(&resource);
        } else if self.starting.remove(&resource).is_some() {
            self.running.insert(resource, Right::Asked);
        }
    }

    /// Returns how many starts and stops hang.
    pub(crate) fn hanging_count(&self) -> usize {
        self.starting.len() + self.stopping.len()
    }

    /// Lets an agent carry out an operation or refuse it; a refusal is no answer.
    fn carry_out(&mut self, job: &Job, manner: Manner) -> Done {
        let Some(order) = job.effect.order() else { return Done::Silent };
        let (resource, id) = (&order.resource, order.task.operation);
        let admission = match self.agent.admit(&order) {
            Ok(admission) => admission,
            Err(_) => return Done::Silent,
        };
        match admission {
            Admission::Done(outcome) => return Done::Answered(outcome),
            Admission::Begin | Admission::UnderWay | Admission::Wait { .. } => {}
        }
        let under_way = self.agent.desk(resource).and_then(|desk| desk.under_way());
        if let Some(older) = under_way.filter(|task| task.operation != id) {
            // An older operation that cannot be cancelled and does not end is awaited.
            if !manner.is_well() {
                return Done::Waits;
            }
            let is_cancelled =
                matches!(admission, Admission::Wait { meanwhile: Meanwhile::Cancel, .. });
            self.end_older(resource, older, is_cancelled);
        }
        let action = order.task.action;
        match self.carry_out_fresh(action, resource, id.value(), manner) {
            Some(outcome) => match self.agent.end(resource, id, outcome) {
                Ending::Report => Done::Answered(outcome),
                Ending::Begin(_) | Ending::Unknown => Done::Silent,
            },
            None => Done::Silent,
        }
    }

    /// Ends an older operation that hung: it is cancelled for a newer one, or completes.
    fn end_older(&mut self, resource: &String, older: Task, is_cancelled: bool) {
        match (older.action, is_cancelled) {
            (OperationKind::Start, true) => {
                self.starting.remove(resource);
            }
            (OperationKind::Start, false) => {
                if self.starting.remove(resource).is_some() {
                    self.running.insert(resource.clone(), Right::Asked);
                }
            }
            (_, true) => {
                self.stopping.remove(resource);
            }
            (_, false) => {
                if self.stopping.contains(resource) {
                    self.kill(resource);
                }
            }
        }
        self.agent.end(resource, older.operation, Outcome::Failed);
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
                // Some failures are for good.
                Some(match is_well {
                    true => Outcome::Succeeded,
                    false if manner == Manner::Fail && id.is_multiple_of(FOR_GOOD) => {
                        Outcome::FailedForGood
                    }
                    false => Outcome::Failed,
                })
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
            OperationKind::Fence | OperationKind::Inventory => None,
            other => unimplemented!("{other:?}"),
        }
    }
}
