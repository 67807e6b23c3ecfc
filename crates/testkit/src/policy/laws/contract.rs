//! Laws from the contract of policies about one question.

use super::Finding;
use crate::policy::asking::{Answer, Ranked, answer, candidates};
use crate::policy::case::{ASKED, Case, Scene};
use quorate::NodeId;
use quorate::policy::{FailoverPolicy, Key, PlacementRequest, Rank, Trigger, Walk};

/// Asks the policy. The caller of a law catches panics.
pub(super) fn total(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    answer(case, scene, policy);
    Finding::Kept
}

pub(super) fn deterministic(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let copy = case.scene();
    let first = ranks(scene, case.trigger, policy);
    let again = ranks(scene, case.trigger, policy);
    let elsewhere = ranks(&copy, case.trigger, policy);
    for (group, _) in scene.spec.groups() {
        for trigger in [Trigger::Start, Trigger::NodeFailure] {
            Answer::of(&scene.ask(group, trigger), policy);
        }
    }
    let later = ranks(scene, case.trigger, policy);
    let answers = [("asked again", again), ("about a copy", elsewhere), ("asked later", later)];
    for (when, other) in answers {
        if other != first {
            let question = case.question();
            return Finding::Broken(format!(
                "asked for {question}, the answer is {}; {when}, it is {}",
                ranks_words(scene, &first),
                ranks_words(scene, &other),
            ));
        }
    }
    Finding::Kept
}

pub(super) fn any_order(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let placement = scene.ask(ASKED, case.trigger);
    let mut nodes = candidates(&placement);
    let forward = ranks_of(&placement, &nodes, policy);
    nodes.reverse();
    let mut backward = ranks_of(&placement, &nodes, policy);
    backward.reverse();
    if forward != backward {
        return Finding::Broken(format!(
            "asked for {} from the first node to the last, the answer is {}; from the last to the \
             first, it is {}",
            case.question(),
            ranks_words(scene, &forward),
            ranks_words(scene, &backward),
        ));
    }
    let mut turned = case.clone();
    turned.parties[1..].reverse();
    let turned = ranks(&turned.scene(), case.trigger, policy);
    Finding::unless(&ranks(scene, case.trigger, policy), &turned, || {
        format!(
            "asked for {}, the answer is {}; with the other groups declared in reverse, it is {}",
            case.question(),
            ranks_words(scene, &forward),
            ranks_words(scene, &turned),
        )
    })
}

pub(super) fn known_nodes(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    match policy.walk(&scene.ask(ASKED, case.trigger)) {
        Walk::NodeList { after: Some(node) } if scene.spec.node(node).is_none() => {
            Finding::Broken(format!(
                "asked for {}, the walk begins behind {}, and there are {} nodes",
                case.question(),
                scene.name(node),
                scene.spec.nodes().len(),
            ))
        }
        Walk::NodeList { .. } | Walk::Ranked => Finding::Kept,
    }
}

pub(super) fn named(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    for (node, rank) in ranks(scene, case.trigger, policy) {
        let what = match rank.vetoed() {
            Some(reason) if reason.trim().is_empty() => "vetoed without a reason",
            None if rank.keys().iter().any(|key| key.name().trim().is_empty()) => {
                "ranked by a key without a name"
            }
            Some(_) | None => continue,
        };
        let (question, node) = (case.question(), scene.name(node));
        return Finding::Broken(format!("asked for {question}, {node} is {what}"));
    }
    Finding::Kept
}

pub(super) fn same_keys(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let ranks = ranks(scene, case.trigger, policy);
    let mut shapes = ranks
        .iter()
        .filter(|(_, rank)| rank.vetoed().is_none())
        .map(|(node, rank)| (scene.name(*node), rank.keys().iter().map(shape).collect::<Vec<_>>()));
    let Some((first, keys)) = shapes.next() else { return Finding::NothingToSay };
    match shapes.find(|(_, others)| *others != keys) {
        None => Finding::Kept,
        Some((other, others)) => Finding::Broken(format!(
            "asked for {}, {first} is ranked by [{}] and {other} by [{}]",
            case.question(),
            keys.join(", "),
            others.join(", "),
        )),
    }
}

fn shape(key: &Key) -> String {
    let is_smallest = *key == Key::smallest(key.name(), key.value());
    format!("{} {}", if is_smallest { "smallest" } else { "largest" }, key.name())
}

pub(super) fn walk_agrees(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let walked = answer(case, scene, policy);
    let ranked = answer(case, scene, &Ranked(policy));
    Finding::unless(&walked, &ranked, || {
        format!(
            "asked for {}, the walk gives {}; the ranks give {}",
            case.question(),
            walked.words(scene),
            ranked.words(scene),
        )
    })
}

pub(super) fn some_node(case: &Case, policy: &dyn FailoverPolicy) -> Finding {
    let mut plain = case.clone().plain();
    let asked = &mut plain.parties[ASKED.index()];
    if !asked.preferred.is_empty() {
        let others = (0..case.members.len()).filter(|node| !asked.preferred.contains(node));
        let others: Vec<usize> = others.collect();
        asked.preferred.extend(others);
    }
    let scene = plain.scene();
    let Answer { order, vetoed } = answer(&plain, &scene, policy);
    if vetoed.is_empty() && order.is_empty() {
        return Finding::NothingToSay;
    }
    if !order.is_empty() {
        return Finding::Kept;
    }
    let (question, vetoed) = (case.question(), scene.names(&vetoed));
    Finding::Broken(format!(
        "asked for {question} when all nodes are up and preferred alike, it vetoes {vetoed}"
    ))
}

/// Returns the ranks of all candidates.
fn ranks(scene: &Scene, trigger: Trigger, policy: &dyn FailoverPolicy) -> Vec<(NodeId, Rank)> {
    let placement = scene.ask(ASKED, trigger);
    // A walk belongs to the question, and a policy may fill its memory in it.
    policy.walk(&placement);
    ranks_of(&placement, &candidates(&placement), policy)
}

fn ranks_of(
    placement: &PlacementRequest<'_>,
    nodes: &[NodeId],
    policy: &dyn FailoverPolicy,
) -> Vec<(NodeId, Rank)> {
    nodes.iter().map(|node| (*node, policy.rank(placement, *node))).collect()
}

/// Returns the ranks in words: `n0 load 3, n1 vetoed`.
fn ranks_words(scene: &Scene, ranks: &[(NodeId, Rank)]) -> String {
    let words = ranks.iter().map(|(node, rank)| {
        let keys = rank.keys().iter().map(|key| format!("{} {}", key.name(), key.value()));
        let keys: Vec<String> = match rank.vetoed() {
            Some(reason) => vec![format!("vetoed, {reason}")],
            None => keys.collect(),
        };
        format!("{}: {}", scene.name(*node), keys.join(", "))
    });
    let words: Vec<String> = words.collect();
    format!("[{}]", words.join("; "))
}
