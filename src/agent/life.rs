//! The life of a node, as its agents see it.

use super::desk::Desk;
use super::order::Task;
use super::refusal::{LifeOver, Refusal};
use crate::id::{Epoch, Incarnation, OpId};
use crate::state::OperationKind;

/// The life of a node, and what is admitted in it whatever the resource.
///
/// [`Agent`](super::Agent) holds one. By itself it is for whoever keeps [`Desk`]s in a store of
/// their own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Life {
    incarnation: Incarnation,
    memory: Memory,
}

/// What is remembered of this life.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Memory {
    /// Everything that was asked for after this operation.
    Since(OpId),
    /// Nothing.
    Lost,
    /// It does not matter any more.
    Over(LifeOver),
}

impl Life {
    /// A life that nothing has been asked of yet.
    #[must_use]
    pub const fn new(incarnation: Incarnation) -> Self {
        Self { incarnation, memory: Memory::Since(OpId::new(0)) }
    }

    /// A life of which nothing is remembered.
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

    /// Why the node has to begin a new life, if it has to.
    #[must_use]
    pub const fn is_over(&self) -> Option<LifeOver> {
        match self.memory {
            Memory::Over(why) => Some(why),
            Memory::Since(_) | Memory::Lost => None,
        }
    }

    /// Whether nothing is admitted because the floor of operations has not arrived yet.
    #[must_use]
    pub const fn awaits_floor(&self) -> bool {
        matches!(self.memory, Memory::Lost)
    }

    /// Nothing more is admitted.
    pub fn end(&mut self, why: LifeOver) {
        if !seeded!(AgentOutlivesItsLife) {
            self.memory = Memory::Over(why);
        }
    }

    /// Every operation at or below the floor was asked for before the agent said what it runs.
    pub fn set_floor(&mut self, floor: OpId) {
        match self.memory {
            Memory::Lost => self.memory = Memory::Since(floor),
            Memory::Since(known) => self.memory = Memory::Since(known.max(floor)),
            Memory::Over(_) => {}
        }
    }

    /// What is known of a resource is forgotten, but for how far it went.
    pub fn forget(&mut self, desk: Desk) {
        if let (Memory::Since(known), Some(newest)) = (self.memory, desk.newest()) {
            self.memory = Memory::Since(known.max(newest.operation));
        }
    }

    /// Whether anything speaks against a task but the other operations of its resource.
    ///
    /// `epoch` is the latest of its group, `desk` what is remembered of its resource.
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

    /// Whether the question what the node runs is answered: it is for this life, whose agent
    /// remembers what it has in hands.
    ///
    /// # Errors
    ///
    /// It is not, and nothing is to be reported.
    pub fn check_inventory(&self, operation: OpId, asked: Incarnation) -> Result<(), Refusal> {
        self.check_life(asked, Some(operation))
    }

    /// Whether this life is asked, and goes on; `unremembered` is the number of an operation behind
    /// which nothing is remembered but the floor.
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
