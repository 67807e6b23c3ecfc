//! Clusters of any size, and an embedder on which every operation succeeds.
#![allow(dead_code, reason = "each binary uses a part of it")]

use quorate::policy::Ring;
use quorate::quorum::WitnessState;
use quorate::spec::{
    ClusterDeclaration, ClusterSpec, Fencing, GroupDeclaration, QuorumRule, ResourceDeclaration,
};
use quorate::{Cluster, Incarnation, Input, NodeId, OpId, Outcome, Output, Timestamp};

/// How large a cluster is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub nodes: usize,
    pub groups: usize,
    /// In each group.
    pub resources: usize,
    /// Groups whose first preferred owner is the first node; the others are dealt out in turn.
    pub on_first: usize,
}

impl Size {
    /// The groups dealt out evenly.
    pub const fn even(nodes: usize, groups: usize, resources: usize) -> Self {
        Self { nodes, groups, resources, on_first: groups.div_ceil(nodes) }
    }

    fn home(&self, group: usize) -> usize {
        match group.checked_sub(self.on_first) {
            None => 0,
            Some(rest) => 1 + rest % (self.nodes - 1),
        }
    }
}

/// A cluster in which every group has two preferred owners and a tree of resources.
pub fn declaration(size: &Size) -> ClusterDeclaration {
    let mut cluster = ClusterDeclaration::new("bench")
        .quorum(QuorumRule::DiskOnly)
        .fencing(Fencing::Trusted);
    for node in 0..size.nodes {
        cluster = cluster.node(format!("node{node}"));
    }
    for group in 0..size.groups {
        cluster = cluster.group(group_declaration(size, group));
    }
    cluster
}

fn group_declaration(size: &Size, group: usize) -> GroupDeclaration {
    let home = size.home(group);
    // The second choices of one node's groups lie apart.
    let second = (home + 1 + group % (size.nodes - 1)) % size.nodes;
    let mut declaration = GroupDeclaration::new(format!("group{group}"))
        .preferred_owners([format!("node{home}"), format!("node{second}")]);
    for position in 0..size.resources {
        let name = format!("r{group}.{position}");
        let mut resource = ResourceDeclaration::new(name, "Generic Service");
        if let Some(before) = position.checked_sub(1) {
            resource = resource.needs(format!("[r{group}.{}]", before / 2));
        }
        declaration = declaration.resource(resource);
    }
    declaration
}

/// A validated declaration of this size.
pub fn spec(size: &Size) -> ClusterSpec {
    let limits = quorate::spec::Limits::UNBOUNDED;
    declaration(size).build_within(&limits).expect("the declaration is valid")
}

/// A cluster in which every node is up and every group runs on its first preferred owner.
pub fn running(size: &Size) -> Cluster {
    let mut cluster = Cluster::new(spec(size), Ring::new(), Timestamp::ZERO);
    let nodes: Vec<NodeId> = cluster.spec().nodes().map(|(node, _)| node).collect();
    for node in nodes {
        join(&mut cluster, node, 1);
    }
    let witness = WitnessState::Up;
    handle(&mut cluster, Input::WitnessChanged { witness });
    carry_out(&mut cluster);
    let first = cluster.spec().node_id("node0").expect("the first node");
    assert_eq!(cluster.state().occupancy().group_count(first), size.on_first);
    cluster
}

pub fn join(cluster: &mut Cluster, node: NodeId, incarnation: u64) {
    let incarnation = Incarnation::new(incarnation);
    handle(cluster, Input::NodeJoined { node, incarnation, running: vec![] });
}

pub fn handle(cluster: &mut Cluster, input: Input) {
    let now = cluster.state().now();
    cluster.handle(now, input).expect("the input fits the state");
}

/// Loses a node and takes everything that follows at once; how many operations that is.
pub fn lose(cluster: &mut Cluster, node: NodeId) -> usize {
    handle(cluster, Input::NodeLost { node });
    let mut effects = 0;
    while let Some(output) = cluster.poll_output() {
        match output {
            Output::Effect(_) => effects += 1,
            Output::Event(_) => {}
        }
    }
    effects
}

/// Lets every operation succeed until nothing is asked for.
pub fn carry_out(cluster: &mut Cluster) {
    while let Some(output) = cluster.poll_output() {
        match output {
            Output::Effect(effect) => succeed(cluster, effect.operation),
            Output::Event(_) => {}
        }
    }
}

pub fn succeed(cluster: &mut Cluster, operation: OpId) {
    handle(cluster, Input::OperationFinished { operation, outcome: Outcome::Succeeded });
}
