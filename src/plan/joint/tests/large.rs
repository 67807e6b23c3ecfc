//! Clusters of the size that people run: eight nodes and some dozens of groups.

use cpu_time::ThreadTime;

use super::*;

/// How a cluster is drawn.
#[derive(Clone, Copy, Debug)]
struct Shape {
    nodes: usize,
    groups: usize,
    dimensions: usize,
    /// The free amount beside the groups, in per cent of the amount that they take.
    slack: u64,
    tiers: u64,
}

/// A cluster in which every group has a node: three hard classes, each with at most one group on a
/// node, and capacities that hold the groups and a little more.
fn healthy(draw: &mut Draw, shape: Shape) -> (Case, Vec<usize>) {
    let mut groups = Vec::new();
    let mut homes = Vec::new();
    let mut members = vec![Vec::new(); 3];
    for _ in 0..shape.groups {
        let home = draw.index(shape.nodes);
        let class = draw.index(5);
        let mut classes = Vec::new();
        if let Some(members) = members.get_mut(class)
            && !members.contains(&home)
        {
            members.push(home);
            classes.push(u32::try_from(class).expect("small"));
        }
        let able = (0..shape.nodes).filter(|node| *node == home || draw.below(10) > 0).collect();
        let demands = (0..shape.dimensions).map(|_| draw.range(1, 30)).collect();
        let priority = u32::try_from(draw.below(shape.tiers)).expect("small") * 1_000;
        groups.push(Group { priority, demands, classes, able });
        homes.push(home);
    }
    let nodes = (0..shape.nodes).map(|node| {
        let load = |at: usize| -> u64 {
            let own = groups.iter().zip(&homes).filter(|(_, home)| **home == node);
            own.map(|(group, _)| group.demands[at]).sum()
        };
        let free = (0..shape.dimensions).map(|at| {
            let load = load(at);
            Some(load + load * draw.below(2 * shape.slack + 1) / 100)
        });
        Node { free: free.collect(), classes: Vec::new() }
    });
    let nodes = nodes.collect();
    (Case { groups, nodes }, homes)
}

/// The contest after some nodes failed: their groups, and the room on the other nodes.
fn failed(case: &Case, homes: &[usize], down: &[usize]) -> Case {
    let mut nodes = case.nodes.clone();
    let mut groups = Vec::new();
    for (group, home) in case.groups.iter().zip(homes) {
        if down.contains(home) {
            let mut group = group.clone();
            group.able.retain(|node| !down.contains(node));
            groups.push(group);
        } else {
            nodes[*home].classes.extend(&group.classes);
            for (free, own) in nodes[*home].free.iter_mut().zip(&group.demands) {
                *free = free.map(|free| free - own);
            }
        }
    }
    Case { groups, nodes }
}

/// The eight nodes of the issue: 24 to 40 groups, one or two nodes down.
fn cluster(seed: u64) -> Case {
    let mut draw = Draw(seed);
    let shape = Shape {
        nodes: 8,
        groups: 24 + draw.index(17),
        dimensions: 1 + draw.index(2),
        slack: draw.range(70, 170),
        tiers: draw.range(1, 3),
    };
    let (case, homes) = healthy(&mut draw, shape);
    let down = [draw.index(8), draw.index(8)];
    failed(&case, &homes, &down[..1 + draw.index(2)])
}

/// A small cluster that is short of room: three nodes for 18 groups.
pub(super) fn crowded(seed: u64) -> Case {
    let mut draw = Draw(seed);
    let shape = Shape { nodes: 4, groups: 18, dimensions: 2, slack: 10, tiers: 2 };
    let (case, homes) = healthy(&mut draw, shape);
    let mut case = failed(&case, &homes, &[0, 1, 2, 3]);
    for group in &mut case.groups {
        group.able = vec![1, 2, 3];
    }
    case
}

/// The highest value, by a search that shares nothing with the one under test: the groups in order,
/// the nodes from the last to the first, and no bound but that of all groups that are left.
fn naive(case: &Case) -> Value {
    fn go(case: &Case, places: &mut Places, group: usize, best: &mut Value) {
        let mut bound = places.clone();
        bound[group..].fill(Some(0));
        if case.value(&bound) <= *best {
            return;
        }
        if group == places.len() {
            *best = case.value(places);
            return;
        }
        for node in (0..case.nodes.len()).rev() {
            if case.admits(places, group, node) {
                places[group] = Some(node);
                go(case, places, group + 1, best);
                places[group] = None;
            }
        }
        go(case, places, group + 1, best);
    }
    let mut places = vec![None; case.groups.len()];
    let mut best = case.value(&places);
    go(case, &mut places, 0, &mut best);
    best
}

#[test]
fn nobody_is_left_out_of_nine_hundred_clusters_who_could_be_placed() {
    let (mut possible, mut greedy, mut impossible) = (0, 0, 0);
    for seed in 0..900 {
        let case = cluster(seed);
        let likes = case.likes(&mut Draw(seed));
        let mut contest = case.contest(1_000_000);
        let places = case.play(&mut contest, &likes);
        assert_eq!(contest.gap(), None, "seed {seed}");
        assert_eq!(case.value(&places), naive(&case), "seed {seed}: {case:?}");
        if is_everybody_placed(&places) {
            possible += 1;
            greedy += usize::from(!is_everybody_placed(&case.greedy(&likes)));
        } else {
            impossible += 1;
        }
    }
    std::println!(
        "{possible} possible, of them {greedy} not by first fit; {impossible} impossible"
    );
    assert!(possible > 600 && greedy > 30 && impossible > 100, "{possible} {greedy} {impossible}");
}

/// At formation everybody competes with everybody. There is a place for all, since the cluster was
/// drawn from one.
#[test]
fn everybody_is_placed_at_formation_where_this_is_possible() {
    for seed in 0..200 {
        let mut draw = Draw(seed);
        let groups = 24 + draw.index(17);
        let shape = Shape { nodes: 8, groups, dimensions: 1, slack: 8, tiers: 3 };
        let (case, _) = healthy(&mut draw, shape);
        let likes = case.likes(&mut draw);
        let places = case.play(&mut case.contest(1_000_000), &likes);
        assert!(is_everybody_placed(&places), "seed {seed}");
    }
}

/// Prints times. `cargo test --release --lib -p quorate joint -- --ignored --nocapture`
#[test]
#[ignore = "it measures"]
fn measure() {
    let steps = std::env::var("STEPS").ok().and_then(|steps| steps.parse().ok());
    let steps = steps.unwrap_or(10_000);
    for (nodes, groups, seeds, down) in [(8, 40, 100, 1), (64, 1_000, 5, 4)] {
        for dimensions in [1, 2] {
            for slack in [5, 10, 20, 30] {
                report(Shape { nodes, groups, dimensions, slack, tiers: 3 }, seeds, 0, steps);
                report(Shape { nodes, groups, dimensions, slack, tiers: 3 }, seeds, down, steps);
            }
        }
    }
}

/// Prints how many of the nine hundred clusters take how long.
#[test]
#[ignore = "it measures"]
fn measure_clusters() {
    for steps in [500, 1_000, 2_000, 4_000] {
        let (mut times, mut inexact, mut gap) = (Vec::new(), 0, 0);
        for seed in 0..900 {
            let case = cluster(seed);
            let likes = case.likes(&mut Draw(seed));
            let begun = ThreadTime::now();
            let mut contest = case.contest(steps);
            case.play(&mut contest, &likes);
            times.push(begun.elapsed());
            inexact += usize::from(contest.gap().is_some());
            gap += contest.gap().unwrap_or(0);
        }
        times.sort();
        std::println!(
            "{steps} steps: median {:?}, worst {:?}, {inexact} not exact, gap {gap}",
            times[450],
            times[899],
        );
    }
}

/// Plays whole contests of a shape: those of all groups, with so many nodes down.
fn report(shape: Shape, seeds: u64, down: usize, steps: u64) {
    let (mut times, mut first, mut out, mut inexact, mut gap) = (Vec::new(), Vec::new(), 0, 0, 0);
    for seed in 0..seeds {
        let mut draw = Draw(seed);
        let (mut case, _) = healthy(&mut draw, shape);
        for group in &mut case.groups {
            group.able.retain(|node| *node >= down);
        }
        let likes = case.likes(&mut draw);
        let begun = ThreadTime::now();
        let mut contest = case.contest(steps);
        first.push(begun.elapsed());
        if !contest.competes() {
            times.pop();
            continue;
        }
        let mut asked = core::time::Duration::ZERO;
        let mut places: Places = vec![None; case.groups.len()];
        for group in case.order() {
            let id = GroupId::from_index(group);
            let fits: Vec<usize> = likes[group]
                .iter()
                .copied()
                .filter(|node| case.admits(&places, group, *node))
                .collect();
            let begun = ThreadTime::now();
            let node = fits.into_iter().find(|node| contest.keeps(id, NodeId::from_index(*node)));
            contest.settle(id, node.map(NodeId::from_index));
            asked += begun.elapsed();
            places[group] = node;
        }
        case.assert_valid(&places);
        times.push(*first.last().expect("just pushed") + asked);
        out += places.iter().filter(|place| place.is_none()).count();
        inexact += usize::from(contest.gap().is_some());
        gap += contest.gap().unwrap_or(0);
    }
    times.sort();
    first.sort();
    let worst = |times: &[core::time::Duration]| times.last().copied().unwrap_or_default();
    let median = |times: &[core::time::Duration]| times[times.len() / 2];
    std::println!(
        "{}x{} dims {} slack {:2}% down {down}: median {:?} worst {:?} (value alone {:?} {:?}), {} contests, {inexact} not exact, {out} out, gap {gap}",
        shape.groups,
        shape.nodes,
        shape.dimensions,
        shape.slack,
        median(&times),
        worst(&times),
        median(&first),
        worst(&first),
        times.len(),
    );
}
