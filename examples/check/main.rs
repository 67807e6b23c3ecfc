//! Checks the declaration of a cluster before anything runs.
//!
//! ```text
//! $ cargo run --example check -- examples/exchange_2003.toml
//! valid: 7 nodes, 5 groups, 53 resources
//! ```
//!
//! It prints all problems and all warnings at once, each with its path. `docs/declaration.md`
//! describes every field.

#[path = "../common/answer.rs"]
mod answer;
#[path = "../common/command_line.rs"]
mod command_line;
mod report;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use answer::Failure;
use report::Report;

/// Checks the declaration of a cluster, as docs/declaration.md describes it: all problems, or how
/// large the cluster is, and all warnings.
///
/// Ends with 0 if the declaration is valid, with 1 if it has problems, and with 2 if the file
/// cannot be read or the command line is wrong.
#[derive(Debug, clap::Parser)]
#[command(name = "check")]
struct Options {
    /// A declaration in TOML, such as examples/exchange_2003.toml.
    file: PathBuf,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let options: Options = command_line::parse();
    match check(&options) {
        Ok(report) if report.is_valid() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(Failure(words)) => {
            eprintln!("{words}");
            ExitCode::from(2)
        }
    }
}

fn check(options: &Options) -> Result<Report, Failure> {
    let path = &options.file;
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let report = Report::of(&text);
    let words = if options.json { format!("{:#}\n", report.to_json()) } else { report.to_string() };
    answer::print(&words)?;
    Ok(report)
}
