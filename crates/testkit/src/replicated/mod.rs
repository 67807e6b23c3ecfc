//! A deterministic simulator of replicated clusters: one seed gives one run, millisecond by
//! millisecond.
//!
//! The parts of [`quorate::replicate`] run here as they would on real machines. Four things freeze,
//! die and lie separately: *machines* with clocks of their own (hours apart, up to 150 millionths
//! too fast or too slow), *daemons* (replica, guard, outbox and leader), *keepers*, and *processes*,
//! and some of them die slowly or obey no signal. Links are cut in one direction, lose, double and
//! delay messages. The engine is an abstract log that does whatever its contract allows: elections
//! at any time, deposed leaders that do not know it, proposals that are lost, late, doubled, or land
//! in a later term of the same node, answers that come seconds late, snapshots.
//!
//! A seed draws 3, 5 or 7 voters (one of them may be no node); the proof that lost nodes are off;
//! whether a keeper or the daemon owns what runs; spans that
//! [`Timing::check`](quorate::replicate::Timing::check) accepts; habits of agents; and faults for 45
//! seconds. Then everything is mended, and the rest of 80 seconds judges what must be well in the
//! end; in some runs after a loss of all power, with gaps between links, or with a node that nobody
//! can fence. [`Schedule`]s are histories written by hand for what chance meets too rarely.
//!
//! The judge sees processes, not what replicas believe. In every millisecond no resource runs on
//! two machines, and nothing runs longer after its last answered beat than lease, stop and watchdog
//! allow. One node is in charge per term; replicas agree on every entry, on the members and on
//! digests; a report counts once; a fenced life starts nothing. A node that no fault concerned, in a
//! majority that is well, stops nothing.
//!
//! ```
//! use quorate_testkit::replicated::Simulator;
//!
//! let report = Simulator::default().run(7)?;
//! assert!(report.checks.starts > 0);
//! # Ok::<(), Box<quorate_testkit::replicated::Failure>>(())
//! ```
//!
//! These things happen to real clusters, and in no world of this simulator:
//!
//! - **Machines.** A virtual machine that is paused with its clock and its watchdog; a clock that
//!   jumps or deviates by more than the drift; a watchdog that does not fire; memory or a processor
//!   that errs; a disk that loses or changes what was stored, or comes back as it was earlier (an
//!   engine that lost its disk needs another identity).
//! - **Daemons and keepers.** A wrong answer of the system about what runs; a process outside the
//!   control group of its life; a daemon that stands still between the answer of the guard and its
//!   order to the keeper is met only to the millisecond; a keeper that is restarted without a reset.
//! - **Networks.** Changed or forged messages, another cluster with equal names, links that are slow
//!   for the engine alone, delays of more than four seconds; engines elect and commit by fiat here,
//!   so their own bugs and their own messages are not met.
//! - **Power switches.** A switch that says "off" and is wrong, or turns another machine off.
//! - **Operators.** A false word that a resource is off; a changed configuration, an evicted or
//!   renamed node, votes that change; spans that differ between nodes; a restore of an old log.
//! - **Releases.** Only the limits differ between releases here, and only once per run.

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
    )
)]

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
