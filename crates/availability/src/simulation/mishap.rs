//! Failures beside those of single nodes: failures of resources and outages of the site.

use super::{Alarm, Cause, Simulation};
use quorate::settings::RestartAction;
use quorate::{GroupId, Input, NodeId, ResourceId};
use quorate_testkit::Breach;

impl Simulation {
    /// Sets the alarms for the first failure of each group's resources and for the first site
    /// outage.
    pub(super) fn plan_mishaps(&mut self) {
        for index in 0..self.services.len() {
            self.plan_resource_failure(GroupId::from_index(index));
        }
        self.plan_site_outage(0);
    }

    fn plan_resource_failure(&mut self, group: GroupId) {
        let is_measured = self.services.get(group.index()).is_some_and(|of| of.book.is_some());
        if let Some(mean) = self.means.between_resource_failures.filter(|_| is_measured) {
            let span = self.draw.exponential(mean);
            self.set_alarm(Alarm::Resource(group), self.now.saturating_add(span));
        }
    }

    fn plan_site_outage(&mut self, from: u64) {
        if let Some(mean) = self.means.between_site_outages {
            let span = self.draw.exponential(mean);
            self.set_alarm(Alarm::Site, from.saturating_add(span));
        }
    }

    /// Lets a resource of a group die, if all of the group runs. Each resource that may be
    /// restarted is equally likely.
    pub(super) fn fail_resource(&mut self, group: GroupId) -> Result<(), Breach> {
        self.plan_resource_failure(group);
        let is_serving = self.services.get(group.index()).is_some_and(|of| of.is_serving());
        let Some(node) = self.truth.active_on(group).filter(|_| is_serving) else { return Ok(()) };
        let Some(resource) = self.choose_resource(group) else { return Ok(()) };
        let span = self.span(self.means.restart);
        let end = self.now.saturating_add(span);
        self.go_down(group, Cause::Restart);
        if let Some(service) = self.service(group) {
            service.end_at(end);
        }
        let incarnation = self.truth.fail(resource, node);
        self.feed(Input::resource_failed(resource, node, incarnation).into())
    }

    fn choose_resource(&mut self, group: GroupId) -> Option<ResourceId> {
        let spec = self.cluster.spec();
        let declared = spec.group(group)?;
        let restarts = |resource: &ResourceId| {
            self.truth.is_wanted(*resource)
                && spec
                    .resource(*resource)
                    .is_some_and(|of| of.settings().restart_action != RestartAction::DontRestart)
        };
        let count = declared.resources().filter(restarts).count();
        let chosen = self.draw.below(count);
        declared.resources().filter(restarts).nth(chosen)
    }

    /// Takes all nodes down for a shared reason. A drain that is under way ends first, because
    /// otherwise what it has begun would never be finished.
    pub(super) fn lose_site(&mut self) {
        const MINUTE: u64 = 60_000;
        if self.is_draining() {
            self.set_alarm(Alarm::Site, self.now.saturating_add(MINUTE));
            return;
        }
        let span = self.span(self.means.site_outage);
        let end = self.now.saturating_add(span);
        for index in 0..self.machines.len() {
            self.lose_with_site(NodeId::from_index(index), end);
        }
        self.plan_site_outage(end);
    }
}
