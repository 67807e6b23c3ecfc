//! The kinds that every cluster knows: those of Windows, and those of Exchange Server.
//!
//! They are data and nothing more. A declared kind with the same name replaces one of them.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{KindDeclaration, RequiredProvider, ResourceClass, ResourceOverrides, SpareNode};
use crate::time::Interval;

const IP_ADDRESS: &str = "IP Address";
const NETWORK_NAME: &str = "Network Name";
const SYSTEM_ATTENDANT: &str = "Exchange System Attendant";
const INFORMATION_STORE: &str = "Exchange Information Store";

/// All standard kinds, always in the same order.
///
/// | kind | class | must depend on |
/// |---|---|---|
/// | Physical Disk | storage | |
/// | IP Address | network | |
/// | Network Name | network | an IP Address |
/// | File Share | user | |
/// | Print Spooler | user | a storage resource and a Network Name |
/// | Generic Service, Application, Script | user | |
/// | Exchange System Attendant | user | a Network Name and every storage resource |
/// | Exchange Information Store, MTA, Routing | user | the System Attendant |
/// | Exchange SMTP, HTTP, IMAP4, POP3 Virtual Server | user | System Attendant or Store |
/// | Exchange MS Search | user | Store or System Attendant |
///
/// Exchange Server 2003 lets its protocols depend on the System Attendant, Exchange 2000 on the
/// Information Store; both are legal.
#[must_use]
pub fn standard() -> Vec<KindDeclaration> {
    let mut kinds = windows();
    kinds.extend(exchange());
    kinds
}

fn windows() -> Vec<KindDeclaration> {
    vec![
        KindDeclaration {
            class: ResourceClass::Storage,
            ..named("Physical Disk")
        },
        KindDeclaration {
            class: ResourceClass::Network,
            ..named(IP_ADDRESS)
        },
        KindDeclaration {
            class: ResourceClass::Network,
            requires: vec![RequiredProvider::Kind(IP_ADDRESS.into())],
            ..named(NETWORK_NAME)
        },
        // Only a share that is the root of a distributed file system needs a name.
        named("File Share"),
        KindDeclaration {
            requires: vec![
                RequiredProvider::Class(ResourceClass::Storage),
                RequiredProvider::Kind(NETWORK_NAME.into()),
            ],
            ..named("Print Spooler")
        },
        named("Generic Service"),
        named("Generic Application"),
        named("Generic Script"),
    ]
}

fn exchange() -> Vec<KindDeclaration> {
    let attendant = || vec![RequiredProvider::Kind(SYSTEM_ATTENDANT.into())];
    let attendant_or_store = || {
        let kinds = vec![SYSTEM_ATTENDANT.into(), INFORMATION_STORE.into()];
        vec![RequiredProvider::AnyKind(kinds)]
    };
    vec![
        KindDeclaration {
            at_most_per_group: Some(1),
            spare_node: SpareNode::FromThreeNodesOn,
            // Four storage groups per node, after a failover too (KB 259197).
            at_most_per_node: BTreeMap::from([(String::from("storage groups"), 4)]),
            ..exchange_kind(
                SYSTEM_ATTENDANT,
                vec![
                    RequiredProvider::Kind(NETWORK_NAME.into()),
                    RequiredProvider::EveryOfClass(ResourceClass::Storage),
                ],
            )
        },
        information_store(attendant()),
        KindDeclaration {
            at_most_per_cluster: Some(1),
            ..exchange_kind("Exchange MTA", attendant())
        },
        KindDeclaration {
            at_most_per_group: Some(1),
            ..exchange_kind("Exchange Routing", attendant())
        },
        exchange_kind("Exchange SMTP Virtual Server", attendant_or_store()),
        exchange_kind("Exchange HTTP Virtual Server", attendant_or_store()),
        exchange_kind("Exchange IMAP4 Virtual Server", attendant_or_store()),
        exchange_kind("Exchange POP3 Virtual Server", attendant_or_store()),
        exchange_kind("Exchange MS Search", attendant_or_store()),
    ]
}

/// The store replays its logs when it starts, which may take hours; its stop is bounded like that
/// of the others.
fn information_store(requires: Vec<RequiredProvider>) -> KindDeclaration {
    let day = Some(Duration::from_secs(24 * 3_600));
    let kind = exchange_kind(INFORMATION_STORE, requires);
    KindDeclaration {
        at_most_per_group: Some(1),
        settings: ResourceOverrides {
            start_pending_timeout: day,
            start_deadline: day,
            ..kind.settings
        },
        ..kind
    }
}

/// Exchange agents check themselves every 10 s and report failures by an event, so that they are
/// never asked whether they look alive (KB 810860).
fn exchange_kind(name: &str, requires: Vec<RequiredProvider>) -> KindDeclaration {
    KindDeclaration {
        requires,
        settings: ResourceOverrides {
            pending_timeout: Some(Duration::from_secs(180)),
            looks_alive_interval: Some(Interval::Never),
            is_alive_interval: Some(Duration::from_secs(10)),
            ..ResourceOverrides::default()
        },
        ..named(name)
    }
}

fn named(name: &str) -> KindDeclaration {
    KindDeclaration {
        name: name.into(),
        ..KindDeclaration::default()
    }
}
