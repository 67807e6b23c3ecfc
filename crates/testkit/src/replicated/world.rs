//! The world of a run: all machines, one millisecond after the other.

use quorate::Outcome;

use super::clock::MachineClock;
use super::fault::Faults;
use super::machine::Machine;
use super::net::{Mail, Quality};
use super::scene::{PowerOrder, Scene, Warrant};
use super::setup::millis;
use super::takeover::Takeovers;
use crate::{Breach, Invariant};

/// All machines and their surroundings.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) scene: Scene,
    pub(super) machines: Vec<Machine>,
    pub(super) takeovers: Takeovers,
    /// Power switches that do not answer, each until a time.
    pub(super) dead_switches: Vec<(usize, u64)>,
    /// The end of bad weather, and the quality that the links usually have.
    pub(super) weather_until: u64,
    pub(super) usual: Quality,
    /// The next machine changes to the new release at this time.
    pub(super) upgrades: Option<u64>,
    pub(super) faults: Faults,
}

impl World {
    /// Returns a world in which every machine has just been turned on.
    pub(super) fn new(mut scene: Scene) -> Self {
        let seats = scene.setup.seats();
        let mut machines = Vec::new();
        for seat in 0..seats {
            let offset = scene.dice.between(1_000_000, 40_000_000);
            let drift =
                i64::try_from(scene.dice.between(0, 300)).unwrap_or(150).saturating_sub(150);
            machines.push(Machine::new(seat, &scene, MachineClock::new(offset, drift)));
        }
        Self {
            usual: scene.net.quality,
            scene,
            machines,
            takeovers: Takeovers::default(),
            dead_switches: Vec::new(),
            weather_until: u64::MAX,
            upgrades: None,
            faults: Faults::default(),
        }
    }

    pub(super) const fn now(&self) -> u64 {
        self.scene.now
    }

    /// Plays until a time, or until a promise is broken.
    pub(super) fn play_until(&mut self, until: u64) -> Result<(), Breach> {
        while self.scene.now < until {
            self.step()?;
        }
        Ok(())
    }

    /// Plays for so many milliseconds, or until a promise is broken.
    pub(super) fn play(&mut self, span: u64) -> Result<(), Breach> {
        self.play_until(self.scene.now.saturating_add(span))
    }

    /// Plays until something holds, and fails if it does not within so many milliseconds.
    pub(super) fn play_to(
        &mut self,
        most: u64,
        what: &str,
        holds: impl Fn(&Self) -> bool,
    ) -> Result<(), Breach> {
        let end = self.scene.now.saturating_add(most);
        while !holds(self) {
            if self.scene.now >= end {
                return Err(Breach::apparatus(format!("not within {most} ms: {what}")));
            }
            self.step()?;
        }
        Ok(())
    }

    /// Plays one millisecond.
    pub(super) fn step(&mut self) -> Result<(), Breach> {
        let Self { scene, machines, .. } = self;
        scene.now = scene.now.saturating_add(1);
        let now = scene.now;
        while let Some(Mail { to, message }) = scene.net.take(now) {
            if let Some(machine) = machines.get_mut(to).filter(|of| of.daemon.is_some()) {
                machine.host.inbox.push_back(message);
            }
        }
        let Scene { log, net, dice, .. } = scene;
        log.step(now, net, dice);
        for machine in machines.iter_mut() {
            machine.step(scene);
        }
        self.switch_power();
        self.upgrade();
        self.mend_weather();
        self.judge_starts();
        self.judge_leases();
        self.note_peace();
        self.takeovers.watch(now, &self.machines, &self.scene.setup);
        match self.scene.judge.breach() {
            Some(breach) => Err(breach.clone()),
            None => Ok(()),
        }
    }

    /// Carries out what power switches were told.
    fn switch_power(&mut self) {
        let now = self.scene.now;
        if self.scene.orders.iter().all(|order| order.at > now) {
            return;
        }
        let (due, later) =
            std::mem::take(&mut self.scene.orders).into_iter().partition(|of| of.at <= now);
        self.scene.orders = later;
        let due: Vec<PowerOrder> = due;
        for order in due {
            let PowerOrder { victim, life, by, operation, warrant, .. } = order;
            if warrant == Warrant::Missing {
                let words = format!("{life} is fenced by a node that may not, or needlessly");
                self.scene.judge.fail(Invariant::S26, words);
            }
            if self.dead_switches.iter().any(|(dead, until)| *dead == victim && *until > now) {
                continue;
            }
            let until = now.saturating_add(self.scene.dice.between(500, 4_000));
            self.scene.judge.see_fence(by, victim, life);
            if let Some(machine) = self.machines.get_mut(victim) {
                machine.host.touched_until = machine.host.touched_until.max(until);
                machine.cut_power(&mut self.scene, until, "fenced");
            }
            if let Some(machine) = self.machines.get_mut(by).filter(|of| of.daemon.is_some()) {
                machine.host.switched.push((operation, Outcome::Succeeded));
            }
        }
    }

    /// S1, S9: no resource runs on two machines at one time.
    fn judge_starts(&mut self) {
        for at in 0..self.machines.len() {
            let Some(machine) = self.machines.get_mut(at) else { continue };
            for resource in std::mem::take(&mut machine.host.begun) {
                self.judge_start(at, &resource);
            }
        }
    }

    fn judge_start(&mut self, at: usize, resource: &str) {
        let checks = &mut self.scene.judge.checks;
        checks.starts = checks.starts.saturating_add(1);
        let others = self.machines.iter().filter(|of| of.host.seat != at && of.host.runs(resource));
        let others: Vec<&str> = others.map(|of| of.host.name).collect();
        if others.is_empty() {
            return;
        }
        let here = self.machines.get(at);
        let proofs: Vec<String> = others.iter().map(|name| proof(here, name)).collect();
        let name = here.map_or("?", |of| of.host.name);
        self.scene.judge.fail(
            Invariant::S1,
            format!(
                "{resource} starts on {name} while it runs on {} (S9: proof {})",
                others.join(" and "),
                proofs.join(" and ")
            ),
        );
    }

    /// S25, L6: everything is off within lease, stop and watchdog after the last beat that was
    /// answered, also on a node that nobody can reach.
    fn judge_leases(&mut self) {
        let now = self.scene.now;
        let bound = millis(self.scene.setup.timing.runs_until()).saturating_add(2);
        for machine in &self.machines {
            let host = &machine.host;
            if host.processes.is_empty() {
                continue;
            }
            let checks = &mut self.scene.judge.checks;
            checks.leases = checks.leases.saturating_add(1);
            let late = host.processes.iter().find(|process| {
                let granted = host.grants.get(&process.life);
                granted.is_none_or(|sent| now.saturating_sub(*sent) > bound)
            });
            let Some(process) = late else { continue };
            let granted = host.grants.get(&process.life);
            let (name, resource, life) = (host.name, &process.resource, process.life);
            let words = match granted {
                None => {
                    format!("{resource} runs on {name} in life {life}, which was never granted")
                }
                Some(sent) => format!(
                    "{resource} runs on {name} {} ms after the last beat of life {life} that was \
                     answered; {bound} ms are allowed",
                    now.saturating_sub(*sent)
                ),
            };
            let reached = (0..self.scene.setup.seats()).filter(|other| {
                self.scene.net.is_open(host.seat, *other, now)
                    && self.scene.net.is_open(*other, host.seat, now)
            });
            let is_cut_off = reached.count().saturating_mul(2) <= self.scene.setup.seats();
            let broken = if is_cut_off { Invariant::L6 } else { Invariant::S25 };
            self.scene.judge.fail(broken, words);
        }
    }

    /// Notes whether a majority of machines and all links are well.
    fn note_peace(&mut self) {
        let now = self.scene.now;
        let well = self.machines.iter().filter(|machine| {
            machine.host.touched_until < now && machine.host.is_on() && machine.daemon.is_some()
        });
        let is_majority = well.count().saturating_mul(2) > self.machines.len();
        let net = &self.scene.net;
        let is_good = net.is_whole(now) && net.quality.lost == 0 && net.quality.late == 0;
        let is_calm = self.scene.log.temper == super::log::Temper::Calm;
        if !is_majority || !is_good || !is_calm {
            self.scene.well_since = now;
        }
    }
}

/// Returns by which proof the replica of a machine takes another node for off.
fn proof(machine: Option<&Machine>, node: &str) -> String {
    let cluster = machine.and_then(|of| of.daemon.as_ref()).map(|of| of.replica.cluster());
    let record = cluster.and_then(|cluster| {
        let id = cluster.spec().node_id(node)?;
        cluster.state().node(id)
    });
    record.map_or_else(|| "unknown".into(), |of| format!("{:?}, {:?}", of.state(), of.proof()))
}
