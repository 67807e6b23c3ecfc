//! A failover-clustering core without any I/O.
//!
//! `quorate` decides and never acts. An embedder tells it what happened: a node was lost, a
//! resource failed, an operator asked for a move. It answers with what to do: start this resource
//! on that node, fence that node. Sockets, agents, threads and clocks stay with the embedder. The
//! model is that of Windows server clusters: nodes own groups, a group is a set of resources that
//! depend on each other, and a group moves as a whole.
//!
//! `docs/assurance.md`, beside the sources, lists the promises of the crate, with the checks of
//! each promise and how to repeat them.
//!
//! # Example
//!
//! ```
//! use quorate::policy::{Ring, Trigger};
//! use quorate::settings::Fencing;
//! use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
//! use quorate::{Cluster, Incarnation, Input, Outcome, Output, Timestamp};
//!
//! // Three nodes, and a database that needs its disk and its address.
//! let spec = ClusterDeclaration::new("mill")
//!     .node("a")
//!     .node("b")
//!     .node("c")
//!     .fencing(Fencing::Trusted)
//!     .group(
//!         GroupDeclaration::new("sql")
//!             .preferred_owners(["a", "b"])
//!             .resource(ResourceDeclaration::new("disk", "Physical Disk"))
//!             .resource(ResourceDeclaration::new("ip", "IP Address"))
//!             .resource(
//!                 ResourceDeclaration::new("db", "Generic Service").needs("[disk] and [ip]"),
//!             ),
//!     )
//!     .build()?;
//! let sql = spec.group_id("sql").expect("declared above");
//! let [a, b, c] = ["a", "b", "c"].map(|name| spec.node_id(name).expect("declared above"));
//! let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
//!
//! // The embedder's part, in small: every operation that is asked for succeeds.
//! let carry_out = |cluster: &mut Cluster, now: Timestamp| {
//!     let mut done = Vec::new();
//!     while let Some(output) = cluster.poll_output() {
//!         let Output::Effect(effect) = output else { continue };
//!         let operation = effect.operation;
//!         done.push(cluster.spec().named(effect).to_string());
//!         let outcome = Outcome::Succeeded;
//!         cluster.handle(now, Input::operation_finished(operation, outcome))?;
//!     }
//!     Ok::<_, quorate::InputError>(done)
//! };
//!
//! // Two nodes of three are a majority; the group starts on the node that it prefers.
//! let now = Timestamp::from_millis(1_000);
//! for node in [a, b] {
//!     let incarnation = Incarnation::new(1);
//!     cluster.handle(now, Input::node_joined(node, incarnation, []))?;
//! }
//! let done = carry_out(&mut cluster, now)?;
//! assert_eq!(done, ["start disk on a", "start ip on a", "start db on a"]);
//!
//! // One more node comes, the owner goes, and the next one in the list takes over.
//! let incarnation = Incarnation::new(1);
//! cluster.handle(now, Input::node_joined(c, incarnation, []))?;
//! let now = Timestamp::from_millis(60_000);
//! cluster.handle(now, Input::node_lost(a, incarnation))?;
//! assert_eq!(cluster.state().owner(sql), Some(b));
//! let done = carry_out(&mut cluster, now)?;
//! assert_eq!(done, ["start disk on b", "start ip on b", "start db on b"]);
//!
//! // Where would it go if its owner were emptied, and what speaks against the others?
//! let answer = cluster.explain(sql, Trigger::Drain).expect("declared above");
//! assert_eq!(answer.chosen, Some(c));
//! assert_eq!(
//!     cluster.spec().named(answer).to_string(),
//!     "sql, drain, owner b:\n  c  chosen\n  a  rejected: down\n  b  rejected: owns it now",
//! );
//! // If its owner failed nobody could take over: its vote would be missing.
//! let answer = cluster.explain(sql, Trigger::NodeFailure).expect("declared above");
//! assert_eq!(answer.chosen, None);
//!
//! // Without a majority nothing runs, and the cluster can say why.
//! cluster.handle(now, Input::node_lost(b, incarnation))?;
//! let why = cluster.why(sql).expect("it is not online");
//! assert_eq!(cluster.spec().named(why).to_string(), "the cluster has no quorum");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The contract
//!
//! The embedder runs one loop, in any thread or task:
//!
//! 1. Hand one input to [`Cluster::handle`], with the time. An error means that nothing changed.
//! 2. Call [`Cluster::poll_output`] until it returns `None`. Carry out each [`Effect`]; when it
//!    ends, report this once with [`Input::OperationFinished`]. An [`Event`] is for information.
//!    [`Cluster::poll_named_output`] returns outputs by names, those of the configuration in which
//!    they arose; an id has a meaning in one configuration only.
//! 3. Set a timer for [`Cluster::poll_timeout`]; when it rings, call [`Cluster::handle_timeout`].
//!    The answer changes with every input.
//!
//! Equal inputs at equal times give equal outputs and a bit-identical state, on every platform. So
//! a cluster can be replicated by any ordered log, replayed, or forked for a question:
//! [`Cluster::what_if`] runs the code that decides on a copy. [`Cluster::snapshot`] keeps a cluster
//! over a restart; operations that were in flight are [outstanding](Cluster::outstanding)
//! afterwards.
//!
//! # Where to look
//!
//! The [`guide`] has a short page for each thing that an embedder has to do: the loop, agents, a
//! restart, the clock, replicas on many machines, recipes for operators, the words of other
//! clusters.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`guide`] | pages to start from |
//! | [`spec`] | what an operator declares, and everything that can be wrong with it |
//! | [`kind`] | resource kinds: those of Windows and Exchange, and your own |
//! | [`settings`] | every property with its meaning, unit and default |
//! | [`graph`] | dependencies: `[disk] and ([ip 1] or [ip 2])` |
//! | [`cluster`] | the core: inputs, outputs, questions |
//! | [`agent`] | the contract of agents: which effects they carry out, and which they refuse |
//! | [`state`] | the state that a cluster remembers, to be read |
//! | [`machine`] | the states of nodes, resources and groups, and budgets of failures |
//! | [`quorum`] | the votes that keep a cluster alive |
//! | [`plan`] | placement: the node that a group gets, and why |
//! | [`policy`] | failover orders, and how to write your own |
//! | [`replicate`] | many machines: replicas, leases, the rules of a leader |
//! | [`catalog`] | whole groups, ready to declare: Exchange virtual servers |
//! | [`id`], [`time`] | identities, and time as an argument |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `shared` | yes | `SharedCluster`, a handle that threads share; needs `std` |
//!
//! Everything else needs only `alloc`. Tests of your own find invariants, scenarios, laws for policies
//! and a simulator in the crate `quorate-testkit`; `quorate-availability` says how available a cluster
//! will be.
//!
//! # Versions
//!
//! Below 1.0 a minor release may change the API; a patch release only mends. A release that decides
//! otherwise for the same inputs is a minor release, and raises [`Cluster::BEHAVIOUR`]. Replicas of
//! one cluster need the same behaviour, not the same release: a leader grants no lease to a node
//! that decides by other rules ([`Genesis::behaviour`](replicate::Genesis::behaviour)). A newer
//! release reads the snapshots of every older one. Rust 1.88 or later.
//!
//! # What it is not
//!
//! The crate has no daemon, no agents, no sockets, no storage and no consensus algorithm. The
//! embedder decides which nodes are members, and in which order inputs count. The crate does not
//! detect failures; it decides what follows from them.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may make the library panic, so everything that can panic is denied.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::dbg_macro,
        clippy::exit,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::integer_division,
        clippy::mem_forget,
        clippy::panic,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
        clippy::wildcard_enum_match_arm,
    )
)]

extern crate alloc;
#[cfg(any(test, feature = "shared"))]
extern crate std;

/// Tells whether a bug is planted on purpose; always false without the compiler flag `--cfg
/// quorate_seeded_bugs`.
#[cfg(quorate_seeded_bugs)]
macro_rules! seeded {
    ($bug:ident) => {
        $crate::seeded_bug::is_planted($crate::seeded_bug::SeededBug::$bug)
    };
}
#[cfg(not(quorate_seeded_bugs))]
macro_rules! seeded {
    ($bug:ident) => {
        false
    };
}

pub mod agent;
pub mod catalog;
pub mod cluster;
mod form;
pub mod graph;
pub mod guide;
pub mod id;
pub mod kind;
pub mod machine;
pub mod plan;
pub mod policy;
pub mod quorum;
pub mod replicate;
#[cfg(quorate_seeded_bugs)]
pub mod seeded_bug;
pub mod settings;
#[cfg(feature = "shared")]
mod shared;
pub mod spec;
pub mod state;
pub mod time;

pub use cluster::{
    Cluster, Deadline, Effect, Event, Input, InputError, Outcome, Output, Reason, Snapshot,
};
pub use id::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId};
#[cfg(feature = "shared")]
pub use shared::{HalfChanged, SharedCluster, SharedError};
pub use time::{Timestamp, WallClock};

/// The examples of the readme.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
