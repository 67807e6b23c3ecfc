//! The order of Windows server clusters (KB 299631).

use std::collections::BTreeSet;

use super::*;
use crate::id::Epoch;
use crate::policy::Ring;

const SIX: &str = "A B C D E F";

#[test]
fn node_list_is_preferred_then_the_rest_by_id() {
    let cluster = Cluster::of(SIX, "A C E");
    let names: Vec<&str> = cluster
        .ask("g", Trigger::Start)
        .node_list()
        .filter_map(|node| cluster.spec.node(node).map(|node| node.name()))
        .collect();
    assert_eq!(names, ["A", "C", "E", "B", "D", "F"]);
}

#[test]
fn next_after_the_owner_with_preferred_owners() {
    let vectors = [
        (SIX, "A C E", "C", Trigger::ResourceFailure, "E"),
        (SIX, "A C E", "E", Trigger::NodeFailure, "B"),
        (SIX, "A C E", "F", Trigger::ResourceFailure, "A"),
        ("1 2 3 4", "3 4", "4", Trigger::NodeFailure, "1"),
        ("1 2 3 4", "3 4", "4", Trigger::ResourceFailure, "1"),
        ("1 2 3 4", "3 4", "2", Trigger::NodeFailure, "3"),
    ];
    for (nodes, preferred, owner, trigger, expected) in vectors {
        let cluster = Cluster::of(nodes, preferred).owned("g", owner);
        for policy in [Ring::new(), Ring::seeded(7)] {
            assert_eq!(cluster.eligible("g", trigger, policy), expected, "{owner} {trigger}");
        }
    }
}

#[test]
fn next_after_the_owner_by_id_without_preferred_owners() {
    let cluster = Cluster::of("A C E B D F", "").owned("g", "E");
    for policy in [Ring::new(), Ring::seeded(7)] {
        assert_eq!(cluster.eligible("g", Trigger::ResourceFailure, policy), "B");
    }
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, Ring::new()), "B");
    let cluster = Cluster::of("A C E B D F", "").owned("g", "F");
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, Ring::new()), "A");
}

#[test]
fn nodes_that_are_not_up_are_passed_over() {
    let cluster = Cluster::of(SIX, "A C E").owned("g", "C").all("E", NodeState::Joining);
    assert_eq!(cluster.eligible("g", Trigger::ResourceFailure, Ring::new()), "B");
    let cluster = cluster.all("B D F", NodeState::Paused);
    assert_eq!(cluster.eligible("g", Trigger::ResourceFailure, Ring::new()), "A");
}

#[test]
fn best_possible_and_drain_go_from_the_top() {
    for trigger in [Trigger::BestPossible, Trigger::Drain] {
        for policy in [Ring::new(), Ring::seeded(7)] {
            let cluster = Cluster::of(SIX, "A C E").owned("g", "D");
            assert_eq!(cluster.eligible("g", trigger, policy), "A");
            let cluster = Cluster::of(SIX, "A C E").owned("g", "A");
            assert_eq!(cluster.eligible("g", trigger, policy), "C");
        }
        let cluster = Cluster::of("A B C", "").owned("g", "B");
        assert_eq!(cluster.eligible("g", trigger, Ring::new()), "A");
    }
}

#[test]
fn best_possible_draws_when_no_preferred_owner_is_up() {
    let cluster = Cluster::of(SIX, "A C E").owned("g", "D").all("A C E", NodeState::Down);
    assert_eq!(cluster.eligible("g", Trigger::BestPossible, Ring::new()), "B");
    let drawn: BTreeSet<String> = (0..64)
        .map(|seed| cluster.eligible("g", Trigger::BestPossible, Ring::seeded(seed)))
        .collect();
    assert_eq!(drawn, ["B", "F"].map(String::from).into());
}

#[test]
fn start_goes_from_the_top_and_may_take_the_owner() {
    let cluster = Cluster::of(SIX, "C E");
    for policy in [Ring::new(), Ring::seeded(7)] {
        assert_eq!(cluster.eligible("g", Trigger::Start, policy), "C");
        let owned = cluster.clone().owned("g", "C");
        assert_eq!(owned.eligible("g", Trigger::Start, policy), "C");
        let owned = cluster.clone().owned("g", "E");
        assert_eq!(owned.eligible("g", Trigger::Start, policy), "C");
    }
}

#[test]
fn without_an_owner_every_trigger_goes_from_the_top() {
    let cluster = Cluster::of(SIX, "C E");
    let triggers = [
        Trigger::Start,
        Trigger::ResourceFailure,
        Trigger::NodeFailure,
        Trigger::BestPossible,
        Trigger::Drain,
    ];
    for trigger in triggers {
        assert_eq!(cluster.eligible("g", trigger, Ring::new()), "C", "{trigger}");
    }
}

#[test]
fn a_draw_reaches_every_eligible_node_and_no_other() {
    for trigger in [Trigger::NodeFailure, Trigger::BestPossible, Trigger::Drain] {
        let cluster = Cluster::of(SIX, "").owned("g", "B").all("D", NodeState::Paused);
        let drawn: BTreeSet<String> =
            (0..200).map(|seed| cluster.eligible("g", trigger, Ring::seeded(seed))).collect();
        assert_eq!(drawn, ["A", "C", "E", "F"].map(String::from).into(), "{trigger}");
    }
}

#[test]
fn draws_differ_from_epoch_to_epoch_and_repeat_within_one() {
    let mut cluster = Cluster::of(SIX, "").owned("g", "B");
    let mut drawn = BTreeSet::new();
    for epoch in 0..50 {
        cluster.state.groups[0].epoch = Epoch::new(epoch);
        let node = cluster.eligible("g", Trigger::NodeFailure, Ring::seeded(3));
        assert_eq!(node, cluster.eligible("g", Trigger::NodeFailure, Ring::seeded(3)));
        drawn.insert(node);
    }
    assert_eq!(drawn.len(), 5);
}
