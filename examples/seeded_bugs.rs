//! Plants one bug after the other and lets the simulator and the model checker look for it.
//!
//! ```text
//! RUSTFLAGS="--cfg quorate_seeded_bugs" \
//!     cargo run --release --example seeded_bugs --target-dir target/seeded_bugs
//! ```
//!
//! A bug counts as found when a run breaks a promise with the bug, and keeps all of them without
//! it. Options: `--seconds 60` for each bug and tool, `--only NAME`, `--tool simulator` or `model`,
//! `--json`. Times are CPU times. The exit code is 1 if a bug was found by no tool.

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
fn main() {
    println!("No bug can be planted in this build. Build one for it:");
    println!("  RUSTFLAGS=\"--cfg quorate_seeded_bugs\" \\");
    println!("    cargo run --release --example seeded_bugs --target-dir target/seeded_bugs");
}
