//! Everything of a run that no machine owns: time, log, network, chance, the record, the judge.

use quorate::OpId;
use quorate::replicate::{Local, NodeLife};

use super::journal::Journal;
use super::judge::Judge;
use super::log::Log;
use super::net::Net;
use super::setup::{Flaw, Setup};
use crate::sim::dice::Dice;

/// The surroundings of all machines.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The true time in milliseconds.
    pub(super) now: u64,
    pub(super) setup: Setup,
    pub(super) log: Log,
    pub(super) net: Net,
    pub(super) dice: Dice,
    pub(super) journal: Journal,
    pub(super) judge: Judge,
    pub(super) habits: Habits,
    pub(super) orders: Vec<PowerOrder>,
    pub(super) tally: SceneTally,
    /// Since then a majority of machines and all links have been well.
    pub(super) well_since: u64,
}

/// How agents and processes behave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Milliseconds from the duty to its execution.
    pub(super) agent_delay: (u64, u64),
    /// Milliseconds of a start or stop.
    pub(super) duration: (u64, u64),
    /// Agents of a thousand that take seconds.
    pub(super) slow_agents: u64,
    /// Processes of a thousand that die slowly.
    pub(super) slow_deaths: u64,
    /// Processes of a thousand that no signal ends.
    pub(super) stubborn: u64,
    /// Operations of a thousand that fail or hang.
    pub(super) failures: u64,
    /// Milliseconds from the command to a power switch until the power goes off.
    pub(super) switch_delay: (u64, u64),
}

impl Habits {
    /// Everything works, and quickly.
    pub(super) const GOOD: Self = Self {
        agent_delay: (0, 5),
        duration: (5, 40),
        slow_agents: 0,
        slow_deaths: 0,
        stubborn: 0,
        failures: 0,
        switch_delay: (20, 60),
    };
}

/// A command to a power switch that is on its way.
#[derive(Clone, Debug)]
pub(super) struct PowerOrder {
    pub(super) at: u64,
    pub(super) victim: usize,
    pub(super) life: NodeLife,
    pub(super) by: usize,
    pub(super) operation: OpId,
    pub(super) warrant: Warrant,
}

/// The right to fence: the fence was still wanted when the switch got it, from a node with a lease.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Warrant {
    Valid,
    Missing,
}

/// How often things happened that no fault is drawn for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SceneTally {
    pub(super) slow_deaths: u64,
    pub(super) stubborn: u64,
    pub(super) failed_operations: u64,
    pub(super) slow_agents: u64,
    pub(super) resets: u64,
    pub(super) watchdog_resets: u64,
    pub(super) lives: u64,
    pub(super) grants: u64,
    pub(super) denials: u64,
}

impl Scene {
    /// Returns a scene at the beginning.
    pub(super) fn new(setup: Setup, log: Log, net: Net, habits: Habits, dice: Dice) -> Self {
        Self {
            now: 0,
            setup,
            log,
            net,
            dice,
            journal: Journal::keeping(60),
            judge: Judge::default(),
            habits,
            orders: Vec::new(),
            tally: SceneTally::default(),
            well_since: 0,
        }
    }

    /// Tells whether a majority of machines, all links and the engine were well since that time.
    pub(super) const fn is_peaceful_since(&self, since: u64) -> bool {
        self.well_since <= since
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.setup.flaw == flaw
    }

    /// Adds a line about a machine to the record.
    pub(super) fn note(&mut self, seat: usize, local: Local, words: &str) {
        let name = self.setup.name(seat);
        self.journal.note(self.now, name, local, words);
    }

    /// Draws the delay of an agent.
    pub(super) fn draw_agent_delay(&mut self) -> u64 {
        let Habits { agent_delay: (low, high), slow_agents, .. } = self.habits;
        if self.dice.chance(slow_agents, 1_000) {
            self.tally.slow_agents = self.tally.slow_agents.saturating_add(1);
            return self.dice.log_uniform(200, 6_000);
        }
        self.dice.between(low, high)
    }

    /// Draws the time from a signal to the death of a process; `None` if no signal ends it.
    pub(super) fn draw_death(&mut self) -> Option<u64> {
        let Habits { slow_deaths, stubborn, .. } = self.habits;
        if self.dice.chance(stubborn, 1_000) {
            self.tally.stubborn = self.tally.stubborn.saturating_add(1);
            return None;
        }
        if self.dice.chance(slow_deaths, 1_000) {
            self.tally.slow_deaths = self.tally.slow_deaths.saturating_add(1);
            return Some(self.dice.between(50, 3_000));
        }
        Some(self.dice.between(0, 15))
    }
}
