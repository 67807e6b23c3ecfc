//! The state by names, as much of it as a page for operators needs.

use quorate::machine::{GroupState, NodeState, ResourceState};
use quorate::state::{DrainStatus, Pause};
use quorate::{Cluster, GroupId, Incarnation, NodeId, OpId, ResourceId, Timestamp};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct StateView {
    now: Timestamp,
    quorate: bool,
    nodes: Vec<NodeView>,
    groups: Vec<GroupView>,
    /// The operations that are not answered yet, in words.
    outstanding: Vec<String>,
}

#[derive(Serialize)]
struct NodeView {
    name: String,
    state: NodeState,
    incarnation: Incarnation,
    paused: bool,
    drain: DrainStatus,
}

#[derive(Serialize)]
struct GroupView {
    name: String,
    state: GroupState,
    owner: Option<String>,
    moving_to: Option<String>,
    why: Option<String>,
    resources: Vec<ResourceView>,
}

#[derive(Serialize)]
struct ResourceView {
    name: String,
    state: ResourceState,
    operation: Option<OpId>,
}

impl StateView {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let (spec, state) = (cluster.spec(), cluster.state());
        Self {
            now: state.now(),
            quorate: state.is_quorate(),
            nodes: spec.nodes().filter_map(|(id, _)| NodeView::of(cluster, id)).collect(),
            groups: spec.groups().filter_map(|(id, _)| GroupView::of(cluster, id)).collect(),
            outstanding: cluster.outstanding().map(|of| spec.named(of).to_string()).collect(),
        }
    }
}

impl NodeView {
    fn of(cluster: &Cluster, node: NodeId) -> Option<Self> {
        let record = cluster.state().node(node)?;
        Some(Self {
            name: name_of(cluster, Some(node))?,
            state: record.state(),
            incarnation: record.incarnation(),
            paused: record.pause() == Pause::Requested,
            drain: record.drain().status,
        })
    }
}

impl GroupView {
    fn of(cluster: &Cluster, group: GroupId) -> Option<Self> {
        let spec = cluster.spec();
        let declared = spec.group(group)?;
        let record = cluster.state().group(group)?;
        Some(Self {
            name: declared.name().into(),
            state: cluster.group_state(group),
            owner: name_of(cluster, record.owner()),
            moving_to: name_of(cluster, record.movement().and_then(|movement| movement.to)),
            why: cluster.why(group).map(|reason| spec.named(reason).to_string()),
            resources: declared
                .resources()
                .filter_map(|id| ResourceView::of(cluster, id))
                .collect(),
        })
    }
}

impl ResourceView {
    fn of(cluster: &Cluster, resource: ResourceId) -> Option<Self> {
        let record = cluster.state().resource(resource)?;
        Some(Self {
            name: cluster.spec().resource(resource)?.name().into(),
            state: record.state(),
            operation: record.operation().map(|operation| operation.id),
        })
    }
}

fn name_of(cluster: &Cluster, node: Option<NodeId>) -> Option<String> {
    Some(cluster.spec().node(node?)?.name().into())
}
