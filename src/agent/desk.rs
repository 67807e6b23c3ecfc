//! One resource on one node: what was asked for last, what is being carried out, what came of it.

use super::order::Task;
use super::refusal::Refusal;
use crate::id::OpId;
use crate::state::{OperationKind, Outcome};

/// What an agent keeps of one resource. Fixed in size, whatever is asked for.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Desk {
    /// What was asked for last.
    newest: Option<Task>,
    /// What came of it.
    outcome: Option<Outcome>,
    /// What is being carried out: the newest, or an older one that it waits for.
    under_way: Option<Task>,
    /// The start that the present run goes back to.
    run: Option<OpId>,
}

/// What is to be done about an effect that is not refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Admission {
    /// Carry it out.
    Begin,
    /// It begins when what is under way has ended.
    Wait {
        /// What is under way.
        behind: Task,
        /// What is to be done about that.
        meanwhile: Meanwhile,
    },
    /// It is being carried out, or waits.
    UnderWay,
    /// It has ended. Report this outcome again.
    Done(Outcome),
}

/// What happens to an operation that a newer one waits for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Meanwhile {
    /// It is cancelled. It has ended when nothing of it is left that could still do anything; if
    /// it cannot be cancelled, the newer one waits until it ends by itself.
    Cancel,
    /// It goes on to its end.
    LetItEnd,
}

/// What follows from the end of what was carried out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Ending {
    /// The outcome is to be reported.
    Report,
    /// The core does not wait for that outcome any more. Begin this one, which waited for it.
    Begin(Task),
    /// Nothing such was under way in this life. Nothing is to be reported.
    Unknown,
}

impl Meanwhile {
    /// What a newer operation does to one that is under way. Checks and probes change nothing, so
    /// they make way for everything. A start or a stop makes way for what is stronger: a start
    /// that hangs must not hold up the terminate that is to end it. What ends a resource goes on
    /// to its end unless it is to be terminated.
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
    /// What was asked for last.
    #[must_use]
    pub const fn newest(&self) -> Option<Task> {
        self.newest
    }

    /// What is being carried out.
    #[must_use]
    pub const fn under_way(&self) -> Option<Task> {
        self.under_way
    }

    /// The start that the present run goes back to; `None` if none is known.
    #[must_use]
    pub const fn run(&self) -> Option<OpId> {
        self.run
    }

    /// Whether a newer operation speaks against a task; if not, it is taken on. An error changes
    /// nothing. Whatever else can speak against it, [`Life::check`](super::Life::check) says.
    ///
    /// # Errors
    ///
    /// It is not to be carried out.
    pub fn admit(&mut self, task: Task) -> Result<Admission, Refusal> {
        if let Some(newest) = self.newest {
            if task.operation < newest.operation && !seeded!(AgentForgetsLast) {
                return Err(Refusal::Superseded { by: newest.operation });
            }
            if task.operation == newest.operation {
                if task.action != newest.action {
                    return Err(Refusal::AnotherHistory(task.operation));
                }
                return Ok(self.outcome.map_or(Admission::UnderWay, Admission::Done));
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

    /// What was carried out has ended.
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
