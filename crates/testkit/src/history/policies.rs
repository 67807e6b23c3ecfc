//! Good and bad policies. The core has to keep its rules whatever they answer.

use crate::reference::Order;
use quorate::NodeId;
use quorate::policy::{
    FailoverPolicy, FirstPreferred, Key, LeastGroups, PlacementRequest, Rank, Ring, Walk,
};
use std::borrow::Cow;

/// One of several policies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy {
    Ring(Ring),
    LeastGroups,
    /// Ranks by a hash of the question and vetoes some nodes for no reason, among them those with a
    /// certain lag.
    Whim,
}

impl Policy {
    /// One number of each policy.
    pub(crate) const NUMBERS: [u8; 4] = [0, 3, 4, 5];

    pub(crate) fn new(number: u8) -> Self {
        match number % 6 {
            0..=2 => Self::Ring(Ring::new()),
            3 => Self::Ring(Ring::seeded(7)),
            4 => Self::LeastGroups,
            _ => Self::Whim,
        }
    }

    /// Returns the policy for the reference model, if the model knows it.
    pub(crate) fn orders(number: u8) -> Option<Vec<Order>> {
        match number % 6 {
            0..=2 => Some(vec![Order::Ring { seed: None }]),
            3 => Some(vec![Order::Ring { seed: Some(7) }]),
            4 => Some(vec![Order::LeastGroups, Order::FirstPreferred]),
            _ => None,
        }
    }
}

impl FailoverPolicy for Policy {
    fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Ring(ring) => FailoverPolicy::name(ring),
            Self::LeastGroups => FailoverPolicy::name(&LeastGroups.then(FirstPreferred)),
            Self::Whim => "whim".into(),
        }
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        match self {
            Self::Ring(ring) => ring.rank(placement, candidate),
            Self::LeastGroups => LeastGroups.then(FirstPreferred).rank(placement, candidate),
            Self::Whim => {
                let number = candidate.index() * 7 + placement.group().index() * 3;
                let lag = placement.attribute(candidate, "lag");
                if number % 5 == 4 || lag == Some(3) {
                    Rank::veto("no reason")
                } else {
                    let number = number + placement.groups_on(candidate);
                    let value = i64::try_from(number % 3).unwrap_or(0);
                    let lag = Key::smallest("lag", lag.unwrap_or(0) / 2);
                    Rank::by(Key::smallest("whim", value)).and_by(lag)
                }
            }
        }
    }

    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        match self {
            Self::Ring(ring) => ring.walk(placement),
            Self::LeastGroups | Self::Whim => Walk::Ranked,
        }
    }
}
