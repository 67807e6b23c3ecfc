//! The real world of the simulation: what really runs, and what must never happen there.
//!
//! The core can only report what it believes, and two running copies of one disk are a wrong
//! belief. So this world stands outside the core: it reads the declaration and the operations that
//! were carried out, and nothing of the core's state. Each check takes constant time, so it runs
//! with every step.

use quorate::quorum::{self, Ballot, WitnessState};
use quorate::settings::DesiredState;
use quorate::spec::ClusterSpec;
use quorate::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId};

mod judge;

/// The last report on a node that the core received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Told {
    /// The node is a member.
    Member,
    /// The node is a member and paused.
    Paused,
    /// The node is no longer heard from.
    Lost,
    /// The node is certainly off: it was fenced, it left, or an operator confirmed it.
    Off,
}

/// The fate of an operation that the core asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Asked {
    /// The agent is at work.
    Begun,
    /// The node is dead and the core does not know it yet. There will be no answer.
    Unheard,
}

/// The real condition of a resource.
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
    /// Clauses that must all hold; a clause holds while one of its members runs.
    clauses: Vec<Vec<usize>>,
    dependents: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Group {
    resources: Vec<usize>,
    wanted: usize,
    /// By node, the number of wanted resources that cannot run there and need not; empty if all run
    /// everywhere.
    spared: Vec<usize>,
    /// Number of wanted resources that run.
    up: usize,
    /// Number of resources that run, start or stop.
    active: usize,
    /// The node on which a resource of the group was started last.
    node: Option<NodeId>,
    /// The group did not stop in good order on that node: it died with the node, or its end is
    /// unknown.
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
    /// Returns a world in which every node is off. The witness, if there is one, is always up.
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

    /// Tells whether everything wanted of a group runs, except what cannot and need not run on its
    /// node.
    #[must_use]
    pub fn is_serving(&self, group: GroupId) -> bool {
        self.groups.get(group.index()).is_some_and(|group| {
            let spared = group.node.and_then(|node| group.spared.get(node.index()).copied());
            group.up.saturating_add(spared.unwrap_or(0)) == group.wanted
        })
    }

    /// Returns the node on which a resource of a group runs, starts or stops.
    #[must_use]
    pub fn active_on(&self, group: GroupId) -> Option<NodeId> {
        self.groups.get(group.index()).filter(|group| group.active > 0).and_then(|group| group.node)
    }

    /// Tells whether the members that were reported to the core are a quorum.
    #[must_use]
    pub const fn is_quorate(&self) -> bool {
        self.is_quorate
    }

    /// Tells whether the other members would still be a quorum without this node.
    #[must_use]
    pub fn is_quorate_without(&self, node: NodeId) -> bool {
        self.judge(Some(node))
    }

    /// Returns the operation under way for a resource.
    #[must_use]
    pub fn operation(&self, resource: ResourceId) -> Option<OpId> {
        self.resources.get(resource.index()).and_then(|resource| resource.operation)
    }

    /// Tells whether a resource is wanted online.
    #[must_use]
    pub fn is_wanted(&self, resource: ResourceId) -> bool {
        self.resources.get(resource.index()).is_some_and(|resource| resource.is_wanted)
    }

    /// Returns the number of starts of a group, one after the other, until everything wanted of it
    /// runs, if each resource starts as soon as it can.
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

    /// Boots a node into a new life and reports it to the core.
    pub fn boot(&mut self, node: NodeId, incarnation: Incarnation, told: Told) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.is_powered = true;
            node.incarnation = incarnation;
        }
        self.prove_off(node);
        self.tell(node, told);
    }

    /// Cuts the power of a node; everything that runs there dies. The core is not told.
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

    /// Lets a resource that runs on a node die. Returns the life of the node, for the report.
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

    /// Takes note of a report on a node that the core receives.
    pub fn tell(&mut self, node: NodeId, told: Told) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.told = told;
        }
        if told == Told::Off {
            self.prove_off(node);
        }
        self.is_quorate = self.judge(None);
    }

    /// Notes as proved that what died with a node is dead: the node is off, or in a new life.
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

    /// Completes the present work of a resource's agent with success.
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
