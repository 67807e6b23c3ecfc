//! A daemon on threads: one thread decides, one plays each node, and real processes do the work.
//!
//! `cargo run --example daemon_threads` plays a short demonstration. `cargo run --example
//! daemon_threads -- examples/daemon_threads/daemon.toml /tmp/threads` works until it is killed, and
//! goes on from the folder when it is started again. It takes inputs as lines of JSON, as in
//! `docs/bridge.md`:
//!
//! ```json
//! {"command": {"move_group": {"group": "shop", "to": "bert"}}}
//! ```

// It finds out what earlier processes left behind, and on Linux /proc tells.
#![cfg_attr(not(target_os = "linux"), allow(dead_code, unused_imports))]

use std::error::Error;

#[path = "../common/output.rs"]
#[macro_use]
mod output;
#[path = "../common/command_line.rs"]
mod command_line;

#[cfg(target_os = "linux")]
mod agent;
#[cfg(target_os = "linux")]
mod core;
#[cfg(target_os = "linux")]
mod daemon;
#[cfg(target_os = "linux")]
mod demonstration;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod inbox;
#[cfg(target_os = "linux")]
mod membership;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod services;
#[cfg(target_os = "linux")]
mod store;

/// A daemon on threads: one thread decides, one plays each node, and real processes do the work.
/// Without arguments it plays a short demonstration.
#[derive(clap::Parser)]
#[command(name = "daemon_threads")]
struct Options {
    /// The declaration of the cluster, in TOML.
    #[arg(requires = "folder")]
    declaration: Option<std::path::PathBuf>,
    /// The folder with everything that outlives the daemon.
    folder: Option<std::path::PathBuf>,
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn Error>> {
    match command_line::parse() {
        Options { declaration: Some(declaration), folder: Some(folder) } => {
            let declaration = std::fs::read_to_string(declaration)?;
            daemon::Daemon::start(toml::from_str(&declaration)?, &folder)?.take_lines()
        }
        Options { .. } => demonstration::play(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> Result<(), Box<dyn Error>> {
    let _: Options = command_line::parse();
    Err("it works on Linux only".into())
}
