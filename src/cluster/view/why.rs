//! The reason why a group that should be online is not.

use alloc::vec;
use alloc::vec::Vec;

use crate::cluster::view::Facts;
use crate::cluster::view::gate::Gate;
use crate::cluster::words::Reason;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::settings::{DesiredState, Fencing};
use crate::spec::GroupSpec;
use crate::state::{NoRestartCause, OperationKind, Recovery, ResourceRecord};

impl Facts<'_> {
    /// Returns the one present reason why a group that should be online is not. Returns `None` if
    /// every wanted resource is online, if none is wanted, or if there is no such group.
    pub(crate) fn why(self, group: GroupId) -> Option<Reason> {
        let declared = self.spec.group(group)?;
        let record = self.state.group(group)?;
        let first = self.first_missing(declared, group)?;
        if !self.state.is_quorate() {
            return Some(Reason::NoQuorum);
        }
        let Some(owner) = record.owner else {
            let unknown = self.unknown_of(declared).filter(|_| self.was_never_owned(group));
            return Some(match unknown {
                // No node is fenced for a group that would not start anyway.
                Some(_) if !self.is_wanted(declared, group) => Reason::NotStartedAutomatically,
                Some((resource, node)) => Reason::WaitingForInventory { resource, node },
                None => self.why_unplaced(declared, group),
            });
        };
        match self.state.node_state(owner) {
            NodeState::Down => {
                return Some(self.why_unplaced(declared, group));
            }
            // No node is fenced for a group that would not start on another node anyway.
            NodeState::Unclean
                if !self.is_wanted(declared, group) && self.index.running(group) == 0 =>
            {
                return Some(Reason::NotStartedAutomatically);
            }
            NodeState::Unclean => return Some(self.why_unclean(owner)),
            NodeState::Joining | NodeState::Up | NodeState::Paused => {}
        }
        if let Some((node, resource)) = self.index.orphans.first_of(group) {
            return Some(Reason::OrphanRunning { resource, node });
        }
        if let Some(resource) = self.doubt_of(declared) {
            return Some(self.why_doubtful(declared, resource, owner));
        }
        // A move goes on when the orphans on the owner are off.
        if self.state.node_state(owner) == NodeState::Joining {
            return Some(Reason::OwnerJoining { node: owner });
        }
        if let Some(movement) = record.movement {
            return Some(Reason::Moving { to: movement.to });
        }
        if self.is_limited(declared)
            && let Some((resource, reason)) = declared
                .resources()
                .find_map(|resource| Some((resource, self.why_failed(resource)?)))
        {
            return Some(if !self.waits_for_resume(resource) {
                reason
            } else if self.is_idle(declared, group) {
                Reason::NotStartedAutomatically
            } else {
                Reason::OwnerPaused { node: owner }
            });
        }
        Some(self.why_missing(declared, group, owner, first))
    }

    /// Returns the first resource, providers first, that should be online and is not. Resources
    /// that cannot run on the owner come after those that can, and among them those that need not
    /// run come last.
    fn first_missing(self, declared: &GroupSpec, group: GroupId) -> Option<usize> {
        let is_missing = |position: &usize| self.is_missing(declared, group, *position);
        let mut missing = declared.graph().start_order().filter(is_missing);
        let first = missing.clone().next()?;
        let Some(owner) = self.state.owner(group) else { return Some(first) };
        missing
            .find(|position| declared.can_stand(*position, owner))
            .or_else(|| {
                let obstacle = self.state.obstacle(self.spec, group, owner);
                obstacle.and_then(|of| declared.position_of(of)).filter(is_missing)
            })
            .or(Some(first))
    }

    fn is_missing(self, declared: &GroupSpec, group: GroupId, position: usize) -> bool {
        let resource = declared.resource_at(position);
        self.desired(group, resource) == DesiredState::Online
            && self.state.resource_state(resource) != ResourceState::Online
    }

    /// Tells whether every wanted resource of a group is online, apart from those that cannot and
    /// need not run on the owner.
    pub(crate) fn is_complete(self, declared: &GroupSpec, group: GroupId) -> bool {
        let owner = self.state.owner(group);
        declared.graph().start_order().all(|position| {
            !self.is_missing(declared, group, position)
                || owner.is_some_and(|owner| declared.is_spared(position, owner))
        })
    }

    fn why_unplaced(self, declared: &GroupSpec, group: GroupId) -> Reason {
        match self.preferred_owner_wait(declared, group) {
            Some((node, until)) => Reason::WaitingForPreferredOwner { node, until },
            None => Reason::NoCandidate,
        }
    }

    fn why_unclean(self, node: NodeId) -> Reason {
        let fencing = self.spec.settings().fencing;
        let at = match fencing {
            Fencing::Lease { .. } => self.state.lease_end(self.spec, node),
            Fencing::Required => self.state.node(node).and_then(|record| record.fence.retry_at),
            Fencing::Trusted | Fencing::Operator => None,
        };
        Reason::WaitingForNodeOff { node, fencing, at }
    }

    /// Returns the first resource that is in doubt and is not being terminated.
    pub(crate) fn doubt_of(self, declared: &GroupSpec) -> Option<ResourceId> {
        declared.resources().find(|resource| {
            self.state.resource(*resource).is_some_and(ResourceRecord::is_in_doubt)
        })
    }

    /// Returns the reason for a resource in doubt. Either the resource, or a dependent that has to
    /// be off first, is left failed for an operator, or the doubt itself is the reason.
    fn why_doubtful(self, declared: &GroupSpec, resource: ResourceId, owner: NodeId) -> Reason {
        let graph = declared.graph();
        let place = declared.position_of(resource);
        let needs_it = |member: &ResourceId| {
            let places = place.zip(declared.position_of(*member));
            *member == resource || places.is_some_and(|(of, at)| graph.depends_on(at, of))
        };
        let left = declared.resources().find(|member| self.is_left(*member) && needs_it(member));
        let left = left.and_then(|member| self.why_failed(member));
        left.unwrap_or(Reason::InDoubt { resource, node: owner })
    }

    /// Returns the plan for a resource that failed, as a reason.
    fn why_failed(self, resource: ResourceId) -> Option<Reason> {
        match self.state.resource(resource)?.recovery {
            Recovery::RestartAt(at) => Some(Reason::RestartScheduled { resource, at }),
            Recovery::RetryAt { .. } if seeded!(ReasonUntrue) => Some(Reason::NoCandidate),
            Recovery::RetryAt { at, cause } => {
                Some(Reason::Failed { resource, cause, retry_at: at })
            }
            Recovery::None | Recovery::Failover => None,
        }
    }

    /// Returns the reason why the first missing resource is not online. In this order, it is an
    /// operation on the resource itself, a thing that only somebody outside can change, an
    /// operation on another resource that has to end first, a time that has to come, or another
    /// thing that its start waits for.
    fn why_missing(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
        position: usize,
    ) -> Reason {
        let resource = declared.resource_at(position);
        if self.state.resource_state(resource).may_run() {
            // A failed resource is terminated only after the resources that rely on it are off.
            let is_asked =
                self.state.resource(resource).is_some_and(|record| record.operation.is_some());
            let on = (!is_asked)
                .then(|| self.operation_waited_for(declared, group, owner, position))
                .flatten();
            return match on {
                Some(on) => Reason::WaitingForResource { resource, on },
                None => Reason::InProgress { resource },
            };
        }
        if let Some(reason) = self.why_held(declared, group, owner, resource) {
            return reason;
        }
        if let Some(node) = self.silent_about(resource) {
            return Reason::WaitingForInventory { resource, node };
        }
        if let Some(on) = self.operation_waited_for(declared, group, owner, position) {
            return Reason::WaitingForResource { resource, on };
        }
        if let Some(reason) = self.why_failed(resource) {
            return reason;
        }
        if self.index.running(group) == 0 {
            match self.gate(declared, group, owner) {
                Gate::NotOrdered => return Reason::NotStartedAutomatically,
                Gate::Delayed(until) => return Reason::StartDelayed { until },
                Gate::Behind(group, until) => return Reason::WaitingForPriority { group, until },
                Gate::NoRoom => return Reason::NoCandidate,
                Gate::Open | Gate::Refused(_) => {}
            }
        }
        self.why_waiting(declared, group, position)
    }

    /// Returns the reason that keeps a resource off its owner until somebody outside acts.
    fn why_held(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
        resource: ResourceId,
    ) -> Option<Reason> {
        // For this group neither a retry nor a resume of the owner would start anything.
        if self.is_idle(declared, group) {
            return Some(Reason::NotStartedAutomatically);
        }
        let failure = self.why_failed(resource);
        let recovery = self.state.resource(resource).map(|record| record.recovery);
        if recovery == Some(Recovery::Failover) {
            // The group stays because of a resource that is left failed.
            let left = declared.resources().find(|member| self.is_left(*member));
            return left.and_then(|member| self.why_failed(member));
        }
        if let Some(Reason::Failed { cause, retry_at, .. }) = failure {
            if cause == NoRestartCause::Admission
                && let Some(because_of) = self.refusal(declared, group, owner)
            {
                return Some(Reason::NotAdmitted { node: owner, because_of });
            }
            if self.waits_for_resume(resource) {
                // A new configuration may have ended the automatic start of the group.
                return Some(match self.is_idle(declared, group) {
                    true => Reason::NotStartedAutomatically,
                    false => Reason::OwnerPaused { node: owner },
                });
            }
            if retry_at.is_none() {
                return failure;
            }
        }
        if failure.is_some() {
            return None;
        }
        if self.state.node_state(owner) == NodeState::Paused {
            return Some(Reason::OwnerPaused { node: owner });
        }
        let cannot_run = self.spec.resource(resource).is_some_and(|of| !of.can_run_on(owner));
        cannot_run.then_some(Reason::OwnerNotPossible { resource, node: owner })
    }

    /// Tells whether nothing of a group runs and nothing of it starts automatically.
    fn is_idle(self, declared: &GroupSpec, group: GroupId) -> bool {
        self.index.running(group) == 0 && !self.is_ordered(declared, group)
    }

    fn is_ordered(self, declared: &GroupSpec, group: GroupId) -> bool {
        let record = self.state.group(group);
        record.is_some_and(|record| record.may_start(declared.settings().priority))
    }

    /// Returns the resource whose operation has to end before the resource at this position can
    /// start. It is an alternative provider that is starting, or a resource that has to be off
    /// first. The latter is stopping, or has to finish its start before it can be stopped.
    fn operation_waited_for(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
        position: usize,
    ) -> Option<ResourceId> {
        if seeded!(WhyNamesWrong) {
            return None;
        }
        let graph = declared.graph();
        let mut stands = Vec::new();
        self.judge_stands(declared, group, owner, &mut stands);
        let is_leaving = |member: &usize| {
            self.state.resource_state(declared.resource_at(*member)).may_run()
                && stands.get(*member).is_some_and(|stand| !stand.keep)
        };
        let mut seen = vec![false; graph.len()];
        let mut left: Vec<usize> = graph.dependents(position).filter(is_leaving).collect();
        left.extend(graph.providers(position).filter(is_leaving));
        while let Some(member) = left.pop() {
            let Some(flag) = seen.get_mut(member) else { continue };
            if core::mem::replace(flag, true) {
                continue;
            }
            let resource = declared.resource_at(member);
            if self.is_changing(resource) {
                return Some(resource);
            }
            // It cannot be stopped before the resources that need it are off.
            left.extend(graph.dependents(member).filter(is_leaving));
        }
        None
    }

    /// Tells whether a start, a stop or a terminate of a resource is in flight.
    fn is_changing(self, resource: ResourceId) -> bool {
        let operation = self.state.resource(resource).and_then(|record| record.operation);
        operation.is_some_and(|operation| match operation.kind {
            OperationKind::Start | OperationKind::Stop | OperationKind::Terminate => true,
            OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => false,
        })
    }

    /// Returns the reason for a resource that waits though no operation is in flight and no time is
    /// known: a provider is not online.
    fn why_waiting(self, declared: &GroupSpec, group: GroupId, position: usize) -> Reason {
        let graph = declared.graph();
        let resource = declared.resource_at(position);
        for clause in graph.clauses(position) {
            let members = clause.map(|member| declared.resource_at(member));
            let is_online = |member| self.state.resource_state(member) == ResourceState::Online;
            if members.clone().any(is_online) {
                continue;
            }
            let mut unwanted = members
                .clone()
                .filter(|member| self.desired(group, *member) == DesiredState::Offline);
            if let Some(on) = unwanted.next() {
                return Reason::ResourceHeldOffline { resource: on };
            }
            let mut wanted = members;
            if let Some(on) = wanted.next() {
                return Reason::WaitingForResource { resource, on };
            }
        }
        Reason::InProgress { resource }
    }
}
