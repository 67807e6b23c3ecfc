//! Availability: the formulas, the exact chain, a race of clocks and the simulated cluster agree,
//! and the oracle of the simulated cluster finds planted faults.

#[path = "availability/chain.rs"]
mod chain;
#[path = "availability/oracle.rs"]
mod oracle;
#[path = "availability/race.rs"]
mod race;
#[path = "availability/raced.rs"]
mod raced;
#[path = "availability/simulated.rs"]
mod simulated;
