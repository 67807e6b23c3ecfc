//! A machine of the cluster, simulated: a task with an agent, its services and a power switch.
//!
//! The agent never waits for the core, so the core never waits long for an agent: two tasks that
//! wait for room in each other's channels would wait for ever.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quorate::agent::{Admission, Agent, Ending, Meanwhile, Task};
use quorate::cluster::{Effect, Input, Outcome, Running, RunningState};
use quorate::id::Names;
use quorate::spec::ClusterSpec;
use quorate::state::OperationKind;
use quorate::{Incarnation, OpId};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::inbox::Inbox;
use crate::life::LifeFile;
use crate::service::{Service, file_name};
use crate::work::{Ended, work};

/// The time that a machine needs to boot after it was switched off.
const BOOT: Duration = Duration::from_secs(1);

/// The longest time to wait for processes that are to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A message to a machine.
pub(crate) enum ToMachine {
    Effect(Effect<Names>),
    /// The answer to the list of an agent without memory.
    Floor(OpId),
    /// The declaration that is in force from now on.
    Declared(Arc<ClusterSpec>),
    /// The device that fences switches the machine off, and on again.
    PowerCycle(oneshot::Sender<io::Result<()>>),
    /// The machine is to stop everything in good order and to leave.
    Leave(oneshot::Sender<Input<Names>>),
}

pub(crate) struct Machine {
    name: String,
    folder: PathBuf,
    life: LifeFile,
    agent: Agent<Names>,
    services: BTreeMap<String, Arc<Service>>,
    works: JoinSet<Ended>,
    /// For each resource the signal that cancels the work on it.
    cancels: BTreeMap<String, Arc<Notify>>,
    boots_at: Option<Instant>,
    core: Inbox,
}

impl Machine {
    /// Switches a machine on, or finds it running. `known` is the life in which the core counts it
    /// as a member. Returns it with what membership has to report.
    pub(crate) async fn begin(
        spec: &ClusterSpec,
        name: &str,
        folder: PathBuf,
        known: Option<Incarnation>,
        core: Inbox,
    ) -> anyhow::Result<(Self, Input<Names>)> {
        std::fs::create_dir_all(&folder)?;
        let life = LifeFile::new(&folder);
        let present = life.present()?.filter(|present| Some(*present) == known);
        let mut machine = Self {
            name: name.to_owned(),
            folder,
            agent: Agent::new(Incarnation::default()),
            life,
            services: BTreeMap::new(),
            works: JoinSet::new(),
            cancels: BTreeMap::new(),
            boots_at: None,
            core,
        };
        machine.services = machine.declared(spec);
        let report = match present {
            // Only the agent died. Its services go on, and the core is told which ones do.
            Some(incarnation) => {
                machine.agent = Agent::without_memory(incarnation);
                let running = machine.running().await?;
                Input::node_inventory(name, incarnation, running).into()
            }
            None => machine.boot().await?,
        };
        Ok((machine, report))
    }

    /// Begins a life. An agent that knows nothing of an earlier life first makes certain that
    /// nothing of it runs any more: it kills what the files of its services name, and goes on only
    /// when every lock is free. Otherwise it would join as an empty node while an old process
    /// still wrote to the disk that the cluster is about to give to another node.
    async fn boot(&mut self) -> anyhow::Result<Input<Names>> {
        self.kill_all().await?;
        let incarnation = self.life.begin()?;
        self.agent = Agent::new(incarnation);
        Ok(Input::node_joined(self.name.clone(), incarnation, []))
    }

    pub(crate) async fn run(
        mut self,
        mut messages: mpsc::Receiver<ToMachine>,
    ) -> anyhow::Result<()> {
        loop {
            let boots_at = self.boots_at.unwrap_or_else(Instant::now);
            tokio::select! {
                message = messages.recv() => match message {
                    Some(ToMachine::Leave(left)) => {
                        let _ = left.send(self.leave().await?);
                        return Ok(());
                    }
                    Some(message) => self.hear(message).await?,
                    None => return Ok(()),
                },
                Some(ended) = self.works.join_next() => self.end(ended?),
                () = sleep_until(boots_at), if self.boots_at.is_some() => {
                    self.boots_at = None;
                    match self.boot().await {
                        Ok(joined) => self.report(joined),
                        Err(error) => {
                            println!("{}: {error}", self.name);
                            self.boots_at = Some(Instant::now() + BOOT);
                        }
                    }
                }
            }
        }
    }

    async fn hear(&mut self, message: ToMachine) -> io::Result<()> {
        match message {
            ToMachine::Effect(effect) if effect.action == OperationKind::Inventory => {
                self.list(effect).await?;
            }
            ToMachine::Effect(effect) => self.receive(effect),
            ToMachine::Floor(floor) => self.agent.set_floor(floor),
            ToMachine::Declared(spec) => {
                self.services = self.declared(&spec);
                self.agent.forget(
                    |resource| spec.resource_id(resource).is_some(),
                    |group| spec.group_id(group).is_some(),
                );
            }
            ToMachine::PowerCycle(off) => {
                self.agent.stop_itself();
                self.works.shutdown().await;
                let _ = off.send(self.kill_all().await);
                self.boots_at = Some(Instant::now() + BOOT);
            }
            // `run` has seen it.
            ToMachine::Leave(_) => {}
        }
        Ok(())
    }

    fn receive(&mut self, effect: Effect<Names>) {
        let Some(order) = effect.order() else { return };
        match self.agent.admit(&order) {
            Ok(Admission::Begin) => self.start_work(order.resource, order.task),
            Ok(Admission::Wait { meanwhile: Meanwhile::Cancel, .. }) => {
                if let Some(cancel) = self.cancels.get(&order.resource) {
                    cancel.notify_one();
                }
            }
            Ok(Admission::Wait { meanwhile: Meanwhile::LetItEnd, .. }) => {}
            Ok(Admission::UnderWay) => {}
            Ok(Admission::Done(outcome)) => {
                self.report(Input::operation_finished(effect.operation, outcome));
            }
            // To report "failed" would mean that something was tried.
            Err(refusal) => println!("{}: {effect}: not carried out: {refusal}", self.name),
        }
    }

    fn start_work(&mut self, resource: String, task: Task) {
        let cancel = Arc::new(Notify::new());
        self.cancels.insert(resource.clone(), Arc::clone(&cancel));
        let service = self.services.get(&resource).cloned();
        self.works.spawn(work(resource, task, service, cancel));
    }

    fn end(&mut self, ended: Ended) {
        let Ended { resource, operation, outcome, child } = ended;
        match self.agent.end(&resource, operation, outcome) {
            Ending::Report => {
                self.report(Input::operation_finished(operation, outcome));
                if let (Outcome::Succeeded, Some(child)) = (outcome, child) {
                    self.watch(resource, operation, child);
                }
            }
            Ending::Begin(task) => self.start_work(resource, task),
            Ending::Unknown => {}
        }
    }

    /// Reports when a process ends by itself. The report names the run, so one that comes late,
    /// or after a stop that was asked for, changes nothing.
    fn watch(&self, resource: String, run: OpId, mut child: tokio::process::Child) {
        let (core, node) = (self.core.clone(), self.name.clone());
        let incarnation = self.agent.life().incarnation();
        tokio::spawn(async move {
            let _ = child.wait().await;
            let failed = Input::resource_failed(resource, node, incarnation).of_run(run);
            core.report(failed.into()).await;
        });
    }

    /// Sends a report without waiting for the core. At most one for each operation is on its way.
    fn report(&self, input: Input<Names>) {
        let core = self.core.clone();
        tokio::spawn(async move { core.report(input).await });
    }

    async fn list(&self, effect: Effect<Names>) -> io::Result<()> {
        let Effect { operation, node, incarnation, .. } = effect;
        match self.agent.answers(operation, incarnation) {
            Ok(()) => {
                let running = self.running().await?;
                let answer = Input::node_inventory(node, incarnation, running);
                self.report(answer.answering(operation).into());
            }
            Err(refusal) => println!("{}: not answered: {refusal}", self.name),
        }
        Ok(())
    }

    /// Lists what runs, and what is being started or stopped.
    async fn running(&self) -> io::Result<Vec<Running<Names>>> {
        let mut states = BTreeMap::new();
        for (resource, service) in &self.services {
            if service.runs().await? {
                states.insert(resource.clone(), RunningState::Unknown);
            }
        }
        for (resource, task) in self.agent.under_way() {
            let state = match task.action {
                OperationKind::Start => RunningState::Starting,
                OperationKind::Stop | OperationKind::Terminate => RunningState::Stopping,
                _ => continue,
            };
            states.insert(resource.clone(), state);
        }
        Ok(states.into_iter().map(|(name, state)| Running::new(name, state)).collect())
    }

    /// Stops everything in good order; what does not end in time is killed.
    async fn leave(&mut self) -> anyhow::Result<Input<Names>> {
        // From here on no effect is admitted.
        self.agent.stop_itself();
        self.works.shutdown().await;
        let stops = self.services.values().cloned();
        let mut stops: JoinSet<_> = stops.map(|of| async move { of.stop().await }).collect();
        let all = async { while stops.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(PATIENCE, all).await;
        self.kill_all().await?;
        self.life.end()?;
        Ok(Input::node_left(self.name.clone(), self.agent.life().incarnation()))
    }

    /// Kills everything. Without an error everything is off.
    async fn kill_all(&self) -> io::Result<()> {
        let all = async {
            for service in self.services.values() {
                service.kill().await?;
            }
            Ok(())
        };
        let killed = tokio::time::timeout(PATIENCE, all).await;
        killed.unwrap_or_else(|_| Err(io::Error::other("a process cannot be killed")))
    }

    /// Returns a service for each resource. A resource that is declared no more is off: a
    /// declaration without one that runs is refused, and so is a list that names what is not
    /// declared.
    fn declared(&self, spec: &ClusterSpec) -> BTreeMap<String, Arc<Service>> {
        let resources = spec.resources().map(|(_, resource)| resource);
        let service = |of| Arc::new(Service::new(&self.folder, &self.name, of));
        resources.map(|of| (of.name().to_owned(), service(of))).collect()
    }
}

/// Returns the folder of a node.
pub(crate) fn folder_of(all: &std::path::Path, node: &str) -> PathBuf {
    all.join(file_name(node))
}
