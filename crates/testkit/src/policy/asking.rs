//! The answers of a policy as embedders see them: through the core.

use super::case::{ASKED, Case, Scene};
use quorate::NodeId;
use quorate::plan::{Candidate, CandidateVerdict, Eligibility, Rejection, eligibility, explain};
use quorate::policy::{FailoverPolicy, PlacementRequest, Rank, Trigger, Walk};
use std::borrow::Cow;

/// The candidates for one question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    /// The nodes that may be taken, best first.
    pub(super) order: Vec<NodeId>,
    /// The nodes that only the policy rules out.
    pub(super) vetoed: Vec<NodeId>,
}

/// Asks about the group of the case.
pub(super) fn answer(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Answer {
    Answer::of(&scene.ask(ASKED, case.trigger), policy)
}

impl Answer {
    pub(super) fn of(placement: &PlacementRequest<'_>, policy: &dyn FailoverPolicy) -> Self {
        let candidates = explain(placement, policy).candidates;
        let is_vetoed = |of: &&Candidate| {
            matches!(of.verdict, CandidateVerdict::Rejected(Rejection::Vetoed { .. }))
        };
        let is_taken = |of: &&Candidate| !matches!(of.verdict, CandidateVerdict::Rejected(_));
        let mut vetoed: Vec<NodeId> =
            candidates.iter().filter(is_vetoed).map(|of| of.node).collect();
        if !vetoed.is_empty() {
            // Last resorts that are not open are vetoed first, but are rejected in any case.
            let open = Self::of(placement, &Neutral).order;
            vetoed.retain(|node| open.contains(node));
        }
        Self { order: candidates.iter().filter(is_taken).map(|of| of.node).collect(), vetoed }
    }

    /// Returns the order and the vetoed nodes, by name.
    pub(super) fn words(&self, scene: &Scene) -> String {
        let order = scene.names(&self.order);
        if self.vetoed.is_empty() {
            order
        } else {
            format!("{order} (vetoed: {})", scene.names(&self.vetoed))
        }
    }
}

/// Returns the nodes about which a policy is asked.
pub(super) fn candidates(placement: &PlacementRequest<'_>) -> Vec<NodeId> {
    let nodes = placement.spec().nodes().map(|(node, _)| node);
    nodes
        .filter(|node| !matches!(eligibility(placement, *node), Eligibility::Rejected(_)))
        .collect()
}

/// The order by the ranks of another policy, without its own walk.
#[derive(Debug)]
pub(crate) struct Ranked<'a>(pub(crate) &'a dyn FailoverPolicy);

impl FailoverPolicy for Ranked<'_> {
    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        self.0.rank(placement, candidate)
    }

    fn walk(&self, _: &PlacementRequest<'_>) -> Walk {
        Walk::Ranked
    }
}

/// A policy without an opinion, so that only the decisions of the core remain.
#[derive(Debug)]
pub(super) struct Neutral;

impl FailoverPolicy for Neutral {
    fn name(&self) -> Cow<'static, str> {
        "neutral".into()
    }

    fn rank(&self, _: &PlacementRequest<'_>, _: NodeId) -> Rank {
        Rank::neutral()
    }
}

impl Case {
    /// Returns the question in words.
    pub(super) fn question(&self) -> String {
        question(&self.parties[ASKED.index()].name, self.trigger)
    }
}

pub(super) fn question(group: &str, trigger: Trigger) -> String {
    format!("{group} ({trigger})")
}
