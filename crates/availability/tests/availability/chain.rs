//! Compares the closed form with the chain, and both with values that are known otherwise.

use quorate::settings::Failback;
use quorate_availability::{ByCause, Cause, Eviction, Parameters, chain, closed_form};

/// Rare failures and short moves, for which the closed form is meant.
pub(crate) const RARE: Parameters = Parameters {
    homes: 4,
    spares: [1, 2],
    quorum: 0,
    failure_rate: 1.0 / 4_000.0,
    repair_rate: 1.0 / 8.0,
    failover: 2.0 / 60.0,
    coverage: 0.95,
    manual: 1.0,
    planned_move: 1.0 / 60.0,
    maintenance_rate: 1.0 / 2_000.0,
    maintenance: 2.0,
    eviction: Eviction::WhenRoom,
    failback: Failback::Allow,
    resource_failure_rate: 0.0,
    restart: 1.0 / 60.0,
    site_outage_rate: 0.0,
    site_outage: 4.0,
};

fn relative(one: f64, other: f64) -> f64 {
    if one == other { 0.0 } else { (one / other - 1.0).abs() }
}

fn solve(parameters: &Parameters) -> ByCause<f64> {
    chain::solve(parameters).expect("the chain is small").unavailability
}

/// Any group is down at least as long as one group, and at most as long as the sum of all. For a
/// single group both values are equal, cause by cause.
#[test]
fn the_cluster_as_a_whole_is_down_longer_than_one_group() {
    let stressed = Parameters { failure_rate: 1.0 / 240.0, repair_rate: 1.0 / 24.0, ..RARE };
    for parameters in [RARE, stressed, Parameters { failback: Failback::Prevent, ..stressed }] {
        let solution = chain::solve(&parameters).expect("the chain is small");
        let (one, any) = (solution.unavailability.total(), solution.any_down.total());
        assert!(one < any && any < 4.0 * one, "{one} and {any}");
    }
    let alone = Parameters { homes: 1, ..stressed };
    let solution = chain::solve(&alone).expect("the chain is small");
    for cause in Cause::ALL {
        let (one, any) = (solution.unavailability.of(cause), solution.any_down.of(cause));
        assert!(relative(one, any) < 1e-12, "{cause}: {one} and {any}");
    }
}

/// The expected values were computed separately with rational numbers.
#[test]
fn the_closed_form_gives_known_values() {
    let terms = closed_form::unavailability(&RARE);
    for (cause, expected) in KNOWN {
        assert!(
            relative(terms.of(cause), expected) < 1e-12,
            "{cause}: {} against {expected}",
            terms.of(cause)
        );
    }
}

const KNOWN: [(Cause, f64); 7] = [
    (Cause::Waiting, 1.383_872_512_553_001e-10),
    (Cause::Failover, 8.316_699_933_466_4e-6),
    (Cause::Undetected, 1.108_893_324_462_186_7e-5),
    (Cause::Failback, 4.158_349_966_733_2e-6),
    (Cause::Planned, 1.632_251_811_526_770_4e-5),
    (Cause::Restart, 0.0),
    (Cause::Site, 0.0),
];

#[test]
fn without_spares_and_maintenance_the_chain_is_a_product_to_ten_digits() {
    for failback in [Failback::Allow, Failback::Prevent] {
        for (failures, moves) in [(1.0 / 4_000.0, 1.0 / 60.0), (1.0 / 50.0, 3.0)] {
            let parameters = Parameters {
                spares: [0, 0],
                failure_rate: failures,
                planned_move: moves,
                maintenance_rate: 0.0,
                failback,
                ..RARE
            };
            let starts = 1.0 / moves;
            let product = parameters.repair_rate / (parameters.repair_rate + failures)
                * (starts / (starts + failures));
            let down = solve(&parameters).total();
            assert!(relative(down, 1.0 - product) < 1e-10, "{down} against {}", 1.0 - product);
            let formula = closed_form::unavailability(&parameters).total();
            assert!(relative(formula, 1.0 - product) < 1e-10);
            // Nothing is shared, so all four are up when each of them is.
            let any = chain::solve(&parameters).expect("the chain is small").any_down.total();
            let all_up = product.powi(4);
            assert!(relative(any, 1.0 - all_up) < 1e-10, "{any} against {}", 1.0 - all_up);
        }
    }
}

/// Compares every term of the formula with its share of the chain, under rare failures.
#[test]
fn the_chain_agrees_with_the_closed_form_term_by_term() {
    for failback in [Failback::Allow, Failback::Prevent] {
        for spares in [[1, 2], [1, 0]] {
            for quorum in [0, (5 + spares[1]) / 2 + 1] {
                let parameters = Parameters { spares, quorum, failback, ..RARE };
                let formula = closed_form::unavailability(&parameters);
                let exact = solve(&parameters);
                for cause in Cause::ALL {
                    let (formula, exact_one) = (formula.of(cause), exact.of(cause));
                    let apart = (formula - exact_one).abs();
                    // A tiny term is judged by its contribution to the sum.
                    assert!(
                        apart < 0.02 * exact_one || apart < 2e-3 * exact.total(),
                        "{failback:?} {spares:?} quorum {quorum} {cause}: {formula} for {exact_one}"
                    );
                }
            }
        }
    }
}

/// A group without spares is down for the whole of a forced maintenance.
#[test]
fn forced_maintenance_without_spares() {
    for failback in [Failback::Allow, Failback::Prevent] {
        let parameters =
            Parameters { spares: [0, 0], eviction: Eviction::Forced, failback, ..RARE };
        let formula = closed_form::unavailability(&parameters);
        let exact = solve(&parameters);
        assert!(relative(formula.planned, exact.planned) < 0.01, "{formula:?} {exact:?}");
        let unforced = Parameters { eviction: Eviction::WhenRoom, ..parameters };
        assert_eq!(solve(&unforced).planned, 0.0);
        assert_eq!(closed_form::unavailability(&unforced).planned, 0.0);
    }
}

/// With each more spare, waiting falls by the probability that one more node is down.
#[test]
fn a_spare_more_waits_less() {
    let waiting = |spares| closed_form::unavailability(&Parameters { spares, ..RARE }).waiting;
    assert!(waiting([0, 0]) > 100.0 * waiting([1, 0]));
    assert!(waiting([1, 0]) > 100.0 * waiting([1, 1]));
    assert!(waiting([1, 1]) > 100.0 * waiting([1, 2]));
}

/// With four of seven nodes down a majority is lost, and three spares are too few for all groups.
#[test]
fn quorum_costs_everybody() {
    let free = closed_form::unavailability(&RARE).waiting;
    let bound = closed_form::unavailability(&Parameters { quorum: 4, ..RARE }).waiting;
    assert!(bound > 3.0 * free, "{bound} against {free}");
    let exact = solve(&Parameters { quorum: 4, ..RARE }).waiting;
    assert!(exact > 3.0 * solve(&RARE).waiting);
}
