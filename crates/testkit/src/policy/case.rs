//! Random clusters in any state, with a question about the group `g0`.

use proptest::collection::vec;
use proptest::prelude::*;

use quorate::machine::NodeState;
use quorate::policy::{PlacementRequest, Trigger};
use quorate::settings::AntiAffinityPlacement;
use quorate::spec::{
    ClusterDeclaration, ClusterSpec, GroupDeclaration, NodeDeclaration, ResourceDeclaration,
};
use quorate::state::ClusterState;
use quorate::time::Timestamp;
use quorate::{GroupId, NodeId};

/// The parts of a cluster and a question. Nodes are numbers, which wrap.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) members: Vec<Member>,
    /// The groups; the question is about the first one.
    pub(crate) parties: Vec<Party>,
    pub(crate) anti_affinity: AntiAffinityPlacement,
    pub(crate) trigger: Trigger,
    /// A choice among several things that a law may change.
    pub(crate) which: usize,
    /// A choice of the new value.
    pub(crate) how: usize,
}

/// A node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) state: NodeState,
    pub(crate) capacity: Option<u64>,
    pub(crate) site: Option<u8>,
    /// The attribute `lag`.
    pub(crate) lag: Option<i64>,
}

/// A group with one resource.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Party {
    pub(crate) name: String,
    pub(crate) preferred: Vec<usize>,
    pub(crate) possible: Option<Vec<usize>>,
    pub(crate) class: Option<u8>,
    pub(crate) demand: u64,
    pub(crate) owner: Option<usize>,
}

/// A cluster as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) spec: ClusterSpec,
    pub(crate) state: ClusterState,
}

/// The group that the question is about.
pub(crate) const ASKED: GroupId = GroupId::new(0);

/// Returns cases of every sort; simpler cases have simpler values and fewer nodes and groups.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    let triggers = prop::sample::select(&[
        Trigger::Start,
        Trigger::ResourceFailure,
        Trigger::NodeFailure,
        Trigger::BestPossible,
        Trigger::Drain,
    ]);
    let anti_affinity =
        prop::sample::select(&[AntiAffinityPlacement::Soft, AntiAffinityPlacement::Hard]);
    // Sometimes there are as many nodes as a declaration may have.
    let members = prop_oneof![
        30 => vec(member(), 1..8),
        1 => vec(member(), 8..=64),
    ];
    (members, vec(party(), 1..7), anti_affinity, triggers, 0..64_usize, 0..64_usize).prop_map(
        |(members, parties, anti_affinity, trigger, which, how)| {
            Case { members, parties, anti_affinity, trigger, which, how }.settled()
        },
    )
}

fn member() -> impl Strategy<Value = Member> {
    let states = prop_oneof![4 => Just(NodeState::Up), 2 => prop::sample::select(&NodeState::ALL)];
    let capacity = prop::option::weighted(0.7, amount(0..30));
    let site = prop::option::weighted(0.5, 0..3_u8);
    let lag = prop::option::weighted(0.5, -2..4_i64);
    (states, capacity, site, lag).prop_map(|(state, capacity, site, lag)| Member {
        name: String::new(),
        state,
        capacity,
        site,
        lag,
    })
}

fn party() -> impl Strategy<Value = Party> {
    (
        vec(0..64_usize, 0..5),
        prop::option::weighted(0.3, vec(0..64_usize, 1..5)),
        prop::option::weighted(0.6, 0..2_u8),
        amount(0..12),
        prop::option::weighted(0.8, 0..64_usize),
    )
        .prop_map(|(preferred, possible, class, demand, owner)| Party {
            name: String::new(),
            preferred,
            possible,
            class,
            demand,
            owner,
        })
}

/// Returns mostly small amounts, and sometimes an amount so large that its sum over all nodes and
/// groups of a case just fits.
fn amount(small: core::ops::Range<u64>) -> impl Strategy<Value = u64> {
    prop_oneof![30 => small, 1 => Just(u64::MAX / 128)]
}

impl Case {
    /// Returns the case with names, and with node numbers that exist and occur once.
    pub(super) fn settled(mut self) -> Self {
        let count = self.members.len();
        let nodes = |numbers: &[usize]| {
            let mut nodes: Vec<usize> = Vec::new();
            for number in numbers {
                if !nodes.contains(&(number % count)) {
                    nodes.push(number % count);
                }
            }
            nodes
        };
        for (number, member) in self.members.iter_mut().enumerate() {
            member.name = format!("n{number}");
        }
        for (number, party) in self.parties.iter_mut().enumerate() {
            party.name = format!("g{number}");
            party.preferred = nodes(&party.preferred);
            party.possible = party.possible.as_deref().map(nodes);
            party.owner = party.owner.map(|owner| owner % count);
        }
        self
    }

    /// Returns the case in a cluster where nothing rules out any node: all nodes are up, without
    /// limits, sites, attributes and groups that exclude each other.
    pub(crate) fn plain(mut self) -> Self {
        for member in &mut self.members {
            (member.state, member.capacity) = (NodeState::Up, None);
            (member.site, member.lag) = (None, None);
        }
        for party in &mut self.parties {
            (party.possible, party.class, party.demand) = (None, None, 0);
        }
        self
    }

    /// Returns a case with this number of nodes, where the first node fails with this number of
    /// groups on it.
    pub(crate) fn failed_node(nodes: usize, groups: usize) -> Self {
        let mut members = vec![Member::default(); nodes];
        if let Some(first) = members.first_mut() {
            first.state = NodeState::Down;
        }
        let owned = Party { owner: Some(0), ..Party::default() };
        Self {
            members,
            parties: vec![owned; groups],
            anti_affinity: AntiAffinityPlacement::Soft,
            trigger: Trigger::NodeFailure,
            which: 0,
            how: 0,
        }
        .settled()
    }

    /// Returns the cluster and its state.
    pub(crate) fn scene(&self) -> Scene {
        let names = |numbers: &[usize]| -> Vec<String> {
            numbers.iter().map(|number| self.members[*number].name.clone()).collect()
        };
        let mut declared = ClusterDeclaration::new("test");
        for member in &self.members {
            let mut node = NodeDeclaration::new(&*member.name);
            node.site = member.site.map(|site| format!("site {site}"));
            declared = declared.node(match member.capacity {
                Some(capacity) => node.capacity("room", capacity),
                None => node,
            });
        }
        for party in &self.parties {
            let service =
                ResourceDeclaration::new(format!("{} service", party.name), "Generic Service");
            let mut group = GroupDeclaration::new(&*party.name)
                .preferred_owners(names(&party.preferred))
                .demand("room", party.demand)
                .resource(match &party.possible {
                    Some(possible) => service.possible_owners(names(possible)),
                    None => service,
                });
            if let Some(class) = party.class {
                group = group.anti_affinity_classes([format!("class {class}")]);
            }
            declared = declared.group(group);
        }
        declared.anti_affinity = Some(self.anti_affinity);
        let spec = declared.build().expect("the parts of a case fit together");
        let mut state = ClusterState::new(&spec, Timestamp::ZERO);
        for (number, member) in self.members.iter().enumerate() {
            let node = NodeId::from_index(number);
            state.suppose_node(node, member.state);
            if let Some(lag) = member.lag {
                state.suppose_attribute(node, "lag", lag);
            }
        }
        let mut scene = Scene { spec, state };
        for (number, party) in self.parties.iter().enumerate() {
            if let Some(owner) = party.owner {
                scene.place(GroupId::from_index(number), NodeId::from_index(owner));
            }
        }
        scene
    }

    /// Returns the cluster in words.
    pub(crate) fn words(&self) -> String {
        let members: Vec<String> = self.members.iter().map(Member::words).collect();
        let parties: Vec<String> =
            self.parties.iter().map(|party| self.party_words(party)).collect();
        let apart = match self.anti_affinity {
            AntiAffinityPlacement::Soft => "",
            AntiAffinityPlacement::Hard => "; anti-affinity is hard",
        };
        format!("nodes: {}; groups: {}{apart}", members.join(", "), parties.join("; "))
    }

    fn party_words(&self, party: &Party) -> String {
        let names = |numbers: &[usize]| {
            let names: Vec<&str> =
                numbers.iter().map(|number| &*self.members[*number].name).collect();
            names.join(", ")
        };
        let mut words = match party.owner {
            Some(owner) => format!("{} on {}", party.name, self.members[owner].name),
            None => format!("{} without an owner", party.name),
        };
        if !party.preferred.is_empty() {
            words.push_str(&format!(", prefers {}", names(&party.preferred)));
        }
        if let Some(possible) = &party.possible {
            words.push_str(&format!(", only on {}", names(possible)));
        }
        if party.demand > 0 {
            words.push_str(&format!(", demands {}", party.demand));
        }
        if let Some(class) = party.class {
            words.push_str(&format!(", of class {class}"));
        }
        words
    }
}

/// Returns a node that is up and that nothing rules out.
impl Default for Member {
    fn default() -> Self {
        Self { name: String::new(), state: NodeState::Up, capacity: None, site: None, lag: None }
    }
}

impl Member {
    fn words(&self) -> String {
        let mut words = format!("{} {}", self.name, self.state);
        if let Some(capacity) = self.capacity {
            words.push_str(&format!(" with room {capacity}"));
        }
        if let Some(site) = self.site {
            words.push_str(&format!(" at site {site}"));
        }
        if let Some(lag) = self.lag {
            words.push_str(&format!(" with lag {lag}"));
        }
        words
    }
}

impl Scene {
    /// Returns the question about one of the groups.
    pub(crate) fn ask(&self, group: GroupId, trigger: Trigger) -> PlacementRequest<'_> {
        PlacementRequest::new(&self.spec, &self.state, group, trigger)
            .expect("the group is declared")
    }

    /// Gives a group an owner, which begins an epoch as it does in a cluster.
    pub(crate) fn place(&mut self, group: GroupId, node: NodeId) {
        self.state.suppose_owner(&self.spec, group, node);
    }

    /// Returns the name of a node, or its number if it has no name.
    pub(crate) fn name(&self, node: NodeId) -> String {
        self.spec.node(node).map_or_else(|| format!("node {node}"), |node| node.name().to_owned())
    }

    /// Returns the names of nodes, in their order.
    pub(crate) fn names(&self, nodes: &[NodeId]) -> String {
        if nodes.is_empty() {
            return "none".into();
        }
        let names: Vec<String> = nodes.iter().map(|node| self.name(*node)).collect();
        names.join(", ")
    }
}
