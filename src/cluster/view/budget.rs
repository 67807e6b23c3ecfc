//! Restarts and failovers that budgets still allow.

use super::Facts;
use crate::id::{GroupId, ResourceId};
use crate::machine::Budget;
use crate::time::Timestamp;

impl Facts<'_> {
    /// Returns the budget for restarts of a resource on its owner, as of `now`. It has the
    /// threshold for starts if the last start failed, and the threshold for restarts otherwise.
    pub(crate) fn restart_budget(self, resource: ResourceId, now: Timestamp) -> Option<Budget> {
        let settings = self.spec.resource(resource)?.settings();
        let record = self.state.resource(resource)?;
        Some(record.restart_budget(
            self.spec.settings().restart_window,
            now.max(self.state.now),
            (record.failed_while.threshold(settings), settings.restart_period),
        ))
    }

    /// Returns the budget for failovers of a group that its resources cause, as of `now`.
    pub(crate) fn failover_budget(self, group: GroupId, now: Timestamp) -> Option<Budget> {
        let settings = self.spec.group(group)?.settings();
        let record = self.state.group(group)?;
        let others = self.index.membership.up.saturating_sub(1);
        let threshold = settings.failover_threshold.unwrap_or(others);
        let threshold = threshold.saturating_add(u32::from(seeded!(OneFailoverMore)));
        Some(record.failovers.budget(now.max(self.state.now), threshold, settings.failover_period))
    }
}
