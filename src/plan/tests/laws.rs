//! Laws that hold in every cluster.

use std::boxed::Box;
use std::format;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::policy::{FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred};

/// A cluster of up to 7 nodes and 6 groups in any state, and a question about its group `g0`.
#[derive(Clone, Debug)]
struct Question {
    cluster: Cluster,
    trigger: Trigger,
}

#[derive(Clone, Debug)]
struct Member {
    state: NodeState,
    capacity: Option<u64>,
}

#[derive(Clone, Debug)]
struct Party {
    /// Nodes by number, wrapping; repetitions drop out.
    preferred: Vec<usize>,
    possible: Option<Vec<usize>>,
    class: Option<bool>,
    demand: u64,
    owner: Option<usize>,
}

fn member() -> impl Strategy<Value = Member> {
    let states = prop_oneof![4 => Just(NodeState::Up), 2 => prop::sample::select(&NodeState::ALL)];
    let capacity = prop::option::weighted(0.7, 0..30_u64);
    (states, capacity).prop_map(|(state, capacity)| Member { state, capacity })
}

fn party() -> impl Strategy<Value = Party> {
    (
        vec(0..7_usize, 0..5),
        prop::option::weighted(0.3, vec(0..7_usize, 1..5)),
        prop::option::weighted(0.6, any::<bool>()),
        0..12_u64,
        prop::option::weighted(0.8, 0..7_usize),
    )
        .prop_map(|(preferred, possible, class, demand, owner)| Party {
            preferred,
            possible,
            class,
            demand,
            owner,
        })
}

fn question() -> impl Strategy<Value = Question> {
    let triggers = prop::sample::select(&[
        Trigger::Start,
        Trigger::ResourceFailure,
        Trigger::NodeFailure,
        Trigger::BestPossible,
        Trigger::Drain,
    ]);
    let anti_affinity =
        prop::sample::select(&[AntiAffinityPlacement::Soft, AntiAffinityPlacement::Hard]);
    (vec(member(), 1..8), vec(party(), 1..7), anti_affinity, triggers).prop_map(
        |(members, parties, anti_affinity, trigger)| Question {
            cluster: cluster(&members, &parties, anti_affinity),
            trigger,
        },
    )
}

fn cluster(members: &[Member], parties: &[Party], anti_affinity: AntiAffinityPlacement) -> Cluster {
    let name = |number: usize| format!("n{}", number % members.len());
    let names = |numbers: &[usize]| {
        let mut names: Vec<String> = Vec::new();
        for number in numbers {
            if !names.contains(&name(*number)) {
                names.push(name(*number));
            }
        }
        names
    };
    let mut declared = ClusterDeclaration::new("test");
    for (number, member) in members.iter().enumerate() {
        let node = NodeDeclaration::new(name(number));
        declared = declared.node(match member.capacity {
            Some(capacity) => node.capacity("room", capacity),
            None => node,
        });
    }
    for (number, party) in parties.iter().enumerate() {
        let bound = ResourceDeclaration::new(format!("r{number}"), "Generic Service");
        let mut group = GroupDeclaration::new(format!("g{number}"))
            .preferred_owners(names(&party.preferred))
            .demand("room", party.demand)
            .resource(match &party.possible {
                Some(possible) => bound.possible_owners(names(possible)),
                None => bound,
            });
        if let Some(class) = party.class {
            group = group.anti_affinity_class(format!("class {class}"));
        }
        declared = declared.group(group);
    }
    declared.anti_affinity = Some(anti_affinity);
    let mut cluster = Cluster::new(declared);
    for (number, party) in parties.iter().enumerate() {
        if let Some(owner) = party.owner {
            cluster = cluster.owned(&format!("g{number}"), &name(owner));
        }
    }
    for (number, member) in members.iter().enumerate() {
        cluster = cluster.all(&name(number), member.state);
    }
    cluster
}

fn policies() -> impl Strategy<Value = Box<dyn FailoverPolicy>> {
    (0..8_u32, any::<u64>()).prop_map(|(number, seed)| -> Box<dyn FailoverPolicy> {
        match number {
            0 => Box::new(Ring::new()),
            1 => Box::new(Ring::seeded(seed)),
            2 => Box::new(FirstPreferred),
            3 => Box::new(StrictPreferred),
            4 => Box::new(LeastGroups),
            5 => Box::new(LeastLoaded),
            6 => Box::new(LeastGroups.then(LeastLoaded).then(StrictPreferred)),
            _ => Box::new(Ring::seeded(seed).then(StrictPreferred)),
        }
    })
}

fn place_of(explanation: &Explanation, node: NodeId) -> usize {
    explanation.candidates.iter().position(|candidate| candidate.node == node).unwrap()
}

proptest! {
    /// Walking, ranking and explaining give one answer, and the answer keeps the rules.
    #[test]
    fn every_way_gives_one_safe_answer(question in question(), policy in policies()) {
        let placement = question.cluster.ask("g0", question.trigger);
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
        prop_assert!(!is_last_resort || question.trigger == Trigger::NodeFailure);
        let leaves = question.trigger != Trigger::Start;
        prop_assert!(!leaves || placement.owner() != Some(choice.node));
        prop_assert_eq!(eligibility(&placement, choice.node).tier(), Some(choice.tier));
        for (node, _) in question.cluster.spec.nodes() {
            let tier = eligibility(&placement, node).tier();
            let is_vetoed = policy.rank(&placement, node).vetoed().is_some();
            prop_assert!(is_vetoed || tier.is_none_or(|tier| choice.tier <= tier));
        }
    }

    /// Every node has exactly one verdict, in the order of the tiers; the rejected come last.
    #[test]
    fn an_explanation_is_a_permutation(question in question(), policy in policies()) {
        let placement = question.cluster.ask("g0", question.trigger);
        let explanation = explain(&placement, &policy);
        let mut nodes: Vec<NodeId> =
            explanation.candidates.iter().map(|candidate| candidate.node).collect();
        nodes.sort_unstable();
        let declared: Vec<NodeId> = question.cluster.spec.nodes().map(|(node, _)| node).collect();
        prop_assert_eq!(nodes, declared);
        for (place, candidate) in explanation.candidates.iter().enumerate() {
            let is_chosen = matches!(candidate.verdict, Verdict::Chosen { .. });
            prop_assert_eq!(is_chosen, place == 0 && explanation.chosen.is_some());
            if let Verdict::Behind { node, .. } = candidate.verdict {
                prop_assert_eq!(explanation.candidates[place - 1].node, node);
            }
        }
        let standings: Vec<u8> = explanation
            .candidates
            .iter()
            .map(|candidate| match (&candidate.verdict, eligibility(&placement, candidate.node)) {
                (Verdict::Rejected(_), _) | (_, Eligibility::Rejected(_)) => 4,
                (_, Eligibility::Eligible) => 0,
                (_, Eligibility::LastResort(drawback)) => drawback.tier() as u8,
            })
            .collect();
        prop_assert!(standings.is_sorted());
        let rejected = explanation
            .candidates
            .iter()
            .filter(|candidate| matches!(candidate.verdict, Verdict::Rejected(_)))
            .map(|candidate| candidate.node);
        prop_assert!(rejected.is_sorted());
    }

    /// More load never improves the place of a node.
    #[test]
    fn load_never_helps(question in question(), number in 0..7_usize, by_share in any::<bool>()) {
        let policy: &dyn FailoverPolicy = if by_share { &LeastLoaded } else { &LeastGroups };
        let before = question.cluster.clone();
        let node = NodeId::from_index(number % before.spec.nodes().len());
        let name = before.spec.node(node).unwrap().name().to_string();
        let Some((group, _)) = before
            .spec
            .groups()
            .skip(1)
            .find(|(group, _)| !before.state.occupancy.stands_on(*group, node))
        else {
            return Ok(());
        };
        let after = before.clone().owned(before.spec.group(group).unwrap().name(), &name);
        let place = |cluster: &Cluster| {
            place_of(&explain(&cluster.ask("g0", question.trigger), policy), node)
        };
        let rejected = matches!(
            eligibility(&before.ask("g0", question.trigger), node),
            Eligibility::Rejected(_)
        );
        prop_assert!(rejected || place(&before) <= place(&after));
    }

    /// The walk from behind any node is the node list, rotated.
    #[test]
    fn the_node_list_rotates(question in question(), number in 0..7_usize) {
        let placement = question.cluster.ask("g0", question.trigger);
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
