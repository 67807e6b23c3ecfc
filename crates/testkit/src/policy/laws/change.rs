//! Laws about the answer after a change of the cluster.

use super::Finding;
use crate::policy::asking::{Answer, Neutral, answer};
use crate::policy::case::{ASKED, Case, Member, Party, Scene};
use quorate::NodeId;
use quorate::machine::NodeState;
use quorate::plan::{Tier, assess};
use quorate::policy::FailoverPolicy;

/// The direction in which load pulls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pull {
    Away,
    Towards,
}

pub(super) fn irrelevant(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let outside = out_of_question(case, scene);
    let (changed, what) = if case.which % 6 == 4 {
        (with_one_more_group(case), "a group is declared that stands nowhere".into())
    } else {
        let Some(node) = outside.get(case.how % outside.len().max(1)) else {
            return Finding::NothingToSay;
        };
        let Some(changed) = changed_at(case, *node) else { return Finding::NothingToSay };
        if !out_of_question(&changed.0, &changed.0.scene()).contains(node) {
            return Finding::NothingToSay;
        }
        changed
    };
    let (before, after) = (answer(case, scene, policy), answer(&changed, &changed.scene(), policy));
    Finding::unless(&before, &after, || {
        format!(
            "asked for {}, the order is {}; when {what}, it is {}",
            case.question(),
            before.words(scene),
            after.words(scene),
        )
    })
}

/// Returns the nodes that the core rejects, that do not own the group, and that share no site with
/// a candidate.
fn out_of_question(case: &Case, scene: &Scene) -> Vec<usize> {
    let candidates = answer(case, scene, &Neutral).order;
    let sites: Vec<Option<u8>> =
        candidates.iter().map(|node| case.members[node.index()].site).collect();
    let is_outside = |number: usize| {
        let site = case.members[number].site;
        !candidates.contains(&NodeId::from_index(number))
            && case.parties[ASKED.index()].owner != Some(number)
            && (site.is_none() || !sites.contains(&site))
    };
    (0..case.members.len()).filter(|number| is_outside(*number)).collect()
}

fn with_one_more_group(case: &Case) -> Case {
    let mut changed = case.clone();
    changed.parties.push(Party { name: "another".into(), demand: 1, ..Party::default() });
    changed
}

/// Changes a node, and returns the case and the change in words.
fn changed_at(case: &Case, node: usize) -> Option<(Case, String)> {
    let mut changed = case.clone();
    let member = &mut changed.members[node];
    let name = member.name.clone();
    let what = match case.which % 6 {
        0 => {
            member.state = match member.state {
                NodeState::Down => NodeState::Joining,
                NodeState::Joining => NodeState::Unclean,
                NodeState::Unclean => NodeState::Down,
                NodeState::Up | NodeState::Paused => return None,
            };
            format!("{name} is {}", member.state)
        }
        1 => {
            let mut others = changed.parties.iter_mut().skip(1);
            let party = others.find(|of| of.owner.is_none_or(|owner| owner == node))?;
            party.owner = if party.owner.is_none() { Some(node) } else { None };
            let way = if party.owner.is_none() { "leaves" } else { "comes to" };
            format!("{} {way} {name}", party.name)
        }
        2 => {
            member.name = "renamed".into();
            format!("{name} has another name")
        }
        5 => {
            member.lag = if member.lag.is_none() { Some(-3) } else { None };
            format!("{name} has another lag")
        }
        _ => {
            member.capacity = if member.capacity.is_none() { Some(7) } else { None };
            format!("{name} has another capacity")
        }
    };
    Some((changed, what))
}

pub(super) fn node_leaves(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let before = answer(case, scene, policy);
    let owner = scene.state.owner(ASKED);
    let is_leaver =
        |node: &&NodeId| owner != Some(**node) && case.members[node.index()].state == NodeState::Up;
    let leavers: Vec<&NodeId> = before.order.iter().filter(is_leaver).collect();
    let Some(leaver) = leavers.get(case.which % leavers.len().max(1)) else {
        return Finding::NothingToSay;
    };
    let mut changed = case.clone();
    changed.members[leaver.index()].state = NodeState::Down;
    let after = answer(&changed, &changed.scene(), policy);
    let what = format!("{} goes down", scene.name(**leaver));
    same_others(case, scene, &before, &after, &what)
}

pub(super) fn node_joins(case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    if case.members.len() >= 64 {
        return Finding::NothingToSay;
    }
    let mut changed = case.clone();
    changed.members.push(Member { name: "another".into(), ..Member::default() });
    let (before, after) = (answer(case, scene, policy), answer(&changed, &changed.scene(), policy));
    same_others(case, scene, &before, &after, "another node is declared and comes up")
}

/// Checks that the nodes in both orders have an equal order there, and that no other node is
/// vetoed.
fn same_others(case: &Case, scene: &Scene, before: &Answer, after: &Answer, what: &str) -> Finding {
    let common = |own: &Answer, other: &Answer| -> Vec<NodeId> {
        own.order.iter().copied().filter(|node| other.order.contains(node)).collect()
    };
    let (was, is) = (common(before, after), common(after, before));
    let is_vetoed = |node: &&NodeId| after.vetoed.contains(node);
    if let Some(node) = before.order.iter().find(is_vetoed) {
        return Finding::Broken(format!(
            "asked for {}, {} may be taken; when {what}, it is vetoed",
            case.question(),
            scene.name(*node),
        ));
    }
    if was.is_empty() {
        return Finding::NothingToSay;
    }
    Finding::unless(&was, &is, || {
        format!(
            "asked for {}, the order of the others is {}; when {what}, it is {}",
            case.question(),
            scene.names(&was),
            scene.names(&is),
        )
    })
}

pub(super) fn load(case: &Case, policy: &dyn FailoverPolicy, pull: Pull) -> Finding {
    let others = case.parties.len().saturating_sub(1);
    if others == 0 {
        return Finding::NothingToSay;
    }
    let party = 1 + case.which % others;
    let mut lighter = case.clone();
    lighter.parties[party].owner = None;
    let light = lighter.scene();
    let before = answer(&lighter, &light, policy);
    let Some(node) = before.order.get(case.how % before.order.len().max(1)).copied() else {
        return Finding::NothingToSay;
    };
    let mut heavier = lighter.clone();
    heavier.parties[party].owner = Some(node.index());
    let heavy = heavier.scene();
    let after = answer(&heavier, &heavy, policy);
    let tier = |scene: &Scene| -> Option<Tier> {
        assess(&scene.ask(ASKED, case.trigger), &Neutral, node).ok()
    };
    let is_ahead = match (pull, place(&before, &after, node), place(&after, &before, node)) {
        (Pull::Away, was, Some(is)) => was.is_some_and(|was| is < was),
        (Pull::Towards, _, _) if tier(&light) != tier(&heavy) => return Finding::NothingToSay,
        (Pull::Towards, was, is) => was.is_some_and(|was| is.is_none_or(|is| is > was)),
        // The node is no longer taken.
        (Pull::Away, _, None) => return Finding::Kept,
    };
    if !is_ahead {
        return Finding::Kept;
    }
    Finding::Broken(format!(
        "asked for {} with {} nowhere, the order is {}; with {} on {}, it is {}",
        case.question(),
        case.parties[party].name,
        before.words(&light),
        case.parties[party].name,
        light.name(node),
        after.words(&heavy),
    ))
}

/// Returns how many of the nodes that are in both orders come before this one.
fn place(own: &Answer, other: &Answer, node: NodeId) -> Option<usize> {
    let mut ahead = own.order.iter().filter(|of| **of == node || other.order.contains(of));
    ahead.position(|of| *of == node)
}
