//! The kinds that every cluster knows: those of Windows, and those of Exchange Server.
//!
//! They are plain data. A declared kind with the name of a standard kind replaces it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{KindDeclaration, RequiredProvider, ResourceClass, ResourceOverrides, SpareNode};
use crate::time::Interval;

/// A disk that one node at a time may use.
pub const PHYSICAL_DISK: &str = "Physical Disk";
/// An address at which clients reach the group.
pub const IP_ADDRESS: &str = "IP Address";
/// A name that stands for an address.
pub const NETWORK_NAME: &str = "Network Name";
/// A shared folder.
pub const FILE_SHARE: &str = "File Share";
/// The root of an Exchange virtual server.
pub const SYSTEM_ATTENDANT: &str = "Exchange System Attendant";
/// The mailboxes of an Exchange virtual server.
pub const INFORMATION_STORE: &str = "Exchange Information Store";
/// The message transfer agent, one per cluster.
pub const EXCHANGE_MTA: &str = "Exchange MTA";
/// The routing engine of an Exchange virtual server.
pub const EXCHANGE_ROUTING: &str = "Exchange Routing";
/// Mail transport of an Exchange virtual server.
pub const EXCHANGE_SMTP: &str = "Exchange SMTP Virtual Server";
/// Web access to an Exchange virtual server.
pub const EXCHANGE_HTTP: &str = "Exchange HTTP Virtual Server";
/// IMAP4 access to an Exchange virtual server.
pub const EXCHANGE_IMAP4: &str = "Exchange IMAP4 Virtual Server";
/// POP3 access to an Exchange virtual server.
pub const EXCHANGE_POP3: &str = "Exchange POP3 Virtual Server";
/// Full-text search of an Exchange virtual server.
pub const EXCHANGE_SEARCH: &str = "Exchange MS Search";
/// The dimension in which groups with a System Attendant demand storage groups.
pub const STORAGE_GROUPS: &str = "storage groups";

/// Returns all standard kinds, always in one order.
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
        KindDeclaration { class: ResourceClass::Storage, ..named(PHYSICAL_DISK) },
        KindDeclaration { class: ResourceClass::Network, ..named(IP_ADDRESS) },
        KindDeclaration {
            class: ResourceClass::Network,
            requires: vec![RequiredProvider::Kind(IP_ADDRESS.into())],
            ..named(NETWORK_NAME)
        },
        // Only a share that is the root of a distributed file system needs a name.
        named(FILE_SHARE),
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
            at_most_per_node: BTreeMap::from([(String::from(STORAGE_GROUPS), 4)]),
            ..exres_kind(
                SYSTEM_ATTENDANT,
                vec![
                    RequiredProvider::Kind(NETWORK_NAME.into()),
                    RequiredProvider::EveryOfClass(ResourceClass::Storage),
                ],
            )
        },
        information_store(attendant()),
        KindDeclaration { at_most_per_cluster: Some(1), ..exres_kind(EXCHANGE_MTA, attendant()) },
        KindDeclaration { at_most_per_group: Some(1), ..exres_kind(EXCHANGE_ROUTING, attendant()) },
        exres_kind(EXCHANGE_SMTP, attendant_or_store()),
        exres_kind(EXCHANGE_HTTP, attendant_or_store()),
        exres_kind(EXCHANGE_IMAP4, attendant_or_store()),
        exres_kind(EXCHANGE_POP3, attendant_or_store()),
        exchange_kind(EXCHANGE_SEARCH, attendant_or_store()),
    ]
}

/// Declares the Information Store. It replays its logs when it starts, which may take hours; its
/// stop is bounded like that of the others.
fn information_store(requires: Vec<RequiredProvider>) -> KindDeclaration {
    let day = Some(Duration::from_secs(24 * 3_600));
    let kind = exres_kind(INFORMATION_STORE, requires);
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

/// Declares a kind with an agent in exres.dll. These agents check themselves every 10 s and report
/// failures by an event, so they are never asked whether they look alive (KB 810860).
fn exres_kind(name: &str, requires: Vec<RequiredProvider>) -> KindDeclaration {
    let kind = exchange_kind(name, requires);
    KindDeclaration {
        settings: ResourceOverrides {
            looks_alive_interval: Some(Interval::Never),
            is_alive_interval: Some(Interval::Every(Duration::from_secs(10))),
            ..kind.settings
        },
        ..kind
    }
}

/// Declares a kind of Exchange. A resource that does not answer its health check for three minutes
/// has failed (KB 836566, `IsAliveTimeout`). The agent of MS Search is Gathercl.dll (KB 810860),
/// which is checked like any other.
fn exchange_kind(name: &str, requires: Vec<RequiredProvider>) -> KindDeclaration {
    KindDeclaration {
        requires,
        settings: ResourceOverrides {
            pending_timeout: Some(Duration::from_secs(180)),
            deadlock_timeout: Some(Duration::from_secs(180)),
            ..ResourceOverrides::default()
        },
        ..named(name)
    }
}

fn named(name: &str) -> KindDeclaration {
    KindDeclaration { name: name.into(), ..KindDeclaration::default() }
}
