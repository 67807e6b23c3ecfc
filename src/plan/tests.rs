//! Small clusters for tests, and a choice that is made in every possible way.

use alloc::borrow::Cow;
use std::string::{String, ToString};
use std::vec::Vec;

use super::*;
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::policy::{FailoverPolicy, PlacementRequest, Rank, Trigger, Walk};
use crate::settings::{AntiAffinityPlacement, Ownership};
use crate::spec::{
    ClusterDeclaration, ClusterSpec, GroupDeclaration, NodeDeclaration, ResourceDeclaration,
};
use crate::state::{ClusterState, Room};
use crate::time::Timestamp;

mod explanations;
mod nonsense;
mod orders;
mod ring;
mod tiers;

/// A cluster whose nodes are all up, and whose groups have no owner, until told otherwise.
#[derive(Clone, Debug)]
struct Cluster {
    spec: ClusterSpec,
    state: ClusterState,
}

impl Cluster {
    fn new(declaration: ClusterDeclaration) -> Self {
        let spec = declaration.build().expect("the declaration is valid");
        let mut state = ClusterState::new(&spec, Timestamp::ZERO);
        for node in &mut state.nodes {
            node.state = NodeState::Up;
        }
        Self { spec, state }
    }

    /// Returns a cluster of nodes with these names and one group `g`.
    fn of(nodes: &str, preferred: &str) -> Self {
        let group = group("g").preferred_owners(preferred.split_whitespace());
        Self::new(declaration(nodes).group(group))
    }

    fn owned(mut self, group: &str, node: &str) -> Self {
        let (group, node) = (self.group(group), self.node(node));
        self.state.groups[group.index()].owner = Some(node);
        self.state.groups[group.index()].room = Room::Taken;
        let spec = self.spec.group(group).expect("the id is of this cluster");
        self.state.occupancy.enter(spec, group, node, Room::Taken);
        self
    }

    fn all(mut self, nodes: &str, state: NodeState) -> Self {
        for node in nodes.split_whitespace() {
            let node = self.node(node);
            self.state.nodes[node.index()].state = state;
        }
        self
    }

    fn node(&self, name: &str) -> NodeId {
        self.spec.node_id(name).expect("the node is declared")
    }

    fn group(&self, name: &str) -> GroupId {
        self.spec.group_id(name).expect("the group is declared")
    }

    fn ask(&self, group: &str, trigger: Trigger) -> PlacementRequest<'_> {
        PlacementRequest::new(&self.spec, &self.state, self.group(group), trigger)
            .expect("the id is of this cluster")
    }

    /// Returns the choice for a group, made by walking, by ranking and by explaining.
    fn choose(
        &self,
        group: &str,
        trigger: Trigger,
        policy: impl FailoverPolicy,
    ) -> Option<(String, Tier)> {
        let choice = choose_in_every_way(&self.ask(group, trigger), &policy)?;
        let node = self.spec.node(choice.node).expect("a choice is a node");
        Some((node.name().to_string(), choice.tier))
    }

    /// Returns the chosen node, which must be fully eligible.
    fn eligible(&self, group: &str, trigger: Trigger, policy: impl FailoverPolicy) -> String {
        let (node, tier) = self.choose(group, trigger, policy).expect("a node is eligible");
        assert_eq!(tier, Tier::Eligible);
        node
    }

    fn explain(&self, group: &str, trigger: Trigger, policy: impl FailoverPolicy) -> Explanation {
        explain(&self.ask(group, trigger), &policy)
    }
}

/// The order of another policy, without its short cut.
#[derive(Debug)]
struct Ranked<'a>(&'a dyn FailoverPolicy);

impl FailoverPolicy for Ranked<'_> {
    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        self.0.rank(placement, candidate)
    }

    fn walk(&self, _: &PlacementRequest<'_>) -> Walk {
        Walk::Ranked
    }
}

fn choose_in_every_way(
    placement: &PlacementRequest<'_>,
    policy: &dyn FailoverPolicy,
) -> Option<Choice> {
    let choice = choose(placement, policy);
    assert_eq!(choose(placement, &Ranked(policy)), choice, "walk and ranks agree");
    let node = choice.map(|choice| choice.node);
    assert_eq!(explain(placement, policy).chosen, node, "the explanation agrees");
    assert_eq!(explain(placement, &Ranked(policy)).chosen, node, "by ranks as well");
    choice
}

fn declaration(nodes: &str) -> ClusterDeclaration {
    nodes
        .split_whitespace()
        .fold(ClusterDeclaration::new("test"), |declaration, node| declaration.node(node))
}

fn group(name: &str) -> GroupDeclaration {
    GroupDeclaration::new(name).resource(resource(name))
}

fn resource(name: &str) -> ResourceDeclaration {
    ResourceDeclaration::new(name, "Generic Service")
}
