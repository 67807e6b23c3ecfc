//! Hostile runs of whole clusters, each from one number.
//!
//! ```text
//! cargo run --release --features sim --example simulate -- --seeds 1000
//! cargo run --release --features sim --example simulate -- --seed 42 --trace
//! ```
//!
//! A seed draws a cluster, its faults and their rates, and what happens; every promise of the
//! engine is judged after every input. A seed that fails is shrunk to what is needed to fail, and
//! written as a scenario that `quorate::testkit::scenario` plays.

mod options;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use quorate::sim::{Failure, Simulator, Weather};

use options::Options;
use report::Report;

fn main() -> ExitCode {
    let options = Options::parse();
    let simulator = Simulator::default().steps(options.steps);
    if options.trace {
        trace(&options, simulator);
        return ExitCode::SUCCESS;
    }
    let mut report = Report::default();
    let (from, count) = options.seed.map_or((options.from, options.seeds), |seed| (seed, 1));
    let bar = bar(count, "{bar:30} {pos}/{len} seeds, {elapsed}, {eta} left");
    let begin = ProcessTime::now();
    let mut failures = Vec::new();
    for seed in from..from.saturating_add(count) {
        for weather in weathers(&options) {
            match simulator.run(seed, weather) {
                Ok(run) => {
                    report.inputs += run.inputs;
                    report.atlas.add(&run.atlas);
                    report.fold(run.trace);
                }
                Err(failure) => {
                    report.failures += 1;
                    bar.suspend(|| eprintln!("{weather:?} {failure}"));
                    failures.push((failure, weather));
                }
            }
        }
        report.seeds += 1;
        bar.inc(1);
    }
    report.cpu = begin.elapsed();
    bar.finish_and_clear();
    for (failure, weather) in failures.iter().take(3) {
        tell(&options, simulator, failure, *weather);
    }
    let text = if options.json { format!("{:#}\n", report.to_json()) } else { report.to_string() };
    // A pipe that is closed early is no failure.
    let _ = io::stdout().write_all(text.as_bytes());
    if report.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn weathers(options: &Options) -> Vec<Weather> {
    match (options.benign, options.no_twins) {
        (true, _) => vec![Weather::Benign],
        (false, true) => vec![Weather::Hostile],
        (false, false) => vec![Weather::Benign, Weather::Hostile],
    }
}

fn trace(options: &Options, simulator: Simulator) {
    let seed = options.seed.unwrap_or_default();
    let weather = if options.benign { Weather::Benign } else { Weather::Hostile };
    for line in simulator.record(seed, weather) {
        if writeln!(io::stdout(), "{line}").is_err() {
            return;
        }
    }
}

/// Shrinks a seed that fails, and writes what is left as a scenario.
fn tell(options: &Options, simulator: Simulator, failure: &Failure, weather: Weather) {
    let most = u64::try_from(options.shrink).unwrap_or(u64::MAX);
    let bar = bar(most, "{bar:30} {pos} of at most {len} runs, {msg}");
    let shrunk = simulator.shrink(failure.seed, weather, options.shrink, |progress| {
        bar.set_position(u64::try_from(progress.runs).unwrap_or(u64::MAX));
        bar.set_message(format!("{} acts left", progress.acts));
    });
    bar.finish_and_clear();
    let Some(shrunk) = shrunk else {
        eprintln!("seed {} does not fail again", failure.seed);
        return;
    };
    let (before, after) = shrunk.acts;
    let path = options.scenarios.join(format!("seed_{}.txt", failure.seed));
    eprintln!("seed {}: {}", failure.seed, shrunk.breach);
    eprintln!("{after} of {before} acts are enough:\n{}", shrunk.scenario);
    match std::fs::write(&path, &shrunk.scenario) {
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
