//! On which nodes a group failed: noted when it leaves them for that, and forgotten.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Cluster;
use super::output::Event;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{Exhaustion, FailedNode, MovementCause, Recovery};

impl Cluster {
    /// Whether a group that changes its owner now leaves because it failed there: a resource is the
    /// cause, or the first start after a move; or it is taken away for another cause while a resource
    /// that affects it has failed and found no way out.
    pub(crate) fn leaves_for_failure(&self, declared: &GroupSpec, cause: MovementCause) -> bool {
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

    /// Notes that a group failed on its owner, unless it remembers nothing. On a node that is off it
    /// did not: the node failed, and its next life is another one.
    pub(crate) fn note_failed_owner(&mut self, declared: &GroupSpec, group: GroupId) {
        if declared.settings().failure_memory.is_zero() {
            return;
        }
        let now = self.state.now;
        let Some(node) = self.state.owner(group) else { return };
        let Some(known) = self.state.node(node).filter(|known| known.state.is_member()) else {
            return;
        };
        let entry = FailedNode { node, incarnation: known.incarnation, at: now, for_good: None };
        let nodes = &self.state.nodes;
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        record.failed_on.note(entry);
        // What is about an earlier life counts no more.
        record.failed_on.retain(|entry| {
            nodes.get(entry.node.index()).is_some_and(|node| node.incarnation == entry.incarnation)
        });
    }

    /// An operator has it forgotten that a group failed on a node.
    pub(crate) fn forget_failed_node(&mut self, group: GroupId, node: NodeId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.forget(node);
        }
        if self.state.owner(group) == Some(node) {
            self.free_resources(group);
        }
        self.touch(group);
    }

    /// An operator has it forgotten that a resource can never run on some nodes.
    pub(crate) fn free_nodes(&mut self, group: GroupId, resource: ResourceId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.free(resource);
        }
        self.touch(group);
    }

    /// What could never run in the last life of a node is tried in the next one.
    pub(crate) fn free_in_new_life(&mut self, node: NodeId) {
        let groups: Vec<GroupId> = self
            .state
            .occupancy
            .groups_on(node)
            .filter(|group| self.state.owner(*group) == Some(node))
            .collect();
        for group in groups {
            self.free_resources(group);
        }
    }

    /// What was said to be unable to run on the owner of a group is free to start there.
    fn free_resources(&mut self, group: GroupId) {
        let spec = Arc::clone(&self.spec);
        for resource in spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            let is_unfit = self.state.resource(resource).is_some_and(|record| {
                matches!(record.recovery, Recovery::RetryAt { cause: Exhaustion::ForGood, .. })
            });
            if is_unfit {
                self.set_recovery(resource, Recovery::None);
            }
        }
    }

    /// Bars the owner of a group: one of its resources can never run there.
    pub(crate) fn bar_owner(&mut self, group: GroupId, resource: ResourceId) {
        let now = self.state.now;
        let Some(node) = self.state.owner(group) else { return };
        let Some(incarnation) = self.state.node(node).map(|known| known.incarnation) else {
            return;
        };
        let entry = FailedNode { node, incarnation, at: now, for_good: Some(resource) };
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failed_on.note(entry);
        }
        self.emit(Event::NodeBarred { group, node, resource });
    }

    /// Whether a resource is why the owner of its group is barred.
    pub(crate) fn bars_owner(&self, resource: ResourceId) -> bool {
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        let entry = group.and_then(|group| {
            let owner = self.state.owner(group)?;
            self.state.failed_on(group, owner)
        });
        entry.is_some_and(|entry| entry.for_good == Some(resource))
    }

    /// Whether a group does not return to a node by itself because it failed there in this life of
    /// the node, however long ago.
    pub(crate) fn stays_away_from(
        &self,
        declared: &GroupSpec,
        group: GroupId,
        node: NodeId,
    ) -> bool {
        !declared.settings().failure_memory.is_zero()
            && self.state.failed_on(group, node).is_some()
            && !seeded!(ReturnsToFailed)
    }
}

/// Whether a resource wanted its group to leave, and could not be helped where it is. One that has
/// failed only now, and might have been restarted but for what takes its group away, is not lost.
const fn is_lost(recovery: Recovery) -> bool {
    match recovery {
        Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => false,
        Recovery::RetryAt { cause, .. } => match cause {
            Exhaustion::Failovers
            | Exhaustion::NoCandidate
            | Exhaustion::Retries
            | Exhaustion::ForGood
            | Exhaustion::Left => true,
            Exhaustion::DontRestart
            | Exhaustion::Restarts
            | Exhaustion::Redundant
            | Exhaustion::Admission => false,
        },
    }
}
