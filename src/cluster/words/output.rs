//! Outputs: everything that the core tells an embedder.

use alloc::string::String;
use core::time::Duration;

use crate::agent::{Order, Task};
use crate::cluster::words::DrainObstacle;
use crate::id::{Epoch, Ids, Incarnation, Naming, OpId};
use crate::machine::{GroupState, NodeState, ResourceState};
use crate::quorum::QuorumVerdict;
use crate::state::{DownProof, DrainStatus, MovementCause, NoRestartCause, OperationKind};
use crate::time::Timestamp;

mod words;

crate::form::strictly_read! { "Output"
/// An operation to carry out, or an event to know. Outputs come in causal order.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
#[serde(bound = "")]
#[non_exhaustive]
pub enum Output<N: Naming = Ids> {
    /// An operation to be carried out and reported.
    Effect(Effect<N>),
    /// A change or a decision, for information.
    Event(Event<N>),
}
}

/// The outputs that a cluster keeps until they are polled.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeptOutputs {
    /// Effects and events. The default.
    #[default]
    All,
    /// Events only. For a replica, whose effects are those that are
    /// [outstanding](crate::Cluster::outstanding_on).
    Events,
    /// Nothing. For a replica whose events nobody reads.
    Nothing,
}

crate::form::strictly_read! { "Effect"
/// One operation that the embedder carries out.
///
/// It ends once: by one [`OperationFinished`](crate::cluster::Input::OperationFinished), or, for an
/// inventory, by one [`NodeInventory`](crate::cluster::Input::NodeInventory) that names it; or, if
/// that did not come, by [`OperationTimedOut`](Event::OperationTimedOut) or
/// [`OperationSuperseded`](Event::OperationSuperseded). After these two no report is expected, and
/// one that comes is stale. After a restore an effect with the same `operation` may come again.
/// Before an agent carries it out, it asks [`Agent::admit`](crate::agent::Agent::admit): effects
/// come late, twice and in any order, and might otherwise lead to two copies of one resource.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[serde(bound = "", deny_unknown_fields)]
#[must_use]
#[non_exhaustive]
pub struct Effect<N: Naming = Ids> {
    /// The identity of the operation, for the report.
    pub operation: OpId,
    /// The action to carry out.
    pub action: OperationKind,
    /// The node on which it is carried out; for a fence, the node to fence.
    pub node: N::Node,
    /// The resource; `None` for a fence and for an inventory.
    pub resource: Option<N::Resource>,
    /// The group of the resource, which the epoch belongs to; `None` for a fence and for an
    /// inventory.
    pub group: Option<N::Group>,
    /// Ownership epoch of the group; 0 for a fence and for an inventory.
    pub epoch: Epoch,
    /// The life of the node.
    pub incarnation: Incarnation,
    /// The time when the core stops waiting, unless progress is reported.
    pub deadline: Timestamp,
    /// The deadline as a span from the time when the effect is handed out, for an agent whose clock
    /// is another one; whole milliseconds, `timeout_ms` in files. The time that the effect needs on
    /// its way counts as well.
    #[serde(rename = "timeout_ms", with = "crate::time::text::millis")]
    pub timeout: Duration,
}
}

crate::form::strictly_read! { "Event"
/// Something that changed or was decided. Printed, with names, it is a line of a log.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named after what they hold")]
pub enum Event<N: Naming = Ids> {
    /// A node changed its state.
    #[non_exhaustive]
    NodeChanged { node: N::Node, from: NodeState, to: NodeState },
    /// An attribute of a node has another value. All attributes of a node are forgotten when it is
    /// down, which is told by `NodeChanged`.
    #[non_exhaustive]
    NodeAttributeChanged { node: N::Node, name: String, value: i64 },
    /// Quorum was gained or lost.
    #[non_exhaustive]
    QuorumChanged { verdict: QuorumVerdict },
    /// A resource changed its state.
    #[non_exhaustive]
    ResourceChanged { resource: N::Resource, from: ResourceState, to: ResourceState },
    /// The state of a group, derived from its resources, changed.
    #[non_exhaustive]
    GroupChanged { group: N::Group, from: GroupState, to: GroupState },
    /// A group has another owner, whatever the cause. The removal of a group from the declaration
    /// puts out no such event. `proof` says why the old owner cannot run the group any more; it is
    /// `None` if the old owner stopped the whole group itself.
    #[non_exhaustive]
    OwnerChanged {
        group: N::Group,
        from: Option<N::Node>,
        to: Option<N::Node>,
        cause: MovementCause,
        epoch: Epoch,
        proof: Option<DownProof>,
    },
    /// A group begins to stop in order to move.
    #[non_exhaustive]
    MoveStarted { group: N::Group, from: N::Node, to: Option<N::Node>, cause: MovementCause },
    /// A move was given up; the group stays with its owner.
    #[non_exhaustive]
    MoveAbandoned { group: N::Group, to: Option<N::Node> },
    /// A failed resource will be restarted.
    #[non_exhaustive]
    RestartScheduled { resource: N::Resource, at: Timestamp, remaining: u32 },
    /// A failed resource will not be restarted for now.
    #[non_exhaustive]
    RestartsExhausted { resource: N::Resource, cause: NoRestartCause, retry_at: Option<Timestamp> },
    /// A resource can never run on this node, and the node may not own its group until an operator
    /// clears that or the node joins in a new life.
    #[non_exhaustive]
    NodeBarred { group: N::Group, node: N::Node, resource: N::Resource },
    /// A group was refused on its node because of a group of the same anti-affinity class.
    #[non_exhaustive]
    AdmissionRefused { group: N::Group, node: N::Node, because_of: N::Group },
    /// No node can own a group, or no node has room for it. The event is put out once, when the
    /// group begins to wait for such a node: after it lost its node, when its wait for a preferred
    /// owner is over, or when quorum is regained.
    #[non_exhaustive]
    PlacementFailed { group: N::Group },
    /// An operation was not answered in time.
    #[non_exhaustive]
    OperationTimedOut {
        operation: OpId,
        action: OperationKind,
        node: N::Node,
        resource: Option<N::Resource>,
        group: Option<N::Group>,
    },
    /// An operation is superseded: its node was lost or is off, it made way (a health check for a
    /// stop or after a failure), or it is not needed (a fence of a node that is known to be off by
    /// now, an inventory before more was declared). No report is expected.
    #[non_exhaustive]
    OperationSuperseded {
        operation: OpId,
        action: OperationKind,
        node: N::Node,
        resource: Option<N::Resource>,
        group: Option<N::Group>,
    },
    /// The agents of a node that had not been away said what the node runs. From now on they must
    /// refuse every operation at or below the number `floor`
    /// ([`Agent::set_floor`](crate::agent::Agent::set_floor)): every operation that was asked for
    /// before has ended, or is asked for again under a later number. Tell the agents the floor
    /// before you hand them any effect that comes after this event.
    #[non_exhaustive]
    InventoryTaken { node: N::Node, floor: OpId },
    /// A resource was found running where it should not.
    #[non_exhaustive]
    OrphanFound { resource: N::Resource, node: N::Node },
    /// The group of a resource never had an owner. It has this one now and takes the resource over
    /// as it runs there.
    #[non_exhaustive]
    TakenOver { resource: N::Resource, node: N::Node },
    /// A resource no longer runs where it should not.
    #[non_exhaustive]
    OrphanGone { resource: N::Resource, node: N::Node },
    /// A node could not be fenced; the next attempt is due at `retry_at`, if there is one.
    #[non_exhaustive]
    FenceFailed { node: N::Node, retry_at: Option<Timestamp> },
    /// A drain began, ended or failed.
    #[non_exhaustive]
    DrainChanged { node: N::Node, status: DrainStatus },
    /// A group could not leave a node that was drained, and stays there until the node is drained
    /// again.
    #[non_exhaustive]
    DrainBlocked { node: N::Node, group: N::Group, because: DrainObstacle<N> },
    /// A forced drain stops a group because no other node can take it.
    #[non_exhaustive]
    DrainStopped { node: N::Node, group: N::Group },
    /// The configuration was replaced. Ids in later outputs are those of the new one.
    #[non_exhaustive]
    ConfigurationChanged { configuration: u64 },
    /// A configuration was accepted although the cluster had no quorum, because every absent node
    /// that could have a part in another quorum was fenced, had left, or is off on an operator's
    /// word. Those nodes, and every copy of the configuration before, stay off until they have this
    /// one: that is what the operator vouches for
    /// ([`Command::Configure`](crate::cluster::Command::Configure)).
    #[non_exhaustive]
    AcceptedWithoutQuorum { configuration: u64 },
    /// Nodes are chosen by another policy from now on.
    #[non_exhaustive]
    PolicyChanged { from: String, to: String },
    /// Groups that needed a node at the same time were placed, and the search for the best placement
    /// of all of them was ended by its budget,
    /// [`placement_steps`](crate::settings::ClusterSettings::placement_steps). The best placement
    /// that was found stands.
    #[non_exhaustive]
    PlacementCutShort {
        /// The number of groups that could at most have been placed in addition. If it is 0, only
        /// the choice of groups of one priority or the order of the nodes could have been better.
        gap: u32,
    },
}
}

impl Effect {
    /// Returns the event that this operation was not answered in time.
    pub(crate) fn timed_out(self) -> Event {
        let Self { operation, action, node, resource, group, .. } = self;
        Event::OperationTimedOut { operation, action, node, resource, group }
    }

    /// Returns the event that this operation was superseded.
    pub(crate) fn superseded(self) -> Event {
        let Self { operation, action, node, resource, group, .. } = self;
        Event::OperationSuperseded { operation, action, node, resource, group }
    }
}

impl<N: Naming> Effect<N> {
    /// Returns the effect as its agent sees it; `None` for a fence, which is for a device, and for
    /// an inventory, which is about no resource ([`Agent::answers`](crate::agent::Agent::answers)).
    #[must_use]
    pub fn order(&self) -> Option<Order<N>> {
        let Self { operation, action, epoch, incarnation, .. } = *self;
        let task = Task { operation, action, epoch, incarnation };
        Some(Order { task, resource: self.resource.clone()?, group: self.group.clone()? })
    }
}
