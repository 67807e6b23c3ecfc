//! The outcomes of an operation, as a message tells them.

use core::fmt;

use crate::state::OperationKind;

/// The nature of an operation and its outcomes, in a message.
pub(crate) struct Ends(pub(crate) OperationKind);

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            OperationKind::Start => "a start",
            OperationKind::Stop => "a stop",
            OperationKind::Terminate => "a terminate",
            OperationKind::CheckLooksAlive => "a looks-alive check",
            OperationKind::CheckIsAlive => "an is-alive check",
            OperationKind::Probe => "a probe",
            OperationKind::Fence => "a fence",
            OperationKind::Inventory => "an inventory",
        })?;
        match self.0.outcomes() {
            [] => f.write_str(", which is answered by the list of what its node runs"),
            [first, others @ ..] => {
                write!(f, ", which can have the outcome {first}")?;
                others.iter().try_for_each(|other| write!(f, ", {other}"))
            }
        }
    }
}
