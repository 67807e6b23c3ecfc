//! Tests for clusters that are built on [`quorate`]: judges, random histories and a simulator.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`audit`] | what must hold of every step, judged by what was put out |
//! | [`liveness`] | what must happen in the end, and by when |
//! | [`history`] | random histories of random clusters, with a world in which things really run |
//! | [`policy`] | laws that every failover policy has to keep |
//! | [`mod@reference`] | a naive model of the rules of placement and order, to compare with |
//! | [`scenario`] | clusters told as stories, in text |
//! | [`strategy`] | declarations, inputs and histories for proptest |
//! | [`sim`] | a deterministic simulator of whole clusters |
//!
//! Every rule that is judged belongs to an [`Invariant`]; what breaks it is a [`Breach`] of that one.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod audit;
mod breach;
#[cfg(test)]
mod forge;
pub mod history;
mod invariant;
pub mod liveness;
mod needed;
pub(crate) mod policies;
pub mod policy;
pub mod reference;
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
