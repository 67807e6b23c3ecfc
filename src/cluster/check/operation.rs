//! Checks reports about operations.

use crate::cluster::index::outstanding::Target;
use crate::cluster::view::Facts;
use crate::cluster::words::InputError;
use crate::id::{NodeId, OpId};
use crate::state::{Operation, Outcome};

impl Facts<'_> {
    /// Checks that an operation is in flight, and returns what it is about.
    pub(crate) fn check_operation(self, operation: OpId) -> Result<Target, InputError> {
        if operation >= self.state.next_operation || operation == OpId::default() {
            return Err(InputError::OperationNeverIssued(operation));
        }
        self.index.outstanding.target(operation).ok_or(InputError::StaleOperation(operation))
    }

    /// Checks that an operation is in flight and can end with this outcome.
    pub(crate) fn check_outcome(self, operation: OpId, outcome: Outcome) -> Result<(), InputError> {
        let target = self.check_operation(operation)?;
        let action = self.operation_on(target).ok_or(InputError::StaleOperation(operation))?.kind;
        if action.outcomes().contains(&outcome) {
            Ok(())
        } else {
            Err(InputError::OutcomeDoesNotFit { operation, action })
        }
    }

    /// Checks that an operation is in flight and asks this node what it runs.
    pub(crate) fn check_answer(self, node: NodeId, operation: OpId) -> Result<(), InputError> {
        let target = self.check_operation(operation)?;
        let action = self.operation_on(target).ok_or(InputError::StaleOperation(operation))?.kind;
        match target {
            Target::Inquiry(asked) if asked == node => Ok(()),
            Target::Inquiry(_) | Target::Node(_) | Target::Resource(_) | Target::Orphan(..) => {
                Err(InputError::OutcomeDoesNotFit { operation, action })
            }
        }
    }

    fn operation_on(self, target: Target) -> Option<Operation> {
        match target {
            Target::Resource(resource) => self.state.resource(resource)?.operation,
            Target::Orphan(node, resource) => self.state.orphans.get(&(node, resource))?.operation,
            Target::Node(node) => self.state.node(node)?.fence.operation,
            Target::Inquiry(node) => self.state.node(node)?.inquiry,
        }
    }
}
