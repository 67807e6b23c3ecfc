//! A deterministic simulator of a whole cluster: one seed gives one run, bit for bit.
//!
//! A world that the core never sees holds what really runs on every node. The core is told what
//! its agents say, asks for operations, and is judged by what really happens.

mod act;
pub mod availability;
mod dice;
mod director;
mod draw;
mod fault;
mod policy;
mod run;
mod stage;
mod world;

pub use draw::Weather;
pub use fault::{Atlas, FaultKind, Place, Room};
pub use run::{Failure, Report, Simulator};
