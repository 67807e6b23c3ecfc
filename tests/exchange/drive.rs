//! The clusters under test and how to drive them: agents that do everything at once.

use quorate::catalog::exchange::{MtaPlace, Version, VirtualServer};
use quorate::cluster::Life;
use quorate::machine::GroupState;
use quorate::policy::Ring;
use quorate::quorum::WitnessState;
use quorate::settings::{Fencing, QuorumRule};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, Profile};
use quorate::{
    Cluster, Effect, Event, GroupId, Incarnation, Input, InputError, NodeId, Outcome, Output,
    ResourceId, Timestamp,
};

/// Server k of the fixture: home on node k, then nodes 5, 6 and 7.
pub(crate) fn server(version: Version, k: usize) -> VirtualServer {
    VirtualServer::new(version, format!("EVS{k}"))
        .disks(["data", "log"])
        .storage_groups(4)
        .mta(if k == 1 { MtaPlace::Here } else { MtaPlace::Elsewhere })
}

/// A cluster of this many nodes in which the membership layer vouches for lost nodes.
pub(crate) fn cluster_of(
    nodes: usize,
    quorum: QuorumRule,
    groups: impl IntoIterator<Item = GroupDeclaration>,
) -> ClusterDeclaration {
    let declaration = ClusterDeclaration::new("mail")
        .profile(Profile::Mscs2003)
        .quorum(quorum)
        .fencing(Fencing::Trusted);
    let declaration = (1..=nodes).fold(declaration, |of, k| of.node(format!("node{k}")));
    groups.into_iter().fold(declaration, ClusterDeclaration::group)
}

/// Seven nodes; three of them are spare.
pub(crate) fn fixture_7(quorum: QuorumRule) -> ClusterDeclaration {
    let servers = (1..=4).map(|k| {
        let preferred = [k, 5, 6, 7].map(|node| format!("node{node}"));
        server(Version::Exchange2003, k).preferred_owners(preferred).build()
    });
    cluster_of(7, quorum, servers)
}

/// Four nodes; one of them is spare.
pub(crate) fn fixture_4() -> ClusterDeclaration {
    let servers = (1..=3)
        .map(|k| server(Version::Exchange2003, k).preferred_owners([format!("node{k}")]).build());
    cluster_of(4, QuorumRule::DiskOnly, servers)
}

/// A cluster whose agents answer at once, as long as they answer at all.
#[derive(Clone, Debug)]
pub(crate) struct Drive {
    pub(crate) cluster: Cluster,
    pub(crate) now: Timestamp,
    life: u64,
}

impl Drive {
    /// All nodes up and everything started.
    pub(crate) fn start(declaration: ClusterDeclaration) -> Self {
        let mut drive = Self::form(declaration);
        drive.settle();
        drive
    }

    /// All nodes up, and nothing answered yet.
    pub(crate) fn form(declaration: ClusterDeclaration) -> Self {
        let spec = declaration.build().expect("the fixture is sound");
        let nodes = spec.nodes().len();
        let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        let mut drive = Self { cluster, now: Timestamp::ZERO, life: 1 };
        drive.input(Input::witness_changed(WitnessState::Up));
        for k in 1..=nodes {
            drive.join(k);
        }
        drive
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.cluster.handle(self.now, input).expect("the script is possible");
    }

    pub(crate) fn lose(&mut self, k: usize) {
        let node = node(k);
        self.input(Input::node_lost(node, Life::Known));
    }

    pub(crate) fn join(&mut self, k: usize) {
        let (node, incarnation) = (node(k), Incarnation::new(self.life));
        self.life += 1;
        self.input(Input::node_joined(node, incarnation, Vec::new()));
    }

    /// Effects and events that were not taken yet.
    pub(crate) fn take(&mut self) -> (Vec<Effect>, Vec<Event>) {
        let (mut effects, mut events) = (Vec::new(), Vec::new());
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Effect(effect) => effects.push(effect),
                Output::Event(event) => events.push(event),
                other => unimplemented!("{other:?}"),
            }
        }
        (effects, events)
    }

    /// Answers everything with success until nothing is left, and gives what was asked for.
    pub(crate) fn settle(&mut self) -> Vec<Effect> {
        let mut all = Vec::new();
        loop {
            let (effects, _) = self.take();
            if effects.is_empty() {
                return all;
            }
            for effect in effects {
                self.succeed(&effect);
                all.push(effect);
            }
        }
    }

    pub(crate) fn succeed(&mut self, effect: &Effect) {
        let report = Input::operation_finished(effect.operation, Outcome::Succeeded);
        match self.cluster.handle(self.now, report) {
            // The node that was asked is gone.
            Ok(()) | Err(InputError::StaleOperation(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// The groups that are wholly online.
    pub(crate) fn online(&self) -> usize {
        let groups = self.cluster.spec().groups();
        groups.filter(|(group, _)| self.state_of(*group) == GroupState::Online).count()
    }

    fn state_of(&self, group: GroupId) -> GroupState {
        self.cluster.state().group_state(self.cluster.spec(), group)
    }

    /// Where server k is online: the number of the node.
    pub(crate) fn place(&self, k: usize) -> Option<usize> {
        let group = evs(k);
        (self.state_of(group) == GroupState::Online)
            .then(|| self.cluster.state().owner(group))
            .flatten()
            .map(|node| node.index() + 1)
    }

    /// Where each server is online.
    pub(crate) fn places(&self) -> Vec<Option<usize>> {
        (1..=self.cluster.spec().groups().len()).map(|k| self.place(k)).collect()
    }

    pub(crate) fn resource(&self, name: &str) -> ResourceId {
        self.cluster.spec().resource_id(name).expect("it is declared")
    }

    pub(crate) fn name(&self, resource: ResourceId) -> &str {
        self.cluster.spec().resource(resource).expect("it is declared").name()
    }

    /// The agent of server 1's resource says that it failed.
    pub(crate) fn fail(&mut self, name: &str) {
        let resource = self.resource(name);
        let node = self.cluster.state().owner(evs(1)).expect("it runs somewhere");
        let record = self.cluster.state().node(node).expect("it is declared");
        let incarnation = record.incarnation();
        self.input(Input::resource_failed(resource, node, incarnation).into());
    }
}

pub(crate) fn node(k: usize) -> NodeId {
    NodeId::from_index(k - 1)
}

pub(crate) fn evs(k: usize) -> GroupId {
    GroupId::from_index(k - 1)
}
