//! For tests, of this crate and of those that build on it.
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
//!
//! Every rule that is judged belongs to an [`Invariant`]; what breaks it is a [`Breach`] of that one.

pub mod audit;
pub(crate) mod breach;
pub mod history;
mod invariant;
pub mod liveness;
mod needed;
pub(crate) mod policies;
pub mod policy;
pub mod reference;
pub mod scenario;
pub mod strategy;
pub(crate) mod twin;
#[cfg(feature = "sim")]
pub(crate) mod watch;

pub use breach::Breach;
pub use invariant::{Invariant, Room, Scope, UnknownInvariant};
