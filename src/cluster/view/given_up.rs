//! Resources and groups that were given up because no attempts are left.

use alloc::vec::Vec;

use crate::cluster::view::Facts;
use crate::id::{GroupId, ResourceId};
use crate::state::{NoRestartCause, Recovery};

/// The resources and groups that are given up under one configuration, by the ids of that
/// configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct GivenUp {
    /// Resources without a restart left.
    pub(crate) restarts: Vec<ResourceId>,
    /// Resources that are never restarted.
    pub(crate) never: Vec<ResourceId>,
    /// Groups without a failover left.
    pub(crate) failovers: Vec<GroupId>,
}

impl GivenUp {
    /// Translates the ids into those of another configuration. Resources and groups that are not in
    /// it are left out.
    pub(crate) fn mapped(
        self,
        group: impl Fn(GroupId) -> Option<GroupId>,
        resource: impl Fn(ResourceId) -> Option<ResourceId>,
    ) -> Self {
        Self {
            restarts: self.restarts.into_iter().filter_map(&resource).collect(),
            never: self.never.into_iter().filter_map(&resource).collect(),
            failovers: self.failovers.into_iter().filter_map(group).collect(),
        }
    }
}

impl Facts<'_> {
    /// Returns the resources and groups that are given up because a budget is used up. If time has
    /// passed and the budget allows attempts again, they are left out: they wait for their retry as
    /// before.
    pub(crate) fn given_up(self) -> GivenUp {
        let mut given_up = GivenUp::default();
        for (group, declared) in self.spec.groups() {
            let mut has_failed = false;
            for resource in declared.resources() {
                let Some(cause) = self.exhaustion(resource) else { continue };
                has_failed = true;
                if cause == NoRestartCause::DontRestart {
                    given_up.never.push(resource);
                } else if self.restarts_of(resource) == 0 {
                    given_up.restarts.push(resource);
                }
            }
            let budget = self.failover_budget(group, self.state.now);
            if has_failed && budget.is_some_and(|budget| budget.remaining == 0) {
                given_up.failovers.push(group);
            }
        }
        given_up
    }

    /// Returns the reason why a resource was given up.
    pub(crate) fn exhaustion(self, resource: ResourceId) -> Option<NoRestartCause> {
        match self.state.resource(resource)?.recovery {
            // A resource that is left failed for an operator waits for no budget.
            Recovery::RetryAt {
                cause: NoRestartCause::Admission | NoRestartCause::ForGood | NoRestartCause::Left,
                ..
            } => None,
            Recovery::RetryAt { cause, .. } => Some(cause),
            Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => None,
        }
    }

    fn restarts_of(self, resource: ResourceId) -> u32 {
        let declared = self.spec.resource(resource);
        declared.map_or(0, |declared| {
            let allowed = self.allowed_after_failure(resource, declared.settings());
            self.restarts_left(resource, allowed)
        })
    }
}
