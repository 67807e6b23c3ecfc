//! The description of a cluster from which its chain is solved.

use crate::causes::ByCause;

/// A chain, described by the events that are possible in each state.
pub(super) trait Model {
    /// A state, with interchangeable parts in a fixed order.
    type State: Clone + Ord;

    /// Returns the state in which every node is up and every group is in place.
    fn initial(&self) -> Self::State;

    /// Calls `follow` for each state that can follow a state, with its rate.
    fn step(&self, state: &Self::State, follow: &mut dyn FnMut(Self::State, f64));

    /// Returns how many groups are down in a state, by cause.
    fn groups_down(&self, state: &Self::State) -> ByCause<f64>;

    /// Returns the number of all groups.
    fn groups(&self) -> usize;
}
