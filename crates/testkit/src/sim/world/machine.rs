//! A machine with its agents.
//!
//! Agents are honest unless told to lie: they carry out what [`Agent`] admits, say that something
//! is off only if it is, and list what is still starting among what runs.

use quorate::agent::{Admission, Agent, Ending, Meanwhile, Order, Task};
use quorate::cluster::Outcome;
use quorate::id::{Epoch, Incarnation, OpId};
use quorate::state::OperationKind;

use super::bits::Bits;
use super::book::Book;
use super::key::{Key, Keys};
use super::op::{Manner, Op};

/// Of the starts that fail one in so many can never do better.
const FOR_GOOD: u64 = 16;

/// Which messages get through between a machine and the rest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Link {
    /// All of them.
    #[default]
    Whole,
    /// Only what it sends.
    Deaf,
    /// Only what is sent to it.
    Mute,
    /// None.
    Cut,
}

/// A machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) is_powered: bool,
    pub(crate) is_frozen: bool,
    pub(crate) link: Link,
    /// Counts the times that it was taken in or given up.
    pub(crate) session: u32,
    /// When it stops everything by itself, because it lost contact.
    pub(crate) stops_at: Option<u64>,
    /// Somebody said that it is off while it ran: what it still starts is nobody's promise.
    pub(crate) is_disowned: bool,
    /// What runs because the cluster asked for it.
    asked: Bits,
    /// What runs for any other reason.
    rogue: Bits,
    starting: Vec<Starting>,
    /// What its agents know of what was asked of them.
    agent: Agent<Keys>,
}

/// A start under way.
#[derive(Clone, Copy, Debug)]
struct Starting {
    resource: Key,
    operation: u64,
    is_rogue: bool,
}

/// What an agent does with an order that arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taken {
    /// It sets to work.
    Begun,
    /// It had done the work before, and says so at once.
    Answered(Outcome),
    /// An older operation of the same resource is in hands, which is not cancelled for this one.
    Waits(Task),
    /// It refuses it, or has it in hands already.
    Ignored,
}

/// What comes of work that has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Finished {
    /// The agent says so.
    Said(Outcome),
    /// Nobody waits for that any more; the agent sets to work on this one.
    Next(OpId),
    /// Nothing is said.
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
    /// Whether it hears what is sent to it.
    pub(crate) fn hears(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Mute)
    }

    /// Whether what it says is heard.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Deaf)
    }

    /// It loses power.
    pub(crate) fn crash(&mut self) {
        self.halt();
        self.is_powered = false;
        self.is_frozen = false;
        self.stops_at = None;
    }

    /// It starts, if it is off; and it begins a new life if it has to, later than the one that is
    /// known.
    pub(crate) fn boot(&mut self, known: u64) {
        if !self.is_powered || self.must_begin_a_life() {
            self.is_powered = true;
            let life = self.incarnation().max(known).saturating_add(1);
            self.agent = Agent::new(Incarnation::new(life));
        }
    }

    /// The life that it is in.
    pub(crate) const fn incarnation(&self) -> u64 {
        self.agent.life().incarnation().value()
    }

    /// Whether its agents admit nothing any more in this life. They do not wait for a floor.
    pub(crate) const fn must_begin_a_life(&self) -> bool {
        self.agent.is_over().is_some() || self.agent.life().awaits_floor()
    }

    /// Everything on it stops by its own decision, and what its agents were doing as well.
    pub(crate) fn halt(&mut self) {
        self.agent.stop_itself();
        self.asked.clear();
        self.rogue.clear();
        self.starting.clear();
        self.is_disowned = false;
    }

    /// Its agents are restarted and remember nothing; what they had in hands ends with them.
    pub(crate) fn lose_memory(&mut self) {
        if self.agent.is_over().is_none() {
            self.starting.clear();
            self.agent = Agent::without_memory(self.agent.life().incarnation());
        }
    }

    /// Its agents are told what they remember nothing of.
    pub(crate) fn set_floor(&mut self, floor: OpId) {
        self.agent.set_floor(floor);
    }

    /// What its agents know of groups and resources that are declared no more.
    pub(crate) fn forget(&mut self, book: &Book) {
        self.agent.forget(
            |resource| book.resource_id(*resource).is_some(),
            |group| book.group_id(*group).is_some(),
        );
    }

    /// What runs because the cluster asked for it.
    pub(crate) fn asked(&self) -> Bits {
        self.asked
    }

    /// What runs or is starting.
    pub(crate) fn inventory(&self) -> Bits {
        let mut all = self.asked.either(self.rogue);
        self.starting.iter().for_each(|start| all.add(start.resource));
        all
    }

    pub(crate) fn runs(&self, resource: Key) -> bool {
        self.asked.has(resource) || self.rogue.has(resource)
    }

    /// The start that the run of a resource goes back to, as its agent knows it.
    pub(crate) fn run(&self, resource: Key) -> Option<OpId> {
        self.agent.run(&resource)
    }

    pub(crate) fn is_starting(&self, resource: Key) -> bool {
        self.starting.iter().any(|start| start.resource == resource)
    }

    /// A resource dies, or somebody kills it.
    pub(crate) fn kill(&mut self, resource: Key) {
        self.asked.remove(resource);
        self.rogue.remove(resource);
        self.starting.retain(|start| start.resource != resource);
    }

    pub(crate) fn go_rogue(&mut self, resource: Key) {
        self.rogue.add(resource);
    }

    /// Something untrue was said of a copy: nobody promises anything about it any more.
    pub(crate) fn disown(&mut self, resource: Key) {
        if self.asked.has(resource) {
            self.asked.remove(resource);
            self.rogue.add(resource);
        }
        for start in self.starting.iter_mut().filter(|start| start.resource == resource) {
            start.is_rogue = true;
        }
    }

    /// A copy is judged again, whatever was said of it.
    pub(crate) fn own(&mut self, resource: Key) {
        self.rogue.remove(resource);
        self.asked.add(resource);
    }

    /// The same for everything on it, and for what it still starts in this life.
    pub(crate) fn disown_all(&mut self) {
        self.rogue = self.rogue.either(self.asked);
        self.asked.clear();
        self.starting.iter_mut().for_each(|start| start.is_rogue = true);
        self.is_disowned = true;
    }

    /// An order arrives.
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

    /// What an agent has in hands is cancelled: nothing comes of it any more.
    pub(crate) fn cancel(&mut self, older: Task, resource: Key) {
        self.starting.retain(|start| start.operation != older.operation.value());
        self.agent.end(&resource, older.operation, Outcome::Failed);
    }

    /// An agent sets to work.
    pub(crate) fn begin(&mut self, op: &Op, resource: Key) {
        if op.action == OperationKind::Start {
            self.starting.retain(|start| start.resource != resource);
            let is_rogue = self.is_disowned || op.is_disowned;
            self.starting.push(Starting { resource, operation: op.id, is_rogue });
        }
    }

    /// Whether its agents answer what it runs.
    pub(crate) fn answers(&self, op: &Op) -> bool {
        let (operation, incarnation) = (OpId::new(op.id), Incarnation::new(op.incarnation));
        self.is_powered && !self.is_frozen && self.agent.answers(operation, incarnation).is_ok()
    }

    /// What an agent has in hands for a resource.
    fn in_hands(&self, resource: Key) -> Option<Task> {
        self.agent.desk(&resource).and_then(|desk| desk.under_way())
    }

    /// Whether an agent still has this operation in hands.
    pub(crate) fn has_in_hands(&self, op: &Op, resource: Key) -> bool {
        self.is_powered
            && !self.is_frozen
            && self.agent.is_over().is_none()
            && self.in_hands(resource).is_some_and(|task| {
                task.operation.value() == op.id && task.incarnation.value() == op.incarnation
            })
    }

    /// Everything that agents have in hands, however long it hangs.
    pub(crate) fn all_in_hands(&self) -> impl Iterator<Item = OpId> + '_ {
        self.agent.under_way().map(|(_, task)| task.operation)
    }

    /// An agent ends what it has in hands, and says what came of it.
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
                // Some of those that fail can never do better.
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
