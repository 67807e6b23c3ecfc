//! The end of a run: everything is mended, and then everything has to be well within a time.

use quorate::Input;
use quorate::cluster::Command;
use quorate::id::Names;
use quorate::machine::GroupState;
use quorate::replicate::{Body, Item, Standing};

use super::daemon::Daemon;
use super::draw::Finale;
use super::log::Temper;
use super::net::Quality;
use super::scene::Habits;
use super::setup::{Setup, millis};
use super::takeover::runs_whole;
use super::world::World;
use crate::{Breach, Invariant};

/// The end of a run.
pub(super) const END: u64 = 80_000;

impl World {
    /// Ends every fault.
    pub(super) fn heal(&mut self) {
        let now = self.scene.now;
        self.scene.journal.note_world(now, "everything is mended");
        self.scene.net.mend();
        self.usual = Quality::GOOD;
        self.scene.net.quality = Quality::GOOD;
        self.scene.log.temper = Temper::Calm;
        self.scene.habits = Habits::GOOD;
        self.dead_switches.clear();
        for seat in 0..self.machines.len() {
            self.touch(seat, now);
            self.turn_on(seat, now.saturating_add(1_000));
            self.scene.log.seat(seat).hangs_until = 0;
            if self.upgrades.is_some() {
                self.upgrades = Some(now);
            }
            let Some(machine) = self.machines.get_mut(seat) else { continue };
            machine.host.daemon_frozen_until = 0;
            machine.host.keeper_frozen_until = 0;
            let is_stubborn = |of: &super::host::Process| of.is_told && of.dies_at.is_none();
            if machine.host.processes.iter().any(is_stubborn) {
                machine.cut_power(&mut self.scene, now.saturating_add(500), "reset by hand");
            }
        }
    }

    /// Has an operator bring everything online.
    pub(super) fn tidy_up(&mut self) {
        let names: Vec<&'static str> =
            (0..self.scene.setup.nodes).map(|seat| self.scene.setup.name(seat)).collect();
        for node in names {
            self.tell_leader(Item {
                origin: None,
                body: Body::ReleaseFromQuarantine { node: node.into() },
            });
            self.ask_leader(Command::<Names>::resume_node(node).into());
        }
        for group in 0..self.scene.setup.groups {
            self.ask_leader(Command::<Names>::bring_group_online(Setup::group(group)).into());
        }
    }

    /// Plays the end of a run.
    pub(super) fn finish(&mut self, finale: Finale) -> Result<(), Breach> {
        self.heal();
        self.play(4_000)?;
        self.tidy_up();
        self.play(4_000)?;
        self.tidy_up();
        self.play(7_000)?;
        match finale {
            Finale::Nothing => {
                self.play_until(END)?;
                self.judge_whole(Invariant::L1)
            }
            Finale::Restart => {
                self.kill_all(500);
                self.play_until(END)?;
                self.judge_whole(Invariant::L17)
            }
            Finale::Gaps => {
                self.cut_gaps();
                self.play_until(END)?;
                self.judge_groups(Invariant::L12, |_| true)
            }
            Finale::Unfenced => self.play_unfenced(),
        }
    }

    /// Cuts links between members, but leaves the leader a majority.
    fn cut_gaps(&mut self) {
        let Some(hub) = self.scene.log.leader() else { return };
        let count = self.machines.len();
        let most = count.saturating_sub(1).div_euclid(2);
        let others: Vec<usize> = (0..count).filter(|seat| *seat != hub).collect();
        let lonely: Vec<usize> = others.iter().copied().take(most).collect();
        let until = END.saturating_add(1);
        for one in others.iter().copied() {
            for other in others.iter().copied().filter(|other| *other > one) {
                if self.scene.dice.chance(1, 2) {
                    self.scene.net.cut(one, other, until);
                    self.scene.net.cut(other, one, until);
                }
            }
        }
        for seat in lonely {
            if self.scene.dice.chance(1, 2) {
                self.scene.net.cut(hub, seat, until);
            }
            self.touch(seat, until);
        }
    }

    /// L16: a node dies that no switch turns off; only its groups wait, until an operator speaks.
    fn play_unfenced(&mut self) -> Result<(), Breach> {
        let victim = self.scene.dice.index(self.scene.setup.nodes);
        let owned: Vec<usize> = match self.machines.get(victim) {
            Some(machine) => {
                let owns = |group: &usize| runs_whole(machine, *group, &self.scene.setup);
                (0..self.scene.setup.groups).filter(owns).collect()
            }
            None => Vec::new(),
        };
        let life = self.machines.get(victim).map(|of| of.host.disk.incarnation);
        let forever = END.saturating_add(1);
        self.dead_switches.push((victim, forever));
        self.kill_machine(victim, forever);
        let detection = millis(self.scene.setup.timing.detection);
        self.play(detection.saturating_add(4_000))?;
        self.judge_groups(Invariant::L16, |group| !owned.contains(&group))?;
        let node = self.scene.setup.name(victim);
        if let Some(life) = life {
            self.ask_leader(Input::node_confirmed_down(node, life));
        }
        self.play_until(END)?;
        self.judge_groups(Invariant::L16, |_| true)
    }

    /// Returns the daemon that is in charge.
    pub(super) fn in_charge(&self) -> Option<&Daemon> {
        let leader = self.scene.log.leader()?;
        let daemon = self.machines.get(leader)?.daemon.as_ref()?;
        daemon.leader.is_some().then_some(daemon)
    }

    /// Judges that everything is as it should be: `broken` names the promise about groups.
    pub(super) fn judge_whole(&self, broken: Invariant) -> Result<(), Breach> {
        self.judge_groups(broken, |_| true)?;
        self.judge_members()?;
        self.judge_digests()
    }

    /// Judges that groups are online, and run once each.
    pub(super) fn judge_groups(
        &self,
        broken: Invariant,
        counts: impl Fn(usize) -> bool,
    ) -> Result<(), Breach> {
        let Some(daemon) = self.in_charge() else {
            return Err(Breach::of(broken, "nobody is in charge".into()));
        };
        let cluster = daemon.replica.cluster();
        let spec = cluster.spec();
        for group in (0..self.scene.setup.groups).filter(|group| counts(*group)) {
            let name = Setup::group(group);
            let Some(id) = spec.group_id(&name) else { continue };
            let state = cluster.group_state(id);
            if state != GroupState::Online {
                let why = cluster.why(id).map(|why| spec.named(why).to_string());
                let why = why.unwrap_or_default();
                return Err(Breach::of(broken, format!("{name} is {state:?} in the end: {why}")));
            }
            let owner = cluster.state().owner(id).and_then(|owner| spec.node(owner));
            let owner = owner.map_or("nobody", |owner| owner.name());
            let runs_there = self
                .machines
                .iter()
                .any(|of| of.host.name == owner && runs_whole(of, group, &self.scene.setup));
            if !runs_there {
                return Err(Breach::of(broken, format!("{name} is said to run on {owner}")));
            }
        }
        Ok(())
    }

    /// L7: every node is a member again, with a lease, and knows everything.
    fn judge_members(&self) -> Result<(), Breach> {
        let Some(leader) = self.in_charge() else {
            return Err(Breach::of(Invariant::L7, "nobody is in charge".into()));
        };
        for machine in self.machines.iter().take(self.scene.setup.nodes) {
            let name = machine.host.name;
            let guard = machine.daemon.as_ref().and_then(|daemon| daemon.guard.as_ref());
            let Some(guard) = guard else {
                return Err(Breach::of(Invariant::L7, format!("{name} has no life in the end")));
            };
            let standing = leader.replica.standing(guard.life());
            let has_lease = guard.lease_ends().is_some();
            if standing != Standing::Member || !has_lease {
                let life = guard.life();
                let words = format!("{life} is {standing:?} in the end, with a lease: {has_lease}");
                return Err(Breach::of(Invariant::L7, words));
            }
        }
        Ok(())
    }

    /// S23: replicas at one index are equal.
    fn judge_digests(&self) -> Result<(), Breach> {
        let daemons = self.machines.iter().filter_map(|machine| machine.daemon.as_ref());
        let stands: Vec<(u64, u64, u64)> = daemons
            .map(|of| (of.replica.applied(), of.replica.genesis().behaviour(), of.replica.digest()))
            .collect();
        for (at, one) in stands.iter().enumerate() {
            for other in stands.iter().skip(at.saturating_add(1)) {
                if one.0 == other.0 && one.1 == other.1 && one.2 != other.2 {
                    let words = format!("two replicas at entry {} differ in the end", one.0);
                    return Err(Breach::of(Invariant::S23, words));
                }
            }
        }
        Ok(())
    }
}
