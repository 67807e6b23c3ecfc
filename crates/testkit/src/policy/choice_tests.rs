//! Laws of the core's choice that hold for every policy.

use proptest::prelude::*;
use quorate::NodeId;
use quorate::machine::NodeState;
use quorate::plan::{CandidateVerdict, Choice, Eligibility, Tier, choose, eligibility, explain};
use quorate::policy::{
    FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, PlacementRequest, Ring,
    StrictPreferred, Trigger,
};

use super::asking::Ranked;
use super::case::{ASKED, Scene, case};
use crate::policies::Misbehaving;

/// A cluster in any state, and a question about its first group.
#[derive(Clone, Debug)]
struct Question {
    cluster: Scene,
    trigger: Trigger,
}

fn choose_in_every_way(
    placement: &PlacementRequest<'_>,
    policy: &dyn FailoverPolicy,
) -> Option<Choice> {
    let choice = choose(placement, policy);
    assert_eq!(choose(placement, &Ranked(policy)), choice, "walk and ranks agree");
    let node = choice.map(|choice| choice.node);
    assert_eq!(explain(placement, policy).chosen, node, "the explanation agrees");
    assert_eq!(explain(placement, &Ranked(policy)).chosen, node, "by ranks as well");
    choice
}

fn question() -> impl Strategy<Value = Question> {
    case().prop_map(|case| Question { cluster: case.scene(), trigger: case.trigger })
}

fn policies() -> impl Strategy<Value = Box<dyn FailoverPolicy>> {
    (0..9_u32, any::<u64>()).prop_map(|(number, seed)| -> Box<dyn FailoverPolicy> {
        match number {
            0 => Box::new(Ring::new()),
            1 => Box::new(Ring::seeded(seed)),
            2 => Box::new(FirstPreferred),
            3 => Box::new(StrictPreferred),
            4 => Box::new(LeastGroups),
            5 => Box::new(LeastLoaded),
            6 => Box::new(LeastGroups.then(LeastLoaded).then(StrictPreferred)),
            7 => Box::new(Ring::seeded(seed).then(StrictPreferred)),
            _ => Box::new(Misbehaving::Extreme),
        }
    })
}

proptest! {
    /// Walking, ranking and explaining give one answer, and the answer keeps the rules.
    #[test]
    fn every_way_gives_one_safe_answer(question in question(), policy in policies()) {
        let placement = question.cluster.ask(ASKED, question.trigger);
        let Some(choice) = choose_in_every_way(&placement, &policy) else { return Ok(()) };
        let is_last_resort = match question.cluster.state.node_state(choice.node) {
            NodeState::Up => choice.tier == Tier::OwnedOnly,
            NodeState::Paused => {
                prop_assert_eq!(choice.tier, Tier::Paused);
                true
            }
            NodeState::Down | NodeState::Joining | NodeState::Unclean => {
                return Err(TestCaseError::fail("the node is not a member"));
            }
        };
        let is_start = question.trigger == Trigger::Start && choice.tier == Tier::OwnedOnly;
        let is_open = question.trigger == Trigger::NodeFailure || is_start;
        prop_assert!(!is_last_resort || is_open);
        let leaves = question.trigger != Trigger::Start;
        prop_assert!(!leaves || placement.owner() != Some(choice.node));
        prop_assert_eq!(eligibility(&placement, choice.node).tier(), Some(choice.tier));
        for (node, _) in question.cluster.spec.nodes() {
            let tier = eligibility(&placement, node).tier();
            let is_vetoed = policy.rank(&placement, node).vetoed().is_some();
            prop_assert!(is_vetoed || tier.is_none_or(|tier| choice.tier <= tier));
        }
    }

    /// Every node has exactly one verdict, in the order of the tiers; the rejected nodes come last.
    #[test]
    fn an_explanation_is_a_permutation(question in question(), policy in policies()) {
        let placement = question.cluster.ask(ASKED, question.trigger);
        let explanation = explain(&placement, &policy);
        let mut nodes: Vec<NodeId> =
            explanation.candidates.iter().map(|candidate| candidate.node).collect();
        nodes.sort_unstable();
        let declared: Vec<NodeId> = question.cluster.spec.nodes().map(|(node, _)| node).collect();
        prop_assert_eq!(nodes, declared);
        for (place, candidate) in explanation.candidates.iter().enumerate() {
            let is_chosen = matches!(candidate.verdict, CandidateVerdict::Chosen { .. });
            prop_assert_eq!(is_chosen, place == 0 && explanation.chosen.is_some());
            if let CandidateVerdict::Behind { node, .. } = candidate.verdict {
                prop_assert_eq!(explanation.candidates[place - 1].node, node);
            }
        }
        let standings: Vec<u8> = explanation
            .candidates
            .iter()
            .map(|candidate| match (&candidate.verdict, eligibility(&placement, candidate.node)) {
                (CandidateVerdict::Rejected(_), _) | (_, Eligibility::Rejected(_)) => 4,
                (_, Eligibility::Eligible) => 0,
                (_, Eligibility::LastResort(drawback)) => drawback.tier() as u8,
            })
            .collect();
        prop_assert!(standings.is_sorted());
        let rejected = explanation
            .candidates
            .iter()
            .filter(|candidate| matches!(candidate.verdict, CandidateVerdict::Rejected(_)))
            .map(|candidate| candidate.node);
        prop_assert!(rejected.is_sorted());
    }

    /// The walk from behind any node is the node list, rotated.
    #[test]
    fn the_node_list_rotates(question in question(), number in 0..64_usize) {
        let placement = question.cluster.ask(ASKED, question.trigger);
        let list: Vec<NodeId> = placement.node_list().collect();
        for (position, node) in list.iter().enumerate() {
            prop_assert_eq!(placement.list_position(*node), position);
        }
        let after = list[number % list.len()];
        let mut rotated = list.clone();
        rotated.rotate_left(number % list.len() + 1);
        prop_assert_eq!(placement.node_list_after(Some(after)).collect::<Vec<_>>(), rotated);
    }
}
