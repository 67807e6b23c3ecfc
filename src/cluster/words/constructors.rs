//! Constructors of inputs and commands: an option that is not named has its default.

pub(super) mod commands;
pub(super) mod reports;
#[cfg(test)]
mod tests;
