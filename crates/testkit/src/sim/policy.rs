//! The policy of a run, correct or misbehaving.

use crate::policies::Misbehaving;
use crate::reference::Order;
use quorate::NodeId;
use quorate::policy::{
    FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, PlacementRequest, Rank, Ring,
    StrictPreferred, Walk,
};
use std::borrow::Cow;

use super::dice::Dice;
use super::fault::FaultKind;

/// One of the policies that a run may have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy {
    Ring,
    Seeded(u64),
    First,
    Strict,
    LeastGroups,
    LeastLoaded,
    Bad(Misbehaving),
}

impl Policy {
    /// The policies that an operator may change to, beside the first of a run.
    pub(crate) const OFFERED: [Self; 5] =
        [Self::Ring, Self::First, Self::Strict, Self::LeastGroups, Self::LeastLoaded];

    /// Draws a policy that behaves.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        match dice.below(8) {
            0..=2 => Self::Ring,
            3 => Self::Seeded(dice.below(1_000)),
            4 => Self::First,
            5 => Self::Strict,
            6 => Self::LeastGroups,
            _ => Self::LeastLoaded,
        }
    }

    /// Returns the kind of fault that a policy of this name is, if it misbehaves.
    pub(crate) fn fault(name: &str) -> Option<FaultKind> {
        Misbehaving::named(name).map(|policy| match policy {
            Misbehaving::Whim => FaultKind::PolicyWhim,
            Misbehaving::Worst => FaultKind::PolicyWorst,
            Misbehaving::Veto => FaultKind::PolicyVeto,
            Misbehaving::Extreme => FaultKind::PolicyExtreme,
        })
    }

    /// Returns the policy for the reference model, if the model knows it.
    pub(crate) fn orders(self) -> Option<Vec<Order>> {
        let order = match self {
            Self::Ring => Order::Ring { seed: None },
            Self::Seeded(seed) => Order::Ring { seed: Some(seed) },
            Self::First => Order::FirstPreferred,
            Self::Strict => Order::StrictPreferred,
            Self::LeastGroups => Order::LeastGroups,
            Self::LeastLoaded => Order::LeastLoaded,
            Self::Bad(_) => return None,
        };
        Some(Vec::from([order]))
    }

    /// Returns the name of the policy in scenarios.
    pub(crate) fn word(self) -> String {
        match self {
            Self::Ring => "ring".into(),
            Self::Seeded(seed) => std::format!("ring:{seed}"),
            Self::First => "first_preferred".into(),
            Self::Strict => "strict_preferred".into(),
            Self::LeastGroups => "least_groups".into(),
            Self::LeastLoaded => "least_loaded".into(),
            Self::Bad(policy) => policy.word().into(),
        }
    }
}

impl FailoverPolicy for Policy {
    fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Ring => FailoverPolicy::name(&Ring::new()).into_owned().into(),
            Self::Seeded(seed) => FailoverPolicy::name(&Ring::seeded(*seed)).into_owned().into(),
            Self::First => FirstPreferred.name(),
            Self::Strict => StrictPreferred.name(),
            Self::LeastGroups => LeastGroups.name(),
            Self::LeastLoaded => LeastLoaded.name(),
            Self::Bad(policy) => policy.word().into(),
        }
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        match self {
            Self::Ring => Ring::new().rank(placement, candidate),
            Self::Seeded(seed) => Ring::seeded(*seed).rank(placement, candidate),
            Self::First => FirstPreferred.rank(placement, candidate),
            Self::Strict => StrictPreferred.rank(placement, candidate),
            Self::LeastGroups => LeastGroups.rank(placement, candidate),
            Self::LeastLoaded => LeastLoaded.rank(placement, candidate),
            Self::Bad(policy) => policy.rank(placement, candidate),
        }
    }

    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        match self {
            Self::Ring => Ring::new().walk(placement),
            Self::Seeded(seed) => Ring::seeded(*seed).walk(placement),
            Self::First => FirstPreferred.walk(placement),
            Self::Strict => StrictPreferred.walk(placement),
            Self::LeastGroups => LeastGroups.walk(placement),
            Self::LeastLoaded => LeastLoaded.walk(placement),
            Self::Bad(policy) => policy.walk(placement),
        }
    }
}
