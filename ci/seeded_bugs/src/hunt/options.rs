//! The command line.

use clap::{CommandFactory, Parser, ValueEnum};
use quorate::seeded_bug::SeededBug;

/// Plants one bug after the other and lets the simulator and the model checker look for it.
#[derive(Clone, Debug, Parser)]
#[command(name = "seeded_bugs")]
pub(super) struct Options {
    /// Time for each tool and bug: CPU time for the simulators, wall-clock time for the model
    /// checker.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) seconds: u64,
    /// Look for this bug only; may be given several times.
    #[arg(long, value_name = "BUG", value_parser = named)]
    only: Vec<SeededBug>,
    /// Use this tool only.
    #[arg(long)]
    tool: Option<Tool>,
    /// Print one line of JSON for each bug.
    #[arg(long = "json")]
    pub(super) is_json: bool,
}

/// The tools that look for bugs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Tool {
    Simulator,
    Model,
    Replicated,
}

impl Options {
    /// Reads the options of this process. If they are wrong, it prints why and ends the process.
    pub(super) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            if error.use_stderr() {
                eprintln!("{}\n", Self::command().render_usage());
            }
            error.exit()
        })
    }

    pub(super) fn has(&self, tool: Tool) -> bool {
        self.tool.is_none_or(|only| only == tool)
    }

    pub(super) fn bugs(&self) -> impl Iterator<Item = SeededBug> + '_ {
        let all = SeededBug::ALL.iter().copied();
        all.filter(|bug| self.only.is_empty() || self.only.contains(bug))
    }
}

/// Returns the bug of this name, or an error with the most similar name and all names.
fn named(name: &str) -> Result<SeededBug, String> {
    let named = |bug: &SeededBug| format!("{bug:?}");
    if let Some(bug) = SeededBug::ALL.iter().find(|bug| named(bug).eq_ignore_ascii_case(name)) {
        return Ok(*bug);
    }
    let is_part = |other: &str| other.to_lowercase().contains(&name.to_lowercase());
    let near = SeededBug::ALL
        .iter()
        .map(named)
        .min_by_key(|other| (!is_part(other), distance(other, name)));
    let all: Vec<String> = SeededBug::ALL.iter().map(named).collect();
    let near = near.unwrap_or_default();
    Err(format!("no such bug; did you mean {near}? There are:\n  {}", all.join("\n  ")))
}

/// Returns the number of letters that have to be inserted, removed or changed to get from one word
/// to the other.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=one.len()).collect();
    for (line, letter) in other.to_lowercase().chars().enumerate() {
        let mut corner = line;
        row[0] = line + 1;
        for (column, known) in one.iter().enumerate() {
            let changed = corner + usize::from(*known != letter);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row[one.len()]
}
