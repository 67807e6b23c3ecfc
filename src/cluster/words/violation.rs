//! Violations: rules that a state breaks.

use alloc::string::{String, ToString};
use core::fmt;

use crate::id::{Ids, Names, Naming};
use crate::spec::{ClusterSpec, GroupSpec, NodeSpec, ResourceSpec};

/// A rule that the state of a cluster breaks, which must never happen.
///
/// In a running cluster it is a defect of this crate; in a snapshot it means that its bytes are not
/// those that were written.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Inconsistency<N: Naming = Ids> {
    /// The thing that breaks the rule.
    pub subject: StateSubject<N>,
    /// The rule that is broken.
    pub rule: StateRule,
}

/// The thing that breaks a rule in a [`Inconsistency`].
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum StateSubject<N: Naming = Ids> {
    /// The cluster as a whole.
    Cluster,
    /// A node.
    Node(N::Node),
    /// A group.
    Group(N::Group),
    /// A resource on the owner of its group.
    Resource(N::Resource),
    /// A resource on a node where it should not run.
    Orphan {
        /// The node.
        node: N::Node,
        /// The resource.
        resource: N::Resource,
    },
}

/// The invariants, each named after its violation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum StateRule {
    /// Every declared node, group and resource has exactly one record.
    RecordCount,
    /// Every reference is to a declared node or resource.
    UnknownReference,
    /// No counter is beyond 2^62 − 1, nor an incarnation or a time beyond 2^63 − 1, so that every
    /// count of a cluster can be stored and restored.
    CounterTooLarge,
    /// An event that is remembered with the number of its input happened in an accepted input.
    InputNotAccepted,
    /// A remembered time is not later than now.
    TimeInFuture,
    /// Times that follow each other ascend.
    TimesOutOfOrder,
    /// A log of failures has at most [`StateRule::LOG_ENTRIES`] entries.
    LogTooLong,
    /// The reading of the wall clock is in range.
    ClockOutOfRange,
    /// An operation id is used once.
    OperationReused,
    /// Operation ids are below the next one to be issued.
    OperationNotIssued,
    /// An operation is in flight exactly when the state says so, and of the kind that it says.
    OperationDoesNotFit,
    /// Operations are in flight only on members.
    OperationOnNonMember,
    /// A start is in flight only on a node that is up, or was paused after it was issued.
    StartOnNodeNotUp,
    /// No resource of a group is started while a resource of the group is being stopped on another
    /// node.
    StartBesideOrphan,
    /// A start is issued only when every clause of the dependencies has a member online.
    StartWithoutProvider,
    /// A stop is issued only when no dependent needs the resource any more.
    StopBeforeDependent,
    /// A resource is opened when its group gets an owner.
    UnopenedOnOwner,
    /// A resource that may run has an owner.
    RunsWithoutOwner,
    /// Nothing runs on a node that is down.
    RunsOnDownNode,
    /// A resource that may run on a lost node is in doubt.
    CertainOnLostNode,
    /// A group moves to another node than its owner.
    MoveToOwner,
    /// A group with an owner has had a change of owner.
    OwnerWithoutEpoch,
    /// A group was ordered online in an epoch that has begun.
    OrderedInLaterEpoch,
    /// A group remembers each node on which it failed once.
    FailedTwiceOnNode,
    /// A group failed on a node in a life that has begun.
    FailedInLaterLife,
    /// A group that is off and not wanted takes no room, and a group that may run takes some.
    RoomDiffers,
    /// Nothing is left on a node that is down.
    OrphanOnDownNode,
    /// A resource on its owner is either the owner's own or an orphan.
    OrphanBesideItself,
    /// A node that is up is not to be paused, and a node that is paused is.
    PauseDiffers,
    /// A node that is down is not being fenced.
    FenceOfDownNode,
    /// Another attempt to fence a node waits only while none is under way and it is not down.
    FenceRetryWithoutNeed,
    /// If a node was seen and is down, there is a proof that it is down.
    DownWithoutProof,
    /// The names of attributes are allowed, and a node has no more of them than the limits allow.
    AttributeNotAllowed,
    /// A node that is not to be paused has not been drained since it was resumed.
    DrainOfResumedNode,
    /// A resource has a recovery ahead only if it failed and has not been started since.
    RecoveryDoesNotFit,
    /// A resource that runs, starts or stops in good order has not failed.
    FailureDoesNotFit,
    /// The run of a resource that may run began with a start that was asked for; that of a starting
    /// resource with this very start; a resource that is off has none.
    RunDoesNotFit,
    /// A start may come to pass late only if nobody knows whether the resource runs, or it is
    /// being terminated.
    LateStartWithoutDoubt,
    /// A resource that was online when its node was lost is in doubt as long as the node is lost;
    /// one that is to be terminated is in doubt on a member, with no operation in flight.
    DoubtDiffers,
    /// Nothing was declared, and no node has said what it runs, in a configuration that is yet to
    /// come.
    DeclaredInFuture,
    /// The first configuration is counted.
    ConfigurationNotCounted,
    /// A cluster that is quorate has formed; a cluster without members has not.
    FormationDiffers,
    /// The cluster is quorate exactly when the votes of its members suffice.
    QuorumDiffers,
    /// The index of the groups on each node equals one that is built anew.
    OccupancyDiffers,
    /// The count of members and of their votes equals one that is made anew.
    VotesDiffer,
    /// The index of operations in flight equals one that is built anew.
    OutstandingDiffers,
    /// A group is filed under the things that it waits for and that wait for it, exactly as its
    /// state says.
    StandingDiffers,
    /// The other indexes over the state equal those that are built anew.
    IndexDiffers,
    /// For every deadline a timer is set, and for nothing else.
    TimerDiffers,
    /// A state changes only as the table of its state machine says. The change was not made, and
    /// the violation is kept.
    ForbiddenChange,
    /// Planning comes to an end. It was broken off, and the violation is kept.
    PlanningWithoutEnd,
}

impl StateRule {
    /// The most entries that a log of failures has, far above any sensible threshold.
    pub const LOG_ENTRIES: usize = 100_000;
}

impl Inconsistency {
    /// Returns the violation of a rule by something in the state.
    pub(in crate::cluster) const fn new(subject: StateSubject, rule: StateRule) -> Self {
        Self { subject, rule }
    }

    /// Returns the violation with names; an id that is not declared stays a number.
    #[must_use]
    pub fn named(&self, spec: &ClusterSpec) -> Inconsistency<Names> {
        let name_of_node = |id| name(spec.node(id).map(NodeSpec::name), &id);
        let name_of_resource = |id| name(spec.resource(id).map(ResourceSpec::name), &id);
        let subject = match self.subject {
            StateSubject::Cluster => StateSubject::Cluster,
            StateSubject::Node(id) => StateSubject::Node(name_of_node(id)),
            StateSubject::Group(id) => {
                StateSubject::Group(name(spec.group(id).map(GroupSpec::name), &id))
            }
            StateSubject::Resource(id) => StateSubject::Resource(name_of_resource(id)),
            StateSubject::Orphan { node, resource } => StateSubject::Orphan {
                node: name_of_node(node),
                resource: name_of_resource(resource),
            },
        };
        Inconsistency { subject, rule: self.rule }
    }
}

fn name(declared: Option<&str>, id: &impl ToString) -> String {
    declared.map_or_else(|| id.to_string(), String::from)
}

impl<N: Naming> fmt::Display for Inconsistency<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.rule)
    }
}

impl<N: Naming> core::error::Error for Inconsistency<N> {}

impl<N: Naming> fmt::Display for StateSubject<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("cluster"),
            Self::Node(node) => write!(f, "node {node}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Resource(resource) => write!(f, "resource {resource}"),
            Self::Orphan { node, resource } => write!(f, "orphan {resource} on node {node}"),
        }
    }
}

impl fmt::Display for StateRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RecordCount => "there is not exactly one record for each declared thing",
            Self::UnknownReference => "it refers to something that is not declared",
            Self::CounterTooLarge => "a counter is too near to the end of its range",
            Self::InputNotAccepted => "it refers to an input that was never accepted",
            Self::TimeInFuture => "a time of the past is later than now",
            Self::TimesOutOfOrder => "a later event has an earlier time",
            Self::LogTooLong => "a log of failures is too long",
            Self::ClockOutOfRange => "the wall clock is out of range",
            Self::OperationReused => "its operation has the id of another one",
            Self::OperationNotIssued => "its operation was never issued",
            Self::OperationDoesNotFit => "its operation does not fit its state",
            Self::OperationOnNonMember => "an operation is in flight on a node that is no member",
            Self::StartOnNodeNotUp => "it is starting on a node that may not start anything",
            Self::StartBesideOrphan => "it was started while its group was being stopped elsewhere",
            Self::StartWithoutProvider => "it was started before what it depends on",
            Self::StopBeforeDependent => "it was stopped before what depends on it",
            Self::UnopenedOnOwner => "its group has an owner, and it was never opened",
            Self::RunsWithoutOwner => "it may run, and its group has no owner",
            Self::RunsOnDownNode => "it may run, and the owner of its group is down",
            Self::CertainOnLostNode => "it is not in doubt, and the owner of its group is lost",
            Self::MoveToOwner => "it moves to the node that owns it",
            Self::OwnerWithoutEpoch => "it has an owner in the epoch before the first one",
            Self::OrderedInLaterEpoch => "it was ordered online in an epoch that has not begun",
            Self::FailedTwiceOnNode => "a node on which it failed is remembered twice",
            Self::FailedInLaterLife => "it failed on a node in a life that has not begun",
            Self::RoomDiffers => "it takes room and is not to run, or may run and takes none",
            Self::OrphanOnDownNode => "it may run on a node that is down",
            Self::OrphanBesideItself => "it also runs there as the owner's own",
            Self::PauseDiffers => "its state and its pause differ",
            Self::FenceOfDownNode => "it is being fenced and is down",
            Self::FenceRetryWithoutNeed => "another attempt to fence it waits without need",
            Self::DownWithoutProof => "it was seen and is down without a proof",
            Self::AttributeNotAllowed => "its attributes are too many, or one has no proper name",
            Self::DrainOfResumedNode => "it was drained and is not to be paused",
            Self::RecoveryDoesNotFit => "what is to be done about its failure does not fit",
            Self::RunDoesNotFit => "its run does not go back to a start that fits its state",
            Self::FailureDoesNotFit => "it has not failed, and its start is said to have",
            Self::LateStartWithoutDoubt => {
                "it is neither in doubt nor being terminated, and its start may still come"
            }
            Self::DoubtDiffers => "what is known of its doubt does not fit its state or node",
            Self::DeclaredInFuture => "it refers to a configuration that is yet to come",
            Self::ConfigurationNotCounted => "its first configuration is not counted",
            Self::FormationDiffers => "whether it has formed differs from its members and quorum",
            Self::QuorumDiffers => "its quorum is not what the votes of its members come to",
            Self::OccupancyDiffers => "the index of what stands where is wrong",
            Self::VotesDiffer => "the count of members and votes is wrong",
            Self::OutstandingDiffers => "the index of operations in flight is wrong",
            Self::StandingDiffers => "what it waits for, or what waits for it, is filed wrongly",
            Self::IndexDiffers => "an index over the state is wrong",
            Self::TimerDiffers => "a timer is not set for the deadline",
            Self::ForbiddenChange => "it was to change in a way that its table forbids",
            Self::PlanningWithoutEnd => "planning came to no end and was broken off",
        })
    }
}
