//! The state machines of nodes, resources and groups, and the budgets of failures.
//!
//! Each machine is one total function of state and event, whose answer also says if the event is not
//! allowed. Nothing else changes a state. `src/machine/golden` has the whole tables as text;
//! [`NodeState::can_become`] and [`ResourceState::can_become`] answer questions about them.

mod budget;
mod group;
mod node;
mod resource;
#[cfg(test)]
mod tests;

pub use budget::{Budget, FailureLog};
pub use group::GroupState;
pub(crate) use node::NodeEvent;
pub use node::NodeState;
pub(crate) use resource::ResourceEvent;
pub use resource::ResourceState;

/// The effect of an event on a state.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub(crate) enum Transition<S> {
    /// The state changes to this one.
    To(S),
    /// The event is legal here and changes nothing.
    Ignored,
    /// The event is not allowed in this state. Callers check that before.
    Forbidden,
}

impl<S> Transition<S> {
    /// Returns the new state, if the state changes.
    pub(crate) fn target(self) -> Option<S> {
        match self {
            Self::To(state) => Some(state),
            Self::Ignored | Self::Forbidden => None,
        }
    }
}
