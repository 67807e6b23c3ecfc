//! Where properties come from.

use std::time::Duration;

use quorate::kind::{KindDeclaration, ResourceOverrides};
use quorate::settings::{
    Admission, AntiAffinityPlacement, ClusterSettings, ColdStart, DependencyChange, DesiredState,
    Failback, FailoverLimit, Fencing, GroupSettings, Interval, Maintenance, Monitor, NoQuorum,
    OnUnfixable, Ownership, Priority, QuorumRule, RedundantProvider, ResourceSettings,
    RestartAction, RestartWindow, Retry, UnconfirmedStop,
};
use quorate::spec::{ClusterDeclaration, Profile};

use super::{built, cluster, group, read, service};

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn hourly() -> Interval {
    Interval::Every(millis(3_600_000))
}

fn expected_resource(restart_threshold: u32, retry_period: Interval) -> ResourceSettings {
    ResourceSettings {
        desired: None,
        restart_action: RestartAction::RestartNotify,
        restart_threshold,
        start_threshold: restart_threshold,
        restart_period: millis(900_000),
        restart_delay: millis(500),
        retry_period,
        pending_timeout: millis(180_000),
        start_pending_timeout: millis(180_000),
        start_deadline: millis(3_600_000),
        stop_deadline: millis(3_600_000),
        deadlock_timeout: millis(300_000),
        looks_alive_interval: Interval::Every(millis(5_000)),
        is_alive_interval: Interval::Every(millis(60_000)),
        monitor: Monitor::Shared,
        maintenance: Maintenance::Off,
        unconfirmed_stop: UnconfirmedStop::BlockGroup,
        on_unfixable: OnUnfixable::Recover,
    }
}

fn expected_group(failure_memory: Duration) -> GroupSettings {
    GroupSettings {
        desired: DesiredState::Online,
        failover_threshold: None,
        failover_period: millis(6 * 3_600_000),
        failure_memory,
        failback: Failback::Prevent,
        failback_window: None,
        failback_hold_down: Duration::ZERO,
        priority: Priority::new(2_000),
        cold_start: ColdStart::Start,
        start_delay: Duration::ZERO,
    }
}

fn expected_cluster(
    admission: Admission,
    failover_limit: FailoverLimit,
    retry: Retry,
    (restart_window, ownership): (RestartWindow, Ownership),
) -> ClusterSettings {
    ClusterSettings {
        quorum: QuorumRule::NodeMajority,
        witness_weight: 1,
        fencing: Fencing::Required,
        no_quorum: NoQuorum::Stop,
        anti_affinity: AntiAffinityPlacement::Soft,
        admission,
        failover_limit,
        retry,
        retry_cycles: None,
        restart_window,
        ownership,
        redundant_provider: RedundantProvider::Suppress,
        dependency_change: match retry {
            Retry::FinalAttempt => DependencyChange::Offline,
            Retry::NewSeries => DependencyChange::Online,
        },
        group_wait_delay: millis(120_000),
        priority_wait: millis(300_000),
        fence_timeout: millis(60_000),
        inventory_timeout: millis(60_000),
        placement_steps: 0,
        fence_retry_delay: millis(30_000),
        fence_threshold: 10,
        fence_period: millis(3_600_000),
        probe_interval: Interval::Every(millis(60_000)),
    }
}

#[test]
fn each_profile_has_its_defaults() {
    let of_2003 = expected_cluster(
        Admission::SameClassOnline,
        FailoverLimit::GroupOffline,
        Retry::FinalAttempt,
        (RestartWindow::Clock, Ownership::EveryResource),
    );
    let modern = expected_cluster(
        Admission::Open,
        FailoverLimit::ResourceStays,
        Retry::NewSeries,
        (RestartWindow::Online, Ownership::NeededResources),
    );
    let six_hours = millis(6 * 3_600_000);
    for (profile, cluster_settings, threshold, retry_period, memory) in [
        (Profile::Mscs2003, of_2003, 3, Interval::Never, Duration::ZERO),
        (Profile::Modern, modern, 1, hourly(), six_hours),
    ] {
        let spec = built(cluster().profile(profile).group(group("g").resource(service("r"))));
        assert_eq!(spec.profile(), profile);
        assert_eq!(spec.settings(), &cluster_settings);
        let (_, group) = spec.groups().next().expect("one group is declared");
        assert_eq!(group.settings(), &expected_group(memory));
        let (_, resource) = spec.resources().next().expect("one resource is declared");
        assert_eq!(resource.settings(), &expected_resource(threshold, retry_period));
    }
    assert_eq!(Profile::default(), Profile::Modern);
}

/// A group remembers where it failed as long as its budget of failovers looks back, unless it or the
/// profile says otherwise; and written down again it stays what it was.
#[test]
fn a_group_remembers_its_failures_for_the_failover_period() {
    let hour = millis(3_600_000);
    for (profile, period, memory, expected) in [
        (Profile::Modern, None, None, hour * 6),
        (Profile::Modern, Some(hour), None, hour),
        (Profile::Modern, Some(hour), Some(hour * 2), hour * 2),
        (Profile::Modern, None, Some(Duration::ZERO), Duration::ZERO),
        (Profile::Mscs2003, Some(hour), None, Duration::ZERO),
        (Profile::Mscs2003, None, Some(hour), hour),
    ] {
        let mut declared = group("g").resource(service("r"));
        (declared.failover_period, declared.failure_memory) = (period, memory);
        let spec = built(cluster().profile(profile).group(declared));
        let (_, settled) = spec.groups().next().expect("one group is declared");
        assert_eq!(settled.settings().failure_memory, expected);
        let again = ClusterDeclaration::from(&spec).build().expect("what was valid");
        assert_eq!(again, spec);
    }
}

#[test]
fn a_resource_overrides_its_kind_and_a_kind_the_profile() {
    let kind = KindDeclaration {
        name: "Mine".into(),
        settings: ResourceOverrides {
            restart_threshold: Some(7),
            start_threshold: Some(5),
            pending_timeout: Some(millis(1_000)),
            ..ResourceOverrides::default()
        },
        ..KindDeclaration::default()
    };
    let mine = |name: &str| quorate::spec::ResourceDeclaration::new(name, "MINE");
    let spec = built(cluster().kind(kind).group(group("g").resource(mine("inherits")).resource(
        mine("own").settings(ResourceOverrides {
            pending_timeout: Some(millis(2_000)),
            ..ResourceOverrides::default()
        }),
    )));
    let settings: Vec<&ResourceSettings> =
        spec.resources().map(|(_, resource)| resource.settings()).collect();
    let expected = |timeout| ResourceSettings {
        restart_threshold: 7,
        start_threshold: 5,
        pending_timeout: millis(timeout),
        start_pending_timeout: millis(timeout),
        ..expected_resource(1, hourly())
    };
    assert_eq!(settings, [&expected(1_000), &expected(2_000)]);
}

#[test]
fn a_declared_kind_replaces_the_standard_one() {
    let bare = KindDeclaration { name: "network name".into(), ..KindDeclaration::default() };
    let name = quorate::spec::ResourceDeclaration::new("n", "Network Name");
    let declaration = cluster().group(group("g").resource(name));
    assert!(declaration.clone().build().is_err());
    let spec = built(declaration.kind(bare.clone()));
    let (_, resource) = spec.resources().next().expect("one resource is declared");
    assert_eq!(spec.kind(resource.kind()), Some(&bare));
}

#[test]
fn priorities_are_names_or_numbers() {
    let text = |priority: &str| {
        format!(
            "name = \"t\"\nnodes = [{{ name = \"a\" }}]\n[[groups]]\n\
             name = \"g\"\npriority = {priority}\n"
        )
    };
    for (written, priority) in [
        ("\"no_auto_start\"", Priority::NO_AUTO_START),
        ("\"low\"", Priority::LOW),
        ("\"medium\"", Priority::MEDIUM),
        ("\"high\"", Priority::HIGH),
        ("1500", Priority::new(1_500)),
    ] {
        let declaration = read(&text(written));
        assert_eq!(declaration.groups[0].priority, Some(priority));
        let again = toml::to_string(&declaration).expect("declarations are TOML");
        assert!(again.contains(&format!("priority = {written}")), "{again}");
    }
    assert_eq!(read(&text("3000")).groups[0].priority, Some(Priority::HIGH));
    for wrong in ["\"urgent\"", "-1", "4294967296", "1.5"] {
        assert!(toml::from_str::<quorate::spec::ClusterDeclaration>(&text(wrong)).is_err());
    }
}
