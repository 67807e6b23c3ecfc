//! The dependency trees, as data.

use self::Part::{
    Disk, InformationStore, IpAddress, Mta, NetworkName, Routing, Search, SystemAttendant,
};
use self::Protocol::{Http, Imap4, Pop3, Smtp};
use crate::kind::standard::{
    EXCHANGE_HTTP, EXCHANGE_IMAP4, EXCHANGE_MTA, EXCHANGE_POP3, EXCHANGE_ROUTING, EXCHANGE_SEARCH,
    EXCHANGE_SMTP, INFORMATION_STORE, IP_ADDRESS, NETWORK_NAME, PHYSICAL_DISK, SYSTEM_ATTENDANT,
};

/// A protocol that a virtual server speaks.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Protocol {
    /// Mail transport.
    Smtp,
    /// Outlook Web Access.
    Http,
    /// Internet Message Access Protocol.
    Imap4,
    /// Post Office Protocol.
    Pop3,
}

/// A part of a virtual server; one resource, or every disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Disk,
    IpAddress,
    NetworkName,
    SystemAttendant,
    InformationStore,
    Mta,
    Routing,
    Protocol(Protocol),
    Search,
}

/// A part, with its kind and its dependencies in either version.
pub(super) struct Row {
    pub(super) part: Part,
    pub(super) kind: &'static str,
    pub(super) exchange_2000: &'static [Part],
    pub(super) exchange_2003: &'static [Part],
}

/// Both trees, providers first. The parent of the search may be changed.
///
/// ```text
/// Exchange 2003                                   Exchange 2000
/// IP -> Name --+                                  IP -> Name --+
///              +-> SA -+-> IS -> Search                        +-> SA -+-> IS -+-> Search
/// Disks -------+       +-> MTA                    Disks -------+       |       +-> protocols
///                      +-> Routing                                     +-> MTA
///                      +-> protocols                                   +-> Routing
/// ```
pub(super) const ROWS: [Row; 12] = [
    same(Disk, PHYSICAL_DISK, &[]),
    same(IpAddress, IP_ADDRESS, &[]),
    same(NetworkName, NETWORK_NAME, &[IpAddress]),
    same(SystemAttendant, SYSTEM_ATTENDANT, &[NetworkName, Disk]),
    same(InformationStore, INFORMATION_STORE, &[SystemAttendant]),
    same(Mta, EXCHANGE_MTA, &[SystemAttendant]),
    same(Routing, EXCHANGE_ROUTING, &[SystemAttendant]),
    protocol(Smtp, EXCHANGE_SMTP),
    protocol(Http, EXCHANGE_HTTP),
    protocol(Imap4, EXCHANGE_IMAP4),
    protocol(Pop3, EXCHANGE_POP3),
    same(Search, EXCHANGE_SEARCH, &[InformationStore]),
];

const fn same(part: Part, kind: &'static str, needs: &'static [Part]) -> Row {
    Row { part, kind, exchange_2000: needs, exchange_2003: needs }
}

const fn protocol(protocol: Protocol, kind: &'static str) -> Row {
    Row {
        part: Part::Protocol(protocol),
        kind,
        exchange_2000: &[InformationStore],
        exchange_2003: &[SystemAttendant],
    }
}
