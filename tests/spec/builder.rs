//! Declarations built in Rust say what files say.

use std::time::Duration;

use quorate::settings::{
    Admission, AntiAffinityPlacement, ColdStart, DependencyChange, DesiredState, Failback,
    FailbackWindow, FailoverLimit, Fencing, NoQuorum, Ownership, Priority, QuorumRule,
    RedundantProvider, RestartWindow, Retry,
};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, NodeDeclaration, Profile};

use super::read;
use super::round_trip::EVERYTHING;

#[test]
fn every_property_has_a_method() {
    let file = read(EVERYTHING);
    let seconds = Duration::from_secs;
    let mut first = GroupDeclaration::new("first")
        .preferred_owners(["Alpha", "zeta"])
        .anti_affinity_classes(["x", "a", "x"])
        .demand("mb", 10)
        .demand("instances", 1)
        .parameter("mail to", "ops@example.org")
        .desired(DesiredState::Offline)
        .failover_threshold(1)
        .failover_period(seconds(3_600))
        .failure_memory(seconds(43_200))
        .failback(Failback::Allow)
        .failback_window(FailbackWindow { start_hour: 22, end_hour: 4 })
        .failback_hold_down(seconds(600))
        .priority(Priority::HIGH)
        .cold_start(ColdStart::DontStart)
        .start_delay(Duration::from_millis(1_500));
    for resource in file.groups[0].resources.clone() {
        first = first.resource(resource);
    }
    let mut built = ClusterDeclaration::new("everything")
        .profile(Profile::Mscs2003)
        .quorum(QuorumRule::MajorityWithWitness)
        .witness_weight(2)
        .fencing(Fencing::Lease { duration: seconds(60), margin: seconds(5) })
        .no_quorum(NoQuorum::Freeze)
        .anti_affinity(AntiAffinityPlacement::Hard)
        .admission(Admission::Open)
        .failover_limit(FailoverLimit::ResourceStays)
        .retry(Retry::NewSeries)
        .retry_cycles(4)
        .restart_window(RestartWindow::Online)
        .ownership(Ownership::NeededResources)
        .redundant_provider(RedundantProvider::Escalate)
        .dependency_change(DependencyChange::Offline)
        .group_wait_delay(seconds(90))
        .priority_wait(seconds(240))
        .fence_timeout(seconds(61))
        .inventory_timeout(seconds(65))
        .placement_steps(500)
        .fence_retry_delay(seconds(31))
        .fence_threshold(3)
        .fence_period(seconds(7_200))
        .probe_interval(quorate::settings::Interval::Every(seconds(30)))
        .node(
            NodeDeclaration::new("zeta")
                .vote_weight(3)
                .site("north")
                .capacity("mb", 100)
                .capacity("instances", 2)
                .parameter("bmc", "10.0.0.7"),
        )
        .node("alpha")
        .group(first)
        .group(GroupDeclaration::new("empty"));
    for kind in file.kinds.clone() {
        built = built.kind(kind);
    }
    assert_eq!(built, file);
}
