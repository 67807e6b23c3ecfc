//! A machine with its daemon.

use super::clock::MachineClock;
use super::daemon::{Act, Daemon};
use super::host::{Host, Order, Power};
use super::scene::Scene;
use super::setup::Holder;

/// A machine, and the daemon if it runs.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) host: Host,
    pub(super) daemon: Option<Daemon>,
}

impl Machine {
    pub(super) fn new(seat: usize, scene: &Scene, clock: MachineClock) -> Self {
        let name = scene.setup.name(seat);
        Self { host: Host::new(seat, name, scene, clock), daemon: None }
    }

    /// Tells whether its daemon runs and does not stand still.
    pub(super) const fn is_daemon_awake(&self, now: u64) -> bool {
        self.daemon.is_some() && self.host.daemon_frozen_until <= now
    }

    /// Takes the power away until a time.
    pub(super) fn cut_power(&mut self, scene: &mut Scene, until: u64, why: &str) {
        self.daemon = None;
        scene.log.close(self.host.seat);
        self.host.cut_power(scene, until, why);
    }

    /// Resets the machine.
    fn reset(&mut self, scene: &mut Scene, why: &str) {
        scene.tally.resets = scene.tally.resets.saturating_add(1);
        let boot = scene.dice.between(300, 3_000);
        let until = scene.now.saturating_add(boot);
        self.host.touched_until = self.host.touched_until.max(until);
        self.cut_power(scene, until, why);
    }

    /// Ends the daemon, which starts again after a while.
    pub(super) fn kill_daemon(&mut self, scene: &mut Scene, pause: u64, why: &str) {
        if self.daemon.take().is_none() {
            return;
        }
        self.host.note(scene, &format!("daemon ends, {why}"));
        scene.log.close(self.host.seat);
        self.host.inbox.clear();
        self.host.switched.clear();
        self.host.daemon_frozen_until = 0;
        let daemon_at = match scene.setup.holder {
            Holder::Keeper => {
                self.host.pipe.push_back(Order::Stop);
                scene.now.saturating_add(pause)
            }
            // Its processes go on until the watchdog resets the machine, for nobody feeds it now.
            Holder::Daemon => u64::MAX,
        };
        self.host.power = Power::On { daemon_at };
    }

    /// Does everything that is due in this millisecond.
    pub(super) fn step(&mut self, scene: &mut Scene) {
        let now = scene.now;
        match self.host.power {
            Power::Off { until } if until <= now => self.boot(scene),
            Power::Off { .. } => return,
            Power::On { .. } => {}
        }
        if self.host.is_starved(scene) {
            scene.tally.watchdog_resets = scene.tally.watchdog_resets.saturating_add(1);
            self.reset(scene, "reset by the watchdog");
            return;
        }
        self.host.bury(now);
        self.host.keep(scene);
        let is_frozen = self.host.daemon_frozen_until > now;
        scene.log.seat(self.host.seat).is_frozen = is_frozen;
        if is_frozen {
            return;
        }
        self.start_daemon(scene);
        let Some(daemon) = &mut self.daemon else { return };
        let is_turn = now.checked_rem(scene.setup.tick).unwrap_or_default() == 0;
        if !is_turn && self.host.inbox.is_empty() {
            return;
        }
        match daemon.step(&mut self.host, scene) {
            Act::GoOn => {}
            Act::Reset(why) => self.reset(scene, why),
            Act::Exit => {
                let pause = scene.dice.between(500, 5_000);
                self.kill_daemon(scene, pause, "it left");
                self.rest_if_alone(scene, pause);
            }
        }
    }

    /// A machine without a keeper is turned off when its daemon left in good order.
    fn rest_if_alone(&mut self, scene: &mut Scene, pause: u64) {
        match scene.setup.holder {
            Holder::Keeper => {}
            Holder::Daemon => {
                let until = scene.now.saturating_add(pause);
                self.cut_power(scene, until, "turned off after it left");
            }
        }
    }

    fn boot(&mut self, scene: &mut Scene) {
        let pause = scene.dice.between(50, 800);
        self.host.power = Power::On { daemon_at: scene.now.saturating_add(pause) };
        if scene.setup.holder == Holder::Keeper {
            // The watchdog is armed before anything else.
            self.host.feed(scene.now);
        }
        self.host.note(scene, "power on");
    }

    fn start_daemon(&mut self, scene: &mut Scene) {
        let Power::On { daemon_at } = self.host.power else { return };
        if self.daemon.is_some() || daemon_at > scene.now {
            return;
        }
        match Daemon::start(&self.host, scene) {
            Ok(daemon) => self.daemon = Some(daemon),
            Err(errors) => scene.judge.fail_test(errors.to_string()),
        }
    }
}
