//! Pages to start from. Each is about one thing that an embedder has to do.
//!
//! | page | topic |
//! | --- | --- |
//! | [`embed`] | the loop: inputs in, outputs out, a timer |
//! | [`agents`] | agents: they start and stop things on a node, and refuse late effects |
//! | [`restart`] | the process of the core ends, and another one goes on in its place |
//! | [`clock`] | the clock that gives the time |
//! | [`replicate`] | a replica on each node, and a consensus engine between them |
//! | [`operate`] | recipes: why is it not online, where would it go, what would happen |
//! | [`glossary`] | the words of WSFC and of Pacemaker, and those of this crate |
//!
//! Each page stands by itself, and the tests run its programs. `docs/declaration.md`, beside the
//! sources, lists every field of a declaration; `docs/bridge.md` is for drivers in other languages.

pub mod agents;
pub mod clock;
pub mod embed;
pub mod glossary;
pub mod operate;
pub mod replicate;
pub mod restart;
