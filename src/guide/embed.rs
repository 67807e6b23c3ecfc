//! The loop: inputs in, outputs out, a timer.
//!
//! A [`Cluster`](crate::Cluster) is a value. It has no threads, no sockets and no clock. One thread
//! or task of yours owns it, and does three things for ever:
//!
//! 1. It waits for one input or for the timer, whichever comes first, and hands it in, with the
//!    time: [`Cluster::handle`](crate::Cluster::handle) or
//!    [`Cluster::handle_timeout`](crate::Cluster::handle_timeout).
//! 2. It takes all outputs, until
//!    [`Cluster::poll_named_output`](crate::Cluster::poll_named_output) gives `None`. An event goes
//!    to the log, an effect to whoever carries it out.
//! 3. It sets the timer to what [`Cluster::poll_timeout`](crate::Cluster::poll_timeout) says. That
//!    changes with every input.
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
//!     // Whoever has something to report sends it here.
//!     let (inbox, inputs) = channel::<Input<Names>>();
//!     for node in ["anna", "bert"] {
//!         let (node, incarnation) = (node.to_owned(), Incarnation::new(1));
//!         inbox.send(Input::NodeJoined { node, incarnation, running: Vec::new() })?;
//!     }
//!
//!     // A real one goes on for ever.
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
//! /// An input that is refused has changed nothing: the reason is for the log.
//! fn take_in(cluster: &mut Cluster, now: Timestamp, input: Input<Names>) {
//!     match cluster.spec().resolve(input) {
//!         Ok(input) => {
//!             if let Err(error) = cluster.handle(now, input) {
//!                 println!("{now}  refused: {}", cluster.spec().named(error));
//!             }
//!         }
//!         Err(unknown) => println!("{now}  refused: {unknown}"),
//!     }
//! }
//!
//! /// Stands in for the agents, which start and stop things on the nodes.
//! fn carry_out(effect: Effect<Names>, inbox: Sender<Input<Names>>) {
//!     thread::spawn(move || {
//!         thread::sleep(Duration::from_millis(10));
//!         let Effect { operation, node, incarnation, .. } = effect;
//!         let finished = |outcome| Input::OperationFinished { operation, outcome };
//!         let report = match effect.action {
//!             // What does the node run? An inventory is answered by a list: here by an empty one.
//!             OperationKind::Inventory => {
//!                 let operation = Some(operation);
//!                 Input::NodeInventory { node, incarnation, running: Vec::new(), operation }
//!             }
//!             // Does it run? Here nothing does.
//!             OperationKind::Probe => finished(Outcome::NotRunning),
//!             // Nothing here can switch a node off, so nobody says that it is off.
//!             OperationKind::Fence => finished(Outcome::Failed),
//!             OperationKind::Start
//!             | OperationKind::Stop
//!             | OperationKind::Terminate
//!             | OperationKind::CheckLooksAlive
//!             | OperationKind::CheckIsAlive => finished(Outcome::Succeeded),
//!         };
//!         // Nobody listens any more when the program ends.
//!         let _ = inbox.send(report);
//!     });
//! }
//! ```
//!
//! It prints what a log would hold, from the first node to the group that is online; the times are
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
//! # What has to be reported, and by whom
//!
//! | who | reports | as |
//! | --- | --- | --- |
//! | membership | a node is there, with what it runs | [`NodeJoined`] |
//! | | it stopped everything and left | [`NodeLeft`] |
//! | | it is not heard from | [`NodeLost`] |
//! | | the witness was gained or lost | [`WitnessChanged`] |
//! | agents | how an effect ended | [`OperationFinished`] |
//! | | it takes long and goes on | [`OperationProgressed`] |
//! | | a resource failed, or is alive | [`ResourceFailed`], [`ResourceAlive`] |
//! | | what the node runs, when that is asked, or when the agents were restarted | [`NodeInventory`] |
//! | operators | what they want | [`Command`](crate::Command) |
//! | | a lost node is off, on their word | [`NodeConfirmedDown`] |
//! | a clock on the wall | the local time, where groups have failback windows | [`WallClockRead`] |
//!
//! The incarnation of a node is a number that grows with each of its lives, for example a counter
//! that it stores and raises at each boot. Who is a member is for a membership layer of yours to
//! find out; the core never guesses.
//!
//! # Rules
//!
//! - An effect ends once: with one [`OperationFinished`], an inventory with one [`NodeInventory`]
//!   that names it. After the events
//!   [`OperationTimedOut`](crate::Event::OperationTimedOut) and
//!   [`OperationSuperseded`](crate::Event::OperationSuperseded) nothing is owed any more.
//! - An error changes nothing. [`StaleOperation`](crate::InputError::StaleOperation) is the usual
//!   one: a report came late, and may be ignored.
//! - A fence that did not happen has not succeeded. Report [`Succeeded`](crate::Outcome::Succeeded)
//!   of a fence only if the node is certain to be off: its groups start elsewhere at once.
//! - The time never goes backwards: [`clock`](super::clock).
//! - Before outputs are handed out the state is stored, if it is to outlive the process:
//!   [`restart`](super::restart).
//! - Effects reach nodes late and twice; what their agents do about that stands in
//!   [`agents`](super::agents).
//!
//! # Several threads
//!
//! `SharedCluster` (feature `shared`, on by default) is a handle that threads share. It gives the
//! outputs of an input as its result, and the loop above becomes one thread for the timer.
//! `examples/embed_threads.rs` is such a program, with real processes.
//!
//! # Without `std`
//!
//! With `default-features = false` the crate needs only `alloc`. The loop is the same: an interrupt
//! or a task feeds a queue of inputs, and a timer of the device rings.
//!
//! [`NodeJoined`]: crate::Input::NodeJoined
//! [`NodeLeft`]: crate::Input::NodeLeft
//! [`NodeLost`]: crate::Input::NodeLost
//! [`NodeConfirmedDown`]: crate::Input::NodeConfirmedDown
//! [`NodeInventory`]: crate::Input::NodeInventory
//! [`WitnessChanged`]: crate::Input::WitnessChanged
//! [`WallClockRead`]: crate::Input::WallClockRead
//! [`OperationFinished`]: crate::Input::OperationFinished
//! [`OperationProgressed`]: crate::Input::OperationProgressed
//! [`ResourceFailed`]: crate::Input::ResourceFailed
//! [`ResourceAlive`]: crate::Input::ResourceAlive
