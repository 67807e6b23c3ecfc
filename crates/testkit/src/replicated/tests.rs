use super::draw::Finale;
use super::judge::Judge;
use super::log::{Log, Temper};
use super::net::{Net, Quality};
use super::scene::{Habits, Scene};
use super::setup::{Setup, millis};
use super::world::World;
use super::{Fault, Flaw, Schedule, Simulator};
use crate::sim::dice::Dice;
use crate::{Breach, Invariant};

fn world() -> World {
    let setup = Setup::plain(3);
    let log = Log::new(setup.seats(), millis(setup.timing.election), Temper::Calm);
    let scene = Scene::new(setup, log, Net::new(Quality::GOOD), Habits::GOOD, Dice::new(2, 2));
    World::new(scene)
}

fn broken(result: Result<(), Breach>) -> Option<Invariant> {
    result.err().and_then(|breach| breach.invariant)
}

#[test]
fn a_run_is_repeatable() {
    let simulator = Simulator::default();
    assert_eq!(simulator.run(3), simulator.run(3));
    assert_eq!(simulator.record(5), simulator.record(5));
}

/// Each mistake of an embedder is found by a schedule or a seed that keeps every promise without it.
#[test]
fn every_mistake_of_an_embedder_is_found() {
    // The first seed to try, for mistakes that no schedule shows.
    let seeds = [
        (Flaw::DetectionBelowLease, 15),
        (Flaw::FenceUnasked, 23),
        (Flaw::RestartIsProof, 215),
        (Flaw::GrantFromArrival, 8),
    ];
    for flaw in Flaw::ALL {
        let is_found = match seeds.iter().find(|(of, _)| *of == flaw) {
            Some((_, first)) => (*first..first + 60).any(|seed| {
                let found = Simulator::with(flaw).run(seed).is_err();
                found && Simulator::default().run(seed).is_ok()
            }),
            None => Schedule::ALL.iter().any(|of| of.play_with(flaw).is_err()),
        };
        assert!(is_found, "{flaw:?} is not found");
    }
}

#[test]
fn two_leaders_in_charge_of_one_term_are_seen() {
    let mut judge = Judge::default();
    judge.see_charge(3, 0);
    judge.see_charge(4, 1);
    judge.see_charge(3, 0);
    assert_eq!(judge.breach(), None);
    judge.see_charge(3, 1);
    assert_eq!(judge.breach().and_then(|of| of.invariant), Some(Invariant::S24));
}

#[test]
fn replicas_that_differ_in_the_members_are_seen() {
    let mut judge = Judge::default();
    judge.see_entry(1, 7, 5, 5);
    // Replicas of another release may decide otherwise.
    judge.see_entry(1, 8, 5, 6);
    assert_eq!(judge.breach(), None);
    judge.see_entry(1, 7, 5, 6);
    assert_eq!(judge.breach().and_then(|of| of.invariant), Some(Invariant::S24));
}

#[test]
fn a_node_that_stops_without_reason_is_seen() {
    let mut world = world();
    world.play(10_000).expect("nothing happens");
    // Nobody tells the judge of it.
    let leader = world.scene.log.leader().expect("there is one");
    let victim = if leader == 0 { 1 } else { 0 };
    world.scene.net.swallow(leader, victim);
    assert_eq!(broken(world.play(10_000)), Some(Invariant::L12));
}

#[test]
fn a_node_that_does_not_come_back_is_seen() {
    let mut world = world();
    world.play(10_000).expect("nothing happens");
    assert_eq!(world.judge_whole(Invariant::L1), Ok(()));
    let leader = world.scene.log.leader().expect("there is one");
    let victim = if leader == 0 { 1 } else { 0 };
    world.kill_machine(victim, 1_000_000);
    world.play(12_000).expect("the others go on");
    assert_eq!(broken(world.judge_whole(Invariant::L1)), Some(Invariant::L7));
}

#[test]
fn groups_that_are_down_in_the_end_are_seen() {
    let mut world = world();
    assert_eq!(broken(world.judge_whole(Invariant::L17)), Some(Invariant::L17));
    assert_eq!(broken(world.judge_groups(Invariant::L16, |_| true)), Some(Invariant::L16));
    // And the end of a run brings everything online.
    world.play(5_000).expect("nothing happens");
    assert!(world.strike(Fault::KillMachine));
    assert_eq!(world.finish(Finale::Restart), Ok(()));
}

#[test]
fn a_life_that_was_fenced_may_not_work() {
    let mut judge = Judge::default();
    let life = |number| quorate::replicate::NodeLife::new("a", quorate::Incarnation::new(number));
    judge.see_fence(1, 0, life(4));
    judge.see_life_at_work(&life(5));
    assert_eq!(judge.breach(), None);
    judge.see_life_at_work(&life(4));
    assert_eq!(judge.breach().and_then(|of| of.invariant), Some(Invariant::S26));
    let mut judge = Judge::default();
    judge.see_fence(0, 0, life(4));
    assert_eq!(judge.breach().and_then(|of| of.invariant), Some(Invariant::S26));
}
