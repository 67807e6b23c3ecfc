//! Clusters that people met.

use super::*;

fn group(demands: &[u64], classes: &[u32], able: &[usize]) -> Group {
    let (demands, classes, able) = (demands.to_vec(), classes.to_vec(), able.to_vec());
    Group { priority: 2_000, demands, classes, able }
}

fn node(free: &[u64]) -> Node {
    Node { free: free.iter().copied().map(Some).collect(), classes: Vec::new() }
}

/// Two groups of one class; the second one can stand on the first node only.
#[test]
fn a_group_gives_way_to_one_that_fits_nowhere_else() {
    let case = Case {
        groups: vec![group(&[], &[0], &[0, 1]), group(&[], &[0], &[0])],
        nodes: vec![node(&[]), node(&[])],
    };
    let mut contest = case.contest(1_000);
    let (first, second) = (GroupId::new(0), GroupId::new(1));
    let (a, b) = (NodeId::new(0), NodeId::new(1));
    assert!(contest.competes());
    assert_eq!(contest.kept_for(first, a), Some(second));
    assert!(!contest.keeps(first, a));
    assert!(contest.keeps(first, b));
    assert_eq!(contest.kept_for(first, b), None);
    contest.settle(first, Some(b));
    assert!(contest.keeps(second, a));
    assert_eq!(contest.gap(), None);
}

/// A small group that fits twice, and a large one that fits only once.
#[test]
fn a_small_group_leaves_the_large_node_to_the_large_group() {
    let case = Case {
        groups: vec![group(&[2], &[], &[0, 1]), group(&[4], &[], &[0, 1])],
        nodes: vec![node(&[4]), node(&[2])],
    };
    let mut contest = case.contest(1_000);
    let (small, large) = (GroupId::new(0), GroupId::new(1));
    assert_eq!(contest.kept_for(small, NodeId::new(0)), Some(large));
    assert_eq!(case.play(&mut contest, &[vec![0, 1], vec![0, 1]]), [Some(1), Some(0)]);
}

/// One group of the highest priority counts more than two below it.
#[test]
fn priority_comes_before_number() {
    let mut case = Case {
        groups: vec![group(&[1], &[], &[0]), group(&[1], &[], &[0]), group(&[2], &[], &[0])],
        nodes: vec![node(&[2])],
    };
    let likes = [vec![0], vec![0], vec![0]];
    assert_eq!(case.play(&mut case.contest(1_000), &likes), [Some(0), Some(0), None]);
    case.groups[2].priority = 3_000;
    assert_eq!(case.play(&mut case.contest(1_000), &likes), [None, None, Some(0)]);
}

/// Of as many groups those with the larger demand are placed, by the first dimension first.
#[test]
fn a_larger_demand_counts_among_as_many_groups() {
    let case = Case {
        groups: vec![
            group(&[2, 9], &[], &[0]),
            group(&[3, 1], &[], &[0]),
            group(&[3, 2], &[], &[0]),
        ],
        nodes: vec![node(&[3, 9])],
    };
    let places = case.play(&mut case.contest(1_000), &[vec![0], vec![0], vec![0]]);
    assert_eq!(places, [None, None, Some(0)]);
}

/// Every group of the class finds a node, whatever the others choose.
#[test]
fn classes_with_nodes_enough_do_not_compete() {
    let nodes = vec![node(&[]), node(&[]), node(&[])];
    let mut case = Case { groups: vec![group(&[], &[0], &[0, 1, 2]); 3], nodes };
    assert!(!case.contest(0).competes());
    case.groups.push(group(&[], &[0], &[0, 1]));
    assert!(case.contest(0).competes());
}

/// Room for all on every node is no reason to compete; neither is a group that fits nowhere.
#[test]
fn room_for_all_is_no_contest() {
    let mut case = Case {
        groups: vec![group(&[2], &[], &[0, 1]), group(&[4], &[], &[0, 1])],
        nodes: vec![node(&[6]), node(&[6])],
    };
    assert!(!case.contest(0).competes());
    case.nodes[1] = node(&[1]);
    assert!(!case.contest(0).competes());
    case.nodes[0] = node(&[5]);
    assert!(case.contest(0).competes());
}

/// A group that is no entrant is never kept off.
#[test]
fn strangers_are_kept_off_nowhere() {
    let case = Case {
        groups: vec![group(&[2], &[], &[0, 1]), group(&[4], &[], &[0, 1])],
        nodes: vec![node(&[4]), node(&[2])],
    };
    let (stranger, a) = (GroupId::new(7), NodeId::new(0));
    let mut contest = case.contest(1_000);
    assert!(contest.keeps(stranger, a));
    contest.settle(stranger, Some(a));
    assert_eq!(contest.kept_for(stranger, a), None);
    assert!(!contest.keeps(GroupId::new(0), a));
}

/// A class with one group for each of many nodes; the last one can stand on the last node only.
#[test]
fn more_nodes_than_a_word_has_bits() {
    let last = 69;
    let every: Vec<usize> = (0..=last).collect();
    let mut groups = vec![group(&[], &[0], &every); last];
    groups.push(group(&[], &[0], &[last]));
    let case = Case { groups, nodes: vec![node(&[]); last + 1] };
    let backwards: Vec<usize> = every.iter().rev().copied().collect();
    let mut contest = case.contest(10_000);
    let (first, node) = (GroupId::new(0), NodeId::from_index(last));
    assert_eq!(contest.kept_for(first, node), Some(GroupId::from_index(last)));
    let places = case.play(&mut contest, &vec![backwards; last + 1]);
    assert!(is_everybody_placed(&places));
    assert_eq!(places[0], Some(last - 1));
}
