//! The resources of a group that should run, that may stay online and that may start now.

use alloc::vec::Vec;

use crate::cluster::index::Judged;
use crate::cluster::index::orphans::unconfirmed_stop;
use crate::cluster::view::Facts;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::ResourceState;
use crate::settings::{DesiredState, FailoverLimit, Maintenance, UnconfirmedStop};
use crate::spec::GroupSpec;
use crate::state::{Doubt, NoRestartCause, OperationKind, Recovery};
use crate::time::Timestamp;

impl Facts<'_> {
    /// Decides for every resource of the group, providers first, whether it should be online on
    /// this owner and whether it may stay online.
    pub(crate) fn judge_stands(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
        stands: &mut Vec<crate::cluster::index::Stand>,
    ) {
        let graph = declared.graph();
        let is_open = (self.state.is_quorate() || seeded!(QuorumLossIgnored))
            && !self.is_moving(group)
            && !self.is_limited(declared);
        stands.clear();
        stands.resize(graph.len(), crate::cluster::index::Stand::default());
        for position in graph.start_order() {
            let resource = declared.resource_at(position);
            // This is true only with a planted bug.
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
            let holds = |test: fn(crate::cluster::index::Stand) -> bool| {
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
                *stand = crate::cluster::index::Stand { should, keep };
            }
        }
    }

    /// Tells whether every clause of a resource is held by a provider that is kept. A provider that
    /// is left failed is enough for a resource that was online. It is not enough while another
    /// provider of the clause is being stopped, because the resource may depend on that one.
    fn keeps_its_providers(
        self,
        declared: &GroupSpec,
        position: usize,
        stands: &[crate::cluster::index::Stand],
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

    /// Tells whether the whole group has to be off because its failovers are used up (2003).
    pub(crate) fn is_limited(self, declared: &GroupSpec) -> bool {
        self.spec.settings().failover_limit == FailoverLimit::GroupOffline
            && declared.resources().any(|resource| {
                self.spec.resource(resource).is_some_and(|of| of.settings().affects_group())
                    && self.state.resource(resource).is_some_and(|record| {
                        matches!(
                            record.recovery,
                            Recovery::RetryAt {
                                cause: NoRestartCause::Failovers | NoRestartCause::Retries,
                                ..
                            }
                        )
                    })
            })
    }

    /// Tells whether a resource is online and may stay so.
    pub(crate) fn keeps(self, declared: &GroupSpec, position: usize) -> bool {
        match self.index.judged {
            Judged::Each => self.index.stands.get(position).is_some_and(|stand| stand.keep),
            Judged::Calm => self.state_at(declared, position) == ResourceState::Online,
        }
    }

    /// Tells whether a resource may start on this provider, which has to be kept online. Nothing
    /// new starts on a provider that is left failed.
    fn can_start_on(self, declared: &GroupSpec, position: usize) -> bool {
        let is_left = self.is_left_standing(declared.resource_at(position));
        self.keeps(declared, position) && (!is_left || seeded!(StartsOnLeft))
    }

    /// Tells whether a resource failed, may run and is left failed for an operator.
    fn is_left_standing(self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| record.doubt == Doubt::Left)
    }

    /// Tells whether a resource should be online.
    pub(crate) fn should(self, position: usize) -> bool {
        match self.index.judged {
            Judged::Each => self.index.stands.get(position).is_some_and(|stand| stand.should),
            Judged::Calm => true,
        }
    }

    /// Returns the state of the resource at a position in its group.
    pub(crate) fn state_at(self, declared: &GroupSpec, position: usize) -> ResourceState {
        self.state.resource_state(declared.resource_at(position))
    }

    /// Tells whether every dependent is off, or is kept online by other providers.
    pub(crate) fn is_free_of_dependents(self, declared: &GroupSpec, position: usize) -> bool {
        declared.graph().dependents(position).all(|dependent| {
            !self.state_at(declared, dependent).may_run() || self.keeps(declared, dependent)
        })
    }

    /// Tells whether a resource can start now. It has to be wanted, off and waiting for no restart,
    /// its providers have to be online, and dependents that cannot stay have to be off.
    pub(crate) fn is_ready(self, declared: &GroupSpec, position: usize) -> bool {
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
            // A node that has not said so may run it already.
            && self.silent_about(resource).is_none()
            && graph
                .clauses(position)
                .all(|mut clause| clause.any(|member| self.can_start_on(declared, member)))
            // If an alternative provider is still starting, the start waits for it.
            && graph
                .providers(position)
                .all(|member| {
                    self.state_at(declared, member) != ResourceState::OnlinePending
                        || seeded!(PendingProviderCounts)
                })
            && self.is_free_of_dependents(declared, position)
    }

    /// Tells whether a dependent may run that holds only through this resource and can still be
    /// stopped or terminated.
    pub(crate) fn is_relied_on(self, declared: &GroupSpec, resource: ResourceId) -> bool {
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

    /// Tells whether a resource may run and can still be stopped or terminated.
    fn is_in_the_way(self, resource: ResourceId) -> bool {
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

    /// Returns what is declared for a stop of this resource that is not confirmed.
    pub(crate) fn unconfirmed_stop(self, resource: ResourceId) -> UnconfirmedStop {
        unconfirmed_stop(self.spec, resource)
    }

    /// Returns the time and the kind of the next health check of a resource.
    pub(crate) fn next_check(self, resource: ResourceId) -> Option<(Timestamp, OperationKind)> {
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
        // The thorough check includes the cheap one.
        let is_first = |cheap: &(Timestamp, OperationKind)| {
            thorough.is_none_or(|thorough| cheap.0 < thorough.0)
        };
        cheap.filter(is_first).or(thorough)
    }
}
