//! The state machines of nodes, resources and groups, and the budgets of failures.
//!
//! Each machine is one total function of state and event. What the function does not allow is said
//! in its answer, a [`Transition`]; nothing else changes a state.

mod budget;
mod group;
mod node;
mod resource;

pub use budget::{Budget, FailureLog};
pub use group::GroupState;
pub use node::{NodeEvent, NodeState};
pub use resource::{ResourceEvent, ResourceState};

/// What an event does to a state.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub enum Transition<S> {
    /// The state changes to this one.
    To(S),
    /// The event is legal here and changes nothing.
    Ignored,
    /// The event does not belong here; the caller checks for that before.
    Forbidden,
}

impl<S> Transition<S> {
    /// The new state, if there is one.
    pub fn target(self) -> Option<S> {
        match self {
            Self::To(state) => Some(state),
            Self::Ignored | Self::Forbidden => None,
        }
    }
}
