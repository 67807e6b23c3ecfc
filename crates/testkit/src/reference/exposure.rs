//! The way to make a picture of a cluster.

use super::picture::{Group, Node, Picture, Resource};
use quorate::cluster::Event;
use quorate::id::{Ids, Names};
use quorate::settings::{DesiredState, Failback};
use quorate::spec::{ClusterSpec, GroupSpec};
use quorate::state::{FailbackTarget, HomeWait, NoRestartCause, Recovery, Room, Vouched};
use quorate::{Cluster, GroupId, NodeId, ResourceId};

impl Picture {
    /// Returns the picture of a cluster.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        let (spec, state) = (cluster.spec(), cluster.state());
        let settings = spec.settings();
        let nodes = spec.nodes().map(|(id, declared)| {
            let record = state.node(id).expect("a declared node has a record");
            let drain = record.drain();
            let capacities = spec.dimensions().enumerate().filter_map(|(index, dimension)| {
                let capacity = declared.capacity(quorate::id::DimensionId::from_index(index))?;
                Some((dimension.to_owned(), capacity))
            });
            Node {
                name: declared.name().to_owned(),
                state: state.node_state(id),
                capacities: capacities.collect(),
                drain,
                drain_target: drain.target.and_then(|target| node_name(spec, target)),
                since: record.since(),
                up_in_input: record.up_in_input(),
                is_attractive: record.failback_target() == FailbackTarget::Open,
                listed_in: record.listed_in(),
            }
        });
        let orphans = state.orphans().filter_map(|(node, resource, _)| {
            Some((node_name(spec, node)?, spec.resource(resource)?.name().to_owned()))
        });
        Self {
            now: state.now(),
            is_quorate: state.is_quorate(),
            forming: state.formed_at().map(|at| (at, settings.group_wait_delay)),
            quorate_since: state.quorate_since(),
            priority_wait: settings.priority_wait,
            anti_affinity: settings.anti_affinity,
            admission: settings.admission,
            failover_limit: settings.failover_limit,
            no_quorum: settings.no_quorum,
            ownership: settings.ownership,
            placement_steps: settings.placement_steps,
            dimensions: spec.dimensions().map(str::to_owned).collect(),
            nodes: nodes.collect(),
            groups: spec.groups().map(|(id, group)| picture_of(cluster, id, group)).collect(),
            orphans: orphans.collect(),
        }
    }
}

fn node_name(spec: &ClusterSpec, node: NodeId) -> Option<String> {
    Some(spec.node(node)?.name().to_owned())
}

fn resource_name(spec: &ClusterSpec, resource: ResourceId) -> String {
    spec.resource(resource).map_or_else(String::new, |declared| declared.name().to_owned())
}

fn picture_of(cluster: &Cluster, id: GroupId, declared: &GroupSpec) -> Group {
    let spec = cluster.spec();
    let record = cluster.state().group(id).expect("a declared group has a record");
    let settings = declared.settings();
    let name = |node: NodeId| node_name(spec, node);
    let classes: Vec<&str> = spec.classes().collect();
    let dimensions: Vec<&str> = spec.dimensions().collect();
    Group {
        name: declared.name().to_owned(),
        priority: declared.settings().priority.value(),
        owner: record.owner().and_then(name),
        takes_room: record.room() == Room::Taken,
        going: record.movement().map(|movement| (movement.to.and_then(name), movement.cause)),
        drained_from: record.drained_from().and_then(name),
        queued: record.queued(),
        epoch: record.epoch().value(),
        failed_on: record
            .failed_nodes()
            .entries()
            .iter()
            .filter(|entry| cluster.state().failed_on(id, entry.node).is_some())
            .filter_map(|entry| Some((name(entry.node)?, entry.at)))
            .collect(),
        barred_from: record
            .failed_nodes()
            .entries()
            .iter()
            .filter(|entry| cluster.state().failed_on(id, entry.node).is_some())
            .filter_map(|entry| Some((name(entry.node)?, resource_name(spec, entry.for_good?))))
            .collect(),
        failure_memory: settings.failure_memory,
        preferred: declared.preferred_owners().iter().filter_map(|node| name(*node)).collect(),
        classes: declared
            .anti_affinity_classes()
            .iter()
            .map(|class| classes[class.index()].to_owned())
            .collect(),
        demands: declared
            .demands()
            .iter()
            .map(|(dimension, amount)| (dimensions[dimension.index()].to_owned(), *amount))
            .collect(),
        is_ordered: record.is_ordered(),
        placed_at: record.placed_at(),
        placed_in_input: record.placed_in_input(),
        turn: record.turn(),
        lock: record.lock(),
        is_settled: record.home_wait() == HomeWait::Over,
        returns_after: (settings.failback == Failback::Allow && settings.failback_window.is_none())
            .then_some(settings.failback_hold_down),
        start_delay: declared.settings().start_delay,
        default_owner: record.default_owner().and_then(name),
        resources: declared
            .resources()
            .map(|resource| resource_of(cluster, id, declared, resource))
            .collect(),
    }
}

fn resource_of(cluster: &Cluster, group: GroupId, of: &GroupSpec, id: ResourceId) -> Resource {
    let (spec, state) = (cluster.spec(), cluster.state());
    let declared = spec.resource(id).expect("a resource of a declared group");
    let record = state.resource(id).expect("a declared resource has a record");
    let of_group = state.group(group).map_or(DesiredState::Offline, |record| record.desired());
    let position = of.position_of(id).expect("a resource of this group");
    let possible = declared
        .possible_owners()
        .map(|nodes| nodes.iter().filter_map(|node| node_name(spec, node)).collect());
    Resource {
        name: declared.name().to_owned(),
        state: record.state(),
        desired: record.desired().unwrap_or(of_group),
        is_kept_off: record.desired() == Some(DesiredState::Offline),
        possible,
        needs: of
            .graph()
            .clauses(position)
            .map(|clause| {
                clause.map(|member| resource_name(spec, of.resource_at(member))).collect()
            })
            .collect(),
        recovery: record.recovery(),
        is_left: matches!(record.recovery(), Recovery::RetryAt { cause: NoRestartCause::Left, .. }),
        operation: record.operation().map(|operation| (operation.id, operation.kind)),
        restart_action: declared.settings().restart_action,
        declared_in: record.declared_in(),
        is_vouched: record.vouched() == Vouched::Yes,
    }
}

/// Returns an event with names.
pub(super) fn named(spec: &ClusterSpec, event: &Event<Ids>) -> Event<Names> {
    spec.named(event.clone())
}
