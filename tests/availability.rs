//! Availability: the formulas, the exact chain and the simulated cluster agree, and the oracle of
//! the simulated cluster sees what it has to see.

#[path = "availability/chain.rs"]
mod chain;
#[path = "availability/oracle.rs"]
mod oracle;
#[path = "availability/simulated.rs"]
mod simulated;
