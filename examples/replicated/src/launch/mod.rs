//! Starts a cluster on this machine in one command.

use std::path::PathBuf;

use crate::Failure;

mod farm;
mod proxy;

pub use farm::{Farm, Plan, read_declaration};
pub use proxy::Wire;

/// What to start.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "launching")]
pub struct Options {
    /// The folder for everything; a new one in the folder for temporary files if it is left out
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The declaration of the cluster
    #[arg(long)]
    declaration: Option<PathBuf>,
    /// The first port for operators
    #[arg(long, default_value_t = 7100)]
    http: u16,
}

/// Starts the cluster.
pub async fn run(options: Options) -> Result<(), Failure> {
    let declaration = match &options.declaration {
        Some(path) => read_declaration(path)?,
        None => toml::from_str(include_str!("../../demo.toml"))?,
    };
    let folder = options
        .folder
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("quorate-{}", std::process::id())));
    let http = Some(options.http);
    let mut farm =
        Farm::make(Plan { folder, declaration, http, pulse: 20, unchecked: None }).await?;
    farm.start_all()?;
    tokio::signal::ctrl_c().await?;
    farm.end().await
}
