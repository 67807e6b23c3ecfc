//! The ranges of settings.

use std::time::Duration;

use quorate::kind::ResourceOverrides;
use quorate::settings::{FailbackWindow, Fencing, Interval};
use quorate::spec::Problem;

use super::{cluster, errors_of, group, read, service};

#[test]
fn cluster_settings_have_ranges() {
    let mut declaration = cluster()
        .fencing(Fencing::Lease { duration: Duration::ZERO, margin: Duration::from_nanos(1) });
    declaration.group_wait_delay = Some(Duration::from_secs(3_601));
    declaration.fence_timeout = Some(Duration::ZERO);
    declaration.fence_retry_delay = Some(Duration::ZERO);
    declaration.fence_period = Some(Duration::ZERO);
    declaration.probe_interval = Some(Interval::Every(Duration::ZERO));
    declaration.fence_threshold = Some(0);
    declaration.placement_steps = Some(1_000_001);
    assert_eq!(
        errors_of(declaration),
        [
            "group_wait_delay: is 1h 1s, must be at most 1h",
            "fence_timeout: is 0s, must be at least 1ms",
            "fence_retry_delay: is 0s, must be at least 1ms",
            "fence_period: is 0s, must be at least 1ms",
            "probe_interval: is 0s, must be at least 1ms",
            "fence_threshold: must be at least 1",
            "placement_steps: is 1000001, must be at most 1000000",
            "fencing.lease.duration: is 0s, must be at least 1ms",
            "fencing.lease.margin: is not a whole number of milliseconds",
        ]
    );
}

#[test]
fn group_settings_have_ranges() {
    let mut wrong = group("g");
    wrong.failover_period = Some(Duration::from_secs(1_194 * 3_600));
    wrong.start_delay = Some(Duration::from_secs(1_801));
    wrong.failback_window = Some(FailbackWindow { start_hour: 24, end_hour: 24 });
    assert_eq!(
        errors_of(cluster().group(wrong)),
        [
            "groups.g.failover_period: is 49d 18h, must be at most 49d 17h",
            "groups.g.start_delay: is 30m 1s, must be at most 30m",
            "groups.g.failback_window.start_hour: hour 24 is not in 0 to 23",
            "groups.g.failback_window.end_hour: hour 24 is not in 0 to 23",
            "groups.g.failback_window: begins and ends at hour 24; \
             leave it out to allow every hour",
        ]
    );
    let mut widest = group("g");
    widest.failover_period = Some(Duration::from_secs(1_193 * 3_600));
    widest.start_delay = Some(Duration::from_secs(1_800));
    widest.failback_window = Some(FailbackWindow { start_hour: 23, end_hour: 0 });
    assert!(cluster().group(widest).build().is_ok());
}

#[test]
fn resource_settings_have_ranges_on_resources_and_kinds() {
    let text = r#"
        name = "test"
        nodes = [{ name = "a" }]
        [[kinds]]
        name = "Mine"
        settings = { pending_timeout = 9, deadlock_timeout = "999ms" }
        [[groups]]
        name = "g"
        [[groups.resources]]
        name = "r"
        kind = "Mine"
        [groups.resources.settings]
        retry_period = 0
        start_pending_timeout = 9
        start_deadline = 9
        stop_deadline = 0
        looks_alive_interval = 9
        is_alive_interval = 0
    "#;
    assert_eq!(
        errors_of(read(text)),
        [
            "kinds.Mine.settings.pending_timeout: is 9ms, must be at least 10ms",
            "kinds.Mine.settings.deadlock_timeout: is 999ms, must be at least 1s",
            "groups.g.resources.r.settings.retry_period: is 0s, must be at least 1ms",
            "groups.g.resources.r.settings.start_pending_timeout: is 9ms, must be at least 10ms",
            "groups.g.resources.r.settings.start_deadline: is 9ms, must be at least 10ms",
            "groups.g.resources.r.settings.stop_deadline: is 0s, must be at least 10ms",
            "groups.g.resources.r.settings.looks_alive_interval: is 9ms, must be at least 10ms",
            "groups.g.resources.r.settings.is_alive_interval: is 0s, must be at least 10ms",
        ]
    );
    let mut longest = service("r");
    longest = longest.settings(ResourceOverrides {
        start_deadline: Some(Duration::MAX),
        ..ResourceOverrides::default()
    });
    let errors = cluster().group(group("g").resource(longest)).build().expect_err("too long");
    assert!(matches!(errors.errors()[0].problem, Problem::OutOfRange { .. }));
}
