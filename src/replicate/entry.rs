//! The entries of the log: what a leader proposes and every replica applies.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cluster::{Input, InputError, UnknownReference};
use crate::id::{Incarnation, Names, name};
use crate::time::Timestamp;

crate::form::strictly_read! { "Entry"
/// One entry of the log. Its written form has a version, because logs outlive releases.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// The first version.
    V1(EntryV1),
}
}

/// The first version of an [`Entry`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EntryV1 {
    /// The term of the engine in which the leader that proposes it took charge. A replica refuses
    /// the whole entry if the log holds it in another term.
    pub term: u64,
    /// The time of the log. A replica takes an earlier time than that of the entry before for the
    /// time of that entry.
    pub at: Timestamp,
    /// Everything that the entry says, in this order.
    pub items: Vec<Item>,
}

/// One item of an entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The sender, for items that must count once although they are sent until they have counted.
    /// `None` for those of the leader, which do no harm if they come twice.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// The content.
    pub body: Body,
}

/// The sender of an item, and the number that the item has there.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The life in which it was sent.
    pub life: NodeLife,
    /// Its number in this life: 1, 2, 3 and so on.
    pub sequence: u64,
}

/// One life of one node. Names are compared as [`name`](crate::id::name) says.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NodeLife {
    /// The name of the node.
    pub node: String,
    /// The number of its life.
    pub incarnation: Incarnation,
}

/// The content of an item. It refers by names, for ids change their meaning with the configuration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Body {
    /// Something is due ([`Cluster::handle_timeout`](crate::Cluster::handle_timeout)).
    Timeout,
    /// An input of the cluster.
    Input(Input<Names>),
    /// Every replica takes a digest here, so that they can be compared. It carries the time of the
    /// log on as well, while nothing else happens.
    Checkpoint,
    /// An operator lets a node in again that is kept out by a [quarantine](super::Quarantine).
    ReleaseFromQuarantine {
        /// The name of the node.
        node: String,
    },
}

/// The reason why an item changed nothing. Every replica finds the same one.
#[derive(Clone, Debug, Deserialize, Eq, Error, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The leader that proposed the entry had lost its charge: the log holds the entry in another
    /// term.
    #[error("proposed in term {proposed} and committed in term {committed}")]
    OtherTerm {
        /// The term of the leader that proposed it.
        proposed: u64,
        /// The term under which it stands in the log.
        committed: u64,
    },
    /// The item has counted before.
    #[error("report {sequence} of this life has counted already")]
    Duplicate {
        /// Its number.
        sequence: u64,
    },
    /// An earlier item of the sender has not arrived yet. It is sent again.
    #[error("report {sequence} came before report {expected}")]
    Gap {
        /// Its number.
        sequence: u64,
        /// The number that comes next.
        expected: u64,
    },
    /// A later life of the sender is known.
    #[error("the life that sent it is over")]
    LifeOver,
    /// The node began too many lives in a short time, and is kept out. It may ask again later.
    #[error("the node began too many lives and is kept out until {until}")]
    Quarantined {
        /// The end of the quarantine.
        until: Timestamp,
    },
    /// The configuration does not fit the spans of the replicas
    /// ([`Genesis::timed`](super::Genesis::timed)), or counts votes itself.
    #[error("the configuration does not fit the replicas: {0}")]
    Misfit(String),
    /// It names something that the configuration in force does not hold.
    #[error(transparent)]
    Unknown(UnknownReference),
    /// The cluster refused the input.
    #[error(transparent)]
    Input(InputError<Names>),
}

impl NodeLife {
    /// Returns the life of a node.
    #[must_use]
    pub fn new(node: impl Into<String>, incarnation: Incarnation) -> Self {
        Self { node: node.into(), incarnation }
    }
}

impl PartialEq for NodeLife {
    fn eq(&self, other: &Self) -> bool {
        self.incarnation == other.incarnation && name::is_same(&self.node, &other.node)
    }
}

impl Eq for NodeLife {}

impl PartialOrd for NodeLife {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NodeLife {
    fn cmp(&self, other: &Self) -> Ordering {
        let names = name::compare(&self.node, &other.node);
        names.then(self.incarnation.cmp(&other.incarnation))
    }
}

impl Hash for NodeLife {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for letter in name::folded(&self.node) {
            letter.hash(state);
        }
        self.incarnation.hash(state);
    }
}

impl fmt::Display for NodeLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in incarnation {}", self.node, self.incarnation)
    }
}

impl Item {
    /// Returns an item without a sender, which may count more than once.
    #[must_use]
    pub fn anonymous(input: impl Into<Input<Names>>) -> Self {
        Self { origin: None, body: Body::Input(input.into()) }
    }
}

impl From<EntryV1> for Entry {
    fn from(entry: EntryV1) -> Self {
        Self::V1(entry)
    }
}
