//! The reference model against a core with bugs: see [`quorate_testkit::reference`].

use quorate::seeded_bug::{SeededBug, plant};
use quorate_testkit::sim::{Simulator, Weather};

/// A check that has never failed is not known to work: each family of rules is broken once.
#[test]
fn every_family_of_rules_goes_red_when_it_is_broken() {
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
const BROKEN: &[SeededBug] = {
    use SeededBug as Bug;
    &[
        // Which nodes may own a group.
        Bug::AnyPossibleOwner,
        Bug::PausedEligible,
        Bug::PendingTakesNoRoom,
        Bug::CapacityIgnored,
        Bug::PingPong,
        // The group that gets a node, and when.
        Bug::WaitingForgotten,
        // Starts and stops, and their order.
        Bug::ProviderStopsFirst,
        Bug::PendingProviderCounts,
        Bug::DesiredIgnored,
        Bug::RetryTimerLost,
        // The attempts that are left within a window.
        Bug::WindowTooShort,
        Bug::OneFailoverMore,
        Bug::FailoversForgotten,
        Bug::RestartsNeverExpire,
        Bug::RestartsForgotten,
    ]
};
