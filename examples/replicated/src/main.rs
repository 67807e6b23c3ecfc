//! A replicated quorate cluster: daemons, keepers and resources, on one machine.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod brain;
mod bridge;
mod client;
mod clock;
mod config;
mod engine;
mod http;
mod judge;
mod keeper;
mod launch;
mod link;
mod node;
mod resource;

/// A replicated cluster on one machine: one process for each node, and one for its keeper.
///
/// Without a subcommand it starts the nodes, and shows them.
#[derive(Debug, Parser)]
#[command(name = "quorate-node")]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    launch: launch::Options,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The daemon of one node
    Node {
        /// Its file
        file: PathBuf,
        /// End when standard input closes: the launcher is gone
        #[arg(long)]
        attached: bool,
    },
    /// The keeper of one node; its daemon starts it
    Keeper {
        /// The file of the node
        file: PathBuf,
    },
    /// The process of a resource; a keeper starts it
    Resource(resource::Resource),
    /// Starts clusters, does them harm, and judges them by the journals of their resources
    Judge(judge::Options),
}

/// The reason why a process ends: a text for people.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match carry_out(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("quorate-node: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Ends this process when the pipe to its launcher closes.
fn end_with_launcher() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(0);
    });
}

fn carry_out(options: Options) -> Result<(), Failure> {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let threads = threads.worker_threads(2).enable_all();
    match options.role {
        None => threads.build()?.block_on(launch::run(options.launch)),
        Some(Role::Node { file, attached }) => {
            let file = config::NodeFile::read(&file)?;
            if attached {
                end_with_launcher();
            }
            threads.build()?.block_on(node::run(file))
        }
        Some(Role::Keeper { file }) => keeper::run(config::NodeFile::read(&file)?),
        Some(Role::Resource(resource)) => {
            let mut thread = tokio::runtime::Builder::new_current_thread();
            let runtime = thread.enable_all().build()?;
            let done = runtime.block_on(resource::run(resource));
            // A read from a pipe may be under way in a thread that nobody can end.
            runtime.shutdown_background();
            done
        }
        Some(Role::Judge(judge)) => threads.build()?.block_on(judge::run(judge)),
    }
}
