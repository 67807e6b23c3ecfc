//! Declarations as files, and declarations from clusters.

use std::time::Duration;

use proptest::prelude::*;
use quorate::NodeId;
use quorate::kind::ResourceOverrides;
use quorate::settings::Interval;
use quorate::spec::{ClusterDeclaration, ClusterSpec, ResourceDeclaration};

use super::{built, cluster, disk, group, read, service};

pub(super) const EVERYTHING: &str = r#"
    name = "everything"
    profile = "mscs2003"
    quorum = "majority_with_witness"
    witness_weight = 2
    fencing = { lease = { duration = "1m", margin = 5000 } }
    no_quorum = "freeze"
    anti_affinity = "hard"
    admission = "open"
    failover_limit = "resource_stays"
    retry = "new_series"
    retry_cycles = 4
    restart_window = "online"
    ownership = "needed_resources"
    redundant_provider = "escalate"
    dependency_change = "offline"
    group_wait_delay = "1m 30s"
    priority_wait = "4m"
    fence_timeout = 61000
    inventory_timeout = 65000
    placement_steps = 500
    fence_retry_delay = "31s"
    fence_threshold = 3
    fence_period = "2h"
    probe_interval = "30s"

    [[kinds]]
    name = "Database"
    class = "storage"
    requires = [{ kind = "IP Address" }, { any_kind = ["Physical Disk", "Mirror"] },
                { class = "network" }, { every_of_class = "storage" }]
    at_most_per_cluster = 5
    at_most_per_group = 2
    spare_node = "from_three_nodes_on"
    at_most_per_node = { instances = 3 }
    settings = { start_pending_timeout = "1d", looks_alive_interval = "never" }

    [[kinds]]
    name = "Mirror"

    [[nodes]]
    name = "zeta"
    vote_weight = 3
    site = "north"
    capacity = { mb = 100, instances = 2 }
    parameters = { bmc = "10.0.0.7" }

    [[nodes]]
    name = "alpha"

    [[groups]]
    name = "first"
    preferred_owners = ["Alpha", "zeta"]
    anti_affinity_classes = ["x", "a", "x"]
    demands = { mb = 10, instances = 1 }
    desired = "offline"
    failover_threshold = 1
    failover_period = "1h"
    failure_memory = "12h"
    failback = "allow"
    failback_window = { start_hour = 22, end_hour = 4 }
    failback_hold_down = "10m"
    priority = "high"
    cold_start = "dont_start"
    start_delay = 1500
    parameters = { "mail to" = "ops@example.org" }

    [[groups.resources]]
    name = "Disk F:"
    kind = "physical disk"
    possible_owners = ["zeta", "alpha"]
    parameters = { device = "/dev/sdf", options = "ro\u0009nosuid" }

    [[groups.resources]]
    name = "odd ] name"
    kind = "IP Address"
    settings = { restart_action = "dont_restart", pending_timeout = 7000 }

    [[groups.resources]]
    name = "db"
    kind = "DATABASE"
    depends_on = "([disk f:] or [Odd ]] Name])"

    [groups.resources.settings]
    desired = "online"
    restart_action = "restart_no_notify"
    restart_threshold = 9
    start_threshold = 4
    restart_period = "1m"
    restart_delay = 1
    retry_period = "never"
    pending_timeout = "1m"
    start_pending_timeout = "3m"
    start_deadline = "4m"
    stop_deadline = "5m"
    deadlock_timeout = "6m"
    looks_alive_interval = "7s"
    is_alive_interval = "8s"
    monitor = "separate"
    maintenance = "on"
    unconfirmed_stop = "fence_node"
    on_unfixable = "block"

    [[groups]]
    name = "empty"
"#;

#[test]
fn a_declaration_survives_its_file() {
    let declaration = read(EVERYTHING);
    assert_eq!(declaration.group_wait_delay, Some(Duration::from_secs(90)));
    assert_eq!(declaration.fence_timeout, Some(Duration::from_secs(61)));
    assert_eq!(declaration.groups[0].start_delay, Some(Duration::from_millis(1_500)));
    let settings = declaration.kinds[0].settings.clone();
    assert_eq!(settings.looks_alive_interval, Some(Interval::Never));
    let toml = toml::to_string(&declaration).expect("declarations are TOML");
    assert_eq!(read(&toml), declaration);
    let json = serde_json::to_string(&declaration).expect("declarations are JSON");
    let again: ClusterDeclaration = serde_json::from_str(&json).expect("it was just written");
    assert_eq!(again, declaration);
}

#[test]
fn unknown_fields_are_refused() {
    for text in [
        "name = \"t\"\nnodes = []\nqourum = \"disk_only\"",
        "name = \"t\"\nnodes = [{ name = \"a\", weight = 1 }]",
        "name = \"t\"\nnodes = [{ name = \"a\" }]\ngroups = [{ name = \"g\", owner = \"a\" }]",
    ] {
        assert!(toml::from_str::<ClusterDeclaration>(text).is_err(), "{text}");
    }
}

fn assert_returns(spec: &ClusterSpec) {
    let declaration = ClusterDeclaration::from(spec);
    assert_eq!(&built(declaration.clone()), spec);
    // Also by way of a file.
    let toml = toml::to_string(&declaration).expect("declarations are TOML");
    assert_eq!(&built(read(&toml)), spec);
}

#[test]
fn a_cluster_gives_back_its_declaration() {
    let spec = built(read(EVERYTHING));
    assert_returns(&spec);
    let declaration = ClusterDeclaration::from(&spec);
    let names: Vec<&str> = declaration.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["zeta", "alpha"]);
    assert_eq!(declaration.kinds, read(EVERYTHING).kinds);
}

#[test]
fn only_what_differs_is_declared() {
    let declaration = cluster().group(group("g").resource(disk("d")).resource(
        service("s").needs("[d]").settings(ResourceOverrides {
            restart_threshold: Some(1),
            is_alive_interval: Some(Interval::Every(Duration::from_secs(9))),
            ..ResourceOverrides::default()
        }),
    ));
    let spec = built(declaration);
    assert_returns(&spec);
    let toml = toml::to_string(&ClusterDeclaration::from(&spec)).expect("declarations are TOML");
    assert_eq!(
        toml,
        r#"name = "test"
profile = "modern"

[[nodes]]
name = "a"

[[nodes]]
name = "b"

[[nodes]]
name = "c"

[[groups]]
name = "g"

[[groups.resources]]
name = "d"
kind = "Physical Disk"

[[groups.resources]]
name = "s"
kind = "Generic Service"
depends_on = "[d]"

[groups.resources.settings]
is_alive_interval = "9s"
"#
    );
}

#[test]
fn a_start_timeout_that_the_kind_sets_can_be_taken_back() {
    let store = ResourceDeclaration::new("is", "Exchange Information Store").needs("[sa]");
    let attendant = ResourceDeclaration::new("sa", "Exchange System Attendant").needs("[n]");
    let own = ResourceOverrides {
        start_pending_timeout: Some(Duration::from_secs(180)),
        ..ResourceOverrides::default()
    };
    let spec = built(
        cluster().group(
            group("g")
                .resource(ResourceDeclaration::new("ip", "IP Address"))
                .resource(ResourceDeclaration::new("n", "Network Name").needs("[ip]"))
                .resource(attendant)
                .resource(store.settings(own)),
        ),
    );
    assert_returns(&spec);
    let id = spec.resource_id("IS").expect("it is declared");
    let settings = spec.resource(id).expect("the id is of this cluster").settings();
    assert_eq!(settings.start_pending_timeout, Duration::from_secs(180));
}

#[test]
fn what_is_built_can_be_read() {
    let spec = built(read(EVERYTHING));
    let zeta = spec.node_id("ZETA").expect("it is declared");
    assert_eq!(zeta, NodeId::new(0));
    let first = spec.group_id("First").expect("it is declared");
    let group = spec.group(first).expect("the id is of this cluster");
    assert_eq!(group.preferred_owners(), [NodeId::new(1), zeta]);
    assert_eq!(group.resource_count(), 3);
    assert_eq!(group.possible_owners().map(|nodes| nodes.len()), Some(2));
    assert_eq!(spec.classes().collect::<Vec<_>>(), ["a", "x"]);
    assert_eq!(group.anti_affinity_classes().len(), 2);
    assert_eq!(spec.dimensions().collect::<Vec<_>>(), ["instances", "mb"]);
    let amounts: Vec<u64> = group.demands().iter().map(|(_, amount)| *amount).collect();
    assert_eq!(amounts, [1, 10]);
    let db = spec.resource_id("DB").expect("it is declared");
    let position = group.position_of(db).expect("it is in the group");
    let clauses: Vec<Vec<usize>> = group.graph().clauses(position).map(Iterator::collect).collect();
    assert_eq!(clauses, [[0, 1]]);
    assert_eq!(spec.resource_id("disk g:"), None);
    let disk = spec.resource_id("disk f:").and_then(|id| spec.resource(id)).expect("declared");
    assert_eq!(
        disk.parameters().iter().collect::<Vec<_>>(),
        [("device", "/dev/sdf"), ("options", "ro\tnosuid")]
    );
    assert_eq!(group.parameters().text("mail to"), Some("ops@example.org"));
    assert_eq!(group.parameters().text("Mail to"), None);
    let bmc = spec.node(zeta).and_then(|node| node.parameters().text("bmc"));
    assert_eq!(bmc, Some("10.0.0.7"));
}

/// Random groups: for each resource whether it sets something, who owns it, what it needs.
fn any_cluster() -> impl Strategy<Value = ClusterDeclaration> {
    let resource = (0..4_u8, 0..4_u8, any::<[bool; 6]>());
    let groups = proptest::collection::vec(proptest::collection::vec(resource, 0..7), 0..6);
    groups.prop_map(|groups| {
        groups.into_iter().enumerate().fold(cluster(), |cluster, (number, resources)| {
            let mut declared = group(&format!("g{number}")).preferred_owners(
                ["a", "b", "c"].into_iter().cycle().skip(number).take(resources.len() % 4),
            );
            for (position, (setting, owner, needs)) in resources.into_iter().enumerate() {
                let mut resource = service(&format!("r{number}.{position}"));
                resource = match setting {
                    0 | 1 => resource,
                    seconds => resource.settings(ResourceOverrides {
                        pending_timeout: Some(Duration::from_secs(u64::from(seconds) * 90)),
                        ..ResourceOverrides::default()
                    }),
                };
                resource = match owner {
                    0 => resource,
                    1 => resource.possible_owners(["a"]),
                    2 => resource.possible_owners(["c", "b"]),
                    _ => resource.possible_owners(["a", "b", "c"]),
                };
                let providers: Vec<String> = (0..position)
                    .filter(|provider| needs[*provider])
                    .map(|provider| format!("[R{number}.{provider}]"))
                    .collect();
                if !providers.is_empty() {
                    let text = match setting {
                        0 | 2 => providers.join(" and "),
                        _ => format!("({})", providers.join(" or ")),
                    };
                    resource = resource.needs(text.as_str());
                }
                declared = declared.resource(resource);
            }
            cluster.group(declared)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_cluster_gives_back_its_declaration(declaration in any_cluster()) {
        let spec = declaration.build().expect("only sound clusters are made");
        let again = ClusterDeclaration::from(&spec).build();
        prop_assert_eq!(again.as_ref(), Ok(&spec));
        for (id, resource) in spec.resources() {
            prop_assert_eq!(spec.resource_id(&resource.name().to_uppercase()), Some(id));
        }
    }
}
