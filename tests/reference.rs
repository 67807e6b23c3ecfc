//! The engine against the reference model: see [`quorate_testkit::reference`].

#[path = "support/random.rs"]
mod random;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use quorate_testkit::history::Record;
use quorate_testkit::sim::{Simulator, Weather};
use quorate_testkit::strategy;

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
