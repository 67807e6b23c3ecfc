//! The next operations of a group: what should run against what does.
//!
//! At most one operation is in flight per resource. Starts go from providers to dependents, stops
//! the other way, and everything that does not depend on each other goes in parallel.

use alloc::vec::Vec;

use super::Cluster;
use super::gate::Gate;
use super::orphan_index::unconfirmed_stop;
use super::output::Event;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeState, ResourceEvent, ResourceState};
use crate::settings::{DesiredState, FailoverLimit, Maintenance, NoQuorum, UnconfirmedStop};
use crate::spec::GroupSpec;
use crate::state::{Doubt, Exhaustion, OperationKind, Recovery, Turn};

impl Cluster {
    /// Issues what can be issued now for a group on its owner.
    pub(crate) fn reconcile(&mut self, declared: &GroupSpec, group: GroupId) {
        let Some(owner) = self.state.owner(group) else { return };
        if !self.state.node_state(owner).is_member() {
            return;
        }
        self.resolve_doubts(declared, owner);
        self.terminate_what_failed(declared);
        if !self.state.is_quorate() && self.spec.settings().no_quorum == NoQuorum::Freeze {
            return;
        }
        self.stand(declared, group, owner);
        self.stop_what_must_not_run(declared);
        if self.state.is_quorate() && self.state.node_state(owner) == NodeState::Up {
            self.start_what_should_run(declared, group, owner);
        }
        self.check_what_runs(declared, group);
        self.caches.stands.clear();
    }

    fn stand(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        let mut stands = core::mem::take(&mut self.caches.stands);
        self.judge_stands(declared, group, owner, &mut stands);
        self.caches.stands = stands;
    }

    /// Decides for every resource of the group, providers first, whether it should be online here
    /// and whether it may stay so.
    pub(crate) fn judge_stands(
        &self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
        stands: &mut Vec<super::caches::Stand>,
    ) {
        let graph = declared.graph();
        let is_open = (self.state.is_quorate() || seeded!(QuorumLossIgnored))
            && !self.is_moving(group)
            && !self.is_limited(declared);
        stands.clear();
        stands.resize(graph.len(), super::caches::Stand::default());
        for position in graph.start_order() {
            let resource = declared.resource_at(position);
            // Only where a bug is planted.
            let is_tried = if seeded!(NeedlessResourceTried) {
                declared.is_spared(position, owner)
            } else {
                seeded!(AnyPossibleOwner)
            };
            let is_wanted = is_open
                && (self.desired(group, resource) == DesiredState::Online
                    || seeded!(DesiredIgnored))
                && (self.spec.resource(resource).is_some_and(|of| of.can_run_on(owner))
                    || is_tried);
            let holds = |test: fn(super::caches::Stand) -> bool| {
                graph.clauses(position).all(|mut clause| {
                    clause.any(|member| stands.get(member).copied().is_some_and(test))
                })
            };
            let should = is_wanted && holds(|stand| stand.should);
            let state = self.state.resource_state(resource);
            let is_online = state == ResourceState::Online
                || seeded!(PendingProviderCounts) && state == ResourceState::OnlinePending;
            let is_there = is_online || self.is_left_standing(resource);
            let keep = should && is_there && self.keeps_its_providers(declared, position, stands);
            if let Some(stand) = stands.get_mut(position) {
                *stand = super::caches::Stand { should, keep };
            }
        }
    }

    /// Whether every clause of a resource is held by a provider that is kept. What was online goes on
    /// with one that is left as it is, but not while another one of the same clause, with which it may
    /// run, is being taken away.
    fn keeps_its_providers(
        &self,
        declared: &GroupSpec,
        position: usize,
        stands: &[super::caches::Stand],
    ) -> bool {
        let is_kept = |member: usize| stands.get(member).is_some_and(|stand| stand.keep);
        let is_left = |member: usize| self.is_left_standing(declared.resource_at(member));
        let is_going = |member: usize| {
            let state = self.state_at(declared, member);
            let is_starting = state == ResourceState::OnlinePending;
            state.may_run() && !is_starting && !is_kept(member) && !is_left(member)
        };
        let graph = declared.graph();
        graph.clauses(position).all(|clause| {
            let (mut is_left_one, mut is_losing) = (false, false);
            for member in clause {
                if is_kept(member) && !is_left(member) {
                    return true;
                }
                is_left_one |= is_kept(member);
                is_losing |= is_going(member);
            }
            is_left_one && !is_losing
        })
    }

    /// Whether the whole group has to be off because its failovers are used up (2003).
    pub(crate) fn is_limited(&self, declared: &GroupSpec) -> bool {
        self.spec.settings().failover_limit == FailoverLimit::GroupOffline
            && declared.resources().any(|resource| {
                self.spec.resource(resource).is_some_and(|of| of.settings().affects_group())
                    && self.state.resource(resource).is_some_and(|record| {
                        matches!(
                            record.recovery,
                            Recovery::RetryAt {
                                cause: Exhaustion::Failovers | Exhaustion::Retries,
                                ..
                            }
                        )
                    })
            })
    }

    fn keeps(&self, position: usize) -> bool {
        self.caches.stands.get(position).is_some_and(|stand| stand.keep)
    }

    /// Whether something may start on a provider: it is online for good. Nothing new starts on what is
    /// left as it is.
    fn can_start_on(&self, declared: &GroupSpec, position: usize) -> bool {
        let is_left = self.is_left_standing(declared.resource_at(position));
        self.keeps(position) && (!is_left || seeded!(StartsOnLeft))
    }

    /// Whether a resource failed and may run, and is left as it is.
    fn is_left_standing(&self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| record.doubt == Doubt::Left)
    }

    fn should(&self, position: usize) -> bool {
        self.caches.stands.get(position).is_some_and(|stand| stand.should)
    }

    fn state_at(&self, declared: &GroupSpec, position: usize) -> ResourceState {
        self.state.resource_state(declared.resource_at(position))
    }

    /// Whether every dependent is off, or online for good through other providers.
    fn is_free_of_dependents(&self, declared: &GroupSpec, position: usize) -> bool {
        declared
            .graph()
            .dependents(position)
            .all(|dependent| !self.state_at(declared, dependent).may_run() || self.keeps(dependent))
    }

    fn stop_what_must_not_run(&mut self, declared: &GroupSpec) {
        for position in declared.graph().start_order().rev() {
            let is_leaving =
                self.state_at(declared, position) == ResourceState::Online && !self.keeps(position);
            let is_leaving = is_leaving
                || seeded!(StopOvertakesStart)
                    && self.state_at(declared, position) == ResourceState::OnlinePending
                    && !self.should(position);
            if is_leaving
                && (self.is_free_of_dependents(declared, position) || seeded!(ProviderStopsFirst))
            {
                let resource = declared.resource_at(position);
                // A health check has to make way; it changes nothing.
                if !seeded!(StopOvertakesStart) {
                    self.supersede(resource);
                }
                self.issue(resource, OperationKind::Stop);
            }
        }
    }

    fn start_what_should_run(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        let first =
            declared.graph().start_order().find(|position| self.is_ready(declared, *position));
        if first.is_none() || self.caches.orphans.first_of(group).is_some() {
            return;
        }
        if self.caches.running(group) == 0 {
            match self.gate(declared, group, owner) {
                Gate::Open => {}
                Gate::Refused(because_of) => {
                    self.refuse(declared, group, owner, because_of);
                    return;
                }
                Gate::NotOrdered | Gate::Delayed(_) | Gate::Behind(..) | Gate::NoRoom => return,
            }
        }
        for position in declared.graph().start_order() {
            if self.is_ready(declared, position) {
                self.issue(declared.resource_at(position), OperationKind::Start);
            }
        }
    }

    /// Whether a resource can start now: wanted, off, not waiting for a restart, its providers
    /// there, and what fell with it cleared away.
    fn is_ready(&self, declared: &GroupSpec, position: usize) -> bool {
        let resource = declared.resource_at(position);
        let Some(record) = self.state.resource(resource) else { return false };
        let is_off = match record.state {
            ResourceState::Offline | ResourceState::Failed => true,
            ResourceState::Initializing
            | ResourceState::OnlinePending
            | ResourceState::Online
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::InDoubt => false,
        };
        let graph = declared.graph();
        is_off
            && self.should(position)
            && record.recovery == Recovery::None
            && record.operation.is_none()
            // It may run already where nobody has said so.
            && self.silent_about(resource).is_none()
            && graph
                .clauses(position)
                .all(|mut clause| clause.any(|member| self.can_start_on(declared, member)))
            // Of alternative providers, those that are still starting are waited for.
            && graph
                .providers(position)
                .all(|member| {
                    self.state_at(declared, member) != ResourceState::OnlinePending
                        || seeded!(PendingProviderCounts)
                })
            && self.is_free_of_dependents(declared, position)
    }

    /// Fails what would have started first, because of a group of the same class on the node.
    fn refuse(&mut self, declared: &GroupSpec, group: GroupId, node: NodeId, because_of: GroupId) {
        self.emit(Event::AdmissionRefused { group, node, because_of });
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            // It had its turn.
            record.turn = Turn::Over;
        }
        for position in declared.graph().start_order() {
            if self.is_ready(declared, position) {
                let resource = declared.resource_at(position);
                self.step_resource(resource, ResourceEvent::StartRefused);
                self.give_up(resource, Exhaustion::Admission);
                if seeded!(RefusalRetriedAtOnce) {
                    self.forget_failure(resource);
                }
            }
        }
    }

    /// Acts on resources of which neither stop nor terminate confirmed that they are off.
    fn resolve_doubts(&mut self, declared: &GroupSpec, owner: NodeId) {
        for resource in declared.resources() {
            let record = self.state.resource(resource).filter(|record| record.is_in_doubt());
            let Some(record) = record else { continue };
            match record.doubt {
                Doubt::ToTerminate => {
                    if !self.is_relied_on(declared, resource) {
                        self.issue(resource, OperationKind::Terminate);
                    }
                    continue;
                }
                Doubt::Left => continue,
                Doubt::Open | Doubt::WasOnline => {}
            }
            match self.unconfirmed_stop(resource) {
                UnconfirmedStop::AssumeOff => {
                    // Another configuration may say so while a probe is in flight.
                    self.supersede(resource);
                    self.step_resource(resource, ResourceEvent::AssumedOff);
                }
                UnconfirmedStop::FenceNode => self.caches.touched.add_node(owner),
                UnconfirmedStop::BlockGroup => {}
            }
            if self.probe_at(resource).is_some_and(|at| at <= self.state.now) {
                self.issue(resource, OperationKind::Probe);
            }
        }
    }

    /// Terminates what has failed, as soon as nothing relies on it any more.
    ///
    /// A report may be a false alarm, and a disk that is taken from under a database destroys what
    /// a stop in good order would have kept. So dependents go first, for as long as they can still
    /// be stopped or terminated.
    fn terminate_what_failed(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            let is_waiting = self.state.resource(resource).is_some_and(|record| {
                record.state == ResourceState::Terminating && record.operation.is_none()
            });
            if is_waiting && !self.is_relied_on(declared, resource) {
                self.issue(resource, OperationKind::Terminate);
            }
        }
    }

    /// Whether something may run that holds through this resource only, and has not been given up:
    /// neither a stop nor a terminate of it is left to be tried.
    pub(crate) fn is_relied_on(&self, declared: &GroupSpec, resource: ResourceId) -> bool {
        let Some(position) = declared.position_of(resource) else { return false };
        let is_online = |member| self.state_at(declared, member) == ResourceState::Online;
        declared.graph().dependents(position).any(|dependent| {
            let clauses = declared.graph().clauses(dependent);
            self.is_in_the_way(declared.resource_at(dependent))
                && !clauses
                    .filter(|clause| clause.clone().any(|member| member == position))
                    .all(|mut clause| clause.any(|member| member != position && is_online(member)))
        })
    }

    /// Whether a resource may run and can still be stopped or terminated.
    fn is_in_the_way(&self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| match record.state {
            ResourceState::OnlinePending
            | ResourceState::Online
            | ResourceState::OfflinePending
            | ResourceState::Terminating => true,
            ResourceState::InDoubt => {
                record.doubt == Doubt::ToTerminate
                    || record.operation.is_some_and(|of| of.kind == OperationKind::Terminate)
            }
            ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed => false,
        })
    }

    pub(crate) fn unconfirmed_stop(&self, resource: ResourceId) -> UnconfirmedStop {
        unconfirmed_stop(&self.spec, resource)
    }

    /// Issues the health checks that are due.
    fn check_what_runs(&mut self, declared: &GroupSpec, group: GroupId) {
        if !self.is_checked(group) {
            return;
        }
        for resource in declared.resources() {
            if let Some((at, kind)) = self.next_check(resource)
                && at <= self.state.now
            {
                self.issue(resource, kind);
            }
        }
    }

    /// When the next health check of a resource is due, and which one.
    pub(crate) fn next_check(
        &self,
        resource: ResourceId,
    ) -> Option<(crate::time::Timestamp, OperationKind)> {
        let record = self.state.resource(resource)?;
        let settings = self.spec.resource(resource)?.settings();
        if record.state != ResourceState::Online
            || record.operation.is_some()
            || record.maintenance == Maintenance::On
        {
            return None;
        }
        let thorough = settings.is_alive_interval.span();
        let thorough =
            thorough.map(|span| (record.known_alive_at.after(span), OperationKind::CheckIsAlive));
        let cheap = settings
            .looks_alive_interval
            .span()
            .map(|span| (record.looked_alive_at.after(span), OperationKind::CheckLooksAlive));
        // The thorough one says all that the cheap one does.
        let is_first = |cheap: &(crate::time::Timestamp, OperationKind)| {
            thorough.is_none_or(|thorough| cheap.0 < thorough.0)
        };
        cheap.filter(is_first).or(thorough)
    }
}
