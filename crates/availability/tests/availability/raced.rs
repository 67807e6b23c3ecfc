//! Compares the chain with a race of clocks that knows every node and group by name.

use std::fmt::Write;

use quorate::settings::Failback;
use quorate_availability::{ByCause, Cause, Eviction, Parameters, chain};

use crate::chain::RARE;
use crate::race::{Race, Shares, Why};

/// Number of batches. It is higher than elsewhere, so that three standard errors mean nearly what
/// they mean for a normal distribution.
const BATCHES: usize = 100;

/// Mean and standard error.
type Estimate = (f64, f64);

/// The results of a race: the sum, any group, each cause.
struct Raced {
    years: f64,
    sum: Estimate,
    any: Estimate,
    causes: Vec<(Cause, Estimate)>,
}

fn estimate(batches: &[Shares], of: impl Fn(&Shares) -> f64) -> Estimate {
    let count = batches.len() as f64;
    let mean = batches.iter().map(&of).sum::<f64>() / count;
    let squares = batches.iter().map(|batch| (of(batch) - mean).powi(2)).sum::<f64>();
    (mean, (squares / (count * (count - 1.0))).sqrt())
}

fn run(of: &Parameters, years: f64, seed: u64) -> Raced {
    let mut race = Race::new(of, seed);
    let hours = years * 8_760.0 / BATCHES as f64;
    let batches: Vec<Shares> = (0..BATCHES).map(|_| race.pass(hours)).collect();
    let causes = [
        (Cause::Waiting, Why::Waiting),
        (Cause::Failover, Why::Failover),
        (Cause::Undetected, Why::Undetected),
        (Cause::Failback, Why::Failback),
        (Cause::Planned, Why::Planned),
    ];
    let causes = causes
        .map(|(cause, why)| (cause, estimate(&batches, |batch| batch.down[why as usize])))
        .to_vec();
    let sum = estimate(&batches, |batch| batch.down.iter().sum());
    Raced { years, sum, any: estimate(&batches, |batch| batch.any), causes }
}

/// Runs a race until it reaches this relative standard error, as estimated by a pilot.
fn run_to(of: &Parameters, error: f64, seed: u64) -> Raced {
    let pilot = run(of, 50.0, seed);
    let reached = pilot.sum.1 / pilot.sum.0;
    if reached <= error {
        return pilot;
    }
    run(of, pilot.years * (reached / error).powi(2), seed.wrapping_add(1))
}

/// Returns the values that are more than three standard errors from the known ones. A cause that
/// was seen too rarely for its error to be known is judged with the sum.
fn apart(raced: &Raced, known: &chain::Solution) -> Vec<String> {
    let down: &ByCause<f64> = &known.unavailability;
    let whole = [
        ("sum".to_string(), raced.sum, down.total()),
        ("any".to_string(), raced.any, known.any_down.total()),
    ];
    let causes = raced
        .causes
        .iter()
        .filter(|(_, (mean, error))| *error < 0.1 * mean)
        .map(|(cause, found)| (cause.to_string(), *found, down.of(*cause)));
    whole
        .into_iter()
        .chain(causes)
        .filter(|(_, (mean, error), known)| (mean - known).abs() > 3.0 * error)
        .map(|(name, (mean, error), known)| {
            format!("{name} {:+.1} standard errors, {mean:e} for {known:e}", (mean - known) / error)
        })
        .collect()
}

/// Asserts that the race agrees with the chain. Of some hundred comparisons one is beyond three
/// standard errors by chance now and then; such a one is repeated in a run four times as long.
#[track_caller]
fn assert_agrees(what: &str, of: &Parameters, error: f64) {
    let known = chain::solve(of).expect("the chain is small");
    let mut raced = run_to(of, error, 1);
    let mut words = apart(&raced, &known);
    let mut line = format!("{what}: {:.0} years, {} states", raced.years, known.states);
    if !words.is_empty() {
        write!(line, ", again for {words:?}").expect("a string takes it");
        raced = run(of, raced.years * 4.0, 1_000);
        words = apart(&raced, &known);
    }
    let exact = known.unavailability.total();
    let (mean, error) = raced.sum;
    let off = (mean / exact - 1.0) * 100.0;
    println!("{line}: {off:+.2} % ± {:.2} %", error / exact * 100.0);
    assert!(words.is_empty(), "{what}: {words:?}");
}

/// Returns every sort of cluster with which the chain is compared elsewhere, and more.
fn configurations() -> Vec<(String, Parameters)> {
    let frequent =
        Parameters { failure_rate: 1.0 / 1_000.0, repair_rate: 1.0 / 24.0, manual: 2.0, ..RARE };
    let stressed = Parameters {
        failure_rate: 1.0 / 240.0,
        coverage: 0.9,
        maintenance_rate: 1.0 / 500.0,
        maintenance: 4.0,
        ..frequent
    };
    let hard = Parameters { failure_rate: 1.0 / 240.0, repair_rate: 1.0 / 24.0, ..RARE };
    // Hardly anything ends except by the return of the failed node, which is a home or a spare.
    let helpless = Parameters {
        failure_rate: 1.0 / 50.0,
        repair_rate: 1.0 / 24.0,
        coverage: 0.5,
        manual: 1_000.0,
        ..RARE
    };
    let still = Parameters { maintenance_rate: 0.0, ..RARE };
    let slow = Parameters { failure_rate: 1.0 / 50.0, planned_move: 3.0, ..still };
    let forced = |of| Parameters { eviction: Eviction::Forced, coverage: 1.0, ..of };
    let rates = [
        ("rare", RARE),
        ("frequent", frequent),
        ("stressed", stressed),
        ("hard", hard),
        ("helpless", helpless),
    ];
    let without = [("still", still), ("slow", slow)];
    let mut all = Vec::new();
    for failback in [Failback::Allow, Failback::Prevent] {
        for (name, of) in rates {
            for spares in [[1, 2], [1, 0], [0, 0]] {
                for is_bound in [false, true] {
                    let of = Parameters { spares, failback, ..of };
                    let quorum = if is_bound { of.nodes() / 2 + 1 } else { 0 };
                    let of = Parameters { quorum, ..of };
                    let what = format!("{name}, {failback:?}, 4 + {spares:?}, quorum {quorum}");
                    if spares == [0, 0] {
                        all.push((format!("{what}, forced"), forced(of)));
                    }
                    all.push((what, of));
                }
            }
            let what = format!("{name}, {failback:?}, one group");
            all.push((what, Parameters { homes: 1, failback, ..of }));
        }
        for (name, of) in without {
            let what = format!("{name}, {failback:?}, no spare");
            all.push((what, Parameters { spares: [0, 0], failback, ..of }));
        }
    }
    all
}

/// A short comparison that finds a differing rule within seconds.
#[test]
fn a_race_of_clocks_agrees_with_the_chain() {
    let wanted = ["stressed", "helpless", "slow"];
    for (what, of) in configurations() {
        if wanted.iter().any(|name| what.starts_with(name)) && of.nodes() <= 5 {
            assert_agrees(&what, &of, 0.03);
        }
    }
}

/// The comparison finds a clock with a wrong rate.
#[test]
fn a_race_with_a_wrong_clock_does_not_agree() {
    let of = Parameters { spares: [1, 0], ..RARE };
    let known = chain::solve(&of).expect("the chain is small");
    assert_eq!(apart(&run_to(&of, 0.02, 7), &known), Vec::<String>::new());
    let wrong = [
        Parameters { failure_rate: of.failure_rate * 1.2, ..of },
        Parameters { failover: of.failover * 1.2, ..of },
        Parameters { planned_move: of.planned_move * 1.2, ..of },
        Parameters { manual: of.manual * 1.5, ..of },
        Parameters { coverage: 0.93, ..of },
        Parameters { maintenance_rate: of.maintenance_rate * 1.2, ..of },
    ];
    for wrong in wrong {
        let raced = run_to(&wrong, 0.02, 7);
        assert!(!apart(&raced, &known).is_empty(), "{wrong:?}");
    }
}

/// The full comparison: `cargo test --release --test availability -- --ignored --nocapture
/// race_in_full`.
#[test]
#[ignore = "minutes in a release build"]
fn a_race_in_full_agrees_with_the_chain() {
    let all = configurations();
    println!("{} configurations", all.len());
    for (what, of) in all {
        assert_agrees(&what, &of, 1.0 / 300.0);
    }
}
