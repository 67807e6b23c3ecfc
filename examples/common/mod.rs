//! The common parts of the examples: a cluster in simulated time, its agents, and a ledger of
//! outages.

#![allow(dead_code, reason = "no example uses everything")]
#![allow(unreachable_pub, reason = "a module of several programs")]

pub mod agents;
pub mod ledger;
pub mod simulation;
