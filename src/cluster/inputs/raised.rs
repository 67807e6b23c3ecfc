//! Goes on with resources that were given up, where a configuration allows more attempts.

use crate::cluster::settle::planner::Planner;
use crate::cluster::view::given_up::GivenUp;
use crate::settings::RestartAction;

impl Planner<'_> {
    /// Goes on with resources that were given up under the configuration before and need not be
    /// under this one.
    pub(crate) fn go_on_where_raised(&mut self, given_up: GivenUp) {
        if seeded!(RaisedBudgetIgnored) {
            return;
        }
        let spec = self.ledger.spec();
        for resource in given_up.restarts {
            // In another group the resource starts anew, and a retry that is due gives it all its
            // restarts.
            let retry = self.view().next_retry(resource);
            if self.view().exhaustion(resource).is_none()
                || retry.is_some_and(|at| at <= self.ledger.state().now)
            {
                continue;
            }
            let settings = spec.resource(resource).map(crate::spec::ResourceSpec::settings);
            if let Some(settings) = settings
                && settings.restart_action != RestartAction::DontRestart
                && !self.view().is_on_paused_node(resource)
                && !self.view().bars_owner(resource)
                && self.restart(resource, self.view().allowed_after_failure(resource, settings))
            {
                self.ledger.touch_resource(resource);
            }
        }
        for resource in given_up.never {
            if self.view().exhaustion(resource).is_none() {
                continue;
            }
            let Some(declared) = spec.resource(resource) else { continue };
            let Some(group) = spec.group(declared.group()) else { continue };
            if declared.settings().restart_action != RestartAction::DontRestart {
                let allowed = self.view().allowed_after_failure(resource, declared.settings());
                self.recover_by_action(group, resource, allowed);
            }
        }
        for group in given_up.failovers {
            let budget = self.view().failover_budget(group, self.ledger.state().now);
            if budget.is_none_or(|budget| budget.remaining == 0) {
                continue;
            }
            if let Some(declared) = spec.group(group) {
                self.fail_over_what_waits(declared);
            }
        }
    }
}
