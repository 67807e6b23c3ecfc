//! Orders by the load that the nodes already carry.

use super::{FailoverPolicy, Key, PlacementRequest, Rank};
use crate::id::{DimensionId, NodeId};
use alloc::borrow::Cow;

/// Prefers the node with the fewest other groups.
///
/// Groups on their way to a node count, so groups that are placed one after another spread.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LeastGroups;

/// Prefers the node whose scarcest dimension would be the least used with the group on it.
///
/// A dimension in which a node has no limit does not count for that node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LeastLoaded;

impl FailoverPolicy for LeastGroups {
    fn name(&self) -> Cow<'static, str> {
        "least_groups".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        let groups = i64::try_from(placement.groups_on(candidate)).unwrap_or(i64::MAX);
        Rank::by(Key::smallest("groups on node", groups))
    }
}

impl FailoverPolicy for LeastLoaded {
    fn name(&self) -> Cow<'static, str> {
        "least_loaded".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        let Some(node) = placement.spec().node(candidate) else {
            return Rank::neutral();
        };
        let dominant = (0..placement.spec().dimensions().len())
            .map(DimensionId::from_index)
            .filter_map(|dimension| {
                let capacity = node.capacity(dimension)?;
                Some(share(placement.load_with(candidate, dimension), capacity))
            })
            .max();
        Rank::by(Key::smallest("load in parts per million", dominant.unwrap_or(0)))
    }
}

/// Returns the load in parts per million of the capacity, rounded down. If there is no capacity,
/// any load is too much.
fn share(load: u64, capacity: u64) -> i64 {
    let parts = u128::from(load).saturating_mul(1_000_000);
    match (parts.checked_div(u128::from(capacity)), load) {
        (Some(share), _) => i64::try_from(share).unwrap_or(i64::MAX),
        (None, 0) => 0,
        (None, 1..) => i64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        assert_eq!(share(1, 3), 333_333);
        assert_eq!(share(3, 3), 1_000_000);
        assert_eq!(share(6, 3), 2_000_000);
        assert_eq!(share(0, 0), 0);
        assert_eq!(share(1, 0), i64::MAX);
        assert_eq!(share(u64::MAX, u64::MAX), 1_000_000);
        assert_eq!(share(u64::MAX, 1), i64::MAX);
    }
}
