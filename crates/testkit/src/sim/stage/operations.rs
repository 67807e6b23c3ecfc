//! Operations on their way to agents and devices, and answers on their way back.

use crate::Breach;
use crate::machine::{Finished, Manner, Right, Taken};
use quorate::agent::{Meanwhile, Task};
use quorate::cluster::{Outcome, Running};
use quorate::state::OperationKind;
use quorate::{Input, OpId};

use super::{Done, Flaw, Stage};
use crate::sim::act::{OpRef, Word};
use crate::sim::world::{Key, Machine, Op, Strike};

/// Of the starts that fail, one in this many fails permanently.
const FOR_GOOD: u64 = 16;

impl Stage {
    /// Returns the index of an operation in the list.
    fn find(&self, op: OpRef) -> Option<usize> {
        match op {
            OpRef::At(index) => Some(index),
            OpRef::Of { action, node, resource, back } => {
                let is_it =
                    |op: &Op| op.action() == action && op.node == node && op.resource == resource;
                let mut all = self.ops.iter().enumerate().rev().filter(|(_, op)| is_it(op));
                all.nth(back).map(|(index, _)| index)
            }
        }
    }

    /// Returns a reference to an operation by its kind, which stays valid when acts are removed.
    pub(crate) fn name(&self, op: OpRef) -> OpRef {
        let OpRef::At(index) = op else { return op };
        let Some(it) = self.ops.get(index) else { return op };
        let (action, node, resource) = (it.action(), it.node, it.resource);
        let later = self
            .ops
            .iter()
            .skip(index.saturating_add(1))
            .filter(|op| op.action() == action && op.node == node && op.resource == resource);
        OpRef::Of { action, node, resource, back: later.count() }
    }

    /// Returns the index of the operation with this id.
    pub(crate) fn op_at(&self, id: OpId) -> Option<usize> {
        self.ops.binary_search_by_key(&id, |op| op.task.operation).ok()
    }

    pub(crate) fn is_outstanding(&self, id: u64) -> bool {
        let id = OpId::new(id);
        self.cluster().outstanding().any(|effect| effect.operation == id)
    }

    /// Tells whether an order reaches its agent, however long it took.
    pub(crate) fn is_in_reach(&self, op: &Op) -> bool {
        self.world.machine(op.node).is_some_and(|machine| machine.hears())
    }

    /// Returns the operations that agents have under way, however long they hang.
    pub(crate) fn in_hands(&self) -> Vec<usize> {
        let machines = self.world.machines();
        let all = machines.flat_map(|(_, machine)| machine.all_in_hands());
        all.filter_map(|operation| self.op_at(operation)).collect()
    }

    /// Delivers an order to its agent.
    pub(super) fn order(&mut self, op: OpRef) -> Done {
        let Some(index) = self.find(op) else { return Done::No };
        let Some(op) = self.ops.get(index).copied() else { return Done::No };
        if op.action() == OperationKind::Inventory {
            let is_taken = self.lister(&op).is_some_and(Machine::hears);
            return if is_taken { Done::Yes } else { Done::No };
        }
        let Some(resource) = op.resource else { return Done::No };
        let order = op.order(resource, self.book.group_of(resource));
        let Some(machine) = self.world.machine_mut(op.node) else { return Done::No };
        if !machine.hears() {
            return Done::No;
        }
        let taken = machine.take(&order, op.right);
        // An operation past its deadline is given up by its agent when another one arrives.
        let is_given_up = |older: Task| {
            let older = self.op_at(older.operation).and_then(|index| self.ops.get(index));
            older.is_some_and(|older| older.deadline <= self.now)
        };
        match taken {
            Taken::Begun => Done::Yes,
            Taken::Answered(outcome) => {
                if let Some(op) = self.ops.get_mut(index) {
                    op.said = op.said.or(Some(outcome));
                }
                Done::Yes
            }
            Taken::Waits(older, meanwhile)
                if meanwhile == Meanwhile::Cancel || is_given_up(older) =>
            {
                if let Some(machine) = self.world.machine_mut(op.node) {
                    machine.cancel(older, &resource);
                    machine.begin(op.task, &resource, op.right);
                }
                Done::Yes
            }
            Taken::Waits(..) | Taken::UnderWay | Taken::Refused => Done::No,
        }
    }

    /// Ends the operation that an agent has under way.
    pub(super) fn work(&mut self, op: OpRef, manner: Manner) -> Done {
        let Some(index) = self.find(op) else { return Done::No };
        let Some(op) = self.ops.get(index).copied() else { return Done::No };
        if op.action() == OperationKind::Inventory {
            return self.list(index, &op, manner);
        }
        let Some(resource) = op.resource else { return Done::No };
        let flaw = self.flaw;
        let Some(machine) = self.world.machine_mut(op.node) else { return Done::No };
        if !machine.has_in_hands(op.task, &resource) {
            return Done::No;
        }
        let was_asked = machine.runs_as_asked(&resource);
        let is_start = op.action() == OperationKind::Start;
        // Some starts that fail can never succeed.
        let is_hopeless = is_start && op.id().is_multiple_of(FOR_GOOD);
        let is_for_good = is_hopeless && manner == Manner::Badly;
        let manner = if is_for_good { Manner::BadlyForGood } else { manner };
        let finished = machine.finish(op.task, &resource, manner);
        if flaw == Flaw::LiesAreJudged && was_asked && manner == Manner::Lying {
            machine.own(&resource);
        }
        match finished {
            Finished::Said(outcome) => {
                if let Some(op) = self.ops.get_mut(index) {
                    op.said = Some(outcome);
                }
            }
            Finished::Next(operation) => self.begin_next(operation),
            Finished::Nothing => {}
        }
        Done::Yes
    }

    /// Returns the machine of an inventory, if its agents answer it.
    fn lister(&self, op: &Op) -> Option<&Machine> {
        let machine = self.world.machine(op.node)?;
        machine.answers(op.task.operation, op.task.incarnation).then_some(machine)
    }

    /// Lets the agents of a node list what it runs. The list is not changed until it arrives.
    fn list(&mut self, index: usize, op: &Op, manner: Manner) -> Done {
        let Some(machine) = self.lister(op).filter(|_| manner == Manner::Well) else {
            return Done::No;
        };
        self.lists.insert(op.id(), machine.inventory());
        if let Some(op) = self.ops.get_mut(index) {
            op.said = Some(Outcome::Succeeded);
        }
        Done::Yes
    }

    /// Delivers a node's list of what it runs.
    fn listed_arrives(&mut self, op: &Op) -> Result<Done, Breach> {
        let (Some(node), Some(listed)) = (self.node(op.node), self.lists.get(&op.id())) else {
            return Ok(Done::No);
        };
        let running = listed
            .iter()
            .filter_map(|(key, state)| Some(Running::new(self.book.resource_id(*key)?, *state)));
        let answer = Input::node_inventory(node, op.task.incarnation, running);
        let _ = self.feed(answer.answering(op.task.operation).into())?;
        Ok(Done::Yes)
    }

    /// Lets an agent start to work on an operation that waited.
    fn begin_next(&mut self, operation: OpId) {
        let Some(index) = self.op_at(operation) else { return };
        let Some(op) = self.ops.get(index).copied() else { return };
        let Some(resource) = op.resource else { return };
        if let Some(machine) = self.world.machine_mut(op.node) {
            machine.begin(op.task, &resource, op.right);
            self.begun.push(index);
        }
    }

    /// Lets a fencing device act.
    pub(super) fn strike(&mut self, op: OpRef, strike: Strike) -> Done {
        let Some(index) = self.find(op) else { return Done::No };
        let Some(op) = self.ops.get_mut(index) else { return Done::No };
        if op.action() != OperationKind::Fence || op.said.is_some() {
            return Done::No;
        }
        let said = self.world.strike(op.node, strike);
        op.said = Some(said);
        let node = op.node;
        if let Strike::Wrong(_) = strike {
            self.disown_node(node);
        }
        Done::Yes
    }

    /// Disowns a node about which something untrue was reported. No promise covers what runs there,
    /// nor the orders to it that are still on their way.
    pub(super) fn disown_node(&mut self, node: Key) {
        for op in self.ops.iter_mut().filter(|op| op.node == node) {
            op.right = Right::Rogue;
        }
        if let Some(machine) = self.world.machine_mut(node) {
            machine.disown_all();
        }
    }

    /// Delivers an answer to the cluster.
    pub(super) fn answer(&mut self, op: OpRef, word: Word) -> Result<Done, Breach> {
        let Some(op) = self.find(op).and_then(|index| self.ops.get(index)).copied() else {
            return Ok(Done::No);
        };
        if op.action() == OperationKind::Inventory && word == Word::Truth {
            return self.listed_arrives(&op);
        }
        let outcome = match word {
            Word::Truth => op.said,
            // Only an answer that has no effect any more may be untrue.
            Word::Contrary => op.said.map(contrary).filter(|_| !self.is_outstanding(op.id())),
            Word::GivenUp => Some(Outcome::TimedOut),
            Word::Unfit => Some(unfit(op.action())),
        };
        let Some(outcome) = outcome else { return Ok(Done::No) };
        self.feed(Input::operation_finished(op.task.operation, outcome))?.ok();
        Ok(Done::Yes)
    }

    pub(super) fn progress(&mut self, op: OpRef) -> Result<Done, Breach> {
        let Some(op) = self.find(op).and_then(|index| self.ops.get(index)).copied() else {
            return Ok(Done::No);
        };
        self.tell(Input::operation_progressed(op.task.operation))
    }
}

fn contrary(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Succeeded => Outcome::Failed,
        Outcome::Failed | Outcome::FailedForGood | Outcome::TimedOut => Outcome::Succeeded,
        Outcome::Running => Outcome::NotRunning,
        Outcome::NotRunning => Outcome::Running,
        _ => outcome,
    }
}

/// Returns an outcome that such an operation cannot have.
fn unfit(action: OperationKind) -> Outcome {
    match action {
        OperationKind::Probe => Outcome::Succeeded,
        OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Terminate
        | OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Fence
        | OperationKind::Inventory => Outcome::Running,
        other => unimplemented!("{other:?}"),
    }
}
