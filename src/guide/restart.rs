//! The process of the core ends, and another one goes on in its place.
//!
//! A [`Snapshot`](crate::Snapshot) holds a whole cluster with its declaration, and every later
//! version of the crate reads it. Three rules make a restart safe:
//!
//! 1. **Store before you hand out.** After each input and each timeout, poll the outputs, store the
//!    snapshot, and only then send the effects. So the core never forgets an operation that it
//!    asked for.
//! 2. **Report the downtime of the core.** After [`Cluster::restore`](crate::Cluster::restore) call
//!    [`Cluster::resume`](crate::Cluster::resume). Otherwise the time in which the core was down
//!    counts against operations that nobody could answer.
//! 3. **Ask again.** Hand out once more, under their old numbers, the operations that are
//!    [outstanding](crate::Cluster::outstanding) afterwards. Agents that have done one already
//!    [answer, and do nothing twice](super::agents).
//!
//! # A whole program
//!
//! In `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! quorate = "0.1"
//! serde_json = "1"
//! toml = "1"
//! ```
//!
//! In `src/main.rs`:
//!
//! ```
//! use std::error::Error;
//! use std::fs::{self, File};
//! use std::io::{ErrorKind, Write};
//! use std::path::Path;
//! use std::time::Instant;
//!
//! use quorate::cluster::{Effect, Input, Outcome, Output, Snapshot};
//! use quorate::id::{Incarnation, Names};
//! use quorate::machine::GroupState;
//! use quorate::policy::Ring;
//! use quorate::spec::ClusterDeclaration;
//! use quorate::{Cluster, Timestamp};
//!
//! const DECLARATION: &str = r#"
//!     name = "mill"
//!     nodes = ["anna", "bert", "carl"]
//!
//!     [[groups]]
//!     name = "sql"
//!     resources = [{ name = "db", kind = "Generic Service" }]
//! "#;
//!
//! /// A cluster with its clock and its file.
//! struct Core<'a> {
//!     cluster: Cluster,
//!     path: &'a Path,
//!     /// The time of the cluster when this process took over, and the clock from then on.
//!     took_over: Timestamp,
//!     since: Instant,
//! }
//!
//! impl<'a> Core<'a> {
//!     /// Starts from the file if there is one, from the declaration otherwise.
//!     fn start(path: &'a Path) -> Result<Self, Box<dyn Error>> {
//!         let cluster = match fs::read_to_string(path) {
//!             Ok(text) => {
//!                 let snapshot: Snapshot = serde_json::from_str(&text)?;
//!                 if snapshot.cluster_name() != "mill" {
//!                     return Err(format!("{} is of another cluster", path.display()).into());
//!                 }
//!                 // The policy is not part of a snapshot: name it again. If there are others on
//!                 // offer, `Snapshot::policy_name` tells the one in force; offer all again.
//!                 Cluster::restore(snapshot, Ring::new())?
//!             }
//!             Err(error) if error.kind() == ErrorKind::NotFound => {
//!                 let spec = toml::from_str::<ClusterDeclaration>(DECLARATION)?.build()?;
//!                 Cluster::new(spec, Ring::new(), Timestamp::ZERO)
//!             }
//!             Err(error) => return Err(error.into()),
//!         };
//!         let took_over = cluster.state().now();
//!         Ok(Core { cluster, path, took_over, since: Instant::now() })
//!     }
//!
//!     /// Goes on after the core was down, with what membership knows by now. Returns
//!     /// the effects to carry out, perhaps once more.
//!     fn go_on(
//!         &mut self,
//!         membership: Vec<Input<Names>>,
//!     ) -> Result<Vec<Output<Names>>, Box<dyn Error>> {
//!         // All at one time: leases that are over end 1 ms later, so nodes are heard first.
//!         let now = self.now();
//!         self.cluster.resume(now)?;
//!         for input in membership {
//!             // A report that the core knows already is refused, and changes nothing.
//!             if let Err(error) = self.cluster.handle_named(now, input) {
//!                 println!("refused: {error}");
//!             }
//!         }
//!         let mut outputs = self.stored()?;
//!         // Effects of these steps are outstanding as well, and are handed out once.
//!         outputs.retain(|output| matches!(output, Output::Event(_)));
//!         let effects = self.cluster.outstanding();
//!         outputs.extend(effects.map(|of| Output::Effect(self.cluster.spec().named(of))));
//!         Ok(outputs)
//!     }
//!
//!     fn now(&self) -> Timestamp {
//!         self.took_over.after(self.since.elapsed())
//!     }
//!
//!     /// Takes in one input, and returns the outputs to hand out.
//!     fn take_in(&mut self, input: Input<Names>) -> Result<Vec<Output<Names>>, Box<dyn Error>> {
//!         self.cluster.handle_named(self.now(), input)?;
//!         self.stored()
//!     }
//!
//!     /// Does what is due when the timer rings, and returns the outputs.
//!     fn ring(&mut self) -> Result<Vec<Output<Names>>, Box<dyn Error>> {
//!         self.cluster.handle_timeout(self.now());
//!         self.stored()
//!     }
//!
//!     /// Returns the outputs, once the state that they come from is safe on disk.
//!     fn stored(&mut self) -> Result<Vec<Output<Names>>, Box<dyn Error>> {
//!         let mut outputs = Vec::new();
//!         while let Some(output) = self.cluster.poll_named_output() {
//!             outputs.push(output);
//!         }
//!         let text = serde_json::to_string(&self.cluster.snapshot())?;
//!         // Whole or not at all: a new file takes the place of the old one.
//!         let new = self.path.with_extension("new");
//!         let mut file = File::create(&new)?;
//!         file.write_all(text.as_bytes())?;
//!         file.sync_all()?;
//!         fs::rename(&new, self.path)?;
//!         Ok(outputs)
//!     }
//! }
//!
//! /// The outputs that are to be carried out.
//! fn effects(outputs: &[Output<Names>]) -> Vec<Effect<Names>> {
//!     let effects = outputs.iter().filter_map(|output| match output {
//!         Output::Effect(effect) => Some(effect.clone()),
//!         _ => None,
//!     });
//!     effects.collect()
//! }
//!
//! fn main() -> Result<(), Box<dyn Error>> {
//!     let path = std::env::temp_dir().join(format!("mill-{}.json", std::process::id()));
//!     let joined = |node: &str| {
//!         let (node, incarnation) = (node.to_owned(), Incarnation::new(1));
//!         Input::node_joined(node, incarnation, [])
//!     };
//!     let mut core = Core::start(&path)?;
//!     let outputs = core.go_on(vec![joined("anna"), joined("bert")])?;
//!     assert_eq!(effects(&outputs)[0].to_string(), "start db on anna");
//!     // The process ends before the start is answered, and another one begins.
//!     drop(core);
//!
//!     let mut core = Core::start(&path)?;
//!     // Carl came meanwhile. The start is asked for again, under the same number.
//!     let outputs = core.go_on(vec![joined("anna"), joined("bert"), joined("carl")])?;
//!     let start = &effects(&outputs)[0];
//!     assert_eq!(start.to_string(), "start db on anna");
//!     let (operation, outcome) = (start.operation, Outcome::Succeeded);
//!     core.take_in(Input::operation_finished(operation, outcome))?;
//!     core.ring()?;
//!     let sql = core.cluster.spec().group_id("sql").ok_or("no group sql")?;
//!     assert_eq!(core.cluster.group_state(sql), GroupState::Online);
//!     fs::remove_file(&path)?;
//!     Ok(())
//! }
//! ```
//!
//! # The order of steps
//!
//! 1. Restore, and compare [`Snapshot::cluster_name`](crate::Snapshot::cluster_name) before, if
//!    files of several clusters could be mixed up.
//! 2. Resume at the present [time](super::clock), which is not before that of the snapshot.
//! 3. Hand in what membership knows, at that very time: [`NodeJoined`](crate::Input::NodeJoined),
//!    with a list of what it runs, for a node that is there, and
//!    [`NodeLost`](crate::Input::NodeLost) for one that is not. A report that the core knows
//!    already is refused and changes nothing: the list of a node that was a member all the time is
//!    not looked at. What failed meanwhile is found by the next health check, or by a report.
//! 4. Poll the outputs of these steps, store the state, and hand out the events. The effects among
//!    them are outstanding as well, so carry out only what [outstanding](crate::Cluster::outstanding)
//!    lists.
//! 5. Set the timer for [`Cluster::poll_timeout`](crate::Cluster::poll_timeout), and go on with the
//!    loop.
//!
//! # When the agents end together with the core
//!
//! In step 3 there are two ways to report a node whose agents remember nothing, but whose resources
//! may still run:
//!
//! - **Its resources go on.** The agents list what runs, as
//!   [after a restart of their own](super::agents#when-an-agent-is-restarted-and-its-node-is-not).
//!   What was in flight is asked for again under new numbers. `examples/daemon_tokio` does this.
//! - **It begins a new life.** The agents first make certain that nothing of the earlier life runs,
//!   and then the node joins with a greater incarnation. Its groups start anew.
//!   `examples/daemon_threads` does this.
//!
//! Only a member can list what it runs. A node that the restored core counts as lost or down begins
//! a new life.
//!
//! # Further rules
//!
//! - **A step without effects**, such as a health check that passed, may be stored together with the
//!   next step. If the process ends before, the step is lost like an input that never came.
//! - **Without a file** the cluster is new, and begins from the declaration. Afterwards the
//!   snapshot holds the declaration in force; hand in a changed declaration with
//!   [`Command::Configure`](crate::cluster::Command::Configure).
//! - **An input that is not in the file yet** is lost with the process. So acknowledge a report
//!   when it is stored, and send a report again if it was not acknowledged. The answer to an
//!   operation comes again by itself, since the operation is outstanding. A report that comes twice
//!   does no harm if it names its [run](crate::agent::Agent::run).
//! - **A snapshot that is too old** does harm: the core would use numbers of operations twice. If
//!   one has to be used, from a backup for example, every node first begins a new life
//!   ([`Agent::core_went_back`](crate::agent::Agent::core_went_back)), and no report from before
//!   may reach the core.
//! - **Formats.** Store snapshots in a format with names, such as JSON, CBOR or MessagePack with
//!   names.
//! - **One core at a time.** Two processes that decide for one cluster are two clusters. A lease or
//!   a consensus protocol outside the core has to choose the one that decides, or every node has a
//!   [replica](super::replicate).
//! - **A log in place of a file** works as well: the core is deterministic, so replicas that take
//!   in equal inputs at equal times have equal states, and
//!   [`Cluster::digest`](crate::Cluster::digest) compares them. The input of a resume,
//!   [`CoreResumed`](crate::Input::CoreResumed), is logged like any other.
