//! Failover order: it decides which of the nodes that may own a group gets it.
//!
//! The core decides which nodes are eligible: up, able to run all that must run, with room, without
//! a forbidden neighbour; and it puts nodes where the group failed behind those where it did not. A
//! [`FailoverPolicy`] ranks the remaining nodes, one candidate at a time, and may veto with a
//! reason. It can make a poor choice and never an unsafe one.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use core::fmt;
use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::id::{DimensionId, GroupId, NodeId};
use crate::spec::{ClusterSpec, GroupSpec};
use crate::state::{ClusterState, GroupRecord, Room};

mod attribute;
mod failed;
mod kept;
mod load;
mod preferred;
mod rank;
mod ring;
mod shelf;

pub use attribute::ByAttribute;
pub use failed::FailedHere;
pub(crate) use kept::Kept;
pub use load::{LeastGroups, LeastLoaded};
pub use preferred::{FirstPreferred, StrictPreferred};
pub use rank::{Key, Rank};
pub use ring::Ring;
pub(crate) use shelf::Shelf;
pub use shelf::TooManyPolicies;

/// Orders the nodes that may own a group.
///
/// A policy must depend on its arguments only: no clock, no randomness, no memory. Spreading is
/// done by hashing a seed with the ids at hand.
///
/// # Policies that break the contract
///
/// Such policies make poor choices; the core never takes a node that may not own the group.
///
/// - Keys beyond [`Rank::MAX_KEYS`] do not count.
/// - Keys are compared place by place. What they are called and whether the largest or the smallest
///   number is best may differ from node to node; one that is missing counts as zero.
/// - A walk that contradicts the ranks is followed, and the keys do not count; a veto does. A walk
///   that begins behind a node that is not declared begins at the top of the node list.
/// - Only nodes that may own the group are asked about, and an answer is about no other node, so
///   there is no way to name one that is down or not declared.
/// - If every node is vetoed, the group waits as if none were eligible, until something happens that
///   could help it.
/// - Answers that differ from time to time differ from replica to replica, and after a restore. Each
///   of them is safe; the replicas part.
/// - A panic goes through [`Cluster::handle`](crate::Cluster::handle) to its caller. The cluster
///   has then taken in half of the input: restore the last snapshot.
///
/// ```
/// use std::borrow::Cow;
///
/// use quorate::NodeId;
/// use quorate::policy::{FailoverPolicy, Key, PlacementRequest, Rank};
///
/// /// Prefers the node with the highest id.
/// #[derive(Debug)]
/// struct Highest;
///
/// impl FailoverPolicy for Highest {
///     fn name(&self) -> Cow<'static, str> {
///         "highest".into()
///     }
///
///     fn rank(&self, _: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
///         let id = i64::try_from(candidate.index()).unwrap_or(i64::MAX);
///         Rank::by(Key::largest("node id", id))
///     }
/// }
/// ```
pub trait FailoverPolicy: fmt::Debug + Send + Sync {
    /// Returns the name of this order, with everything that its choices depend on, such as a seed or
    /// the version of its rules: policies of one name choose alike. A cluster has it in its
    /// snapshots and its digest, so replicas that would decide differently have
    /// different digests.
    fn name(&self) -> Cow<'static, str>;

    /// Ranks one node that the core has found eligible, or vetoes it.
    ///
    /// All candidates of one question should get the same keys in the same order.
    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank;

    /// Tells whether the order is simply the group's node list, and where it begins.
    ///
    /// With [`Walk::NodeList`] the core stops at the first eligible node instead of ranking all of
    /// them, and asks [`rank`](Self::rank) of the nodes it comes to only for a veto. The answer
    /// must agree with the keys of the ranks; leave the default if in doubt.
    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        let _ = placement;
        Walk::Ranked
    }

    /// Returns this order, with ties broken by `next`. A veto of either counts.
    fn then<P: FailoverPolicy>(self, next: P) -> Then<Self, P>
    where
        Self: Sized,
    {
        Then::new(self, next)
    }
}

impl<P: FailoverPolicy + ?Sized> FailoverPolicy for Box<P> {
    fn name(&self) -> Cow<'static, str> {
        (**self).name()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        (**self).rank(placement, candidate)
    }

    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        (**self).walk(placement)
    }
}

impl<P: FailoverPolicy + ?Sized> FailoverPolicy for Arc<P> {
    fn name(&self) -> Cow<'static, str> {
        (**self).name()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        (**self).rank(placement, candidate)
    }

    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        (**self).walk(placement)
    }
}

/// The order of a first policy, with ties broken by a second one. A veto of either counts.
///
/// Built by [`FailoverPolicy::then`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Then<A, B> {
    first: A,
    second: B,
}

impl<A: FailoverPolicy, B: FailoverPolicy> Then<A, B> {
    /// Joins two policies, the decisive one first.
    #[must_use]
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: FailoverPolicy, B: FailoverPolicy> FailoverPolicy for Then<A, B> {
    fn name(&self) -> Cow<'static, str> {
        format!("{}, then {}", self.first.name(), self.second.name()).into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        self.first.rank(placement, candidate).then(self.second.rank(placement, candidate))
    }

    /// Returns the walk of the first policy. A walk along the node list leaves no ties to break,
    /// and its nodes are still asked for the veto of either policy. If the first policy ranks, so
    /// does the combination, for its ties are not known before.
    fn walk(&self, placement: &PlacementRequest<'_>) -> Walk {
        self.first.walk(placement)
    }
}

/// The name of the key of orders that follow the node list.
pub(crate) const PLACE_IN_NODE_LIST: &str = "place in node list";

/// How the core finds the best candidate of a policy.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Walk {
    /// By ranking every eligible node.
    Ranked,
    /// By walking the group's node list, wrapping, and taking the first eligible node.
    NodeList {
        /// The walk begins behind this node; `None` begins at the top.
        after: Option<NodeId>,
    },
}

/// The reason why a group needs a node.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trigger {
    /// It has no owner, or one that cannot run it.
    Start,
    /// A resource used up its restarts.
    ResourceFailure,
    /// Its owner is down.
    NodeFailure,
    /// An operator wants it elsewhere and leaves the choice to the core.
    BestPossible,
    /// Its owner is being emptied.
    Drain,
}

impl Trigger {
    /// All triggers.
    pub const ALL: [Self; 5] =
        [Self::Start, Self::ResourceFailure, Self::NodeFailure, Self::BestPossible, Self::Drain];
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::ResourceFailure => "resource failure",
            Self::NodeFailure => "node failure",
            Self::BestPossible => "best possible move",
            Self::Drain => "drain",
        })
    }
}

/// One question to a policy: a group, why it needs a node, and the cluster as it is, with
/// everything that was placed before in this step.
#[derive(Clone, Copy, Debug)]
pub struct PlacementRequest<'a> {
    spec: &'a ClusterSpec,
    state: &'a ClusterState,
    group: GroupId,
    group_spec: &'a GroupSpec,
    trigger: Trigger,
    /// Tells whether the group will take room on its node.
    room: Room,
    /// The nodes whose room is kept for other groups.
    kept: &'a [Kept],
}

impl<'a> PlacementRequest<'a> {
    /// Returns the question for a group of this configuration; `None` if it is not one.
    #[must_use]
    pub fn new(
        spec: &'a ClusterSpec,
        state: &'a ClusterState,
        group: GroupId,
        trigger: Trigger,
    ) -> Option<Self> {
        let group_spec = spec.group(group)?;
        let room = state.room_to_be(spec, group);
        Some(Self { spec, state, group, group_spec, trigger, room, kept: &[] })
    }

    /// Returns this question while the room on some nodes is kept for other groups.
    #[must_use]
    pub(crate) const fn beside(mut self, kept: &'a [Kept]) -> Self {
        self.kept = kept;
        self
    }

    /// Returns the groups for which the room on a node is kept, if it is.
    pub(crate) fn kept(&self, node: NodeId) -> Option<Kept> {
        self.kept.iter().find(|kept| kept.node == node).copied()
    }

    /// Returns this question for a group that is about to be wanted online.
    #[must_use]
    pub(crate) const fn to_run(mut self) -> Self {
        self.room = Room::Taken;
        self
    }

    /// Returns the declared cluster.
    #[must_use]
    pub const fn spec(&self) -> &'a ClusterSpec {
        self.spec
    }

    /// Returns the cluster as it is.
    #[must_use]
    pub const fn state(&self) -> &'a ClusterState {
        self.state
    }

    /// Returns the group that needs a node.
    #[must_use]
    pub const fn group(&self) -> GroupId {
        self.group
    }

    /// Returns the group as declared.
    #[must_use]
    pub const fn group_spec(&self) -> &'a GroupSpec {
        self.group_spec
    }

    /// Returns the reason why it needs a node.
    #[must_use]
    pub const fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// Tells whether the group will take room on its node: not if everything of it is wanted off.
    #[must_use]
    pub const fn room(&self) -> Room {
        self.room
    }

    /// Returns the node that owns it or owned it last.
    #[must_use]
    pub fn owner(&self) -> Option<NodeId> {
        self.state.group(self.group).and_then(GroupRecord::owner)
    }

    /// Returns the preferred owners and then all other nodes by id (KB 299631).
    pub fn node_list(&self) -> impl Iterator<Item = NodeId> + use<'a> {
        self.node_list_after(None)
    }

    /// Returns the [`node_list`](Self::node_list), beginning behind this node and wrapping, so that
    /// this node comes last; `None` begins at the top.
    pub fn node_list_after(&self, after: Option<NodeId>) -> impl Iterator<Item = NodeId> + use<'a> {
        let preferred = self.group_spec.preferred_owners();
        let count = self.spec.nodes().len();
        // One slice and one range follow each other twice, so that nothing is skipped on the way.
        let (first, rest, second, last) =
            match after.map(|node| (node, self.preferred_position(node))) {
                None => (preferred, 0..count, &[][..], 0..0),
                Some((_, Some(position))) => {
                    let (head, tail) = preferred
                        .split_at_checked(position.saturating_add(1))
                        .unwrap_or((preferred, &[]));
                    (tail, 0..count, head, 0..0)
                }
                Some((node, None)) => {
                    let end = node.index().saturating_add(1).min(count);
                    (&[][..], end..count, preferred, 0..end)
                }
            };
        let nodes = move |range: Range<usize>| {
            range.map(NodeId::from_index).filter(|node| !preferred.contains(node))
        };
        let (first, second) = (first.iter().copied(), second.iter().copied());
        first.chain(nodes(rest)).chain(second).chain(nodes(last))
    }

    /// Returns the place of a node in [`node_list`](Self::node_list), from 0, without walking it.
    #[must_use]
    pub fn list_position(&self, node: NodeId) -> usize {
        let preferred = self.group_spec.preferred_owners();
        match preferred.iter().position(|owner| *owner == node) {
            Some(position) => position,
            None => {
                let before = preferred.iter().filter(|owner| **owner < node).count();
                preferred.len().saturating_add(node.index().saturating_sub(before))
            }
        }
    }

    /// Returns the place of a node among the preferred owners, from 0.
    #[must_use]
    pub fn preferred_position(&self, node: NodeId) -> Option<usize> {
        self.group_spec.preferred_owners().iter().position(|owner| *owner == node)
    }

    /// Returns the last value of this name that was reported of a node in its present life:
    /// [`NodeAttributeChanged`](crate::Input::NodeAttributeChanged). Names are compared exactly.
    ///
    /// A veto should look at the values of the candidate only: when a value changes, groups that
    /// could fail back to that node are planned again, and not those that could fail back to others.
    #[must_use]
    pub fn attribute(&self, node: NodeId, name: &str) -> Option<i64> {
        self.state.node(node)?.attribute(name)
    }

    /// Returns the number of other groups that take room on a node, or will when they have got
    /// there. A group that is off and wanted off takes none.
    #[must_use]
    pub fn groups_on(&self, node: NodeId) -> usize {
        let occupancy = self.state.occupancy();
        occupancy
            .group_count(node)
            .saturating_sub(usize::from(occupancy.takes_room_on(self.group, node)))
    }

    /// Returns the load of a node in one dimension with this group on it.
    #[must_use]
    pub fn load_with(&self, node: NodeId, dimension: DimensionId) -> u64 {
        let occupancy = self.state.occupancy();
        let load = occupancy.load(node, dimension);
        if occupancy.takes_room_on(self.group, node) {
            return load;
        }
        let demand = self.group_spec.demands().iter().find(|(of, _)| *of == dimension);
        load.saturating_add(demand.map_or(0, |(_, amount)| *amount))
    }
}
