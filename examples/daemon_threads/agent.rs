//! The agent of a node: it asks `quorate::agent::Agent` about every effect before it acts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use quorate::Incarnation;
use quorate::agent::{Admission, Agent, Ending, Meanwhile, Task};
use quorate::cluster::{Effect, Input, Running, RunningState};
use quorate::id::Names;
use quorate::state::OperationKind;

use crate::host::ToHost;
use crate::inbox::Inbox;
use crate::membership::{HEARTBEAT, Heartbeat};
use crate::services::{Presence, Services};

pub(crate) struct NodeAgent {
    name: String,
    agent: Agent<Names>,
    services: Arc<Services>,
    /// For each resource the flag that cancels the work on it.
    cancels: BTreeMap<String, Arc<AtomicBool>>,
    own: Sender<ToHost>,
    inbox: Inbox,
    heartbeats: Sender<Heartbeat>,
}

impl NodeAgent {
    pub(crate) fn new(
        name: &str,
        incarnation: Incarnation,
        services: Arc<Services>,
        own: Sender<ToHost>,
        inbox: Inbox,
        heartbeats: Sender<Heartbeat>,
    ) -> Self {
        let (name, agent) = (name.to_owned(), Agent::new(incarnation));
        Self { name, agent, services, cancels: BTreeMap::new(), own, inbox, heartbeats }
    }

    /// The thread of the agent. Each piece of work has a thread of its own, so that a start that
    /// hangs does not hold up the terminate that is to end it.
    pub(crate) fn serve(mut self, messages: &Receiver<ToHost>) {
        let mut next = Instant::now();
        loop {
            if Instant::now() >= next {
                self.beat();
                next = Instant::now() + HEARTBEAT;
            }
            let wait = next.saturating_duration_since(Instant::now());
            match messages.recv_timeout(wait.max(Duration::from_millis(1))) {
                Ok(ToHost::FallSilent) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(message) => self.hear(message),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Says that the node is there, and reports processes that ended by themselves.
    fn beat(&mut self) {
        let (node, incarnation) = (self.name.clone(), self.agent.life().incarnation());
        let _ = self.heartbeats.send(Heartbeat { node, incarnation });
        for (resource, presence) in self.services.started().unwrap_or_default() {
            let desk = self.agent.desk(&resource).unwrap_or_default();
            if presence == Presence::Runs || desk.under_way().is_some() {
                continue;
            }
            self.services.forget(&resource);
            // Without a run it was stopped because the core wanted it. The report names the run, so
            // one that comes late is not taken for one about the next run.
            if let Some(run) = desk.run() {
                let failed = Input::resource_failed(resource, self.name.clone(), incarnation);
                self.inbox.report(failed.of_run(run));
            }
        }
    }

    fn hear(&mut self, message: ToHost) {
        match message {
            ToHost::Effect(effect) if effect.action == OperationKind::Inventory => {
                self.answer_inventory(effect);
            }
            ToHost::Effect(effect) => self.receive(effect),
            ToHost::Ended { resource, operation, outcome } => {
                match self.agent.end(&resource, operation, outcome) {
                    Ending::Report => {
                        self.inbox.report(Input::operation_finished(operation, outcome));
                    }
                    Ending::Begin(task) => self.begin(resource, task),
                    Ending::Unknown => {}
                }
            }
            ToHost::List(answer) => {
                let _ = answer.send(self.running());
            }
            // `serve` has seen it.
            ToHost::FallSilent => {}
        }
    }

    fn receive(&mut self, effect: Effect<Names>) {
        let Some(order) = effect.order() else { return };
        match self.agent.admit(&order) {
            Ok(Admission::Begin) => self.begin(order.resource, order.task),
            // `end` hands it out when the older one has ended.
            Ok(Admission::Wait { meanwhile: Meanwhile::Cancel, .. }) => {
                if let Some(cancel) = self.cancels.get(&order.resource) {
                    cancel.store(true, Ordering::Relaxed);
                }
            }
            Ok(Admission::Wait { meanwhile: Meanwhile::LetItEnd, .. }) => {}
            Ok(Admission::UnderWay) => say!("{}: {effect}: is under way", self.name),
            Ok(Admission::Done(outcome)) => {
                say!("{}: {effect}: was done before", self.name);
                self.inbox.report(Input::operation_finished(effect.operation, outcome));
            }
            // To report "failed" would mean that something was tried.
            Err(refusal) => say!("{}: {effect}: not carried out: {refusal}", self.name),
        }
    }

    fn begin(&mut self, resource: String, task: Task) {
        let cancel = Arc::new(AtomicBool::new(false));
        self.cancels.insert(resource.clone(), Arc::clone(&cancel));
        let (own, services) = (self.own.clone(), Arc::clone(&self.services));
        thread::spawn(move || {
            let outcome = services.work(task, &resource, &cancel);
            let _ = own.send(ToHost::Ended { resource, operation: task.operation, outcome });
        });
    }

    fn answer_inventory(&self, effect: Effect<Names>) {
        let Effect { operation, node, incarnation, .. } = effect;
        match self.agent.answers(operation, incarnation) {
            Ok(()) => {
                let answer = Input::node_inventory(node, incarnation, self.running());
                self.inbox.report(answer.answering(operation));
            }
            Err(refusal) => say!("{}: not answered: {refusal}", self.name),
        }
    }

    /// Lists what runs, and what is being started or stopped.
    fn running(&self) -> Vec<Running<Names>> {
        let started = self.services.started().unwrap_or_default().into_iter();
        let runs = started.filter(|(_, presence)| *presence == Presence::Runs);
        let mut states: BTreeMap<String, RunningState> =
            runs.map(|(resource, _)| (resource, RunningState::Unknown)).collect();
        for (resource, task) in self.agent.under_way() {
            let state = match task.action {
                OperationKind::Start => RunningState::Starting,
                OperationKind::Stop | OperationKind::Terminate => RunningState::Stopping,
                _ => continue,
            };
            states.insert(resource.clone(), state);
        }
        states.into_iter().map(|(name, state)| Running::new(name, state)).collect()
    }
}
