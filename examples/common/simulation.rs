//! A cluster whose agents and nodes live in simulated time: nothing sleeps, the clock jumps.

mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quorate::agent::Agent;
use quorate::cluster::{Effect, Event, Reason};
use quorate::id::Names;
use quorate::machine::ResourceState;
use quorate::policy::FailoverPolicy;
use quorate::quorum::WitnessState;
use quorate::spec::ClusterSpec;
use quorate::state::OperationKind;
use quorate::{
    Cluster, Incarnation, Input, InputError, NodeId, OpId, Outcome, Output, ResourceId, Timestamp,
};

use super::agents::Work;
use super::ledger::Ledger;

/// The time from the crash of a node until it counts as lost.
pub const DETECTION: Duration = Duration::from_millis(7_200);

/// A cluster and the world around it.
pub struct Simulation {
    cluster: Cluster,
    now: Timestamp,
    /// Returns how long a piece of work takes.
    agents: fn(&Work<'_>) -> Duration,
    /// Future happenings, by time and then in the order in which they were added.
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    set_up: u64,
    /// The resources that really run, which the cluster may not know.
    running: BTreeMap<ResourceId, NodeId>,
    dirty: BTreeSet<ResourceId>,
    /// The contract of the agents of each node: it remembers their operations.
    contracts: BTreeMap<NodeId, Agent>,
    /// Effects that wait until an older one of the same resource has ended.
    waiting: BTreeMap<OpId, Effect>,
    /// Nodes without power.
    dark: BTreeSet<NodeId>,
    journal: Vec<(Timestamp, Event<Names>)>,
    pub ledger: Ledger,
}

enum Happening {
    Answer(Effect, Outcome),
    Progress(OpId),
    Lost(NodeId),
}

impl Simulation {
    /// Returns a cluster whose nodes are all down; the ledger watches resources of this kind.
    pub fn new(
        spec: ClusterSpec,
        policy: impl FailoverPolicy + 'static,
        agents: fn(&Work<'_>) -> Duration,
        watched: &str,
    ) -> Self {
        let of_kind = spec.resources().filter(|(_, resource)| {
            spec.kind(resource.kind()).is_some_and(|kind| kind.name == watched)
        });
        let ledger = Ledger::new(of_kind.map(|(id, _)| id));
        Self {
            cluster: Cluster::new(spec, policy, Timestamp::ZERO),
            now: Timestamp::ZERO,
            agents,
            agenda: BTreeMap::new(),
            set_up: 0,
            running: BTreeMap::new(),
            dirty: BTreeSet::new(),
            contracts: BTreeMap::new(),
            waiting: BTreeMap::new(),
            dark: BTreeSet::new(),
            journal: Vec::new(),
            ledger,
        }
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the events since the last call.
    pub fn take_journal(&mut self) -> Vec<(Timestamp, Event<Names>)> {
        std::mem::take(&mut self.journal)
    }

    /// Hands in an input at the present time.
    pub fn input(&mut self, input: impl Into<Input<Names>>) -> Result<(), InputError> {
        let input = input.into();
        let input = self.cluster.spec().resolve(input).expect("the script uses declared names");
        self.handle(input)
    }

    pub fn witness_up(&mut self) {
        self.handle(Input::witness_changed(WitnessState::Up))
            .expect("the witness may always change");
    }

    /// Starts a node, which joins.
    pub fn boot(&mut self, node: &str) {
        let node = self.node(node);
        self.dark.remove(&node);
        let last = self.incarnation(node).unwrap_or_default();
        let incarnation = last.next();
        self.contracts.insert(node, Agent::new(incarnation));
        self.handle(Input::node_joined(node, incarnation, Vec::new()))
            .expect("a node that was down may join");
    }

    /// Cuts the power of a node. The cluster hears of it later.
    pub fn crash(&mut self, node: &str) {
        let node = self.node(node);
        self.dark.insert(node);
        let died: Vec<ResourceId> =
            self.running.iter().filter(|(_, on)| **on == node).map(|(of, _)| *of).collect();
        for resource in died {
            self.die(resource);
        }
        self.agenda.retain(|_, happening| match happening {
            // Another node carries out a fence.
            Happening::Answer(effect, _) => {
                effect.node != node || effect.action == OperationKind::Fence
            }
            Happening::Progress(_) | Happening::Lost(_) => true,
        });
        self.waiting.retain(|_, effect| effect.node != node);
        self.plan(DETECTION, Happening::Lost(node));
    }

    /// Kills the process behind a resource. The next health check finds out.
    pub fn kill(&mut self, resource: &str) {
        let resource = self.cluster.spec().resource_id(resource).expect("it is declared");
        self.die(resource);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now.after(span);
        while self.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until nothing but health checks is left to do.
    pub fn run_until_calm(&mut self) {
        while self.is_busy() {
            self.step();
        }
    }

    fn is_busy(&self) -> bool {
        let is_work = |happening: &Happening| match happening {
            Happening::Answer(..) | Happening::Progress(_) | Happening::Lost(_) => true,
        };
        let state = self.cluster.state();
        let is_unnoticed = |resource: ResourceId| {
            state.resource_state(resource) == ResourceState::Online
                && !self.running.contains_key(&resource)
        };
        let is_under_way = |reason| {
            !matches!(
                reason,
                Reason::Failed { .. }
                    | Reason::NotAdmitted { .. }
                    | Reason::NoCandidate
                    | Reason::NoQuorum
            )
        };
        self.agenda.values().any(is_work)
            || self.cluster.spec().resources().any(|(resource, _)| is_unnoticed(resource))
            || self
                .cluster
                .spec()
                .groups()
                .filter_map(|(group, _)| self.cluster.why(group))
                .any(is_under_way)
    }

    fn next_at(&self) -> Option<Timestamp> {
        let happening = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let deadline = self.cluster.poll_timeout().map(|deadline| deadline.at);
        happening.into_iter().chain(deadline).min().map(|at| at.max(self.now))
    }

    /// Goes to the next thing that happens.
    fn step(&mut self) {
        self.now = self.next_at().expect("a cluster that runs has health checks ahead");
        match self.agenda.first_entry() {
            Some(entry) if entry.key().0 <= self.now => {
                let happening = entry.remove();
                self.happen(happening);
            }
            Some(_) | None => {
                self.cluster.handle_timeout(self.now);
                self.drain();
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        let input = match happening {
            Happening::Lost(node) => Input::node_lost(node, self.incarnation(node)),
            Happening::Progress(operation) => Input::operation_progressed(operation),
            Happening::Answer(effect, _) if effect.action == OperationKind::Inventory => {
                self.listing(&effect)
            }
            Happening::Answer(effect, outcome) => {
                self.carry_out(&effect);
                if !self.is_reported(&effect, outcome) {
                    return;
                }
                Input::operation_finished(effect.operation, outcome)
            }
        };
        match self.handle(input) {
            // The cluster no longer waits for it.
            Ok(()) | Err(InputError::StaleOperation(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn handle(&mut self, input: Input) -> Result<(), InputError> {
        let outcome = self.cluster.handle(self.now, input);
        self.drain();
        outcome
    }

    fn drain(&mut self) {
        let mut copy = self.cluster.clone();
        while let Some(output) = self.cluster.poll_output() {
            let named = copy.poll_named_output();
            if let Output::Effect(effect) = output {
                self.take(effect);
            }
            if let Some(Output::Event(event)) = named {
                self.journal.push((self.now, event));
            }
        }
        if let Err(violation) = self.cluster.check_invariants() {
            panic!("{violation:?}");
        }
    }

    fn incarnation(&self, node: NodeId) -> Option<Incarnation> {
        self.contracts.get(&node).map(|agent| agent.life().incarnation())
    }

    fn die(&mut self, resource: ResourceId) {
        self.running.remove(&resource);
        self.dirty.insert(resource);
        self.ledger.down(self.now, resource);
    }

    fn plan(&mut self, after: Duration, happening: Happening) {
        self.set_up += 1;
        self.agenda.insert((self.now.after(after), self.set_up), happening);
    }

    fn node(&self, name: &str) -> NodeId {
        self.cluster.spec().node_id(name).expect("the script uses declared names")
    }
}
