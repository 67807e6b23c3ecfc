//! Plants one bug after the other and lets the simulators and the model checker look for it.
//!
//! ```text
//! cargo run --release -p seeded_bugs
//! ```
//!
//! The packages below this one are copies of the core and the testkit. A build script compiles the
//! bugs in.
//!
//! The simulator finds a bug if a seed breaks a promise with the bug, and keeps all of them without
//! it. The model checker finds a bug if a configuration breaks a promise with the bug. Each
//! configuration is first checked in this process without any bug, from beginning to end, and one
//! that breaks by itself is left out. These are the small configuration and the scenes, see
//! `model_check --help`.
//!
//! Bugs in the parts of a replicated cluster are looked for by its simulator, with the schedules that
//! are written by hand and then with seeds; the other tools have no replicas and leave these out.
//!
//! `--seconds 60` is for each bug and tool: CPU time for the simulators, wall-clock time for the
//! model checker. The printed times are CPU times, without those of the checks beforehand. `--only
//! NAME` may be given several times; `--tool simulator`, `model` or `replicated`; `--json`. The exit
//! code is 1 if a tool that looked missed a bug, and 2 if the options are not understood.

#[path = "../../../crates/model_check/src/model/mod.rs"]
#[allow(dead_code, reason = "the hunt uses a part of the model")]
mod model;

mod hunt;

fn main() -> std::process::ExitCode {
    hunt::main()
}
