//! Laws about where groups come to rest, and how they move.

use super::Finding;
use crate::policy::asking::question;
use crate::policy::case::{ASKED, Case, Scene};
use quorate::machine::NodeState;
use quorate::plan::choose;
use quorate::policy::{FailoverPolicy, Trigger};
use quorate::{GroupId, NodeId};

/// Number of rounds in which every group is asked for once; far more than any built-in policy
/// needs.
const ROUNDS: usize = 64;

pub(super) fn settled(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let mut scene = scene.clone();
    let Some(first) = next(&scene, ASKED, Trigger::Start, policy) else {
        return Finding::NothingToSay;
    };
    scene.place(ASKED, first);
    let second = next(&scene, ASKED, Trigger::Start, policy);
    Finding::unless(&Some(first), &second, || {
        format!(
            "asked for {}, it goes to {}; asked again when it is there, it goes to {}",
            question(&case.parties[ASKED.index()].name, Trigger::Start),
            scene.name(first),
            second.map_or_else(|| "none".into(), |node| scene.name(node)),
        )
    })
}

pub(super) fn convergent(case: &Case, policy: &dyn FailoverPolicy) -> Finding {
    let mut open = case.clone();
    for member in &mut open.members {
        member.state = NodeState::Up;
    }
    for party in &mut open.parties {
        (party.possible, party.class) = (None, None);
    }
    let mut scene = open.scene();
    let groups: Vec<GroupId> = scene.spec.groups().map(|(group, _)| group).collect();
    let mut moves: Vec<String> = Vec::new();
    for _ in 0..ROUNDS {
        moves.clear();
        for group in &groups {
            let Some(node) = next(&scene, *group, Trigger::Start, policy) else { continue };
            if scene.state.owner(*group) != Some(node) {
                let name = &case.parties[group.index()].name;
                moves.push(format!("{name} goes to {}", scene.name(node)));
                scene.place(*group, node);
            }
        }
        if moves.is_empty() {
            return Finding::Kept;
        }
    }
    let moves = moves.join(", ");
    Finding::Broken(format!(
        "with all nodes up and every group asked for {ROUNDS} times (start), still {moves}"
    ))
}

pub(super) fn visits_all(case: &Case, policy: &dyn FailoverPolicy) -> Finding {
    let mut plain = case.clone().plain();
    let asked = &mut plain.parties[ASKED.index()];
    let home = NodeId::from_index(asked.owner.unwrap_or(0));
    asked.owner = Some(home.index());
    let mut scene = plain.scene();
    let mut visited = vec![home];
    for _ in 1..plain.members.len() {
        let Some(node) = next(&scene, ASKED, Trigger::ResourceFailure, policy) else { break };
        visited.push(node);
        scene.place(ASKED, node);
    }
    let mut distinct = visited.clone();
    distinct.sort_unstable();
    distinct.dedup();
    Finding::unless(&distinct.len(), &plain.members.len(), || {
        let group = &plain.parties[ASKED.index()].name;
        format!("all nodes are up, {group} fails everywhere and is on {}", scene.names(&visited))
    })
}

/// Checks the spread of 250 groups of a failed node over five nodes.
pub(super) fn spread(policy: &dyn FailoverPolicy) -> Finding {
    const GROUPS: usize = 250;
    const EACH: i64 = 50;
    /// 18.47 is exceeded in one of a thousand cases, with four degrees of freedom; times 50.
    const BOUND: i64 = 923;
    let case = Case::failed_node(6, GROUPS);
    let mut scene = case.scene();
    let mut counts = [0_i64; 6];
    for group in (0..GROUPS).map(GroupId::from_index) {
        let Some(node) = next(&scene, group, Trigger::NodeFailure, policy) else { continue };
        counts[node.index()] += 1;
        scene.place(group, node);
    }
    let squares: i64 = counts[1..].iter().map(|count| (count - EACH) * (count - EACH)).sum();
    if squares <= BOUND {
        return Finding::Kept;
    }
    let nodes = (1..6).map(|node| format!("{} on n{node}", counts[node]));
    let nodes: Vec<String> = nodes.collect();
    Finding::Broken(format!("n0 fails with its 250 groups: {}", nodes.join(", ")))
}

/// Returns the next node of a group.
fn next(
    scene: &Scene,
    group: GroupId,
    trigger: Trigger,
    policy: &dyn FailoverPolicy,
) -> Option<NodeId> {
    choose(&scene.ask(group, trigger), policy).map(|choice| choice.node)
}
