//! Questions that a copy of the cluster answers.

mod explain;
#[cfg(feature = "testkit")]
mod likeness;
mod what_if;

pub use what_if::{Fate, Plan, PlanEnd, PlannedGroup, PlannedOperation, WhatIfError};
