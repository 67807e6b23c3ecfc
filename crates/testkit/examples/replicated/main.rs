//! Runs replicated clusters with faults, each from one number.
//!
//! ```text
//! cargo run --release --example replicated -- --seeds 200
//! cargo run --release --example replicated -- --seed 42 --trace
//! cargo run --release --example replicated -- --schedules
//! ```
//!
//! A seed draws the nodes, the proof that lost nodes are off, an engine that behaves as badly as it
//! may, and the faults of machines, daemons, keepers, links and operators. What really runs is
//! judged in every millisecond; at the end everything is mended and has to be well again in time.

#[path = "../../../../examples/common/command_line.rs"]
mod command_line;
mod options;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;

use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use quorate_testkit::replicated::{Flaw, Schedule, Simulator};

use options::Options;
use report::Report;

/// How many of the failed seeds are printed with their record.
const TOLD: usize = 3;

fn main() -> ExitCode {
    let options: Options = command_line::parse();
    let simulator = Simulator::with(options.flaw());
    if options.trace {
        return trace(&options, simulator);
    }
    if options.schedules {
        return play_schedules(options.flaw());
    }
    if let Some(name) = &options.schedule {
        return record_schedule(name);
    }
    let mut report = Report::default();
    let seeds = options.range();
    let count = (seeds.end() - seeds.start()).saturating_add(1);
    let bar = ProgressBar::new(count);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {elapsed}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let begin = ProcessTime::now();
    for seed in seeds {
        match simulator.run(seed) {
            Ok(run) => report.add(run),
            Err(failure) => {
                bar.suspend(|| eprintln!("seed {seed}: {}", failure.breach));
                report.failed.push(*failure);
            }
        }
        bar.inc(1);
    }
    report.cpu = begin.elapsed();
    bar.finish_and_clear();
    for failure in report.failed.iter().take(TOLD) {
        eprintln!("{failure}\n");
    }
    let text = if options.json { format!("{:#}\n", report.to_json()) } else { report.to_string() };
    // A pipe that is closed early is no failure.
    let _ = io::stdout().write_all(text.as_bytes());
    let has_all = !options.wants_every_kind() || report.missing().is_empty();
    let is_proved = report.failed.is_empty() && has_all;
    if is_proved { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints everything that happens; the last line names the broken promise, if there is one.
fn trace(options: &Options, simulator: Simulator) -> ExitCode {
    let seed = options.seed.unwrap_or_default();
    for line in simulator.record(seed) {
        if writeln!(io::stdout(), "{line}").is_err() {
            break;
        }
    }
    if simulator.run(seed).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays every history that is written by hand, and prints what came of it.
fn play_schedules(flaw: Flaw) -> ExitCode {
    let mut has_failed = false;
    for schedule in Schedule::ALL {
        let result = schedule.play_with(flaw);
        has_failed |= result.is_err();
        let end = result.map_or_else(|failure| format!("{failure}"), |()| "kept".into());
        if writeln!(io::stdout(), "{:<30} {end}", schedule.name).is_err() {
            break;
        }
    }
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints what happens in one history that is written by hand.
fn record_schedule(name: &str) -> ExitCode {
    let Some(schedule) = Schedule::ALL.iter().find(|of| of.name == name) else {
        eprintln!("there is no schedule {name}");
        return ExitCode::from(2);
    };
    for line in schedule.record() {
        if writeln!(io::stdout(), "{line}").is_err() {
            break;
        }
    }
    if schedule.play().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
