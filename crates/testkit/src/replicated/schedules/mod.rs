//! Schedules: histories written by hand, each of which shows one hole that is closed.

use super::journal::Journal;
use super::log::{Hold, Log, Temper};
use super::net::{Net, Quality};
use super::run::Failure;
use super::scene::{Habits, Scene};
use super::setup::{Flaw, Setup, millis};
use super::takeover::runs_whole;
use super::world::World;
use crate::sim::dice::Dice;
use crate::{Breach, Invariant};

mod down;
mod leases;
mod lives;
mod records;

/// A history written by hand.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Its name.
    pub name: &'static str,
    /// The story in one sentence.
    pub about: &'static str,
    play: fn(&mut Stage) -> Result<(), Breach>,
}

macro_rules! schedules {
    ($($(#[doc = $about:literal])+ $room:ident::$name:ident,)+) => {
        impl Schedule {
            /// Every schedule.
            pub const ALL: &'static [Self] = &[$(Self {
                name: stringify!($name),
                about: concat!($($about),+).trim_ascii_start(),
                play: $room::$name,
            },)+];
        }
    };
}

schedules! {
    /// An entry of a leader that lost its charge stalls, and reaches the engine when the same node leads again (hole 1).
    leases::entry_of_an_earlier_charge,
    /// A lost node is heard between the proposal of its loss and its commit.
    leases::beat_while_being_lost,
    /// A leader learns late that a quorum affirmed it, when another one leads already.
    leases::late_affirmation,
    /// A new leader has never heard of anybody.
    leases::new_leader_knows_no_silence,
    /// A node is a member, and its first grant does not arrive.
    leases::no_first_grant,
    /// An owner is cut off from everybody, and its daemon owns what runs.
    leases::owner_cut_off,
    /// An operator says that a node is off while its lease lasts (hole 6).
    leases::word_while_leased,
    /// An operator says without a number that a node is off while its lease lasts, and at a node (hole 6).
    leases::word_without_a_life,
    /// The disk under the log of a node hangs until its start was given up (hole 4).
    leases::laggard_wakes,
    /// A daemon is killed while something of its life dies slowly (hole 2).
    lives::restart_while_something_dies,
    /// A daemon stands still, and what it ran cannot be killed (hole 3).
    lives::nobody_to_reset,
    /// A node leaves while the cluster starts something on it (hole 5).
    lives::leaving_node,
    /// A keeper stops everything a moment before a grant arrives (hole 8).
    lives::keeper_is_first,
    /// A node lost the number of its life (hole 12).
    lives::number_lost,
    /// The leader hears nobody; the others go on (hole 7).
    down::deaf_leader,
    /// The disk of the leader hangs while everything else of it works.
    down::leader_behind,
    /// The leader loses power; the others go on (hole 7).
    down::dead_leader,
    /// A leader is cut off for longer than a detection, and nobody else can lead.
    down::everybody_silent,
    /// A leader is cut off for a little more than a detection, while all leases last.
    down::short_gap,
    /// A node is heard by all and hears nobody.
    down::node_that_hears_nobody,
    /// Leaders change every few seconds while nothing happens (hole 9).
    down::idle_log,
    /// A witness wins the election, and the leader is to be fenced (hole 10).
    down::witness_wins,
    /// Power is lost everywhere (hole 11).
    down::power_lost_everywhere,
    /// A node dies that cannot be fenced.
    down::fence_without_answer,
    /// The links of two of five nodes are cut to everybody but the leader.
    down::gaps_between_links,
    /// The engine hands an entry out twice.
    records::entry_lands_twice,
    /// The engine loses a report, and others follow it closely.
    records::lost_report,
    /// A node that lags behind goes on from a snapshot.
    records::snapshot_for_a_laggard,
    /// A node changes to a release with other rules.
    records::other_rules,
}

impl Schedule {
    /// Plays it.
    ///
    /// # Errors
    ///
    /// The promise that was broken, with the last lines of the record.
    pub fn play(&self) -> Result<(), Box<Failure>> {
        self.play_with(Flaw::None)
    }

    /// Plays it with a mistake of those who build on the parts.
    ///
    /// # Errors
    ///
    /// The promise that was broken, with the last lines of the record.
    pub fn play_with(&self, flaw: Flaw) -> Result<(), Box<Failure>> {
        let mut stage = Stage { flaw, world: None };
        (self.play)(&mut stage).map_err(|breach| {
            let trace = stage.lines();
            Box::new(Failure { of: self.name.into(), cluster: self.about.into(), breach, trace })
        })
    }

    /// Plays it, and returns the last lines of the record, with the broken promise if there is one.
    #[must_use]
    pub fn record(&self) -> Vec<String> {
        let mut stage = Stage { flaw: Flaw::None, world: None };
        let result = (self.play)(&mut stage);
        let mut lines = stage.lines();
        lines.extend(result.err().map(|breach| breach.to_string()));
        lines
    }
}

/// The place where a schedule is played: its present world.
#[derive(Clone, Debug)]
struct Stage {
    flaw: Flaw,
    world: Option<World>,
}

impl Stage {
    fn lines(&self) -> Vec<String> {
        self.world.as_ref().map(|world| world.scene.journal.lines()).unwrap_or_default()
    }

    /// Returns a cluster of three nodes.
    fn plain(&self) -> Setup {
        Setup { flaw: self.flaw, ..Setup::plain(3) }
    }
}

/// Lines of the record that are kept.
const LINES: usize = 200;

/// Puts up a world in which everything works, and elections are made by hand.
fn quiet(stage: &mut Stage, setup: Setup) -> &mut World {
    let mut log = Log::new(setup.seats(), millis(setup.timing.election), Temper::Calm);
    log.hold(Hold::Elections);
    let mut scene = Scene::new(setup, log, Net::new(Quality::GOOD), Habits::GOOD, Dice::new(1, 1));
    scene.journal = Journal::keeping(LINES);
    stage.world.insert(World::new(scene))
}

/// The parts that machines play: who leads, who owns everything, and another one.
#[derive(Clone, Copy, Debug)]
struct Cast {
    leader: usize,
    owner: usize,
    other: usize,
}

/// Returns a world in which everything is online, and does not run on the leader.
fn settled(stage: &mut Stage, setup: Setup) -> Result<(&mut World, Cast), Breach> {
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
    fn elect(&mut self, seat: usize) {
        let now = self.scene.now;
        let Scene { log, dice, .. } = &mut self.scene;
        log.elect(seat, now, dice);
    }

    /// Returns the machine that runs all of the first group.
    fn owner(&self) -> Option<usize> {
        let setup = &self.scene.setup;
        let owner = self.machines.iter().find(|machine| runs_whole(machine, 0, setup));
        owner.map(|machine| machine.host.seat)
    }

    fn detection(&self) -> u64 {
        millis(self.scene.setup.timing.detection)
    }

    fn lease(&self) -> u64 {
        millis(self.scene.setup.timing.lease)
    }

    fn name(&self, seat: usize) -> &'static str {
        self.scene.setup.name(seat)
    }
}

/// Fails unless something holds.
fn expect(holds: bool, invariant: Invariant, words: &str) -> Result<(), Breach> {
    if holds { Ok(()) } else { Err(Breach::of(invariant, words.to_owned())) }
}
