//! What is known of a cluster, by name.

use std::prelude::v1::*;

use crate::cluster::Event;
use crate::id::{Ids, Names};
use crate::machine::{NodeState, ResourceState};
use crate::settings::{
    Admission, AntiAffinityPlacement, DesiredState, FailoverLimit, NoQuorum, RestartAction,
};
use crate::spec::{ClusterSpec, GroupSpec};
use crate::state::{Drain, MovementCause, OperationKind, QueuedMove, Recovery};
use crate::{Cluster, GroupId, NodeId, OpId, ResourceId, Timestamp};

/// A cluster at one moment: what is declared and what is known, by name and in the order of the
/// declaration.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The latest time that the cluster was told.
    pub now: Timestamp,
    /// Whether it has quorum.
    pub is_quorate: bool,
    /// When it formed, and how long a group then waits for its home.
    pub forming: Option<(Timestamp, core::time::Duration)>,
    /// How much anti-affinity weighs.
    pub anti_affinity: AntiAffinityPlacement,
    /// Whether a group may start beside another one of its class.
    pub admission: Admission,
    /// What a group does at its failover limit.
    pub failover_limit: FailoverLimit,
    /// What happens without quorum.
    pub no_quorum: NoQuorum,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The groups.
    pub groups: Vec<Group>,
    /// What runs where it should not: node and resource.
    pub orphans: Vec<(String, String)>,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub state: NodeState,
    /// Its limits, by dimension; what is not listed has none.
    pub capacities: Vec<(String, u64)>,
    /// The last drain.
    pub drain: Drain,
    /// The drain's destination.
    pub drain_target: Option<String>,
}

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its start tier.
    pub priority: u32,
    /// The node that owns it or owned it last.
    pub owner: Option<String>,
    /// Where it is going, if it is moving; the inner `None` is nowhere.
    pub going: Option<(Option<String>, MovementCause)>,
    /// Whether a move waits until it is possible.
    pub queued: Option<QueuedMove>,
    /// Its ownership epoch.
    pub epoch: u64,
    /// Its preferred owners, best first.
    pub preferred: Vec<String>,
    /// Its anti-affinity classes.
    pub classes: Vec<String>,
    /// What it takes on a node, by dimension.
    pub demands: Vec<(String, u64)>,
    /// Whether an operator asked for it since it came to its owner.
    pub is_ordered: bool,
    /// When it came to its owner.
    pub placed_at: Timestamp,
    /// How long it waits on a node before it starts.
    pub start_delay: core::time::Duration,
    /// Node of the last activation or explicit move.
    pub default_owner: Option<String>,
    /// Its resources.
    pub resources: Vec<Resource>,
}

/// A resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub state: ResourceState,
    /// What is wanted of it: its own desired state, else its group's.
    pub desired: DesiredState,
    /// The nodes that can run it; `None` is every node.
    pub possible: Option<Vec<String>>,
    /// What it needs: an AND of ORs of names.
    pub needs: Vec<Vec<String>>,
    /// What is going to be done about its failure.
    pub recovery: Recovery,
    /// What was asked for and not answered.
    pub operation: Option<(OpId, OperationKind)>,
    /// What happens when it fails.
    pub restart_action: RestartAction,
}

impl Picture {
    /// What a cluster shows of itself.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        let (spec, state) = (cluster.spec(), cluster.state());
        let settings = spec.settings();
        let nodes = spec.nodes().map(|(id, declared)| {
            let drain = state.node(id).map(|record| record.drain()).unwrap_or_default();
            let capacities = spec.dimensions().enumerate().filter_map(|(index, dimension)| {
                let capacity = declared.capacity(crate::id::DimensionId::from_index(index))?;
                Some((dimension.to_owned(), capacity))
            });
            Node {
                name: declared.name().to_owned(),
                state: state.node_state(id),
                capacities: capacities.collect(),
                drain,
                drain_target: drain.target.and_then(|target| node_name(spec, target)),
            }
        });
        let orphans = state.orphans().filter_map(|(node, resource, _)| {
            Some((node_name(spec, node)?, spec.resource(resource)?.name().to_owned()))
        });
        Self {
            now: state.now(),
            is_quorate: state.is_quorate(),
            forming: state.formed_at.map(|at| (at, settings.group_wait_delay)),
            anti_affinity: settings.anti_affinity,
            admission: settings.admission,
            failover_limit: settings.failover_limit,
            no_quorum: settings.no_quorum,
            nodes: nodes.collect(),
            groups: spec.groups().map(|(id, group)| picture_of(cluster, id, group)).collect(),
            orphans: orphans.collect(),
        }
    }

    /// A node by its name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// A group by its name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// What a node is; one that is not declared is down.
    #[must_use]
    pub fn node_state(&self, name: &str) -> NodeState {
        self.node(name).map_or(NodeState::Down, |node| node.state)
    }

    /// The groups other than this one that stand on a node or are on their way to it.
    pub fn others_on<'a>(
        &'a self,
        group: &'a str,
        node: &'a str,
    ) -> impl Iterator<Item = &'a Group> + 'a {
        self.groups.iter().filter(move |other| other.name != group && other.takes_place_on(node))
    }

    /// Whether two pictures are the same in everything that placement depends on.
    #[must_use]
    pub fn is_same_for_placement(&self, other: &Self) -> bool {
        let (rules, others) =
            ((self.anti_affinity, self.admission), (other.anti_affinity, other.admission));
        rules == others
            && self.nodes.len() == other.nodes.len()
            && self.nodes.iter().zip(&other.nodes).all(|(node, other)| {
                (&node.name, node.state, &node.capacities)
                    == (&other.name, other.state, &other.capacities)
            })
            && self.groups.len() == other.groups.len()
            && self
                .groups
                .iter()
                .zip(&other.groups)
                .all(|(group, other)| group.is_same_for_placement(other))
    }

    /// Takes in an event that has been put out. What is not told by events stays as it was.
    pub fn learn(&mut self, event: &Event<Names>) {
        match event {
            Event::NodeChanged { node, to, .. } => self.learn_node(node, *to),
            Event::QuorumChanged { verdict } => self.is_quorate = verdict.is_quorate(),
            Event::ResourceChanged { resource, to, .. } => {
                for known in self.groups.iter_mut().flat_map(|group| &mut group.resources) {
                    if known.name == *resource {
                        known.state = *to;
                    }
                }
            }
            Event::OwnerChanged { group, to, epoch, .. } => {
                if let Some(group) = self.groups.iter_mut().find(|known| known.name == *group) {
                    group.owner.clone_from(to);
                    group.going = None;
                    group.epoch = epoch.value();
                }
            }
            Event::MoveStarted { group, to, cause, .. } => {
                if let Some(group) = self.groups.iter_mut().find(|known| known.name == *group) {
                    group.going = Some((to.clone(), *cause));
                }
            }
            Event::MoveAbandoned { group, .. } => {
                if let Some(group) = self.groups.iter_mut().find(|known| known.name == *group) {
                    group.going = None;
                }
            }
            Event::RestartScheduled { resource, at, .. } => {
                self.learn_recovery(resource, Recovery::RestartAt(*at));
            }
            Event::RestartsExhausted { resource, cause, retry_at } => {
                let recovery = Recovery::RetryAt { at: *retry_at, cause: *cause };
                self.learn_recovery(resource, recovery);
            }
            Event::OrphanFound { resource, node } => {
                self.orphans.push((node.clone(), resource.clone()));
            }
            Event::OrphanGone { resource, node } => {
                self.orphans.retain(|(at, of)| (at, of) != (node, resource));
            }
            _ => {}
        }
    }

    fn learn_recovery(&mut self, resource: &str, recovery: Recovery) {
        for known in self.groups.iter_mut().flat_map(|group| &mut group.resources) {
            if known.name == resource {
                known.recovery = recovery;
            }
        }
    }

    /// A node that is known to be off has lost whatever it owned: a new epoch begins.
    fn learn_node(&mut self, name: &str, to: NodeState) {
        for node in &mut self.nodes {
            if node.name == name {
                node.state = to;
            }
        }
        if to == NodeState::Down {
            for group in &mut self.groups {
                if group.owner.as_deref() == Some(name) {
                    group.epoch += 1;
                }
            }
        }
    }
}

impl Group {
    /// Whether it stands on a node or is on its way to it: in both cases it takes room there.
    #[must_use]
    pub fn takes_place_on(&self, node: &str) -> bool {
        let is_going_there = self.going.as_ref().is_some_and(|(to, _)| to.as_deref() == Some(node));
        self.owner.as_deref() == Some(node) || is_going_there
    }

    fn is_same_for_placement(&self, other: &Self) -> bool {
        let same = |one: &Resource, other: &Resource| {
            one.name == other.name && one.possible == other.possible
        };
        self.name == other.name
            && self.owner == other.owner
            && self.going == other.going
            && self.epoch == other.epoch
            && self.preferred == other.preferred
            && self.classes == other.classes
            && self.demands == other.demands
            && self.may_run() == other.may_run()
            && self.resources.len() == other.resources.len()
            && self.resources.iter().zip(&other.resources).all(|(one, other)| same(one, other))
    }

    /// Whether the two have an anti-affinity class in common.
    #[must_use]
    pub fn is_rival_of(&self, other: &Self) -> bool {
        self.classes.iter().any(|class| other.classes.contains(class))
    }

    /// Whether anything of it may be running on its owner.
    #[must_use]
    pub fn may_run(&self) -> bool {
        self.resources.iter().any(Resource::may_run)
    }

    /// A resource by its name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }
}

impl Resource {
    /// Whether it may be running, as far as anybody can know.
    #[must_use]
    pub fn may_run(&self) -> bool {
        match self.state {
            ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed => false,
            ResourceState::OnlinePending
            | ResourceState::Online
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::InDoubt => true,
        }
    }

    /// Whether a node can run it.
    #[must_use]
    pub fn can_run_on(&self, node: &str) -> bool {
        self.possible.as_ref().is_none_or(|nodes| nodes.iter().any(|name| name == node))
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
    let name = |node: NodeId| node_name(spec, node);
    let classes: Vec<&str> = spec.classes().collect();
    let dimensions: Vec<&str> = spec.dimensions().collect();
    Group {
        name: declared.name().to_owned(),
        priority: declared.settings().priority.value(),
        owner: record.owner().and_then(name),
        going: record.movement().map(|movement| (movement.to.and_then(name), movement.cause)),
        queued: record.queued(),
        epoch: record.epoch().value(),
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
        placed_at: record.placed_at,
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
        possible,
        needs: of
            .graph()
            .clauses(position)
            .map(|clause| {
                clause.map(|member| resource_name(spec, of.resource_at(member))).collect()
            })
            .collect(),
        recovery: record.recovery(),
        operation: record.operation().map(|operation| (operation.id, operation.kind)),
        restart_action: declared.settings().restart_action,
    }
}

/// An event by names.
pub(super) fn named(spec: &ClusterSpec, event: &Event<Ids>) -> Event<Names> {
    spec.named(event.clone())
}
