//! What was given up for want of restarts or failovers goes on when another configuration allows
//! more of them.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Cluster;
use crate::id::{GroupId, ResourceId};
use crate::settings::RestartAction;
use crate::spec::GroupSpec;
use crate::state::{Exhaustion, Recovery};

/// What is given up under one configuration, by the ids of that one.
#[derive(Clone, Debug, Default)]
pub(crate) struct GivenUp {
    /// Resources without a restart left.
    restarts: Vec<ResourceId>,
    /// Resources that are never restarted.
    never: Vec<ResourceId>,
    /// Groups without a failover left.
    failovers: Vec<GroupId>,
}

impl GivenUp {
    /// The same by the ids of another configuration; what is not part of that is left out.
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

impl Cluster {
    /// What is given up for want of a budget. What may be used again by now, because time has passed,
    /// is not: it waits for its retry as before.
    pub(crate) fn given_up(&self) -> GivenUp {
        let mut given_up = GivenUp::default();
        for (group, declared) in self.spec.groups() {
            let mut has_failed = false;
            for resource in declared.resources() {
                let Some(cause) = self.exhaustion(resource) else { continue };
                has_failed = true;
                if cause == Exhaustion::DontRestart {
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

    /// Goes on with what was given up under the configuration before, and need not be under this one.
    pub(crate) fn go_on_where_raised(&mut self, given_up: GivenUp) {
        if seeded!(RaisedBudgetIgnored) {
            return;
        }
        let spec = Arc::clone(&self.spec);
        for resource in given_up.restarts {
            // In another group it starts anew.
            if self.exhaustion(resource).is_none() {
                continue;
            }
            let settings = spec.resource(resource).map(crate::spec::ResourceSpec::settings);
            if let Some(settings) = settings
                && settings.restart_action != RestartAction::DontRestart
                && !self.is_on_paused_node(resource)
                && !self.bars_owner(resource)
                && self.restart(resource, self.allowed_after_failure(resource, settings))
            {
                self.touch_resource(resource);
            }
        }
        for resource in given_up.never {
            if self.exhaustion(resource).is_none() {
                continue;
            }
            let Some(declared) = spec.resource(resource) else { continue };
            let Some(group) = spec.group(declared.group()) else { continue };
            if declared.settings().restart_action != RestartAction::DontRestart {
                let allowed = self.allowed_after_failure(resource, declared.settings());
                self.recover_by_action(group, resource, allowed);
            }
        }
        for group in given_up.failovers {
            let budget = self.failover_budget(group, self.state.now);
            if budget.is_none_or(|budget| budget.remaining == 0) {
                continue;
            }
            for resource in spec.group(group).into_iter().flat_map(GroupSpec::resources) {
                if self.exhaustion(resource) == Some(Exhaustion::Failovers) {
                    self.set_recovery(resource, Recovery::Failover);
                }
            }
        }
    }

    /// Why a resource was given up.
    fn exhaustion(&self, resource: ResourceId) -> Option<Exhaustion> {
        match self.state.resource(resource)?.recovery {
            // What is left for an operator waits for no budget.
            Recovery::RetryAt {
                cause: Exhaustion::Admission | Exhaustion::ForGood | Exhaustion::Left,
                ..
            } => None,
            Recovery::RetryAt { cause, .. } => Some(cause),
            Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => None,
        }
    }

    fn restarts_of(&self, resource: ResourceId) -> u32 {
        let declared = self.spec.resource(resource);
        declared.map_or(0, |declared| {
            let allowed = self.allowed_after_failure(resource, declared.settings());
            self.restarts_left(resource, allowed)
        })
    }
}
