//! Starts resources that should run and stops those that must not.

use crate::cluster::settle::planner::Planner;
use crate::cluster::view::gate::Gate;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeState, ResourceEvent, ResourceState};
use crate::settings::{NoQuorum, UnconfirmedStop};
use crate::spec::GroupSpec;
use crate::state::{Doubt, NoRestartCause, OperationKind};

impl Planner<'_> {
    /// Issues what can be issued now for a group on its owner.
    pub(crate) fn reconcile(&mut self, declared: &GroupSpec, group: GroupId) {
        let Some(owner) = self.ledger.state().owner(group) else { return };
        if !self.ledger.state().node_state(owner).is_member() {
            return;
        }
        self.resolve_doubts(declared, owner);
        self.terminate_what_failed(declared);
        if !self.ledger.state().is_quorate()
            && self.ledger.spec().settings().no_quorum == NoQuorum::Freeze
        {
            return;
        }
        self.ledger.stand(declared, group, owner);
        self.stop_what_must_not_run(declared);
        if self.ledger.state().is_quorate()
            && self.ledger.state().node_state(owner) == NodeState::Up
        {
            self.start_what_should_run(declared, group, owner);
        }
        self.check_what_runs(declared, group);
        self.ledger.forget_stands();
    }

    fn stop_what_must_not_run(&mut self, declared: &GroupSpec) {
        for position in declared.graph().start_order().rev() {
            let is_leaving = self.view().state_at(declared, position) == ResourceState::Online
                && !self.view().keeps(declared, position);
            let is_leaving = is_leaving
                || seeded!(StopOvertakesStart)
                    && self.view().state_at(declared, position) == ResourceState::OnlinePending
                    && !self.view().should(position);
            if is_leaving
                && (self.view().is_free_of_dependents(declared, position)
                    || seeded!(ProviderStopsFirst))
            {
                let resource = declared.resource_at(position);
                // A health check makes way; it changes nothing.
                if !seeded!(StopOvertakesStart) {
                    self.ledger.supersede(resource);
                }
                self.ledger.issue(resource, OperationKind::Stop);
            }
        }
    }

    fn start_what_should_run(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        let first = declared
            .graph()
            .start_order()
            .find(|position| self.view().is_ready(declared, *position));
        if first.is_none() || self.ledger.index().orphans.first_of(group).is_some() {
            return;
        }
        if self.ledger.index().running(group) == 0 {
            match self.view().gate(declared, group, owner) {
                Gate::Open => {}
                Gate::Refused(because_of) => {
                    self.refuse(declared, group, owner, because_of);
                    return;
                }
                Gate::NotOrdered | Gate::Delayed(_) | Gate::Behind(..) | Gate::NoRoom => return,
            }
        }
        for position in declared.graph().start_order() {
            if self.view().is_ready(declared, position) {
                self.ledger.issue(declared.resource_at(position), OperationKind::Start);
            }
        }
    }

    /// Fails the resources that would have started first, because of a group of its class on the
    /// node.
    fn refuse(&mut self, declared: &GroupSpec, group: GroupId, node: NodeId, because_of: GroupId) {
        self.ledger.emit(Event::AdmissionRefused { group, node, because_of });
        self.ledger.end_turn(group);
        for position in declared.graph().start_order() {
            if self.view().is_ready(declared, position) {
                let resource = declared.resource_at(position);
                self.ledger.step_resource(resource, ResourceEvent::StartRefused);
                self.give_up(resource, NoRestartCause::Admission);
                if seeded!(RefusalRetriedAtOnce) {
                    self.ledger.forget_failure(resource);
                }
            }
        }
    }

    /// Acts on resources that neither a stop nor a terminate confirmed as off.
    fn resolve_doubts(&mut self, declared: &GroupSpec, owner: NodeId) {
        for resource in declared.resources() {
            let record =
                self.ledger.state().resource(resource).filter(|record| record.is_in_doubt());
            let Some(record) = record else { continue };
            match record.doubt {
                Doubt::ToTerminate => {
                    if !self.view().is_relied_on(declared, resource) {
                        self.ledger.issue(resource, OperationKind::Terminate);
                    }
                    continue;
                }
                Doubt::Left => continue,
                Doubt::Open | Doubt::WasOnline => {}
            }
            match self.view().unconfirmed_stop(resource) {
                UnconfirmedStop::AssumeOff => {
                    // Another configuration may set this while a probe is in flight.
                    self.ledger.supersede(resource);
                    self.ledger.step_resource(resource, ResourceEvent::AssumedOff);
                }
                UnconfirmedStop::FenceNode => self.ledger.touch_node(owner),
                UnconfirmedStop::BlockGroup => {}
            }
            if self.view().probe_at(resource).is_some_and(|at| at <= self.ledger.state().now) {
                self.ledger.issue(resource, OperationKind::Probe);
            }
        }
    }

    /// Terminates failed resources, as soon as nothing relies on them any more.
    ///
    /// A report may be a false alarm, and to take a disk from under a database destroys data that a
    /// stop in good order would have kept. So dependents go first, as long as they can still be
    /// stopped or terminated.
    fn terminate_what_failed(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            let is_waiting = self.ledger.state().resource(resource).is_some_and(|record| {
                record.state == ResourceState::Terminating && record.operation.is_none()
            });
            if is_waiting && !self.view().is_relied_on(declared, resource) {
                self.ledger.issue(resource, OperationKind::Terminate);
            }
        }
    }

    /// Issues the health checks that are due.
    fn check_what_runs(&mut self, declared: &GroupSpec, group: GroupId) {
        if !self.view().is_checked(group) {
            return;
        }
        for resource in declared.resources() {
            if let Some((at, kind)) = self.view().next_check(resource)
                && at <= self.ledger.state().now
            {
                self.ledger.issue(resource, kind);
            }
        }
    }
}
