//! Changes the state as an input says.

mod commands;
mod configure;
mod drain;
mod inventory;
mod raised;
mod reports;
