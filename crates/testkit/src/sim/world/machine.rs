//! A machine with its agents.
//!
//! Agents are honest unless told to lie: they carry out what [`Agent`] admits, report something to
//! be off only if it is, and list what is still starting among what runs.

use quorate::agent::{Admission, Agent, Ending, Meanwhile, Order, Task};
use quorate::cluster::Outcome;
use quorate::id::{Epoch, Incarnation, OpId};
use quorate::state::OperationKind;

use super::bits::Bits;
use super::book::Book;
use super::key::{Key, Keys};
use super::op::{Manner, Op};

/// Of the starts that fail, one in this many fails permanently.
const FOR_GOOD: u64 = 16;

/// The messages that get through between a machine and the rest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Link {
    /// All messages get through.
    #[default]
    Whole,
    /// Only messages from the machine get through.
    Deaf,
    /// Only messages to the machine get through.
    Mute,
    /// No messages get through.
    Cut,
}

/// A machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) is_powered: bool,
    pub(crate) is_frozen: bool,
    pub(crate) link: Link,
    /// Number of times that the node was taken in or given up.
    pub(crate) session: u32,
    /// The time at which the machine stops everything by itself because it lost contact.
    pub(crate) stops_at: Option<u64>,
    /// True if the machine was reported to be off while it ran. No promise covers what it still
    /// starts.
    pub(crate) is_disowned: bool,
    /// Resources that run because the cluster asked for it.
    asked: Bits,
    /// Resources that run for any other reason.
    rogue: Bits,
    starting: Vec<Starting>,
    /// The agents' knowledge of the operations that were asked of them.
    agent: Agent<Keys>,
}

/// A start under way.
#[derive(Clone, Copy, Debug)]
struct Starting {
    resource: Key,
    operation: u64,
    is_rogue: bool,
}

/// The reaction of an agent to an order that arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taken {
    /// The agent starts to work.
    Begun,
    /// The agent had done the work before, and answers at once.
    Answered(Outcome),
    /// The agent is busy with an older operation of the resource, which is not cancelled for this
    /// one.
    Waits(Task),
    /// The agent refuses the order, or is already working on it.
    Ignored,
}

/// The result of work that has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Finished {
    /// The agent reports this outcome.
    Said(Outcome),
    /// The operation was superseded; the agent starts to work on this one.
    Next(OpId),
    /// The agent reports nothing.
    Nothing,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            is_powered: false,
            is_frozen: false,
            link: Link::default(),
            session: 0,
            stops_at: None,
            is_disowned: false,
            asked: Bits::default(),
            rogue: Bits::default(),
            starting: Vec::new(),
            agent: Agent::new(Incarnation::default()),
        }
    }
}

impl Machine {
    /// Tells whether messages to the machine arrive.
    pub(crate) fn hears(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Mute)
    }

    /// Tells whether messages from the machine arrive.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Deaf)
    }

    /// Cuts the power of the machine.
    pub(crate) fn crash(&mut self) {
        self.halt();
        self.is_powered = false;
        self.is_frozen = false;
        self.stops_at = None;
    }

    /// Boots the machine, if it is off. If necessary it begins a new life, later than the known
    /// one.
    pub(crate) fn boot(&mut self, known: u64) {
        if !self.is_powered || self.must_begin_a_life() {
            self.is_powered = true;
            let life = self.incarnation().max(known).saturating_add(1);
            self.agent = Agent::new(Incarnation::new(life));
        }
    }

    /// Returns the present life of the machine.
    pub(crate) const fn incarnation(&self) -> u64 {
        self.agent.life().incarnation().value()
    }

    /// Tells whether its agents admit nothing more in this life. They do not wait for a floor.
    pub(crate) const fn must_begin_a_life(&self) -> bool {
        self.agent.is_over().is_some() || self.agent.life().awaits_floor()
    }

    /// Stops everything on the machine by its own decision, including the work of its agents.
    pub(crate) fn halt(&mut self) {
        self.agent.stop_itself();
        self.asked.clear();
        self.rogue.clear();
        self.starting.clear();
        self.is_disowned = false;
    }

    /// Restarts the agents without their memory; their operations under way end with them.
    pub(crate) fn lose_memory(&mut self) {
        if self.agent.is_over().is_none() {
            self.starting.clear();
            self.agent = Agent::without_memory(self.agent.life().incarnation());
        }
    }

    /// Tells the agents up to which operation they remember nothing.
    pub(crate) fn set_floor(&mut self, floor: OpId) {
        self.agent.set_floor(floor);
    }

    /// Removes the agents' knowledge of groups and resources that are no longer declared.
    pub(crate) fn forget(&mut self, book: &Book) {
        self.agent.forget(
            |resource| book.resource_id(*resource).is_some(),
            |group| book.group_id(*group).is_some(),
        );
    }

    /// Returns the resources that run because the cluster asked for it.
    pub(crate) fn asked(&self) -> Bits {
        self.asked
    }

    /// Returns the resources that run or are starting.
    pub(crate) fn inventory(&self) -> Bits {
        let mut all = self.asked.either(self.rogue);
        self.starting.iter().for_each(|start| all.add(start.resource));
        all
    }

    pub(crate) fn runs(&self, resource: Key) -> bool {
        self.asked.has(resource) || self.rogue.has(resource)
    }

    /// Returns the start that began the present run of a resource, as its agent knows it.
    pub(crate) fn run(&self, resource: Key) -> Option<OpId> {
        self.agent.run(&resource)
    }

    pub(crate) fn is_starting(&self, resource: Key) -> bool {
        self.starting.iter().any(|start| start.resource == resource)
    }

    /// Lets a resource die.
    pub(crate) fn kill(&mut self, resource: Key) {
        self.asked.remove(resource);
        self.rogue.remove(resource);
        self.starting.retain(|start| start.resource != resource);
    }

    pub(crate) fn go_rogue(&mut self, resource: Key) {
        self.rogue.add(resource);
    }

    /// Marks a copy as disowned, because something untrue was reported about it: no promise covers
    /// it any more.
    pub(crate) fn disown(&mut self, resource: Key) {
        if self.asked.has(resource) {
            self.asked.remove(resource);
            self.rogue.add(resource);
        }
        for start in self.starting.iter_mut().filter(|start| start.resource == resource) {
            start.is_rogue = true;
        }
    }

    /// Lets promises cover a copy again, in spite of earlier reports.
    pub(crate) fn own(&mut self, resource: Key) {
        self.rogue.remove(resource);
        self.asked.add(resource);
    }

    /// Disowns every copy on the machine, and those that it still starts in this life.
    pub(crate) fn disown_all(&mut self) {
        self.rogue = self.rogue.either(self.asked);
        self.asked.clear();
        self.starting.iter_mut().for_each(|start| start.is_rogue = true);
        self.is_disowned = true;
    }

    /// Hands an order to the agent of a resource.
    pub(crate) fn take(&mut self, op: &Op, resource: Key, group: Option<Key>) -> Taken {
        let task = Task {
            operation: OpId::new(op.id),
            action: op.action,
            epoch: Epoch::new(op.epoch),
            incarnation: Incarnation::new(op.incarnation),
        };
        let group = group.unwrap_or(Key::at(usize::MAX));
        match self.agent.admit(&Order { task, resource, group }) {
            Err(_) => Taken::Ignored,
            Ok(Admission::Done(outcome)) => Taken::Answered(outcome),
            Ok(Admission::Begin) => {
                self.begin(op, resource);
                Taken::Begun
            }
            Ok(Admission::Wait { behind, meanwhile: Meanwhile::Cancel }) => {
                self.cancel(behind, resource);
                self.begin(op, resource);
                Taken::Begun
            }
            Ok(Admission::Wait { behind, meanwhile: Meanwhile::LetItEnd }) => Taken::Waits(behind),
            Ok(Admission::UnderWay) => match self.in_hands(resource) {
                Some(older) if older.operation != task.operation => Taken::Waits(older),
                Some(_) | None => Taken::Ignored,
            },
        }
    }

    /// Cancels an operation that an agent has under way: it has no effect any more.
    pub(crate) fn cancel(&mut self, older: Task, resource: Key) {
        self.starting.retain(|start| start.operation != older.operation.value());
        self.agent.end(&resource, older.operation, Outcome::Failed);
    }

    /// Lets an agent start to work.
    pub(crate) fn begin(&mut self, op: &Op, resource: Key) {
        if op.action == OperationKind::Start {
            self.starting.retain(|start| start.resource != resource);
            let is_rogue = self.is_disowned || op.is_disowned;
            self.starting.push(Starting { resource, operation: op.id, is_rogue });
        }
    }

    /// Tells whether its agents answer an inventory.
    pub(crate) fn answers(&self, op: &Op) -> bool {
        let (operation, incarnation) = (OpId::new(op.id), Incarnation::new(op.incarnation));
        self.is_powered && !self.is_frozen && self.agent.answers(operation, incarnation).is_ok()
    }

    /// Returns the operation that an agent has under way for a resource.
    fn in_hands(&self, resource: Key) -> Option<Task> {
        self.agent.desk(&resource).and_then(|desk| desk.under_way())
    }

    /// Tells whether an agent still has this operation under way.
    pub(crate) fn has_in_hands(&self, op: &Op, resource: Key) -> bool {
        self.is_powered
            && !self.is_frozen
            && self.agent.is_over().is_none()
            && self.in_hands(resource).is_some_and(|task| {
                task.operation.value() == op.id && task.incarnation.value() == op.incarnation
            })
    }

    /// Returns all operations that agents have under way, however long they hang.
    pub(crate) fn all_in_hands(&self) -> impl Iterator<Item = OpId> + '_ {
        self.agent.under_way().map(|(_, task)| task.operation)
    }

    /// Ends the operation that an agent has under way, and returns what it reports.
    pub(crate) fn finish(&mut self, op: &Op, resource: Key, manner: Manner) -> Finished {
        let outcome = self.carry_out(op, resource, manner);
        match self.agent.end(&resource, OpId::new(op.id), outcome) {
            Ending::Report => Finished::Said(outcome),
            Ending::Begin(task) => Finished::Next(task.operation),
            Ending::Unknown => Finished::Nothing,
        }
    }

    fn carry_out(&mut self, op: &Op, resource: Key, manner: Manner) -> Outcome {
        let is_done = match manner {
            Manner::Well | Manner::Dirty => true,
            Manner::Badly | Manner::Lying => false,
        };
        let told = match manner {
            Manner::Well | Manner::Lying => Outcome::Succeeded,
            Manner::Badly | Manner::Dirty => Outcome::Failed,
        };
        match op.action {
            OperationKind::Start => {
                self.end_start(op.id, resource, is_done);
                // Some starts that fail can never succeed.
                match manner {
                    Manner::Badly if op.id.is_multiple_of(FOR_GOOD) => Outcome::FailedForGood,
                    Manner::Well | Manner::Badly | Manner::Dirty | Manner::Lying => told,
                }
            }
            OperationKind::Stop | OperationKind::Terminate => {
                if is_done {
                    self.kill(resource);
                } else if manner == Manner::Lying {
                    self.disown(resource);
                }
                told
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                match is_done && self.runs(resource) {
                    true => Outcome::Succeeded,
                    false => Outcome::Failed,
                }
            }
            OperationKind::Probe => {
                match (is_done, self.runs(resource) || self.is_starting(resource)) {
                    (false, _) => Outcome::Failed,
                    (true, true) => Outcome::Running,
                    (true, false) => Outcome::NotRunning,
                }
            }
            OperationKind::Fence | OperationKind::Inventory => Outcome::Failed,
            other => unimplemented!("{other:?}"),
        }
    }

    fn end_start(&mut self, operation: u64, resource: Key, is_done: bool) {
        let at = self
            .starting
            .iter()
            .position(|start| start.resource == resource && start.operation == operation);
        let Some(start) = at.map(|at| self.starting.swap_remove(at)) else { return };
        match (is_done, start.is_rogue) {
            (true, false) => self.asked.add(resource),
            (true, true) => self.rogue.add(resource),
            (false, _) => {}
        }
    }
}
