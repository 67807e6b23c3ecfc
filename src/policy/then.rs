//! One order after another.

use super::{FailoverPolicy, Placement, Rank, Walk};
use crate::id::NodeId;

/// The order of a first policy, with ties broken by a second one. A veto of either counts.
///
/// Built by [`FailoverPolicy::then`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Then<A, B> {
    first: A,
    second: B,
}

impl<A: FailoverPolicy, B: FailoverPolicy> Then<A, B> {
    /// Both policies, the decisive one first.
    #[must_use]
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: FailoverPolicy, B: FailoverPolicy> FailoverPolicy for Then<A, B> {
    fn rank(&self, placement: &Placement<'_>, candidate: NodeId) -> Rank {
        self.first.rank(placement, candidate).then(self.second.rank(placement, candidate))
    }

    /// That of the first policy. A walk along the node list leaves no ties to break, and the nodes
    /// it comes to are still asked for the veto of either. If the first policy ranks, so does the
    /// combination, for its ties are not known before.
    fn walk(&self, placement: &Placement<'_>) -> Walk {
        self.first.walk(placement)
    }
}
