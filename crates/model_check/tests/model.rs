//! Runs the model of `crates/model_check` in a configuration that closes within seconds.
//!
//! The number of states is pinned: a change of it means that the engine behaves differently in some
//! history, or that the model allows other histories. Say which in the commit that changes it.

use std::time::Duration;

use model::{Budget, Configuration, Report, twin};

#[path = "../src/model/mod.rs"]
#[allow(dead_code, reason = "the command that checks more reads more")]
mod model;

const BUDGET: Budget = Budget {
    threads: 2,
    time: Duration::from_secs(30 * 60),
    generated: usize::MAX,
    progress: |_| (),
};

fn check(configuration: &Configuration) -> Report {
    let report = model::check(configuration, &BUDGET);
    if let Some(violation) = &report.violation {
        let story = violation.story.join("\n");
        let kind = if violation.is_shortest { "the shortest way" } else { "a way" };
        panic!("{}; {kind} there:\n{story}\n\n{}", violation.broken, violation.scenario);
    }
    assert!(report.is_closed, "given up after {:.0} s", report.seconds);
    report
}

#[test]
fn every_rule_holds_in_every_history_of_the_small_configuration() {
    let report = check(&Configuration::SMALL);
    assert_eq!((report.unique_states, report.generated), (13_308, 34_975));
}

#[test]
fn every_rule_holds_while_a_cluster_forms_and_nothing_fails() {
    let report = check(&Configuration { faults: 0, moves: 1, ..Configuration::COLD });
    assert_eq!((report.unique_states, report.generated), (1_811, 4_859));
}

/// Checks the cheapest scenes; all of them: `cargo run --release -p model_check -- scenes`.
#[test]
fn every_rule_holds_in_every_history_of_the_smallest_scenes() {
    for (name, unique, generated) in
        [("lease", 2_164, 3_679), ("failback", 7_252, 8_240), ("edits", 1_825, 6_978)]
    {
        let report = check(&scene(name));
        assert_eq!((report.unique_states, report.generated), (unique, generated), "{name}");
    }
}

fn scene(name: &str) -> Configuration {
    Configuration::all().find(|of| of.name == name).expect("a scene of this name")
}

/// States with one key have one future: every step from one is possible from the other, and leads
/// to a state that again shares its key.
#[test]
fn what_is_taken_for_one_has_one_future() {
    let small = Configuration::SMALL;
    for configuration in [
        Configuration { faults: 1, moves: 1, ..small },
        Configuration { faults: 2, moves: 0, ..small },
        Configuration { faults: 0, moves: 1, ..Configuration::COLD },
        scene("lease"),
        scene("edits"),
    ] {
        let compared =
            twin::compare(&configuration, |_| ()).unwrap_or_else(|words| panic!("{words}"));
        let twin::Compared { states, twins, pending: _ } = compared;
        // A scene has fewer names that can differ.
        let least = if configuration.scene.is_some() { 400 } else { 1_000 };
        assert!(states > 1_000 && twins > least, "{}: {compared:?}", configuration.name);
    }
}
