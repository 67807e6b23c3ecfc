//! Small contests against every assignment.

use super::*;

/// A contest of up to six groups, four nodes, two dimensions, three classes and three tiers.
fn small(draw: &mut Draw) -> Case {
    let (groups, nodes) = (draw.range(1, 6), draw.range(1, 4));
    let (dimensions, classes, tiers) = (draw.below(3), draw.below(4), draw.range(1, 3));
    let most = draw.range(1, 5);
    let listed = |draw: &mut Draw, count: u64, odds: u64| -> Vec<u32> {
        let numbers = 0..u32::try_from(count).expect("small");
        numbers.filter(|_| draw.below(odds) == 0).collect()
    };
    let nodes: Vec<Node> = (0..nodes)
        .map(|_| Node {
            free: (0..dimensions)
                .map(|_| (draw.below(6) > 0).then(|| draw.below(3 * most)))
                .collect(),
            classes: listed(draw, classes, 8),
        })
        .collect();
    let groups = (0..groups)
        .map(|_| Group {
            priority: u32::try_from(draw.below(tiers)).expect("small") * 1_000,
            demands: (0..dimensions).map(|_| draw.range(0, most)).collect(),
            classes: listed(draw, classes, 3),
            able: (0..nodes.len()).filter(|_| draw.below(4) > 0).collect(),
        })
        .collect();
    Case { groups, nodes }
}

/// Calls back with every valid assignment.
fn each(case: &Case, places: &mut Places, group: usize, found: &mut dyn FnMut(&Places)) {
    if group == case.groups.len() {
        return found(places);
    }
    for node in 0..case.nodes.len() {
        if case.admits(places, group, node) {
            places[group] = Some(node);
            each(case, places, group + 1, found);
            places[group] = None;
        }
    }
    each(case, places, group + 1, found);
}

/// The best assignment: the highest value, then the best places by the order of choice.
fn best(case: &Case, likes: &[Vec<usize>]) -> Places {
    best_where(case, likes, &|_| true)
}

/// The best assignment of those of a sort.
fn best_where(case: &Case, likes: &[Vec<usize>], is_given: &dyn Fn(&Places) -> bool) -> Places {
    let rank = |group: usize, place: Option<usize>| {
        likes[group].iter().position(|node| Some(*node) == place).unwrap_or(usize::MAX)
    };
    let order = case.order();
    let mut best: Option<(Value, core::cmp::Reverse<Vec<usize>>, Places)> = None;
    let mut places = vec![None; case.groups.len()];
    each(case, &mut places, 0, &mut |places| {
        let ranks = order.iter().map(|group| rank(*group, places[*group])).collect();
        let found = (case.value(places), core::cmp::Reverse(ranks), places.clone());
        if is_given(places) && best.as_ref().is_none_or(|best| found > *best) {
            best = Some(found);
        }
    });
    best.expect("one assignment of the sort is valid").2
}

#[test]
fn the_outcome_is_the_best_of_all_assignments() {
    let (mut competing, mut better, mut short) = (0, 0, 0);
    for seed in 0..6_000 {
        let mut draw = Draw(seed);
        let case = small(&mut draw);
        let likes = case.likes(&mut draw);
        let mut contest = case.contest(u64::MAX);
        competing += usize::from(contest.competes());
        let places = case.play(&mut contest, &likes);
        let best = best(&case, &likes);
        assert_eq!(case.value(&places), case.value(&best), "seed {seed}: the set; {case:?}");
        assert_eq!(places, best, "seed {seed}: the places; {case:?} {likes:?}");
        assert_eq!(contest.gap(), None, "seed {seed}");
        better += usize::from(case.value(&case.greedy(&likes)) < case.value(&best));
        short += usize::from(!is_everybody_placed(&best));
    }
    // The cases are of every sort.
    assert!(competing > 2_000 && better > 200 && short > 1_000, "{competing} {better} {short}");
}

/// Where nobody competes, the first fit is the best assignment.
#[test]
fn nothing_is_missed_where_nobody_competes() {
    let mut calm = 0;
    for seed in 0..6_000 {
        let mut draw = Draw(seed);
        let case = small(&mut draw);
        if !case.contest(u64::MAX).competes() {
            calm += 1;
            let likes = case.likes(&mut draw);
            assert_eq!(case.greedy(&likes), best(&case, &likes), "seed {seed}: {case:?}");
        }
    }
    assert!(calm > 1_000, "{calm}");
}

/// A group may go where nobody asked; the rest is as good as is still possible.
#[test]
fn a_group_that_goes_elsewhere_leaves_the_best_for_the_others() {
    for seed in 0..2_000 {
        let mut draw = Draw(seed);
        let mut case = small(&mut draw);
        let likes = case.likes(&mut draw);
        let mut contest = case.contest(u64::MAX);
        if !contest.competes() {
            continue;
        }
        // Questions that were answered before have no bearing on it.
        for group in (0..case.groups.len()).map(GroupId::from_index) {
            for node in 0..case.nodes.len() {
                contest.keeps(group, NodeId::from_index(node));
            }
        }
        let group = draw.index(case.groups.len());
        let empty = vec![None; case.groups.len()];
        let fits = likes[group].iter().copied().find(|node| case.admits(&empty, group, *node));
        let node = fits.filter(|_| draw.below(3) > 0);
        contest.settle(GroupId::from_index(group), node.map(NodeId::from_index));
        let mut likes = likes;
        likes[group] = node.into_iter().collect();
        let places = case.play(&mut contest, &likes);
        case.groups[group].able = node.into_iter().collect();
        let best = best_where(&case, &likes, &|places| places[group] == node);
        assert_eq!(places, best, "seed {seed}: {case:?} {group} {node:?}");
    }
}

/// A group is kept off a node only for a group that would be left out otherwise.
#[test]
fn a_group_is_named_for_which_a_node_is_kept() {
    let mut named = 0;
    for seed in 0..2_000 {
        let mut draw = Draw(seed);
        let case = small(&mut draw);
        let mut contest = case.contest(u64::MAX);
        let empty = vec![None; case.groups.len()];
        let Some(first) = case.order().first().copied() else { continue };
        for node in (0..case.nodes.len()).filter(|node| case.admits(&empty, first, *node)) {
            let (group, id) = (GroupId::from_index(first), NodeId::from_index(node));
            let kept_for = contest.kept_for(group, id);
            if contest.keeps(group, id) {
                assert_eq!(kept_for, None, "seed {seed}: {case:?} {node}");
            } else {
                named += usize::from(kept_for.is_some());
                assert_ne!(kept_for, Some(group), "seed {seed}");
            }
        }
    }
    assert!(named > 100, "{named}");
}
