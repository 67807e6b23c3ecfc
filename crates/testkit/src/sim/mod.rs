//! A deterministic simulator of a whole cluster: one seed gives one run, bit for bit.
//!
//! A world that the core never sees holds everything that really runs on every node. The core is
//! told what its agents report, asks for operations, and is judged by what really happens.
//!
//! A seed draws a cluster of two to seven nodes, a policy, the kinds of [faults](FaultKind) and how
//! often each strikes, and then everything that happens. Time advances from event to event. After
//! every input every safety rule of [`audit`](crate::audit) is judged, a twin must behave
//! identically, a restored copy of the cluster must be equal to it, and no resource may run twice
//! in the world. Then the faults end within a part of the nodes, and [`liveness`](crate::liveness)
//! is judged.
//!
//! ```
//! use quorate_testkit::sim::{Simulator, Weather};
//!
//! let report = Simulator::default().steps(100).run(42, Weather::Hostile)?;
//! assert_eq!(Simulator::default().steps(100).run(42, Weather::Hostile)?, report);
//! # Ok::<(), quorate_testkit::sim::Failure>(())
//! ```
//!
//! The [`Atlas`] counts every fault that happens. If the fault has a parameter, it also counts the
//! region of its range: an outage of seconds differs from one of hours.
//!
//! Some faults are not covered, because no core could withstand them: an embedder that continues
//! from an older snapshot without the log since then (operations and epochs would be used twice),
//! or from the snapshot of another cluster; a policy that answers one question in two ways
//! (replicas would diverge); a false report that something is off (that copy is not judged any
//! more). Faults of views and links between nodes belong to membership and are listed as such.

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

mod act;
pub(crate) mod dice;
mod director;
mod draw;
mod fault;
mod policy;
mod run;
mod shrink;
mod stage;
mod tell;
mod world;

#[cfg(test)]
mod tests;

pub use draw::Weather;
pub use fault::{Atlas, FaultKind, Place};
pub use run::{Failure, Report, Shrunk, Simulator};
pub use shrink::Progress;
