//! Agents: they start and stop things on a node, and refuse effects that come late.
//!
//! An agent runs on each node and carries out the effects for this node: starts, stops and health
//! checks. The network delivers effects late, twice and in any order, so an agent that simply
//! obeyed would start a database that was moved long ago. Before each effect it asks
//! [`agent::Agent`](crate::agent::Agent), a small state machine that needs no clock and no storage.
//! The full contract stands in [`agent`](crate::agent); this page shows how to use it.
//!
//! # A whole program
//!
//! This agent has a thread for each piece of work, so that a start that hangs does not hold up the
//! terminate that is to end it. It needs `quorate` and `serde_json` in `Cargo.toml`.
//!
//! ```
//! use std::collections::{BTreeMap, BTreeSet};
//! use std::error::Error;
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use std::sync::mpsc::{Sender, channel};
//! use std::sync::{Arc, Mutex};
//! use std::thread;
//! use std::time::Duration;
//!
//! use quorate::agent::{Admission, Agent, Ending, Meanwhile, Task};
//! use quorate::cluster::{Effect, Input, Outcome, Running, RunningState};
//! use quorate::id::{Incarnation, Names, OpId};
//! use quorate::state::OperationKind;
//!
//! /// A message to an agent.
//! enum Message {
//!     /// The core asks for an operation.
//!     Asked(Effect<Names>),
//!     /// Work of its own has ended.
//!     Ended { resource: String, operation: OpId, outcome: Outcome },
//! }
//!
//! /// The agent of one node.
//! struct NodeAgent {
//!     agent: Agent<Names>,
//!     /// The resources that run on the node. A real agent asks its machine.
//!     running: Arc<Mutex<BTreeSet<String>>>,
//!     /// A flag for each resource that cancels the work on it.
//!     cancel: BTreeMap<String, Arc<AtomicBool>>,
//!     own: Sender<Message>,
//!     core: Sender<Input<Names>>,
//! }
//!
//! impl NodeAgent {
//!     fn hear(&mut self, message: Message) {
//!         match message {
//!             Message::Asked(effect) if effect.action == OperationKind::Inventory => {
//!                 self.list(effect);
//!             }
//!             Message::Asked(effect) => self.receive(effect),
//!             Message::Ended { resource, operation, outcome } => {
//!                 match self.agent.end(&resource, operation, outcome) {
//!                     Ending::Report => self.report(operation, outcome),
//!                     Ending::Begin(task) => self.begin(resource, task),
//!                     Ending::Unknown => {}
//!                 }
//!             }
//!         }
//!     }
//!
//!     fn receive(&mut self, effect: Effect<Names>) {
//!         // A fence is for the device that switches nodes off, not for the node.
//!         let Some(order) = effect.order() else { return };
//!         match self.agent.admit(&order) {
//!             Ok(Admission::Begin) => self.begin(order.resource, order.task),
//!             // `end` hands it out when the older one has ended.
//!             Ok(Admission::Wait { meanwhile: Meanwhile::Cancel, .. }) => {
//!                 if let Some(cancel) = self.cancel.get(&order.resource) {
//!                     cancel.store(true, Ordering::Relaxed);
//!                 }
//!             }
//!             Ok(Admission::Wait { meanwhile: Meanwhile::LetItEnd, .. }) => {}
//!             Ok(Admission::UnderWay) => {}
//!             Ok(Admission::Done(outcome)) => self.report(effect.operation, outcome),
//!             // To report "failed" would mean that something was tried.
//!             Err(refusal) => println!("not carried out: {refusal}"),
//!         }
//!     }
//!
//!     fn begin(&mut self, resource: String, task: Task) {
//!         let cancel = Arc::new(AtomicBool::new(false));
//!         self.cancel.insert(resource.clone(), Arc::clone(&cancel));
//!         let (own, running) = (self.own.clone(), Arc::clone(&self.running));
//!         thread::spawn(move || {
//!             let outcome = work(task.action, &resource, &running, &cancel);
//!             let _ = own.send(Message::Ended { resource, operation: task.operation, outcome });
//!         });
//!     }
//!
//!     fn report(&self, operation: OpId, outcome: Outcome) {
//!         let _ = self.core.send(Input::operation_finished(operation, outcome));
//!     }
//!
//!     /// Lists every resource that the node runs, and those that it is starting or stopping.
//!     fn list(&self, effect: Effect<Names>) {
//!         let Effect { operation, node, incarnation, .. } = effect;
//!         if let Err(refusal) = self.agent.answers(operation, incarnation) {
//!             return println!("not answered: {refusal}");
//!         }
//!         let mut states = BTreeMap::new();
//!         for resource in self.running.lock().expect("nobody panics").iter() {
//!             states.insert(resource.clone(), RunningState::Unknown);
//!         }
//!         for (resource, task) in self.agent.under_way() {
//!             match task.action {
//!                 OperationKind::Start => {
//!                     states.insert(resource.clone(), RunningState::Starting);
//!                 }
//!                 OperationKind::Stop | OperationKind::Terminate => {
//!                     states.insert(resource.clone(), RunningState::Stopping);
//!                 }
//!                 _ => {}
//!             }
//!         }
//!         let listed = states.into_iter();
//!         let running = listed.map(|(name, state)| Running::new(name, state));
//!         let answer = Input::node_inventory(node, incarnation, running).answering(operation);
//!         let _ = self.core.send(answer.into());
//!     }
//! }
//!
//! /// Stands for the code that really starts and stops things. Calling it twice does no harm.
//! fn work(
//!     action: OperationKind,
//!     resource: &str,
//!     running: &Mutex<BTreeSet<String>>,
//!     cancel: &AtomicBool,
//! ) -> Outcome {
//!     thread::sleep(Duration::from_millis(20));
//!     if cancel.load(Ordering::Relaxed) {
//!         // Nothing is left of it that could still have an effect.
//!         return Outcome::Failed;
//!     }
//!     let mut running = running.lock().expect("nobody panics");
//!     match action {
//!         OperationKind::Start => {
//!             running.insert(resource.to_owned());
//!         }
//!         OperationKind::Stop | OperationKind::Terminate => {
//!             running.remove(resource);
//!         }
//!         OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
//!             if !running.contains(resource) {
//!                 return Outcome::Failed;
//!             }
//!         }
//!         OperationKind::Probe if running.contains(resource) => return Outcome::Running,
//!         OperationKind::Probe => return Outcome::NotRunning,
//!         // The others are not about a resource, or this agent does not know them.
//!         _ => return Outcome::Failed,
//!     }
//!     Outcome::Succeeded
//! }
//!
//! /// Starts the agent of a node that has just booted. Effects for the node go into
//! /// the channel.
//! fn start_agent(
//!     node: &str,
//!     incarnation: Incarnation,
//!     core: Sender<Input<Names>>,
//! ) -> Result<Sender<Message>, Box<dyn Error>> {
//!     // Nothing runs on it yet; otherwise it would be listed.
//!     core.send(Input::node_joined(node, incarnation, []))?;
//!     let (own, messages) = channel();
//!     let mut node = NodeAgent {
//!         agent: Agent::new(incarnation),
//!         running: Arc::default(),
//!         cancel: BTreeMap::new(),
//!         own: own.clone(),
//!         core,
//!     };
//!     thread::spawn(move || {
//!         for message in messages {
//!             node.hear(message);
//!         }
//!     });
//!     Ok(own)
//! }
//!
//! fn main() -> Result<(), Box<dyn Error>> {
//!     let (core, inputs) = channel();
//!     let anna = start_agent("anna", Incarnation::new(1), core)?;
//!     assert!(matches!(inputs.recv()?, Input::NodeJoined { .. }));
//!
//!     // The effects that the core would send; the network delivers the start once more, and late.
//!     let start = r#"{"operation": 1, "action": "start", "node": "anna", "resource": "db",
//!         "group": "sql", "epoch": 1, "incarnation": 1, "deadline": 180000, "timeout_ms": 180000}"#;
//!     let start: Effect<Names> = serde_json::from_str(start)?;
//!     let mut terminate = start.clone();
//!     (terminate.operation, terminate.action) = (OpId::new(2), OperationKind::Terminate);
//!     anna.send(Message::Asked(start.clone()))?;
//!     anna.send(Message::Asked(terminate))?;
//!     anna.send(Message::Asked(start))?;
//!
//!     // The first start is cancelled, the terminate is carried out, the late start is refused.
//!     let (operation, outcome) = (OpId::new(2), Outcome::Succeeded);
//!     assert_eq!(inputs.recv()?, Input::operation_finished(operation, outcome));
//!     Ok(())
//! }
//! ```
//!
//! # How it fits the loop
//!
//! In the program of [`embed`](super::embed), `carry_out` looks at the effect: a fence goes to the
//! device that switches nodes off, everything else to the agent of `effect.node`, as
//! `Message::Asked(effect)`. The inputs that the agent sends come back through the inbox of the
//! loop. This also works over a network: effects and inputs have serde forms.
//!
//! # Effects and their reports
//!
//! | effect | do this | report |
//! | --- | --- | --- |
//! | [`Start`] | start it; if it runs already, that is success | [`Succeeded`], [`Failed`], or [`FailedForGood`] if it can never run here |
//! | [`Stop`] | stop it in good order | [`Succeeded`] only if it is off |
//! | [`Terminate`] | stop it by force | [`Succeeded`] only if it is off |
//! | [`CheckLooksAlive`], [`CheckIsAlive`] | the cheap and the thorough check | [`Succeeded`] or [`Failed`] |
//! | [`Probe`] | find out whether it runs | [`Running`] or [`NotRunning`] |
//! | [`Inventory`] | list every resource that the node runs, is starting or is stopping | [`NodeInventory`](crate::Input::NodeInventory) |
//! | [`Fence`] | not for the agent: a device switches the node off | [`Succeeded`] only if it is off |
//!
//! While an operation takes long, report [`OperationProgressed`](crate::Input::OperationProgressed)
//! now and then; otherwise the core takes it for hung after its pending timeout. An operation that
//! has outlived [`Effect::timeout`](crate::Effect::timeout) may be cancelled: the core has given it
//! up. If nobody knows how an operation ended, report nothing, or
//! [`TimedOut`](crate::Outcome::TimedOut); never guess.
//!
//! # What to start: parameters
//!
//! An effect names a resource, and does not say what to run for it. Texts for agents, such as an
//! address or a command line, stand in the declaration as `parameters` of a node, a group or a
//! resource. The core neither reads nor compares them. An agent reads them from the declaration in
//! force by [`ResourceSpec::parameters`](crate::spec::ResourceSpec::parameters), or by the method
//! of the same name of the node or the group. The names of parameters are compared exactly. If a
//! new declaration changes a parameter nothing is restarted: the change takes effect when an agent
//! asks for the text the next time. [`Limits`](crate::spec::Limits) bounds their number and length.
//!
//! # When a resource fails by itself
//!
//! The agent need not wait for the next check. It reports the failure and names the run, so that a
//! late report is not taken for one about the next run:
//!
//! ```
//! use quorate::agent::Agent;
//! use quorate::cluster::Input;
//! use quorate::id::Names;
//!
//! fn failed(agent: &Agent<Names>, node: &str, resource: &str) -> Input<Names> {
//!     let run = agent.run(&resource.to_owned());
//!     Input::resource_failed(resource, node, agent.life().incarnation()).of_run(run).into()
//! }
//! # let agent = Agent::new(quorate::Incarnation::new(1));
//! # assert!(matches!(failed(&agent, "anna", "db"), Input::ResourceFailed { .. }));
//! ```
//!
//! # When a node loses contact
//!
//! A node that loses contact, or leaves, calls
//! [`Agent::stop_itself`](crate::agent::Agent::stop_itself) *before* it stops the first resource,
//! and then stops all of them. With `fencing = { lease = … }` it must have stopped everything
//! within the duration of the lease, by a clock that goes on while the machine sleeps. It comes
//! back in a new life: a greater incarnation, a new `Agent`, and a join that lists what it runs.
//!
//! # When an agent is restarted and its node is not
//!
//! It begins with [`Agent::without_memory`](crate::agent::Agent::without_memory) and sends
//! [`NodeInventory`](crate::Input::NodeInventory) without an operation: the list of everything that
//! the node runs. The event [`InventoryTaken`](crate::Event::InventoryTaken) answers with a floor;
//! hand it to [`Agent::set_floor`](crate::agent::Agent::set_floor) before any effect that comes
//! after it. Until then the agent refuses everything.
//!
//! # When the declaration changes
//!
//! After the event [`ConfigurationChanged`](crate::Event::ConfigurationChanged) hand the declaration
//! to the agents before the effects that follow: an [`Inventory`] among them asks about the resources
//! that it adds. [`Agent::forget`](crate::agent::Agent::forget) then drops the records of those that
//! are gone.
//!
//! # When the core goes back
//!
//! A core that was restored from a snapshot older than its last outputs uses numbers of operations
//! a second time. Tell every node ([`Agent::core_went_back`](crate::agent::Agent::core_went_back)),
//! and each begins a new life. This never happens to a core that [stores its state before it hands
//! out outputs](super::restart).
//!
//! [`Start`]: crate::state::OperationKind::Start
//! [`Stop`]: crate::state::OperationKind::Stop
//! [`Terminate`]: crate::state::OperationKind::Terminate
//! [`CheckLooksAlive`]: crate::state::OperationKind::CheckLooksAlive
//! [`CheckIsAlive`]: crate::state::OperationKind::CheckIsAlive
//! [`Probe`]: crate::state::OperationKind::Probe
//! [`Inventory`]: crate::state::OperationKind::Inventory
//! [`Fence`]: crate::state::OperationKind::Fence
//! [`Succeeded`]: crate::Outcome::Succeeded
//! [`Failed`]: crate::Outcome::Failed
//! [`FailedForGood`]: crate::Outcome::FailedForGood
//! [`Running`]: crate::Outcome::Running
//! [`NotRunning`]: crate::Outcome::NotRunning
