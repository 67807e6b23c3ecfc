//! The policies of the crate keep the laws; broken ones break the right law.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use quorate::NodeId;
use quorate::machine::NodeState;
use quorate::policy::{
    ByAttribute, FirstPreferred, Key, LeastGroups, LeastLoaded, PlacementRequest, Rank, Ring,
    StrictPreferred, Walk,
};

/// `PROPTEST_CASES` sets another number of cases, and other cases.
#[test]
fn the_policies_of_the_crate_keep_every_law() {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse::<u32>().ok());
    let asked = wanted.map_or_else(Conformance::new, |cases| {
        Conformance::new().cases(cases).seed(u64::from(cases))
    });
    let policies: [Box<dyn FailoverPolicy>; 12] = [
        Box::new(Ring::new()),
        Box::new(Ring::seeded(7)),
        Box::new(FirstPreferred),
        Box::new(StrictPreferred),
        Box::new(LeastGroups),
        Box::new(LeastLoaded),
        Box::new(LeastGroups.then(FirstPreferred)),
        Box::new(LeastLoaded.then(Ring::seeded(7))),
        Box::new(LeastGroups.then(LeastLoaded).then(StrictPreferred)),
        Box::new(StrictPreferred.then(LeastLoaded).then(LeastGroups)),
        Box::new(ByAttribute::smallest("lag")),
        Box::new(ByAttribute::largest("lag").then(Ring::seeded(7))),
    ];
    for policy in policies {
        let name = format!("{policy:?}");
        let report = asked.judge(&policy);
        assert!(report.is_conformant(), "{name}:\n{report}");
    }
}

/// The laws that only some policies are made to keep.
#[test]
fn what_only_some_policies_keep() {
    let kept = |law: Law, policy: &dyn FailoverPolicy| {
        let report = Conformance { laws: vec![law], ..Conformance::new() }.judge(policy);
        assert_eq!(report.verdicts().len(), 1);
        report.is_conformant()
    };
    assert!(kept(Law::VisitsAll, &Ring::new()) && kept(Law::VisitsAll, &Ring::seeded(7)));
    assert!(!kept(Law::VisitsAll, &FirstPreferred) && !kept(Law::VisitsAll, &LeastGroups));
    assert!(kept(Law::Spread, &Ring::seeded(7)) && kept(Law::Spread, &LeastGroups));
    assert!(!kept(Law::Spread, &Ring::new()) && !kept(Law::Spread, &FirstPreferred));
    let fullest = by(|placement, node| Key::largest("groups on node", groups_on(placement, node)));
    assert!(kept(Law::LoadAttracts, &fullest) && !kept(Law::LoadRepels, &fullest));
    assert!(kept(Law::LoadRepels, &LeastGroups) && !kept(Law::LoadAttracts, &LeastGroups));
}

/// A policy made of functions.
#[derive(Debug)]
struct Made {
    rank: fn(&PlacementRequest<'_>, NodeId) -> Rank,
    walk: fn(&PlacementRequest<'_>) -> Walk,
}

impl FailoverPolicy for Made {
    fn name(&self) -> Cow<'static, str> {
        "made".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        (self.rank)(placement, candidate)
    }

    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        (self.walk)(placement)
    }
}

fn ranked(rank: fn(&PlacementRequest<'_>, NodeId) -> Rank) -> Made {
    Made { rank, walk: |_| Walk::Ranked }
}

/// A policy with one key.
#[derive(Debug)]
struct ByKey(fn(&PlacementRequest<'_>, NodeId) -> Key);

fn by(key: fn(&PlacementRequest<'_>, NodeId) -> Key) -> ByKey {
    ByKey(key)
}

impl FailoverPolicy for ByKey {
    fn name(&self) -> Cow<'static, str> {
        "by_key".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        Rank::by((self.0)(placement, candidate))
    }
}

fn number(number: usize) -> i64 {
    i64::try_from(number).expect("a small number")
}

fn groups_on(placement: &PlacementRequest<'_>, node: NodeId) -> i64 {
    number(placement.groups_on(node))
}

fn in_state(placement: &PlacementRequest<'_>, is_one: fn(NodeState) -> bool) -> usize {
    let nodes = placement.spec().nodes();
    nodes.filter(|(node, _)| is_one(placement.state().node_state(*node))).count()
}

/// Checks that a policy breaks exactly these laws.
#[track_caller]
fn breaks(laws: &[Law], policy: impl FailoverPolicy) -> Report {
    let report = conformance(policy);
    assert_eq!(report.broken().collect::<Vec<_>>(), laws, "{report}");
    report
}

fn finding(report: &Report, law: Law) -> &Counterexample {
    match report.verdict(law) {
        Some(LawVerdict::Broken(counterexample)) => counterexample,
        other => std::panic!("{law} is {other:?}"),
    }
}

#[test]
fn a_panic() {
    let report = breaks(
        &[Law::Total],
        by(|_, node| Key::smallest("weight", [3, 1, 4, 1, 5, 9, 2, 6][node.index()])),
    );
    assert_eq!(
        finding(&report, Law::Total).finding,
        "asked for g0 (start), the policy panics: index out of bounds: the len is 8 but the index \
         is 8"
    );
    assert!(matches!(report.verdict(Law::NodeJoins), Some(LawVerdict::Unjudged { .. })));
}

#[test]
fn a_memory() {
    static CALLS: AtomicI64 = AtomicI64::new(0);
    breaks(
        &[Law::Deterministic],
        by(|_, _| Key::smallest("calls", CALLS.fetch_add(1, Ordering::Relaxed) % 5)),
    );
}

/// Numbers the candidates in the order in which they are asked.
#[test]
fn the_order_of_questions() {
    static CALLS: AtomicI64 = AtomicI64::new(0);
    let policy = Made {
        rank: |_, _| Rank::by(Key::smallest("calls", CALLS.fetch_add(1, Ordering::Relaxed))),
        walk: |_| {
            CALLS.store(0, Ordering::Relaxed);
            Walk::Ranked
        },
    };
    breaks(&[Law::AnyOrder], policy);
}

/// The first of the groups on a node is the one that was declared first.
#[test]
fn the_order_of_declaration() {
    breaks(
        &[Law::AnyOrder],
        by(|placement, node| {
            let mut groups = placement.state().occupancy().groups_on(node);
            let first = groups.find(|group| *group != placement.group());
            Key::largest("first group", first.map_or(i64::MAX, |group| number(group.index())))
        }),
    );
}

/// The walk begins one node too far.
#[test]
fn a_node_that_nobody_declared() {
    let report = breaks(
        &[Law::KnownNodes],
        Made {
            rank: |placement, node| FirstPreferred.rank(placement, node),
            walk: |placement| {
                let after = Some(NodeId::from_index(placement.spec().nodes().len()));
                Walk::NodeList { after }
            },
        },
    );
    assert_eq!(
        finding(&report, Law::KnownNodes).to_string(),
        "nodes: n0 up; groups: g0 without an owner\n    \
         asked for g0 (start), the walk begins behind node n1, and there are 1 nodes"
    );
}

#[test]
fn no_word_for_it() {
    breaks(&[Law::Named], by(|placement, node| Key::smallest(" ", groups_on(placement, node))));
    breaks(
        &[Law::Named],
        ranked(|placement, node| match placement.list_position(node) {
            3.. => Rank::veto(""),
            _ => FirstPreferred.rank(placement, node),
        }),
    );
}

/// The term is left out where it would be zero.
#[test]
fn a_term_left_out() {
    breaks(
        &[Law::SameKeys],
        ranked(|placement, node| match groups_on(placement, node) {
            0 => Rank::neutral(),
            groups => Rank::by(Key::smallest("groups on node", groups)),
        }),
    );
}

/// One list is sorted, but another one is used.
#[test]
fn two_orders() {
    let report = breaks(
        &[Law::WalkAgrees],
        Made {
            rank: |_, node| Rank::by(Key::largest("node", number(node.index()))),
            walk: |_| Walk::NodeList { after: None },
        },
    );
    assert_eq!(
        finding(&report, Law::WalkAgrees).to_string(),
        "nodes: n0 up, n1 up; groups: g0 without an owner\n    \
         asked for g0 (start), the walk gives n0, n1; the ranks give n1, n0"
    );
}

#[test]
fn nobody_is_good_enough() {
    let report = breaks(&[Law::SomeNode], ranked(|_, _| Rank::veto("never")));
    assert!(matches!(report.verdict(Law::Settled), Some(LawVerdict::Unjudged { .. })));
    assert!(!report.is_conformant());
}

/// Counts the groups that are declared.
#[test]
fn what_is_none_of_its_business() {
    breaks(
        &[Law::IrrelevantChange],
        by(|placement, node| {
            let turn = placement.spec().groups().len() % 2 == 0;
            let position = number(placement.list_position(node));
            Key::smallest("place", if turn { position } else { -position })
        }),
    );
}

/// A hash by the number of nodes that are up.
#[test]
fn a_node_that_leaves_moves_everybody() {
    breaks(
        &[Law::NodeLeaves, Law::NodeJoins],
        by(|placement, node| {
            let up = in_state(placement, |state| state == NodeState::Up).max(1);
            Key::smallest("turn", number((node.index() + placement.group().index()) % up))
        }),
    );
}

/// A hash by the number of nodes that are declared.
#[test]
fn a_node_that_joins_moves_everybody() {
    breaks(
        &[Law::NodeJoins],
        by(|placement, node| {
            let turn =
                (7 * node.index() + placement.group().index()) % placement.spec().nodes().len();
            Key::smallest("turn", number(turn))
        }),
    );
}

/// The policy counts the group itself.
#[test]
fn a_group_that_flees_from_itself() {
    let report = breaks(
        &[Law::Settled, Law::Convergent],
        by(|placement, node| {
            let groups = placement.state().occupancy().group_count(node);
            Key::smallest("groups on node", number(groups))
        }),
    );
    assert_eq!(
        finding(&report, Law::Settled).to_string(),
        "nodes: n0 up, n1 up; groups: g0 without an owner\n    \
         asked for g0 (start), it goes to n0; asked again when it is there, it goes to n1"
    );
}

/// The first group flees from the others, which run after it.
#[test]
fn a_chase() {
    breaks(
        &[Law::Convergent],
        by(|placement, node| {
            let first = quorate::GroupId::new(0);
            if placement.group() == first {
                Key::smallest("others", groups_on(placement, node))
            } else {
                let is_away = !placement.state().occupancy().stands_on(first, node);
                Key::smallest("away from the first", i64::from(is_away))
            }
        }),
    );
}

/// The direction is the wrong one.
#[test]
fn the_fullest_node() {
    let report = breaks(
        &[Law::LoadRepels],
        by(|placement, node| Key::largest("groups on node", groups_on(placement, node))),
    );
    assert_eq!(
        finding(&report, Law::LoadRepels).to_string(),
        "nodes: n0 up, n1 up; groups: g0 without an owner; g1 without an owner\n    \
         asked for g0 (start) with g1 nowhere, the order is n0, n1; with g1 on n1, it is n1, n0"
    );
}

/// The laws that the core's own bad policies break. The whim starts anew at every third group on a
/// node, and never vetoes the first node for the first group, which the laws ask about; extreme
/// numbers are still an order.
#[test]
fn bad_policies() {
    use crate::policies::Misbehaving;
    breaks(&[Law::LoadRepels], Misbehaving::Whim);
    breaks(&[Law::LoadRepels], Misbehaving::Worst);
    breaks(&[Law::SomeNode], Misbehaving::Veto);
    breaks(&[], Misbehaving::Extreme);
}

#[test]
fn equal_seeds_give_equal_reports() {
    let policy = by(|placement, node| Key::largest("groups on node", groups_on(placement, node)));
    let report = |seed| Conformance::new().seed(seed).cases(40).judge(&policy);
    assert_eq!(report(1), report(1));
}

#[test]
fn laws_may_be_added_and_left_out() {
    let report = Conformance::new()
        .cases(5)
        .without(Law::LoadRepels)
        .also(Law::VisitsAll)
        .also(Law::VisitsAll)
        .judge(&Ring::new());
    assert_eq!(report.verdict(Law::LoadRepels), None);
    assert!(matches!(report.verdict(Law::VisitsAll), Some(LawVerdict::Kept { .. })));
    assert!(report.verdicts().is_sorted_by_key(|(law, _)| *law));
}

/// The text of the report for readers.
#[test]
fn a_report_reads_well() {
    let report = Conformance::new()
        .cases(20)
        .without(Law::Deterministic)
        .judge(&by(|_, node| Key::smallest("weight", [1][node.index()])));
    let text = report.to_string();
    let mut lines = text.lines();
    let total = "BROKEN    Total: Every question is answered, and nothing panics.";
    assert_eq!(lines.next(), Some(total));
    assert_eq!(lines.nth(2), Some("UNJUDGED  AnyOrder: Total is broken"));
    let kept = Conformance::new().cases(20).judge(&Ring::new()).to_string();
    assert!(kept.starts_with("kept      Total, in 20 cases\n"), "{kept}");
}

#[test]
fn every_law_has_a_title_and_a_source() {
    for law in Law::ALL {
        assert!(law.title().ends_with('.') && law.source().ends_with('.'), "{law}");
        assert_eq!(law.name(), format!("{law:?}"));
    }
}
