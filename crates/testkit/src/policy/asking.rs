//! What a policy answers, as embedders see it: through the core.

use super::case::{ASKED, Case, Scene};
use quorate::NodeId;
use quorate::plan::{Candidate, CandidateVerdict, Eligibility, Rejection, eligibility, explain};
use quorate::policy::{FailoverPolicy, PlacementRequest, Rank, Trigger, Walk};
use std::borrow::Cow;

/// The candidates of one question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    /// Those that may be taken, best first.
    pub(super) order: Vec<NodeId>,
    /// Those that the policy alone does not want.
    pub(super) vetoed: Vec<NodeId>,
}

/// Asks about the group that the case is about.
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
            // Last resorts that are not open are vetoed first, and rejected all the same.
            let open = Self::of(placement, &Neutral).order;
            vetoed.retain(|node| open.contains(node));
        }
        Self { order: candidates.iter().filter(is_taken).map(|of| of.node).collect(), vetoed }
    }

    /// The order, and what is vetoed, by name.
    pub(super) fn words(&self, scene: &Scene) -> String {
        let order = scene.names(&self.order);
        if self.vetoed.is_empty() {
            order
        } else {
            format!("{order} (vetoed: {})", scene.names(&self.vetoed))
        }
    }
}

/// The nodes about which a policy is asked.
pub(super) fn candidates(placement: &PlacementRequest<'_>) -> Vec<NodeId> {
    let nodes = placement.spec().nodes().map(|(node, _)| node);
    nodes
        .filter(|node| !matches!(eligibility(placement, *node), Eligibility::Rejected(_)))
        .collect()
}

/// The order of another policy, without its short cut.
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

/// No opinion: what is left is what the core says.
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
    /// What is asked, in words.
    pub(super) fn question(&self) -> String {
        question(&self.parties[ASKED.index()].name, self.trigger)
    }
}

pub(super) fn question(group: &str, trigger: Trigger) -> String {
    format!("{group} ({trigger})")
}
