//! The loop: inputs in, outputs out, a timer.
//!
//! A [`Cluster`](crate::Cluster) is a value. It has no threads, no sockets and no clock. One thread
//! or task of yours owns it, and repeats three steps:
//!
//! 1. Wait for an input or for the timer, and hand it in with the time:
//!    [`Cluster::handle`](crate::Cluster::handle) or
//!    [`Cluster::handle_timeout`](crate::Cluster::handle_timeout).
//! 2. Take all outputs, until [`Cluster::poll_named_output`](crate::Cluster::poll_named_output)
//!    returns `None`. An event goes to the log, an effect to the agent that carries it out.
//! 3. Set the timer to the time that [`Cluster::poll_timeout`](crate::Cluster::poll_timeout)
//!    returns. It changes with every input.
//!
//! # A whole program
//!
//! In `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! quorate = "0.1"
//! toml = "1"
//! ```
//!
//! In `src/main.rs`:
//!
//! ```
//! use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
//! use std::thread;
//! use std::time::{Duration, Instant};
//!
//! use quorate::cluster::{Effect, Input, Outcome, Output};
//! use quorate::id::{Incarnation, Names};
//! use quorate::machine::GroupState;
//! use quorate::policy::Ring;
//! use quorate::spec::ClusterDeclaration;
//! use quorate::state::OperationKind;
//! use quorate::{Cluster, Timestamp};
//!
//! const DECLARATION: &str = r#"
//!     name = "mill"
//!     nodes = ["anna", "bert", "carl"]
//!
//!     [[groups]]
//!     name = "sql"
//!     preferred_owners = ["anna", "bert"]
//!     resources = [
//!         { name = "disk", kind = "Physical Disk" },
//!         { name = "db", kind = "Generic Service", depends_on = "[disk]" },
//!     ]
//! "#;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let spec = toml::from_str::<ClusterDeclaration>(DECLARATION)?.build()?;
//!     let sql = spec.group_id("sql").ok_or("no group sql")?;
//!     let began = Instant::now();
//!     let now = || Timestamp::ZERO.after(began.elapsed());
//!     let mut cluster = Cluster::new(spec, Ring::new(), now());
//!
//!     // All reports are sent here.
//!     let (inbox, inputs) = channel::<Input<Names>>();
//!     for node in ["anna", "bert"] {
//!         let (node, incarnation) = (node.to_owned(), Incarnation::new(1));
//!         inbox.send(Input::node_joined(node, incarnation, []))?;
//!     }
//!
//!     // A real program goes on for ever.
//!     while cluster.group_state(sql) != GroupState::Online {
//!         // 1. One input, or the timer.
//!         let timer = cluster.poll_timeout();
//!         let wait = timer.map_or(Duration::MAX, |deadline| deadline.at.since(now()));
//!         match inputs.recv_timeout(wait) {
//!             Ok(input) => take_in(&mut cluster, now(), input),
//!             Err(RecvTimeoutError::Timeout) => cluster.handle_timeout(now()),
//!             Err(RecvTimeoutError::Disconnected) => break,
//!         }
//!         // 2. All outputs.
//!         while let Some(output) = cluster.poll_named_output() {
//!             println!("{}  {output}", now());
//!             if let Output::Effect(effect) = output {
//!                 carry_out(effect, inbox.clone());
//!             }
//!         }
//!         // 3. Back to the timer, which may be another one now.
//!     }
//!     Ok(())
//! }
//!
//! /// Hands in an input. A refused input has changed nothing, so the reason goes to the log.
//! fn take_in(cluster: &mut Cluster, now: Timestamp, input: Input<Names>) {
//!     if let Err(error) = cluster.handle_named(now, input) {
//!         println!("{now}  refused: {error}");
//!     }
//! }
//!
//! /// Stands for the agents, which start and stop things on the nodes.
//! fn carry_out(effect: Effect<Names>, inbox: Sender<Input<Names>>) {
//!     thread::spawn(move || {
//!         thread::sleep(Duration::from_millis(10));
//!         let Effect { operation, node, incarnation, .. } = effect;
//!         let finished = |outcome| Input::operation_finished(operation, outcome);
//!         let report = match effect.action {
//!             // An inventory asks what the node runs. The answer is a list, here an empty one.
//!             OperationKind::Inventory => {
//!                 Input::node_inventory(node, incarnation, []).answering(operation).into()
//!             }
//!             // A probe asks whether the resource runs. Here nothing does.
//!             OperationKind::Probe => finished(Outcome::NotRunning),
//!             // Nothing here can switch a node off, so the fence fails.
//!             OperationKind::Fence => finished(Outcome::Failed),
//!             OperationKind::Start
//!             | OperationKind::Stop
//!             | OperationKind::Terminate
//!             | OperationKind::CheckLooksAlive
//!             | OperationKind::CheckIsAlive => finished(Outcome::Succeeded),
//!             // An agent cannot do what it does not know.
//!             _ => finished(Outcome::Failed),
//!         };
//!         // Nobody listens any more when the program ends.
//!         let _ = inbox.send(report);
//!     });
//! }
//! ```
//!
//! It prints the lines of a log, from the first node to the group that is online. The times are
//! those of your machine:
//!
//! ```text
//! 00:00:00.000  node anna: joining
//! 00:00:00.000  node anna: up
//! 00:00:00.000  node bert: joining
//! 00:00:00.000  quorum: 2 votes, 2 needed
//! 00:00:00.000  node bert: up
//! 00:00:00.000  sql: none -> anna (start)
//! 00:00:00.000  disk: offline
//! 00:00:00.000  db: offline
//! 00:00:00.000  disk: online pending
//! 00:00:00.000  start disk on anna
//! 00:00:00.000  sql: pending
//! 00:00:00.011  disk: online
//! 00:00:00.011  db: online pending
//! 00:00:00.011  start db on anna
//! 00:00:00.021  db: online
//! 00:00:00.021  sql: online
//! ```
//!
//! # Reports, and their senders
//!
//! | sender | report | input |
//! | --- | --- | --- |
//! | membership | a node is there, with what it runs | [`NodeJoined`] |
//! | | it stopped everything and left | [`NodeLeft`] |
//! | | it is not heard from | [`NodeLost`] |
//! | | the witness was gained or lost | [`WitnessChanged`] |
//! | agents | how an effect ended | [`OperationFinished`] |
//! | | it takes long and goes on | [`OperationProgressed`] |
//! | | a resource failed, or is alive | [`ResourceFailed`], [`ResourceAlive`] |
//! | | the list of what the node runs, when the core asks, or when the agents were restarted | [`NodeInventory`] |
//! | what you measure | a number about a node, such as the lag of its replica, for policies that go by it | [`NodeAttributeChanged`] |
//! | operators | an order | [`Command`](crate::cluster::Command) |
//! | | a lost node is certain to be off | [`NodeConfirmedDown`] |
//! | a wall clock | the local time, if groups have failback windows | [`WallClockRead`] |
//!
//! The incarnation of a node is a number that grows with each of its lives, for example a counter
//! that it stores and raises at each boot. Your membership layer finds out which nodes are members;
//! the core never guesses.
//!
//! # Rules
//!
//! - An effect ends once: with one [`OperationFinished`], an inventory with one [`NodeInventory`]
//!   that names it. After the events [`OperationTimedOut`](crate::Event::OperationTimedOut) and
//!   [`OperationSuperseded`](crate::Event::OperationSuperseded) no report is needed any more.
//! - An error changes nothing. [`StaleOperation`](crate::InputError::StaleOperation) is the usual
//!   error: a report came late, and may be ignored. The exception is a fence: if it succeeded after
//!   its time was over, report [`NodeFenced`](crate::Input::NodeFenced) instead.
//! - A fence that the core asked for ends with [`OperationFinished`]. Report
//!   [`NodeFenced`](crate::Input::NodeFenced) of a node that was switched off without being asked.
//! - Report [`Succeeded`](crate::Outcome::Succeeded) of a fence only if the node is certain to be
//!   off: its groups start elsewhere at once.
//! - The time never goes backwards: [`clock`](super::clock).
//! - If the state is to outlive the process, store it before you hand out outputs:
//!   [`restart`](super::restart).
//! - Effects may reach nodes late or twice; [`agents`](super::agents) shows how agents deal with
//!   this.
//!
//! # Several threads
//!
//! A program that stores its state keeps the loop above in one thread, and all others send their
//! inputs there: snapshots have to reach the disk in the order of the inputs.
//! `examples/daemon_threads` is such a daemon, with real processes; `examples/daemon_tokio` is one
//! with tasks in place of threads, and an API for operators.
//!
//! Where nothing is stored, `SharedCluster` (feature `shared`, on by default) is simpler: a handle
//! that threads share. It returns the outputs of an input as the result of the call, and the loop
//! above becomes one thread for the timer.
//!
//! # Without `std`
//!
//! With `default-features = false` the crate needs only `alloc`. The loop does not change: an
//! interrupt or a task feeds a queue of inputs, and a timer of the device rings.
//!
//! [`NodeJoined`]: crate::Input::NodeJoined
//! [`NodeLeft`]: crate::Input::NodeLeft
//! [`NodeLost`]: crate::Input::NodeLost
//! [`NodeConfirmedDown`]: crate::Input::NodeConfirmedDown
//! [`NodeInventory`]: crate::Input::NodeInventory
//! [`WitnessChanged`]: crate::Input::WitnessChanged
//! [`WallClockRead`]: crate::Input::WallClockRead
//! [`NodeAttributeChanged`]: crate::Input::NodeAttributeChanged
//! [`OperationFinished`]: crate::Input::OperationFinished
//! [`OperationProgressed`]: crate::Input::OperationProgressed
//! [`ResourceFailed`]: crate::Input::ResourceFailed
//! [`ResourceAlive`]: crate::Input::ResourceAlive
