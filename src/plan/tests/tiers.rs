//! Tiers: the nodes that a group takes when no better one is left.

use super::*;
use crate::policy::{FirstPreferred, Key, LeastGroups, Ring, StrictPreferred};

/// Groups `g`, `x` and `y` of one class on nodes a, b and c; `g` is on a.
fn rivals(placement: AntiAffinityPlacement) -> Cluster {
    let mut declared = ["g", "x", "y"].into_iter().fold(declaration("a b c"), |all, name| {
        all.group(group(name).anti_affinity_classes(["one per node"]))
    });
    declared.anti_affinity = Some(placement);
    Cluster::new(declared).owned("g", "a")
}

fn some(node: &str, tier: Tier) -> Option<(String, Tier)> {
    Some((node.to_string(), tier))
}

#[test]
fn soft_anti_affinity_passes_over_a_conflict() {
    let cluster = rivals(AntiAffinityPlacement::Soft).owned("x", "b");
    assert_eq!(cluster.eligible("g", Trigger::ResourceFailure, Ring::new()), "c");
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, Ring::new()), "c");
}

#[test]
fn soft_anti_affinity_is_ignored_when_nothing_else_is_left() {
    let cluster = rivals(AntiAffinityPlacement::Soft).owned("x", "b").owned("y", "c");
    for trigger in [Trigger::ResourceFailure, Trigger::NodeFailure, Trigger::BestPossible] {
        let choice = cluster.choose("g", trigger, Ring::new());
        assert_eq!(choice, some("b", Tier::BesideAntiAffine), "{trigger}");
    }
}

#[test]
fn hard_anti_affinity_leaves_no_candidate() {
    let cluster = rivals(AntiAffinityPlacement::Hard).owned("x", "b");
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, Ring::new()), "c");
    let cluster = cluster.owned("y", "c");
    assert_eq!(cluster.choose("g", Trigger::NodeFailure, Ring::new()), None);
}

#[test]
fn a_group_is_no_rival_of_itself() {
    let cluster = rivals(AntiAffinityPlacement::Hard);
    assert_eq!(cluster.eligible("g", Trigger::Start, Ring::new()), "a");
}

#[test]
fn a_group_without_the_class_is_no_rival() {
    let declared = declaration("a b")
        .group(group("g").anti_affinity_classes(["one per node"]))
        .group(group("x").anti_affinity_classes(["other"]))
        .group(group("y"));
    let cluster = Cluster::new(declared).owned("g", "a").owned("x", "b").owned("y", "b");
    assert_eq!(cluster.eligible("g", Trigger::NodeFailure, Ring::new()), "b");
}

/// Node d cannot run the group.
fn restricted() -> Cluster {
    restricted_by(Ownership::NeededResources)
}

fn restricted_by(ownership: Ownership) -> Cluster {
    let declared = declaration("a b c d").ownership(ownership).group(
        GroupDeclaration::new("g")
            .resource(resource("free"))
            .resource(resource("bound").possible_owners(["a", "b", "c"])),
    );
    Cluster::new(declared).owned("g", "a").all("a", NodeState::Down)
}

#[test]
fn after_a_node_failure_a_node_that_cannot_run_the_group_owns_it() {
    for ownership in [Ownership::NeededResources, Ownership::EveryResource] {
        let cluster = restricted_by(ownership).all("b c", NodeState::Down);
        for trigger in Trigger::ALL {
            let is_open = match trigger {
                Trigger::NodeFailure => true,
                Trigger::Start => ownership == Ownership::NeededResources,
                Trigger::ResourceFailure | Trigger::BestPossible | Trigger::Drain => false,
            };
            let expected = if is_open { some("d", Tier::OwnedOnly) } else { None };
            assert_eq!(cluster.choose("g", trigger, Ring::new()), expected, "{trigger}");
            assert_eq!(cluster.choose("g", trigger, LeastGroups), expected, "{trigger}");
        }
    }
}

/// Among nodes that cannot run all of the group, the one that can run most comes first, whatever
/// the policy says.
#[test]
fn the_one_that_can_run_most_comes_first() {
    let declared = declaration("a b c").group(
        GroupDeclaration::new("g")
            .preferred_owners(["b", "c"])
            .resource(resource("free"))
            .resource(resource("most").possible_owners(["a", "c"]))
            .resource(resource("home").possible_owners(["a"])),
    );
    let cluster = Cluster::new(declared).owned("g", "a").all("a", NodeState::Down);
    for trigger in [Trigger::Start, Trigger::NodeFailure] {
        let choice = cluster.choose("g", trigger, FirstPreferred);
        assert_eq!(choice, some("c", Tier::OwnedOnly), "{trigger}");
    }
}

#[test]
fn after_a_node_failure_a_paused_node_is_the_very_last_resort() {
    let cluster = restricted().all("b", NodeState::Paused).all("c", NodeState::Down);
    let failure = Trigger::NodeFailure;
    assert_eq!(cluster.choose("g", failure, Ring::new()), some("d", Tier::OwnedOnly));
    let cluster = cluster.all("d", NodeState::Unclean);
    assert_eq!(cluster.choose("g", failure, Ring::new()), some("b", Tier::Paused));
    for trigger in Trigger::ALL.into_iter().filter(|trigger| *trigger != failure) {
        assert_eq!(cluster.choose("g", trigger, Ring::new()), None, "{trigger}");
    }
}

#[test]
fn only_nodes_that_are_up_are_eligible() {
    for state in [NodeState::Down, NodeState::Joining, NodeState::Unclean] {
        let cluster = Cluster::of("a b", "").owned("g", "a").all("a b", state);
        for trigger in Trigger::ALL {
            assert_eq!(cluster.choose("g", trigger, Ring::new()), None, "{state} {trigger}");
        }
    }
}

#[test]
fn the_owner_is_a_candidate_for_a_start_only() {
    let cluster = Cluster::of("a b", "").owned("g", "a").all("b", NodeState::Down);
    for trigger in Trigger::ALL {
        let expected = match trigger {
            Trigger::Start => some("a", Tier::Eligible),
            Trigger::ResourceFailure
            | Trigger::NodeFailure
            | Trigger::BestPossible
            | Trigger::Drain => None,
        };
        assert_eq!(cluster.choose("g", trigger, Ring::new()), expected, "{trigger}");
    }
}

#[test]
fn tiers_come_before_the_order_of_the_policy() {
    let declared = declaration("a b c d")
        .group(
            GroupDeclaration::new("g")
                .resource(resource("bound").possible_owners(["a", "c", "d"]))
                .anti_affinity_classes(["one"])
                .preferred_owners(["b", "c", "d"]),
        )
        .group(group("x").anti_affinity_classes(["one"]));
    let cluster = Cluster::new(declared).owned("g", "a").owned("x", "c");
    let failure = Trigger::NodeFailure;
    assert_eq!(cluster.choose("g", failure, FirstPreferred), some("d", Tier::Eligible));
    let cluster = cluster.all("d", NodeState::Paused);
    assert_eq!(cluster.choose("g", failure, FirstPreferred), some("c", Tier::BesideAntiAffine));
    let cluster = cluster.all("c", NodeState::Down);
    assert_eq!(cluster.choose("g", failure, FirstPreferred), some("b", Tier::OwnedOnly));
    let cluster = cluster.all("b", NodeState::Down);
    assert_eq!(cluster.choose("g", failure, FirstPreferred), some("d", Tier::Paused));
}

/// Returns a cluster with a group of 40 and nodes of 100, where b is filled to `load`.
fn loaded(load: u64) -> Cluster {
    let node = |name: &str| NodeDeclaration::new(name).capacity("mailboxes", 100);
    let declared = ClusterDeclaration::new("test")
        .node(node("a"))
        .node(node("b"))
        .node("c")
        .group(group("g").demand("mailboxes", 40))
        .group(group("x").demand("mailboxes", load));
    Cluster::new(declared).owned("g", "a").owned("x", "b")
}

#[test]
fn capacity_is_a_limit_up_to_the_last_unit() {
    assert_eq!(loaded(60).eligible("g", Trigger::NodeFailure, Ring::new()), "b");
    // c names no capacity and has no limit.
    assert_eq!(loaded(61).eligible("g", Trigger::NodeFailure, Ring::new()), "c");
}

#[test]
fn a_group_does_not_stand_in_its_own_way() {
    let cluster = loaded(60).owned("g", "b");
    assert_eq!(cluster.eligible("g", Trigger::Start, StrictPreferred), "a");
    let cluster = cluster.all("a c", NodeState::Down);
    assert_eq!(cluster.eligible("g", Trigger::Start, Ring::new()), "b");
}

#[test]
fn no_room_is_told_with_its_numbers() {
    let cluster = loaded(61);
    let verdict = eligibility(&cluster.ask("g", Trigger::NodeFailure), cluster.node("b"));
    let dimension = crate::id::DimensionId::new(0);
    let rejection = Rejection::Capacity { dimension, needed: 40, free: 39 };
    assert_eq!(verdict, Eligibility::Rejected(rejection));
}

#[test]
fn no_last_resort_is_over_its_capacity() {
    for (load, expected) in [(60, some("b", Tier::Paused)), (61, None)] {
        let cluster = loaded(load).all("a c", NodeState::Down).all("b", NodeState::Paused);
        assert_eq!(cluster.choose("g", Trigger::NodeFailure, Ring::new()), expected);
    }
}

#[test]
fn a_veto_holds_in_every_tier() {
    #[derive(Debug)]
    struct Never(NodeId);

    impl FailoverPolicy for Never {
        fn name(&self) -> Cow<'static, str> {
            "never".into()
        }

        fn rank(&self, _: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
            if candidate == self.0 {
                return Rank::veto("never");
            }
            Rank::by(Key::smallest("node id", i64::try_from(candidate.index()).unwrap()))
        }
    }

    // The only last resort is vetoed; paused nodes stay closed, because a node is up.
    let cluster = restricted().all("b c", NodeState::Paused);
    let never_d = || Never(cluster.node("d"));
    let failure = Trigger::NodeFailure;
    assert_eq!(cluster.choose("g", failure, Ring::new()), some("d", Tier::OwnedOnly));
    assert_eq!(cluster.choose("g", failure, never_d()), None);
    assert_eq!(cluster.choose("g", failure, StrictPreferred.then(never_d())), None);
    assert_eq!(cluster.choose("g", failure, Ring::new().then(never_d())), None);
    let cluster = restricted().all("b c", NodeState::Paused).all("d", NodeState::Down);
    let never_b = Never(cluster.node("b"));
    assert_eq!(cluster.choose("g", failure, never_b), some("c", Tier::Paused));
    let up = Cluster::of("a b c d", "").owned("g", "a");
    let never_b = Ring::new().then(Never(up.node("b")));
    assert_eq!(up.eligible("g", Trigger::ResourceFailure, never_b), "c");
}
