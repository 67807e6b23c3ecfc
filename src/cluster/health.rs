//! What agents say of running resources.

use super::Cluster;
use crate::id::ResourceId;
use crate::machine::{ResourceEvent, ResourceState};

impl Cluster {
    /// A resource failed: an agent says so, or the thorough check does. Ignored in maintenance
    /// while it is online. What dies while it starts has not started, whatever is still said of
    /// the start.
    pub(crate) fn report_failure(&mut self, resource: ResourceId) {
        match self.state.resource_state(resource) {
            ResourceState::Online if self.heeds_checks(resource) => {
                self.fail(resource, ResourceEvent::FailureReported);
            }
            ResourceState::Online => {
                self.note_alive(resource);
                self.schedule_resource(resource);
            }
            ResourceState::OnlinePending => self.fail(resource, ResourceEvent::FailureReported),
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed
            | ResourceState::InDoubt => {}
        }
    }

    /// An agent says that a resource is alive: both checks are due that much later.
    pub(crate) fn report_alive(&mut self, resource: ResourceId) {
        if self.heeds_checks(resource) {
            self.note_alive(resource);
            self.schedule_resource(resource);
        }
    }

    /// The thorough check, or better, found it alive.
    pub(crate) fn note_alive(&mut self, resource: ResourceId) {
        let now = self.state.now;
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.looked_alive_at = now;
            record.known_alive_at = now;
        }
    }

    /// The cheap check found it alive.
    pub(crate) fn note_looks_alive(&mut self, resource: ResourceId) {
        let now = self.state.now;
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.looked_alive_at = now;
        }
        self.schedule_resource(resource);
    }
}
