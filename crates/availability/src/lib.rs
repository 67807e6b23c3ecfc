//! Availability of a cluster before it is bought: simulated, by formula, and by an exact chain.
//!
//! [`Simulation`] runs years of a [`Design`], a declared cluster with [`Rates`], through the real
//! engine, and counts how long each group was really down, and why. [`closed_form`] and [`chain`]
//! compute these results without the engine.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`closed_form`] | unavailability by formula, cause by cause |
//! | [`chain`] | the same from a Markov chain, without approximation |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may make the library panic, so the lints below forbid everything that can panic.
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

mod alarms;
mod books;
mod causes;
pub mod chain;
pub mod closed_form;
mod design;
mod draw;
mod outcome;
mod rates;
mod simulation;
mod statistics;
mod truth;

pub use causes::{ByCause, Cause};
pub use closed_form::Parameters;
pub use design::{Design, DesignError, NotComparable};
pub use outcome::{Outcome, Run, Server};
pub use rates::{Eviction, Rates, RatesError, Scatter};
pub use simulation::{BrokenPromise, Goal, Progress, Simulation};
pub use statistics::{BATCHES, Estimate};
pub use truth::{Asked, GroundTruth, Told};
