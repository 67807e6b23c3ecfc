//! Seeds of the simulator in every everyday run: the same ones everywhere, so that a change is
//! judged by what it changes. The example `simulate` runs as many as there is time for.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use quorate_testkit::sim::{Atlas, FaultKind, Report, Simulator, Weather};

/// Seeds of an everyday run: few, and yet every kind of fault happens in one of them.
const SEEDS: [u64; 25] =
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 21, 26, 32, 75, 120, 187, 225];

/// How many of the seeds are played: Miri is slow, and two of them are enough to see whether bytes
/// in another order make a difference.
const PLAYED: usize = if cfg!(miri) { 2 } else { SEEDS.len() };

/// Long enough to get into trouble and out of it, short enough for builds without optimisation.
fn simulator() -> Simulator {
    Simulator::default().steps(250)
}

fn run(seed: u64, weather: Weather) -> Report {
    simulator().run(seed, weather).unwrap_or_else(|failure| {
        let shrunk = simulator().shrink(seed, weather, 500, |_| {});
        let story = shrunk.map_or_else(String::new, |shrunk| shrunk.scenario);
        panic!("{weather:?} {failure}\n{story}")
    })
}

/// Golden: what every seed comes to, on every platform and with every optimisation.
#[test]
fn every_seed_keeps_every_promise_and_comes_to_the_same_end() {
    let mut text = String::from("# seed: digest of the last state, hash of everything put out\n");
    let mut atlas = Atlas::default();
    for seed in SEEDS.into_iter().take(PLAYED) {
        let report = run(seed, Weather::Hostile);
        if cfg!(not(miri)) {
            assert_eq!(run(seed, Weather::Hostile), report, "seed {seed} runs otherwise again");
        }
        atlas.add(&report.atlas);
        let Report { digest, trace, .. } = report;
        writeln!(text, "{seed}: {digest:016x} {trace:016x}").expect("a string takes it");
    }
    if PLAYED == SEEDS.len() {
        let missing: Vec<FaultKind> = atlas.missing().collect();
        assert!(missing.is_empty(), "these faults never happened: {missing:?}\n{atlas}");
    }
    adds_up_by_region(&atlas);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/seeds.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("the file can be written");
    }
    let golden = fs::read_to_string(&path).expect("the file can be read");
    let played: String = golden.lines().take(PLAYED + 1).map(|line| format!("{line}\n")).collect();
    assert_eq!(text, played, "UPDATE=1 writes what happens now");
}

/// Whatever has a parameter is counted where that was, each time that it happens.
fn adds_up_by_region(atlas: &Atlas) {
    for kind in FaultKind::ALL.iter().copied().filter(|kind| atlas.regions(*kind).count() > 0) {
        let parameters = if kind == FaultKind::EditLimits { 2 } else { 1 };
        let sum: u64 = atlas.regions(kind).map(|(_, count)| count).sum();
        assert_eq!(sum, parameters * atlas.count(kind), "{kind:?}");
    }
}

/// A group that cannot come online without any fault has a reason that no time will mend.
#[test]
fn without_faults_everything_comes_online_that_can() {
    for seed in SEEDS {
        let report = run(seed, Weather::Benign);
        assert_eq!(report.atlas.total(), 0, "seed {seed}: {}", report.atlas);
    }
}

#[test]
fn every_part_of_the_catalogue_has_its_kinds() {
    let mut ids: Vec<&str> = FaultKind::ALL.iter().map(|kind| kind.catalogue_id()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 26, "{ids:?}");
    let possible = FaultKind::ALL.iter().filter(|kind| kind.applies());
    assert!(possible.count() >= 25);
}
