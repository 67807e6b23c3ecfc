//! Deadlines, derived from the state.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Cluster;
use super::agenda::Slot;
use super::failback::FailbackPlan;
use super::gate::Gate;
use super::invariants::{Rule, Subject, Violation};
use crate::id::{GroupId, Ids, Naming, NodeId, OpId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::settings::UnconfirmedStop;
use crate::spec::GroupSpec;
use crate::state::{Doubt, Recovery};
use crate::time::Timestamp;

/// When the core wants to be called, and why.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Deadline<N: Naming = Ids> {
    /// When to call [`Cluster::handle_timeout`].
    pub at: Timestamp,
    /// What is due then; in formats for people its name, with its fields beside it.
    pub reason: DeadlineReason<N>,
}

/// Declares the reasons, with the two forms in which they are written.
macro_rules! deadline_reasons {
    ($( $(#[$doc:meta])* $variant:ident { $($field:ident: $type:ty),+ }, )+) => {
        /// What a deadline is about.
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "the fields are named after what they hold")]
        pub enum DeadlineReason<N: Naming = Ids> {
            $( $(#[$doc])* $variant { $($field: $type),+ }, )+
        }

        /// For people: the name as a field beside the others.
        #[derive(Deserialize, Serialize)]
        #[serde(remote = "DeadlineReason", bound = "", rename_all = "snake_case")]
        #[serde(tag = "reason", deny_unknown_fields)]
        enum Flat<N: Naming> {
            $( $variant { $($field: $type),+ }, )+
        }

        /// For formats that do not describe themselves.
        #[derive(Deserialize, Serialize)]
        #[serde(remote = "DeadlineReason", bound = "", rename_all = "snake_case")]
        enum Nested<N: Naming> {
            $( $variant { $($field: $type),+ }, )+
        }
    };
}

deadline_reasons! {
    /// An operation counts as not answered.
    OperationTimeout { operation: OpId },
    /// A health check is due.
    HealthCheck { resource: N::Resource },
    /// A failed resource restarts.
    Restart { resource: N::Resource },
    /// The retry period of a failed resource is over.
    Retry { resource: N::Resource },
    /// A resource in doubt is probed.
    Probe { resource: N::Resource },
    /// The next attempt to fence a node is due.
    FenceRetry { node: N::Node },
    /// The lease of a lost node is over.
    LeaseEnd { node: N::Node },
    /// The start delay of a group is over.
    StartDelay { group: N::Group },
    /// A group has waited for its preferred owner long enough.
    PreferredOwnerWait { group: N::Group },
    /// A group that comes up waits no longer for those of higher priority, and holds up nobody.
    PriorityWait { group: N::Group },
    /// Groups on a node that is being drained wait no longer for those of higher priority.
    DrainWait { node: N::Node },
    /// A group may fail back.
    Failback { group: N::Group },
    /// An orphan is terminated again.
    OrphanRetry { node: N::Node, resource: N::Resource },
}

impl<N: Naming> Serialize for DeadlineReason<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return Flat::serialize(self, serializer);
        }
        Nested::serialize(self, serializer)
    }
}

impl<'de, N: Naming> Deserialize<'de> for DeadlineReason<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Flat::deserialize(deserializer);
        }
        Nested::deserialize(deserializer)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename = "Deadline", bound = "")]
struct FlatDeadline<N: Naming> {
    at: Timestamp,
    #[serde(flatten, with = "Flat")]
    reason: DeadlineReason<N>,
}

impl<N: Naming> Serialize for Deadline<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let Self { at, reason } = self.clone();
            return FlatDeadline { at, reason }.serialize(serializer);
        }
        (self.at, &self.reason).serialize(serializer)
    }
}

impl<'de, N: Naming> Deserialize<'de> for Deadline<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let FlatDeadline { at, reason } = FlatDeadline::deserialize(deserializer)?;
            return Ok(Self { at, reason });
        }
        let (at, reason) = Deserialize::deserialize(deserializer)?;
        Ok(Self { at, reason })
    }
}

impl<N: Naming> fmt::Display for Deadline<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.reason)
    }
}

impl<N: Naming> fmt::Display for DeadlineReason<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OperationTimeout { operation } => write!(f, "operation {operation} times out"),
            Self::HealthCheck { resource } => write!(f, "health check of {resource}"),
            Self::Restart { resource } => write!(f, "restart of {resource}"),
            Self::Retry { resource } => write!(f, "retry of {resource}"),
            Self::Probe { resource } => write!(f, "probe of {resource}"),
            Self::FenceRetry { node } => write!(f, "next attempt to fence {node}"),
            Self::LeaseEnd { node } => write!(f, "end of the lease of {node}"),
            Self::StartDelay { group } => write!(f, "start delay of {group}"),
            Self::PreferredOwnerWait { group } => {
                write!(f, "end of the wait of {group} for its preferred owner")
            }
            Self::PriorityWait { group } => write!(f, "end of the wait by priority around {group}"),
            Self::DrainWait { node } => {
                write!(f, "end of the wait by priority in the drain of {node}")
            }
            Self::Failback { group } => write!(f, "failback of {group}"),
            Self::OrphanRetry { node, resource } => {
                write!(f, "next attempt to stop {resource} on {node}")
            }
        }
    }
}

impl Cluster {
    pub(crate) fn schedule_resource(&mut self, resource: ResourceId) {
        let at = self.resource_deadline(resource).map(|(at, _)| at);
        self.caches.agenda.set(Slot::Resource(resource), at);
    }

    /// Sets the deadlines of a group and of its resources.
    pub(crate) fn schedule_group(&mut self, declared: &GroupSpec, group: GroupId) {
        for resource in declared.resources() {
            self.schedule_resource(resource);
        }
        let at = self.group_deadline(declared, group).map(|(at, _)| at);
        self.caches.agenda.set(Slot::Group(group), at);
    }

    /// A timer is set for every deadline, and for nothing else.
    pub(crate) fn check_timers(&self) -> Result<(), Violation> {
        let check = |subject, slot, deadline: Option<(Timestamp, DeadlineReason)>| {
            let is_set = self.caches.agenda.deadline(slot) == deadline.map(|(at, _)| at);
            if is_set { Ok(()) } else { Err(Violation::new(subject, Rule::TimerDiffers)) }
        };
        for (node, _) in self.spec.nodes() {
            check(Subject::Node(node), Slot::Node(node), self.node_deadline(node))?;
        }
        for (group, declared) in self.spec.groups() {
            let deadline = self.group_deadline(declared, group);
            check(Subject::Group(group), Slot::Group(group), deadline)?;
        }
        for (resource, _) in self.spec.resources() {
            let deadline = self.resource_deadline(resource);
            check(Subject::Resource(resource), Slot::Resource(resource), deadline)?;
        }
        Ok(())
    }

    pub(crate) fn schedule_node(&mut self, node: NodeId) {
        let at = self.node_deadline(node).map(|(at, _)| at);
        self.caches.agenda.set(Slot::Node(node), at);
    }

    /// What the timer of a node, a group or a resource is set for.
    pub(crate) fn deadline_reason(&self, slot: Slot) -> Option<DeadlineReason> {
        self.deadlines(slot).min_by_key(|(at, _)| *at).map(|(_, reason)| reason)
    }

    /// All that a node, a group or a resource waits for; its timer is set for the earliest.
    pub(crate) fn deadlines(
        &self,
        slot: Slot,
    ) -> impl Iterator<Item = (Timestamp, DeadlineReason)> + use<> {
        let all = match slot {
            Slot::Node(node) => self.node_deadlines(node),
            Slot::Group(group) => {
                let declared = self.spec.group(group);
                declared.map_or([None, None, None, None, None], |of| {
                    let [one, two, three] = self.group_deadlines(of, group);
                    [one, two, three, None, None]
                })
            }
            Slot::Resource(resource) => [self.resource_deadline(resource), None, None, None, None],
        };
        all.into_iter().flatten()
    }

    fn resource_deadline(&self, resource: ResourceId) -> Option<(Timestamp, DeadlineReason)> {
        let record = self.state.resource(resource)?;
        let declared = self.spec.resource(resource)?;
        let group = declared.group();
        if seeded!(TimerLostOnCancel)
            && record.state == ResourceState::OfflinePending
            && !self.is_moving(group)
            && self.desired(group, resource) == crate::settings::DesiredState::Online
        {
            return None;
        }
        if let Some(operation) = record.operation {
            let reason = DeadlineReason::OperationTimeout { operation: operation.id };
            return Some((operation.deadline_of(declared.settings()), reason));
        }
        match record.recovery {
            Recovery::RestartAt(at) => return Some((at, DeadlineReason::Restart { resource })),
            Recovery::RetryAt { .. } if !seeded!(RetryTimerLost) => {
                if let Some(at) = self.next_retry(resource) {
                    return Some((at, DeadlineReason::Retry { resource }));
                }
            }
            Recovery::None | Recovery::Failover | Recovery::RetryAt { .. } => {}
        }
        let owner = self.state.owner(declared.group())?;
        if !self.state.node_state(owner).is_member() {
            return None;
        }
        match record.state {
            ResourceState::Online => self
                .is_checked(declared.group())
                .then(|| self.next_check(resource))?
                .map(|(at, _)| (at, DeadlineReason::HealthCheck { resource })),
            ResourceState::InDoubt => {
                self.probe_at(resource).map(|at| (at, DeadlineReason::Probe { resource }))
            }
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OnlinePending
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed => None,
        }
    }

    /// Whether the resources of a group are checked: not while they are being stopped, and not
    /// without quorum.
    pub(crate) fn is_checked(&self, group: GroupId) -> bool {
        self.state.is_quorate() && !self.is_moving(group)
    }

    /// When a resource in doubt is probed next.
    pub(crate) fn probe_at(&self, resource: ResourceId) -> Option<Timestamp> {
        let record = self.state.resource(resource)?;
        let is_asked_for = match self.unconfirmed_stop(resource) {
            UnconfirmedStop::BlockGroup => true,
            // Nothing is fenced without quorum, and what the resource needs waits to be stopped.
            UnconfirmedStop::FenceNode => !self.state.is_quorate(),
            UnconfirmedStop::AssumeOff => false,
        };
        let is_probed = is_asked_for
            && record.state == ResourceState::InDoubt
            && record.operation.is_none()
            && record.doubt != Doubt::ToTerminate
            && record.doubt != Doubt::Left;
        let span = self.probe_interval().filter(|_| is_probed)?;
        Some(record.known_alive_at.after(span))
    }

    fn group_deadline(
        &self,
        declared: &GroupSpec,
        group: GroupId,
    ) -> Option<(Timestamp, DeadlineReason)> {
        // A group that waits for its start goes home before it, if that is due earlier.
        self.group_deadlines(declared, group).into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn group_deadlines(
        &self,
        declared: &GroupSpec,
        group: GroupId,
    ) -> [Option<(Timestamp, DeadlineReason)>; 3] {
        if !self.state.is_quorate() {
            return [None, None, None];
        }
        let owner = self.state.owner(group);
        let by_priority = self
            .priority_wait(declared, group)
            .map(|at| (at, DeadlineReason::PriorityWait { group }));
        match owner.map(|node| (node, self.state.node_state(node))) {
            None | Some((_, NodeState::Down)) => {
                let wait = self.preferred_owner_wait(declared, group);
                let reason = DeadlineReason::PreferredOwnerWait { group };
                [wait.map(|(_, at)| (at, reason)), None, by_priority]
            }
            Some((_, NodeState::Unclean | NodeState::Joining)) => [None, None, None],
            Some((owner, state @ (NodeState::Up | NodeState::Paused))) => {
                // A paused node starts nothing, delayed or not.
                let delayed = if state == NodeState::Up
                    && self.caches.running(group) == 0
                    && self.is_wanted(declared, group)
                    && let Gate::Delayed(at) = self.gate(declared, group, owner)
                {
                    Some((at, DeadlineReason::StartDelay { group }))
                } else {
                    None
                };
                let home = match self.failback_plan(declared, group, owner) {
                    FailbackPlan::At(at) => Some((at, DeadlineReason::Failback { group })),
                    FailbackPlan::Stay | FailbackPlan::Now(_) => None,
                };
                [delayed, home, by_priority]
            }
        }
    }

    fn node_deadline(&self, node: NodeId) -> Option<(Timestamp, DeadlineReason)> {
        self.node_deadlines(node).into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn node_deadlines(&self, node: NodeId) -> [Option<(Timestamp, DeadlineReason)>; 5] {
        let lease = self
            .state
            .lease_end(&self.spec, node)
            .map(|at| (at, DeadlineReason::LeaseEnd { node }));
        let inquiry = self.state.node(node).and_then(|record| record.inquiry).map(|inquiry| {
            let reason = DeadlineReason::OperationTimeout { operation: inquiry.id };
            (self.inquiry_end(inquiry), reason)
        });
        let drain = self.drain_wait(node).map(|at| (at, DeadlineReason::DrainWait { node }));
        [self.fence_deadline(node), lease, self.orphan_deadline(node), inquiry, drain]
    }

    fn fence_deadline(&self, node: NodeId) -> Option<(Timestamp, DeadlineReason)> {
        let fence = &self.state.node(node)?.fence;
        match fence.operation {
            Some(operation) => Some((
                self.fence_end(operation),
                DeadlineReason::OperationTimeout { operation: operation.id },
            )),
            None => fence
                .retry_at
                .filter(|_| self.wants_fence(node))
                .map(|at| (at, DeadlineReason::FenceRetry { node })),
        }
    }

    /// The earliest deadline among the orphans on a node.
    fn orphan_deadline(&self, node: NodeId) -> Option<(Timestamp, DeadlineReason)> {
        if !self.state.node_state(node).is_member() {
            return None;
        }
        let (at, resource) = self.caches.orphans.first_deadline(node)?;
        let operation =
            self.state.orphans.get(&(node, resource)).and_then(|orphan| orphan.operation);
        let reason = match operation {
            Some(operation) => DeadlineReason::OperationTimeout { operation: operation.id },
            None => DeadlineReason::OrphanRetry { node, resource },
        };
        Some((at, reason))
    }

    /// How often doubt is looked into; `None` is never.
    pub(crate) fn probe_interval(&self) -> Option<Duration> {
        self.spec.settings().probe_interval.span()
    }
}
