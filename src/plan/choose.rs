//! The choice of a node.

use core::cmp::Ordering;

use serde::Serialize;

use super::{Drawback, Eligibility, Rejection, Tier, eligibility};
use crate::id::NodeId;
use crate::policy::{FailoverPolicy, PlacementRequest, Rank, Walk};
use crate::settings::{Admission, Ownership};
use crate::time::Timestamp;

/// The node that a group gets.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Choice {
    /// The node.
    pub node: NodeId,
    /// The tier that says how well it is suited.
    pub tier: Tier,
}

impl Choice {
    /// Creates a choice.
    #[must_use]
    pub const fn new(node: NodeId, tier: Tier) -> Self {
        Self { node, tier }
    }
}

/// Returns the node that this group gets; `None` if no node may own it.
///
/// Nodes that can run all that must run come first: those where the group did not
/// [fail](PlacementRequest::failed_here), then those where it failed longest ago. (Among nodes that
/// cannot run all, the one that can run most comes first.) Then the best tier decides, then the
/// policy; then the present owner comes first; then the place in the group's node list decides,
/// which no two nodes share. Nothing is allocated, and a policy that [walks](FailoverPolicy::walk)
/// the node list is asked only until the first eligible node where the group did not fail.
#[must_use]
pub fn choose(placement: &PlacementRequest<'_>, policy: &dyn FailoverPolicy) -> Option<Choice> {
    let choice = match policy.walk(placement) {
        Walk::NodeList { after } => first_in_list(placement, policy, after),
        Walk::Ranked => best_rank(placement, policy),
    };
    choice.filter(|choice| match eligibility(placement, choice.node) {
        // Tiers are as strict as they are low: if this one is closed, so are those below.
        Eligibility::LastResort(drawback) => drawback.is_open(placement),
        Eligibility::Eligible | Eligibility::Rejected(_) => true,
    })
}

/// Returns how well one node is suited for the group, policy included.
///
/// # Errors
///
/// The reason why the node is rejected.
pub fn assess(
    placement: &PlacementRequest<'_>,
    policy: &dyn FailoverPolicy,
    node: NodeId,
) -> Result<Tier, Rejection> {
    Contender::assess(placement, policy, node).map(|contender| contender.tier())
}

/// The merit of a node, which decides between two nodes before the policy is asked, best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Merit {
    /// The tier, where all tiers that can run all of the group count as one.
    class: Tier,
    /// The number of resources that it cannot run, if it cannot run all that must run.
    unable: usize,
    /// The time when the group failed there: never is best, then longest ago.
    failed_at: Option<Timestamp>,
    tier: Tier,
}

impl Merit {
    /// Tells whether no merit is better.
    const fn is_best(self) -> bool {
        matches!(self, Self { tier: Tier::Eligible, unable: 0, failed_at: None, .. })
    }

    /// Returns how many resources the node cannot run, if it cannot run all that must run;
    /// otherwise 0.
    pub(super) const fn unable(self) -> usize {
        self.unable
    }

    /// Returns the merit of a node for the group, from its tier and the failures of the group
    /// there.
    pub(super) fn of(placement: &PlacementRequest<'_>, node: NodeId, tier: Tier) -> Self {
        let is_admitted = placement.spec().settings().admission == Admission::Open;
        let class = match tier {
            // If the cluster would not let the group start there, a node where it failed is better.
            Tier::BesideAntiAffine if is_admitted => Tier::Eligible,
            Tier::Eligible | Tier::BesideAntiAffine | Tier::OwnedOnly | Tier::Paused => tier,
        };
        let unable = match (tier, placement.spec().settings().ownership) {
            (Tier::OwnedOnly, Ownership::NeededResources) => {
                placement.group_spec().unable_count(node)
            }
            (Tier::OwnedOnly, Ownership::EveryResource)
            | (Tier::Eligible | Tier::BesideAntiAffine | Tier::Paused, _) => 0,
        };
        let failed_at = placement.failed_here(node).map(|failed| failed.at);
        Self { class, unable, failed_at: failed_at.filter(|_| !seeded!(FailureForgotten)), tier }
    }
}

/// A node that may own the group, with everything that decides its place among the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contender {
    pub(super) node: NodeId,
    pub(super) drawback: Option<Drawback>,
    pub(super) merit: Merit,
    pub(super) rank: Rank,
}

impl Contender {
    /// Asks the core and the policy about a node.
    pub(super) fn assess(
        placement: &PlacementRequest<'_>,
        policy: &dyn FailoverPolicy,
        node: NodeId,
    ) -> Result<Self, Rejection> {
        let drawback = match eligibility(placement, node) {
            Eligibility::Eligible => None,
            Eligibility::LastResort(drawback) => Some(drawback),
            Eligibility::Rejected(rejection) => return Err(rejection),
        };
        let rank = policy.rank(placement, node);
        let tier = drawback.map_or(Tier::Eligible, |drawback| drawback.tier());
        match rank.vetoed() {
            Some(reason) => Err(Rejection::Vetoed { reason: reason.into() }),
            None => Ok(Self { node, drawback, merit: Merit::of(placement, node, tier), rank }),
        }
    }

    /// Returns the tier of the node.
    pub(super) fn tier(&self) -> Tier {
        self.merit.tier
    }

    /// Returns `Less` if this node is taken before the other.
    pub(super) fn compare(&self, other: &Self, placement: &PlacementRequest<'_>) -> Ordering {
        let is_elsewhere = |node| placement.owner() != Some(node);
        self.merit
            .cmp(&other.merit)
            .then_with(|| self.rank.compare(&other.rank).0)
            .then_with(|| is_elsewhere(self.node).cmp(&is_elsewhere(other.node)))
            .then_with(|| {
                placement.list_position(self.node).cmp(&placement.list_position(other.node))
            })
    }
}

/// Returns the first of the best nodes, from behind a node and wrapping.
fn first_in_list(
    placement: &PlacementRequest<'_>,
    policy: &dyn FailoverPolicy,
    after: Option<NodeId>,
) -> Option<Choice> {
    let mut best: Option<(NodeId, Merit)> = None;
    for node in placement.node_list_after(after) {
        let Some(tier) = eligibility(placement, node).tier() else {
            continue;
        };
        let merit = Merit::of(placement, node, tier);
        if best.is_some_and(|(_, best)| best <= merit) {
            continue;
        }
        if policy.rank(placement, node).vetoed().is_some() {
            continue;
        }
        best = Some((node, merit));
        if merit.is_best() {
            break;
        }
    }
    best.map(|(node, merit)| Choice { node, tier: merit.tier })
}

fn best_rank(placement: &PlacementRequest<'_>, policy: &dyn FailoverPolicy) -> Option<Choice> {
    placement
        .spec()
        .nodes()
        .filter_map(|(node, _)| Contender::assess(placement, policy, node).ok())
        .min_by(|one, other| one.compare(other, placement))
        .map(|best| Choice { node: best.node, tier: best.tier() })
}
