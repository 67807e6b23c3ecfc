//! Declarations of Exchange servers that are refused.

use quorate::catalog::exchange::{ANTI_AFFINITY_CLASS, MtaPlace, Version};
use quorate::settings::QuorumRule;
use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};

use super::drive::{cluster_of, fixture_4, fixture_7, server};

fn of(nodes: usize, servers: usize) -> ClusterDeclaration {
    let servers = (1..=servers).map(|k| server(Version::Exchange2003, k).build());
    cluster_of(nodes, QuorumRule::DiskOnly, servers)
}

fn errors(declaration: ClusterDeclaration) -> String {
    declaration.build().expect_err("it breaks a rule").to_string()
}

#[test]
fn both_fixtures_are_sound() {
    for declaration in [fixture_7(QuorumRule::DiskOnly), fixture_4()] {
        let spec = declaration.build().expect("they break no rule");
        assert_eq!(spec.warnings(), []);
        assert_eq!(spec.classes().collect::<Vec<&str>>(), [ANTI_AFFINITY_CLASS]);
    }
}

#[test]
fn one_node_more_than_servers() {
    assert!(of(7, 6).build().is_ok());
    assert!(errors(of(7, 7)).contains("7 groups have the kind, 7 nodes may serve 6"));
}

#[test]
fn a_disk_belongs_to_one_server() {
    let mut declaration = of(3, 2);
    let [first, second] = declaration.groups.as_mut_slice() else { panic!("two servers") };
    second.resources[0].name = first.resources[0].name.clone();
    assert!(errors(declaration).contains("the name is taken by"));
}

#[test]
fn dependencies_stay_within_the_server() {
    let mut declaration = of(3, 2);
    let borrowed = declaration.groups[0].resources[0].name.clone();
    let reader =
        ResourceDeclaration::new("reader", "Generic Service").needs(format!("[{borrowed}]"));
    declaration.groups[1].resources.push(reader);
    assert!(errors(declaration).contains("dependencies stay within a group"));
}

#[test]
fn the_attendant_needs_every_disk_and_a_name() {
    let mut extra = of(3, 1);
    extra.groups[0].resources.push(ResourceDeclaration::new("Temp", "Physical Disk"));
    assert!(errors(extra).contains("every storage resource of the group, also on \"Temp\""));

    let mut nameless = of(3, 1);
    for resource in &mut nameless.groups[0].resources {
        if resource.kind == "Exchange System Attendant" {
            resource.depends_on = Some("[EVS1 Disk data] and [EVS1 Disk log]".into());
        }
    }
    assert!(errors(nameless).contains("must depend on a resource of kind \"Network Name\""));
}

#[test]
fn one_message_transfer_agent_per_cluster() {
    let second = server(Version::Exchange2003, 2).mta(MtaPlace::Here).build();
    let text = errors(of(3, 1).group(second));
    assert!(text.contains("one of 2 resources of kind \"Exchange MTA\""), "{text}");
}

#[test]
fn four_storage_groups_per_node() {
    let five = server(Version::Exchange2003, 1).storage_groups(5).build();
    let text = errors(cluster_of(3, QuorumRule::DiskOnly, [five]));
    assert!(text.contains("demands 5 of \"storage groups\""), "{text}");

    // Without the class of the builder nothing keeps two servers apart.
    let apart = of(3, 2);
    assert!(apart.clone().build().is_ok());
    let together = ClusterDeclaration {
        groups: apart
            .groups
            .into_iter()
            .map(|group| GroupDeclaration { anti_affinity_classes: Vec::new(), ..group })
            .collect(),
        ..of(3, 0)
    };
    let text = errors(together);
    assert!(text.contains("together demanding 8 of \"storage groups\""), "{text}");
}
