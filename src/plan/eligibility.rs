//! The rules that no policy can bend: they decide which nodes may own a group.

use alloc::borrow::Cow;
use core::cell::OnceCell;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, Ids, Naming, NodeId};
use crate::machine::NodeState;
use crate::policy::{FailoverPolicy, Kept, PlacementRequest, Trigger};
use crate::settings::{Admission, AntiAffinityPlacement, Ownership};
use crate::state::Room;

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
/// [failed](PlacementRequest::failed_here) comes after every other one that can run all of the
/// group, even after one beside an anti-affine group if the cluster lets the two run side by side.
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
    /// It has room, which is kept for other groups that need a node at the same time: if this group
    /// took it, the groups that find a node would be less important, or fewer, or smaller.
    KeptFor {
        /// The most important group that would find no node; `None` if the search for it ended too
        /// early, at [`placement_steps`](crate::settings::ClusterSettings::placement_steps).
        group: Option<N::Group>,
    },
    /// It may own the group, but without the present owner the cluster would have no quorum, so
    /// that no group is given a node. Only in answers about the failure of the owner.
    NoQuorum,
    /// The policy does not want it.
    Vetoed {
        /// The policy's reason.
        reason: Cow<'static, str>,
    },
}

/// Judges whether a node may own the group of this question, as far as the core decides it; a
/// policy may still veto the node.
///
/// The first rule that applies decides: the node's state; being the owner that the group is to
/// leave; being barred, because a resource of the group can never run there; possible owners;
/// capacity; anti-affinity; being kept for other groups that are placed in the same step. A group
/// that is off and wanted off needs no room, so the last three do not reject a node then. A last resort has passed all rules that reject. Nothing is allocated.
#[must_use]
pub fn eligibility(placement: &PlacementRequest<'_>, node: NodeId) -> Eligibility {
    match judge(placement, node) {
        Ok(None) => Eligibility::Eligible,
        Ok(Some(drawback)) => Eligibility::LastResort(drawback),
        Err(rejection) => Eligibility::Rejected(rejection),
    }
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

/// Returns the drawback of the worst tier, if any, of a node that no rule rejects.
fn judge(placement: &PlacementRequest<'_>, node: NodeId) -> Result<Option<Drawback>, Rejection> {
    let unsuited = suits(placement, node)?;
    let beside = room(placement, node)?;
    match placement.kept(node) {
        None => Ok(unsuited.or(beside)),
        Some(Kept { group, .. }) => Err(Rejection::KeptFor { group }),
    }
}

/// Judges a node by the rules that have nothing to do with room.
fn suits(placement: &PlacementRequest<'_>, node: NodeId) -> Result<Option<Drawback>, Rejection> {
    let paused = member(placement, node)?;
    stays_off_owner(placement, node)?;
    not_barred(placement, node)?;
    let not_possible = possible_owner(placement, node)?;
    Ok(paused.or(not_possible))
}

/// Returns the tier of a node that may own the group as soon as it has room for it. `None` if it may
/// not, whatever becomes free there.
pub(crate) fn tier_with_room(
    placement: &PlacementRequest<'_>,
    policy: &dyn FailoverPolicy,
    last_resorts: &LastResorts<'_>,
    node: NodeId,
) -> Option<Tier> {
    let drawback = suits(placement, node).ok()?;
    let is_open = drawback.is_none_or(|drawback| last_resorts.is_open(drawback));
    let may_own = is_open
        && refusing(placement, node).is_none()
        && policy.rank(placement, node).vetoed().is_none();
    may_own.then(|| drawback.map_or(Tier::Eligible, |drawback| drawback.tier()))
}

impl Drawback {
    /// Tells whether this last resort is open: see [`LastResorts`].
    pub(super) fn is_open(self, placement: &PlacementRequest<'_>) -> bool {
        LastResorts::new(placement).is_open(self)
    }

    /// Returns the rejection of a node whose last resort is not open.
    pub(super) fn closed(self) -> Rejection {
        match self {
            Self::BesideAntiAffine { group } => Rejection::AntiAffinity { group },
            Self::OwnedOnly { resource } => Rejection::NotPossibleOwner { resource },
            Self::Paused => Rejection::NotUp { state: NodeState::Paused },
        }
    }
}

/// The last resorts that are open to a group: a node that cannot run everything owns the group only
/// if no node that is up can, a paused one only if no node is up at all. A node that has no room now,
/// or a forbidden neighbour, may have room later; the group waits for it.
///
/// Each is found out once, and only if it is asked for.
pub(crate) struct LastResorts<'a> {
    placement: &'a PlacementRequest<'a>,
    can_no_node_run_it: OnceCell<bool>,
    is_no_node_up: OnceCell<bool>,
}

impl<'a> LastResorts<'a> {
    pub(crate) const fn new(placement: &'a PlacementRequest<'a>) -> Self {
        Self { placement, can_no_node_run_it: OnceCell::new(), is_no_node_up: OnceCell::new() }
    }

    pub(super) fn is_open(&self, drawback: Drawback) -> bool {
        let placement = self.placement;
        let is_up = |node: &NodeId| {
            placement.state().node_state(*node) == NodeState::Up
                && stays_off_owner(placement, *node).is_ok()
        };
        let mut nodes = placement.spec().nodes().map(|(node, _)| node).filter(is_up);
        match drawback {
            Drawback::BesideAntiAffine { .. } => true,
            Drawback::OwnedOnly { .. } => *self.can_no_node_run_it.get_or_init(|| {
                !nodes.any(|node| matches!(possible_owner(placement, node), Ok(None)))
            }),
            Drawback::Paused => *self.is_no_node_up.get_or_init(|| nodes.next().is_none()),
        }
    }
}

fn member(placement: &PlacementRequest<'_>, node: NodeId) -> Result<Option<Drawback>, Rejection> {
    let state = placement.state().node_state(node);
    match state {
        NodeState::Up => Ok(None),
        NodeState::Paused if seeded!(PausedEligible) => Ok(None),
        NodeState::Paused if placement.trigger() == Trigger::NodeFailure => {
            Ok(Some(Drawback::Paused))
        }
        NodeState::Paused | NodeState::Down | NodeState::Joining | NodeState::Unclean => {
            Err(Rejection::NotUp { state })
        }
    }
}

fn stays_off_owner(placement: &PlacementRequest<'_>, node: NodeId) -> Result<(), Rejection> {
    match placement.trigger() {
        Trigger::Start => Ok(()),
        Trigger::ResourceFailure
        | Trigger::NodeFailure
        | Trigger::BestPossible
        | Trigger::Drain => {
            if placement.owner() == Some(node) && !seeded!(PingPong) {
                Err(Rejection::CurrentOwner)
            } else {
                Ok(())
            }
        }
    }
}

fn not_barred(placement: &PlacementRequest<'_>, node: NodeId) -> Result<(), Rejection> {
    let entry = placement.state().failed_on(placement.group(), node);
    match entry.and_then(|entry| entry.for_good) {
        Some(resource) if !seeded!(BanIgnored) => Err(Rejection::Barred { resource }),
        Some(_) | None => Ok(()),
    }
}

fn possible_owner(
    placement: &PlacementRequest<'_>,
    node: NodeId,
) -> Result<Option<Drawback>, Rejection> {
    let spec = placement.spec();
    let Some(resource) = placement.state().obstacle(spec, placement.group(), node) else {
        return Ok(None);
    };
    let is_any = || {
        let mut resources = placement.group_spec().resources();
        resources.any(|of| spec.resource(of).is_some_and(|resource| resource.can_run_on(node)))
    };
    if seeded!(AnyPossibleOwner) && is_any() {
        return Ok(None);
    }
    let is_open = match (placement.trigger(), spec.settings().ownership) {
        (Trigger::NodeFailure, _) => true,
        // A node that can run nothing of the group has nothing to start.
        (Trigger::Start, Ownership::NeededResources) => {
            placement.group_spec().can_run_anything(node)
        }
        (Trigger::Start, Ownership::EveryResource)
        | (Trigger::ResourceFailure | Trigger::BestPossible | Trigger::Drain, _) => false,
    };
    if is_open {
        Ok(Some(Drawback::OwnedOnly { resource }))
    } else {
        Err(Rejection::NotPossibleOwner { resource })
    }
}

/// Checks that a node has room for the group, and no forbidden neighbour. A group that is off and
/// wanted off needs none.
pub(crate) fn room(
    placement: &PlacementRequest<'_>,
    node: NodeId,
) -> Result<Option<Drawback>, Rejection> {
    match placement.room() {
        Room::Left => return Ok(None),
        Room::Taken => {}
    }
    capacity(placement, node)?;
    anti_affinity(placement, node)
}

fn capacity(placement: &PlacementRequest<'_>, node: NodeId) -> Result<(), Rejection> {
    for (dimension, needed) in placement.group_spec().demands().iter().copied() {
        let limit = placement.spec().node(node).and_then(|node| node.capacity(dimension));
        let Some(limit) = limit else { continue };
        let others = placement.load_with(node, dimension).saturating_sub(needed);
        let free = limit.saturating_sub(others);
        if needed > free && !seeded!(CapacityIgnored) {
            return Err(Rejection::Capacity { dimension, needed, free });
        }
    }
    Ok(())
}

fn anti_affinity(
    placement: &PlacementRequest<'_>,
    node: NodeId,
) -> Result<Option<Drawback>, Rejection> {
    let occupancy = placement.state().occupancy();
    let conflict = occupancy.anti_affine(placement.group_spec(), placement.group(), node);
    if conflict.is_some()
        && let Some(group) = refusing(placement, node)
    {
        return Err(Rejection::AntiAffinity { group });
    }
    match (conflict, placement.spec().settings().anti_affinity) {
        (None, _) => Ok(None),
        (Some(group), AntiAffinityPlacement::Soft) => {
            Ok(Some(Drawback::BesideAntiAffine { group }))
        }
        (Some(group), AntiAffinityPlacement::Hard) => Err(Rejection::AntiAffinity { group }),
    }
}

/// Returns the group of the same class that would keep this one from coming online on a node, if
/// the cluster admits only one. A group that is to move by choice stays away from there; one
/// without an owner goes there and waits.
fn refusing(placement: &PlacementRequest<'_>, node: NodeId) -> Option<GroupId> {
    let (spec, state) = (placement.spec(), placement.state());
    match (spec.settings().admission, placement.trigger()) {
        (Admission::Open, _) | (_, Trigger::Start | Trigger::NodeFailure) => return None,
        (
            Admission::SameClassOnline,
            Trigger::ResourceFailure | Trigger::BestPossible | Trigger::Drain,
        ) => {}
    }
    let mut classes = placement.group_spec().anti_affinity_classes().iter();
    classes.find_map(|class| {
        state.occupancy().class_on(*class, node).find(|other| {
            *other != placement.group()
                && state.owner(*other) == Some(node)
                && state.may_run(spec, *other)
        })
    })
}
