//! Resources that are declared while the cluster runs, and that are started or taken over wrongly.

use super::forged_rules::{begin, configured};
use super::*;
use quorate::spec::{GroupDeclaration, ResourceDeclaration};

/// Returns a scene with two nodes that are up, and with a newly declared resource and its dependent
/// that no node has reported yet.
fn declared() -> Scene {
    let before = ClusterDeclaration::new("test").node("a").node("b").fencing(Fencing::Operator);
    let service = |name: &str| ResourceDeclaration::new(name, "Generic Service");
    let group = GroupDeclaration::new("new")
        .resource(service("disk"))
        .resource(service("db").needs("[disk]"));
    let after = before.clone().group(group);
    begin(before).then(joined(A, 1)).then(joined(B, 1)).just(configured(after))
}

fn list(scene: &Scene, node: NodeId, running: &[ResourceId]) -> Input {
    let mut all = scene.cluster.outstanding();
    let asked = all.find(|effect| effect.node == node).expect("it is asked");
    let running = running.iter().map(|of| (*of).into());
    Input::node_inventory(node, Incarnation::new(1), running).answering(asked.operation).into()
}

const FIRST: ResourceId = ResourceId::new(0);
const SECOND: ResourceId = ResourceId::new(1);

#[test]
fn what_nobody_has_spoken_of_is_not_started() {
    let scene = declared();
    let first = list(&scene, A, &[]);
    let scene = scene.just(first);
    let last = input(list(&scene, B, &[]));
    let unheard = |seen: &mut Seen| {
        seen.unheard.insert((A, FIRST), OpId::new(99));
    };
    assert_eq!(declared_and(&[A]).judge(&last, |_| {}, |_| {}), None);
    assert_eq!(scene.judge(&last, unheard, |_| {}), Some(Invariant::S27));
}

/// Returns that scene after these nodes have answered that they run neither.
fn declared_and(nodes: &[NodeId]) -> Scene {
    nodes.iter().fold(declared(), |scene, node| {
        let answer = list(&scene, *node, &[]);
        scene.just(answer)
    })
}

#[test]
fn only_members_are_asked_and_all_of_them() {
    let scene = declared();
    let next = input(list(&scene, A, &[]));
    let lost = |seen: &mut Seen| {
        seen.operations.retain(|_, effect| effect.node != B);
    };
    assert!(scene.judge(&next, lost, |_| {}).is_some(), "nobody asks it");
    let scene = declared();
    let asked = scene.asked(OperationKind::Inventory);
    let twice = |outputs: &mut Vec<Output>| {
        let mut again = asked;
        again.operation = OpId::new(50);
        again.node = B;
        outputs.push(Output::Effect(again));
    };
    let next = input(list(&scene, A, &[]));
    assert_eq!(scene.judge(&next, |_| {}, twice), Some(Invariant::S10), "asked twice at once");
}

#[test]
fn what_is_taken_over_runs_there_with_what_it_needs() {
    let both = || {
        let scene = declared();
        let first = list(&scene, A, &[FIRST, SECOND]);
        let scene = scene.just(first);
        let last = input(list(&scene, B, &[]));
        (scene, last)
    };
    let (scene, last) = both();
    assert_eq!(scene.judge(&last, |_| {}, |_| {}), None);
    let elsewhere = |outputs: &mut Vec<Output>| {
        events(outputs, |event| {
            if let Event::TakenOver { node, .. } = event {
                *node = B;
            }
        });
    };
    let (scene, last) = both();
    assert_eq!(scene.judge(&last, |_| {}, elsewhere), Some(Invariant::S27), "on another node");
    let unfounded = |outputs: &mut Vec<Output>| {
        events(outputs, |event| {
            if let Event::TakenOver { resource, .. } = event {
                *resource = SECOND;
            }
        });
    };
    let (scene, last) = both();
    let verdict = scene.judge(&last, |_| {}, unfounded);
    assert_eq!(verdict, Some(Invariant::S27), "before what it depends on");
    let not_found = |seen: &mut Seen| seen.orphans.clear();
    let (scene, last) = both();
    assert_eq!(scene.judge(&last, not_found, |_| {}), Some(Invariant::S27), "nobody found it");
}
