//! The hunt for planted bugs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use quorate::seeded_bug::{SeededBug, plant};
use quorate::sim::{Simulator, Weather};
use quorate::testkit::Breach;
use serde_json::json;

use crate::model::{self, Budget, Configuration};

/// What a tool found of a bug.
#[derive(Debug)]
struct Finding {
    /// The promise that was broken, by number.
    invariant: String,
    /// What was broken, in words.
    words: String,
    /// Where: a seed, or a number of states.
    place: String,
}

/// What came of a hunt. It takes CPU time.
#[derive(Debug)]
enum Hunt {
    NotHeld,
    Found { finding: Finding, took: Duration },
    Missed { after: Duration, place: String },
}

struct Options {
    seconds: u64,
    only: Option<String>,
    tool: Option<String>,
    is_json: bool,
}

pub(crate) fn main() -> ExitCode {
    let options = options();
    // What panics is found; nobody needs to read it twice.
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = 0;
    if !options.is_json {
        println!("{:<24} {:<7} {:<26} {:<26}", "bug", "breaks", "simulator", "model checker");
    }
    for bug in SeededBug::ALL.iter().copied().filter(|bug| is_wanted(*bug, &options)) {
        let budget = Duration::from_secs(options.seconds);
        let is_held = |tool| options.tool.as_deref().is_none_or(|only| only == tool);
        let hunt = |tool, hunt: fn(SeededBug, Duration) -> Hunt| match is_held(tool) {
            true => hunt(bug, budget),
            false => Hunt::NotHeld,
        };
        let (simulator, checker) = (hunt("simulator", simulate), hunt("model", check));
        let is_found = [&simulator, &checker].iter().any(|hunt| matches!(hunt, Hunt::Found { .. }));
        missed += u32::from(!is_found);
        if options.is_json {
            println!("{}", as_json(bug, &simulator, &checker));
        } else {
            let name = format!("{bug:?}");
            let (first, second) = (in_short(&simulator), in_short(&checker));
            println!("{name:<24} {:<7} {first:<26} {second:<26}", bug.breaks());
            println!("    {}", bug.title());
            for hunt in [&simulator, &checker] {
                if let Hunt::Found { finding, .. } = hunt {
                    let words: String = finding.words.chars().take(110).collect();
                    println!("    {}: {words}", finding.place);
                }
            }
        }
    }
    if !options.is_json {
        println!("\n{missed} of {} bugs were found by no tool", SeededBug::ALL.len());
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options() -> Options {
    let mut options = Options { seconds: 60, only: None, tool: None, is_json: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => {
                let number = words.next().and_then(|word| word.parse().ok());
                options.seconds = number.unwrap_or(options.seconds);
            }
            "--only" => options.only = words.next(),
            "--tool" => options.tool = words.next(),
            "--json" => options.is_json = true,
            _ => eprintln!("{word} is not understood"),
        }
    }
    options
}

fn is_wanted(bug: SeededBug, options: &Options) -> bool {
    options.only.as_ref().is_none_or(|only| format!("{bug:?}") == *only)
}

/// Runs `attempt` with the bug in place; a panic is a broken promise.
fn with_bug<T>(
    bug: SeededBug,
    attempt: impl FnOnce() -> Result<T, (String, String)>,
) -> Result<T, (String, String)> {
    plant(Some(bug));
    let answer = catch_unwind(AssertUnwindSafe(attempt));
    plant(None);
    answer.unwrap_or_else(|_| Err(("panic".into(), "the core panics".into())))
}

/// The number of a promise, and how it was broken.
fn told(breach: Breach) -> (String, String) {
    let number = breach.invariant.map_or_else(String::new, |of| of.number().to_owned());
    (number, breach.words)
}

/// Seed after seed until one breaks.
fn simulate(bug: SeededBug, budget: Duration) -> Hunt {
    let begin = ProcessTime::now();
    let simulator = Simulator::default();
    let mut seed = 0;
    while begin.elapsed() < budget {
        let run = || simulator.run(seed, Weather::Hostile).map_err(|failure| told(failure.breach));
        if let Err((invariant, words)) = with_bug(bug, run)
            && simulator.run(seed, Weather::Hostile).is_ok()
        {
            let finding = Finding { invariant, words, place: format!("seed {seed}") };
            return Hunt::Found { finding, took: begin.elapsed() };
        }
        seed += 1;
    }
    Hunt::Missed { after: begin.elapsed(), place: format!("{seed} seeds") }
}

/// One configuration of the model after the other, until one breaks or all are closed.
fn check(bug: SeededBug, time: Duration) -> Hunt {
    let (begin, clock) = (ProcessTime::now(), Instant::now());
    let mut states = 0;
    for configuration in [Configuration::SMALL, Configuration::COLD, Configuration::FULL] {
        let Some(left) = time.checked_sub(clock.elapsed()) else { break };
        let budget = Budget { threads: 2, time: left, generated: usize::MAX, progress: |_| () };
        let run = || {
            let report = model::check(&configuration, &budget);
            match report.violation {
                Some(violation) => Err(told(violation.broken)),
                None => Ok(report.unique_states),
            }
        };
        match with_bug(bug, run) {
            Ok(unique) => states += unique,
            Err((invariant, words)) => {
                let finding = Finding { invariant, words, place: configuration.name.to_owned() };
                return Hunt::Found { finding, took: begin.elapsed() };
            }
        }
    }
    Hunt::Missed { after: begin.elapsed(), place: format!("{states} states") }
}

fn in_short(hunt: &Hunt) -> String {
    match hunt {
        Hunt::Found { finding, took } => {
            format!("{:<5} {:>7.2} s", finding.invariant, took.as_secs_f64())
        }
        Hunt::Missed { place, .. } => format!("not in {place}"),
        Hunt::NotHeld => "-".into(),
    }
}

fn as_json(bug: SeededBug, simulator: &Hunt, checker: &Hunt) -> serde_json::Value {
    let told = |hunt: &Hunt| match hunt {
        Hunt::Found { finding, took } => json!({
            "found": true,
            "invariant": finding.invariant,
            "words": finding.words,
            "place": finding.place,
            "seconds": took.as_secs_f64(),
        }),
        Hunt::Missed { after, place } => json!({
            "found": false,
            "place": place,
            "seconds": after.as_secs_f64(),
        }),
        Hunt::NotHeld => serde_json::Value::Null,
    };
    json!({
        "bug": format!("{bug:?}"),
        "title": bug.title(),
        "breaks": bug.breaks(),
        "simulator": told(simulator),
        "model": told(checker),
    })
}
