//! Some seeds of replicated clusters in every everyday run, and the schedules that are written by
//! hand. The example `replicated` runs as many seeds as there is time for.

use quorate_testkit::replicated::{Schedule, Simulator};

/// Seeds of an everyday run.
const SEEDS: u64 = 30;

#[test]
fn every_seed_keeps_every_promise() {
    let mut faults = 0;
    for seed in 0..SEEDS {
        let report = Simulator::default().run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        faults += report.faults.total();
        assert!(report.checks.starts > 0, "nothing ran in seed {seed}");
    }
    assert!(faults > 1_000, "only {faults} faults happened");
}

#[test]
fn every_schedule_keeps_every_promise() {
    for schedule in Schedule::ALL {
        schedule.play().unwrap_or_else(|failure| panic!("{failure}"));
    }
}
