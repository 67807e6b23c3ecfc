//! Every rule of the audit can fail: a correct step is judged after a change to its outputs, or to
//! the record of the time before it.

use std::time::Duration;

use crate::Invariant;
use crate::forge::{effect, event};
use quorate::cluster::{Command, Effect, Event, Life, LockHandling, Outcome, Output};
use quorate::kind::ResourceOverrides;
use quorate::policy::FirstPreferred;
use quorate::settings::{Failback, Fencing, RestartAction};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
use quorate::state::OperationKind;
use quorate::{Cluster, Incarnation, Input, NodeId, OpId, ResourceId, Timestamp};
use serde_json::json;

use super::seen::Seen;
use super::{Audit, Moment, Stimulus};

mod forged;
mod forged_left;
mod forged_rules;
mod forged_state;
mod forged_unheard;

const A: NodeId = NodeId::new(0);
const B: NodeId = NodeId::new(1);
const C: NodeId = NodeId::new(2);
const SQL: quorate::GroupId = quorate::GroupId::new(0);
const DISK: ResourceId = ResourceId::new(0);
const DB: ResourceId = ResourceId::new(1);

/// A cluster in the middle of its life, with an audit that saw all of it.
#[derive(Clone, Debug)]
struct Scene {
    cluster: Cluster,
    audit: Audit,
    now: Timestamp,
}

/// The next step.
#[derive(Clone, Debug)]
enum Next {
    Input(Box<Input>),
    Timer,
}

fn declaration(fencing: Fencing) -> ClusterDeclaration {
    let settings = || ResourceOverrides {
        restart_threshold: Some(1),
        restart_action: Some(RestartAction::RestartNotify),
        ..ResourceOverrides::default()
    };
    let group = GroupDeclaration::new("sql")
        .preferred_owners(["a", "b"])
        .resource(ResourceDeclaration::new("disk", "Physical Disk").settings(settings()))
        .resource(
            ResourceDeclaration::new("db", "Generic Service").needs("[disk]").settings(settings()),
        );
    let group = GroupDeclaration { failback: Some(Failback::Allow), ..group };
    let low = GroupDeclaration::new("web")
        .preferred_owners(["b", "c"])
        .resource(ResourceDeclaration::new("page", "Generic Service"));
    ClusterDeclaration::new("test")
        .node("a")
        .node("b")
        .node("c")
        .fencing(fencing)
        .group(group)
        .group(low)
}

impl Scene {
    fn new(fencing: Fencing) -> Self {
        let spec = declaration(fencing).build().expect("a valid declaration");
        let cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
        let audit = Audit::new(&cluster);
        Self { cluster, audit, now: Timestamp::from_millis(1_000) }
    }

    /// Returns a scene in which every node is up and every resource is online.
    fn online(fencing: Fencing) -> Self {
        [A, B, C].into_iter().fold(Self::new(fencing), |scene, node| scene.then(joined(node, 1)))
    }

    /// Hands in an input, and then answers every operation.
    fn then(self, input: Input) -> Self {
        self.just(input).done()
    }

    /// Lets a timer go off, and then answers every operation.
    fn fired(mut self) -> Self {
        self.audit.handle_timeout(&mut self.cluster, self.now).expect("every promise is kept");
        self.done()
    }

    /// Answers every operation with success until none is outstanding.
    fn done(self) -> Self {
        let mut scene = self;
        loop {
            let asked = scene.cluster.outstanding().next();
            let Some(effect) = asked else { return scene };
            scene = scene.just(answer(&effect, Outcome::Succeeded));
        }
    }

    /// Answers for every node that is asked that it runs none of the newly declared resources.
    fn heard(mut self) -> Self {
        let is_question = |effect: &Effect| effect.action == OperationKind::Inventory;
        loop {
            let asked = self.cluster.outstanding().find(is_question);
            let Some(effect) = asked else { return self };
            self = self.just(answer(&effect, Outcome::Succeeded));
        }
    }

    /// Hands in an input alone.
    fn just(mut self, input: Input) -> Self {
        let outputs = self.audit.handle(&mut self.cluster, self.now, input);
        outputs.expect("every promise is kept").expect("the input is accepted");
        self
    }

    fn later(mut self, millis: u64) -> Self {
        self.now = self.now.after(Duration::from_millis(millis));
        self
    }

    /// Returns the first outstanding operation of this kind.
    fn asked(&self, action: OperationKind) -> Effect {
        let mut all = self.cluster.outstanding();
        all.find(|effect| effect.action == action).expect("it is outstanding")
    }

    /// Makes a step and judges it, with changes to the record before it and to its outputs.
    fn judge(
        mut self,
        next: &Next,
        doctor: impl FnOnce(&mut Seen),
        forge: impl FnOnce(&mut Vec<Output>),
    ) -> Option<Invariant> {
        doctor(&mut self.audit.seen);
        let input = match next {
            Next::Input(input) => Some(&**input),
            Next::Timer => None,
        };
        let stimulus = input.map_or(Stimulus::Timer, Stimulus::Input);
        let moment = Moment::before(&self.cluster, stimulus, self.now);
        let answer = match input {
            Some(input) => self.cluster.handle(self.now, input.clone()),
            None => {
                self.cluster.handle_timeout(self.now);
                Ok(())
            }
        };
        let mut outputs = core::iter::from_fn(|| self.cluster.poll_output()).collect();
        forge(&mut outputs);
        let verdict = self.audit.after(&self.cluster, &moment, answer.as_ref().copied(), &outputs);
        verdict.err().and_then(|breach| breach.invariant)
    }
}

fn joined(node: NodeId, life: u64) -> Input {
    Input::node_joined(node, Incarnation::new(life), Vec::new())
}

fn answer(effect: &Effect, outcome: Outcome) -> Input {
    if effect.action == OperationKind::Inventory {
        let Effect { node, incarnation, operation, .. } = *effect;
        let (running, operation) = (Vec::new(), Some(operation));
        return Input::node_inventory(node, incarnation, running).answering(operation).into();
    }
    Input::operation_finished(effect.operation, outcome)
}

fn input(input: Input) -> Next {
    Next::Input(Box::new(input))
}

fn command(command: Command) -> Next {
    input(Input::Command(command))
}

fn failed(resource: ResourceId, node: NodeId) -> Input {
    Input::resource_failed(resource, node, Incarnation::new(1)).into()
}

fn offline() -> Next {
    command(Command::take_group_offline(SQL).into())
}

fn drain(node: NodeId) -> Next {
    command(Command::drain_node(node).into())
}

/// Changes every event.
fn events(outputs: &mut [Output], change: impl Fn(&mut Event)) {
    for output in outputs {
        if let Output::Event(event) = output {
            change(event);
        }
    }
}

/// Changes every effect.
fn effects(outputs: &mut [Output], change: impl Fn(&mut Effect)) {
    for output in outputs {
        if let Output::Effect(effect) = output {
            change(effect);
        }
    }
}

/// Adds an event that was never put out, at the end.
fn say(outputs: &mut Vec<Output>, event: Event) {
    outputs.push(Output::Event(event));
}

/// Removes the events for which `is_left_out` is true.
fn hush(outputs: &mut Vec<Output>, is_left_out: impl Fn(&Event) -> bool) {
    outputs.retain(|output| !matches!(output, Output::Event(event) if is_left_out(event)));
}

/// The unchanged steps are no breach.
#[test]
fn what_is_not_forged_is_no_breach() {
    let trusted = || Scene::online(Fencing::Trusted);
    let steps = [
        (trusted(), offline()),
        (trusted(), drain(A)),
        (trusted(), input(Input::node_lost(A, Life::Known))),
        (trusted(), input(failed(DB, A))),
        (Scene::online(Fencing::Required), input(Input::node_lost(A, Life::Known))),
        (Scene::new(Fencing::Trusted).just(joined(A, 1)), input(joined(B, 1))),
        (trusted().later(10_000), Next::Timer),
        (trusted(), command(Command::evict_node(C))),
        (trusted(), command(Command::evict_node(NodeId::new(9)))),
    ];
    for (scene, next) in steps {
        let verdict = scene.judge(&next, |_| {}, |_| {});
        assert_eq!(verdict, None, "{next:?}");
    }
}

/// An audit may begin at any time.
#[test]
fn an_audit_begins_in_the_middle() {
    let mut scene = Scene::online(Fencing::Required).just(failed(DB, A));
    scene.audit = Audit::new(&scene.cluster);
    let effect = scene.asked(OperationKind::Terminate);
    let mut scene = scene.just(answer(&effect, Outcome::Succeeded));
    scene.audit = Audit::new(&scene.cluster);
    let scene = scene.just(Input::node_lost(A, Life::Known));
    let next = input(answer(&scene.asked(OperationKind::Fence), Outcome::Succeeded));
    assert_eq!(scene.judge(&next, |_| {}, |_| {}), None);
}

/// A step that was not seen is noticed in the next one.
#[test]
fn a_step_that_was_not_seen_is_noticed() {
    let mut scene = Scene::online(Fencing::Trusted);
    scene.cluster.handle(scene.now, failed(DB, A)).expect("it is accepted");
    while scene.cluster.poll_output().is_some() {}
    let verdict = scene.judge(&input(failed(DISK, A)), |_| {}, |_| {});
    assert!(verdict.is_some());
}
