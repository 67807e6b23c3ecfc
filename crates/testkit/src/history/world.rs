//! The world of a history: machines with agents, operations on their way to them, and answers on
//! their way back. Everything is kept by name, because ids change with the configuration.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate::agent::{Meanwhile, Order, Task};
use quorate::cluster::{Effect, Outcome, RunningState};
use quorate::id::{Incarnation, Names, OpId};
use quorate::state::OperationKind;

use crate::Breach;
use crate::history::step::Manner;
use crate::machine::{self, Finished, Right, Taken, doubles};

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

/// A machine of a history.
pub(crate) type Machine = crate::machine::Machine<Names>;

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
            if machine.is_out_of_time(now) {
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
        if !machine.is_in_contact() {
            return None;
        }
        match carry_out(machine, &job, Manner::Succeed) {
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
        if !machine.is_in_contact() {
            return None;
        }
        let outcome = match carry_out(machine, &job, manner) {
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
        if !machine.is_in_contact() {
            return None;
        }
        self.jobs.remove(index);
        if !machine.answers(operation, incarnation) {
            return None;
        }
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
    pub(crate) fn take_over(&mut self, node: &str, resource: &String) {
        self.machine(node).own(resource);
    }

    /// Runs a resource on some machines before it is declared.
    pub(crate) fn run_already(&mut self, resource: &str, count: usize, first: usize) {
        let mut powered: Vec<&mut Machine> =
            self.machines.values_mut().filter(|machine| machine.is_powered).collect();
        let on = powered.len();
        for step in 0..count.min(on) {
            if let Some(machine) = first.checked_add(step).and_then(|at| powered.get_mut(at % on)) {
                machine.go_rogue(resource.to_owned());
            }
        }
    }

    fn fence(&mut self, job: &Job, manner: Manner) -> Option<Outcome> {
        let outcome = self.machine(&job.effect.node).strike(of_device(manner)?);
        match manner {
            Manner::SucceedLate => {
                self.held.push((job.effect.operation.value(), outcome));
                None
            }
            Manner::SucceedMute => None,
            Manner::Succeed
            | Manner::Fail
            | Manner::FailDirty
            | Manner::FailLate
            | Manner::Hang
            | Manner::GiveUp
            | Manner::Progress
            | Manner::Drop => Some(outcome),
        }
    }

    /// Judges the most important rule: nothing runs twice.
    pub(crate) fn judge(&self, groups: &BTreeMap<String, Vec<String>>) -> Result<(), Breach> {
        if self.is_tainted {
            return Ok(());
        }
        let copies = groups.iter().flat_map(|(group, resources)| {
            let judged = resources.iter().filter(|of| !self.tainted.contains(*of));
            judged.flat_map(move |resource| {
                self.copies(resource).map(move |on| (group.as_str(), resource.as_str(), on))
            })
        });
        doubles::judge(copies, |copy| copy)
    }

    /// Returns the machines on which a resource runs as asked for.
    fn copies<'a>(&'a self, resource: &'a String) -> impl Iterator<Item = &'a str> {
        let on = self.machines.iter().filter(move |(_, machine)| machine.runs_as_asked(resource));
        on.map(|(name, _)| name.as_str())
    }
}

/// Returns how a fencing device does its work, if it does any.
const fn of_device(manner: Manner) -> Option<machine::Manner> {
    match manner {
        Manner::Succeed | Manner::SucceedLate | Manner::SucceedMute => Some(machine::Manner::Well),
        Manner::FailDirty => Some(machine::Manner::Dirty),
        Manner::Fail | Manner::FailLate => Some(machine::Manner::Badly),
        Manner::Hang | Manner::GiveUp | Manner::Progress | Manner::Drop => None,
    }
}

/// Returns how an agent does its work; `None` if it never ends.
fn of_agent(task: Task, manner: Manner) -> Option<machine::Manner> {
    let is_start = task.action == OperationKind::Start;
    let is_stop = matches!(task.action, OperationKind::Stop | OperationKind::Terminate);
    let is_hopeless = task.operation.value().is_multiple_of(FOR_GOOD);
    if is_start && is_hopeless && manner == Manner::Fail {
        return Some(machine::Manner::BadlyForGood);
    }
    // A check that fails has done nothing.
    if !is_start && !is_stop && manner == Manner::FailDirty {
        return Some(machine::Manner::Badly);
    }
    of_device(manner)
}

/// Lets an agent carry out an operation or refuse it; a refusal is no answer.
fn carry_out(machine: &mut Machine, job: &Job, manner: Manner) -> Done {
    let Some(Order { task, resource, group }) = job.effect.order() else { return Done::Silent };
    match machine.take(&Order { task, resource: resource.clone(), group }, Right::Asked) {
        Taken::Refused => return Done::Silent,
        Taken::Answered(outcome) => return Done::Answered(outcome),
        // An older operation that cannot be cancelled and does not end is awaited.
        Taken::Waits(..) if !manner.is_well() => return Done::Waits,
        Taken::Waits(older, Meanwhile::Cancel) => machine.cancel(older, &resource),
        Taken::Waits(older, Meanwhile::LetItEnd) => {
            machine.finish(older, &resource, machine::Manner::Dirty);
        }
        Taken::Begun | Taken::UnderWay => {}
    }
    machine.begin(task, &resource, Right::Asked);
    let Some(manner) = of_agent(task, manner) else { return Done::Silent };
    match machine.finish(task, &resource, manner) {
        Finished::Said(outcome) => Done::Answered(outcome),
        Finished::Next(_) | Finished::Nothing => Done::Silent,
    }
}

/// Ends a start or stop that hung: it has been done, but its agent does not say so.
pub(crate) fn ripen(machine: &mut Machine, resource: &String) {
    if let Some(task) = machine.in_hands(resource) {
        machine.finish(task, resource, machine::Manner::Dirty);
    }
}
