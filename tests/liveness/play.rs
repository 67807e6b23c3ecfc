//! A cluster with agents that do what they are asked for, unless a story says otherwise. Every
//! step is audited and written into a journal.

use std::collections::BTreeSet;
use std::time::Duration;

use quorate::cluster::{Command, Effect, Life, Outcome};
use quorate::kind::ResourceOverrides;
use quorate::machine::ResourceState;
use quorate::policy::FailoverPolicy;
use quorate::settings::Interval;
use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
use quorate::state::OperationKind;
use quorate::{Cluster, GroupId, Incarnation, Input, NodeId, ResourceId, Timestamp};
use quorate_testkit::audit::Audit;
use quorate_testkit::liveness::{Journal, Spark};

/// Timers in a row after which a story counts as one without end.
const PATIENCE: usize = 100_000;

#[derive(Clone)]
pub(crate) struct Play {
    pub(crate) cluster: Cluster,
    pub(crate) journal: Journal,
    pub(crate) now: Timestamp,
    audit: Audit,
    running: BTreeSet<(NodeId, ResourceId)>,
    lives: Vec<u64>,
    /// Nodes whose agents do not answer.
    pub(crate) silent: BTreeSet<NodeId>,
    /// Nodes on which nothing starts.
    pub(crate) grey: BTreeSet<NodeId>,
    /// Tells whether fencing devices answer.
    pub(crate) fences_answer: bool,
}

pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Three resources in a chain, and a fourth beside them. They are checked seldom, for a story of
/// hours has many checks.
pub(crate) fn group(name: &str) -> GroupDeclaration {
    let of = |what: &str| format!("{name} {what}");
    let resource = |what: &str, kind: &'static str| {
        ResourceDeclaration::new(of(what), kind).settings(ResourceOverrides {
            looks_alive_interval: Some(Interval::Never),
            is_alive_interval: Some(Interval::Every(Duration::from_secs(1_200))),
            ..ResourceOverrides::default()
        })
    };
    GroupDeclaration::new(name)
        .resource(resource("disk", "Physical Disk"))
        .resource(resource("ip", "IP Address"))
        .resource(resource("name", "Network Name").needs(format!("[{}]", of("ip"))))
        .resource(resource("service", "Generic Service").needs(format!(
            "[{}] and [{}]",
            of("disk"),
            of("name")
        )))
}

impl Play {
    pub(crate) fn new(
        declaration: ClusterDeclaration,
        policy: impl FailoverPolicy + 'static,
    ) -> Self {
        let spec = declaration.build().expect("a valid declaration");
        let lives = vec![0; spec.nodes().len()];
        let cluster = Cluster::new(spec, policy, Timestamp::ZERO);
        let audit = Audit::new(&cluster);
        Self {
            cluster,
            audit,
            journal: Journal::new(),
            now: at(1_000),
            running: BTreeSet::new(),
            lives,
            silent: BTreeSet::new(),
            grey: BTreeSet::new(),
            fences_answer: true,
        }
    }

    /// Every node joins.
    pub(crate) fn up(mut self) -> Self {
        for node in self.nodes() {
            self.boot(node);
        }
        self
    }

    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.cluster.spec().nodes().map(|(id, _)| id).collect()
    }

    pub(crate) fn group(&self, name: &str) -> GroupId {
        self.cluster.spec().group_id(name).expect("a declared group")
    }

    pub(crate) fn owner(&self, name: &str) -> Option<NodeId> {
        self.cluster.state().owner(self.group(name))
    }

    pub(crate) fn is_online(&self, name: &str) -> bool {
        self.cluster.why(self.group(name)).is_none()
    }

    /// A node starts in a new life.
    pub(crate) fn boot(&mut self, node: NodeId) {
        self.running.retain(|(on, _)| *on != node);
        self.lives[node.index()] += 1;
        let incarnation = Incarnation::new(self.lives[node.index()]);
        self.feed(Input::node_joined(node, incarnation, Vec::new()));
        self.settle();
    }

    /// A node loses power, and membership notices.
    pub(crate) fn lose(&mut self, node: NodeId) {
        self.running.retain(|(on, _)| *on != node);
        self.feed(Input::node_lost(node, Life::Known));
        self.settle();
    }

    pub(crate) fn order(&mut self, command: Command) {
        self.feed(Input::Command(command));
        self.settle();
    }

    /// A resource dies on its owner, and its agent says so.
    pub(crate) fn crash(&mut self, name: &str) {
        let resource = self.cluster.spec().resource_id(name).expect("a declared resource");
        let group = self.cluster.spec().resource(resource).expect("declared").group();
        let node = self.cluster.state().owner(group).expect("it has an owner");
        self.running.remove(&(node, resource));
        if self.cluster.state().resource_state(resource) != ResourceState::Online {
            // There is nothing that could die.
            return;
        }
        let incarnation = Incarnation::new(self.lives[node.index()]);
        self.feed(Input::resource_failed(resource, node, incarnation).into());
        self.settle();
    }

    pub(crate) fn feed(&mut self, input: Input) {
        let spark = Spark::of(&input);
        let answer = self.audit.handle(&mut self.cluster, self.now, input.clone());
        let answer = answer.unwrap_or_else(|breach| panic!("{breach}\nby {input:?}"));
        let outputs = answer.unwrap_or_else(|error| panic!("{error}\nby {input:?}"));
        self.journal.record(self.now, spark, &outputs);
    }

    /// Agents and devices answer until nobody who would answer is asked.
    pub(crate) fn settle(&mut self) {
        loop {
            let asked = self.cluster.outstanding().find(|effect| self.answers(effect));
            let Some(effect) = asked else { return };
            let outcome = self.carry_out(&effect);
            self.feed(Input::operation_finished(effect.operation, outcome));
        }
    }

    fn answers(&self, effect: &Effect) -> bool {
        match effect.action {
            OperationKind::Fence => self.fences_answer,
            _ => !self.silent.contains(&effect.node),
        }
    }

    fn carry_out(&mut self, effect: &Effect) -> Outcome {
        let Some(resource) = effect.resource else {
            self.running.retain(|(on, _)| *on != effect.node);
            return Outcome::Succeeded;
        };
        let place = (effect.node, resource);
        match effect.action {
            OperationKind::Start if self.grey.contains(&effect.node) => Outcome::Failed,
            OperationKind::Start => {
                self.running.insert(place);
                Outcome::Succeeded
            }
            OperationKind::Stop | OperationKind::Terminate => {
                self.running.remove(&place);
                Outcome::Succeeded
            }
            OperationKind::Probe if self.running.contains(&place) => Outcome::Running,
            OperationKind::Probe => Outcome::NotRunning,
            _ if self.running.contains(&place) => Outcome::Succeeded,
            _ => Outcome::Failed,
        }
    }

    /// Time passes; timers go off when they are due.
    pub(crate) fn run(&mut self, span: Duration) {
        let until = self.now.after(span);
        for _ in 0..PATIENCE {
            let due = self.cluster.poll_timeout().filter(|deadline| deadline.at <= until);
            let Some(deadline) = due else {
                self.now = until;
                return;
            };
            self.now = deadline.at.max(self.now);
            let spark = Spark::timer(&self.cluster, self.now);
            let outputs = self.audit.handle_timeout(&mut self.cluster, self.now);
            let outputs = outputs.unwrap_or_else(|breach| panic!("{breach}\nby a timer"));
            self.journal.record(self.now, spark, &outputs);
            self.settle();
        }
        panic!("timers go off without end");
    }
}
