//! The nodes that a group stays away from.

use crate::cluster::view::Facts;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{MovementCause, NoRestartCause, Recovery};

impl Facts<'_> {
    /// Tells whether a group that changes its owner now leaves because it failed there. That is so
    /// if a resource or a failed start after a move is the cause. It is also so if there is another
    /// cause, but a resource that affects the group has failed and could not be recovered.
    pub(crate) fn leaves_for_failure(self, declared: &GroupSpec, cause: MovementCause) -> bool {
        match cause {
            MovementCause::ResourceFailure | MovementCause::Return => true,
            MovementCause::Start
            | MovementCause::NodeFailure
            | MovementCause::Operator
            | MovementCause::Drain
            | MovementCause::Failback
            | MovementCause::Configuration => declared.resources().any(|resource| {
                self.spec.resource(resource).is_some_and(|of| of.settings().affects_group())
                    && self.state.resource(resource).is_some_and(|record| is_lost(record.recovery))
            }),
        }
    }

    /// Tells whether the group of a resource is barred from its owner because of this resource.
    pub(crate) fn bars_owner(self, resource: ResourceId) -> bool {
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        let entry = group.and_then(|group| {
            let owner = self.state.owner(group)?;
            self.state.failed_on(group, owner)
        });
        entry.is_some_and(|entry| entry.for_good == Some(resource))
    }

    /// Tells whether a group does not return to a node by itself because it failed there in this
    /// life of the node, however long ago.
    pub(crate) fn stays_away_from(
        self,
        declared: &GroupSpec,
        group: GroupId,
        node: NodeId,
    ) -> bool {
        !declared.settings().failure_memory.is_zero()
            && self.state.failed_on(group, node).is_some()
            && !seeded!(ReturnsToFailed)
    }
}

/// Tells whether a resource that failed could not be recovered on its owner. A resource that failed
/// only now, and might have been restarted if its group stayed, does not count.
const fn is_lost(recovery: Recovery) -> bool {
    match recovery {
        Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => false,
        Recovery::RetryAt { cause, .. } => match cause {
            NoRestartCause::Failovers
            | NoRestartCause::NoCandidate
            | NoRestartCause::Retries
            | NoRestartCause::ForGood
            | NoRestartCause::Left => true,
            NoRestartCause::DontRestart
            | NoRestartCause::Restarts
            | NoRestartCause::Redundant
            | NoRestartCause::Admission => false,
        },
    }
}
