//! Indexes over orphans, so that a question about one orphan does not take a look at the others.

use alloc::collections::BTreeSet;

use crate::id::{GroupId, NodeId, ResourceId};
use crate::settings::UnconfirmedStop;
use crate::spec::{ClusterSpec, ResourceSpec};
use crate::state::{ClusterState, Orphan, OrphanState};
use crate::time::Timestamp;

/// The orphans of a cluster by the questions about them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct OrphanIndex {
    by_group: BTreeSet<(GroupId, NodeId, ResourceId)>,
    deadlines: BTreeSet<(NodeId, Timestamp, ResourceId)>,
    /// Orphans in doubt whose declaration then asks for a fence.
    fatal: BTreeSet<(NodeId, ResourceId)>,
}

/// Returns the next deadline of an orphan, which counts if its node is a member.
pub(crate) fn orphan_deadline(
    spec: &ClusterSpec,
    resource: ResourceId,
    orphan: &Orphan,
) -> Option<Timestamp> {
    if let Some(operation) = orphan.operation {
        return Some(operation.deadline_of(spec.resource(resource)?.settings()));
    }
    match orphan.state {
        OrphanState::InDoubt(since) => {
            spec.settings().probe_interval.span().map(|span| since.after(span))
        }
        OrphanState::Running
        | OrphanState::Unsettled
        | OrphanState::Stopping
        | OrphanState::Terminating => None,
    }
}

impl OrphanIndex {
    /// Builds the index over the orphans of a state.
    pub(crate) fn of(spec: &ClusterSpec, state: &ClusterState) -> Self {
        let mut index = Self::default();
        for (node, resource, orphan) in state.orphans() {
            index.enter(spec, node, resource, orphan);
        }
        index
    }

    /// Adds an orphan.
    pub(crate) fn enter(
        &mut self,
        spec: &ClusterSpec,
        node: NodeId,
        resource: ResourceId,
        orphan: &Orphan,
    ) {
        if let Some(group) = spec.resource(resource).map(ResourceSpec::group) {
            self.by_group.insert((group, node, resource));
        }
        if let Some(at) = orphan_deadline(spec, resource, orphan) {
            self.deadlines.insert((node, at, resource));
        }
        if is_fatal(spec, resource, orphan) {
            self.fatal.insert((node, resource));
        }
    }

    /// Removes an orphan, which has to be given as it was added.
    pub(crate) fn leave(
        &mut self,
        spec: &ClusterSpec,
        node: NodeId,
        resource: ResourceId,
        orphan: &Orphan,
    ) {
        if let Some(group) = spec.resource(resource).map(ResourceSpec::group) {
            self.by_group.remove(&(group, node, resource));
        }
        if let Some(at) = orphan_deadline(spec, resource, orphan) {
            self.deadlines.remove(&(node, at, resource));
        }
        self.fatal.remove(&(node, resource));
    }

    /// Returns the first orphan of a group, by node and then by resource.
    pub(crate) fn first_of(&self, group: GroupId) -> Option<(NodeId, ResourceId)> {
        let (node, resource) = (NodeId::new(0), ResourceId::new(0));
        let mut rest = self.by_group.range((group, node, resource)..);
        let (of, node, resource) = rest.next()?;
        (*of == group).then_some((*node, *resource))
    }

    /// Returns the orphans of a group, by node and then by resource.
    pub(crate) fn of_group(
        &self,
        group: GroupId,
    ) -> impl Iterator<Item = (NodeId, ResourceId)> + '_ {
        let first = (group, NodeId::new(0), ResourceId::new(0));
        let last = (group, NodeId::new(u32::MAX), ResourceId::new(u32::MAX));
        self.by_group.range(first..=last).map(|(_, node, resource)| (*node, *resource))
    }

    /// Returns the earliest deadline among the orphans on a node, and its orphan.
    pub(crate) fn first_deadline(&self, node: NodeId) -> Option<(Timestamp, ResourceId)> {
        let mut rest = self.deadlines.range((node, Timestamp::ZERO, ResourceId::new(0))..);
        let (on, at, resource) = rest.next()?;
        (*on == node).then_some((*at, *resource))
    }

    /// Returns the orphans on a node whose deadline has come.
    pub(crate) fn due(&self, node: NodeId, now: Timestamp) -> impl Iterator<Item = ResourceId> {
        let first = (node, Timestamp::ZERO, ResourceId::new(0));
        let last = (node, now, ResourceId::new(u32::MAX));
        self.deadlines.range(first..=last).map(|(_, _, resource)| *resource)
    }

    /// Tells whether an orphan on this node is in doubt and its declaration then asks for a fence.
    pub(crate) fn is_fatal_to(&self, node: NodeId) -> bool {
        is_any_on(&self.fatal, node)
    }
}

/// Tells whether the set contains a resource on this node.
pub(crate) fn is_any_on(set: &BTreeSet<(NodeId, ResourceId)>, node: NodeId) -> bool {
    set.range((node, ResourceId::new(0))..).next().is_some_and(|(on, _)| *on == node)
}

fn is_fatal(spec: &ClusterSpec, resource: ResourceId, orphan: &Orphan) -> bool {
    let is_in_doubt = match orphan.state {
        OrphanState::InDoubt(_) => true,
        OrphanState::Running
        | OrphanState::Unsettled
        | OrphanState::Stopping
        | OrphanState::Terminating => false,
    };
    is_in_doubt && unconfirmed_stop(spec, resource) == UnconfirmedStop::FenceNode
}

/// Returns the setting of a resource for stops that are not confirmed.
pub(crate) fn unconfirmed_stop(spec: &ClusterSpec, resource: ResourceId) -> UnconfirmedStop {
    spec.resource(resource).map_or(UnconfirmedStop::BlockGroup, |of| of.settings().unconfirmed_stop)
}
