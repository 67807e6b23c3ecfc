//! Policies that misbehave. The core has to keep its rules whatever they answer.

use quorate::NodeId;
use quorate::policy::{FailoverPolicy, Key, PlacementRequest, Rank};
use std::borrow::Cow;

/// A policy that no operator would want.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Misbehaving {
    /// Orders by a hash of the question and vetoes some nodes for no reason.
    Whim,
    /// Keeps every group where it is, or sends it to the fullest node.
    Worst,
    /// Vetoes every node.
    Veto,
    /// Ranks with the largest and smallest possible numbers.
    Extreme,
}

impl Misbehaving {
    /// Returns its name in scenarios.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Whim => "whim",
            Self::Worst => "worst",
            Self::Veto => "veto",
            Self::Extreme => "extreme",
        }
    }

    /// Returns the policy with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Whim, Self::Worst, Self::Veto, Self::Extreme]
            .into_iter()
            .find(|policy| policy.word() == name)
    }
}

impl FailoverPolicy for Misbehaving {
    fn name(&self) -> Cow<'static, str> {
        (*self).word().into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        match self {
            Self::Whim => {
                let number = candidate.index() * 7 + placement.group().index() * 3;
                if number % 5 == 4 {
                    return Rank::veto("no reason");
                }
                let number = number + placement.groups_on(candidate);
                Rank::by(Key::smallest("whim", i64::try_from(number % 3).unwrap_or(0)))
            }
            Self::Worst => {
                let here = i64::from(placement.owner() != Some(candidate));
                let load = i64::try_from(placement.groups_on(candidate)).unwrap_or(i64::MAX);
                Rank::by(Key::smallest("elsewhere", here)).and_by(Key::smallest("empty", -load))
            }
            Self::Veto => Rank::veto("never"),
            Self::Extreme => {
                let extremes = [i64::MIN, i64::MAX, 0];
                let number = candidate.index() + placement.group().index();
                Rank::by(Key::smallest("extreme", extremes[number % extremes.len()]))
            }
        }
    }
}
