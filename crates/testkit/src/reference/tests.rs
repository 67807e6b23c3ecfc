//! The model against the published vectors, without an engine.

use std::time::Duration;

use super::Differential;
use super::{Flaw, Group, Node, Objection, Order, Picture, Resource, Standing, Uses};
use crate::Invariant;
use crate::audit::{Moment, Stimulus};
use quorate::cluster::{Event, Output};
use quorate::machine::{NodeState, ResourceState};
use quorate::policy::{Ring, Trigger};
use quorate::settings::{
    Admission, AntiAffinityPlacement, DesiredState, FailoverLimit, Fencing, NoQuorum, Ownership,
    RestartAction,
};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
use quorate::state::{Drain, Recovery};
use quorate::{Cluster, Incarnation, Input, NodeId, Timestamp};

fn resource(name: &str, needs: &[&[&str]], state: ResourceState) -> Resource {
    Resource {
        name: name.into(),
        state,
        desired: DesiredState::Online,
        possible: None,
        is_kept_off: false,
        needs: needs
            .iter()
            .map(|clause| clause.iter().map(|name| (*name).into()).collect())
            .collect(),
        recovery: Recovery::None,
        is_left: false,
        operation: None,
        restart_action: RestartAction::RestartNotify,
        declared_in: 0,
        is_vouched: false,
    }
}

fn group(name: &str, preferred: &[&str], owner: &str) -> Group {
    Group {
        name: name.into(),
        priority: 2_000,
        owner: (!owner.is_empty()).then(|| owner.into()),
        takes_room: !owner.is_empty(),
        going: None,
        drained_from: None,
        queued: None,
        epoch: 1,
        failed_on: Vec::new(),
        barred_from: Vec::new(),
        failure_memory: Duration::from_secs(21_600),
        preferred: preferred.iter().map(|name| (*name).into()).collect(),
        classes: Vec::new(),
        demands: Vec::new(),
        is_ordered: false,
        placed_at: Timestamp::ZERO,
        turn: quorate::state::Turn::Awaited,
        lock: quorate::state::Lock::Unlocked,
        is_settled: false,
        placed_in_input: 1,
        returns_after: None,
        start_delay: Duration::ZERO,
        default_owner: None,
        resources: Vec::new(),
    }
}

/// Returns a picture of nodes that are up, and one group.
fn picture(nodes: &str, group: Group) -> Picture {
    Picture {
        now: Timestamp::from_millis(1_000),
        is_quorate: true,
        forming: None,
        quorate_since: Some(Timestamp::ZERO),
        priority_wait: core::time::Duration::from_secs(86_400),
        anti_affinity: AntiAffinityPlacement::Soft,
        admission: Admission::Open,
        failover_limit: FailoverLimit::ResourceStays,
        no_quorum: NoQuorum::Stop,
        ownership: Ownership::NeededResources,
        placement_steps: 0,
        dimensions: Vec::new(),
        nodes: nodes
            .split(' ')
            .map(|name| Node {
                name: name.into(),
                state: NodeState::Up,
                capacities: Vec::new(),
                drain: Drain::default(),
                drain_target: None,
                since: Timestamp::ZERO,
                up_in_input: 0,
                is_attractive: true,
                listed_in: 0,
            })
            .collect(),
        groups: vec![group],
        orphans: Vec::new(),
    }
}

fn next(picture: &Picture, trigger: Trigger) -> String {
    let ranking = picture.ranking("g", trigger, &[Order::Ring { seed: None }]);
    ranking.next().map_or_else(String::new, |place| place.node.clone())
}

fn set_state(picture: &mut Picture, node: &str, state: NodeState) {
    picture.nodes.iter_mut().find(|known| known.name == node).expect("declared").state = state;
}

/// KB 299631 and the examples that were published with it: `(nodes, preferred, owner, trigger,
/// answer)`.
#[test]
fn the_published_vectors_of_the_ring() {
    use Trigger::{BestPossible, NodeFailure, ResourceFailure};
    let six = "A B C D E F";
    let vectors: [(&str, &[&str], &str, Trigger, &str); 9] = [
        (six, &["A", "C", "E"], "C", ResourceFailure, "E"),
        (six, &["A", "C", "E"], "E", NodeFailure, "B"),
        (six, &["A", "C", "E"], "F", ResourceFailure, "A"),
        (six, &["A", "C", "E"], "D", BestPossible, "A"),
        (six, &["A", "C", "E"], "A", BestPossible, "C"),
        ("1 2 3 4", &["3", "4"], "4", NodeFailure, "1"),
        ("1 2 3 4", &["3", "4"], "2", NodeFailure, "3"),
        ("A1 C2 E3 B4 D5 F6", &[], "E3", ResourceFailure, "B4"),
        (six, &["A", "C", "E"], "", Trigger::Start, "A"),
    ];
    for (nodes, preferred, owner, trigger, answer) in vectors {
        let picture = picture(nodes, group("g", preferred, owner));
        assert_eq!(next(&picture, trigger), answer, "{nodes}, {preferred:?}, {owner}, {trigger}");
    }
    let list =
        picture(six, group("g", &["A", "C", "E"], "")).node_list(&group("g", &["A", "C", "E"], ""));
    assert_eq!(list, ["A", "C", "E", "B", "D", "F"]);
    let mut without = picture(six, group("g", &["A", "C", "E"], "D"));
    for node in ["A", "C", "E"] {
        set_state(&mut without, node, NodeState::Down);
    }
    assert_eq!(next(&without, BestPossible), "B");
}

/// SDK, `PauseClusterNode`; MS-CMRP 3.1.4.1.24.
#[test]
fn last_resorts_are_for_failed_nodes_only() {
    let mut with = group("g", &[], "A");
    let mut disk = resource("disk", &[], ResourceState::Offline);
    disk.possible = Some(vec!["A".into()]);
    with.resources.push(disk);
    let mut picture = picture("A B C", with.clone());
    set_state(&mut picture, "A", NodeState::Down);
    set_state(&mut picture, "C", NodeState::Paused);
    let standing = |picture: &Picture, trigger, node| picture.standing(&with, trigger, node);
    let cannot = Standing::Unfit(Objection::CannotRun("disk".into()));
    assert_eq!(
        standing(&picture, Trigger::NodeFailure, "B"),
        Standing::LastResort(Flaw::CannotRunAll)
    );
    assert_eq!(standing(&picture, Trigger::BestPossible, "B"), cannot);
    assert_eq!(standing(&picture, Trigger::NodeFailure, "C"), Standing::Unfit(Objection::NotUp));
    set_state(&mut picture, "B", NodeState::Down);
    assert_eq!(standing(&picture, Trigger::NodeFailure, "C"), Standing::LastResort(Flaw::Paused));
    assert_eq!(standing(&picture, Trigger::Start, "C"), Standing::Unfit(Objection::NotUp));
}

/// Groups that stand on a node and groups that are moving to it take room.
#[test]
fn groups_on_their_way_take_room() {
    let mut with = group("g", &[], "A");
    with.demands = vec![("mb".into(), 4)];
    with.resources.push(resource("w", &[], ResourceState::Online));
    let mut other = group("other", &[], "A");
    other.demands = vec![("mb".into(), 7)];
    other.resources.push(resource("o", &[], ResourceState::Online));
    other.going = Some((Some("B".into()), quorate::state::MovementCause::Operator));
    let mut picture = picture("A B", with.clone());
    picture.nodes[1].capacities = vec![("mb".into(), 10)];
    picture.groups.push(other);
    let no_room = Objection::NoRoom { dimension: "mb".into(), needed: 4, free: 3 };
    assert_eq!(picture.standing(&with, Trigger::Drain, "B"), Standing::Unfit(no_room));
    picture.groups[1].going = None;
    assert_eq!(picture.standing(&with, Trigger::Drain, "B"), Standing::Fit);
    // A group that is off and wanted off takes no room, and needs none.
    let no_room = Objection::NoRoom { dimension: "mb".into(), needed: 4, free: 3 };
    picture.groups[1].owner = Some("B".into());
    assert_eq!(picture.standing(&with, Trigger::Drain, "B"), Standing::Unfit(no_room));
    picture.groups[1].resources[0].state = ResourceState::Offline;
    picture.groups[1].resources[0].desired = DesiredState::Offline;
    picture.settle_room();
    assert_eq!(picture.standing(&with, Trigger::Drain, "B"), Standing::Fit);
}

/// SDK, `AntiAffinityClassNames`; MS-CMRP 3.1.4.1.50.
#[test]
fn rivals_come_last_or_not_at_all() {
    let mut with = group("g", &["B"], "A");
    with.classes = vec!["mail".into()];
    with.resources.push(resource("w", &[], ResourceState::Online));
    let mut rival = group("rival", &[], "B");
    rival.classes = vec!["mail".into()];
    rival.resources.push(resource("r", &[], ResourceState::Online));
    let mut picture = picture("A B C", with.clone());
    picture.groups.push(rival);
    assert_eq!(next(&picture, Trigger::NodeFailure), "C");
    set_state(&mut picture, "C", NodeState::Down);
    assert_eq!(next(&picture, Trigger::NodeFailure), "B");
    assert_eq!(next(&picture, Trigger::ResourceFailure), "B");
    picture.admission = Admission::SameClassOnline;
    assert_eq!(next(&picture, Trigger::NodeFailure), "B");
    assert_eq!(next(&picture, Trigger::ResourceFailure), "");
    picture.anti_affinity = AntiAffinityPlacement::Hard;
    assert_eq!(next(&picture, Trigger::NodeFailure), "");
}

/// MS-CMRP 3.1.1.1.2: one member of a clause is enough; without any the dependent goes first.
#[test]
fn alternatives_start_together_and_stop_after_what_needs_them() {
    use ResourceState::{Failed, Offline, Online, OnlinePending};
    let states = |one, two, name| {
        let mut with = group("g", &[], "A");
        with.resources = vec![
            resource("ip 1", &[], one),
            resource("ip 2", &[], two),
            resource("name", &[&["ip 1", "ip 2"]], name),
        ];
        let picture = picture("A B", with.clone());
        (picture.ready_to_start(&with), picture.to_stop(&with))
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(
        states(Offline, Offline, Offline),
        (vec!["ip 1".into(), "ip 2".into()], none.clone())
    );
    assert_eq!(states(Online, OnlinePending, Offline), (none.clone(), none.clone()));
    assert_eq!(states(Online, Failed, Offline), (vec!["ip 2".into(), "name".into()], none.clone()));
    assert_eq!(states(Online, Failed, Online), (vec!["ip 2".into()], none.clone()));
    // Both are gone: the dependent stops before anything starts below it.
    assert_eq!(states(Failed, Failed, Online), (none, vec!["name".into()]));
}

/// SDK, `RestartThreshold`: two in any 200 ms.
#[test]
fn windows_slide() {
    let period = Duration::from_millis(200);
    let at = Timestamp::from_millis;
    let mut uses = Uses::default();
    uses.add(at(0));
    uses.add(at(150));
    assert_eq!(uses.left(at(200), 2, period), 0);
    assert_eq!(uses.left(at(201), 2, period), 1);
    uses.forget();
    assert_eq!(uses.left(at(201), 2, period), 2);
}

/// A group is late for home when the hold-down of a better owner that came up is over. It is not
/// late if it may not return, if it has failed, or if the node is no better or was there before.
#[test]
fn who_should_be_on_the_way_home() {
    let with =
        Group { returns_after: Some(Duration::from_secs(1)), ..group("g", &["A", "B"], "B") };
    let mut picture = picture("A B C", with);
    let orders = [Order::Ring { seed: None }];
    assert_eq!(picture.late_for_home(&orders), [], "A was up before");
    picture.nodes[0].up_in_input = 2;
    assert_eq!(picture.late_for_home(&orders), [("g".to_owned(), "A".to_owned())]);
    let late = |change: fn(&mut Picture)| {
        let mut picture = picture.clone();
        change(&mut picture);
        picture.late_for_home(&orders).len()
    };
    assert_eq!(late(|picture| picture.now = Timestamp::from_millis(999)), 0, "held down");
    assert_eq!(late(|picture| picture.nodes[0].is_attractive = false), 0, "nobody returns to it");
    assert_eq!(late(|picture| picture.nodes[0].state = NodeState::Paused), 0, "it is paused");
    assert_eq!(late(|picture| picture.groups[0].owner = Some("A".into())), 0, "it is at home");
    assert_eq!(late(|picture| picture.groups[0].owner = Some("C".into())), 1, "A is its home");
    assert_eq!(late(|picture| picture.groups[0].returns_after = None), 0, "it may not");
    assert_eq!(late(|picture| picture.is_quorate = false), 0, "nobody moves");
}

/// Two groups have one class, and the second one can stand on one node only. The model objects if
/// the first one takes that node.
#[test]
fn who_takes_the_only_node_of_another() {
    let resource = |name: &str| ResourceDeclaration::new(name, "Generic Service");
    let group = |name: &str, resource| {
        GroupDeclaration::new(name).anti_affinity_classes(["x"]).resource(resource)
    };
    let spec = ClusterDeclaration::new("pair")
        .fencing(Fencing::Trusted)
        .anti_affinity(AntiAffinityPlacement::Hard)
        .placement_steps(10_000)
        .node("a")
        .node("b")
        .group(group("first", resource("r")))
        .group(group("second", resource("s").possible_owners(["a"])))
        .build()
        .expect("it is right");
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let joined = |node| Input::node_joined(NodeId::new(node), Incarnation::new(1), []);
    cluster.handle(Timestamp::ZERO, joined(0)).expect("it joins");
    while cluster.poll_output().is_some() {}
    let differential = Differential::new(&cluster, Some(vec![Order::Ring { seed: None }]));
    let input = joined(1);
    let moment = Moment::before(&cluster, Stimulus::Input(&input), Timestamp::ZERO);
    cluster.handle(Timestamp::ZERO, input.clone()).expect("it joins");
    let outputs: Vec<Output> = core::iter::from_fn(|| cluster.poll_output()).collect();
    let judge = |outputs: &[Output]| {
        let broken = differential.clone().after(&cluster, &moment, outputs);
        broken.err().and_then(|breach| breach.invariant)
    };
    assert_eq!(judge(&outputs), None);
    let forged: Vec<Output> = outputs.into_iter().map(exchanged).collect();
    assert_eq!(judge(&forged), Some(Invariant::S37));
}

/// Exchanges the two nodes of a first owner.
fn exchanged(output: Output) -> Output {
    let Output::Event(event @ Event::OwnerChanged { to: Some(to), .. }) = &output else {
        return output;
    };
    let mut written = serde_json::to_value(event).expect("it can be written");
    written["owner_changed"]["to"] = (1 - to.index()).into();
    Output::Event(crate::forge::event(written))
}
