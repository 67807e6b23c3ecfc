//! Reasons why a group is not online.

use core::fmt;

use crate::id::{Ids, Naming};
use crate::settings::Fencing;
use crate::state::NoRestartCause;
use crate::time::Timestamp;

crate::form::strictly_read! { "Reason"
/// The one current reason why a group that should be online is not.
///
/// The reason is derived from the state at the moment of the question and never kept, so it is true
/// of the state. If several things are in the way, the reason names the one that has to end before
/// anything else can help:
///
/// 1. the quorum ([`NoQuorum`](Self::NoQuorum));
/// 2. the owner: there is none, or it is off ([`WaitingForInventory`][3],
///    [`WaitingForPreferredOwner`][1], [`NoCandidate`](Self::NoCandidate)), or it is not certain to
///    be off ([`WaitingForNodeOff`][2]; or [`NotStartedAutomatically`](Self::NotStartedAutomatically)
///    if an operator has to ask for the group, none has, and nothing of it runs);
/// 3. a resource that may run and should not, or that nobody knows about
///    ([`OrphanRunning`](Self::OrphanRunning), [`InDoubt`](Self::InDoubt));
/// 4. the owner is not clean yet, or the group is leaving it ([`OwnerJoining`](Self::OwnerJoining),
///    [`Moving`](Self::Moving));
/// 5. the first resource, providers first, that should be online and is not. In this order: its own
///    operation ([`InProgress`](Self::InProgress)); an obstacle that only an action from outside can
///    end ([`NotAdmitted`](Self::NotAdmitted), [`OwnerPaused`](Self::OwnerPaused), a failure
///    without another attempt, [`NotStartedAutomatically`](Self::NotStartedAutomatically),
///    [`OwnerNotPossible`](Self::OwnerNotPossible)); a node that has not said whether it runs it
///    ([`WaitingForInventory`][3]); the operation on another resource that has to end first
///    ([`WaitingForResource`](Self::WaitingForResource)); the time of its next attempt
///    ([`RestartScheduled`](Self::RestartScheduled), [`Failed`](Self::Failed)); the waits before the
///    start of a group ([`StartDelayed`](Self::StartDelayed),
///    [`WaitingForPriority`](Self::WaitingForPriority)); a provider that is to be off
///    ([`ResourceHeldOffline`](Self::ResourceHeldOffline)).
///
/// A time in a reason is one at which something happens, as things are: the named event happens
/// then, or something else is in the way from then on.
///
/// [1]: Self::WaitingForPreferredOwner
/// [2]: Self::WaitingForNodeOff
/// [3]: Self::WaitingForInventory
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Reason<N: Naming = Ids> {
    /// The cluster has no quorum.
    NoQuorum,
    /// The owner is lost, and it is not certain that it runs nothing.
    WaitingForNodeOff {
        /// The owner.
        node: N::Node,
        /// The rule by which it becomes certain.
        fencing: Fencing,
        /// The time at which a lease ends or another attempt to fence is due, if there is one.
        at: Option<Timestamp>,
    },
    /// A resource is still running on a node that does not own the group.
    OrphanRunning {
        /// The resource.
        resource: N::Resource,
        /// The node.
        node: N::Node,
    },
    /// A resource could not be stopped for certain, or an operation on it was not answered: nobody
    /// knows whether it runs. A probe in flight makes no difference; a terminate in flight is the
    /// reason itself.
    InDoubt {
        /// The resource.
        resource: N::Resource,
        /// The owner.
        node: N::Node,
    },
    /// Its priority says that an operator has to ask for it, and no operator has. This reason comes
    /// before anything that is wrong with its owner: to resume a paused node would bring nothing
    /// online, while an order either starts the group or is answered with the obstacle. (If
    /// `cold_start` says so, the group is wanted offline instead, and there is no reason to ask
    /// for.)
    NotStartedAutomatically,
    /// Its preferred owner may still join; or, if no present node can run all that must run, the
    /// first node that can.
    WaitingForPreferredOwner {
        /// The node.
        node: N::Node,
        /// The end of the wait.
        until: Timestamp,
    },
    /// No node can own it. It has no owner that is up, or it is off on an owner that has no room
    /// for it any more.
    NoCandidate,
    /// Its owner is not up yet: resources that should not run there are being stopped.
    OwnerJoining {
        /// The owner.
        node: N::Node,
    },
    /// Its owner is paused and starts nothing. The group stays: either something of it still runs
    /// there, or no other node could take it. No time is promised for resources that have failed
    /// there: they are tried when the owner is resumed, or when another node can take the group.
    OwnerPaused {
        /// The owner.
        node: N::Node,
    },
    /// Its owner runs a group of its anti-affinity class, and the cluster admits only one.
    NotAdmitted {
        /// The owner.
        node: N::Node,
        /// The group that runs there.
        because_of: N::Group,
    },
    /// A group of higher priority that comes up as well starts first.
    WaitingForPriority {
        /// The group of higher priority.
        group: N::Group,
        /// The end of the wait at the latest.
        until: Timestamp,
    },
    /// A node has not said whether it runs a resource that was declared while the cluster ran.
    /// Until it has, or is known to be off, the resource is started nowhere, and a group that never
    /// had an owner gets none. A member is being asked. A lost node is not asked; the wait ends
    /// when it is off, or when an operator clears the failure of the resource, which says that it
    /// runs on none of the nodes that are waited for.
    WaitingForInventory {
        /// The resource.
        resource: N::Resource,
        /// The node.
        node: N::Node,
    },
    /// Its start delay is not over.
    StartDelayed {
        /// The end of the wait.
        until: Timestamp,
    },
    /// It is stopping in order to move.
    Moving {
        /// The new owner.
        to: Option<N::Node>,
    },
    /// A resource failed and will be restarted.
    RestartScheduled {
        /// The resource.
        resource: N::Resource,
        /// The time of the restart.
        at: Timestamp,
    },
    /// A resource failed and is not restarted for now.
    Failed {
        /// The resource.
        resource: N::Resource,
        /// The reason why it is not restarted.
        cause: NoRestartCause,
        /// The time of the next attempt, if there is one.
        retry_at: Option<Timestamp>,
    },
    /// A resource cannot run on the owner. If the group is online nevertheless, the resource need
    /// not run there; otherwise it runs when the group moves to another node.
    OwnerNotPossible {
        /// The resource.
        resource: N::Resource,
        /// The owner.
        node: N::Node,
    },
    /// The resource itself is being started, stopped or terminated.
    InProgress {
        /// The resource.
        resource: N::Resource,
    },
    /// A resource waits for the start, stop or terminate of another one that is in flight.
    WaitingForResource {
        /// The resource.
        resource: N::Resource,
        /// The resource whose operation it waits for.
        on: N::Resource,
    },
    /// An operator wants one of its resources offline, and others need that one.
    ResourceHeldOffline {
        /// The resource.
        resource: N::Resource,
    },
}
}

impl<N: Naming> fmt::Display for Reason<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoQuorum => f.write_str("the cluster has no quorum"),
            Self::WaitingForNodeOff { node, fencing, at } => {
                write!(f, "node {node} is lost; waiting for ")?;
                match (fencing, at) {
                    (Fencing::Required, None) => f.write_str("a fence to be confirmed"),
                    (Fencing::Required, Some(at)) => write!(f, "the next fence attempt at {at}"),
                    (Fencing::Lease { .. }, Some(at)) => write!(f, "its lease to end at {at}"),
                    (Fencing::Lease { .. }, None) => f.write_str("its lease to end"),
                    (Fencing::Trusted | Fencing::Operator, _) => {
                        f.write_str("an operator to confirm that it is off")
                    }
                }
            }
            Self::OrphanRunning { resource, node } => {
                write!(f, "{resource} still runs on {node}, which does not own it")
            }
            Self::InDoubt { resource, node } => {
                write!(f, "{resource} may still run on {node}: its stop was not confirmed")
            }
            Self::NotStartedAutomatically => f.write_str("not started automatically"),
            Self::WaitingForPreferredOwner { node, until } => {
                write!(f, "waiting for its preferred owner {node} until {until}")
            }
            Self::NoCandidate => f.write_str("no node can own it"),
            Self::OwnerJoining { node } => write!(f, "node {node} is still joining"),
            Self::OwnerPaused { node } => write!(f, "node {node} is paused"),
            Self::NotAdmitted { node, because_of } => {
                write!(f, "node {node} runs {because_of}, which it must not run beside")
            }
            Self::WaitingForPriority { group, until } => {
                write!(
                    f,
                    "group {group} has a higher priority and starts first, waited for until {until} at most"
                )
            }
            Self::WaitingForInventory { resource, node } => {
                write!(f, "node {node} has not said whether it runs {resource}")
            }
            Self::StartDelayed { until } => write!(f, "start delayed until {until}"),
            Self::Moving { to: Some(to) } => write!(f, "moving to {to}"),
            Self::Moving { to: None } => f.write_str("leaving its node"),
            Self::RestartScheduled { resource, at } => {
                write!(f, "{resource} failed and restarts at {at}")
            }
            Self::Failed { resource, cause, retry_at } => {
                write!(f, "{resource} failed: {cause}")?;
                retry_at.map_or(Ok(()), |at| write!(f, "; tried again at {at}"))
            }
            Self::OwnerNotPossible { resource, node } => {
                write!(f, "{resource} is not possible on {node}")
            }
            Self::InProgress { resource } => write!(f, "{resource} is pending"),
            Self::WaitingForResource { resource, on } => write!(f, "{resource} waits for {on}"),
            Self::ResourceHeldOffline { resource } => {
                write!(f, "{resource} is kept offline by an operator")
            }
        }
    }
}
