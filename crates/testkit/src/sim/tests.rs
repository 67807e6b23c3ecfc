//! Plants flaws and checks that the simulator finds them.

use super::draw::{Draw, Weather};
use super::fault::FaultKind;
use super::run::{Shrunk, Simulator};
use super::stage::Flaw;
use crate::Invariant;
use crate::scenario::Runner;

/// Returns seeds of small clusters in which much happens.
fn small_and_busy() -> impl Iterator<Item = u64> {
    (0..).filter(|seed| {
        let Draw { declaration, swarm, .. } = Draw::new(*seed, Weather::Hostile);
        let resources: usize = declaration.groups.iter().map(|group| group.resources.len()).sum();
        resources <= 8 && swarm.tempo < 20_000
    })
}

/// Shrinks the first two of these seeds in which a resource runs twice, and returns the one with
/// fewer acts. A group that runs on two nodes with different resources is found as well, but
/// scenarios have no line for it.
fn found(simulator: Simulator, seeds: impl Iterator<Item = u64>) -> (u64, Shrunk) {
    let runs_twice = |seed: &u64| {
        let end = simulator.run(*seed, Weather::Hostile);
        end.is_err_and(|failure| failure.breach.invariant == Some(Invariant::S1))
    };
    let told = seeds.take(120).filter(runs_twice).take(2).map(|seed| {
        let shrunk = simulator.shrink(seed, Weather::Hostile, 400, |_| {});
        (seed, shrunk.expect("the seed fails again"))
    });
    told.min_by_key(|(_, shrunk)| shrunk.acts.1).expect("one is found")
}

fn lines_after_start(scenario: &str) -> Vec<String> {
    scenario.lines().skip_while(|line| *line != "start").map(String::from).collect()
}

#[test]
fn an_agent_that_lies_is_found_and_told_in_a_handful_of_lines() {
    let sound = Simulator::default().steps(200).with_fault(FaultKind::LyingStop, 5_000);
    let (seed, shrunk) = found(sound.with_flaw(Flaw::LiesAreJudged), small_and_busy());
    std::println!("seed {seed}: {} of {} acts\n{}", shrunk.acts.1, shrunk.acts.0, shrunk.scenario);
    assert_eq!(shrunk.breach.invariant, Some(Invariant::S1));
    assert!(shrunk.acts.1 <= 40, "{} acts are left", shrunk.acts.1);
    // Without the flaw the run keeps every promise.
    assert_eq!(sound.run(seed, Weather::Hostile).err(), None);
    // The scenario is understood, gives an equal text again, and ends in an equal state.
    let played = Runner.play(&shrunk.scenario).expect("every line is understood");
    assert_eq!(played.text, shrunk.scenario);
    assert!(shrunk.scenario.contains(&std::format!("\n{:016x}\n", shrunk.digest)));
    assert!(lines_after_start(&shrunk.scenario).iter().any(|line| line.starts_with("!! ")));
}
