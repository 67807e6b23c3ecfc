//! The state as names and plain values.

use quorate::cluster::{Event, Output};
use quorate::{Cluster, GroupId, NodeId, ResourceId};
use serde_json::{Value, json};

/// Whether ids in later outputs are those of another configuration.
pub(crate) fn is_configuration_change(output: &Output) -> bool {
    matches!(output, Output::Event(Event::ConfigurationChanged { .. }))
}

/// Everything that a driver may want to look at.
pub(crate) fn state(cluster: &Cluster) -> Value {
    let spec = cluster.spec();
    let state = cluster.state();
    json!({
        "now": state.now(),
        "configuration": state.configuration(),
        "quorate": state.is_quorate(),
        "witness": state.witness(),
        "nodes": spec.nodes().map(|(node, _)| of_node(cluster, node)).collect::<Vec<_>>(),
        "groups": spec.groups().map(|(group, _)| of_group(cluster, group)).collect::<Vec<_>>(),
        "resources": spec
            .resources()
            .map(|(resource, _)| of_resource(cluster, resource))
            .collect::<Vec<_>>(),
        "orphans": state
            .orphans()
            .map(|(node, resource, orphan)| json!({
                "node": node_name(cluster, Some(node)),
                "resource": resource_name(cluster, resource),
                "state": orphan.state,
            }))
            .collect::<Vec<_>>(),
    })
}

fn of_node(cluster: &Cluster, node: NodeId) -> Option<Value> {
    let record = cluster.state().node(node)?;
    let drain = record.drain();
    Some(json!({
        "name": node_name(cluster, Some(node)),
        "state": record.state(),
        "since": record.since(),
        "incarnation": record.incarnation(),
        "paused": record.pause() == quorate::state::Pause::Requested,
        "drain": {
            "status": drain.status,
            "mode": drain.mode,
            "target": node_name(cluster, drain.target),
        },
    }))
}

fn of_group(cluster: &Cluster, group: GroupId) -> Option<Value> {
    let spec = cluster.spec();
    let record = cluster.state().group(group)?;
    let why = cluster.why(group).map(|reason| spec.named(reason));
    let text = why.as_ref().map(ToString::to_string);
    Some(json!({
        "name": spec.group(group)?.name(),
        "state": cluster.state().group_state(spec, group),
        "owner": node_name(cluster, record.owner()),
        "epoch": record.epoch(),
        "desired": record.desired(),
        "moving_to": record.movement().map(|movement| node_name(cluster, movement.to)),
        "lock": record.lock(),
        "why": why.map(|reason| json!({ "reason": reason, "text": text })),
        "failover_budget": cluster.failover_budget(group, cluster.state().now()),
    }))
}

fn of_resource(cluster: &Cluster, resource: ResourceId) -> Option<Value> {
    let spec = cluster.spec();
    let declared = spec.resource(resource)?;
    let record = cluster.state().resource(resource)?;
    Some(json!({
        "name": declared.name(),
        "group": spec.group(declared.group())?.name(),
        "state": record.state(),
        "desired": record.desired(),
        "operation": record.operation(),
        "recovery": record.recovery(),
        "restart_budget": cluster.restart_budget(resource, cluster.state().now()),
        "maintenance": record.maintenance(),
    }))
}

fn node_name(cluster: &Cluster, node: Option<NodeId>) -> Option<&str> {
    Some(cluster.spec().node(node?)?.name())
}

fn resource_name(cluster: &Cluster, resource: ResourceId) -> Option<&str> {
    Some(cluster.spec().resource(resource)?.name())
}
