//! A deterministic simulator of replicated clusters.
#![allow(dead_code)]

mod clock;
mod daemon;
mod draw;
mod fault;
mod finale;
mod host;
mod journal;
mod judge;
mod log;
mod machine;
mod net;
mod run;
mod scene;
mod schedules;
mod setup;
mod strike;
mod takeover;
mod world;

#[cfg(test)]
mod tests;

pub use fault::{Fault, Faults};
pub use judge::Checks;
pub use run::{Failure, Report, Simulator};
pub use schedules::Schedule;
pub use setup::Flaw;
pub use takeover::Cause;
