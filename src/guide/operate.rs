//! Recipes for operators: why is it not online, where would it go, what would happen?
//!
//! Questions are asked of a [`Cluster`] and change nothing. An order is an input like any other,
//! handed in where the [loop](super::embed) takes inputs in. The functions below are to be copied,
//! each into a module of its own. The outputs are those of a cluster of three nodes, `anna`, `bert`
//! and `carl`, with a group `sql` on `anna`.
//!
//! # Why is it not online?
//!
//! ```
//! use quorate::Cluster;
//!
//! /// Returns one line for each group that should be online and is not.
//! fn not_online(cluster: &Cluster) -> Vec<String> {
//!     let spec = cluster.spec();
//!     let words = spec.groups().filter_map(|(id, group)| {
//!         let reason = spec.named(cluster.why(id)?);
//!         Some(format!("{}: {reason}", group.name()))
//!     });
//!     words.collect()
//! }
//! # use std::error::Error;
//! # fn main() -> Result<(), Box<dyn Error>> {
//! #     use quorate::cluster::{Input, Life};
//! #     let mut cluster = mill()?;
//! #     assert!(not_online(&cluster).is_empty());
//! #     tell(&mut cluster, Input::node_lost("anna", Life::Known))?;
//! #     let told = ["sql: node anna is lost; waiting for a fence to be confirmed"];
//! #     assert_eq!(not_online(&cluster), told);
//! #     Ok(())
//! # }
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/common/mill.rs"));
//! ```
//!
//! After `anna` was lost it returns:
//!
//! ```text
//! sql: node anna is lost; waiting for a fence to be confirmed
//! ```
//!
//! Most reasons end by themselves, and some of them say when. The following reasons may need
//! somebody:
//!
//! | reason | ended by |
//! | --- | --- |
//! | [`NoQuorum`] | more nodes, or the witness; if they are gone for good, [below](#most-nodes-are-gone-for-good) |
//! | [`WaitingForNodeOff`] | a fence that succeeds, or [your confirmation](#nobody-knows-whether-it-runs) that the node is off |
//! | [`InDoubt`] | a probe that is answered, or [your confirmation](#nobody-knows-whether-it-runs) that the resource is off |
//! | [`WaitingForInventory`] | an answer of the node, or proof that it is off; or your confirmation that it does not run the resource |
//! | [`Failed`] without a time | remove the cause, then [bring it online](#bring-it-online-move-it) |
//! | [`NotStartedAutomatically`] | [bring it online](#bring-it-online-move-it) |
//! | [`NoCandidate`] | a node that can own it; `explain` says why each node cannot |
//! | [`OwnerPaused`] | [resume the node](#maintain-a-node), or move the group |
//! | [`NotAdmitted`] | another node for one of the two groups of the class |
//! | [`OwnerNotPossible`] | a node that can run all of it; the rest of the group runs meanwhile |
//! | [`ResourceHeldOffline`] | [`BringResourceOnline`], because somebody took it offline |
//!
//! # Where would it go?
//!
//! ```
//! use quorate::Cluster;
//! use quorate::policy::Trigger;
//!
//! /// Returns all nodes with the reasons for and against them.
//! fn where_to(cluster: &Cluster, group: &str, trigger: Trigger) -> Option<String> {
//!     let spec = cluster.spec();
//!     let explanation = cluster.explain(spec.group_id(group)?, trigger)?;
//!     Some(spec.named(explanation).to_string())
//! }
//! # use std::error::Error;
//! # fn main() -> Result<(), Box<dyn Error>> {
//! #     let cluster = mill()?;
//! #     let told = "sql, node failure, owner anna:\n  bert  chosen\n  \
//! #     carl  behind bert: place in node list 1 > 0\n  anna  rejected: owns it now";
//! #     assert_eq!(where_to(&cluster, "sql", Trigger::NodeFailure).as_deref(), Some(told));
//! #     Ok(())
//! # }
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/common/mill.rs"));
//! ```
//!
//! `where_to(&cluster, "sql", Trigger::NodeFailure)` returns:
//!
//! ```text
//! sql, node failure, owner anna:
//!   bert  chosen
//!   carl  behind bert: place in node list 1 > 0
//!   anna  rejected: owns it now
//! ```
//!
//! The answer shows which node the group would get if the trigger occurred at this moment. `behind`
//! means that the policy ranks the node lower than the chosen one. `rejected` means that a rule of
//! the core, which no policy can change, forbids the node, or that the policy vetoed it.
//!
//! # Maintain a node
//!
//! ```
//! use quorate::cluster::{Cluster, Command, Input, ResumeFailback, NamedInputError};
//! use quorate::id::Names;
//!
//! /// Pauses the node and moves its groups away. Groups that no other node can take stay.
//! fn drain(node: &str) -> Input<Names> {
//!     Command::drain_node(node).into()
//! }
//!
//! /// Lets it take groups again, and brings back those that the drain took away.
//! fn resume(node: &str) -> Input<Names> {
//!     Command::resume_node(node).failback(ResumeFailback::Immediate).into()
//! }
//!
//! /// Returns what would happen. Nothing changes.
//! fn rehearse(cluster: &Cluster, input: Input<Names>) -> Result<String, NamedInputError> {
//!     Ok(cluster.what_if([input])?.to_string())
//! }
//! # use std::error::Error;
//! # fn main() -> Result<(), Box<dyn Error>> {
//! #     let mut cluster = mill()?;
//! #     let plan = "sql: anna -> bert, online\ndrain of anna: completed\n\
//! #     stop db on anna\nstop disk on anna\nstart disk on bert\nstart db on bert";
//! #     assert_eq!(rehearse(&cluster, drain("anna"))?, plan);
//! #     let sql = cluster.spec().group_id("sql").ok_or("no sql")?;
//! #     let home = cluster.state().owner(sql);
//! #     tell(&mut cluster, drain("anna"))?;
//! #     assert_ne!(cluster.state().owner(sql), home);
//! #     tell(&mut cluster, resume("anna"))?;
//! #     assert_eq!(cluster.state().owner(sql), home);
//! #     Ok(())
//! # }
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/common/mill.rs"));
//! ```
//!
//! 1. `rehearse(&cluster, drain("anna"))` lists the groups that would move or stop, how the drain
//!    would end, and every operation:
//!
//!    ```text
//!    sql: anna -> bert, online
//!    drain of anna: completed
//!    stop db on anna
//!    stop disk on anna
//!    start disk on bert
//!    start db on bert
//!    ```
//!
//!    Any input can be rehearsed in this way, also several, and a loss: `Input::NodeLost`.
//! 2. Hand in `drain("anna")` and wait for the event [`DrainChanged`](crate::Event::DrainChanged).
//!    If it says `failed`, [`DrainBlocked`](crate::Event::DrainBlocked) has named each group that
//!    stayed, and the obstacle: remove it and drain again. The rehearsal names them as well.
//! 3. The node leaves ([`NodeLeft`](crate::Input::NodeLeft)), is worked on, and joins in a greater
//!    incarnation. It is still paused.
//! 4. Hand in `resume("anna")`.
//!
//! # Bring it online, move it
//!
//! ```
//! use quorate::cluster::{Command, Input};
//! use quorate::id::Names;
//!
//! /// Brings the group online, with all restarts and retries again.
//! fn online(group: &str) -> Input<Names> {
//!     Command::bring_group_online(group).into()
//! }
//!
//! /// Forgets the failures of the group: those in its budgets, and the nodes on which it failed.
//! fn forgive(group: &str) -> Input<Names> {
//!     Command::clear_group_failures(group).into()
//! }
//!
//! /// Moves the group to this node, and back if it does not start there. It may be refused.
//! fn move_to(group: &str, node: &str) -> Input<Names> {
//!     Command::move_group(group).to(node).return_on_failure().into()
//! }
//! # use std::error::Error;
//! # fn main() -> Result<(), Box<dyn Error>> {
//! #     let mut cluster = mill()?;
//! #     tell(&mut cluster, move_to("sql", "carl"))?;
//! #     tell(&mut cluster, forgive("sql"))?;
//! #     tell(&mut cluster, online("sql"))?;
//! #     let sql = cluster.spec().group_id("sql").ok_or("no sql")?;
//! #     assert_eq!(cluster.state().owner(sql), cluster.spec().node_id("carl"));
//! #     Ok(())
//! # }
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/common/mill.rs"));
//! ```
//!
//! An order that cannot be carried out is refused with the reason, and nothing has changed.
//! [`Cluster::restart_budget`] and [`Cluster::failover_budget`] return what is left of the budgets.
//!
//! # Nobody knows whether it runs
//!
//! A lost node may still run, and a stop that was not answered may not have happened. The core
//! waits rather than start a second copy. Look at the machine, and only if the node or the resource
//! is really off, confirm it:
//!
//! ```
//! use quorate::cluster::{Command, Input, Life};
//! use quorate::id::Names;
//!
//! /// Confirms that the node is off. Use it only if you have seen it.
//! fn node_is_off(node: &str) -> Input<Names> {
//!     Input::node_confirmed_down(node, Life::Known)
//! }
//!
//! /// Confirms that the resource is off. Use it only if you have seen it.
//! fn resource_is_off(resource: &str) -> Input<Names> {
//!     Command::clear_resource_failure(resource).into()
//! }
//! # use std::error::Error;
//! # fn main() -> Result<(), Box<dyn Error>> {
//! #     let mut cluster = mill()?;
//! #     tell(&mut cluster, Input::node_lost("anna", Life::Known))?;
//! #     let sql = cluster.spec().group_id("sql").ok_or("no sql")?;
//! #     assert!(cluster.why(sql).is_some());
//! #     tell(&mut cluster, node_is_off("anna"))?;
//! #     assert_eq!(cluster.why(sql), None);
//! #     tell(&mut cluster, resource_is_off("db"))?;
//! #     Ok(())
//! # }
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/common/mill.rs"));
//! ```
//!
//! This counts as proof: after a wrong confirmation a database may run twice. A resource that
//! failed with `on_unfixable = "block"` was left for you to look at. `online` on its group
//! terminates it first; `resource_is_off` does not.
//!
//! # Change the declaration
//!
//! ```
//! use quorate::cluster::{Cluster, Command, Input};
//! use quorate::id::Names;
//! use quorate::settings::Priority;
//! use quorate::spec::ClusterDeclaration;
//!
//! /// Replaces the declaration in force by one that gives a group high priority.
//! fn prefer(cluster: &Cluster, name: &str) -> Input<Names> {
//!     let mut declaration = ClusterDeclaration::from(cluster.spec());
//!     for group in declaration.groups.iter_mut().filter(|group| group.name == name) {
//!         group.priority = Some(Priority::HIGH);
//!     }
//!     Command::configure(declaration).into()
//! }
//! # use std::error::Error;
//! # fn main() -> Result<(), Box<dyn Error>> {
//! #     let mut cluster = mill()?;
//! #     assert_eq!(cluster.what_if([prefer(&cluster, "sql")])?.to_string(), "");
//! #     let input = prefer(&cluster, "sql");
//! #     tell(&mut cluster, input)?;
//! #     let sql = cluster.spec().group_id("sql").and_then(|of| cluster.spec().group(of));
//! #     assert_eq!(sql.map(|of| of.settings().priority), Some(Priority::HIGH));
//! #     Ok(())
//! # }
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/common/mill.rs"));
//! ```
//!
//! The whole declaration is replaced; everything that it does not change goes on undisturbed.
//! Rehearse it first, as above: an empty plan means that no group moves, starts or stops. A
//! declaration that would make a running group leave its node is refused, unless the command says
//! [`Allow`](crate::cluster::ConfigurationMoves::Allow).
//!
//! # Change the failover policy
//!
//! A [policy](crate::policy) is code, so it cannot stand in a declaration. The embedder offers
//! policies to the cluster with [`Cluster::offer_policy`](crate::Cluster::offer_policy), before the
//! first input. An operator puts one of them in force by its name with the command
//! [`ChangePolicy`](crate::cluster::Command::ChangePolicy), for example
//! `Command::change_policy("least_groups")`. The command can be rehearsed like any other.
//!
//! Nothing that runs is moved, and a move that is under way goes on. Groups that wait for a node
//! are placed by the new order at once, and a group fails back if only the old policy vetoed that.
//! The event [`PolicyChanged`](crate::Event::PolicyChanged) reports the change. The policy that was
//! in force stays on offer, so that the operator can go back. The command is accepted without
//! quorum, and a name that is not on offer is refused.
//!
//! Offers are not stored. After a restore the cluster has the policy that was in force, and the
//! others have to be offered again before the next input. Every replica has to be offered the same
//! policies, with [`Genesis::offering`](crate::replicate::Genesis::offering).
//!
//! # Most nodes are gone for good
//!
//! Without quorum nothing starts. If the missing nodes will not come back, their votes can be taken
//! away:
//!
//! ```
//! use quorate::cluster::{Cluster, Command, Input, Life};
//! use quorate::id::Names;
//! use quorate::spec::ClusterDeclaration;
//!
//! /// Confirms that these nodes are off and stay off. The others go on without their
//! /// votes.
//! fn go_on_without(cluster: &Cluster, gone: &[&str]) -> Vec<Input<Names>> {
//!     let off = |node: &&str| Input::node_confirmed_down(*node, Life::Known);
//!     let mut declaration = ClusterDeclaration::from(cluster.spec());
//!     for node in declaration.nodes.iter_mut().filter(|node| gone.contains(&node.name.as_str())) {
//!         node.vote_weight = Some(0);
//!     }
//!     let configure = Command::configure(declaration).into();
//!     gone.iter().map(off).chain([configure]).collect()
//! }
//! # use std::error::Error;
//! # fn main() -> Result<(), Box<dyn Error>> {
//! #     let mut cluster = mill()?;
//! #     for node in ["bert", "carl"] {
//! #         tell(&mut cluster, Input::node_lost(node, Life::Known))?;
//! #     }
//! #     assert!(!cluster.state().is_quorate());
//! #     for input in go_on_without(&cluster, &["bert", "carl"]) {
//! #         tell(&mut cluster, input)?;
//! #     }
//! #     assert!(cluster.state().is_quorate());
//! #     let all: Vec<_> = cluster.spec().groups().map(|(id, _)| id).collect();
//! #     assert!(all.into_iter().all(|group| cluster.why(group).is_none()));
//! #     Ok(())
//! # }
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/common/mill.rs"));
//! ```
//!
//! Be certain that they are off and stay off until they have the new declaration. Two of them that
//! start with the old declaration have a quorum of their own, and form a second cluster. A
//! confirmation for a node that is already known to be off is refused, which does no harm.
//!
//! [`Cluster`]: crate::Cluster
//! [`Cluster::restart_budget`]: crate::Cluster::restart_budget
//! [`Cluster::failover_budget`]: crate::Cluster::failover_budget
//! [`BringResourceOnline`]: crate::cluster::Command::BringResourceOnline
//! [`NoQuorum`]: crate::Reason::NoQuorum
//! [`WaitingForNodeOff`]: crate::Reason::WaitingForNodeOff
//! [`InDoubt`]: crate::Reason::InDoubt
//! [`WaitingForInventory`]: crate::Reason::WaitingForInventory
//! [`Failed`]: crate::Reason::Failed
//! [`NotStartedAutomatically`]: crate::Reason::NotStartedAutomatically
//! [`NoCandidate`]: crate::Reason::NoCandidate
//! [`OwnerPaused`]: crate::Reason::OwnerPaused
//! [`NotAdmitted`]: crate::Reason::NotAdmitted
//! [`OwnerNotPossible`]: crate::Reason::OwnerNotPossible
//! [`ResourceHeldOffline`]: crate::Reason::ResourceHeldOffline
