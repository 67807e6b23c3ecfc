//! Plants one bug after the other and lets the simulator and the model checker look for it.
//!
//! ```text
//! cargo run --release -p seeded_bugs
//! ```
//!
//! The packages below this one are the core and the testkit once more. A build script compiles the
//! bugs in.
//!
//! A bug counts as found by the simulator when a seed breaks a promise with the bug, and keeps all
//! of them without it. It counts as found by the model checker when a configuration breaks a promise
//! with the bug; each of them was checked before without any bug, from beginning to end in the same
//! process, and one that breaks by itself is left out. These are the small configuration and the
//! scenes, see `model_check --help`.
//!
//! `--seconds 60` is for each bug and tool: the simulator in CPU time, the model checker on the
//! clock. The times that are told are CPU times, without those of the checks beforehand. `--only
//! NAME` may come several times; `--tool simulator` or `model`; `--json`. The exit code is 1 if a
//! tool that looked missed a bug, and 2 if the options are not understood.

#[path = "../../../crates/model_check/src/model/mod.rs"]
#[allow(dead_code, reason = "the hunt uses a part of the model")]
mod model;

mod hunt;

fn main() -> std::process::ExitCode {
    hunt::main()
}
