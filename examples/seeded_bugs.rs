//! Plants one bug after the other and lets the simulator and the model checker look for it.
//!
//! ```text
//! cargo run --release -p seeded_bugs
//! ```
//!
//! That is the package in `ci/seeded_bugs`, whose build script compiles the bugs in.
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

#[cfg(quorate_seeded_bugs)]
#[path = "model_check/model/mod.rs"]
#[allow(dead_code, reason = "the hunt uses a part of the model")]
mod model;

#[cfg(quorate_seeded_bugs)]
#[path = "common/hunt/mod.rs"]
mod hunt;

#[cfg(quorate_seeded_bugs)]
fn main() -> std::process::ExitCode {
    hunt::main()
}

#[cfg(not(quorate_seeded_bugs))]
fn main() -> std::process::ExitCode {
    eprintln!("No bug can be planted in this build. Build one for it:");
    eprintln!("  cargo run --release -p seeded_bugs");
    // Without arguments nobody has asked for anything yet.
    let is_asked = std::env::args().len() > 1;
    std::process::ExitCode::from(if is_asked { 2 } else { 0 })
}
