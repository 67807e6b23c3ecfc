//! Draws from a seed: the cluster, its surroundings, and when each fault strikes.

use std::time::Duration;

use quorate::replicate::{Quarantine, Timing};
use quorate::settings::Fencing;

use super::fault::Fault;
use super::log::{Log, Temper};
use super::net::{Net, Quality};
use super::scene::{Habits, Scene};
use super::setup::{Flaw, Holder, Setup, Witness, millis};
use crate::sim::dice::Dice;

/// The end of the time in which faults strike.
pub(super) const HOSTILE_UNTIL: u64 = 45_000;

/// Everything that a seed draws.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    pub(super) scene: Scene,
    /// Kinds of faults with their times, ascending.
    pub(super) plan: Vec<(u64, Fault)>,
    pub(super) finale: Finale,
}

/// The end of a run: the faults are over, and everything has been mended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Finale {
    Nothing,
    /// Power is lost everywhere and comes back.
    Restart,
    /// Links are cut so that not everybody hears everybody, but a majority hears the leader.
    Gaps,
    /// A node dies that cannot be fenced.
    Unfenced,
}

impl Draw {
    pub(super) fn of(seed: u64, flaw: Flaw) -> Self {
        let mut dice = Dice::new(seed, 77);
        let setup = draw_setup(&mut dice, flaw);
        let is_calm = dice.chance(2, 5);
        let temper = if is_calm { Temper::Calm } else { Temper::Wild };
        let quality = if is_calm { Quality::GOOD } else { draw_quality(&mut dice) };
        let habits = draw_habits(&mut dice);
        let log = Log::new(setup.seats(), millis(setup.timing.election), temper);
        let plan = draw_plan(&mut dice, &setup);
        let finale = match setup.fencing {
            Fencing::Required => {
                let finales = [Finale::Nothing, Finale::Restart, Finale::Gaps, Finale::Unfenced];
                dice.one_of(&finales)
            }
            Fencing::Trusted | Fencing::Lease { .. } => {
                dice.one_of(&[Finale::Nothing, Finale::Restart, Finale::Gaps])
            }
            Fencing::Operator => dice.one_of(&[Finale::Nothing, Finale::Restart]),
        };
        let finale = finale.unwrap_or(Finale::Nothing);
        let scene = Scene::new(setup, log, Net::new(quality), habits, Dice::new(seed, 78));
        Self { scene, plan, finale }
    }
}

fn draw_setup(dice: &mut Dice, flaw: Flaw) -> Setup {
    let nodes: usize = dice.pick(&[3, 3, 5, 5, 7]);
    let span = |dice: &mut Dice, choices: &[u64]| Duration::from_millis(dice.pick(choices));
    let beat = span(dice, &[50, 100]);
    let election = span(dice, &[150, 300]);
    let stop = span(dice, &[200, 400, 800]);
    let watchdog = span(dice, &[300, 700, 1_000]);
    let mut timing = Timing::fitting(beat, election, stop, watchdog);
    let duration = timing.lease.saturating_add(stop);
    let fencing = match dice.below(4) {
        0 => Fencing::Trusted,
        1 => {
            let margin = watchdog.saturating_add(Duration::from_millis(10));
            Fencing::Lease { duration, margin }
        }
        2 => Fencing::Required,
        _ => Fencing::Operator,
    };
    if matches!(fencing, Fencing::Required | Fencing::Operator) {
        // The proof comes from elsewhere, so a silence may be noticed while the lease lasts.
        let parts = dice.between(4, 10);
        timing.detection = timing.detection.saturating_mul(u32::try_from(parts).unwrap_or(10));
        timing.detection = Duration::from_millis(millis(timing.detection).div_euclid(10));
    }
    if flaw == Flaw::DetectionBelowLease {
        timing.detection = Duration::from_millis(600);
    }
    // A node more and a witness make an odd number again.
    let witness = if nodes < 7 && dice.chance(1, 4) { Witness::Votes } else { Witness::Absent };
    let nodes = if witness == Witness::Votes { nodes.saturating_sub(1) } else { nodes };
    let quarantine = dice.chance(1, 10).then(|| {
        let mut rule = Quarantine::default();
        rule.lives = 4;
        rule.within = Duration::from_secs(20);
        rule.lasts = Duration::from_secs(8);
        rule
    });
    Setup {
        nodes,
        witness,
        fencing,
        holder: if dice.chance(2, 3) { Holder::Keeper } else { Holder::Daemon },
        timing,
        groups: usize::try_from(dice.between(1, 4)).unwrap_or(1),
        resources: usize::try_from(dice.between(1, 3)).unwrap_or(1),
        quarantine,
        room: dice.pick(&[8, 64, 4_096, 4_096]),
        tick: dice.pick(&[1, 2, 4, 5]),
        flaw,
        ..Setup::plain(nodes)
    }
}

fn draw_quality(dice: &mut Dice) -> Quality {
    Quality {
        lost: dice.pick(&[0, 0, 5, 50]),
        doubled: dice.pick(&[0, 10, 100]),
        late: dice.pick(&[0, 0, 5, 50]),
        delay: dice.pick(&[(1, 3), (1, 10), (5, 40)]),
    }
}

fn draw_habits(dice: &mut Dice) -> Habits {
    Habits {
        agent_delay: dice.pick(&[(0, 5), (0, 60), (0, 400)]),
        duration: dice.pick(&[(5, 40), (5, 400), (50, 1_500)]),
        slow_agents: dice.pick(&[0, 0, 20, 150]),
        slow_deaths: dice.pick(&[0, 30, 200]),
        stubborn: dice.pick(&[0, 0, 10, 60]),
        failures: dice.pick(&[0, 20, 100]),
        switch_delay: dice.pick(&[(20, 60), (20, 3_000)]),
    }
}

/// Draws when faults strike, and which: some kinds are left out in each run, so that the others meet
/// each other more often.
fn draw_plan(dice: &mut Dice, setup: &Setup) -> Vec<(u64, Fault)> {
    let kinds: Vec<(Fault, u64)> = Fault::ALL
        .iter()
        .map(|kind| (*kind, kind.weight()))
        .filter(|(kind, weight)| *weight > 0 && is_possible(*kind, setup))
        .filter(|(kind, _)| dice.chance(if *kind == Fault::Upgrade { 1 } else { 5 }, 8))
        .collect();
    let total = kinds.iter().fold(0_u64, |sum, (_, weight)| sum.saturating_add(*weight));
    let pause = dice.log_uniform(150, 4_000);
    let mut plan = Vec::new();
    let mut at: u64 = 3_000;
    while at < HOSTILE_UNTIL && total > 0 {
        let mut left = dice.below(total);
        let drawn = kinds.iter().find(|(_, weight)| {
            let is_here = left < *weight;
            left = left.saturating_sub(*weight);
            is_here
        });
        if let Some((kind, _)) = drawn {
            plan.push((at, *kind));
        }
        at = at.saturating_add(dice.between(1, pause.saturating_mul(2)));
    }
    plan
}

fn is_possible(fault: Fault, setup: &Setup) -> bool {
    match fault {
        Fault::FreezeKeeper | Fault::KillKeeper => setup.holder == Holder::Keeper,
        Fault::KillSwitch => setup.fencing == Fencing::Required,
        _ => true,
    }
}
