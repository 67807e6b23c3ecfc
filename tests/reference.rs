//! The engine against the reference model: see [`quorate::testkit::reference`].

#[path = "support/random.rs"]
mod random;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use quorate::sim::{Simulator, Weather};
use quorate::testkit::history::Record;
use quorate::testkit::strategy;

/// Seeds of an everyday run; `SEEDS` asks for more, best in a release build.
const SEEDS: u64 = 6;
/// Inputs and timers of the hostile phase of a seed; `STEPS` asks for more.
const STEPS: u64 = 100;
/// Histories of an everyday run; `PROPTEST_CASES` asks for more, and for others.
const CASES: u32 = 40;

proptest! {
    #![proptest_config(random::configuration(CASES))]

    #[test]
    fn every_history_goes_as_the_model_says(case in strategy::histories(1..140)) {
        if let Err(failure) = case.compare(Record::Omitted) {
            let record = match case.compare(Record::Kept) {
                Err(failure) => failure.record.join("\n"),
                Ok(_) => "the second run went as the model says".into(),
            };
            let replay = serde_json::to_string(&case).expect("a case can be written");
            return Err(TestCaseError::fail(format!("{}\n{record}\ncase {replay}", failure.breach)));
        }
    }
}

/// For more: `SEEDS=2000 STEPS=500 cargo test --release --test reference every_seed -- --nocapture`,
/// from `FIRST_SEED` on, and only with faults if `WEATHER=hostile`.
#[test]
fn every_seed_goes_as_the_model_says() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = (asked("FIRST_SEED").unwrap_or(0), asked("SEEDS").unwrap_or(SEEDS));
    let simulator = Simulator::default().steps(asked("STEPS").unwrap_or(STEPS)).compared();
    let weathers: &[Weather] = match std::env::var("WEATHER").as_deref() {
        Ok("hostile") => &[Weather::Hostile],
        _ => &[Weather::Hostile, Weather::Benign],
    };
    let (mut steps, mut answers) = (0, 0);
    for seed in first..first + count {
        for weather in weathers {
            match simulator.run(seed, *weather) {
                Ok(report) => {
                    steps += report.compared.steps;
                    answers += report.compared.answers;
                }
                Err(failure) => panic!(
                    "{weather:?} {failure}\n{}",
                    simulator
                        .shrink(seed, *weather, 500, |_| {})
                        .map_or_else(String::new, |shrunk| shrunk.scenario)
                ),
            }
        }
    }
    println!("{steps} steps with {answers} answers are as the model says");
    assert!(steps > 500 * count && answers > 50 * steps, "{steps} steps, {answers} answers");
}

/// A check that has never failed is not known to work: each family of rules is broken once.
#[cfg(quorate_seeded_bugs)]
#[test]
fn every_family_of_rules_goes_red_when_it_is_broken() {
    use quorate::seeded_bug::{SeededBug, plant};

    let simulator = Simulator::default().steps(150).compared();
    let first = |bug: SeededBug| {
        (0..400).find_map(|seed| {
            plant(Some(bug));
            let end = simulator.run(seed, Weather::Hostile);
            plant(None);
            let breach = end.err()?.breach.to_string();
            breach.contains("reference model").then_some((seed, breach))
        })
    };
    let mut missed = Vec::new();
    for bug in BROKEN {
        match first(*bug) {
            Some((seed, breach)) => println!("{bug:?}, seed {seed}: {breach:.200}"),
            None => missed.push(*bug),
        }
    }
    assert!(missed.is_empty(), "not seen: {missed:?}");
}

/// The planted bugs that break a rule of the model, by family; a drain that forgets is seen by the
/// audit before.
#[cfg(quorate_seeded_bugs)]
const BROKEN: &[quorate::seeded_bug::SeededBug] = {
    use quorate::seeded_bug::SeededBug as Bug;
    &[
        // Which nodes may own a group.
        Bug::AnyPossibleOwner,
        Bug::PausedEligible,
        Bug::PendingTakesNoRoom,
        Bug::CapacityIgnored,
        Bug::PingPong,
        // Who is given a node, and when.
        Bug::WaitingForgotten,
        // What starts and stops, and in which order.
        Bug::ProviderStopsFirst,
        Bug::PendingProviderCounts,
        Bug::DesiredIgnored,
        Bug::RetryTimerLost,
        // What is left within a window.
        Bug::WindowTooShort,
        Bug::OneFailoverMore,
        Bug::FailoversForgotten,
        Bug::RestartsNeverExpire,
        Bug::RestartsForgotten,
    ]
};
