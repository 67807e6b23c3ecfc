//! Why a group that should be online is not.

use super::gate::Gate;
use super::{Cluster, Reason};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::settings::{DesiredState, Fencing};
use crate::spec::GroupSpec;
use crate::state::{Exhaustion, Recovery, ResourceRecord};

impl Cluster {
    /// The one current reason why a group that should be online is not; `None` if everything of
    /// it that is wanted is online, or nothing is wanted, or there is no such group.
    #[must_use]
    pub fn why(&self, group: GroupId) -> Option<Reason> {
        let declared = self.spec.group(group)?;
        let record = self.state.group(group)?;
        let first = self.first_missing(declared, group)?;
        if !self.state.is_quorate() {
            return Some(Reason::NoQuorum);
        }
        let Some(owner) = record.owner else {
            return Some(self.why_unplaced(declared, group));
        };
        match self.state.node_state(owner) {
            NodeState::Down => {
                return Some(self.why_unplaced(declared, group));
            }
            // Nobody has a node fenced for what would not start elsewhere either.
            NodeState::Unclean
                if !self.is_wanted(declared, group) && self.caches.running(group) == 0 =>
            {
                return Some(Reason::NotStartedAutomatically);
            }
            NodeState::Unclean => return Some(self.why_unclean(owner)),
            NodeState::Joining | NodeState::Up | NodeState::Paused => {}
        }
        if let Some((node, resource)) = self.caches.orphans.first_of(group) {
            return Some(Reason::OrphanRunning { resource, node });
        }
        if let Some(resource) = self.doubt_of(declared) {
            return Some(Reason::InDoubt { resource, node: owner });
        }
        // A move goes on when the owner is clean.
        if self.state.node_state(owner) == NodeState::Joining {
            return Some(Reason::OwnerJoining { node: owner });
        }
        if let Some(movement) = record.movement {
            return Some(Reason::Moving { to: movement.to });
        }
        if self.is_limited(declared)
            && let Some(reason) =
                declared.resources().find_map(|resource| self.why_failed(resource))
        {
            return Some(reason);
        }
        Some(self.why_missing(declared, group, owner, first))
    }

    /// The first resource, providers first, that should be online and is not.
    pub(crate) fn first_missing(&self, declared: &GroupSpec, group: GroupId) -> Option<usize> {
        declared.graph().start_order().find(|position| {
            let resource = declared.resource_at(*position);
            self.desired(group, resource) == DesiredState::Online
                && self.state.resource_state(resource) != ResourceState::Online
        })
    }

    fn why_unplaced(&self, declared: &GroupSpec, group: GroupId) -> Reason {
        match self.preferred_owner_wait(declared, group) {
            Some((node, until)) => Reason::WaitingForPreferredOwner { node, until },
            None => Reason::NoCandidate,
        }
    }

    fn why_unclean(&self, node: NodeId) -> Reason {
        let fencing = self.spec.settings().fencing;
        let at = match fencing {
            Fencing::Lease { .. } => self.state.lease_end(&self.spec, node),
            Fencing::Required => self.state.node(node).and_then(|record| record.fence.retry_at),
            Fencing::Trusted | Fencing::Operator => None,
        };
        Reason::WaitingForNodeOff { node, fencing, at }
    }

    /// The first resource of which nobody knows whether it runs, and which is not being stopped.
    pub(crate) fn doubt_of(&self, declared: &GroupSpec) -> Option<ResourceId> {
        declared.resources().find(|resource| {
            self.state.resource(*resource).is_some_and(ResourceRecord::is_in_doubt)
        })
    }

    fn why_failed(&self, resource: ResourceId) -> Option<Reason> {
        match self.state.resource(resource)?.recovery {
            Recovery::RestartAt(at) => Some(Reason::RestartScheduled { resource, at }),
            Recovery::RetryAt { .. } if seeded!(ReasonUntrue) => Some(Reason::NoCandidate),
            Recovery::RetryAt { at, cause } => {
                Some(Reason::Failed { resource, cause, retry_at: at })
            }
            Recovery::None | Recovery::Failover => None,
        }
    }

    /// Why this resource, the first that is missing, is not online.
    fn why_missing(
        &self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
        position: usize,
    ) -> Reason {
        let resource = declared.resource_at(position);
        if self.state.resource_state(resource).may_run() {
            return Reason::InProgress { resource };
        }
        if let Some(reason) = self.why_failed(resource) {
            let refusal = self.refusal(declared, group, owner);
            return match (&reason, refusal) {
                (Reason::Failed { cause: Exhaustion::Admission, .. }, Some(because_of)) => {
                    Reason::NotAdmitted { node: owner, because_of }
                }
                (_, Some(_) | None) => reason,
            };
        }
        // Whoever resumed the owner for this would wait in vain.
        if self.caches.running(group) == 0 && !self.is_ordered(declared, group) {
            return Reason::NotStartedAutomatically;
        }
        if self.state.node_state(owner) == NodeState::Paused {
            return Reason::OwnerPaused { node: owner };
        }
        if self.spec.resource(resource).is_some_and(|of| !of.can_run_on(owner)) {
            return Reason::OwnerNotPossible { resource, node: owner };
        }
        if self.caches.running(group) == 0 {
            match self.gate(declared, group, owner) {
                Gate::NotOrdered => return Reason::NotStartedAutomatically,
                Gate::Delayed(until) => return Reason::StartDelayed { until },
                Gate::Behind(ahead) => return Reason::WaitingForPriority { group: ahead },
                Gate::Open | Gate::Refused(_) => {}
            }
        }
        self.why_waiting(declared, group, position)
    }

    fn is_ordered(&self, declared: &GroupSpec, group: GroupId) -> bool {
        let record = self.state.group(group);
        record.is_some_and(|record| record.may_start(declared.settings().priority))
    }

    fn why_waiting(&self, declared: &GroupSpec, group: GroupId, position: usize) -> Reason {
        let graph = declared.graph();
        let resource = declared.resource_at(position);
        let state = |member| self.state.resource_state(declared.resource_at(member));
        for mut clause in graph.clauses(position) {
            if clause.clone().any(|member| state(member) == ResourceState::Online) {
                continue;
            }
            if let Some(member) = clause.next() {
                let on = declared.resource_at(member);
                return match self.desired(group, on) {
                    DesiredState::Offline => Reason::ResourceHeldOffline { resource: on },
                    DesiredState::Online => Reason::WaitingForResource { resource, on },
                };
            }
        }
        let busy = graph.providers(position).chain(graph.dependents(position)).find(|member| {
            let state = state(*member);
            state.may_run() && state != ResourceState::Online
        });
        match busy {
            Some(member) => {
                Reason::WaitingForResource { resource, on: declared.resource_at(member) }
            }
            None => Reason::InProgress { resource },
        }
    }
}
