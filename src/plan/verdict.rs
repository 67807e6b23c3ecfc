//! The verdict of the core on a node that might own a group, in words and numbers.

use alloc::borrow::Cow;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Ids, Naming};
use crate::machine::NodeState;

/// The verdict of the core on a node that might own a group.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// It is up, can run all that must run, has room and no forbidden neighbour.
    Eligible,
    /// It may own the group if no better node is left.
    LastResort(Drawback),
    /// It may not.
    Rejected(Rejection),
}

/// How well a node is suited for a group, best first. Any node of a tier is taken before every node
/// of the tiers below it, whatever the policy says; with one exception: a node where the group
/// [failed](crate::policy::PlacementRequest::failed_here) comes after every other one that can run
/// all of the group, even after one beside an anti-affine group if the cluster lets the two run side
/// by side.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Nothing speaks against it.
    Eligible,
    /// A group of the same anti-affinity class stands there. This tier is only for soft
    /// anti-affinity.
    BesideAntiAffine,
    /// It cannot run all that must run: it owns the group, and the resources that it cannot run
    /// stay offline. This tier is only for a node failure or a start. The node that can run most
    /// comes first.
    OwnedOnly,
    /// It is paused: it owns the group, and everything stays offline. This tier is only for a node
    /// failure.
    Paused,
}

/// The reason why a node is only a last resort for a group.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(bound = "", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Drawback<N: Naming = Ids> {
    /// A group of the same anti-affinity class stands there, and anti-affinity is soft.
    BesideAntiAffine {
        /// The group that stands there.
        group: N::Group,
    },
    /// It cannot run all that must run. After a node failure it owns the group nevertheless
    /// (MS-CMRP 3.1.4.1.24), and at a start if
    /// [`ownership`](crate::settings::ClusterSettings::ownership) says so; the resources that it
    /// cannot run stay offline.
    OwnedOnly {
        /// The first resource that must run and cannot run there.
        resource: N::Resource,
    },
    /// It is paused. After a node failure it owns the group, with everything offline.
    Paused,
}

/// The reason why a node may not own a group: the first rule that rejects it.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Rejection<N: Naming = Ids> {
    /// It is not up.
    NotUp {
        /// The state of the node.
        state: NodeState,
    },
    /// It owns the group now, and the group is to leave.
    CurrentOwner,
    /// An agent said that a resource can never run there.
    Barred {
        /// The resource.
        resource: N::Resource,
    },
    /// It cannot run all that must run.
    NotPossibleOwner {
        /// The first resource that must run and cannot run there.
        resource: N::Resource,
    },
    /// It has no room for the group.
    Capacity {
        /// The dimension that is short.
        dimension: N::Dimension,
        /// The amount that the group takes.
        needed: u64,
        /// The amount that the other groups leave.
        free: u64,
    },
    /// A group of the same anti-affinity class stands there, and anti-affinity is hard.
    AntiAffinity {
        /// The group that stands there.
        group: N::Group,
    },
    /// It may own the group, but without the present owner the cluster would have no quorum, so
    /// that no group is given a node. Only in answers about the failure of the owner.
    NoQuorum,
    /// The policy does not want it.
    Vetoed {
        /// The policy's reason.
        reason: Cow<'static, str>,
    },
    /// It has room, which is kept for other groups that need a node at the same time: if this group
    /// took it, the groups that find a node would be less important, or fewer, or smaller.
    KeptFor {
        /// The most important group that would find no node; `None` if no single group was found
        /// for which that is sure.
        group: Option<N::Group>,
    },
}

impl Eligibility {
    /// Returns how well the node is suited; `None` if it is rejected.
    #[must_use]
    pub const fn tier(&self) -> Option<Tier> {
        match self {
            Self::Eligible => Some(Tier::Eligible),
            Self::LastResort(drawback) => Some(drawback.tier()),
            Self::Rejected(_) => None,
        }
    }
}

impl<N: Naming> Drawback<N> {
    /// Returns the tier of a node with this drawback.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        match self {
            Self::BesideAntiAffine { .. } => Tier::BesideAntiAffine,
            Self::OwnedOnly { .. } => Tier::OwnedOnly,
            Self::Paused => Tier::Paused,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eligible => "eligible",
            Self::BesideAntiAffine => "beside an anti-affine group",
            Self::OwnedOnly => "cannot run all of it",
            Self::Paused => "paused",
        })
    }
}

impl<N: Naming> fmt::Display for Drawback<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BesideAntiAffine { group } => write!(f, "beside anti-affine group {group}"),
            Self::OwnedOnly { resource } => write!(f, "cannot run resource {resource}"),
            Self::Paused => f.write_str("paused"),
        }
    }
}

impl<N: Naming> fmt::Display for Rejection<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUp { state } => write!(f, "{state}"),
            Self::CurrentOwner => f.write_str("owns it now"),
            Self::Barred { resource } => {
                write!(f, "barred: resource {resource} can never run there")
            }
            Self::NotPossibleOwner { resource } => {
                write!(f, "not a possible owner of resource {resource}")
            }
            Self::Capacity { dimension, needed, free } => {
                write!(f, "no room: {dimension} needs {needed}, has {free} free")
            }
            Self::AntiAffinity { group } => write!(f, "runs anti-affine group {group}"),
            Self::KeptFor { group: Some(group) } => {
                write!(f, "kept for group {group}, which fits nowhere else")
            }
            Self::KeptFor { group: None } => f.write_str("kept for other groups"),
            Self::NoQuorum => f.write_str("the cluster would have no quorum"),
            Self::Vetoed { reason } => write!(f, "vetoed: {reason}"),
        }
    }
}
