//! The orders beside the ring.

use super::*;
use crate::policy::{
    FailoverPolicy, FirstPreferred, Key, LeastGroups, LeastLoaded, Ring, StrictPreferred, Then,
};

#[test]
fn first_preferred_goes_from_the_top_whatever_happened() {
    let cluster = Cluster::of("A B C D E F", "A C E").owned("g", "E");
    for trigger in [Trigger::ResourceFailure, Trigger::NodeFailure, Trigger::Drain] {
        assert_eq!(cluster.eligible("g", trigger, FirstPreferred), "A", "{trigger}");
    }
    let cluster = cluster.all("A C", NodeState::Down);
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, FirstPreferred), "B");
}

#[test]
fn strict_preferred_takes_preferred_owners_only() {
    let cluster = Cluster::of("A B C", "C A").owned("g", "C");
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, StrictPreferred), "A");
    let cluster = cluster.all("A", NodeState::Down);
    assert_eq!(cluster.choose("g", Trigger::NodeFailure, StrictPreferred), None);
    // Last resorts do not get around the veto.
    let cluster = cluster.all("B", NodeState::Paused);
    assert_eq!(cluster.choose("g", Trigger::NodeFailure, StrictPreferred), None);
}

#[test]
fn strict_preferred_without_preferred_owners_restricts_nothing() {
    let cluster = Cluster::of("A B C", "").owned("g", "A");
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, StrictPreferred), "B");
}

/// Node a with three groups, b with two, c with one, d with none; `g` stands on none of them.
fn uneven() -> Cluster {
    let owners =
        [("u", "a"), ("v", "a"), ("w", "a"), ("x", "b"), ("y", "b"), ("z", "c"), ("g", "e")];
    let declared =
        owners.iter().fold(declaration("a b c d e"), |all, (name, _)| all.group(group(name)));
    owners.iter().fold(Cluster::new(declared), |all, (name, node)| all.owned(name, node))
}

#[test]
fn least_groups_takes_the_emptiest_node() {
    let cluster = uneven();
    let failure = Trigger::NodeFailure;
    assert_eq!(cluster.eligible("g", failure, LeastGroups), "d");
    let cluster = cluster.all("d", NodeState::Down);
    assert_eq!(cluster.eligible("g", failure, LeastGroups), "c");
    let cluster = cluster.all("c", NodeState::Down);
    assert_eq!(cluster.eligible("g", failure, LeastGroups), "b");
}

#[test]
fn a_tie_goes_to_the_owner_then_along_the_node_list() {
    let cluster = Cluster::of("a b c", "c b").owned("g", "a");
    assert_eq!(cluster.eligible("g", Trigger::Start, LeastGroups), "a");
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, LeastGroups), "c");
}

#[test]
fn a_group_is_not_counted_against_its_own_node() {
    let declared = declaration("a b").group(group("g")).group(group("x"));
    let cluster = Cluster::new(declared).owned("g", "b").owned("x", "a");
    assert_eq!(cluster.eligible("g", Trigger::Start, LeastGroups), "b");
}

fn machine(name: &str, memory: u64, disk: u64) -> NodeDeclaration {
    NodeDeclaration::new(name).capacity("memory", memory).capacity("disk", disk)
}

#[test]
fn least_loaded_goes_by_the_scarcest_dimension() {
    // a: memory 50 %, disk 80 %; b: memory 75 %, disk 10 %.
    let declared = ClusterDeclaration::new("test")
        .node(machine("a", 200, 100))
        .node(machine("b", 100, 800))
        .group(group("g").demand("memory", 75).demand("disk", 80))
        .group(group("x").demand("memory", 25));
    let cluster = Cluster::new(declared).owned("x", "a");
    assert_eq!(cluster.eligible("g", Trigger::Start, LeastLoaded), "b");
    let share = |node| LeastLoaded.rank(&cluster.ask("g", Trigger::Start), cluster.node(node));
    let key = |value| Rank::by(Key::smallest("load in parts per million", value));
    assert_eq!(share("a"), key(800_000));
    assert_eq!(share("b"), key(750_000));
}

#[test]
fn a_node_without_limits_is_not_loaded() {
    let declared = ClusterDeclaration::new("test")
        .node(machine("a", 1_000, 1_000))
        .node("b")
        .group(group("g").demand("memory", 1))
        .group(group("x").demand("memory", 900).demand("disk", 900));
    let cluster = Cluster::new(declared).owned("x", "b");
    assert_eq!(cluster.eligible("g", Trigger::Start, LeastLoaded), "b");
}

#[test]
fn a_second_order_breaks_the_ties_of_the_first() {
    /// Prefers nodes a and b to all others.
    #[derive(Debug)]
    struct Site;

    impl FailoverPolicy for Site {
        fn name(&self) -> Cow<'static, str> {
            "site".into()
        }

        fn rank(&self, _: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
            Rank::by(Key::largest("in site", i64::from(candidate.index() < 2)))
        }
    }

    let cluster = uneven();
    let failure = Trigger::NodeFailure;
    assert_eq!(cluster.eligible("g", failure, Site), "a");
    assert_eq!(cluster.eligible("g", failure, Site.then(LeastGroups)), "b");
    assert_eq!(cluster.eligible("g", failure, LeastGroups.then(Site)), "d");
}

/// The nodes behind the first eligible one are not looked at, which makes the loss of a node cheap.
#[test]
fn a_walk_asks_of_the_first_eligible_node_only() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl FailoverPolicy for &'static Counting {
        fn name(&self) -> Cow<'static, str> {
            "counting".into()
        }

        fn rank(&self, _: &PlacementRequest<'_>, _: NodeId) -> Rank {
            self.0.fetch_add(1, Ordering::Relaxed);
            Rank::neutral()
        }
    }

    static COUNTING: Counting = Counting(AtomicUsize::new(0));
    let cluster = Cluster::of("a b c d e", "").owned("g", "b").all("c", NodeState::Down);
    let placement = cluster.ask("g", Trigger::NodeFailure);
    let choice = choose(&placement, &Ring::new().then(&COUNTING)).unwrap();
    assert_eq!(choice.node, cluster.node("d"));
    assert_eq!(COUNTING.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_walk_survives_a_second_order() {
    let cluster = Cluster::of("a b c", "").owned("g", "a");
    let placement = cluster.ask("g", Trigger::NodeFailure);
    let after = Some(cluster.node("a"));
    let both = Then::new(Ring::new(), LeastGroups);
    assert_eq!(both.walk(&placement), Walk::NodeList { after });
    assert_eq!(Then::new(LeastGroups, Ring::new()).walk(&placement), Walk::Ranked);
    assert_eq!(Ring::seeded(1).walk(&placement), Walk::Ranked);
}
