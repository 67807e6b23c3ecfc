//! Policies that break their contract: the core does what the trait says of them.

use super::*;
use crate::policy::Key;

/// Ranks and walks by functions, which need not agree.
#[derive(Debug)]
struct Nonsense {
    rank: fn(NodeId) -> Rank,
    walk: Walk,
}

impl FailoverPolicy for Nonsense {
    fn name(&self) -> Cow<'static, str> {
        "nonsense".into()
    }

    fn rank(&self, _: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        (self.rank)(candidate)
    }

    fn walk(&self, _: &PlacementRequest<'_>) -> Walk {
        self.walk
    }
}

fn number(node: NodeId) -> i64 {
    i64::try_from(node.index()).expect("a small id")
}

/// The choice by the short cut, which the explanation follows.
fn chosen(cluster: &Cluster, policy: &Nonsense) -> Option<String> {
    let placement = cluster.ask("g", Trigger::Start);
    let choice = choose(&placement, policy).map(|choice| choice.node);
    assert_eq!(explain(&placement, policy).chosen, choice, "the explanation agrees");
    choice.and_then(|node| cluster.spec.node(node)).map(|node| node.name().to_string())
}

/// The walk counts, the keys do not; a veto does.
#[test]
fn a_walk_goes_before_ranks_that_contradict_it() {
    let cluster = Cluster::of("a b c", "");
    let walk = Walk::NodeList { after: None };
    assert_eq!(chosen(&cluster, &Nonsense { rank: last_is_best, walk }), Some("a".into()));
    let ranked = Nonsense { rank: last_is_best, walk: Walk::Ranked };
    assert_eq!(chosen(&cluster, &ranked), Some("c".into()));
    let not_the_first = |node| match number(node) {
        0 => Rank::veto("never"),
        _ => last_is_best(node),
    };
    assert_eq!(chosen(&cluster, &Nonsense { rank: not_the_first, walk }), Some("b".into()));
}

fn last_is_best(node: NodeId) -> Rank {
    Rank::by(Key::largest("id", number(node)))
}

/// A walk that begins behind an undeclared node begins at the top.
#[test]
fn a_walk_from_nowhere_begins_at_the_top() {
    let cluster = Cluster::of("a b c", "b");
    let walk = Walk::NodeList { after: Some(NodeId::new(99)) };
    assert_eq!(chosen(&cluster, &Nonsense { rank: |_| Rank::neutral(), walk }), Some("b".into()));
}

/// The ninth key does not count, so the candidates are equal and the node list decides.
#[test]
fn keys_beyond_the_eighth_do_not_count() {
    let cluster = Cluster::of("a b c", "");
    let eighth = |node| {
        (0..7)
            .fold(Rank::neutral(), |rank, _| rank.and_by(Key::smallest("the same", 1)))
            .and_by(Key::largest("id", number(node)))
    };
    let ninth = |node| {
        (0..8)
            .fold(Rank::neutral(), |rank, _| rank.and_by(Key::smallest("the same", 1)))
            .and_by(Key::largest("id", number(node)))
    };
    let walk = Walk::Ranked;
    assert_eq!(chosen(&cluster, &Nonsense { rank: eighth, walk }), Some("c".into()));
    assert_eq!(chosen(&cluster, &Nonsense { rank: ninth, walk }), Some("a".into()));
}

/// Keys are compared place by place, whatever their names; one that is missing counts as zero.
#[test]
fn keys_that_differ_from_node_to_node_are_compared_by_place() {
    let cluster = Cluster::of("a b c", "");
    let rank = |node| match number(node) {
        0 => Rank::by(Key::smallest("debts", 1)),
        1 => Rank::by(Key::largest("merits", 1)),
        _ => Rank::neutral(),
    };
    let policy = Nonsense { rank, walk: Walk::Ranked };
    let order: Vec<NodeId> = cluster
        .explain("g", Trigger::Start, policy)
        .candidates
        .iter()
        .map(|candidate| candidate.node)
        .collect();
    assert_eq!(order, ["b", "c", "a"].map(|name| cluster.node(name)));
}

/// No node is taken that may not own the group, whatever the policy says.
#[test]
fn a_node_that_is_not_up_is_not_taken() {
    let cluster = Cluster::of("a b c", "").all("a c", NodeState::Down);
    for walk in [Walk::Ranked, Walk::NodeList { after: Some(cluster.node("b")) }] {
        assert_eq!(chosen(&cluster, &Nonsense { rank: last_is_best, walk }), Some("b".into()));
        let never = Nonsense { rank: |_| Rank::veto("never"), walk };
        assert_eq!(chosen(&cluster, &never), None);
    }
}
