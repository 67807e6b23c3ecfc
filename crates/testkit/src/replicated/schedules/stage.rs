//! The stage on which schedules are played.

use crate::replicated::journal::Journal;
use crate::replicated::log::{Hold, Log, Temper};
use crate::replicated::net::{Net, Quality};
use crate::replicated::scene::{Habits, Scene};
use crate::replicated::setup::{Flaw, Setup, millis};
use crate::replicated::takeover::runs_whole;
use crate::replicated::world::World;
use crate::sim::dice::Dice;
use crate::{Breach, Invariant};

/// The place where a schedule is played: its present world.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) flaw: Flaw,
    pub(super) world: Option<World>,
}

impl Stage {
    pub(super) fn lines(&self) -> Vec<String> {
        self.world.as_ref().map(|world| world.scene.journal.lines()).unwrap_or_default()
    }

    /// Returns a cluster of three nodes.
    pub(super) fn plain(&self) -> Setup {
        Setup { flaw: self.flaw, ..Setup::plain(3) }
    }
}

/// Lines of the record that are kept.
pub(super) const LINES: usize = 200;

/// Puts up a world in which everything works, and elections are made by hand.
pub(super) fn quiet(stage: &mut Stage, setup: Setup) -> &mut World {
    let mut log = Log::new(setup.seats(), millis(setup.timing.election), Temper::Calm);
    log.hold(Hold::Elections);
    let mut scene = Scene::new(setup, log, Net::new(Quality::GOOD), Habits::GOOD, Dice::new(1, 1));
    scene.journal = Journal::keeping(LINES);
    stage.world.insert(World::new(scene))
}

/// The parts that machines play: who leads, who owns everything, and another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast {
    pub(super) leader: usize,
    pub(super) owner: usize,
    pub(super) other: usize,
}

/// Returns a world in which everything is online, and does not run on the leader.
pub(super) fn settled(stage: &mut Stage, setup: Setup) -> Result<(&mut World, Cast), Breach> {
    let world = quiet(stage, setup);
    world.play(50)?;
    world.elect(1);
    let is_whole = |world: &World| world.judge_whole(Invariant::L1).is_ok();
    world.play_to(20_000, "everything is online", is_whole)?;
    let first = world.owner().unwrap_or_default();
    let leader = if first == 0 { 1 } else { 0 };
    world.elect(leader);
    world.play(1_000)?;
    let owner = world.owner().unwrap_or(first);
    let other = (0..world.scene.setup.nodes).find(|seat| *seat != owner && *seat != leader);
    Ok((world, Cast { leader, owner, other: other.unwrap_or_default() }))
}

impl World {
    /// Makes a machine leader in a new term.
    pub(super) fn elect(&mut self, seat: usize) {
        let now = self.scene.now;
        let Scene { log, dice, .. } = &mut self.scene;
        log.elect(seat, now, dice);
    }

    /// Returns the machine that runs all of the first group.
    pub(super) fn owner(&self) -> Option<usize> {
        let setup = &self.scene.setup;
        let owner = self.machines.iter().find(|machine| runs_whole(machine, 0, setup));
        owner.map(|machine| machine.host.seat)
    }

    pub(super) fn detection(&self) -> u64 {
        millis(self.scene.setup.timing.detection)
    }

    pub(super) fn lease(&self) -> u64 {
        millis(self.scene.setup.timing.lease)
    }

    pub(super) fn name(&self, seat: usize) -> &'static str {
        self.scene.setup.name(seat)
    }
}

/// Fails unless something holds.
pub(super) fn expect(holds: bool, invariant: Invariant, words: &str) -> Result<(), Breach> {
    if holds { Ok(()) } else { Err(Breach::of(invariant, words.to_owned())) }
}
