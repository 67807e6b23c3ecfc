//! What really runs, whatever the core believes, and what must never happen there.
//!
//! The core can only report what it believes; two copies of one disk are precisely a wrong belief.
//! So this world stands outside it: it reads the declaration and what was carried out, and nothing
//! of the core's state. Each check costs a constant time, so that it runs with every step.

use quorate::quorum::{self, Ballot, WitnessState};
use quorate::settings::DesiredState;
use quorate::spec::ClusterSpec;
use quorate::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId};

mod judge;

/// What the core has been told of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Told {
    /// It is a member.
    Member,
    /// It is a member and paused.
    Paused,
    /// It is no longer heard from.
    Lost,
    /// It is off for certain: fenced, left, or by an operator's word.
    Off,
}

/// Whether an operation is carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Asked {
    /// The agent is at work.
    Begun,
    /// The node is dead, and nobody has told the core yet. There will be no answer.
    Unheard,
}

/// What a resource really does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Running {
    Off,
    Starting,
    On,
    Stopping,
}

#[derive(Clone, Debug)]
struct Node {
    is_powered: bool,
    incarnation: Incarnation,
    told: Told,
    votes: u64,
}

#[derive(Clone, Debug)]
struct Resource {
    group: usize,
    is_wanted: bool,
    running: Running,
    operation: Option<OpId>,
    /// All clauses must hold; a clause holds while one of its members runs.
    clauses: Vec<Vec<usize>>,
    dependents: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Group {
    resources: Vec<usize>,
    wanted: usize,
    /// How many of them cannot run on a node and need not, by node; empty if all run everywhere.
    spared: Vec<usize>,
    /// Wanted resources that run.
    up: usize,
    /// Resources that run, start or stop.
    active: usize,
    /// Where anything of it was started last.
    node: Option<NodeId>,
    /// It did not stop there: it died with the node, or nobody knows.
    needs_proof: bool,
    epoch: Epoch,
}

/// The real world of one cluster.
#[derive(Clone, Debug)]
pub struct GroundTruth {
    nodes: Vec<Node>,
    groups: Vec<Group>,
    resources: Vec<Resource>,
    last_operation: OpId,
    rule: quorate::settings::QuorumRule,
    witness_weight: u32,
    total_votes: u64,
    is_quorate: bool,
}

impl GroundTruth {
    /// A world in which every node is off. The witness, if there is one, is always there.
    #[must_use]
    pub fn new(spec: &ClusterSpec) -> Self {
        let nodes: Vec<Node> = spec
            .nodes()
            .map(|(_, node)| Node {
                is_powered: false,
                incarnation: Incarnation::default(),
                told: Told::Off,
                votes: u64::from(node.vote_weight()),
            })
            .collect();
        let mut resources = Vec::new();
        let mut groups = Vec::new();
        for (id, group) in spec.groups() {
            let ids: Vec<usize> = group.resources().map(ResourceId::index).collect();
            let graph = group.graph();
            let index = |position| group.resource_at(position).index();
            for position in 0..graph.len() {
                let own = spec.resource(group.resource_at(position));
                let desired = own.and_then(|of| of.settings().desired);
                resources.push(Resource {
                    group: id.index(),
                    is_wanted: desired.unwrap_or(group.settings().desired) == DesiredState::Online,
                    running: Running::Off,
                    operation: None,
                    clauses: graph.clauses(position).map(|of| of.map(index).collect()).collect(),
                    dependents: graph.dependents(position).map(index).collect(),
                });
            }
            let wanted = ids.iter().filter_map(|of| resources.get(*of)).filter(|of| of.is_wanted);
            let spared_on = |node| {
                let positions = ids.iter().enumerate();
                let is_wanted = |of: &usize| resources.get(*of).is_some_and(|of| of.is_wanted);
                positions.filter(|(at, of)| is_wanted(of) && group.is_spared(*at, node)).count()
            };
            let spared = match group.possible_owners() {
                None => Vec::new(),
                Some(_) => spec.nodes().map(|(node, _)| spared_on(node)).collect(),
            };
            groups.push(Group {
                wanted: wanted.count(),
                spared,
                resources: ids,
                up: 0,
                active: 0,
                node: None,
                needs_proof: false,
                epoch: Epoch::default(),
            });
        }
        let total_votes = nodes.iter().map(|node| node.votes).fold(0, u64::saturating_add);
        let settings = spec.settings();
        Self {
            nodes,
            groups,
            resources,
            last_operation: OpId::default(),
            rule: settings.quorum,
            witness_weight: settings.witness_weight,
            total_votes,
            is_quorate: false,
        }
    }

    /// Whether all that is wanted of a group runs, but for what need not and cannot where it is.
    #[must_use]
    pub fn is_serving(&self, group: GroupId) -> bool {
        self.groups.get(group.index()).is_some_and(|group| {
            let spared = group.node.and_then(|node| group.spared.get(node.index()).copied());
            group.up.saturating_add(spared.unwrap_or(0)) == group.wanted
        })
    }

    /// Where anything of a group runs, starts or stops.
    #[must_use]
    pub fn active_on(&self, group: GroupId) -> Option<NodeId> {
        self.groups.get(group.index()).filter(|group| group.active > 0).and_then(|group| group.node)
    }

    /// Whether the members that the core was told of are a quorum.
    #[must_use]
    pub const fn is_quorate(&self) -> bool {
        self.is_quorate
    }

    /// Whether the others would still be a quorum without this node.
    #[must_use]
    pub fn is_quorate_without(&self, node: NodeId) -> bool {
        self.judge(Some(node))
    }

    /// The operation that a resource works at.
    #[must_use]
    pub fn operation(&self, resource: ResourceId) -> Option<OpId> {
        self.resources.get(resource.index()).and_then(|resource| resource.operation)
    }

    /// Whether a resource is to run.
    #[must_use]
    pub fn is_wanted(&self, resource: ResourceId) -> bool {
        self.resources.get(resource.index()).is_some_and(|resource| resource.is_wanted)
    }

    /// How many starts of a group come one after the other until all that is wanted of it runs, if
    /// what can start at once does.
    #[must_use]
    pub fn waves_to_start(&self, group: GroupId) -> u64 {
        let Some(of) = self.groups.get(group.index()) else { return 0 };
        let runs =
            |index: &usize| self.resources.get(*index).is_some_and(|of| of.running == Running::On);
        let mut running: Vec<usize> = of.resources.iter().copied().filter(runs).collect();
        let mut waves = 0_u64;
        loop {
            let can_start = |index: &usize| {
                !running.contains(index)
                    && self.resources.get(*index).is_some_and(|of| {
                        of.is_wanted
                            && of
                                .clauses
                                .iter()
                                .all(|any| any.iter().any(|by| running.contains(by)))
                    })
            };
            let wave: Vec<usize> = of.resources.iter().copied().filter(can_start).collect();
            if wave.is_empty() {
                return waves;
            }
            running.extend(wave);
            waves = waves.saturating_add(1);
        }
    }

    /// A node has booted into a new life, and the core is told.
    pub fn boot(&mut self, node: NodeId, incarnation: Incarnation, told: Told) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.is_powered = true;
            node.incarnation = incarnation;
        }
        self.prove_off(node);
        self.tell(node, told);
    }

    /// A node loses its power, and with it all that runs there. The core is not told.
    pub fn crash(&mut self, node: NodeId) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.is_powered = false;
        }
        for group in &mut self.groups {
            if group.active == 0 || group.node != Some(node) {
                continue;
            }
            for index in &group.resources {
                if let Some(resource) = self.resources.get_mut(*index) {
                    resource.running = Running::Off;
                    resource.operation = None;
                }
            }
            group.active = 0;
            group.up = 0;
            group.needs_proof = true;
        }
    }

    /// A resource that runs on a node dies. The life of the node, for the report of it.
    pub fn fail(&mut self, resource: ResourceId, node: NodeId) -> Incarnation {
        if let Some(of) = self.resources.get_mut(resource.index())
            && of.running == Running::On
            && let Some(group) = self.groups.get_mut(of.group)
        {
            of.running = Running::Off;
            group.active = group.active.saturating_sub(1);
            group.up = group.up.saturating_sub(usize::from(of.is_wanted));
        }
        self.nodes.get(node.index()).map_or(Incarnation::default(), |node| node.incarnation)
    }

    /// The core is told something of a node.
    pub fn tell(&mut self, node: NodeId, told: Told) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.told = told;
        }
        if told == Told::Off {
            self.prove_off(node);
        }
        self.is_quorate = self.judge(None);
    }

    /// What died with a node is known to have died: the node is off, or in a new life.
    fn prove_off(&mut self, node: NodeId) {
        for group in &mut self.groups {
            if group.active == 0 && group.node == Some(node) {
                group.needs_proof = false;
            }
        }
    }

    fn judge(&self, without: Option<NodeId>) -> bool {
        let is_member = |index: usize, node: &Node| {
            matches!(node.told, Told::Member | Told::Paused)
                && without != Some(NodeId::from_index(index))
        };
        let members = self.nodes.iter().enumerate().filter(|(index, node)| is_member(*index, node));
        let ballot = Ballot {
            members: members.clone().count(),
            present: members.map(|(_, node)| node.votes).fold(0, u64::saturating_add),
            total: self.total_votes,
            witness: WitnessState::Up,
            witness_weight: self.witness_weight,
        };
        quorum::judge(self.rule, &ballot).is_quorate()
    }

    /// The agent of a resource is done with what it was at, and well.
    pub fn finish(&mut self, resource: ResourceId) {
        let Some(of) = self.resources.get_mut(resource.index()) else { return };
        let Some(group) = self.groups.get_mut(of.group) else { return };
        of.operation = None;
        match of.running {
            Running::Starting => {
                of.running = Running::On;
                group.up = group.up.saturating_add(usize::from(of.is_wanted));
            }
            Running::Stopping => {
                of.running = Running::Off;
                group.active = group.active.saturating_sub(1);
            }
            Running::Off | Running::On => {}
        }
    }
}
