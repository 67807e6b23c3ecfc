//! What has to be said of a cluster for its chain to be solved.

use crate::causes::ByCause;

/// A chain that is described by what can happen in a state.
pub(super) trait Model {
    /// A state, with interchangeable parts in a fixed order.
    type State: Clone + Ord;

    /// The state in which all is well.
    fn initial(&self) -> Self::State;

    /// What can happen in a state: tells of each state that follows, and at which rate.
    fn step(&self, state: &Self::State, follow: &mut dyn FnMut(Self::State, f64));

    /// How many groups are down in a state, by cause.
    fn groups_down(&self, state: &Self::State) -> ByCause<f64>;

    /// All groups.
    fn groups(&self) -> usize;
}
