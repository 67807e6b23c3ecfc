//! A naive model of the rules of placement and order, to compare the engine with.
//!
//! It was written from the published rules of Windows server clusters and from the rules that this
//! crate documents, not from the engine: it has plain loops over names, no index, no cache, and
//! keeps nothing from one question to the next. So it is slow and easy to check by eye, and where
//! it and the engine differ, one of them is wrong.
//!
//! | file | question |
//! | --- | --- |
//! | `picture` | what is known of a cluster, by name |
//! | `owners` | which nodes may own a group, and what speaks against the others |
//! | `order` | in which order a built-in policy takes them, and so which is next |
//! | `joint` | which nodes are kept for others that need one at the same time |
//! | `dependencies` | which resources may start now and which have to stop |
//! | `queue` | what a group that is off waits for before its first resource starts |
//! | `home` | which groups should have been given a node, and when a group goes home |
//! | `budget` | how often something may still be done within a sliding window |
//! | `differential` | compares the answers to all of these with the engine, step by step |
//!
//! A [`Picture`] can be used alone:
//!
//! ```
//! use quorate::policy::{Ring, Trigger};
//! use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
//! use quorate_testkit::reference::{Order, Picture};
//! use quorate::{Cluster, Incarnation, Input, NodeId, Timestamp};
//!
//! let disk = ResourceDeclaration::new("disk", "Physical Disk");
//! let group = GroupDeclaration::new("sql").preferred_owners(["b"]).resource(disk);
//! let spec = ClusterDeclaration::new("mill").node("a").node("b").node("c").group(group).build()?;
//! let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
//! for node in [0, 1, 2].map(NodeId::new) {
//!     let joined = Input::node_joined(node, Incarnation::new(1), []);
//!     cluster.handle(Timestamp::from_millis(1_000), joined)?;
//! }
//! let picture = Picture::of(&cluster);
//! // From the top of the node list, which is b a c, without the owner.
//! let ranking = picture.ranking("sql", Trigger::BestPossible, &[Order::Ring { seed: None }]);
//! let nodes: Vec<&str> = ranking.taken.iter().map(|place| place.node.as_str()).collect();
//! assert_eq!(nodes, ["a", "c"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Differential`] accompanies a cluster and compares after every step. Tests of the crate run
//! one beside the random [histories](super::history) and beside the simulator.

mod budget;
mod dependencies;
mod differential;
mod exposure;
mod home;
mod joint;
mod order;
mod owners;
mod picture;
mod queue;

pub use budget::Uses;
pub use differential::{Compared, Differential};
pub use order::{Order, Place, Ranking};
pub use owners::{Flaw, Objection, Standing};
pub use picture::{Group, Node, Picture, Resource};

#[cfg(test)]
mod tests;
