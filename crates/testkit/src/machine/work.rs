//! The work of the agents of a machine, and of the device that fences it.

use quorate::agent::{Admission, Ending, Meanwhile, Order, Task};
use quorate::cluster::Outcome;
use quorate::id::{Incarnation, Naming, OpId};
use quorate::state::OperationKind;

use super::{Machine, Right, Start, is_stop};

/// The way in which an agent or a fencing device does its work and answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    /// It does the work and reports success.
    Well,
    /// It does nothing and reports a failure.
    Badly,
    /// It starts nothing and reports that it never can.
    BadlyForGood,
    /// It does the work and reports a failure.
    Dirty,
    /// It does nothing and reports success.
    Lying,
}

impl Manner {
    const fn is_done(self) -> bool {
        match self {
            Self::Well | Self::Dirty => true,
            Self::Badly | Self::BadlyForGood | Self::Lying => false,
        }
    }

    const fn told(self) -> Outcome {
        match self {
            Self::Well | Self::Lying => Outcome::Succeeded,
            Self::Badly | Self::Dirty => Outcome::Failed,
            Self::BadlyForGood => Outcome::FailedForGood,
        }
    }
}

/// The reaction of an agent to an order that arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taken {
    /// The agent starts to work.
    Begun,
    /// The agent is working on it already.
    UnderWay,
    /// The agent had done the work before, and answers at once.
    Answered(Outcome),
    /// The agent is busy with an older operation of the resource.
    Waits(Task, Meanwhile),
    /// The agent refuses the order.
    Refused,
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

impl<N: Naming> Machine<N> {
    /// Hands an order to the agent of a resource. If the agent starts to work, a copy that it
    /// starts has this right.
    pub(crate) fn take(&mut self, order: &Order<N>, right: Right) -> Taken {
        let Order { task, resource, .. } = order;
        match self.agent.admit(order) {
            Err(_) => Taken::Refused,
            Ok(Admission::Done(outcome)) => Taken::Answered(outcome),
            Ok(Admission::Begin) => {
                self.begin(*task, resource, right);
                Taken::Begun
            }
            Ok(Admission::Wait { behind, meanwhile }) => Taken::Waits(behind, meanwhile),
            Ok(Admission::UnderWay) => match self.in_hands(resource) {
                Some(older) if older.operation != task.operation => {
                    Taken::Waits(older, Meanwhile::LetItEnd)
                }
                Some(_) | None => Taken::UnderWay,
            },
        }
    }

    /// Lets an agent start to work.
    pub(crate) fn begin(&mut self, task: Task, resource: &N::Resource, right: Right) {
        if task.action == OperationKind::Start {
            let right = if self.is_disowned { Right::Rogue } else { right };
            let start = Start { operation: task.operation, right };
            self.starting.insert(resource.clone(), start);
        }
    }

    /// Cancels an operation that an agent has under way: it has no effect any more.
    pub(crate) fn cancel(&mut self, older: Task, resource: &N::Resource) {
        self.take_start(older.operation, resource);
        self.agent.end(resource, older.operation, Outcome::Failed);
    }

    /// Ends the operation that an agent has under way, and returns what it reports.
    pub(crate) fn finish(
        &mut self,
        task: Task,
        resource: &N::Resource,
        manner: Manner,
    ) -> Finished {
        let outcome = self.carry_out(task, resource, manner);
        match self.agent.end(resource, task.operation, outcome) {
            Ending::Report => Finished::Said(outcome),
            Ending::Begin(task) => Finished::Next(task.operation),
            Ending::Unknown => Finished::Nothing,
        }
    }

    fn carry_out(&mut self, task: Task, resource: &N::Resource, manner: Manner) -> Outcome {
        match task.action {
            OperationKind::Start => {
                let start = self.take_start(task.operation, resource);
                match start.filter(|_| manner.is_done()).map(|start| start.right) {
                    Some(Right::Asked) => {
                        self.running.insert(resource.clone(), Right::Asked);
                    }
                    Some(Right::Rogue) => self.go_rogue(resource.clone()),
                    None => {}
                }
                manner.told()
            }
            OperationKind::Stop | OperationKind::Terminate => {
                if manner.is_done() {
                    self.kill(resource);
                } else if manner == Manner::Lying {
                    self.disown(resource);
                }
                manner.told()
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                match manner.is_done() && self.runs(resource) {
                    true => Outcome::Succeeded,
                    false => Outcome::Failed,
                }
            }
            OperationKind::Probe => match (manner.is_done(), self.state_of(resource)) {
                (false, _) => Outcome::Failed,
                (true, Some(_)) => Outcome::Running,
                (true, None) => Outcome::NotRunning,
            },
            OperationKind::Fence | OperationKind::Inventory => Outcome::Failed,
            other => unimplemented!("{other:?}"),
        }
    }

    /// Ends this start of a resource, unless the resource has died meanwhile.
    fn take_start(&mut self, operation: OpId, resource: &N::Resource) -> Option<Start> {
        let start = self.starting.get(resource).filter(|start| start.operation == operation)?;
        let start = *start;
        self.starting.remove(resource);
        Some(start)
    }

    /// Lets the fencing device of the machine act, and returns its answer.
    pub(crate) fn strike(&mut self, manner: Manner) -> Outcome {
        if manner.is_done() {
            self.crash();
        }
        manner.told()
    }

    /// Tells whether its agents answer an inventory.
    pub(crate) fn answers(&self, operation: OpId, incarnation: Incarnation) -> bool {
        self.is_powered && !self.is_frozen && self.agent.answers(operation, incarnation).is_ok()
    }

    /// Returns the operation that an agent has under way for a resource.
    pub(crate) fn in_hands(&self, resource: &N::Resource) -> Option<Task> {
        self.agent.desk(resource).and_then(|desk| desk.under_way())
    }

    /// Tells whether an agent still has this operation under way.
    pub(crate) fn has_in_hands(&self, task: Task, resource: &N::Resource) -> bool {
        self.is_powered
            && !self.is_frozen
            && self.agent.is_over().is_none()
            && self.in_hands(resource).is_some_and(|of| {
                of.operation == task.operation && of.incarnation == task.incarnation
            })
    }

    /// Returns all operations that agents have under way, however long they hang.
    pub(crate) fn all_in_hands(&self) -> impl Iterator<Item = OpId> + '_ {
        self.agent.under_way().map(|(_, task)| task.operation)
    }

    /// Returns the resources that are being stopped, and then those that are being started.
    pub(crate) fn unsettled(&self) -> Vec<N::Resource> {
        let stops = self.agent.under_way().filter(|(_, task)| is_stop(task.action));
        let stopping = stops.map(|(resource, _)| resource).filter(|of| self.runs(of));
        stopping.chain(self.starting.keys()).cloned().collect()
    }
}
