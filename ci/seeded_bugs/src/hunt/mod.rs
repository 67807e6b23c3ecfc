//! The hunt for planted bugs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use quorate::seeded_bug::{SeededBug, World, plant};
use quorate_testkit::Breach;
use quorate_testkit::replicated;
use quorate_testkit::sim::{Simulator, Weather};
use stateright::{Checker, CheckerBuilder, Model};

use crate::model::{Configuration, Histories};

mod options;
mod table;

use options::{Options, Tool};

/// A finding of a tool about a bug.
#[derive(Debug)]
struct Finding {
    /// The promise that was broken, by number.
    invariant: String,
    /// The breach, in words.
    words: String,
    /// The place: a seed, or a configuration of the model.
    place: String,
}

/// The result of a hunt, with its CPU time.
#[derive(Debug)]
enum Hunt {
    NotHeld,
    Found { finding: Finding, took: Duration },
    Missed { after: Duration, place: String },
}

/// The results of all hunts for one bug.
#[derive(Debug)]
struct Hunted {
    bug: SeededBug,
    simulator: Hunt,
    model: Hunt,
    replicated: Hunt,
}

impl Hunt {
    /// Tells whether the hunt found nothing.
    const fn is_missed(&self) -> bool {
        matches!(self, Self::Missed { .. })
    }
}

pub(crate) fn main() -> ExitCode {
    let options = Options::read();
    // A panic is a finding; its message need not be printed as well.
    std::panic::set_hook(Box::new(|_| {}));
    let configurations = if options.has(Tool::Model) { sound_ones(&options) } else { Vec::new() };
    let budget = Duration::from_secs(options.seconds);
    let mut all = Vec::new();
    table::head(&options);
    for bug in options.bugs() {
        let is_hunted = |tool| options.has(tool) && can_find(tool, bug);
        let simulator = match is_hunted(Tool::Simulator) {
            true => simulate(bug, budget),
            false => Hunt::NotHeld,
        };
        let model = match is_hunted(Tool::Model) {
            true => check(bug, budget, &configurations),
            false => Hunt::NotHeld,
        };
        let replicated = match is_hunted(Tool::Replicated) {
            true => replicate(bug, budget),
            false => Hunt::NotHeld,
        };
        let hunted = Hunted { bug, simulator, model, replicated };
        let hunts = [&hunted.simulator, &hunted.model, &hunted.replicated];
        if hunts.into_iter().all(|hunt| matches!(hunt, Hunt::NotHeld)) {
            continue;
        }
        table::row(&hunted, &options);
        all.push(hunted);
    }
    table::foot(&all, &options);
    let has_missed = |hunted: &Hunted| {
        [&hunted.simulator, &hunted.model, &hunted.replicated].into_iter().any(Hunt::is_missed)
    };
    if all.iter().any(has_missed) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Returns the configurations of the model in which bugs are looked for, the cheapest first. Each
/// is checked here to its end without any bug. A configuration that breaks by itself, or cannot be
/// checked to its end, proves nothing and is left out.
fn sound_ones(options: &Options) -> Vec<Configuration> {
    let is_small = |configuration: &Configuration| {
        configuration.scene.is_some() || configuration.name == Configuration::SMALL.name
    };
    let mut sound = Vec::new();
    for configuration in Configuration::all().filter(is_small) {
        let begin = ProcessTime::now();
        let searched = search(&configuration, SOUND_WITHIN);
        let (took, states) = (begin.elapsed().as_secs_f64(), searched.unique_states);
        let is_sound = searched.broken.is_none() && searched.is_closed;
        if !options.is_json || !is_sound {
            let words = match &searched.broken {
                Some(breach) => format!("is broken without any bug and is left out: {breach}"),
                None if is_sound => "keeps every promise without a bug".into(),
                None => "was not checked to its end and is left out".into(),
            };
            eprintln!("{:<9} {words}; {states} states, {took:.2} s", configuration.name);
        }
        if is_sound {
            sound.push(configuration);
        }
    }
    sound
}

const SOUND_WITHIN: Duration = Duration::from_secs(600);

/// The result of one search of the model.
#[derive(Clone, Debug)]
struct Searched {
    broken: Option<Breach>,
    unique_states: usize,
    /// True if every state was visited.
    is_closed: bool,
}

/// Visits every state of a configuration, or stops at the first broken rule. It does not return the
/// history that leads there: an engine that is not deterministic could not repeat it.
fn search(configuration: &Configuration, time: Duration) -> Searched {
    let began = Instant::now();
    let model = Histories::new(configuration);
    let broken = Arc::clone(&model.broken);
    let checker = CheckerBuilder::spawn_dfs(model.checker().threads(THREADS).timeout(time)).join();
    let broken = broken.get().cloned();
    let is_closed = broken.is_none() && began.elapsed() < time;
    Searched { broken, unique_states: checker.unique_state_count(), is_closed }
}

const THREADS: usize = 2;

/// Runs `attempt` with the bug in place. A panic counts as a broken promise.
fn with_bug<T>(
    bug: SeededBug,
    attempt: impl FnOnce() -> Result<T, (String, String)>,
) -> Result<T, (String, String)> {
    plant(Some(bug));
    let answer = catch_unwind(AssertUnwindSafe(attempt));
    plant(None);
    answer.unwrap_or_else(|_| Err(("panic".into(), "the core panics".into())))
}

/// Returns the number of a promise, and how it was broken.
fn told(breach: Breach) -> (String, String) {
    let number = breach.invariant.map_or_else(String::new, |of| of.number().to_owned());
    (number, breach.words)
}

/// Runs seed after seed until one breaks that does not break without the bug.
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

/// Tells whether a tool has a world in which the bug can do harm.
fn can_find(tool: Tool, bug: SeededBug) -> bool {
    match (tool, bug.world()) {
        (Tool::Simulator | Tool::Model, World::Core) => true,
        (Tool::Simulator | Tool::Model, World::Replicas) => false,
        (Tool::Replicated, world) => world == World::Replicas,
    }
}

/// Plays every schedule, and then seed after seed, until one breaks that does not break without the
/// bug.
fn replicate(bug: SeededBug, budget: Duration) -> Hunt {
    let begin = ProcessTime::now();
    for schedule in replicated::Schedule::ALL {
        let play = || schedule.play().map_err(|failure| told(failure.breach));
        if let Err((invariant, words)) = with_bug(bug, play)
            && schedule.play().is_ok()
        {
            let finding = Finding { invariant, words, place: schedule.name.to_owned() };
            return Hunt::Found { finding, took: begin.elapsed() };
        }
    }
    let simulator = replicated::Simulator::default();
    let mut seed = 0;
    while begin.elapsed() < budget {
        let run = || simulator.run(seed).map_err(|failure| told(failure.breach));
        if let Err((invariant, words)) = with_bug(bug, run)
            && simulator.run(seed).is_ok()
        {
            let finding = Finding { invariant, words, place: format!("seed {seed}") };
            return Hunt::Found { finding, took: begin.elapsed() };
        }
        seed += 1;
    }
    Hunt::Missed { after: begin.elapsed(), place: format!("schedules, {seed} seeds") }
}

/// Checks one configuration of the model after the other, until one breaks or all are closed.
fn check(bug: SeededBug, time: Duration, configurations: &[Configuration]) -> Hunt {
    let (begin, clock) = (ProcessTime::now(), Instant::now());
    let mut states = 0;
    for configuration in configurations {
        let Some(left) = time.checked_sub(clock.elapsed()) else { break };
        let run = || {
            let searched = search(configuration, left);
            match searched.broken {
                Some(breach) => Err(told(breach)),
                None => Ok(searched.unique_states),
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
