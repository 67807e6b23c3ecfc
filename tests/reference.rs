//! The engine against the reference model: see [`quorate::testkit::reference`].

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError};

use quorate::sim::{Simulator, Weather};
use quorate::testkit::history::Record;
use quorate::testkit::strategy;

/// Seeds and steps of an everyday run; `SEEDS` asks for more of both, best in a release build.
const SEEDS: u64 = 24;
const STEPS: u64 = 120;
/// The same for histories; `PROPTEST_CASES` asks for more, and for others.
const CASES: u32 = 60;

fn configuration() -> Config {
    let mut configuration = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        configuration.cases = CASES;
        configuration.rng_seed = RngSeed::Fixed(2003);
    }
    configuration.max_shrink_iters = 20_000;
    configuration.max_shrink_time = 30_000;
    configuration
}

proptest! {
    #![proptest_config(configuration())]

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

/// `SEEDS=2000 cargo test --release --test reference every_seed -- --nocapture`; `FIRST_SEED` is
/// where to begin.
#[test]
fn every_seed_goes_as_the_model_says() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = (asked("FIRST_SEED").unwrap_or(0), asked("SEEDS"));
    let simulator = Simulator::default().steps(count.map_or(STEPS, |_| 500)).compared();
    let (mut steps, mut answers) = (0, 0);
    for seed in first..first + count.unwrap_or(SEEDS) {
        for weather in [Weather::Hostile, Weather::Benign] {
            match simulator.run(seed, weather) {
                Ok(report) => {
                    steps += report.compared.steps;
                    answers += report.compared.answers;
                }
                Err(failure) => panic!(
                    "{weather:?} {failure}\n{}",
                    simulator
                        .shrink(seed, weather, 500, |_| {})
                        .map_or_else(String::new, |shrunk| shrunk.scenario)
                ),
            }
        }
    }
    println!("{steps} steps and {answers} answers are as the model says");
    assert!(steps > 1_000 && answers > 100_000, "{steps} steps, {answers} answers");
}
