//! Random histories of random clusters.
//!
//! A history is a list of things that happen: agents and fencing devices work, fail, hang, answer
//! late or twice; nodes crash, are cut off, come back in the same life or another; operators
//! command and reconfigure; timers go off early and late; clocks jump; nonsense comes in. Beside
//! the cluster runs a world that the cluster never sees and that knows what really runs where.
//! After every step the rules of [`checks`] are judged; [`run`] judges that a twin does the same
//! and that storing and restoring changes nothing; [`world`] judges that no resource ever runs
//! twice. After the storm, [`calm`] judges that everything comes online that can.

use std::sync::Mutex;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError};

use broken::Broken;
use run::Run;
use step::{Case, case};

mod acts;
mod broken;
mod calm;
mod checks;
mod declare;
mod edits;
mod orders;
mod policies;
mod run;
mod seen;
mod step;
mod tape;
mod world;

/// What the last panic said; a panic is a broken rule like any other.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Cases in an everyday run, always the same; `PROPTEST_CASES` asks for more, and for others.
const CASES: u32 = 100;

fn config() -> Config {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
        // The same ones everywhere, so that a change is judged by what it changes.
        config.rng_seed = RngSeed::Fixed(2003);
    }
    config.max_shrink_iters = 20_000;
    config.max_shrink_time = 30_000;
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_history_keeps_every_rule(case in case()) {
        if let Err(broken) = history(&case, false) {
            // Once more with a record of what happened.
            let trace = match history(&case, true) {
                Err((_, trace)) => trace,
                Ok(()) => vec!["the second run kept every rule".into()],
            };
            let replay = serde_json::to_string(&case).expect("a case can be written");
            let trace = trace.join("\n");
            return Err(TestCaseError::fail(format!("{}\n{trace}\ncase {replay}", broken.0)));
        }
    }
}

/// Histories that broke a rule once, one per line.
#[test]
fn no_rule_is_broken_again() {
    for (line, text) in include_str!("broken.jsonl").lines().enumerate() {
        let case: Case = serde_json::from_str(text).expect("a case can be read");
        if let Err((broken, _)) = history(&case, false) {
            panic!("line {}: {broken}", line + 1);
        }
    }
}

/// Plays one history that is given, with a record: `CASE=file`.
#[test]
fn the_given_history() {
    let Some(path) = std::env::var_os("CASE") else { return };
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let case: Case = serde_json::from_str(&text).expect("a case can be read");
    if let Err((broken, trace)) = history(&case, true) {
        panic!("{broken}\n{}", trace.join("\n"));
    }
}

/// Plays a history; what was broken, with a record of what happened.
fn history(case: &Case, is_traced: bool) -> Result<(), (Broken, Vec<String>)> {
    let mut run = Run::new(case, is_traced).map_err(|broken| (broken, Vec::new()))?;
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().expect("no panic") = panic.to_string()
    }));
    let steps = std::panic::AssertUnwindSafe(|| play(&mut run, case));
    let answer = std::panic::catch_unwind(steps)
        .unwrap_or_else(|_| Err(Broken(LAST_PANIC.lock().expect("no panic").clone())));
    drop(std::panic::take_hook());
    answer.map_err(|broken| (broken, run.trace.take().unwrap_or_default()))
}

fn play(run: &mut Run, case: &Case) -> Result<(), Broken> {
    for step in case.steps.iter().filter(|step| !step.is_muted(case.muted)) {
        run.play(step)?;
    }
    run.calm()
}
