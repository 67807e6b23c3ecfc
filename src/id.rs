//! Identities: dense ids inside, names outside.
//!
//! Operators and files speak of names; the core uses small `Copy` numbers. Both worlds share one
//! set of types: [`Input`](crate::cluster::Input), [`Output`](crate::cluster::Output) and the
//! answers to questions are generic over a [`Naming`], which is [`Ids`] in the core and [`Names`]
//! at its edge.

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
            /// The id of the entry that was declared at this position, counted from 0.
            #[must_use]
            pub const fn new(position: u32) -> Self {
                Self(position)
            }

            /// The position as an index into the list of declared entries.
            #[must_use]
            pub fn index(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }

            /// The id of the entry at `index`; an index that no id can hold gives the last id,
            /// which no declaration reaches.
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
            /// The counter with this value.
            #[must_use]
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            /// The value of the counter.
            #[must_use]
            pub const fn value(self) -> u64 {
                self.0
            }

            /// The next value. At the end of the range the counter stays where it is, which
            /// [`Cluster::handle`](crate::Cluster::handle) refuses long before it happens.
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
    /// The identity of one operation that the embedder carries out. Never reused, not even after
    /// a restore; carrying out the same one twice must be harmless.
    OpId
}
counter! {
    /// The ownership epoch of a group. It grows with every change of owner and every fencing of
    /// the owner, so that an agent can refuse what was asked in an older one.
    Epoch
}
counter! {
    /// The life of a node between two starts of its membership service, chosen by the embedder
    /// and growing: a boot count or the time of the start. What ran in an older incarnation is
    /// gone.
    Incarnation
}

impl Incarnation {
    /// The highest incarnation that is accepted, so that later ones are left to tell.
    pub const LAST: Self = Self(u64::MAX >> 1);
}

/// How nodes, groups and resources are referred to.
pub trait Naming: Clone + Copy + fmt::Debug + Eq + Hash + Ord + Send + Sync + 'static {
    /// Refers to a node.
    type Node: Reference;
    /// Refers to a group.
    type Group: Reference;
    /// Refers to a resource.
    type Resource: Reference;
    /// Refers to a dimension of capacity.
    type Dimension: Reference;
}

/// What a [`Naming`] may use as a reference.
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

/// References are the dense ids of one cluster's configuration.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ids;

impl Naming for Ids {
    type Node = NodeId;
    type Group = GroupId;
    type Resource = ResourceId;
    type Dimension = DimensionId;
}

/// References are the declared names, compared as [`name`] says.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Names;

impl Naming for Names {
    type Node = String;
    type Group = String;
    type Resource = String;
    type Dimension = String;
}
