//! The state as names and plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate::machine::{Budget, GroupState, NodeState, ResourceState};
use quorate::settings::{DesiredState, Maintenance};
use quorate::state::{
    DrainMode, DrainStatus, Lock, Operation, OrphanState, Pause, Recovery, WitnessState,
};
use quorate::{Cluster, Epoch, GroupId, Incarnation, NodeId, ResourceId, Timestamp};
use serde::Serialize;

use super::query::ReasonView;

/// Everything that a driver may want to look at.
#[derive(Serialize)]
pub(crate) struct StateView {
    now: Timestamp,
    configuration: u64,
    quorate: bool,
    witness: WitnessState,
    nodes: Vec<NodeView>,
    groups: Vec<GroupView>,
    resources: Vec<ResourceView>,
    orphans: Vec<OrphanView>,
}

#[derive(Serialize)]
struct NodeView {
    name: String,
    state: NodeState,
    since: Timestamp,
    incarnation: Incarnation,
    paused: bool,
    drain: DrainView,
    attributes: BTreeMap<String, i64>,
}

#[derive(Serialize)]
struct DrainView {
    status: DrainStatus,
    mode: DrainMode,
    target: Option<String>,
}

#[derive(Serialize)]
struct GroupView {
    name: String,
    state: GroupState,
    owner: Option<String>,
    epoch: Epoch,
    desired: DesiredState,
    moving: bool,
    moving_to: Option<String>,
    lock: Lock,
    why: Option<ReasonView>,
    failover_budget: Option<Budget>,
    failed_on: Vec<FailedNodeView>,
}

/// A node on which the group failed, in the present life of the node.
#[derive(Serialize)]
struct FailedNodeView {
    node: Option<String>,
    at: Timestamp,
    /// The end of the time for which it comes after the others.
    until: Timestamp,
}

#[derive(Serialize)]
struct ResourceView {
    name: String,
    group: String,
    state: ResourceState,
    desired: Option<DesiredState>,
    operation: Option<Operation>,
    recovery: Recovery,
    restart_budget: Option<Budget>,
    maintenance: Maintenance,
}

#[derive(Serialize)]
struct OrphanView {
    node: Option<String>,
    resource: Option<String>,
    state: OrphanState,
}

impl StateView {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let spec = cluster.spec();
        let state = cluster.state();
        Self {
            now: state.now(),
            configuration: state.configuration(),
            quorate: state.is_quorate(),
            witness: state.witness(),
            nodes: spec.nodes().filter_map(|(id, _)| NodeView::of(cluster, id)).collect(),
            groups: spec.groups().filter_map(|(id, _)| GroupView::of(cluster, id)).collect(),
            resources: spec
                .resources()
                .filter_map(|(id, _)| ResourceView::of(cluster, id))
                .collect(),
            orphans: state
                .orphans()
                .map(|(node, resource, orphan)| OrphanView {
                    node: node_name(cluster, Some(node)),
                    resource: spec.resource(resource).map(|declared| declared.name().into()),
                    state: orphan.state,
                })
                .collect(),
        }
    }
}

impl NodeView {
    fn of(cluster: &Cluster, node: NodeId) -> Option<Self> {
        let record = cluster.state().node(node)?;
        let drain = record.drain();
        Some(Self {
            name: node_name(cluster, Some(node))?,
            state: record.state(),
            since: record.since(),
            incarnation: record.incarnation(),
            paused: record.pause() == Pause::Requested,
            drain: DrainView {
                status: drain.status,
                mode: drain.mode,
                target: node_name(cluster, drain.target),
            },
            attributes: record.attributes().map(|(name, value)| (name.into(), value)).collect(),
        })
    }
}

impl GroupView {
    fn of(cluster: &Cluster, group: GroupId) -> Option<Self> {
        let spec = cluster.spec();
        let record = cluster.state().group(group)?;
        Some(Self {
            name: spec.group(group)?.name().into(),
            state: cluster.group_state(group),
            owner: node_name(cluster, record.owner()),
            epoch: record.epoch(),
            desired: record.desired(),
            moving: record.movement().is_some(),
            moving_to: node_name(cluster, record.movement().and_then(|movement| movement.to)),
            lock: record.lock(),
            why: ReasonView::of(cluster, group),
            failover_budget: cluster.failover_budget(group, cluster.state().now()),
            failed_on: failed_on(cluster, group),
        })
    }
}

impl ResourceView {
    fn of(cluster: &Cluster, resource: ResourceId) -> Option<Self> {
        let spec = cluster.spec();
        let declared = spec.resource(resource)?;
        let record = cluster.state().resource(resource)?;
        Some(Self {
            name: declared.name().into(),
            group: spec.group(declared.group())?.name().into(),
            state: record.state(),
            desired: record.desired(),
            operation: record.operation(),
            recovery: record.recovery(),
            restart_budget: cluster.restart_budget(resource, cluster.state().now()),
            maintenance: record.maintenance(),
        })
    }
}

fn failed_on(cluster: &Cluster, group: GroupId) -> Vec<FailedNodeView> {
    let (state, spec) = (cluster.state(), cluster.spec());
    let memory = spec.group(group).map_or(Duration::ZERO, |of| of.settings().failure_memory);
    let entries = state.group(group).into_iter().flat_map(|of| of.failed_nodes().entries());
    entries
        .filter(|entry| state.failed_on(group, entry.node).is_some())
        .map(|entry| FailedNodeView {
            node: node_name(cluster, Some(entry.node)),
            at: entry.at,
            until: entry.at.after(memory),
        })
        .collect()
}

fn node_name(cluster: &Cluster, node: Option<NodeId>) -> Option<String> {
    Some(cluster.spec().node(node?)?.name().into())
}
