//! A deterministic simulator of a whole cluster: one seed gives one run, bit for bit.
//!
//! A world that the core never sees holds what really runs on every node. The core is told what
//! its agents say, asks for operations, and is judged by what really happens.
//!
//! A seed draws a cluster of two to seven nodes, a policy, which of the [faults](FaultKind) there
//! are and how often each strikes, and then everything that happens. Time goes from event to event.
//! After every input every safety rule of [`audit`](crate::audit) is judged, a twin has to
//! do the same, the cluster is stored and restored and has to be the same, and no resource may run
//! twice in the world. Then the faults end within a part of the nodes, and
//! [`liveness`](crate::liveness) is judged.
//!
//! ```
//! use quorate_testkit::sim::{Simulator, Weather};
//!
//! let report = Simulator::default().steps(100).run(42, Weather::Hostile)?;
//! assert_eq!(Simulator::default().steps(100).run(42, Weather::Hostile)?, report);
//! # Ok::<(), quorate_testkit::sim::Failure>(())
//! ```
//!
//! A fault is counted when it has happened, in the [`Atlas`], and where it has a parameter also by
//! the region of its range: an outage of seconds is not one of hours.
//!
//! What is not covered, because no core could bear it: an embedder that goes on from an older
//! snapshot and has lost the log since (operations and epochs would be used twice), or from the
//! snapshot of another cluster; a policy that answers the same question in two ways (replicas
//! would part); a word that something is off which runs on (that copy is not judged any more).
//! Faults of views and links between nodes belong to membership and are listed as such.

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

use std::time::Duration;

mod act;
mod dice;
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

/// The whole milliseconds of a span, at most `u64::MAX`.
fn whole_millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
