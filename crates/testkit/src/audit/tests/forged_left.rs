//! Resources that were left for an operator, and resources that can never run on their node.

use super::forged_rules::begin;
use super::*;
use crate::audit::failures;
use quorate::machine::ResourceState;
use quorate::settings::OnUnfixable;

fn service(name: &str, settings: ResourceOverrides) -> ResourceDeclaration {
    ResourceDeclaration::new(name, "Generic Service").settings(settings)
}

fn three_nodes(group: GroupDeclaration) -> Scene {
    let nodes = ClusterDeclaration::new("test").node("a").node("b").node("c");
    let scene = begin(nodes.fencing(Fencing::Trusted).group(group));
    [A, B, C].into_iter().fold(scene, |scene, node| scene.then(joined(node, 1)))
}

fn end(scene: Scene, action: OperationKind, outcome: Outcome) -> Scene {
    let effect = scene.asked(action);
    scene.just(answer(&effect, outcome))
}

fn terminated(scene: Scene) -> Scene {
    end(scene, OperationKind::Terminate, Outcome::Succeeded)
}

fn fired(mut scene: Scene) -> Scene {
    scene.audit.handle_timeout(&mut scene.cluster, scene.now).expect("every promise is kept");
    scene
}

/// One of two alternatives is stopped beside a resource that was left for an operator. The dependent
/// goes on, because the other alternative is online, and only as long as that is so.
#[test]
fn what_was_left_holds_a_clause_that_does_not_fall() {
    const ONE: ResourceId = ResourceId::new(1);
    const OTHER: ResourceId = ResourceId::new(2);
    let left = ResourceOverrides {
        restart_threshold: Some(0),
        on_unfixable: Some(OnUnfixable::Block),
        ..ResourceOverrides::default()
    };
    let group = GroupDeclaration { failover_threshold: Some(0), ..GroupDeclaration::new("sql") };
    let group = group
        .preferred_owners(["a"])
        .resource(service("disk", left))
        .resource(service("one", ResourceOverrides::default()))
        .resource(service("other", ResourceOverrides::default()))
        .resource(
            service("db", ResourceOverrides::default()).needs("([one] or [other]) and ([disk])"),
        );
    let scene = three_nodes(group).just(failed(DISK, A));
    let next = command(Command::take_resource_offline(ONE).into());
    let judge = |doctor: fn(&mut Seen)| scene.clone().judge(&next, doctor, |_| {});
    assert_eq!(judge(|_| {}), None, "as it is");
    let failed_alone = judge(|seen| seen.resources[DISK.index()].is_left = false);
    assert_eq!(failed_alone, Some(Invariant::S3), "a clause of the dependent does not hold");
    let is_off = judge(|seen| seen.resources[OTHER.index()].state = ResourceState::Failed);
    assert_eq!(is_off, Some(Invariant::S3), "the other alternative is off");
    let is_left = judge(|seen| {
        let other = &mut seen.resources[OTHER.index()];
        other.state = ResourceState::InDoubt;
        other.is_left = true;
    });
    assert_eq!(is_left, Some(Invariant::S3), "the dependent may run on the one that stops");
}

/// A resource that can never run on its node waits for a failover of its group. The end of that wait
/// is no retry, so its restarts stay used.
#[test]
fn a_wait_for_a_failover_renews_no_restarts() {
    const ONLY: ResourceId = ResourceId::new(0);
    let settings = ResourceOverrides {
        restart_action: Some(RestartAction::RestartNotify),
        restart_threshold: Some(0),
        start_threshold: Some(2),
        ..ResourceOverrides::default()
    };
    let hour = Duration::from_secs(3_600);
    let resource = service("db", settings).possible_owners(["a", "b"]);
    let group = GroupDeclaration {
        failover_threshold: Some(1),
        failover_period: Some(hour),
        ..GroupDeclaration::new("sql").preferred_owners(["a", "b"]).resource(resource)
    };
    // It fails over, uses one of two restarts, and can then never run there.
    let scene = terminated(three_nodes(group).just(failed(ONLY, A)));
    let scene = terminated(end(scene, OperationKind::Start, Outcome::Failed));
    let scene = fired(scene.later(500));
    let scene = terminated(end(scene, OperationKind::Start, Outcome::FailedForGood));
    // Its failovers are renewed, with nowhere to go; its node is back in another life.
    let scene = scene.just(Input::node_lost(A, Life::Known));
    let scene = fired(scene.later(3_600_000)).just(joined(B, 2));
    let next = input(answer(&scene.asked(OperationKind::Start), Outcome::Failed));
    assert_eq!(scene.clone().judge(&next, |_| {}, |_| {}), None, "as it is");
    let renewed = |outputs: &mut Vec<Output>| {
        events(outputs, |event| {
            if let Event::RestartScheduled { remaining, .. } = event {
                *remaining += 1;
            }
        });
    };
    assert_eq!(scene.judge(&next, |_| {}, renewed), Some(Invariant::S15));
}

/// A resource that can never run on its node waits for a failover. A state in which it still does in
/// the next life of the node is forged.
#[test]
fn a_bar_ends_with_the_life_of_its_node() {
    let group = GroupDeclaration { failover_threshold: Some(0), ..GroupDeclaration::new("sql") };
    let service = service("db", ResourceOverrides::default());
    let scene = three_nodes(group.preferred_owners(["a"]).resource(service));
    // Its restart fails for good.
    let scene = fired(terminated(scene.just(failed(ResourceId::new(0), A))).later(500));
    let scene = terminated(end(scene, OperationKind::Start, Outcome::FailedForGood));
    assert_eq!(scene.clone().judge(&input(joined(A, 2)), |_| {}, |_| {}), None, "as it is");
    let mut snapshot = serde_json::to_value(scene.cluster.snapshot()).expect("plain data");
    *snapshot.pointer_mut("/v1/nodes/0/incarnation").expect("it has joined") = 2.into();
    let snapshot = serde_json::from_value(snapshot).expect("a snapshot");
    let next_life = Cluster::restore(snapshot, FirstPreferred).expect("a possible state");
    let judge = |after| {
        let verdict = failures::end_with_life(&scene.cluster, after);
        verdict.err().and_then(|breach| breach.invariant)
    };
    assert_eq!(judge(&scene.cluster), None, "the same life");
    assert_eq!(judge(&next_life), Some(Invariant::L5), "another life");
}
