//! How available a cluster will be, before it is bought.
//!
//! ```text
//! cargo run --release -p quorate-availability -- examples/exchange_2003.toml
//! cargo run --release -p quorate-availability -- \
//!     crates/availability/designs/4+1+2.toml --compare crates/availability/designs/4+1.toml
//! ```
//!
//! Years of the cluster run through the real engine: nodes fail, are repaired and maintained, and
//! groups move as the engine decides. The downtime of what really ran is counted and compared with
//! a formula and an exact chain. See docs/availability.md.

mod answer;
mod command_line;
mod files;
mod options;
mod report;
mod table;

use std::process::ExitCode;

use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use quorate_availability::{Goal, Progress, Simulation, closed_form};

use answer::Failure;
use files::Candidate;
use options::Options;
use report::{Bound, Report, Speed};

fn main() -> ExitCode {
    match run(&command_line::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(words)) => {
            eprintln!("{words}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    // All files are read before anything runs, so that a mistake in the second one shows at once.
    let mut candidates = Vec::new();
    for path in [Some(&options.file), options.compare.as_ref()].into_iter().flatten() {
        let candidate = files::read(path, options)?;
        for warning in &candidate.warnings {
            eprintln!("{}: warning: {warning}", path.display());
        }
        candidates.push((path, candidate));
    }
    let mut reports = Vec::new();
    for (path, candidate) in candidates {
        let report = judge(&candidate, options).map_err(|words| Failure::file(path, words))?;
        reports.push(report);
    }
    let text = if options.json {
        let json = if options.compare.is_some() {
            serde_json::to_string_pretty(&reports)
        } else {
            serde_json::to_string_pretty(&reports.first())
        };
        json.map_err(|error| Failure(error.to_string()))? + "\n"
    } else {
        table::all(&reports)
    };
    answer::print(&text)
}

/// The highest cost of a run of no given length: years and, roughly, inputs to the core. It amounts
/// to minutes of CPU time.
const MOST: Bound = Bound { years: 1_000_000.0, inputs: 100_000_000 };

/// Years of the pilot run, from which the rest is estimated.
const PILOT: f64 = 1_000.0;

/// The standard error to reach, as a part of the downtime.
const ERROR: f64 = 1.0 / 300.0;

fn judge(candidate: &Candidate, options: &Options) -> Result<Report, String> {
    let design = &candidate.design;
    let spec = design.build().map_err(|error| error.to_string())?;
    let parameters = design.parameters(&spec);
    let simulation = Simulation::new(design, options.seed).map_err(|error| error.to_string())?;
    let bar = progress_bar(&candidate.name);
    let start = ProcessTime::now();
    let outcome = match options.years {
        Some(years) => simulation.run(years, |progress| bar.tell(&progress)),
        None => {
            // Rare events may not occur in a pilot, but a formula accounts for them.
            let needed = parameters.as_ref().map(|of| closed_form::years_needed(of, ERROR));
            let goal = Goal {
                relative_error: ERROR,
                pilot_years: PILOT,
                fewest_years: needed.unwrap_or(0.0),
                most_years: MOST.years,
                most_inputs: MOST.inputs,
            };
            simulation.run_until(&goal, |progress| bar.tell(&progress))
        }
    }
    .map_err(|error| error.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    bar.0.finish_and_clear();
    let speed = Speed::of(&outcome.run, seconds);
    let bound = options.years.is_none().then_some(MOST);
    Ok(Report::new(&candidate.name, design, &spec, parameters, outcome, bound, speed))
}

/// A progress bar on terminals; nothing if the output is redirected.
struct Bar(ProgressBar);

fn progress_bar(name: &str) -> Bar {
    let style =
        ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} % of {msg}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    Bar(ProgressBar::new(1).with_style(style).with_prefix(name.to_string()))
}

impl Bar {
    /// Shows the share of the planned years that have passed. A run that is extended plans more.
    fn tell(&self, progress: &Progress) {
        /// Parts of a year that the bar counts.
        const PARTS: f64 = 1_000.0;
        let planned = (progress.planned * PARTS) as u64;
        if self.0.length() != Some(planned) {
            self.0.set_length(planned);
            self.0.set_message(format!("{} years", table::grouped(progress.planned)));
        }
        self.0.set_position((progress.years * PARTS) as u64);
    }
}
