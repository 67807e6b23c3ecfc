//! The record of one resource on one node: the newest operation, the one under way, and the
//! outcome.

use super::order::Task;
use super::refusal::Refusal;
use crate::id::OpId;
use crate::state::{OperationKind, Outcome};

/// The record that an agent keeps of one resource. Its size is fixed.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Desk {
    /// The newest operation.
    newest: Option<Task>,
    /// The outcome of the newest operation.
    outcome: Option<Outcome>,
    /// The operation under way: the newest, or an older one that it waits for.
    under_way: Option<Task>,
    /// The start that began the present run.
    run: Option<OpId>,
}

/// The next step for an effect that is not refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Admission {
    /// Carry it out.
    Begin,
    /// It begins when the operation under way has ended.
    Wait {
        /// The operation under way.
        behind: Task,
        /// The next step for the operation under way.
        meanwhile: Meanwhile,
    },
    /// It is already being carried out, or waits.
    UnderWay,
    /// It has ended. Report this outcome again.
    Done(Outcome),
}

/// The treatment of an operation that a newer one waits for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Meanwhile {
    /// It is cancelled. It has ended when nothing is left of it that could still have an effect. If
    /// it cannot be cancelled, the newer one waits until it ends by itself.
    Cancel,
    /// It goes on to its end.
    LetItEnd,
}

/// The next step after an operation has ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Ending {
    /// The outcome is to be reported.
    Report,
    /// The core does not wait for this outcome any more. Begin this task, which waited for it.
    Begin(Task),
    /// No such operation was under way in this life. Nothing is to be reported.
    Unknown,
}

impl Meanwhile {
    /// Returns what a newer operation does to the one under way. Checks and probes change nothing,
    /// so they make way for everything. A start makes way for a stop and a terminate: a start that
    /// hangs must not hold up the terminate that is to end it. A stop goes on to its end unless the
    /// resource is to be terminated.
    const fn of(under_way: OperationKind, newer: OperationKind) -> Self {
        match (under_way, newer) {
            (
                OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive | OperationKind::Probe,
                _,
            )
            | (OperationKind::Start, OperationKind::Stop | OperationKind::Terminate)
            | (OperationKind::Stop, OperationKind::Terminate) => Self::Cancel,
            (
                OperationKind::Start
                | OperationKind::Stop
                | OperationKind::Terminate
                | OperationKind::Fence
                | OperationKind::Inventory,
                _,
            ) => Self::LetItEnd,
        }
    }
}

impl Desk {
    /// The newest operation.
    #[must_use]
    pub const fn newest(&self) -> Option<Task> {
        self.newest
    }

    /// The operation under way.
    #[must_use]
    pub const fn under_way(&self) -> Option<Task> {
        self.under_way
    }

    /// The start that began the present run; `None` if none is known.
    #[must_use]
    pub const fn run(&self) -> Option<OpId> {
        self.run
    }

    /// Takes on a task, unless a newer operation forbids it. An error changes nothing.
    /// [`AgentLife::check`](super::AgentLife::check) covers all other refusals.
    ///
    /// # Errors
    ///
    /// The task is not to be carried out.
    pub fn admit(&mut self, task: Task) -> Result<Admission, Refusal> {
        if let Some(newest) = self.newest {
            if task.operation < newest.operation && !seeded!(AgentForgetsLast) {
                return Err(Refusal::Superseded { by: newest.operation });
            }
            if task.operation == newest.operation {
                if task.action != newest.action {
                    return Err(Refusal::AnotherHistory(task.operation));
                }
                if let Some(outcome) = self.outcome {
                    return Ok(Admission::Done(outcome));
                }
                if self.under_way.is_none() {
                    // It was put off when its turn came.
                    self.begin(task);
                    return Ok(Admission::Begin);
                }
                return Ok(Admission::UnderWay);
            }
        }
        self.newest = Some(task);
        self.outcome = None;
        match self.under_way {
            None => {
                self.begin(task);
                Ok(Admission::Begin)
            }
            Some(behind) => {
                let meanwhile = Meanwhile::of(behind.action, task.action);
                Ok(Admission::Wait { behind, meanwhile })
            }
        }
    }

    fn begin(&mut self, task: Task) {
        self.under_way = Some(task);
        if task.action == OperationKind::Start {
            self.run = Some(task.operation);
        }
    }

    /// Notes that an operation whose turn came ([`Ending::Begin`]) was not begun after all. It
    /// begins when it is admitted again.
    pub fn put_off(&mut self, operation: OpId) {
        if self.under_way.is_some_and(|task| task.operation == operation) {
            self.under_way = None;
            if self.run == Some(operation) {
                self.run = None;
            }
        }
    }

    /// Notes that an operation has ended, and returns the next step.
    pub fn end(&mut self, operation: OpId, outcome: Outcome) -> Ending {
        let Some(ended) = self.under_way.filter(|task| task.operation == operation) else {
            return Ending::Unknown;
        };
        self.under_way = None;
        let is_off = match ended.action {
            OperationKind::Stop | OperationKind::Terminate => outcome == Outcome::Succeeded,
            OperationKind::Probe => outcome == Outcome::NotRunning,
            OperationKind::Start
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Fence
            | OperationKind::Inventory => false,
        };
        if is_off {
            self.run = None;
        }
        match self.newest {
            Some(newest) if newest.operation != operation => {
                self.begin(newest);
                Ending::Begin(newest)
            }
            Some(_) | None => {
                self.outcome = Some(outcome);
                Ending::Report
            }
        }
    }
}
