//! Random histories of random clusters keep every rule: see [`quorate_testkit::history`].

mod drains;
mod explain;
mod policies;
#[path = "../support/random.rs"]
mod random;
mod rehearsal;
mod strategies;
mod waits;
mod why;

use std::sync::Mutex;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use quorate_testkit::Breach;
use quorate_testkit::history::{Failure, History, Record};
use quorate_testkit::strategy;

/// The message of the last panic; a panic is a broken rule like any other.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Cases in an everyday run, always the same; `PROPTEST_CASES` asks for more, and for others.
const CASES: u32 = 100;

proptest! {
    #![proptest_config(random::configuration(CASES))]

    #[test]
    fn every_history_keeps_every_rule(case in strategy::histories(1..140)) {
        if let Err(failure) = play(&case, Record::Omitted) {
            // Once more with a record of what happened.
            let record = match play(&case, Record::Kept) {
                Err(failure) => failure.record,
                Ok(()) => vec!["the second run kept every rule".into()],
            };
            let replay = serde_json::to_string(&case).expect("a case can be written");
            let record = record.join("\n");
            return Err(TestCaseError::fail(format!("{}\n{record}\ncase {replay}", failure.breach)));
        }
    }
}

/// Histories that broke a rule once, one per line.
#[test]
fn no_rule_is_broken_again() {
    for (line, text) in include_str!("broken.jsonl").lines().enumerate() {
        let case: History = serde_json::from_str(text).expect("a case can be read");
        if let Err(failure) = play(&case, Record::Omitted) {
            panic!("line {}: {}", line + 1, failure.breach);
        }
    }
}

/// Plays one history that is given, with a record: `CASE=file`.
#[test]
fn the_given_history() {
    let Some(path) = std::env::var_os("CASE") else { return };
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let case: History = serde_json::from_str(&text).expect("a case can be read");
    if let Err(failure) = play(&case, Record::Kept) {
        panic!("{}\n{}", failure.breach, failure.record.join("\n"));
    }
}

/// Plays a history; a panic is what was broken.
fn play(case: &History, record: Record) -> Result<(), Failure> {
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().expect("no panic") = panic.to_string()
    }));
    let answer = std::panic::catch_unwind(|| case.play(record)).unwrap_or_else(|_| {
        let breach = Breach::panic(LAST_PANIC.lock().expect("no panic").clone());
        Err(Failure { breach, record: Vec::new() })
    });
    drop(std::panic::take_hook());
    answer
}
