//! The preferred owners from the top, every time.

use super::{FailoverPolicy, Key, PLACE_IN_NODE_LIST, PlacementRequest, Rank, Walk};
use crate::id::NodeId;
use alloc::borrow::Cow;

/// Prefers the first eligible node from the top of the group's node list, wherever the group was
/// before.
///
/// The preferred owners come in their order, then all other nodes by id.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FirstPreferred;

/// [`FirstPreferred`] on the preferred owners only; every other node is vetoed.
///
/// An empty list of preferred owners expresses no preference and restricts nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StrictPreferred;

impl FailoverPolicy for FirstPreferred {
    fn name(&self) -> Cow<'static, str> {
        "first_preferred".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        let position = i64::try_from(placement.list_position(candidate)).unwrap_or(i64::MAX);
        Rank::by(Key::smallest(PLACE_IN_NODE_LIST, position))
    }

    fn walk(&self, _: &PlacementRequest<'_>) -> Walk {
        Walk::NodeList { after: None }
    }
}

impl FailoverPolicy for StrictPreferred {
    fn name(&self) -> Cow<'static, str> {
        "strict_preferred".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        let preferred = placement.group_spec().preferred_owners();
        if preferred.is_empty() || preferred.contains(&candidate) {
            FirstPreferred.rank(placement, candidate)
        } else {
            Rank::veto("not a preferred owner")
        }
    }

    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        FirstPreferred.walk(placement)
    }
}
