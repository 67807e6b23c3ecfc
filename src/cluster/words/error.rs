//! Errors: why an input was not accepted.

use alloc::boxed::Box;
use alloc::string::String;

use thiserror::Error;

use crate::form::{Hint, Shown};
use crate::id::{Ids, Incarnation, Naming, OpId};
use crate::machine::{NodeState, ResourceState};
use crate::plan::Rejection;
use crate::spec::{Path, SpecErrors, WordFault};
use crate::state::OperationKind;
use crate::time::{Timestamp, WallClock};

mod ends;

use ends::Ends;

crate::form::strictly_read! { "InputError"
/// An input that was not accepted. The state of the cluster has not changed and nothing was put
/// out; the same input may be accepted later.
///
/// [`ClusterSpec::named`](crate::spec::ClusterSpec::named) turns its ids into names, for messages.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum InputError<N: Naming = Ids> {
    /// The input is older than one that was accepted before. Send it again with `latest` or later.
    #[error("time {now} is before {latest}, the latest that was accepted")]
    TimeRanBackwards {
        /// The time of the input.
        now: Timestamp,
        /// The latest time that was accepted.
        latest: Timestamp,
    },
    /// The input lies beyond [`Timestamp::LATEST`].
    #[error("time {0} is out of range")]
    TimeOutOfRange(Timestamp),
    /// One of the cluster's own counters (inputs, operations, configurations, epochs, changes of a
    /// resource) is beyond 2^61 − 1, near the end of its range, which only a forged snapshot brings
    /// about. Nothing happens any more, no timeout is due; the state can still be stored and read.
    #[error("the cluster's own counters are near the end of their range")]
    CounterExhausted,
    /// No node has this id.
    #[error("no node {0}")]
    UnknownNode(N::Node),
    /// No group has this id.
    #[error("no group {0}")]
    UnknownGroup(N::Group),
    /// No resource has this id.
    #[error("no resource {0}")]
    UnknownResource(N::Resource),
    /// The operation was never asked for.
    #[error("operation {0} was never issued")]
    OperationNeverIssued(OpId),
    /// The operation has already ended: it was reported, was not answered in time or was
    /// superseded; or it is the start of a run that is over. The report is a duplicate, or late.
    #[error("operation {0} is not outstanding any more")]
    StaleOperation(OpId),
    /// The outcome does not answer the operation that was asked for.
    #[error("operation {operation} is {}", Ends(*.action))]
    OutcomeDoesNotFit {
        /// The operation.
        operation: OpId,
        /// The action that was asked for.
        action: OperationKind,
    },
    /// The report is of another life of the node than the one that is known, or the node comes
    /// back in a life that is over.
    #[error("incarnation {reported} of node {node} is not accepted, the last one known is {known}")]
    StaleIncarnation {
        /// The node.
        node: N::Node,
        /// The life that the input speaks of.
        reported: Incarnation,
        /// The life that is known.
        known: Incarnation,
    },
    /// The incarnation is above 2^63 − 1, so that no later ones would be left.
    #[error("incarnation {incarnation} of node {node} is out of range")]
    IncarnationOutOfRange {
        /// The node.
        node: N::Node,
        /// The incarnation that the input speaks of.
        incarnation: Incarnation,
    },
    /// The report is from a node that does not own the resource.
    #[error("resource {resource} is not owned by node {node}")]
    NotTheOwner {
        /// The resource.
        resource: N::Resource,
        /// The node that reports.
        node: N::Node,
    },
    /// A resource is listed twice.
    #[error("resource {0} is listed twice")]
    ListedTwice(N::Resource),
    /// The name of the attribute is not allowed.
    #[error("the name of an attribute of node {node} {fault}")]
    AttributeName {
        /// The node.
        node: N::Node,
        /// The fault of the name.
        fault: WordFault,
    },
    /// The node has as many attributes as the [limits](crate::spec::Limits::node_attributes) allow,
    /// and this is one more. All are forgotten when the node is proven off.
    #[error("node {node} has {most} attributes, and no more are allowed")]
    TooManyAttributes {
        /// The node.
        node: N::Node,
        /// The limit.
        most: usize,
    },
    /// The clock reading is out of range.
    #[error(
        "a wall clock cannot read {ms} ms after midnight UTC and be {min} min ahead of it",
        ms = .0.utc_millis_of_day,
        min = .0.utc_offset_minutes,
    )]
    ClockOutOfRange(WallClock),
    /// The node is in a state in which this cannot happen.
    #[error("node {node} is {state}")]
    NodeState {
        /// The node.
        node: N::Node,
        /// Its state.
        state: NodeState,
    },
    /// The cluster has no quorum.
    #[error("the cluster has no quorum")]
    NoQuorum,
    /// Without this node the cluster would have no quorum.
    #[error("the cluster would lose quorum without node {0}")]
    WouldLoseQuorum(N::Node),
    /// With this declaration the cluster would have no quorum.
    #[error("the cluster would lose quorum with this declaration")]
    ConfigurationWouldLoseQuorum,
    /// The cluster has no quorum, and this absent node could have a part in one elsewhere: it was
    /// neither fenced, nor did it leave, nor is it off on an operator's word. Fence it, or confirm
    /// that it is down, then change the configuration.
    #[error(
        "the cluster has no quorum and node {0} is not proven off, so the configuration was not \
         changed; fence it, or confirm that it is down"
    )]
    AbsentNotProvenOff(N::Node),
    /// The cluster has no quorum and does not hold the witness, which has a part in quorum by the
    /// new declaration. Gain the witness, or take it out of the declaration.
    #[error(
        "the cluster has no quorum and does not hold the witness, so the configuration was not \
         changed; gain the witness, or take it out of the declaration"
    )]
    WitnessNotHeld,
    /// The cluster has no quorum, and the new declaration changes more than nodes, votes and
    /// witness; this is the first such thing. Change the votes first, and the rest when there is
    /// quorum.
    #[error(
        "the cluster has no quorum, so only nodes, votes and witness may change; nothing was \
         changed, for the declaration changes {0} as well"
    )]
    MoreThanVotes(Path),
    /// Nothing can be brought online on a paused node (`ERROR_SHARING_PAUSED`).
    #[error("node {0} is paused")]
    NodePaused(N::Node),
    /// The group is locked (`ERROR_CLUSTER_RESOURCE_LOCKED_STATUS`).
    #[error("group {0} is locked")]
    GroupLocked(N::Group),
    /// The resource is in a state in which this cannot be done (`ERROR_INVALID_STATE`).
    #[error("resource {resource} is {state}")]
    ResourceState {
        /// The resource.
        resource: N::Resource,
        /// Its state.
        state: ResourceState,
    },
    /// A start of the resource was never answered and may still take effect. So the resource may
    /// run later although it is off now, and nobody can confirm that it stays off. This ends when
    /// the agent answers a probe or a terminate, or when the node is off.
    #[error(
        "the start of resource {0} was never answered and may still come to pass; a probe, a \
         terminate, or its node being off ends that"
    )]
    LateStart(N::Resource),
    /// A failed resource cannot be taken offline (`ERROR_RESOURCE_FAILED`).
    #[error("resource {0} has failed and cannot be taken offline")]
    ResourceFailed(N::Resource),
    /// The resource is not online. Only an online resource can be put into maintenance, be made to
    /// fail or be reported as alive; only a resource that is online or starting can be reported as
    /// failed. A report that is refused for this reason crossed a stop on its way, or came late.
    #[error("resource {0} is not online")]
    ResourceNotOnline(N::Resource),
    /// The node already runs a group of the same anti-affinity class
    /// (`ERROR_NODE_CANT_HOST_RESOURCE`).
    #[error("node {node} runs group {because_of}, which group {group} must not run beside")]
    NodeCannotHost {
        /// The group.
        group: N::Group,
        /// The node.
        node: N::Node,
        /// The group that runs there.
        because_of: N::Group,
    },
    /// The group cannot move to this node.
    #[error("group {group} cannot move to node {node}: {rejection}")]
    MoveRefused {
        /// The group.
        group: N::Group,
        /// The node.
        node: N::Node,
        /// The reason why the node is rejected.
        rejection: Rejection<N>,
    },
    /// No other node can take the group.
    #[error("no other node can take group {0}")]
    NoCandidate(N::Group),
    /// There is no move to cancel.
    #[error("group {0} is not moving")]
    NotMoving(N::Group),
    /// The node to drain to is not up (`ERROR_HOST_NODE_NOT_AVAILABLE`), or is the one to drain.
    #[error("drain target {0} is not up, or is the node to drain")]
    DrainTargetNotUp(N::Node),
    /// A drain of the node is under way (`ERROR_CLUSTER_NODE_EVACUATION_IN_PROGRESS`).
    #[error("node {0} is being drained")]
    DrainInProgress(N::Node),
    /// The node to evict, or to leave out of a new declaration, runs or may run a resource. Take
    /// its group away first. Groups that it owns and that are off do not matter: they lose their
    /// owner.
    #[error("node {node} cannot be removed while resource {resource} runs there, or may run there")]
    NodeInUse {
        /// The node.
        node: N::Node,
        /// The first such resource: those that should not run there come before those that it owns.
        resource: N::Resource,
    },
    /// The node to evict, or to leave out of a new declaration, is lost or is being fenced. It has
    /// to be off, or back, first.
    #[error("node {0} cannot be removed while it is lost or is being fenced")]
    NodeNotOff(N::Node),
    /// The node to evict is the only possible owner of a resource, which could then run nowhere.
    /// Give the resource another possible owner first, or remove it.
    #[error("resource {resource} can run on node {node} only; let it run elsewhere, or remove it")]
    OnlyPossibleOwner {
        /// The node.
        node: N::Node,
        /// The first such resource, in the order of declaration.
        resource: N::Resource,
    },
    /// The last node cannot be evicted.
    #[error("node {0} is the last one and cannot be evicted")]
    LastNode(N::Node),
    /// The new declaration changes the kind of proof that a lost node is off, while this node is
    /// lost: a lease under which it never lived proves nothing. Wait until the node is off or back,
    /// or confirm it down, and change it then.
    #[error(
        "node {0} is lost: fencing cannot change before it is back or known to be off, \
         which may be confirmed"
    )]
    FencingWhileUnclean(N::Node),
    /// The new declaration has the name of another cluster. A cluster keeps its name; to give it
    /// another one, begin a new cluster.
    #[error(
        "the declaration is of cluster \"{}\", and this is cluster \"{}\"",
        Shown(.declared), Shown(.own)
    )]
    OtherCluster {
        /// The name of this cluster.
        own: String,
        /// The name in the declaration.
        declared: String,
    },
    /// The new declaration is not valid.
    #[error("the declaration is not valid:\n{0}")]
    Declaration(SpecErrors),
    /// Without the node to evict the declaration would not be valid.
    #[error("without node {node} the declaration is not valid:\n{errors}")]
    NeededByDeclaration {
        /// The node.
        node: N::Node,
        /// The problems that it would have.
        errors: SpecErrors,
    },
    /// The new declaration removes a resource that may run somewhere, or gives it another kind,
    /// which makes it another resource.
    #[error("resource {0} cannot be removed or change its kind before it is off on every node")]
    RemovedWhileRunning(N::Resource),
    /// The new declaration moves a resource that may run somewhere to another group.
    #[error("resource {0} cannot change its group before it is off on every node")]
    RegroupedWhileRunning(N::Resource),
    /// The new declaration adds a dependency to a resource that is neither offline nor failed
    /// (`ERROR_RESOURCE_ONLINE`), or removes one whose dependent or provider is neither
    /// (`ERROR_INVALID_STATE`).
    #[error(
        "the dependencies of resource {0} cannot change before it is off, nor lose a provider \
         that is not off"
    )]
    DependenciesWhileRunning(N::Resource),
    /// The new declaration gives a resource that may run a dependency that does not hold now: none
    /// of its possible providers is online and to stay so. Bring one online first, or take the
    /// resource offline.
    #[error(
        "resource {0} may run, and its new dependency does not hold: bring a provider online first"
    )]
    DependencyDoesNotHold(N::Resource),
    /// The new declaration strikes the owner of a group from its possible owners while the group
    /// may run there. Move the group first, or allow the configuration to move groups.
    #[error(
        "group {group} may run on node {node}, which could not own it any more: \
         move it first, or allow the configuration to move groups"
    )]
    OwnerStruck {
        /// The group.
        group: N::Group,
        /// The owner.
        node: N::Node,
    },
    /// No policy of this name is offered.
    #[error("no policy \"{}\" is offered{}", Shown(.policy), Hint(.suggestion))]
    PolicyNotOffered {
        /// The name.
        policy: String,
        /// An offered policy with nearly this name.
        suggestion: Option<Box<str>>,
    },
}
}

impl<N: Naming> InputError<N> {
    /// Tells whether the input is a report that came late, or twice: an operation, a life or a run
    /// that is over. That is usual where networks are slow, and need not be logged.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(
            self,
            Self::StaleOperation(_) | Self::StaleIncarnation { .. } | Self::ResourceNotOnline(_)
        )
    }

    /// Returns the name of the variant in snake case, which stays the same from release to release.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TimeRanBackwards { .. } => "time_ran_backwards",
            Self::TimeOutOfRange(_) => "time_out_of_range",
            Self::CounterExhausted => "counter_exhausted",
            Self::UnknownNode(_) => "unknown_node",
            Self::UnknownGroup(_) => "unknown_group",
            Self::UnknownResource(_) => "unknown_resource",
            Self::OperationNeverIssued(_) => "operation_never_issued",
            Self::StaleOperation(_) => "stale_operation",
            Self::OutcomeDoesNotFit { .. } => "outcome_does_not_fit",
            Self::StaleIncarnation { .. } => "stale_incarnation",
            Self::IncarnationOutOfRange { .. } => "incarnation_out_of_range",
            Self::NotTheOwner { .. } => "not_the_owner",
            Self::ListedTwice(_) => "listed_twice",
            Self::AttributeName { .. } => "attribute_name",
            Self::TooManyAttributes { .. } => "too_many_attributes",
            Self::ClockOutOfRange(_) => "clock_out_of_range",
            Self::NodeState { .. } => "node_state",
            Self::NoQuorum => "no_quorum",
            Self::ConfigurationWouldLoseQuorum => "configuration_would_lose_quorum",
            Self::WouldLoseQuorum(_) => "would_lose_quorum",
            Self::AbsentNotProvenOff(_) => "absent_not_proven_off",
            Self::WitnessNotHeld => "witness_not_held",
            Self::MoreThanVotes(_) => "more_than_votes",
            Self::NodePaused(_) => "node_paused",
            Self::GroupLocked(_) => "group_locked",
            Self::ResourceState { .. } => "resource_state",
            Self::LateStart(_) => "late_start",
            Self::ResourceFailed(_) => "resource_failed",
            Self::ResourceNotOnline(_) => "resource_not_online",
            Self::NodeCannotHost { .. } => "node_cannot_host",
            Self::MoveRefused { .. } => "move_refused",
            Self::NoCandidate(_) => "no_candidate",
            Self::NotMoving(_) => "not_moving",
            Self::DrainTargetNotUp(_) => "drain_target_not_up",
            Self::DrainInProgress(_) => "drain_in_progress",
            Self::NodeInUse { .. } => "node_in_use",
            Self::NodeNotOff(_) => "node_not_off",
            Self::OnlyPossibleOwner { .. } => "only_possible_owner",
            Self::LastNode(_) => "last_node",
            Self::FencingWhileUnclean(_) => "fencing_while_unclean",
            Self::OtherCluster { .. } => "other_cluster",
            Self::Declaration(_) => "declaration",
            Self::NeededByDeclaration { .. } => "needed_by_declaration",
            Self::RemovedWhileRunning(_) => "removed_while_running",
            Self::RegroupedWhileRunning(_) => "regrouped_while_running",
            Self::DependenciesWhileRunning(_) => "dependencies_while_running",
            Self::DependencyDoesNotHold(_) => "dependency_does_not_hold",
            Self::OwnerStruck { .. } => "owner_struck",
            Self::PolicyNotOffered { .. } => "policy_not_offered",
        }
    }
}
