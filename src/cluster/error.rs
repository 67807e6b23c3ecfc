//! Why an input was not accepted.

use thiserror::Error;

use crate::id::{GroupId, Incarnation, NodeId, OpId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::plan::Rejection;
use crate::spec::SpecErrors;
use crate::time::Timestamp;

/// An input that was not accepted. The state of the cluster has not changed and nothing was put
/// out; the same input may be accepted later.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum InputError {
    /// The input is older than one that was accepted before. Send it again with `latest` or later.
    #[error("time {now} is before {latest}, the latest that was accepted")]
    TimeRanBackwards {
        /// The time of the input.
        now: Timestamp,
        /// The latest time that was accepted.
        latest: Timestamp,
    },
    /// An operation or input number is near the end of its range, which only a forged snapshot
    /// brings about.
    #[error("a counter is exhausted")]
    CounterExhausted,
    /// No node has this id.
    #[error("no node {0}")]
    UnknownNode(NodeId),
    /// No group has this id.
    #[error("no group {0}")]
    UnknownGroup(GroupId),
    /// No resource has this id.
    #[error("no resource {0}")]
    UnknownResource(ResourceId),
    /// The operation was never asked for.
    #[error("operation {0} was never issued")]
    OperationNeverIssued(OpId),
    /// The operation has already ended, or its node is gone: a duplicate or late report.
    #[error("operation {0} is not outstanding any more")]
    StaleOperation(OpId),
    /// The outcome does not answer what was asked for.
    #[error("operation {0} cannot end like this")]
    OutcomeDoesNotFit(OpId),
    /// The report is of an older life of the node than the one that is known.
    #[error("report of incarnation {reported} of node {node}, which is in {known}")]
    StaleIncarnation {
        /// The node.
        node: NodeId,
        /// The life it speaks of.
        reported: Incarnation,
        /// The life that is known.
        known: Incarnation,
    },
    /// The report is of a node that does not own the resource.
    #[error("resource {resource} is not owned by node {node}")]
    NotTheOwner {
        /// The resource.
        resource: ResourceId,
        /// The node that reports.
        node: NodeId,
    },
    /// A resource is listed twice.
    #[error("resource {0} is listed twice")]
    ListedTwice(ResourceId),
    /// The clock reading is out of range.
    #[error("wall clock out of range")]
    ClockOutOfRange,
    /// The node is in a state in which this cannot happen.
    #[error("node {node} is {state}")]
    NodeState {
        /// The node.
        node: NodeId,
        /// Its state.
        state: NodeState,
    },
    /// The cluster has no quorum.
    #[error("the cluster has no quorum")]
    NoQuorum,
    /// Without this node the cluster would have no quorum.
    #[error("the cluster would lose quorum without node {0}")]
    WouldLoseQuorum(NodeId),
    /// With this declaration the cluster would have no quorum.
    #[error("the cluster would lose quorum with this declaration")]
    ConfigurationWouldLoseQuorum,
    /// Nothing can be brought online on a paused node (`ERROR_SHARING_PAUSED`).
    #[error("node {0} is paused")]
    NodePaused(NodeId),
    /// The group has no owner to bring it online.
    #[error("group {0} has no owner that is up")]
    NoOwner(GroupId),
    /// The group is locked (`ERROR_CLUSTER_RESOURCE_LOCKED_STATUS`).
    #[error("group {0} is locked")]
    GroupLocked(GroupId),
    /// The resource is in a state in which this cannot be done (`ERROR_INVALID_STATE`).
    #[error("resource {resource} is {state}")]
    ResourceState {
        /// The resource.
        resource: ResourceId,
        /// Its state.
        state: ResourceState,
    },
    /// A failed resource cannot be taken offline (`ERROR_RESOURCE_FAILED`).
    #[error("resource {0} has failed")]
    ResourceFailed(ResourceId),
    /// Maintenance is not possible for what the quorum rests on, or for a resource that is not
    /// online.
    #[error("resource {0} is not online")]
    ResourceNotOnline(ResourceId),
    /// The node already runs a group of the same anti-affinity class
    /// (`ERROR_NODE_CANT_HOST_RESOURCE`).
    #[error("node {node} runs group {because_of}, which group {group} must not run beside")]
    NodeCannotHost {
        /// The group.
        group: GroupId,
        /// The node.
        node: NodeId,
        /// The group that runs there.
        because_of: GroupId,
    },
    /// The group cannot move to this node.
    #[error("group {group} cannot move to node {node}: {rejection}")]
    MoveRefused {
        /// The group.
        group: GroupId,
        /// The node.
        node: NodeId,
        /// What speaks against it.
        rejection: Rejection,
    },
    /// No other node can take the group.
    #[error("no other node can take group {0}")]
    NoCandidate(GroupId),
    /// There is no move to cancel.
    #[error("group {0} is not moving")]
    NotMoving(GroupId),
    /// The node to drain to is not up (`ERROR_HOST_NODE_NOT_AVAILABLE`).
    #[error("drain target {0} is not up")]
    DrainTargetNotUp(NodeId),
    /// A drain of the node is under way (`ERROR_CLUSTER_NODE_EVACUATION_IN_PROGRESS`).
    #[error("node {0} is being drained")]
    DrainInProgress(NodeId),
    /// The node to evict still owns groups or may run something.
    #[error("node {0} still owns groups or may run something")]
    NodeInUse(NodeId),
    /// The last node cannot be evicted.
    #[error("node {0} is the last one")]
    LastNode(NodeId),
    /// The new declaration is not valid.
    #[error("the declaration is not valid:\n{0}")]
    Declaration(SpecErrors),
    /// The new declaration removes a group or resource that is not off.
    #[error("resource {0} cannot be removed before it is offline")]
    RemovedWhileRunning(ResourceId),
    /// The new declaration moves a resource to another group.
    #[error("resource {0} cannot change its group while it is not offline")]
    RegroupedWhileRunning(ResourceId),
    /// The new declaration adds a dependency to a resource that is neither offline nor failed
    /// (`ERROR_RESOURCE_ONLINE`), or removes one of which an end is not (`ERROR_INVALID_STATE`).
    #[error("the dependencies of resource {0} cannot change before it is offline")]
    DependenciesWhileRunning(ResourceId),
}

/// A name that the configuration does not hold, or an id of another configuration.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum UnknownReference {
    /// No node has this name.
    #[error("no node \"{0}\"")]
    Node(alloc::string::String),
    /// No group has this name.
    #[error("no group \"{0}\"")]
    Group(alloc::string::String),
    /// No resource has this name.
    #[error("no resource \"{0}\"")]
    Resource(alloc::string::String),
}
