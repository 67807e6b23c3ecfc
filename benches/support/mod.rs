//! Clusters of any size, and an embedder whose operations all succeed.
#![allow(dead_code, reason = "each binary uses a part of it")]

use std::time::Duration;

use quorate::cluster::Life;
use quorate::kind::{KindDeclaration, ResourceOverrides};
use quorate::policy::Ring;
use quorate::quorum::WitnessState;
use quorate::settings::{Fencing, Interval, QuorumRule};
use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use quorate::{Cluster, Incarnation, Input, NodeId, OpId, Outcome, Output, ResourceId, Timestamp};

/// The size of a cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) nodes: usize,
    pub(crate) groups: usize,
    /// Resources in each group.
    pub(crate) resources: usize,
    /// Groups whose first preferred owner is the first node; the others are spread over the nodes.
    pub(crate) on_first: usize,
}

impl Size {
    /// Returns a size in which the groups are spread evenly.
    pub(crate) const fn even(nodes: usize, groups: usize, resources: usize) -> Self {
        Self { nodes, groups, resources, on_first: groups.div_ceil(nodes) }
    }

    fn home(&self, group: usize) -> usize {
        match group.checked_sub(self.on_first) {
            None => 0,
            Some(rest) => 1 + rest % (self.nodes - 1),
        }
    }
}

/// Declares a cluster in which every group has two preferred owners and a tree of resources.
pub(crate) fn declaration(size: &Size) -> ClusterDeclaration {
    let mut cluster = ClusterDeclaration::new("bench")
        .quorum(QuorumRule::DiskOnly)
        .fencing(Fencing::Trusted)
        .kind(service());
    for node in 0..size.nodes {
        cluster = cluster.node(format!("node{node}"));
    }
    for group in 0..size.groups {
        cluster = cluster.group(group_declaration(size, group));
    }
    cluster
}

/// Declares a kind whose checks are so rare that those of many resources never coincide.
fn service() -> KindDeclaration {
    KindDeclaration {
        name: "Service".into(),
        settings: ResourceOverrides {
            looks_alive_interval: Some(Interval::Every(Duration::from_secs(60))),
            is_alive_interval: Some(Interval::Every(Duration::from_secs(3_600))),
            ..ResourceOverrides::default()
        },
        ..KindDeclaration::default()
    }
}

fn group_declaration(size: &Size, group: usize) -> GroupDeclaration {
    let home = size.home(group);
    // The groups of one node have different second choices.
    let second = (home + 1 + group % (size.nodes - 1)) % size.nodes;
    let mut declaration = GroupDeclaration::new(format!("group{group}"))
        .preferred_owners([format!("node{home}"), format!("node{second}")]);
    declaration.resources = Vec::with_capacity(size.resources);
    for position in 0..size.resources {
        let name = format!("r{group}.{position}");
        let mut resource = ResourceDeclaration::new(name, "Service");
        if let Some(before) = position.checked_sub(1) {
            resource = resource.needs(format!("[r{group}.{}]", before / 2));
        }
        declaration = declaration.resource(resource);
    }
    declaration
}

/// A validated declaration of this size.
pub(crate) fn spec(size: &Size) -> ClusterSpec {
    let limits = quorate::spec::Limits::unlimited();
    declaration(size).build_within(&limits).expect("the declaration is valid")
}

/// A cluster in which every node is up and every group runs on its first preferred owner.
pub(crate) fn running(size: &Size) -> Cluster {
    let mut cluster = Cluster::new(spec(size), Ring::new(), Timestamp::ZERO);
    let nodes: Vec<NodeId> = cluster.spec().nodes().map(|(node, _)| node).collect();
    for node in nodes {
        join(&mut cluster, node, 1);
    }
    let witness = WitnessState::Up;
    handle(&mut cluster, Input::witness_changed(witness));
    carry_out(&mut cluster);
    let first = cluster.spec().node_id("node0").expect("the first node");
    assert_eq!(cluster.state().occupancy().group_count(first), size.on_first);
    cluster
}

pub(crate) fn join(cluster: &mut Cluster, node: NodeId, incarnation: u64) {
    let incarnation = Incarnation::new(incarnation);
    handle(cluster, Input::node_joined(node, incarnation, vec![]));
}

pub(crate) fn handle(cluster: &mut Cluster, input: Input) {
    let now = cluster.state().now();
    cluster.handle(now, input).expect("the input fits the state");
}

/// Returns a running cluster whose last node came back in a new life, running this many resources
/// that other nodes own, and the first stop of them that is asked for.
pub(crate) fn with_orphans(size: &Size, orphans: usize) -> (Cluster, OpId) {
    let mut cluster = running(size);
    let node = cluster.spec().nodes().map(|(node, _)| node).last().expect("a node");
    lose(&mut cluster, node);
    carry_out(&mut cluster);
    let running = cluster.spec().resources().map(|(resource, _)| resource.into()).take(orphans);
    let joined = Input::node_joined(node, Incarnation::new(2), running);
    handle(&mut cluster, joined);
    assert_eq!(cluster.state().orphans_on(node).count(), orphans);
    let stop = core::iter::from_fn(|| cluster.poll_output()).filter_map(|output| match output {
        Output::Effect(effect) if effect.node == node => Some(effect.operation),
        _ => None,
    });
    let stops: Vec<OpId> = stop.collect();
    (cluster, *stops.first().expect("an orphan is stopped"))
}

/// Loses a node and takes everything that follows at once. Returns the number of operations.
pub(crate) fn lose(cluster: &mut Cluster, node: NodeId) -> usize {
    handle(cluster, Input::node_lost(node, Life::Known));
    let mut effects = 0;
    while let Some(output) = cluster.poll_output() {
        effects += usize::from(matches!(output, Output::Effect(_)));
    }
    effects
}

/// Lets every operation succeed until nothing is asked for.
pub(crate) fn carry_out(cluster: &mut Cluster) {
    while let Some(output) = cluster.poll_output() {
        if let Output::Effect(effect) = output {
            succeed(cluster, effect.operation);
        }
    }
}

pub(crate) fn succeed(cluster: &mut Cluster, operation: OpId) {
    handle(cluster, Input::operation_finished(operation, Outcome::Succeeded));
}

/// Lets every resource report once within fifty seconds, in an order that is independent of nodes
/// and groups. Checks of up to fifty thousand resources fall due one by one.
pub(crate) fn spread_checks(cluster: &mut Cluster) {
    let spec = cluster.spec().clone();
    let begin = cluster.state().now();
    let count = spec.resources().len() as u64;
    for step in 0..count {
        // The prime divides no number of resources here, so every resource has its turn.
        let resource = ResourceId::new(u32::try_from(step * 7_919 % count).expect("an id"));
        let group = spec.resource(resource).expect("it is declared").group();
        let node = cluster.state().owner(group).expect("every group is placed");
        let incarnation = Incarnation::new(1);
        let now = begin.after(Duration::from_millis((step + 1).min(step * 50_000 / count + 1)));
        let report = Input::resource_alive(resource, node, incarnation);
        cluster.handle(now, report).expect("it runs there");
    }
}

/// Lets the next health check fall due. Returns the operation that asks for it.
pub(crate) fn next_check(cluster: &mut Cluster) -> OpId {
    let due = cluster.poll_timeout().expect("there is always a next check");
    cluster.handle_timeout(due.at);
    match cluster.poll_output() {
        Some(Output::Effect(effect)) => effect.operation,
        output => panic!("not a check: {output:?}"),
    }
}
