//! Identities: dense ids inside, names outside.
//!
//! Operators and files use names; the core uses small `Copy` numbers. Both share one set of types:
//! [`Input`](crate::cluster::Input), [`Output`](crate::cluster::Output) and the answers to
//! questions are generic over a [`Naming`], which is [`Ids`] in the core and [`Names`] at its edge.

use alloc::string::String;
use core::fmt;
use core::hash::Hash;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub mod name;

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// Returns the id of the entry that was declared at this position, counted from 0.
            #[must_use]
            pub const fn new(position: u32) -> Self {
                Self(position)
            }

            /// Returns the position as an index into the list of declared entries.
            #[must_use]
            pub fn index(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }

            /// Returns the id of the entry at `index`. An index that no id can hold gives the last
            /// id, which no declaration reaches.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    };
}

dense_id! {
    /// A node, numbered in the order of declaration. Where a rule says "ascending node id", this
    /// is the order.
    NodeId, "n"
}
dense_id! {
    /// A group, numbered in the order of declaration.
    GroupId, "g"
}
dense_id! {
    /// A resource, numbered in the order of declaration. The resources of one group have
    /// consecutive ids.
    ResourceId, "r"
}
dense_id! {
    /// A resource kind of the declaration.
    KindId, "k"
}
dense_id! {
    /// An anti-affinity class.
    ClassId, "c"
}
dense_id! {
    /// A named dimension of capacity, such as mailboxes or megabytes.
    DimensionId, "d"
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
        )]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Returns the counter with this value.
            #[must_use]
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            /// Returns the value of the counter.
            #[must_use]
            pub const fn value(self) -> u64 {
                self.0
            }

            /// Returns the next value. At the end of the range the counter stays where it is;
            /// [`Cluster::handle`](crate::Cluster::handle) refuses inputs long before that.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

counter! {
    /// The identity of one operation that the embedder carries out. It is never reused, not even
    /// after a restore. Carrying out one operation twice must be harmless.
    OpId
}
counter! {
    /// The ownership epoch of a group. It grows with every change of owner and every fencing of the
    /// owner, so that an agent can refuse operations of an older epoch.
    Epoch
}
counter! {
    /// The life of a node between two starts of its membership service. The embedder chooses a
    /// growing number: a boot count or the time of the start. Resources that ran in an older
    /// incarnation run no more.
    Incarnation
}

impl Incarnation {
    /// The highest incarnation that is accepted, so that higher numbers remain.
    pub const LAST: Self = Self(u64::MAX >> 1);
}

/// The way in which nodes, groups and resources are referred to.
pub trait Naming: Clone + Copy + fmt::Debug + Eq + Hash + Ord + Send + Sync + 'static {
    /// A reference to a node.
    type Node: Reference;
    /// A reference to a group.
    type Group: Reference;
    /// A reference to a resource.
    type Resource: Reference;
    /// A reference to a dimension of capacity.
    type Dimension: Reference;
}

/// A type that a [`Naming`] may use as a reference.
pub trait Reference:
    Clone + fmt::Debug + fmt::Display + DeserializeOwned + Eq + Hash + Ord + Send + Serialize + Sync
{
}

impl<T> Reference for T where
    T: Clone
        + fmt::Debug
        + fmt::Display
        + DeserializeOwned
        + Eq
        + Hash
        + Ord
        + Send
        + Serialize
        + Sync
{
}

/// Refers by the dense ids of one configuration.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ids;

impl Naming for Ids {
    type Node = NodeId;
    type Group = GroupId;
    type Resource = ResourceId;
    type Dimension = DimensionId;
}

/// Refers by the declared names, compared as [`name`] says.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Names;

impl Naming for Names {
    type Node = String;
    type Group = String;
    type Resource = String;
    type Dimension = String;
}
