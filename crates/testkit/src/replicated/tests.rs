use super::log::{Log, Temper};
use super::net::{Net, Quality};
use super::scene::{Habits, Scene};
use super::setup::{Setup, millis};
use super::world::World;
use crate::sim::dice::Dice;

fn quiet(setup: Setup) -> World {
    let log = Log::new(setup.seats(), millis(setup.timing.election), Temper::Calm);
    let scene = Scene::new(setup, log, Net::new(Quality::GOOD), Habits::GOOD, Dice::new(1, 1));
    World::new(scene)
}

#[test]
fn a_quiet_cluster_comes_online() {
    let mut world = quiet(Setup::plain(3));
    world.play_until(10_000).unwrap_or_else(|breach| {
        panic!("{breach}\n{}", world.scene.journal.lines().join("\n"))
    });
    println!("{}", world.scene.journal.lines().join("\n"));
    println!("{:?}", world.scene.tally);
    let running: usize = world.machines.iter().map(|of| of.host.processes.len()).sum();
    assert_eq!(running, 4);
}
