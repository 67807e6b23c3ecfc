//! The statements of the documentation to an embedder, question by question.

use std::borrow::Cow;

use quorate::cluster::{Command, InputError};
use quorate::id::{GroupId, NodeId};
use quorate::machine::GroupState;
use quorate::policy::{FailoverPolicy, PlacementRequest, Rank, Ring, Trigger};
use quorate::quorum::WitnessState;
use quorate::settings::{Failback, Fencing, Interval, Priority};
use quorate::spec::{
    ClusterDeclaration, GroupDeclaration, Limits, NodeDeclaration, ResourceDeclaration,
};
use quorate::{Cluster, Incarnation, Input, Outcome, Output, Timestamp};

fn declaration() -> ClusterDeclaration {
    ClusterDeclaration::new("mill").node("a").fencing(Fencing::Trusted).group(
        GroupDeclaration::new("sql").resource(ResourceDeclaration::new("db", "Generic Service")),
    )
}

/// One node is up, and its group is asked to start.
fn starting() -> (Cluster, GroupId) {
    starting_as(declaration())
}

fn starting_as(declaration: ClusterDeclaration) -> (Cluster, GroupId) {
    let spec = declaration.build().expect("the declaration is valid");
    let (sql, node) = (spec.group_id("sql"), spec.node_id("a"));
    let (sql, node) = (sql.expect("declared"), node.expect("declared"));
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let incarnation = Incarnation::new(1);
    let joined = Input::node_joined(node, incarnation, vec![]);
    cluster.handle(Timestamp::ZERO, joined).expect("the node is welcome");
    (cluster, sql)
}

/// A copy in which every operation has succeeded.
fn online() -> (Cluster, GroupId) {
    online_as(declaration())
}

fn online_as(declaration: ClusterDeclaration) -> (Cluster, GroupId) {
    let (mut cluster, sql) = starting_as(declaration);
    while let Some(output) = cluster.poll_output() {
        let Output::Effect(effect) = output else { continue };
        let (operation, outcome) = (effect.operation, Outcome::Succeeded);
        let finished = Input::operation_finished(operation, outcome);
        cluster.handle(Timestamp::ZERO, finished).expect("the operation is outstanding");
    }
    (cluster, sql)
}

fn configure(cluster: &mut Cluster, declaration: ClusterDeclaration) {
    let input = Command::configure(declaration);
    cluster.handle(Timestamp::ZERO, input).expect("the declaration may be put in force");
}

#[test]
fn a_timeout_beyond_the_latest_time_is_ignored_and_the_latest_is_not() {
    assert_eq!(Timestamp::LATEST.as_millis(), u64::MAX / 2);
    let (mut cluster, _) = starting();
    while cluster.poll_output().is_some() {}
    let before = cluster.digest();
    cluster.handle_timeout(Timestamp::from_millis(Timestamp::LATEST.as_millis() + 1));
    assert_eq!(cluster.digest(), before);
    assert!(cluster.poll_output().is_none(), "nothing is told for a time that does not exist");
    cluster.handle_timeout(Timestamp::LATEST);
    assert_eq!(cluster.state().now(), Timestamp::LATEST);
    assert!(cluster.poll_output().is_some(), "the start has not been answered in time");
}

#[test]
fn a_group_has_a_state_and_remembers_where_it_stood_last() {
    let (cluster, sql) = starting();
    assert_eq!(cluster.group_state(sql), GroupState::Pending);
    let (cluster, sql) = online();
    assert_eq!(cluster.group_state(sql), GroupState::Online);
    let record = cluster.state().group(sql).expect("declared");
    assert_eq!(record.default_owner(), cluster.spec().node_id("a"));
}

#[test]
fn a_move_that_waits_can_be_seen() {
    let mut spec = declaration();
    let other = NodeDeclaration { vote_weight: Some(0), ..NodeDeclaration::new("b") };
    spec.nodes.push(other);
    let (mut cluster, group) = online_as(spec);
    let to = cluster.spec().node_id("b");
    let command = Command::move_group(group).maybe_to(to).queue().into();
    cluster.handle(Timestamp::ZERO, Input::Command(command)).expect("it may wait");
    let queued = cluster.state().group(group).expect("declared").queued().expect("it waits");
    assert_eq!(queued.to, to);
}

#[test]
fn a_group_with_resources_has_a_graph_that_is_not_empty() {
    let (cluster, sql) = starting();
    let graph = cluster.spec().group(sql).expect("declared").graph();
    assert_eq!((graph.len(), graph.is_empty()), (1, false));
    let none = ClusterDeclaration::new("mill").node("a").group(GroupDeclaration::new("sql"));
    let spec = none.build().expect("a group may be empty");
    let sql = spec.group_id("sql").expect("declared");
    assert!(spec.group(sql).expect("declared").graph().is_empty());
}

#[test]
fn every_change_of_state_of_a_resource_is_counted() {
    let db = |cluster: &Cluster| {
        let db = cluster.spec().resource_id("db").expect("declared");
        cluster.state().resource(db).expect("declared").sequence()
    };
    let (before, after) = (db(&starting().0), db(&online().0));
    assert!(0 < before && before < after, "{before}, then {after}");
}

#[test]
fn configurations_are_counted_and_change_no_owner() {
    let (mut cluster, sql) = online();
    let epoch = cluster.state().group(sql).expect("declared").epoch();
    assert_eq!(cluster.state().configuration(), 1);
    configure(&mut cluster, declaration());
    configure(&mut cluster, declaration());
    assert_eq!(cluster.state().configuration(), 3);
    let record = cluster.state().group(sql).expect("declared");
    assert_eq!(record.owner(), cluster.spec().node_id("a"));
    assert_eq!(record.epoch(), epoch, "an epoch is one spell of ownership");
}

#[test]
fn outputs_and_candidates_are_told_in_words() {
    let (mut cluster, sql) = starting();
    let mut told = Vec::new();
    while let Some(output) = cluster.poll_output() {
        told.push(cluster.spec().named(output).to_string());
    }
    assert!(told.contains(&"start db on a".to_string()), "{told:?}");
    assert!(told.contains(&"node a: up".to_string()), "{told:?}");
    let answer = cluster.explain(sql, Trigger::NodeFailure).expect("declared");
    let answer = cluster.spec().named(answer);
    let lines: Vec<String> = answer.candidates.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["a rejected: owns it now"]);
}

#[test]
fn a_value_of_another_kind_is_answered_with_what_is_expected() {
    let error = serde_json::from_str::<Interval>("true").expect_err("not a span").to_string();
    assert!(error.contains("a duration such as"), "{error}");
    let error = serde_json::from_str::<Priority>("true").expect_err("not a tier").to_string();
    assert!(error.contains("\"no_auto_start\", \"low\""), "{error}");
    let node = r#"{"name": "a", "capacity": true}"#;
    let error = serde_json::from_str::<NodeDeclaration>(node).expect_err("no map").to_string();
    assert!(error.contains("numbers by name"), "{error}");
}

#[test]
fn half_of_all_incarnations_are_left_for_those_to_come() {
    let spec = declaration().build().expect("the declaration is valid");
    let node = spec.node_id("a").expect("declared");
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let mut join = |incarnation| {
        let incarnation = Incarnation::new(incarnation);
        let joined = Input::node_joined(node, incarnation, vec![]);
        cluster.handle(Timestamp::ZERO, joined)
    };
    assert!(join(u64::MAX / 2 + 1).is_err());
    assert_eq!(join(u64::MAX / 2), Ok(()));
}

/// Vetoes nodes that lag far behind.
#[derive(Debug)]
struct NotFarBehind;

impl FailoverPolicy for NotFarBehind {
    fn name(&self) -> Cow<'static, str> {
        "not_far_behind".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        match placement.attribute(candidate, "lag") {
            Some(11..) => Rank::veto("too far behind"),
            Some(_) | None => Rank::neutral(),
        }
    }
}

/// Another value gives a group another chance that waits for a node, or to go home.
#[test]
fn a_veto_that_goes_by_an_attribute_ends_with_it() {
    let mut group = GroupDeclaration::new("sql")
        .preferred_owners(["a"])
        .resource(ResourceDeclaration::new("db", "Generic Service"));
    group.failback = Some(Failback::Allow);
    let declaration = ClusterDeclaration::new("mill").node("a").node("b").group(group);
    let spec = declaration.fencing(Fencing::Trusted).build().expect("the declaration is valid");
    let [a, b] = ["a", "b"].map(|name| spec.node_id(name).expect("declared"));
    let sql = spec.group_id("sql").expect("declared");
    let mut cluster = Cluster::new(spec, NotFarBehind, Timestamp::ZERO);
    let mut feed = |input: Input| {
        cluster.handle(Timestamp::ZERO, input).expect("it is accepted");
        while let Some(output) = cluster.poll_output() {
            let Output::Effect(effect) = output else { continue };
            let finished = Input::operation_finished(effect.operation, Outcome::Succeeded);
            cluster.handle(Timestamp::ZERO, finished).expect("it is outstanding");
        }
        assert_eq!(cluster.check_invariants(), Ok(()));
        cluster.state().owner(sql)
    };
    let lag = |node, lag| Input::node_attribute_changed(node, "lag", lag);
    feed(Input::witness_changed(WitnessState::Up));
    feed(lag(a, 50));
    feed(lag(b, 12));
    feed(Input::node_joined(a, Incarnation::new(1), []));
    let vetoed = feed(Input::node_joined(b, Incarnation::new(1), []));
    assert_eq!(vetoed, None, "both are too far behind");
    assert_eq!(feed(lag(b, 11)), None);
    assert_eq!(feed(lag(b, 10)), Some(b), "it waited for a node");
    assert_eq!(feed(lag(b, 99)), Some(b), "what runs stays");
    feed(Input::node_left(a, Incarnation::new(1)));
    feed(lag(a, 50));
    assert_eq!(feed(Input::node_joined(a, Incarnation::new(2), [])), Some(b));
    assert_eq!(feed(lag(a, 11)), Some(b));
    assert_eq!(feed(lag(a, 10)), Some(a), "its failback was vetoed");
}

#[test]
fn one_attribute_more_than_the_limit_is_refused() {
    let mut limits = Limits::default();
    assert_eq!(limits.node_attributes, 64);
    limits.node_attributes = 2;
    let spec = declaration().build_within(&limits).expect("the declaration is valid");
    let node = spec.node_id("a").expect("declared");
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let mut report = |name: &str, value| {
        let before = cluster.digest();
        let input = Input::node_attribute_changed(node, name, value);
        let answer = cluster.handle(Timestamp::ZERO, input);
        assert!(answer.is_ok() || cluster.digest() == before, "a refusal changes nothing");
        answer
    };
    assert_eq!((report("one", 1), report("two", 2)), (Ok(()), Ok(())));
    assert_eq!(report("three", 3), Err(InputError::TooManyAttributes { node, most: 2 }));
    assert_eq!(report("two", 3), Ok(()), "a known one may change");
    let record = cluster.state().node(node).expect("declared");
    assert_eq!(record.attributes().collect::<Vec<_>>(), [("one", 1), ("two", 3)]);
    assert_eq!((record.attribute("two"), record.attribute("TWO")), (Some(3), None));
}
