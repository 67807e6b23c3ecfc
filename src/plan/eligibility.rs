//! The rules that no policy can bend: they decide which nodes may own a group.

use core::cell::OnceCell;

use super::verdict::{Drawback, Eligibility, Rejection, Tier};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::policy::{FailoverPolicy, Kept, PlacementRequest, Trigger};
use crate::settings::{Admission, AntiAffinityPlacement, Ownership};
use crate::state::Room;

/// Judges whether a node may own the group of this question, as far as the core decides it; a
/// policy may still veto the node.
///
/// The first rule that applies decides: the node's state; being the owner that the group is to
/// leave; being barred, because a resource of the group can never run there; possible owners;
/// capacity; anti-affinity; being kept for other groups that are placed in the same step. A group
/// that is off and wanted off needs no room, so the last three do not reject a node then. A last
/// resort has passed all rules that reject. Nothing is allocated.
#[must_use]
pub fn eligibility(placement: &PlacementRequest<'_>, node: NodeId) -> Eligibility {
    match judge(placement, node) {
        Ok(None) => Eligibility::Eligible,
        Ok(Some(drawback)) => Eligibility::LastResort(drawback),
        Err(rejection) => Eligibility::Rejected(rejection),
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
    /// Returns the last resorts of a group. Nothing is worked out yet.
    pub(crate) const fn new(placement: &'a PlacementRequest<'a>) -> Self {
        Self { placement, can_no_node_run_it: OnceCell::new(), is_no_node_up: OnceCell::new() }
    }

    /// Tells whether a node with this drawback may own the group.
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
