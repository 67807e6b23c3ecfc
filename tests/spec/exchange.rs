//! The rules of Exchange Server on a cluster.

use quorate::settings::{Admission, Interval};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, Profile, ResourceDeclaration};
use std::time::Duration;

use super::{built, disk, errors_of, warnings_of};

/// A cluster with this many nodes and no groups.
fn nodes(count: usize) -> ClusterDeclaration {
    (1..=count)
        .fold(ClusterDeclaration::new("mail"), |cluster, n| cluster.node(format!("N{n}")))
        .profile(Profile::Mscs2003)
}

/// An Exchange virtual server with two disks and one MTA less than a whole one.
fn server(number: usize) -> GroupDeclaration {
    let named = |what: &str| format!("{what} {number}");
    let of = |what: &str, kind: &'static str| ResourceDeclaration::new(named(what), kind);
    let on = |what: &str| format!("[{}]", named(what));
    GroupDeclaration::new(format!("EVS{number}"))
        .resource(of("IP", "IP Address"))
        .resource(of("Name", "Network Name").needs(on("IP").as_str()))
        .resource(disk(&named("Data")))
        .resource(disk(&named("Log")))
        .resource(
            of("SA", "Exchange System Attendant")
                .needs(format!("{} and {} and {}", on("Name"), on("Data"), on("Log")).as_str()),
        )
        .resource(of("IS", "Exchange Information Store").needs(on("SA").as_str()))
        .resource(of("Routing", "Exchange Routing").needs(on("SA").as_str()))
        .resource(of("SMTP", "Exchange SMTP Virtual Server").needs(on("SA").as_str()))
        .resource(of("HTTP", "Exchange HTTP Virtual Server").needs(on("IS").as_str()))
        .resource(of("Search", "Exchange MS Search").needs(on("IS").as_str()))
}

fn servers(nodes_count: usize, servers: usize) -> ClusterDeclaration {
    (1..=servers).fold(nodes(nodes_count), |cluster, number| cluster.group(server(number)))
}

#[test]
fn six_servers_on_seven_nodes_are_sound() {
    assert_eq!(warnings_of(servers(7, 6)), [""; 0]);
}

#[test]
fn a_node_must_be_spare_from_three_nodes_on() {
    assert_eq!(
        errors_of(servers(7, 7)),
        ["kinds.\"Exchange System Attendant\".spare_node: 7 groups have the kind, \
          7 nodes may serve 6; add a node"]
    );
    assert_eq!(
        errors_of(servers(3, 3)),
        ["kinds.\"Exchange System Attendant\".spare_node: 3 groups have the kind, \
          3 nodes may serve 2; add a node"]
    );
}

#[test]
fn two_nodes_may_both_serve_with_a_warning() {
    let active = "kinds.\"Exchange System Attendant\".spare_node: 2 groups have the kind and \
                  neither of two nodes is spare";
    assert!(warnings_of(servers(2, 2)).contains(&active.to_string()));
    assert!(!warnings_of(servers(2, 1)).iter().any(|warning| warning.contains("spare")));
    assert_eq!(
        errors_of(servers(2, 3)),
        ["kinds.\"Exchange System Attendant\".spare_node: 3 groups have the kind, \
          2 nodes may serve 2; add a node"]
    );
}

#[test]
fn the_attendant_needs_every_disk() {
    let mut cluster = nodes(2).group(server(1).resource(disk("Quorum")).resource(disk("Temp")));
    assert_eq!(
        errors_of(cluster.clone()),
        ["groups.EVS1.resources.\"SA 1\".depends_on: its kind must depend on every storage \
          resource of the group, also on \"Quorum\", \"Temp\""]
    );
    // Through another resource is enough.
    let resources = &mut cluster.groups[0].resources;
    let index = resources.iter().position(|r| r.name == "Log 1").expect("it is declared");
    resources[index].depends_on = Some("[Quorum] and [Temp]".into());
    assert!(cluster.build().is_ok());
}

#[test]
fn exchange_resources_need_their_attendant() {
    let mut evs = server(1);
    for resource in &mut evs.resources {
        if resource.name == "SMTP 1" || resource.name == "Routing 1" || resource.name == "SA 1" {
            resource.depends_on = Some("[Data 1] and [Log 1]".into());
        }
    }
    assert_eq!(
        errors_of(nodes(2).group(evs)),
        [
            "groups.EVS1.resources.\"SA 1\".depends_on: its kind must depend on \
             a resource of kind \"Network Name\"",
            "groups.EVS1.resources.\"Routing 1\".depends_on: its kind must depend on \
             a resource of kind \"Exchange System Attendant\"",
            "groups.EVS1.resources.\"SMTP 1\".depends_on: its kind must depend on a resource of \
             one of the kinds \"Exchange System Attendant\", \"Exchange Information Store\"",
        ]
    );
}

#[test]
fn there_is_one_mta_per_cluster() {
    let mta = |number: usize| {
        let needs = format!("[SA {number}]");
        let mta = ResourceDeclaration::new(format!("MTA {number}"), "Exchange MTA");
        server(number).resource(mta.needs(needs.as_str()))
    };
    assert!(nodes(3).group(mta(1)).group(server(2)).build().is_ok());
    assert_eq!(
        errors_of(nodes(3).group(mta(1)).group(mta(2))),
        ["groups.EVS2.resources.\"MTA 2\".kind: one of 2 resources of kind \"Exchange MTA\", \
          the cluster may have 1"]
    );
}

#[test]
fn there_is_one_attendant_per_group() {
    let second = ResourceDeclaration::new("SA b", "Exchange System Attendant")
        .needs("[Name 1] and [Data 1] and [Log 1]");
    assert_eq!(
        errors_of(nodes(3).group(server(1).resource(second))),
        ["groups.EVS1.resources: 2 resources of kind \"Exchange System Attendant\", \
          a group may have 1"]
    );
}

const STORAGE_GROUPS: &str = "storage groups";

#[test]
fn a_node_has_four_storage_groups() {
    let one = |amount| nodes(3).group(server(1).demand(STORAGE_GROUPS, amount));
    assert!(built(one(4)).warnings().is_empty());
    assert_eq!(
        errors_of(one(5)),
        ["groups.EVS1.demands: demands 5 of \"storage groups\", \
          kind \"Exchange System Attendant\" allows 4 per node"]
    );
}

#[test]
fn two_servers_with_four_storage_groups_never_share_a_node() {
    let pair = |first: GroupDeclaration, second: GroupDeclaration| {
        nodes(3).group(first.demand(STORAGE_GROUPS, 4)).group(second.demand(STORAGE_GROUPS, 1))
    };
    let overload = "groups.EVS1.demands: may share a node with group \"EVS2\", together \
                    demanding 5 of \"storage groups\"; kind \"Exchange System Attendant\" allows \
                    4 per node; give both groups one anti-affinity class and enforce it";
    assert_eq!(errors_of(pair(server(1), server(2))), [overload]);

    let apart = |number| server(number).anti_affinity_classes(["EVS"]);
    assert!(pair(apart(1), apart(2)).build().is_ok());
    assert_eq!(errors_of(pair(apart(1), server(2).anti_affinity_classes(["other"]))), [overload]);
    // A class that is only a wish keeps nothing apart.
    let mut open = pair(apart(1), apart(2));
    open.admission = Some(Admission::Open);
    assert_eq!(errors_of(open), [overload]);
    // Nor do they meet if no node can run both.
    let pinned = |number: usize, node: &str| {
        let mut server = server(number);
        for resource in &mut server.resources {
            resource.possible_owners = Some(vec![node.into()]);
        }
        server
    };
    assert!(pair(pinned(1, "N1"), pinned(2, "N2")).build().is_ok());
    assert_eq!(errors_of(pair(pinned(1, "N1"), pinned(2, "N1"))), [overload]);
}

#[test]
fn two_servers_that_fit_together_may_share_a_node() {
    let half = |number| server(number).demand(STORAGE_GROUPS, 2);
    assert!(nodes(3).group(half(1)).group(half(2)).build().is_ok());
}

#[test]
fn agents_check_themselves_and_the_store_takes_its_time() {
    let spec = built(servers(2, 1));
    let settings = |name| {
        let id = spec.resource_id(name).expect("it is declared");
        spec.resource(id).expect("the id is of this cluster").settings()
    };
    for name in ["SA 1", "is 1", "SMTP 1"] {
        assert_eq!(settings(name).looks_alive_interval, Interval::Never, "{name}");
        let every = Interval::Every(Duration::from_secs(10));
        assert_eq!(settings(name).is_alive_interval, every, "{name}");
        assert_eq!(settings(name).pending_timeout, Duration::from_secs(180), "{name}");
        assert_eq!(settings(name).restart_threshold, 3, "{name}");
    }
    let day = Duration::from_secs(86_400);
    assert_eq!(settings("IS 1").start_pending_timeout, day);
    assert_eq!(settings("IS 1").start_deadline, day);
    assert_eq!(settings("IS 1").stop_deadline, Duration::from_secs(3_600));
    assert_eq!(settings("SA 1").start_pending_timeout, Duration::from_secs(180));
}

/// The health thread that makes the cheap check needless is that of exres.dll, and the agent of MS
/// Search is Gathercl.dll (KB 810860): it is checked at the default intervals.
#[test]
fn search_has_an_agent_of_its_own() {
    let spec = built(servers(2, 1));
    let id = spec.resource_id("Search 1").expect("it is declared");
    let settings = spec.resource(id).expect("the id is of this cluster").settings();
    assert_eq!(settings.looks_alive_interval, Interval::Every(Duration::from_secs(5)));
    assert_eq!(settings.is_alive_interval, Interval::Every(Duration::from_secs(60)));
    assert_eq!(settings.pending_timeout, Duration::from_secs(180));
}
