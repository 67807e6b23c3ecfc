//! Pages to start from, each about one thing that an embedder has to do.
//!
//! | page | what it is about |
//! | --- | --- |
//! | [`embed`] | the loop: inputs in, outputs out, a timer |
//! | [`agents`] | what starts and stops things on a node, and what it has to refuse |
//! | [`restart`] | the process of the core ends, and another one goes on where it stood |
//! | [`clock`] | which clock gives the time |
//! | [`operate`] | recipes: why is it not online, where would it go, what would happen |
//! | [`glossary`] | the words of WSFC and of Pacemaker, and ours |
//!
//! Each page stands by itself, and its programs are run by the tests. What a declaration may hold
//! is listed in `docs/declaration.md`, beside the sources; drivers in other languages read
//! `docs/bridge.md`.

pub mod agents;
pub mod clock;
pub mod embed;
pub mod glossary;
pub mod operate;
pub mod restart;
