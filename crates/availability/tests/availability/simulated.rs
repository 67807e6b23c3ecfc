//! Compares the simulated cluster with formula and chain.

use std::fmt::Write;
use std::time::Duration;

use quorate::settings::{Failback, QuorumRule};
use quorate::spec::ClusterDeclaration;
use quorate_availability::{
    ByCause, Cause, Design, DesignError, Estimate, Eviction, Goal, Outcome, Parameters, Rates,
    Scatter, Simulation, chain, closed_form,
};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// Rare failures and short moves, for which the closed form is meant.
pub(crate) const RATES: Rates = Rates {
    mtbf: Duration::from_secs(4_000 * 3_600),
    mttr: Duration::from_secs(8 * 3_600),
    failover: Duration::from_secs(120),
    detection: Duration::from_secs(7),
    fence: Duration::from_secs(3),
    coverage: 0.95,
    manual: HOUR,
    planned_move: MINUTE,
    stop: Duration::from_secs(20),
    maintenance_every: Some(Duration::from_secs(2_000 * 3_600)),
    maintenance: Duration::from_secs(2 * 3_600),
    eviction: Eviction::WhenRoom,
    failback: Some(Failback::Allow),
    resource_failure_every: None,
    restart: Duration::from_secs(30),
    site_outage_every: None,
    site_outage: Duration::from_secs(4 * 3_600),
    durations: Scatter::Exponential,
};

/// Returns a design of the seven nodes of the example, without the nodes in `leave_out`.
pub(crate) fn exchange<const N: usize>(leave_out: [&str; N], rates: Rates) -> Design {
    with_quorum(QuorumRule::DiskOnly, &leave_out, rates)
}

fn with_quorum(quorum: QuorumRule, leave_out: &[&str], rates: Rates) -> Design {
    let text = include_str!("../../../../examples/exchange_2003.toml");
    let declaration: ClusterDeclaration = toml::from_str(text).expect("the example is valid");
    let is_without_spare = leave_out.contains(&"node5");
    let design = Design::new(declaration.quorum(quorum), rates)
        .without_nodes(leave_out.iter().copied())
        .expect("the example has these nodes");
    if is_without_spare { design.without_spare_rule() } else { design }
}

fn parameters(design: &Design) -> Parameters {
    let spec = design.build().expect("the design is valid");
    design.parameters(&spec).expect("formula and chain apply")
}

fn run(design: &Design, years: f64, seed: u64) -> Outcome {
    let simulation = Simulation::new(design, seed).expect("the design is valid");
    simulation.run(years, |_| ()).unwrap_or_else(|broken| panic!("{broken}"))
}

/// Asserts that every term, and then the sum, agrees within three standard errors or one per cent.
///
/// For runs as short as these, the error comes from theory and not from the run itself: N
/// exponential lengths have a relative error of √(2/N). Without quorum all groups wait at once, so
/// the lengths of their waits count only once.
#[track_caller]
fn assert_agrees(what: &str, simulated: &Outcome, of: &Parameters, known: &ByCause<f64>) {
    let mean = &simulated.mean;
    let hours = simulated.run.years * closed_form::HOURS_PER_YEAR * of.homes as f64;
    let mut variance = 0.0;
    for cause in Cause::ALL {
        let (found, known) = (mean.down_by_cause.of(cause).mean, known.of(cause));
        let is_common = cause == Cause::Site || cause == Cause::Waiting && of.quorum > 0;
        let at_once = if is_common { of.homes as f64 } else { 1.0 };
        let outages = known * hours / closed_form::outage_lengths(of).of(cause) / at_once;
        // A term too rare to be judged by itself is judged with the sum.
        let error = if outages > 0.0 { known * (2.0 / outages).sqrt() } else { 0.0 };
        variance += error * error;
        assert!(
            outages < 10.0 || Estimate { mean: found, standard_error: error }.agrees_with(known),
            "{what}, {cause}: {found:e} for {known:e} ± {error:e}, {outages:.0} outages"
        );
    }
    let sum = Estimate { mean: mean.down.mean, standard_error: variance.sqrt() };
    assert!(sum.agrees_with(known.total()), "{what}, sum: {sum:?} for {:e}", known.total());
}

#[test]
fn four_active_nodes_with_three_to_spare_agree_with_the_closed_form() {
    let design = exchange([], RATES);
    let of = parameters(&design);
    assert_agrees("4+1+2", &run(&design, 60.0, 1), &of, &closed_form::unavailability(&of));
}

#[test]
fn four_active_nodes_with_one_to_spare_agree_with_the_closed_form() {
    let design = exchange(["node6", "node7"], RATES);
    let of = parameters(&design);
    assert_agrees("4+1", &run(&design, 60.0, 1), &of, &closed_form::unavailability(&of));
}

#[test]
fn four_nodes_without_a_spare_agree_with_the_closed_form() {
    let rates = Rates { coverage: 1.0, eviction: Eviction::Forced, ..RATES };
    let design = exchange(["node5", "node6", "node7"], rates);
    let of = parameters(&design);
    assert_agrees("4+0", &run(&design, 60.0, 1), &of, &closed_form::unavailability(&of));
}

#[test]
fn groups_that_stay_agree_with_the_closed_form() {
    let design = exchange([], Rates { failback: Some(Failback::Prevent), ..RATES });
    let of = parameters(&design);
    assert_agrees("4+1+2", &run(&design, 60.0, 1), &of, &closed_form::unavailability(&of));
}

/// Failures are frequent here, and a majority can be lost.
#[test]
fn a_cluster_under_stress_agrees_with_the_exact_chain() {
    let design = with_quorum(QuorumRule::NodeMajority, &[], stressed(Failback::Allow));
    let of = parameters(&design);
    let known = chain::solve(&of).expect("it is small");
    let simulated = run(&design, 4.0, 1);
    assert_agrees("stress", &simulated, &of, &known.unavailability);
    let (any, expected) = (simulated.any_down, known.any_down.total());
    assert!(any.agrees_with(expected), "all at once: {any:?} for {expected:e}");
}

/// Compares downtime from failures of resources and of the site with rate times length, and checks
/// that the other causes are unchanged beside them.
#[test]
fn restarts_and_outages_of_the_site_agree_with_the_closed_form() {
    for (leave_out, failback) in [
        (&[][..], Failback::Allow),
        (&[], Failback::Prevent),
        (&["node5", "node6", "node7"], Failback::Allow),
    ] {
        let rates = Rates {
            resource_failure_every: Some(HOUR * 300),
            restart: Duration::from_secs(45),
            site_outage_every: Some(HOUR * 500),
            site_outage: MINUTE * 40,
            failback: Some(failback),
            coverage: if leave_out.is_empty() { RATES.coverage } else { 1.0 },
            eviction: Eviction::Forced,
            ..RATES
        };
        let design = with_quorum(QuorumRule::DiskOnly, leave_out, rates);
        let of = parameters(&design);
        assert_eq!(chain::solve(&of), Err(chain::Unsolved::BesideNodes));
        let known = closed_form::unavailability(&of);
        assert!(known.restart > 1e-5 && known.site > 1e-4, "{known:?}");
        let what = format!("{} nodes, {failback:?}", of.nodes());
        let simulated = run(&design, 40.0, 1);
        assert_agrees(&what, &simulated, &of, &known);
        let moves = simulated.mean.moves_per_year;
        assert!(moves.agrees_with(closed_form::moves_per_year(&of)), "{what}: {moves:?}");
    }
}

/// A pilot of a year is extended by whole years until the error is reached, and then equals one
/// run.
#[test]
fn a_run_goes_on_until_its_error_is_small_enough() {
    let design = exchange([], RATES);
    let start = || Simulation::new(&design, 1).expect("the design is valid");
    let goal = Goal {
        relative_error: 0.2,
        pilot_years: 1.0,
        fewest_years: 0.0,
        most_years: 200.0,
        most_inputs: u64::MAX,
    };
    let mut plans = Vec::new();
    let found = start()
        .run_until(&goal, |progress| {
            assert!(progress.years <= progress.planned, "{progress:?}");
            plans.push(progress.planned);
        })
        .unwrap_or_else(|broken| panic!("{broken}"));
    plans.dedup();
    let down = found.mean.down;
    assert!(down.standard_error <= 0.2 * down.mean, "{down:?}");
    assert!(plans.len() > 1 && plans.is_sorted(), "{plans:?}");
    assert_eq!(plans.last(), Some(&found.run.years));
    let same = run(&design, found.run.years, 1);
    assert_eq!(same.run, found.run);
    assert!((same.mean.down.mean / down.mean - 1.0).abs() < 1e-9);
    assert!((same.mean.down.standard_error / down.standard_error - 1.0).abs() < 1e-9);
    let bound = start()
        .run_until(&Goal { relative_error: 1e-3, most_years: 3.5, ..goal }, |_| ())
        .unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(bound.run.years, 3.0);
}

fn stressed(failback: Failback) -> Rates {
    Rates {
        mtbf: HOUR * 240,
        mttr: HOUR * 24,
        failover: MINUTE * 2,
        coverage: 0.9,
        manual: HOUR * 2,
        maintenance_every: Some(HOUR * 500),
        maintenance: HOUR * 4,
        failback: Some(failback),
        ..RATES
    }
}

#[test]
fn one_seed_is_one_run() {
    let design = exchange([], RATES);
    let text = |seed| serde_json::to_string(&run(&design, 10.0, seed)).expect("it is plain data");
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
}

/// Without scatter an outage has exactly the given length, to the millisecond.
#[test]
fn an_outage_lasts_exactly_as_long_as_was_said() {
    let rates = Rates {
        coverage: 1.0,
        durations: Scatter::Fixed,
        maintenance_every: None,
        failback: Some(Failback::Prevent),
        ..RATES
    };
    let mean = run(&exchange([], rates), 20.0, 1).mean;
    let hours = mean.down.mean * closed_form::HOURS_PER_YEAR;
    let length = hours / mean.outages_per_year.mean;
    assert!(mean.outages_per_year.mean > 1.0);
    assert!((length * 60.0 - 2.0).abs() < 1e-9, "{} minutes", length * 60.0);
    assert_eq!(mean.down.mean, mean.down_by_cause.failover.mean);
}

/// With failback, two moves per failure or maintenance are the least, and there are no more.
#[test]
fn there_is_no_move_too_many() {
    let design = exchange([], RATES);
    let of = parameters(&design);
    let most =
        2.0 * closed_form::HOURS_PER_YEAR * (of.maintenance_rate * of.quiet() + of.failures());
    let found = run(&design, 40.0, 2).mean.moves_per_year;
    assert!(found.mean <= most + 3.0 * found.standard_error, "{found:?} for {most}");
    assert!(found.agrees_with(closed_form::moves_per_year(&of)), "{found:?}");
}

/// Batches are parts of the whole: their mean is the share of all time.
#[test]
fn downtime_is_the_sum_of_its_causes() {
    let mean = run(&exchange([], RATES), 10.0, 5).mean;
    let parts: f64 = mean.down_by_cause.values().map(|of: Estimate| of.mean).sum();
    assert!((parts / mean.down.mean - 1.0).abs() < 1e-9);
}

#[test]
fn rates_are_checked() {
    let wrong = [
        Rates { coverage: 1.5, ..RATES },
        Rates { coverage: f64::NAN, ..RATES },
        Rates { mttr: Duration::ZERO, ..RATES },
        Rates { detection: HOUR, ..RATES },
        Rates { stop: HOUR, ..RATES },
        Rates { mtbf: Duration::MAX, ..RATES },
    ];
    for rates in wrong {
        let design = exchange([], rates);
        assert!(matches!(design.build(), Err(DesignError::Rates(_))), "{:?}", design.rates());
    }
}

#[test]
fn exchange_wants_a_node_to_spare_unless_it_is_told_otherwise() {
    let text = include_str!("../../../../examples/exchange_2003.toml");
    let declaration: ClusterDeclaration = toml::from_str(text).expect("the example is valid");
    let design = Design::new(declaration, RATES)
        .without_nodes(["node5", "NODE6", "node7"])
        .expect("the example has these nodes");
    assert!(matches!(design.build(), Err(DesignError::Declaration(_))));
    design.clone().without_spare_rule().build().expect("without the rule it is valid");
    assert!(matches!(design.without_nodes(["node9"]), Err(DesignError::UnknownNode { .. })));
}

#[test]
fn the_documented_rates_are_valid() {
    let text = include_str!("../../designs/rates.toml");
    let rates: Rates = toml::from_str(text).expect("the file is valid");
    rates.check().expect("the rates are possible");
    let silent: Rates = toml::from_str("").expect("every field has a default");
    assert_eq!(silent, Rates::default());
    let same = Rates { maintenance_every: None, failback: None, ..rates };
    assert_eq!(same, Rates::default());
}

// The full acceptance: three topologies, three sets of rates, quorum on and off, and failback off
// for the largest, each until the standard error is a third of a per cent. It takes half an hour on
// a core: `cargo test --release --test availability -- --ignored --nocapture`.

#[test]
#[ignore = "minutes in a release build, hours without"]
fn three_to_spare_agree_with_the_exact_chain() {
    compare_all(&[], Failback::Allow);
}

#[test]
#[ignore = "minutes in a release build, hours without"]
fn one_to_spare_agrees_with_the_exact_chain() {
    compare_all(&["node6", "node7"], Failback::Allow);
}

#[test]
#[ignore = "minutes in a release build, hours without"]
fn none_to_spare_agrees_with_the_exact_chain() {
    compare_all(&["node5", "node6", "node7"], Failback::Allow);
}

#[test]
#[ignore = "minutes in a release build, hours without"]
fn groups_that_stay_agree_with_the_exact_chain() {
    compare_all(&[], Failback::Prevent);
}

fn compare_all(leave_out: &[&str], failback: Failback) {
    let failback = Some(failback);
    let frequent = Rates { mtbf: HOUR * 1_000, mttr: HOUR * 24, manual: HOUR * 2, ..RATES };
    for rates in [stressed(Failback::Allow), frequent, RATES] {
        for quorum in [QuorumRule::DiskOnly, QuorumRule::NodeMajority] {
            // If two groups often wait at once, the first of them gets the first node that comes
            // up, but the chain lets each wait for its own. The sums are equal, their parts are
            // not.
            let often_wait = leave_out.len() == 3 || rates.mtbf < frequent.mtbf;
            let judged = if often_wait { Judged::Sum } else { Judged::Causes };
            compare_in_full(leave_out, Rates { failback, ..rates }, quorum, judged);
        }
    }
}

/// The values that have to agree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Judged {
    /// Downtime as a whole.
    Sum,
    /// Downtime as a whole and by cause.
    Causes,
}

fn compare_in_full(leave_out: &[&str], rates: Rates, quorum: QuorumRule, judged: Judged) {
    let text = include_str!("../../../../examples/exchange_2003.toml");
    let mut declaration: ClusterDeclaration = toml::from_str(text).expect("the example is valid");
    // The chain treats spare nodes alike: a group on its third choice does not move to its second
    // one when that comes up, but stays until it can return home.
    declaration.groups.iter_mut().for_each(|group| group.preferred_owners.truncate(1));
    let rates = match leave_out.len() {
        3 => Rates { coverage: 1.0, eviction: Eviction::Forced, ..rates },
        _ => rates,
    };
    let design = Design::new(declaration.quorum(quorum), rates)
        .without_nodes(leave_out.iter().copied())
        .expect("the example has these nodes")
        .without_spare_rule();
    let of = parameters(&design);
    let years = closed_form::years_needed(&of, 1.0 / 300.0);
    let known = chain::solve(&of).expect("it is small");
    let simulated = run(&design, years, 1);
    let mut line = format!(
        "{} nodes, {quorum:?}, {:?}, mtbf {:.0} h, {years:.0} years, {} states:",
        of.nodes(),
        of.failback,
        1.0 / of.failure_rate,
        known.states
    );
    let known = known.unavailability;
    let mean = &simulated.mean;
    let parts = Cause::ALL.map(|of| (of.to_string(), mean.down_by_cause.of(of), known.of(of)));
    let all = [("all".to_owned(), mean.down, known.total())].into_iter().chain(parts);
    for (name, found, known) in all.filter(|(_, _, known)| *known > 0.0) {
        let off = (found.mean / known - 1.0) * 100.0;
        let error = 300.0 * found.standard_error / known;
        write!(line, " {name} {off:+.2} % ± {error:.2} %").expect("a string takes it");
    }
    println!("{line}");
    assert!(mean.down.agrees_with(known.total()), "{line}");
    let hours = simulated.run.years * closed_form::HOURS_PER_YEAR * of.homes as f64;
    for cause in Cause::ALL {
        let (found, known) = (mean.down_by_cause.of(cause), known.of(cause));
        let outages = known * hours / closed_form::outage_lengths(&of).of(cause);
        // A cause too rare to be judged by itself is judged with the sum.
        let is_known = outages > 300.0 && judged == Judged::Causes;
        assert!(!is_known || found.agrees_with(known), "{cause}: {line}");
    }
}
