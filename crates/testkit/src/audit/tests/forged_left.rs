//! Resources that were left for an operator.

use super::forged_rules::begin;
use super::*;
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
    let next = command(Command::TakeResourceOffline { resource: ONE, lock: LockHandling::Respect });
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
