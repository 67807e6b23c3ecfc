//! Deadlines and the reasons for them.

use core::time::Duration;

use crate::cluster::index::agenda::Slot;
use crate::cluster::view::failback::FailbackPlan;
use crate::cluster::view::gate::Gate;
use crate::cluster::view::{Facts, View};
use crate::cluster::words::{DeadlineReason, Inconsistency, StateRule, StateSubject};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::settings::UnconfirmedStop;
use crate::spec::GroupSpec;
use crate::state::{Doubt, Recovery};
use crate::time::Timestamp;

impl Facts<'_> {
    /// Returns the next deadline of a resource and its reason; `None` if it waits for no time.
    pub(crate) fn resource_deadline(
        self,
        resource: ResourceId,
    ) -> Option<(Timestamp, DeadlineReason)> {
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

    /// Tells whether the resources of a group have health checks: not while the group moves, and
    /// not without quorum.
    pub(crate) fn is_checked(self, group: GroupId) -> bool {
        self.state.is_quorate() && !self.is_moving(group)
    }

    /// Returns the time of the next probe of a resource in doubt.
    pub(crate) fn probe_at(self, resource: ResourceId) -> Option<Timestamp> {
        let record = self.state.resource(resource)?;
        let is_asked_for = match self.unconfirmed_stop(resource) {
            UnconfirmedStop::BlockGroup => true,
            // Without quorum no node is fenced, so a probe has to find out whether it runs: its
            // providers wait to be stopped.
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

    /// Returns the earliest deadline of a node and its reason; `None` if it waits for no time.
    pub(crate) fn node_deadline(self, node: NodeId) -> Option<(Timestamp, DeadlineReason)> {
        self.node_deadlines(node).into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn node_deadlines(self, node: NodeId) -> [Option<(Timestamp, DeadlineReason)>; 5] {
        let lease =
            self.state.lease_end(self.spec, node).map(|at| (at, DeadlineReason::LeaseEnd { node }));
        let inquiry = self.state.node(node).and_then(|record| record.inquiry).map(|inquiry| {
            let reason = DeadlineReason::OperationTimeout { operation: inquiry.id };
            (self.inquiry_end(inquiry), reason)
        });
        let drain = self.drain_wait(node).map(|at| (at, DeadlineReason::DrainWait { node }));
        [self.fence_deadline(node), lease, self.orphan_deadline(node), inquiry, drain]
    }

    fn fence_deadline(self, node: NodeId) -> Option<(Timestamp, DeadlineReason)> {
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

    /// Returns the earliest deadline among the orphans on a node.
    fn orphan_deadline(self, node: NodeId) -> Option<(Timestamp, DeadlineReason)> {
        if !self.state.node_state(node).is_member() {
            return None;
        }
        let (at, resource) = self.index.orphans.first_deadline(node)?;
        let operation =
            self.state.orphans.get(&(node, resource)).and_then(|orphan| orphan.operation);
        let reason = match operation {
            Some(operation) => DeadlineReason::OperationTimeout { operation: operation.id },
            None => DeadlineReason::OrphanRetry { node, resource },
        };
        Some((at, reason))
    }

    /// Returns the time between two probes of a resource in doubt. `None` means that there are no
    /// probes.
    pub(crate) fn probe_interval(self) -> Option<Duration> {
        self.spec.settings().probe_interval.span()
    }
}

impl View<'_> {
    /// Checks that a timer is set for every deadline, and for nothing else.
    pub(crate) fn check_timers(self) -> Result<(), Inconsistency> {
        let check = |subject, slot, deadline: Option<(Timestamp, DeadlineReason)>| {
            let is_set = self.index.agenda.deadline(slot) == deadline.map(|(at, _)| at);
            if is_set { Ok(()) } else { Err(Inconsistency::new(subject, StateRule::TimerDiffers)) }
        };
        for (node, _) in self.spec.nodes() {
            check(StateSubject::Node(node), Slot::Node(node), self.node_deadline(node))?;
        }
        for (group, declared) in self.spec.groups() {
            let deadline = self.group_deadline(declared, group);
            check(StateSubject::Group(group), Slot::Group(group), deadline)?;
        }
        for (resource, _) in self.spec.resources() {
            let deadline = self.resource_deadline(resource);
            check(StateSubject::Resource(resource), Slot::Resource(resource), deadline)?;
        }
        Ok(())
    }

    /// Returns the reason why the timer of a node, a group or a resource is set.
    pub(crate) fn deadline_reason(self, slot: Slot) -> Option<DeadlineReason> {
        self.deadlines(slot).min_by_key(|(at, _)| *at).map(|(_, reason)| reason)
    }

    /// Returns all deadlines of a node, a group or a resource. Its timer is set for the earliest.
    pub(crate) fn deadlines(
        self,
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

    /// Returns the earliest deadline of a group and its reason; `None` if it waits for no time.
    pub(crate) fn group_deadline(
        self,
        declared: &GroupSpec,
        group: GroupId,
    ) -> Option<(Timestamp, DeadlineReason)> {
        // A group that waits for its start fails back before it, if that is due earlier.
        self.group_deadlines(declared, group).into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn group_deadlines(
        self,
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
                // A paused node starts nothing, whether after a delay or not.
                let delayed = if state == NodeState::Up
                    && self.index.running(group) == 0
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
}
