//! The order of Windows server clusters.

use super::{FailoverPolicy, Key, PLACE_IN_NODE_LIST, PlacementRequest, Rank, Trigger, Walk};
use crate::id::NodeId;
use alloc::borrow::Cow;
use alloc::format;

/// The order of Windows server clusters (KB 299631).
///
/// A group whose resource or node failed goes to the next eligible node after its owner in the
/// group's [node list](PlacementRequest::node_list), which wraps, so that it visits every node
/// before it comes back. A group that starts, or is moved by choice, goes to the first eligible
/// node from the top of the list.
///
/// | trigger | preferred owners | [`Ring::new`] | [`Ring::seeded`] |
/// |---|---|---|---|
/// | resource failure | any | next after the owner | next after the owner |
/// | node failure | some | next after the owner | next after the owner |
/// | node failure | none | next after the owner | drawn |
/// | best possible, drain | some | from the top | preferred from the top, then drawn |
/// | best possible, drain | none | from the top | drawn |
/// | start | any | from the top | from the top |
///
/// Windows draws at random; here a draw is a hash of the seed, the group, its ownership epoch and
/// the candidate. It spreads the groups of a failed node over the others, differs from move to
/// move, and gives an equal result whenever it is repeated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ring {
    seed: Option<u64>,
}

impl Ring {
    /// Returns a ring without draws: where Windows chooses at random, the order of the node ids
    /// decides.
    #[must_use]
    pub const fn new() -> Self {
        Self { seed: None }
    }

    /// Returns a ring with draws where Windows chooses at random. The seed may be any number.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { seed: Some(seed) }
    }

    fn order(self, placement: &PlacementRequest<'_>) -> Order {
        let has_preferred = !placement.group_spec().preferred_owners().is_empty();
        match (placement.trigger(), self.seed, has_preferred) {
            (Trigger::NodeFailure, Some(seed), false)
            | (Trigger::BestPossible | Trigger::Drain, Some(seed), true | false) => {
                Order::Drawn { seed }
            }
            (Trigger::ResourceFailure, _, _)
            | (Trigger::NodeFailure, _, true)
            | (Trigger::NodeFailure, None, false) => Order::List { after: placement.owner() },
            (Trigger::Start, _, _) | (Trigger::BestPossible | Trigger::Drain, None, _) => {
                Order::List { after: None }
            }
        }
    }
}

impl FailoverPolicy for Ring {
    fn name(&self) -> Cow<'static, str> {
        match self.seed {
            None => "ring".into(),
            Some(seed) => format!("ring({seed})").into(),
        }
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        match self.order(placement) {
            Order::List { after } => Rank::by(place_after(placement, after, candidate)),
            Order::Drawn { seed } => drawn(placement, seed, candidate),
        }
    }

    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        match self.order(placement) {
            Order::List { after } => Walk::NodeList { after },
            Order::Drawn { .. } => Walk::Ranked,
        }
    }
}

/// How the ring orders the candidates of one question.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// The node list, beginning behind a node.
    List { after: Option<NodeId> },
    /// The preferred owners in their order, then all others by a draw.
    Drawn { seed: u64 },
}

/// Returns the steps from the start of the walk to the candidate.
fn place_after(placement: &PlacementRequest<'_>, after: Option<NodeId>, candidate: NodeId) -> Key {
    let position = placement.list_position(candidate);
    let steps = match after.map(|node| placement.list_position(node).saturating_add(1)) {
        None => position,
        Some(start) => position.checked_sub(start).unwrap_or_else(|| {
            position.saturating_add(placement.spec().nodes().len()).saturating_sub(start)
        }),
    };
    Key::smallest(PLACE_IN_NODE_LIST, i64::try_from(steps).unwrap_or(i64::MAX))
}

fn drawn(placement: &PlacementRequest<'_>, seed: u64, candidate: NodeId) -> Rank {
    let preferred = placement.group_spec().preferred_owners().len();
    let position = placement.preferred_position(candidate);
    let place = i64::try_from(position.unwrap_or(preferred)).unwrap_or(i64::MAX);
    let epoch = placement.state().epoch(placement.group());
    let draw = [number(placement.group().index()), epoch.value(), number(candidate.index())]
        .into_iter()
        .fold(mix(seed), |hash, part| mix(hash ^ part));
    // The top bit is dropped so that the draw fits a key.
    let draw = i64::try_from(draw >> 1).unwrap_or(i64::MAX);
    Rank::by(Key::smallest("place among preferred owners", place))
        .and_by(Key::smallest("draw", draw))
}

fn number(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}

/// Does one step of SplitMix64 (Steele, Lea and Flood 2014): every input bit changes half of the
/// output bits. It is part of the behaviour: another mixer would place groups elsewhere.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of the published generator with seed 0.
    #[test]
    fn the_mixer_is_split_mix_64() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }
}
