//! The cluster that the crate is modelled on: seven nodes, four Exchange virtual servers.

mod drive;
mod failures;
mod oracles;
mod rules;
mod scripts;
mod times;
mod tree;
mod upgrade;
