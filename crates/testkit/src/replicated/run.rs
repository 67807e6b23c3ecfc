//! Plays one run for each seed.

use std::fmt;

use quorate::settings::Fencing;

use super::draw::{Draw, HOSTILE_UNTIL};
use super::fault::{Fault, Faults};
use super::judge::Checks;
use super::setup::{Flaw, Holder};
use super::takeover::Cause;
use super::world::World;
use crate::Breach;

/// A simulator that plays runs of replicated clusters from seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator {
    flaw: Flaw,
}

/// The results of a run that kept every promise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Nodes of the cluster.
    pub nodes: usize,
    /// The proof that lost nodes are off.
    pub fencing: Fencing,
    /// True if a keeper owns what runs, and not the daemon.
    pub has_keeper: bool,
    /// Faults by kind.
    pub faults: Faults,
    /// How long each takeover took in milliseconds, with its cause.
    pub takeovers: Vec<(Cause, u64)>,
    /// Entries of the log.
    pub entries: u64,
    /// Lives that nodes began.
    pub lives: u64,
    /// Grants that arrived.
    pub grants: u64,
    /// How often each thing was judged.
    pub checks: Checks,
}

/// A promise that a run broke.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The seed, or the name of the schedule.
    pub of: String,
    /// The cluster or the story in one line.
    pub cluster: String,
    /// The promise, and how it was broken.
    pub breach: Breach,
    /// The last lines of the record.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.of, self.cluster)?;
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        write!(f, "{}", self.breach)
    }
}

impl std::error::Error for Failure {}

impl Simulator {
    /// Plants a mistake of those who build on the parts.
    #[must_use]
    pub const fn with(flaw: Flaw) -> Self {
        Self { flaw }
    }

    /// Plays the run of a seed: 45 s with faults, then 35 s in which everything has to become well.
    ///
    /// # Errors
    ///
    /// The promise that was broken.
    pub fn run(&self, seed: u64) -> Result<Report, Box<Failure>> {
        let (world, result) = self.play(seed, 60);
        match result {
            Ok(()) => Ok(report(seed, &world)),
            Err(breach) => Err(Box::new(Failure {
                of: format!("seed {seed}"),
                cluster: in_words(&world),
                breach,
                trace: world.scene.journal.lines(),
            })),
        }
    }

    /// Plays the run of a seed, and returns everything that happened, line by line. The last line
    /// names the broken promise, if there is one.
    #[must_use]
    pub fn record(&self, seed: u64) -> Vec<String> {
        let (world, result) = self.play(seed, usize::MAX);
        let mut lines = vec![format!("seed {seed}, {}", in_words(&world))];
        lines.extend(world.scene.journal.lines());
        if let Err(breach) = result {
            lines.push(breach.to_string());
        }
        lines
    }

    fn play(&self, seed: u64, lines: usize) -> (World, Result<(), Breach>) {
        let Draw { mut scene, plan, finale } = Draw::of(seed, self.flaw);
        scene.journal = super::journal::Journal::keeping(lines);
        let mut world = World::new(scene);
        let result = check_timing(&world)
            .and_then(|()| play_faults(&mut world, plan))
            .and_then(|()| world.finish(finale));
        (world, result)
    }
}

/// Checks that the spans of a run fit, as everybody should who builds on the parts.
fn check_timing(world: &World) -> Result<(), Breach> {
    let setup = &world.scene.setup;
    if setup.flaw == Flaw::DetectionBelowLease {
        return Ok(());
    }
    let spec = setup
        .spec(super::setup::Release::Old)
        .map_err(|errors| Breach::apparatus(errors.to_string()))?;
    setup.timing.check(&spec).map_err(|error| Breach::apparatus(error.to_string()))
}

fn play_faults(world: &mut World, plan: Vec<(u64, Fault)>) -> Result<(), Breach> {
    for (at, fault) in plan {
        world.play_until(at)?;
        if world.strike(fault) {
            world.faults.note(fault, 1);
        }
    }
    world.play_until(HOSTILE_UNTIL)
}

fn in_words(world: &World) -> String {
    let setup = &world.scene.setup;
    format!(
        "{} nodes, witness {:?}, {:?}, held by {:?}, lease {:?}, detection {:?}, log {:?}",
        setup.nodes,
        setup.witness,
        setup.fencing,
        setup.holder,
        setup.timing.lease,
        setup.timing.detection,
        world.scene.log.temper,
    )
}

fn report(seed: u64, world: &World) -> Report {
    let scene = &world.scene;
    let mut faults = world.faults.clone();
    let (log, net, tally) = (scene.log.tally, &scene.net, scene.tally);
    for (fault, times) in [
        (Fault::Election, log.unprovoked),
        (Fault::LostProposal, log.lost),
        (Fault::DoubledProposal, log.doubled),
        (Fault::StalledProposal, log.stalled),
        (Fault::OtherTerm, log.other_term),
        (Fault::InstallSnapshot, log.snapshots),
        (Fault::LostMessage, net.losses),
        (Fault::DoubledMessage, net.doubles),
        (Fault::LateMessage, net.delays),
        (Fault::SlowDeath, tally.slow_deaths),
        (Fault::StubbornProcess, tally.stubborn),
        (Fault::SlowAgent, tally.slow_agents),
        (Fault::FailedOperation, tally.failed_operations),
        (Fault::WatchdogReset, tally.watchdog_resets),
    ] {
        faults.note(fault, times);
    }
    Report {
        seed,
        nodes: scene.setup.nodes,
        fencing: scene.setup.fencing,
        has_keeper: scene.setup.holder == Holder::Keeper,
        faults,
        takeovers: world.takeovers.took.clone(),
        entries: scene.log.last(),
        lives: tally.lives,
        grants: tally.grants,
        checks: scene.judge.checks,
    }
}
