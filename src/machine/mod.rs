//! The state machines of nodes, resources and groups, and the budgets of failures.
//!
//! Each machine is one total function of state and event. Its answer is a [`Transition`], which
//! also says if the event is not allowed. Nothing else changes a state.
//!
//! The events and [`Transition`] are public so that a judge of clusters can read the whole tables,
//! cell by cell; an embedder needs only the states.

mod budget;
mod group;
mod node;
mod resource;

pub use budget::{Budget, FailureLog};
pub use group::GroupState;
pub use node::{NodeEvent, NodeState};
pub use resource::{ResourceEvent, ResourceState};

/// The effect of an event on a state.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use]
pub enum Transition<S> {
    /// The state changes to this one.
    To(S),
    /// The event is legal here and changes nothing.
    Ignored,
    /// The event is not allowed in this state. Callers check that before.
    Forbidden,
}

impl<S> Transition<S> {
    /// Returns the new state, if the state changes.
    pub fn target(self) -> Option<S> {
        match self {
            Self::To(state) => Some(state),
            Self::Ignored | Self::Forbidden => None,
        }
    }
}
