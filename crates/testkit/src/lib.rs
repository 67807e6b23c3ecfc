//! Tests for clusters that are built on [`quorate`]: judges, random histories and a simulator.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`audit`] | rules that hold for every step, judged from the outputs of the cluster |
//! | [`liveness`] | rules about what must happen in the end, with the time by which it must |
//! | [`history`] | random histories of random clusters, with a world that knows what really runs |
//! | [`policy`] | laws that every failover policy has to keep |
//! | [`mod@reference`] | a naive model of the rules of placement and order, to compare the engine with |
//! | [`replicated`] | a deterministic simulator of replicated clusters, down to machines, links and clocks |
//! | [`scenario`] | scenarios in text that need no programming |
//! | [`strategy`] | declarations, inputs and histories for proptest |
//! | [`sim`] | a deterministic simulator of whole clusters |
//!
//! Every rule that is judged belongs to an [`Invariant`]. A [`Breach`] names the invariant that was
//! broken.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod audit;
mod breach;
#[cfg(test)]
mod forge;
pub mod history;
mod invariant;
pub mod liveness;
pub(crate) mod machine;
mod needed;
pub(crate) mod policies;
pub mod policy;
pub mod reference;
pub mod replicated;
pub mod scenario;
pub mod sim;
pub mod strategy;
pub(crate) mod twin;
pub(crate) mod watch;

pub use breach::Breach;
pub use invariant::{Invariant, Room, Scope, UnknownInvariant};

/// The example of the readme.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
