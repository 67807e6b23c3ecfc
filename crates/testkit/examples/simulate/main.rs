//! Runs whole clusters with faults, each from one number.
//!
//! ```text
//! cargo run --release --example simulate -- --seeds 1000
//! cargo run --release --example simulate -- --seed 42 --trace
//! ```
//!
//! A seed draws a cluster, its faults and their rates, and what happens; every promise of the
//! engine is judged after every input. A seed that fails is shrunk to the acts that are needed to
//! fail, and written as a scenario that `quorate_testkit::scenario` plays.

#[path = "../../../../examples/common/command_line.rs"]
mod command_line;
mod golden;
mod options;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;

use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use quorate_testkit::sim::{Simulator, Weather};

use options::Options;
use report::{Failed, Report};

/// How many of the failed seeds are shrunk and written. Each takes up to thousands of runs.
const TOLD: usize = 3;

fn main() -> ExitCode {
    let options: Options = command_line::parse();
    let simulator = Simulator::default().steps(options.steps);
    if let Some(path) = &options.golden {
        return golden::compare(path, simulator);
    }
    if options.trace {
        return trace(&options, simulator);
    }
    let mut report = Report::default();
    let seeds = options.range();
    let count = (seeds.end() - seeds.start()).saturating_add(1);
    let bar = bar(count, "{bar:30} {pos}/{len} seeds, {elapsed}, {eta} left");
    let begin = ProcessTime::now();
    for seed in seeds {
        for weather in weathers(&options) {
            match simulator.run(seed, weather) {
                Ok(run) => {
                    report.inputs += run.inputs;
                    report.atlas.add(&run.atlas);
                    report.fold(run.trace);
                }
                Err(failure) => {
                    let failed = Failed { seed, weather, breach: failure.breach };
                    bar.suspend(|| eprintln!("{failed}: {}", failed.breach));
                    report.failed.push(failed);
                }
            }
        }
        report.seeds += 1;
        bar.inc(1);
    }
    report.cpu = begin.elapsed();
    bar.finish_and_clear();
    for failed in report.failed.iter().take(TOLD) {
        tell(&options, simulator, failed);
    }
    if let Some(more @ [_, ..]) = report.failed.get(TOLD..) {
        let names: Vec<String> = more.iter().map(Failed::to_string).collect();
        let names = names.join(", ");
        eprintln!("{} more failed and were not shrunk: {names}", more.len());
        eprintln!("one of them: --seed N, with --benign or --no-twins as it says above");
    }
    let text = if options.json { format!("{:#}\n", report.to_json()) } else { report.to_string() };
    // A pipe that is closed early is no failure.
    let _ = io::stdout().write_all(text.as_bytes());
    let is_everything_met = !options.wants_every_kind() || every_kind_fired(&report);
    let is_proved = report.failed.is_empty() && is_everything_met;
    if is_proved { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells whether every kind of fault fired in every region of its parameter, and prints those that
/// did not.
fn every_kind_fired(report: &Report) -> bool {
    let (kinds, regions) = (report.missing(), report.missing_regions());
    if !kinds.is_empty() {
        eprintln!("kinds of faults that never fired: {}", kinds.join(", "));
    }
    if !regions.is_empty() {
        eprintln!("kinds of faults that never fired like this: {}", regions.join(", "));
    }
    kinds.is_empty() && regions.is_empty()
}

fn weathers(options: &Options) -> Vec<Weather> {
    match (options.benign, options.no_twins) {
        (true, _) => vec![Weather::Benign],
        (false, true) => vec![Weather::Hostile],
        (false, false) => vec![Weather::Benign, Weather::Hostile],
    }
}

/// Prints everything that happens; the last line names the broken promise, if there is one.
fn trace(options: &Options, simulator: Simulator) -> ExitCode {
    let seed = options.seed.unwrap_or_default();
    let weather = if options.benign { Weather::Benign } else { Weather::Hostile };
    for line in simulator.record(seed, weather) {
        if writeln!(io::stdout(), "{line}").is_err() {
            break;
        }
    }
    if simulator.run(seed, weather).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Shrinks a seed that fails, and writes the remaining acts as a scenario.
fn tell(options: &Options, simulator: Simulator, failed: &Failed) {
    let most = u64::try_from(options.shrink).unwrap_or(u64::MAX);
    let bar = bar(most, "{bar:30} {pos} of at most {len} runs, {msg}");
    let shrunk = simulator.shrink(failed.seed, failed.weather, options.shrink, |progress| {
        bar.set_position(u64::try_from(progress.runs).unwrap_or(u64::MAX));
        bar.set_message(format!("{} acts left", progress.acts));
    });
    bar.finish_and_clear();
    let Some(shrunk) = shrunk else {
        eprintln!("{failed} does not fail again");
        return;
    };
    let (before, after) = shrunk.acts;
    let path = options.scenarios.join(failed.file_name());
    eprintln!("{failed}: {}", shrunk.breach);
    eprintln!("{after} of {before} acts are enough:\n{}", shrunk.scenario);
    let written = std::fs::create_dir_all(&options.scenarios)
        .and_then(|()| std::fs::write(&path, &shrunk.scenario));
    match written {
        Ok(()) => eprintln!("written to {}", path.display()),
        Err(error) => eprintln!("{}: {error}", path.display()),
    }
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    let bar = ProgressBar::new(length);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
