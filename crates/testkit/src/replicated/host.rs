//! A machine without its daemon: clock, power, watchdog, disk, keeper, and the processes that run.

use std::collections::{BTreeMap, VecDeque};

use quorate::replicate::{Keeper, Local, NodeLife, ReplicaSnapshot};
use quorate::{Incarnation, OpId, Outcome};

use super::clock::MachineClock;
use super::net::Message;
use super::scene::Scene;
use super::setup::{Flaw, Holder, Release, millis};

/// A machine and everything on it that outlives its daemon.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) seat: usize,
    pub(super) name: &'static str,
    pub(super) clock: MachineClock,
    pub(super) power: Power,
    pub(super) daemon_frozen_until: u64,
    pub(super) keeper_frozen_until: u64,
    /// The keeper was killed: nobody feeds the watchdog.
    pub(super) is_keeper_dead: bool,
    pub(super) disk: Disk,
    pub(super) keeper: Keeper,
    /// Orders of the daemon to the keeper that it has not read.
    pub(super) pipe: VecDeque<Order>,
    /// The last feeding of the watchdog; `None` before it was armed.
    fed_at: Option<u64>,
    pub(super) processes: Vec<Process>,
    /// Resources that were started in this millisecond.
    pub(super) begun: Vec<String>,
    /// Resources that died by themselves, each with the time at which its agent notices.
    pub(super) died: Vec<(String, u64)>,
    pub(super) inbox: VecDeque<Message>,
    /// Results of power switches for the daemon.
    pub(super) switched: Vec<(OpId, Outcome)>,
    /// The true time of the beat of the last grant, for each life.
    pub(super) grants: BTreeMap<Incarnation, u64>,
    /// Words of the keeper are sent until this time, and next at that one.
    off_words: (u64, u64),
    /// No fault that concerned this machine is remembered after this time.
    pub(super) touched_until: u64,
}

/// The power of a machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Power {
    /// On, and the daemon starts at this time if it does not run.
    On { daemon_at: u64 },
    /// Off until this time.
    Off { until: u64 },
}

/// The disk of a machine: it outlives a restart.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) incarnation: Incarnation,
    pub(super) snapshot: Option<ReplicaSnapshot>,
    pub(super) release: Release,
}

/// An order of the daemon to the keeper.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// The lease of this life ends at this time.
    Extend(NodeLife, Local),
    /// Everything has to stop.
    Stop,
    /// Start this resource in this life.
    Spawn(String, NodeLife),
}

/// A resource that runs.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) resource: String,
    pub(super) life: Incarnation,
    /// The time of its death, if it was told to die and obeys.
    pub(super) dies_at: Option<u64>,
    /// It was told to die.
    pub(super) is_told: bool,
}

impl Host {
    /// Returns a machine that boots at a time.
    pub(super) fn new(seat: usize, name: &'static str, scene: &Scene, clock: MachineClock) -> Self {
        let timing = scene.setup.timing;
        Self {
            seat,
            name,
            clock,
            power: Power::On { daemon_at: 0 },
            daemon_frozen_until: 0,
            keeper_frozen_until: 0,
            is_keeper_dead: false,
            disk: Disk::default(),
            keeper: Keeper::new(timing, timing.watchdog),
            pipe: VecDeque::new(),
            fed_at: None,
            processes: Vec::new(),
            begun: Vec::new(),
            died: Vec::new(),
            inbox: VecDeque::new(),
            switched: Vec::new(),
            grants: BTreeMap::new(),
            off_words: (0, 0),
            touched_until: 0,
        }
    }

    pub(super) const fn is_on(&self) -> bool {
        matches!(self.power, Power::On { .. })
    }

    /// Returns the reading of the clock.
    pub(super) fn local(&self, now: u64) -> Local {
        self.clock.read(now)
    }

    /// Adds a line to the record.
    pub(super) fn note(&self, scene: &mut Scene, words: &str) {
        let local = self.local(scene.now);
        scene.note(self.seat, local, words);
    }

    /// Takes the power away until a time. Everything that runs is gone.
    pub(super) fn cut_power(&mut self, scene: &mut Scene, until: u64, why: &str) {
        self.note(scene, &format!("power off, {why}"));
        self.power = Power::Off { until };
        self.processes.clear();
        self.died.clear();
        self.pipe.clear();
        self.inbox.clear();
        self.switched.clear();
        self.begun.clear();
        self.fed_at = None;
        self.is_keeper_dead = false;
        self.daemon_frozen_until = 0;
        self.keeper_frozen_until = 0;
        let timing = scene.setup.timing;
        self.keeper = Keeper::new(timing, timing.watchdog);
    }

    /// Feeds the watchdog, which is armed from then on.
    pub(super) fn feed(&mut self, now: u64) {
        self.fed_at = Some(now);
    }

    /// Tells whether the watchdog resets the machine now.
    pub(super) fn is_starved(&self, scene: &Scene) -> bool {
        let patience = millis(scene.setup.timing.watchdog);
        self.fed_at.is_some_and(|at| scene.now.saturating_sub(at) >= patience)
            && !scene.has(Flaw::NoWatchdog)
    }

    /// Tells whether the keeper does anything now.
    pub(super) const fn is_keeper_awake(&self, now: u64) -> bool {
        !self.is_keeper_dead && self.keeper_frozen_until <= now
    }

    /// Lets processes die that were told to.
    pub(super) fn bury(&mut self, now: u64) {
        self.processes.retain(|process| process.dies_at.is_none_or(|at| at > now));
    }

    /// Starts a resource, or has the keeper start it.
    pub(super) fn spawn(&mut self, scene: &mut Scene, resource: &str, life: &NodeLife) {
        match scene.setup.holder {
            Holder::Keeper => {
                self.pipe.push_back(Order::Spawn(resource.to_owned(), life.clone()));
            }
            Holder::Daemon => self.run(scene, resource, life),
        }
    }

    fn run(&mut self, scene: &mut Scene, resource: &str, life: &NodeLife) {
        scene.judge.see_life_at_work(life);
        self.note(scene, &format!("{resource} runs"));
        let known = self.processes.iter_mut().find(|process| process.resource == resource);
        if let Some(process) = known {
            // A second start of what runs is harmless.
            process.life = process.life.max(life.incarnation);
            return;
        }
        let process = Process {
            resource: resource.to_owned(),
            life: life.incarnation,
            dies_at: None,
            is_told: false,
        };
        self.processes.push(process);
        self.begun.push(resource.to_owned());
    }

    pub(super) fn runs(&self, resource: &str) -> bool {
        self.processes.iter().any(|process| process.resource == resource)
    }

    /// Tells one process to die, or all of them.
    pub(super) fn kill(&mut self, scene: &mut Scene, resource: Option<&str>) {
        let now = scene.now;
        for process in &mut self.processes {
            let is_meant = resource.is_none_or(|resource| process.resource == resource);
            if is_meant && !process.is_told {
                process.is_told = true;
                process.dies_at = scene.draw_death().map(|delay| now.saturating_add(delay));
            }
        }
    }

    /// Lets the keeper do what is due.
    pub(super) fn keep(&mut self, scene: &mut Scene) {
        if scene.setup.holder == Holder::Daemon || !self.is_keeper_awake(scene.now) {
            return;
        }
        let local = self.local(scene.now);
        while let Some(order) = self.pipe.pop_front() {
            match order {
                Order::Extend(life, until) if scene.has(Flaw::BlindKeeper) => {
                    let never = until.after(std::time::Duration::from_secs(1_000));
                    self.keeper.extend(local, &life, never);
                }
                Order::Extend(life, until) => self.keeper.extend(local, &life, until),
                Order::Stop => self.keeper.stop(local),
                Order::Spawn(resource, life) if self.keeper.holds(local, &life) => {
                    self.run(scene, &resource, &life);
                }
                Order::Spawn(..) => {}
            }
        }
        if self.keeper.handle_timeout(local).is_some() {
            self.kill(scene, None);
            if self.processes.is_empty()
                && let Some(life) = self.keeper.handle_empty()
            {
                self.note(scene, &format!("keeper: everything of {life} is off"));
                self.off_words = (scene.now.saturating_add(2_000), scene.now);
            }
        }
        if self.keeper.feeds_watchdog(local) {
            self.feed(scene.now);
        }
        self.send_off_word(scene);
    }

    /// Tells every node that may lead that everything is off.
    fn send_off_word(&mut self, scene: &mut Scene) {
        let (until, next) = self.off_words;
        if next > scene.now || until < scene.now {
            return;
        }
        let Some(life) = self.keeper.off().cloned() else { return };
        self.off_words.1 = scene.now.saturating_add(200);
        for to in 0..scene.setup.seats() {
            if scene.log.believes(to).is_some() {
                let message = Message::Off(life.clone());
                scene.net.send(scene.now, (self.seat, to), message, &mut scene.dice);
            }
        }
    }
}
