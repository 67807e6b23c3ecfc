//! Faults strike a world.

use quorate::cluster::{Command, Life};
use quorate::id::Names;
use quorate::replicate::{Body, Item};
use quorate::{Incarnation, Input};

use super::fault::Fault;
use super::host::Power;
use super::net::{Mail, Message, Quality};
use super::setup::{Release, Setup, millis};
use super::takeover::Cause;
use super::world::World;

/// The time after a fault in which a machine is still taken for concerned by it.
const AFTERMATH: u64 = 4_000;

impl World {
    /// Marks a machine as concerned by a fault until a time and a while after it.
    pub(super) fn touch(&mut self, seat: usize, until: u64) {
        if let Some(machine) = self.machines.get_mut(seat) {
            let until = until.saturating_add(AFTERMATH);
            machine.host.touched_until = machine.host.touched_until.max(until);
        }
    }

    fn touch_all(&mut self, until: u64) {
        for seat in 0..self.machines.len() {
            self.touch(seat, until);
        }
    }

    pub(super) fn await_takeover(&mut self, seat: usize, cause: Cause) {
        if let Some(machine) = self.machines.get(seat) {
            self.takeovers.await_from(self.scene.now, machine, cause, &self.scene.setup);
        }
    }

    /// Lets a fault of this kind strike, at a machine and for a time that are drawn. Returns whether
    /// it could.
    pub(super) fn strike(&mut self, fault: Fault) -> bool {
        let now = self.scene.now;
        let count = self.machines.len();
        let seat = self.scene.dice.index(count);
        let span = self.scene.dice.log_uniform(20, 12_000);
        let until = now.saturating_add(span);
        let watchdog = millis(self.scene.setup.timing.watchdog);
        match fault {
            Fault::KillDaemon => self.kill_daemon(seat, span.min(8_000)),
            Fault::FreezeDaemon => self.freeze_daemon(seat, span),
            Fault::FreezeBelowWatchdog => {
                let span = self.scene.dice.between(10, watchdog.saturating_sub(1));
                self.freeze_both(seat, span);
            }
            Fault::FreezeAboveWatchdog => {
                let most = watchdog.saturating_mul(3);
                let span = self.scene.dice.between(watchdog, most);
                self.freeze_both(seat, span);
            }
            Fault::FreezeKeeper => self.freeze_keeper(seat, span.min(watchdog.saturating_mul(2))),
            Fault::KillKeeper => self.kill_keeper(seat),
            Fault::KillMachine => self.kill_machine(seat, span.max(300)),
            Fault::KillAll => self.kill_all(span.clamp(300, 4_000)),
            Fault::Isolate => self.isolate(seat, until),
            Fault::Deafen => self.deafen(seat, until),
            Fault::Silence => self.silence(seat, until),
            Fault::CutLink => self.cut_link(seat, until, Ways::Both),
            Fault::CutOneWay => self.cut_link(seat, until, Ways::One),
            Fault::Split => self.split(until),
            Fault::BadWeather => self.spoil_weather(until),
            Fault::HangDisk => {
                self.scene.log.seat(seat).hangs_until = until;
                self.touch(seat, until);
            }
            Fault::Compact => self.compact(),
            Fault::CrashResource => return self.crash_resource(seat),
            Fault::Move | Fault::Drain | Fault::Offline | Fault::Clear | Fault::ConfirmDown => {
                return self.command(fault);
            }
            Fault::Leave => self.leave(seat),
            Fault::KillSwitch => {
                self.dead_switches.push((seat, until));
            }
            Fault::Upgrade => return self.begin_upgrade(),
            _ => return false,
        }
        true
    }

    pub(super) fn kill_daemon(&mut self, seat: usize, pause: u64) {
        self.await_takeover(seat, Cause::DaemonKilled);
        self.touch(seat, self.scene.now.saturating_add(pause));
        if let Some(machine) = self.machines.get_mut(seat) {
            machine.kill_daemon(&mut self.scene, pause, "killed");
        }
    }

    pub(super) fn freeze_daemon(&mut self, seat: usize, span: u64) {
        let until = self.scene.now.saturating_add(span);
        self.touch(seat, until);
        if let Some(machine) = self.machines.get_mut(seat) {
            machine.host.daemon_frozen_until = until;
            machine.host.note(&mut self.scene, &format!("daemon stands still for {span} ms"));
        }
    }

    pub(super) fn freeze_keeper(&mut self, seat: usize, span: u64) {
        let until = self.scene.now.saturating_add(span);
        self.touch(seat, until);
        if let Some(machine) = self.machines.get_mut(seat) {
            machine.host.keeper_frozen_until = until;
            machine.host.note(&mut self.scene, &format!("keeper stands still for {span} ms"));
        }
    }

    pub(super) fn freeze_both(&mut self, seat: usize, span: u64) {
        self.await_takeover(seat, Cause::Frozen);
        self.freeze_daemon(seat, span);
        self.freeze_keeper(seat, span);
    }

    fn kill_keeper(&mut self, seat: usize) {
        if self.machines.get(seat).is_none_or(|of| !of.host.is_on()) {
            return;
        }
        let watchdog = millis(self.scene.setup.timing.watchdog);
        self.touch(seat, self.scene.now.saturating_add(watchdog));
        if let Some(machine) = self.machines.get_mut(seat) {
            machine.host.is_keeper_dead = true;
            machine.host.note(&mut self.scene, "keeper killed");
        }
    }

    pub(super) fn kill_machine(&mut self, seat: usize, span: u64) {
        self.await_takeover(seat, Cause::MachineKilled);
        let until = self.scene.now.saturating_add(span);
        self.touch(seat, until);
        if let Some(machine) = self.machines.get_mut(seat).filter(|of| of.host.is_on()) {
            machine.cut_power(&mut self.scene, until, "lost power");
        }
    }

    pub(super) fn kill_all(&mut self, span: u64) {
        for seat in 0..self.machines.len() {
            let spread = self.scene.dice.between(0, 300);
            self.kill_machine(seat, span.saturating_add(spread));
        }
        self.touch_all(self.scene.now.saturating_add(span));
    }

    pub(super) fn isolate(&mut self, seat: usize, until: u64) {
        self.await_takeover(seat, Cause::Isolated);
        self.deafen(seat, until);
        self.silence(seat, until);
    }

    pub(super) fn deafen(&mut self, seat: usize, until: u64) {
        for other in 0..self.machines.len() {
            self.scene.net.cut(other, seat, until);
        }
        self.touch(seat, until);
        let words = format!("{} hears nobody until {until}", self.scene.setup.name(seat));
        self.scene.journal.note_world(self.scene.now, &words);
    }

    pub(super) fn silence(&mut self, seat: usize, until: u64) {
        for other in 0..self.machines.len() {
            self.scene.net.cut(seat, other, until);
        }
        self.touch(seat, until);
        let words = format!("nobody hears {} until {until}", self.scene.setup.name(seat));
        self.scene.journal.note_world(self.scene.now, &words);
    }

    fn cut_link(&mut self, from: usize, until: u64, ways: Ways) {
        let others: Vec<usize> = (0..self.machines.len()).filter(|seat| *seat != from).collect();
        let Some(to) = self.scene.dice.one_of(&others) else { return };
        self.scene.net.cut(from, to, until);
        if ways == Ways::Both {
            self.scene.net.cut(to, from, until);
        }
        self.touch(from, until);
        self.touch(to, until);
        let (one, other) = (self.scene.setup.name(from), self.scene.setup.name(to));
        let words = format!("link from {one} to {other} is cut ({ways:?}) until {until}");
        self.scene.journal.note_world(self.scene.now, &words);
    }

    fn split(&mut self, until: u64) {
        let sides: Vec<bool> = self.machines.iter().map(|_| self.scene.dice.chance(1, 2)).collect();
        for (one, left) in sides.iter().enumerate() {
            for (other, right) in sides.iter().enumerate() {
                if left != right {
                    self.scene.net.cut(one, other, until);
                }
            }
        }
        self.touch_all(until);
        self.scene.journal.note_world(self.scene.now, &format!("split {sides:?} until {until}"));
    }

    fn spoil_weather(&mut self, until: u64) {
        let dice = &mut self.scene.dice;
        self.scene.net.quality = Quality {
            lost: dice.pick(&[0, 20, 200, 500]),
            doubled: dice.pick(&[0, 50, 300]),
            late: dice.pick(&[0, 20, 300]),
            delay: dice.pick(&[(1, 3), (1, 30), (20, 150)]),
        };
        self.weather_until = until;
        self.touch_all(until);
    }

    pub(super) fn compact(&mut self) {
        let newest = self.machines.iter().filter_map(|machine| machine.daemon.as_ref());
        if let Some(daemon) = newest.max_by_key(|daemon| daemon.replica.applied()) {
            self.scene.log.compact(daemon.replica.snapshot());
        }
    }

    fn crash_resource(&mut self, seat: usize) -> bool {
        let now = self.scene.now;
        let Some(machine) = self.machines.get_mut(seat) else { return false };
        let at = self.scene.dice.index(machine.host.processes.len());
        if at >= machine.host.processes.len() {
            return false;
        }
        let process = machine.host.processes.remove(at);
        let notices = now.saturating_add(self.scene.dice.between(1, 500));
        machine.host.note(&mut self.scene, &format!("{} dies", process.resource));
        machine.host.died.push((process.resource, notices));
        true
    }

    pub(super) fn leave(&mut self, seat: usize) {
        self.touch(seat, self.scene.now.saturating_add(10_000));
        if let Some(machine) = self.machines.get_mut(seat)
            && let Some(daemon) = &mut machine.daemon
        {
            machine.host.note(&mut self.scene, "is told to leave");
            daemon.leave(&machine.host, &mut self.scene);
        }
    }

    /// Draws the command of an operator.
    fn command(&mut self, fault: Fault) -> bool {
        let Drawn { group, resource, node, incarnation } = self.draw_names();
        let dice = &mut self.scene.dice;
        let input: Input<Names> = match fault {
            Fault::Move if dice.chance(1, 2) => Command::move_group(group).to(node).into(),
            Fault::Move => Command::move_group(group).queue().into(),
            Fault::Drain if dice.chance(1, 3) => Command::drain_node(node).forced().into(),
            Fault::Drain => Command::drain_node(node).into(),
            Fault::Offline if dice.chance(1, 3) => Command::take_group_offline(group).into(),
            Fault::Offline => Command::bring_group_online(group).into(),
            Fault::Clear => {
                // The word that it is off has to be true when it is given.
                if self.machines.iter().any(|machine| machine.host.runs(&resource)) {
                    return false;
                }
                Input::Command(Command::clear_resource_failure(resource))
            }
            Fault::ConfirmDown if dice.chance(1, 3) => {
                Input::node_confirmed_down(node, Life::Known)
            }
            Fault::ConfirmDown => Input::node_confirmed_down(node, incarnation),
            _ => return false,
        };
        self.ask(input);
        true
    }

    fn draw_names(&mut self) -> Drawn {
        let (groups, resources) = (self.scene.setup.groups, self.scene.setup.resources);
        let dice = &mut self.scene.dice;
        let group = dice.index(groups);
        let resource = Setup::resource(group, dice.index(resources));
        let seat = dice.index(self.scene.setup.nodes);
        let incarnation =
            self.machines.get(seat).map_or(Incarnation::new(1), |of| of.host.disk.incarnation);
        let node = self.scene.setup.name(seat);
        Drawn { group: Setup::group(group), resource, node, incarnation }
    }

    /// Hands the wish of an operator in: at a node, or directly to everybody who may lead.
    pub(super) fn ask(&mut self, input: Input<Names>) {
        let now = self.scene.now;
        self.scene.journal.note_world(now, &format!("operator: {input}"));
        let seat = self.scene.dice.index(self.scene.setup.nodes);
        if self.scene.dice.chance(1, 2)
            && let Some(machine) = self.machines.get_mut(seat)
            && let Some(daemon) = &mut machine.daemon
        {
            daemon.wish(&machine.host, &mut self.scene, Body::Input(input));
            return;
        }
        self.ask_leader(input);
    }

    /// Hands the wish of an operator to everybody who may lead.
    pub(super) fn ask_leader(&mut self, input: Input<Names>) {
        self.tell_leader(Item::anonymous(input));
    }

    /// Hands an item to everybody who may lead.
    pub(super) fn tell_leader(&mut self, item: Item) {
        for to in 0..self.machines.len() {
            if self.scene.log.believes(to).is_some() {
                let message = Message::Reports(vec![item.clone()]);
                self.scene.net.put(self.scene.now, Mail { to, message });
            }
        }
    }

    fn begin_upgrade(&mut self) -> bool {
        if self.upgrades.is_some() {
            return false;
        }
        self.upgrades = Some(self.scene.now);
        true
    }

    /// Restarts the next machine with the new release, if it is time.
    pub(super) fn upgrade(&mut self) {
        let now = self.scene.now;
        if self.upgrades.is_none_or(|at| at > now) {
            return;
        }
        let is_old = |seat: &usize| {
            self.machines.get(*seat).is_some_and(|of| of.host.disk.release == Release::Old)
        };
        let Some(seat) = (0..self.machines.len()).find(is_old) else {
            self.upgrades = Some(u64::MAX);
            return;
        };
        self.upgrades = Some(now.saturating_add(self.scene.dice.between(1_000, 5_000)));
        if let Some(machine) = self.machines.get_mut(seat) {
            machine.host.disk.release = Release::New;
            machine.host.note(&mut self.scene, "changes to the new release");
            if machine.host.is_on() {
                machine.kill_daemon(&mut self.scene, 100, "upgraded");
            }
        }
        self.touch_all(now.saturating_add(10_000));
    }

    /// Ends bad weather when its time is over.
    pub(super) fn mend_weather(&mut self) {
        if self.weather_until <= self.scene.now {
            self.weather_until = u64::MAX;
            self.scene.net.quality = self.usual;
        }
    }

    /// Turns on a machine that is off.
    pub(super) fn turn_on(&mut self, seat: usize, at: u64) {
        if let Some(machine) = self.machines.get_mut(seat) {
            match &mut machine.host.power {
                Power::Off { until } => *until = at.min(*until),
                Power::On { daemon_at } if *daemon_at != u64::MAX => {
                    *daemon_at = at.min(*daemon_at);
                }
                Power::On { .. } => {}
            }
        }
    }
}

/// Names that were drawn for a command.
struct Drawn {
    group: String,
    resource: String,
    node: &'static str,
    incarnation: Incarnation,
}

/// The directions in which a link is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ways {
    One,
    Both,
}
