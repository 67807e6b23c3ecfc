//! Starts a cluster on this machine in one command, and shows it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use quorate::kind::ResourceOverrides;
use quorate::settings::{Fencing, QuorumRule};
use quorate::spec::ClusterDeclaration;
use quorate::time::Interval;

use crate::Failure;

mod demo;
mod farm;
mod lines;
mod proxy;
mod view;

pub use farm::{Farm, Plan, read_declaration};
pub use proxy::Wire;

/// The options of the launcher.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "launching")]
pub struct Options {
    /// 3: small services on three nodes; 7: the mail cluster of `exchange_2003.toml`
    #[arg(long, default_value = "3")]
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(["3", "7"]))]
    nodes: String,
    /// The declaration of another cluster
    #[arg(long)]
    declaration: Option<PathBuf>,
    /// The folder for everything; a new one in the folder for temporary files if it is left out
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The first port for operators
    #[arg(long, default_value_t = 7100)]
    http: u16,
    /// Play a short demonstration, and end
    #[arg(long)]
    demo: bool,
}

/// Starts the cluster, and ends it when the user or the demonstration says so.
pub async fn run(options: Options) -> Result<(), Failure> {
    let given = options.folder.clone();
    let folder = given
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("quorate-{}", std::process::id())));
    std::fs::create_dir_all(&folder)?;
    let (declaration, pulse) = match (&options.declaration, options.nodes.as_str()) {
        (Some(path), _) => (read_declaration(path)?, 20),
        (None, "7") => {
            let text = include_str!("../../../exchange_2003.toml");
            (stand_in(toml::from_str(text)?, &folder), 200)
        }
        (None, _) => (toml::from_str(include_str!("../../demo.toml"))?, 20),
    };
    let http = Some(options.http);
    let mut farm =
        Farm::make(Plan { folder: folder.clone(), declaration, http, pulse, unchecked: None })
            .await?;
    farm.start_all()?;
    let shown = if options.demo {
        demo::play(&mut farm).await
    } else if std::io::stdout().is_terminal() {
        view::show(&mut farm).await
    } else {
        lines::show(&farm).await
    };
    farm.end().await?;
    if given.is_none() {
        std::fs::remove_dir_all(folder)?;
    }
    shown
}

/// Returns the mail cluster with stand-ins for its services. A disk is a file that only one run may
/// lock, and an address is one of loopback with a page on it.
fn stand_in(mut declaration: ClusterDeclaration, folder: &Path) -> ClusterDeclaration {
    // Here an engine keeps the quorum, and nodes stop themselves.
    declaration.quorum = Some(QuorumRule::Agreed);
    declaration.fencing = Some(Fencing::Trusted);
    for (number, group) in (20_u8..).zip(&mut declaration.groups) {
        for resource in &mut group.resources {
            let settings = resource.settings.get_or_insert_default();
            // A keeper sees at once when a process ends; the log need not hear of checks.
            **settings = ResourceOverrides {
                looks_alive_interval: Some(Interval::Never),
                is_alive_interval: Some(Interval::Never),
                ..(**settings).clone()
            };
            match resource.kind.as_ref() {
                "Physical Disk" => {
                    let file = resource.name.replace([' ', ':'], "_");
                    let file = folder.join(file).display().to_string();
                    resource.parameters.insert("lock".into(), file);
                }
                "IP Address" => {
                    let address = format!("127.0.1.{number}:80{number}");
                    resource.parameters.insert("address".into(), address);
                }
                _ => {}
            }
        }
    }
    declaration
}
