//! The life of a node, as its agents see it.

use super::desk::Desk;
use super::order::Task;
use super::refusal::{LifeOver, Refusal};
use crate::id::{Epoch, Incarnation, OpId};
use crate::state::OperationKind;

/// The life of a node, with the rules that hold for every resource in it.
///
/// [`Agent`](super::Agent) holds one. Use it directly only if you keep [`Desk`]s in a store of your
/// own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AgentLife {
    incarnation: Incarnation,
    memory: Memory,
}

/// The memory of this life.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Memory {
    /// Everything that was asked for after this operation is remembered.
    Since(OpId),
    /// Nothing is remembered.
    Lost,
    /// The life is over, so memory does not matter.
    Over(LifeOver),
}

impl AgentLife {
    /// Begins a life in which nothing has been asked for yet.
    #[must_use]
    pub const fn new(incarnation: Incarnation) -> Self {
        Self { incarnation, memory: Memory::Since(OpId::new(0)) }
    }

    /// Begins with a life without memory of earlier operations.
    #[must_use]
    pub fn without_memory(incarnation: Incarnation) -> Self {
        if seeded!(AgentNeedsNoMemory) {
            return Self::new(incarnation);
        }
        Self { incarnation, memory: Memory::Lost }
    }

    /// The number of this life.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Returns why the node has to begin a new life, if it has to.
    #[must_use]
    pub const fn is_over(&self) -> Option<LifeOver> {
        match self.memory {
            Memory::Over(why) => Some(why),
            Memory::Since(_) | Memory::Lost => None,
        }
    }

    /// Tells whether nothing is admitted because the floor of operations has not arrived yet.
    #[must_use]
    pub const fn awaits_floor(&self) -> bool {
        matches!(self.memory, Memory::Lost)
    }

    /// Ends the life: nothing more is admitted in it.
    pub fn end(&mut self, why: LifeOver) {
        if !seeded!(AgentOutlivesItsLife) {
            self.memory = Memory::Over(why);
        }
    }

    /// Takes in the floor: every operation at or below it was asked for before the agent listed
    /// what it runs.
    pub fn set_floor(&mut self, floor: OpId) {
        match self.memory {
            Memory::Lost => self.memory = Memory::Since(floor),
            Memory::Since(known) => self.memory = Memory::Since(known.max(floor)),
            Memory::Over(_) => {}
        }
    }

    /// Forgets a resource, but remembers its newest operation number.
    pub fn forget(&mut self, desk: Desk) {
        if let (Memory::Since(known), Some(newest)) = (self.memory, desk.newest()) {
            self.memory = Memory::Since(known.max(newest.operation));
        }
    }

    /// Checks everything that can forbid a task, except for the other operations of its resource.
    ///
    /// `epoch` is the latest epoch of its group, `desk` the record of its resource.
    ///
    /// # Errors
    ///
    /// It is not to be carried out.
    pub fn check(&self, task: Task, epoch: Epoch, desk: Option<Desk>) -> Result<(), Refusal> {
        match task.action {
            OperationKind::Fence => return Err(Refusal::Fence),
            OperationKind::Inventory => return Err(Refusal::Inventory),
            OperationKind::Start
            | OperationKind::Stop
            | OperationKind::Terminate
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe => {}
        }
        let is_remembered = desk.is_some_and(|desk| desk.newest().is_some());
        let behind = if is_remembered { None } else { Some(task.operation) };
        self.check_life(task.incarnation, behind)?;
        let is_start = task.action == OperationKind::Start;
        if is_start && task.epoch < epoch {
            return Err(Refusal::OldEpoch { asked: task.epoch, known: epoch });
        }
        Ok(())
    }

    /// Checks that an inventory is to be answered: it is for this life, and the agent remembers its
    /// operations under way.
    ///
    /// # Errors
    ///
    /// It is not to be answered, and nothing is to be reported.
    pub fn check_inventory(&self, operation: OpId, asked: Incarnation) -> Result<(), Refusal> {
        self.check_life(asked, Some(operation))
    }

    /// Checks that an operation is for this life, and that the life goes on. `unremembered` is the
    /// number of an operation whose resource has no record, so that only the floor counts.
    fn check_life(&self, asked: Incarnation, unremembered: Option<OpId>) -> Result<(), Refusal> {
        if asked != self.incarnation && !seeded!(AgentTakesAnyLife) {
            return Err(Refusal::OtherLife { asked, known: self.incarnation });
        }
        match self.memory {
            Memory::Over(why) => Err(Refusal::LifeOver(why)),
            Memory::Lost => Err(Refusal::NoMemory),
            Memory::Since(floor) if unremembered.is_some_and(|operation| operation <= floor) => {
                Err(Refusal::Forgotten { floor })
            }
            Memory::Since(_) => Ok(()),
        }
    }
}
