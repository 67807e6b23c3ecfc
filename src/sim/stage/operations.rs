//! Operations on their way to agents and devices, and answers on their way back.

use crate::cluster::Outcome;
use crate::state::OperationKind;
use crate::testkit::breach::Breach;
use crate::{Input, OpId};

use super::{Done, Flaw, Stage};
use crate::sim::act::{OpRef, Word};
use crate::sim::world::{Manner, Op, Strike, Taken};

impl Stage {
    /// The place of an operation in the list.
    fn find(&self, op: OpRef) -> Option<usize> {
        match op {
            OpRef::At(index) => Some(index),
            OpRef::Of { action, node, resource, back } => {
                let is_it =
                    |op: &Op| op.action == action && op.node == node && op.resource == resource;
                let mut all = self.ops.iter().enumerate().rev().filter(|(_, op)| is_it(op));
                all.nth(back).map(|(index, _)| index)
            }
        }
    }

    /// An operation by what it is, which still means something when acts are left out.
    pub(crate) fn name(&self, op: OpRef) -> OpRef {
        let OpRef::At(index) = op else { return op };
        let Some(it) = self.ops.get(index) else { return op };
        let (action, node, resource) = (it.action, it.node, it.resource);
        let later = self
            .ops
            .iter()
            .skip(index.saturating_add(1))
            .filter(|op| op.action == action && op.node == node && op.resource == resource);
        OpRef::Of { action, node, resource, back: later.count() }
    }

    /// The place of the operation with this id.
    pub(crate) fn op_at(&self, id: OpId) -> Option<usize> {
        self.ops.binary_search_by_key(&id.value(), |op| op.id).ok()
    }

    pub(crate) fn is_outstanding(&self, id: u64) -> bool {
        let id = OpId::new(id);
        self.cluster().outstanding().any(|effect| effect.operation == id)
    }

    /// Whether an order gets to its agent: what was sent in an earlier session does not.
    pub(crate) fn is_in_reach(&self, op: &Op) -> bool {
        let machine = self.world.machine(op.node);
        machine.is_some_and(|machine| machine.hears() && machine.session == op.session)
    }

    /// An order arrives at its agent.
    pub(super) fn order(&mut self, op: OpRef) -> Done {
        let Some(index) = self.find(op) else { return Done::No };
        let Some(op) = self.ops.get(index).copied() else { return Done::No };
        let Some(resource) = op.resource else { return Done::No };
        let group = self.book.group_of(resource);
        let Some(machine) = self.world.machine_mut(op.node) else { return Done::No };
        // What was sent in an earlier session does not arrive in this one.
        if !machine.hears() || machine.session != op.session {
            return Done::No;
        }
        let taken = machine.take(&op, resource, group);
        let shift = machine.shift;
        let Some(op) = self.ops.get_mut(index) else { return Done::No };
        match taken {
            Taken::Begun => op.taken_in = Some(shift),
            Taken::Answered(outcome) => op.said = op.said.or(Some(outcome)),
            Taken::Ignored => return Done::No,
        }
        Done::Yes
    }

    /// An agent ends what it has in hands.
    pub(super) fn work(&mut self, op: OpRef, manner: Manner) -> Done {
        let Some(index) = self.find(op) else { return Done::No };
        let Some(op) = self.ops.get(index).copied() else { return Done::No };
        let Some(resource) = op.resource else { return Done::No };
        let flaw = self.flaw;
        let Some(machine) = self.world.machine_mut(op.node) else { return Done::No };
        if !machine.has_in_hands(&op, resource) {
            return Done::No;
        }
        let was_asked = machine.asked().has(resource);
        let said = machine.finish(&op, resource, manner);
        if flaw == Flaw::LiesAreJudged && was_asked && manner == Manner::Lying {
            machine.own(resource);
        }
        if let Some(op) = self.ops.get_mut(index) {
            op.said = Some(said);
        }
        Done::Yes
    }

    /// A fencing device strikes.
    pub(super) fn strike(&mut self, op: OpRef, strike: Strike) -> Done {
        let Some(index) = self.find(op) else { return Done::No };
        let Some(op) = self.ops.get_mut(index) else { return Done::No };
        if op.action != OperationKind::Fence || op.said.is_some() {
            return Done::No;
        }
        let said = self.world.strike(op.node, strike);
        op.said = Some(said);
        if let Strike::Wrong(_) = strike
            && let Some(machine) = self.world.machine_mut(op.node)
        {
            machine.disown_all();
        }
        Done::Yes
    }

    /// What was said arrives at the cluster.
    pub(super) fn answer(&mut self, op: OpRef, word: Word) -> Result<Done, Breach> {
        let Some(op) = self.find(op).and_then(|index| self.ops.get(index)).copied() else {
            return Ok(Done::No);
        };
        let outcome = match word {
            Word::Truth => op.said,
            // Only what does not count any more may be untrue.
            Word::Contrary => op.said.map(contrary).filter(|_| !self.is_outstanding(op.id)),
            Word::GivenUp => Some(Outcome::TimedOut),
            Word::Unfit => Some(unfit(op.action)),
        };
        let Some(outcome) = outcome else { return Ok(Done::No) };
        let operation = OpId::new(op.id);
        self.feed(Input::OperationFinished { operation, outcome })?.ok();
        Ok(Done::Yes)
    }

    pub(super) fn progress(&mut self, op: OpRef) -> Result<Done, Breach> {
        let Some(op) = self.find(op).and_then(|index| self.ops.get(index)).copied() else {
            return Ok(Done::No);
        };
        self.tell(Input::OperationProgressed { operation: OpId::new(op.id) })
    }
}

fn contrary(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Succeeded => Outcome::Failed,
        Outcome::Failed | Outcome::TimedOut => Outcome::Succeeded,
        Outcome::Running => Outcome::NotRunning,
        Outcome::NotRunning => Outcome::Running,
    }
}

/// An outcome that such an operation cannot have.
fn unfit(action: OperationKind) -> Outcome {
    match action {
        OperationKind::Probe => Outcome::Succeeded,
        OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Terminate
        | OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Fence => Outcome::Running,
    }
}
