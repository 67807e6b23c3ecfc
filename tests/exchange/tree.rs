//! The dependency trees of both versions, by what they do.

use std::collections::BTreeSet;
use std::time::Duration;

use quorate::catalog::exchange::{MtaPlace, Protocol, SearchParent, Version, VirtualServer};
use quorate::machine::ResourceState;
use quorate::settings::QuorumRule;
use quorate::spec::ClusterDeclaration;
use quorate::state::OperationKind;

use super::drive::{Drive, cluster_of};

const ALL: [Protocol; 4] = [Protocol::Smtp, Protocol::Http, Protocol::Imap4, Protocol::Pop3];
const PROTOCOLS: [&str; 4] = ["SMTP", "HTTP", "IMAP4", "POP3"];
const VERSIONS: [Version; 2] = [Version::Exchange2000, Version::Exchange2003];
const PARENTS: [SearchParent; 2] = [SearchParent::InformationStore, SearchParent::SystemAttendant];

/// One server with two disks, the message transfer agent and every protocol, on three nodes.
fn whole(version: Version, search: SearchParent) -> ClusterDeclaration {
    let server = VirtualServer::new(version, "EVS1")
        .disks(["F:", "G:"])
        .protocols(ALL)
        .mta(MtaPlace::Here)
        .search_parent(search);
    cluster_of(3, QuorumRule::DiskOnly, [server.build()])
}

/// The resources that are not online once one has failed, before it is restarted; without the
/// server name.
fn down_with(drive: &Drive, victim: &str) -> BTreeSet<String> {
    let mut drive = drive.clone();
    drive.fail(&format!("EVS1 {victim}"));
    let asked = drive.settle();
    // Everything that is not online was stopped in this moment, and nothing else was touched.
    let of_failed = drive.resource(&format!("EVS1 {victim}"));
    for effect in &asked {
        let resource = effect.resource.expect("nothing is fenced");
        let expected = match resource == of_failed {
            true => OperationKind::Terminate,
            false => OperationKind::Stop,
        };
        assert_eq!(effect.action, expected, "{}", drive.name(resource));
    }
    let spec = drive.cluster.spec();
    let state = |resource| drive.cluster.state().resource_state(resource);
    let down = spec.resources().filter(|(resource, _)| state(*resource) != ResourceState::Online);
    let down: BTreeSet<String> =
        down.map(|(_, resource)| resource.name().trim_start_matches("EVS1 ").to_owned()).collect();
    assert_eq!(asked.len(), down.len());

    // After the restart delay everything is back on the same node.
    drive.now = drive.now.after(Duration::from_millis(500));
    drive.cluster.handle_timeout(drive.now);
    drive.settle();
    assert_eq!(drive.places(), [Some(1)], "after {victim}");
    down
}

fn set(names: &[&[&str]]) -> BTreeSet<String> {
    names.iter().flat_map(|names| names.iter()).map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_fails_takes_its_dependents_along_and_nothing_else() {
    for version in VERSIONS {
        for parent in PARENTS {
            let drive = Drive::start(whole(version, parent));
            let above_store: &[&str] = match version {
                Version::Exchange2000 => &PROTOCOLS,
                Version::Exchange2003 => &[],
            };
            let search: &[&str] = match parent {
                SearchParent::InformationStore => &["MS Search"],
                SearchParent::SystemAttendant => &[],
            };
            let attendant: &[&str] =
                &["System Attendant", "Information Store", "MTA", "Routing", "MS Search"];
            let cases: [(&str, BTreeSet<String>); 8] = [
                ("Information Store", set(&[&["Information Store"], search, above_store])),
                ("SMTP", set(&[&["SMTP"]])),
                ("POP3", set(&[&["POP3"]])),
                ("MS Search", set(&[&["MS Search"]])),
                ("System Attendant", set(&[attendant, &PROTOCOLS])),
                ("Disk F:", set(&[&["Disk F:"], attendant, &PROTOCOLS])),
                ("Network Name", set(&[&["Network Name"], attendant, &PROTOCOLS])),
                ("IP Address", set(&[&["IP Address", "Network Name"], attendant, &PROTOCOLS])),
            ];
            for (victim, expected) in cases {
                let down = down_with(&drive, victim);
                assert_eq!(down, expected, "{version:?}, search on {parent:?}: {victim} failed");
            }
        }
    }
}

/// How many rounds of starts, each after the one before, end with every protocol online.
fn levels_to_protocols(version: Version) -> usize {
    let mut drive = Drive::form(whole(version, SearchParent::InformationStore));
    let protocols = PROTOCOLS.map(|protocol| drive.resource(&format!("EVS1 {protocol}")));
    for level in 1.. {
        let (effects, _) = drive.take();
        assert!(!effects.is_empty(), "the protocols never started");
        for effect in &effects {
            assert_eq!(effect.action, OperationKind::Start);
            drive.succeed(effect);
        }
        let state = drive.cluster.state();
        if protocols.iter().all(|of| state.resource_state(*of) == ResourceState::Online) {
            return level;
        }
    }
    unreachable!("the range has no end")
}

#[test]
fn the_newer_version_is_one_level_shorter() {
    assert_eq!(levels_to_protocols(Version::Exchange2003), 4);
    assert_eq!(levels_to_protocols(Version::Exchange2000), 5);
}

#[test]
fn a_server_has_eight_resources_beside_its_disks() {
    for version in VERSIONS {
        for disks in 0..=6 {
            let letters = (0..disks).map(|number| format!("{number}:"));
            let server = VirtualServer::new(version, "EVS1").disks(letters);
            assert_eq!(server.clone().build().resources.len(), disks + 8);
            let with_mta = server.clone().mta(MtaPlace::Here);
            assert_eq!(with_mta.build().resources.len(), disks + 9);
            let imap = [Protocol::Smtp, Protocol::Http, Protocol::Imap4];
            assert_eq!(server.clone().protocols(imap).build().resources.len(), disks + 9);
            assert_eq!(server.protocols(ALL).build().resources.len(), disks + 10);
        }
    }
}

#[test]
fn a_server_prefers_the_nodes_that_are_named() {
    let server = VirtualServer::new(Version::Exchange2003, "EVS1").preferred_owners(["3", "1"]);
    assert_eq!(server.build().preferred_owners, ["3", "1"]);
}
