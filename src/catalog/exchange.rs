//! Virtual servers of Exchange Server 2000 and 2003.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use self::tree::{Part, ROWS, Row};
use crate::graph::Expression;
use crate::kind::standard::STORAGE_GROUPS;
use crate::spec::{GroupDeclaration, ResourceDeclaration};

mod tree;

pub use tree::Protocol;

/// The anti-affinity class that Exchange Server 2003 gives to every virtual server.
pub const ANTI_AFFINITY_CLASS: &str = "Microsoft Exchange Virtual Server";

/// A release of Exchange Server; each has its own dependency tree.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// Protocols need the Information Store.
    Exchange2000,
    /// Protocols need only the System Attendant, and start in parallel with the store (KB 821833).
    Exchange2003,
}

/// The place of the message transfer agent. A cluster has only one.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MtaPlace {
    /// This virtual server holds it.
    Here,
    /// Another virtual server holds it, or none.
    #[default]
    Elsewhere,
}

/// The provider of the full-text search of a virtual server.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SearchParent {
    /// The Information Store.
    #[default]
    InformationStore,
    /// The System Attendant.
    SystemAttendant,
}

/// A virtual server: one group with everything that serves a set of mailboxes.
///
/// With d disks, SMTP and HTTP it has d + 8 resources; the message transfer agent and every other
/// protocol add one each. The names of the resources begin with that of the server, so that they
/// are unique in the cluster: `EVS1 Disk F:`, `EVS1 Information Store`.
///
/// ```
/// use quorate::catalog::exchange::{MtaPlace, Version, VirtualServer};
/// use quorate::spec::{ClusterDeclaration, Profile};
///
/// let server = VirtualServer::new(Version::Exchange2003, "EVS1")
///     .disks(["F:", "G:"])
///     .mta(MtaPlace::Here)
///     .storage_groups(4)
///     .preferred_owners(["node1", "node3"]);
///
/// let spec = ClusterDeclaration::new("mail")
///     .profile(Profile::Mscs2003)
///     .node("node1")
///     .node("node2")
///     .node("node3")
///     .group(server.build())
///     .build()?;
/// assert_eq!(spec.resources().len(), 2 + 9);
/// assert!(spec.resource_id("EVS1 System Attendant").is_some());
/// # Ok::<(), quorate::spec::SpecErrors>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VirtualServer {
    version: Version,
    name: String,
    disks: Vec<String>,
    protocols: BTreeSet<Protocol>,
    mta: MtaPlace,
    search: SearchParent,
    preferred_owners: Vec<String>,
    demands: BTreeMap<String, u64>,
}

impl VirtualServer {
    /// Returns a server with this name, SMTP and HTTP, and no disk yet.
    #[must_use]
    pub fn new(version: Version, name: impl Into<String>) -> Self {
        Self {
            version,
            name: name.into(),
            disks: Vec::new(),
            protocols: BTreeSet::from([Protocol::Smtp, Protocol::Http]),
            mta: MtaPlace::default(),
            search: SearchParent::default(),
            preferred_owners: Vec::new(),
            demands: BTreeMap::new(),
        }
    }

    /// Sets its disks: drive letters or mount points. Two servers never share a disk, even if their
    /// disks have equal names.
    #[must_use]
    pub fn disks(mut self, disks: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.disks = disks.into_iter().map(Into::into).collect();
        self
    }

    /// Sets its protocols. Default SMTP and HTTP.
    #[must_use]
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    /// Sets whether it holds the message transfer agent of the cluster. Default elsewhere.
    #[must_use]
    pub const fn mta(mut self, place: MtaPlace) -> Self {
        self.mta = place;
        self
    }

    /// Sets the provider of its search. Default the Information Store.
    #[must_use]
    pub const fn search_parent(mut self, parent: SearchParent) -> Self {
        self.search = parent;
        self
    }

    /// Sets the number of its storage groups, at most 4. A node may have 4 in all, also after a
    /// failover.
    #[must_use]
    pub fn storage_groups(self, count: u64) -> Self {
        self.demand(STORAGE_GROUPS, count)
    }

    /// Sets its demand on the node in one dimension, such as mailboxes.
    #[must_use]
    pub fn demand(mut self, dimension: impl Into<String>, amount: u64) -> Self {
        self.demands.insert(dimension.into(), amount);
        self
    }

    /// Sets the preferred owners, best first.
    #[must_use]
    pub fn preferred_owners(mut self, nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.preferred_owners = nodes.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the group, with the tree of its version.
    #[must_use]
    pub fn build(self) -> GroupDeclaration {
        let resources = ROWS.iter().flat_map(|row| self.resources(row)).collect();
        GroupDeclaration {
            preferred_owners: self.preferred_owners,
            anti_affinity_classes: vec![ANTI_AFFINITY_CLASS.into()],
            demands: self.demands,
            resources,
            ..GroupDeclaration::new(self.name)
        }
    }

    fn resources(&self, row: &Row) -> Vec<ResourceDeclaration> {
        let needs: Vec<String> =
            self.parents(row).iter().flat_map(|parent| self.names(*parent)).collect();
        let declare = |name| {
            let resource = ResourceDeclaration::new(name, row.kind);
            if needs.is_empty() {
                resource
            } else {
                resource.needs(Expression::all_of(needs.iter().cloned()))
            }
        };
        self.names(row.part).into_iter().map(declare).collect()
    }

    fn parents(&self, row: &Row) -> &'static [Part] {
        match (row.part, self.search, self.version) {
            (Part::Search, SearchParent::SystemAttendant, _) => &[Part::SystemAttendant],
            (_, _, Version::Exchange2000) => row.exchange_2000,
            (_, _, Version::Exchange2003) => row.exchange_2003,
        }
    }

    /// Returns the names of the resources that a part of the tree stands for: none, one, or all
    /// disks.
    fn names(&self, part: Part) -> Vec<String> {
        let name = |what: &str| format!("{} {what}", self.name);
        match part {
            Part::Disk => self.disks.iter().map(|disk| name(&format!("Disk {disk}"))).collect(),
            Part::Mta if self.mta == MtaPlace::Elsewhere => Vec::new(),
            Part::Protocol(protocol) if !self.protocols.contains(&protocol) => Vec::new(),
            Part::IpAddress => vec![name("IP Address")],
            Part::NetworkName => vec![name("Network Name")],
            Part::SystemAttendant => vec![name("System Attendant")],
            Part::InformationStore => vec![name("Information Store")],
            Part::Mta => vec![name("MTA")],
            Part::Routing => vec![name("Routing")],
            Part::Protocol(Protocol::Smtp) => vec![name("SMTP")],
            Part::Protocol(Protocol::Http) => vec![name("HTTP")],
            Part::Protocol(Protocol::Imap4) => vec![name("IMAP4")],
            Part::Protocol(Protocol::Pop3) => vec![name("POP3")],
            Part::Search => vec![name("MS Search")],
        }
    }
}

impl From<VirtualServer> for GroupDeclaration {
    fn from(server: VirtualServer) -> Self {
        server.build()
    }
}
