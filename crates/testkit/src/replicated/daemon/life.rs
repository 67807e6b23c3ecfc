//! The lives of a node: how one begins, ends, and makes room for the next.

use quorate::Input;
use quorate::replicate::{Body, Demand, Guard, NodeLife, Outbox, Standing};

use super::task::Leave;
use super::{Act, Daemon};
use crate::Invariant;
use crate::replicated::host::{Host, Order};
use crate::replicated::scene::Scene;
use crate::replicated::setup::{Flaw, Holder, millis};

impl Daemon {
    /// Has the node leave.
    pub(in super::super) fn leave(&mut self, host: &Host, scene: &mut Scene) {
        let local = host.local(scene.now);
        let Some(guard) = &mut self.guard else { return };
        if self.leave != Leave::No {
            return;
        }
        if scene.has(Flaw::LeavesBeforeItEnds) {
            let NodeLife { node, incarnation } = guard.life().clone();
            self.report(host, scene, Body::Input(Input::node_left(node, incarnation)));
        } else {
            guard.leave(local);
        }
        self.leave = Leave::Wanted;
    }

    pub(super) fn live(&mut self, host: &mut Host, scene: &mut Scene) -> Act {
        if host.seat >= scene.setup.nodes {
            if scene.setup.holder == Holder::Daemon {
                host.feed(scene.now);
            }
            return Act::GoOn;
        }
        let local = host.local(scene.now);
        let Some(guard) = &mut self.guard else {
            if scene.setup.holder == Holder::Daemon {
                host.feed(scene.now);
            }
            self.begin(host, scene);
            return Act::GoOn;
        };
        self.had_lease |= guard.lease_ends().is_some();
        let demand = guard.handle_timeout(local);
        let stops_at = guard.poll_timeout();
        if self.had_lease && guard.is_over(local) {
            self.had_lease = false;
            judge_end(host, scene, guard.life());
        }
        match demand {
            Some(Demand::ResetMachine) => return Act::Reset("something did not stop in time"),
            Some(Demand::StopEverything) => self.stop_all(host, scene),
            None => {}
        }
        if scene.setup.holder == Holder::Daemon {
            let left = stops_at.filter(|_| demand.is_some()).map(|at| at.since(local));
            if left.is_none_or(|left| left > scene.setup.timing.watchdog) {
                host.feed(scene.now);
            }
        }
        self.tell_keeper(host);
        self.hear_off(host, scene);
        self.follow_on(host, scene)
    }

    fn stop_all(&mut self, host: &mut Host, scene: &mut Scene) {
        self.tasks.clear();
        match scene.setup.holder {
            Holder::Keeper => host.pipe.push_back(Order::Stop),
            Holder::Daemon => host.kill(scene, None),
        }
    }

    /// Tells the keeper each new end of the lease.
    fn tell_keeper(&mut self, host: &mut Host) {
        let Some(guard) = &self.guard else { return };
        let until = guard.lease_ends();
        if let Some(until) = until.filter(|_| until != self.told_until) {
            host.pipe.push_back(Order::Extend(guard.life().clone(), until));
        }
        self.told_until = until;
    }

    /// Hears that everything of a life is off.
    fn hear_off(&mut self, host: &Host, scene: &Scene) {
        let local = host.local(scene.now);
        let Some(guard) = &mut self.guard else { return };
        match scene.setup.holder {
            Holder::Keeper => {
                if let Some(off) = host.keeper.off() {
                    guard.handle_off(off);
                }
            }
            Holder::Daemon => {
                if guard.is_over(local) && host.processes.is_empty() {
                    let life = guard.life().clone();
                    guard.handle_off(&life);
                }
            }
        }
    }

    /// Goes on when a life is over and everything of it is off.
    fn follow_on(&mut self, host: &mut Host, scene: &mut Scene) -> Act {
        let local = host.local(scene.now);
        let Some(guard) = &mut self.guard else { return Act::GoOn };
        let is_off = guard.is_over(local) && guard.handle_timeout(local).is_none();
        if !is_off {
            if guard.lease_ends().is_none() && self.joins_at <= scene.now {
                let life = guard.life().clone();
                self.ask_again(host, scene, &life);
            }
            return Act::GoOn;
        }
        let life = guard.life().clone();
        self.tasks.clear();
        match self.leave {
            Leave::No => self.begin(host, scene),
            Leave::Wanted => {
                let left = Input::node_left(life.node.as_str(), life.incarnation);
                self.report(host, scene, Body::Input(left));
                self.leave = Leave::Reported(scene.now.saturating_add(2_000));
            }
            Leave::Reported(until) => {
                if until <= scene.now || self.outbox.as_ref().is_none_or(Outbox::is_empty) {
                    return Act::Exit;
                }
            }
        }
        Act::GoOn
    }

    /// Asks again to be let in, if the cluster refused it for a time.
    fn ask_again(&mut self, host: &Host, scene: &mut Scene, life: &NodeLife) {
        let is_unheard = self.replica.standing(life) == Standing::Unheard;
        let is_answered = self.outbox.as_ref().is_none_or(Outbox::is_empty);
        if is_unheard && is_answered {
            self.join(host, scene, life);
        }
    }

    fn join(&mut self, host: &Host, scene: &mut Scene, life: &NodeLife) {
        self.joins_at = scene.now.saturating_add(1_000);
        let joined = Input::node_joined(life.node.as_str(), life.incarnation, []);
        self.report(host, scene, Body::Input(joined));
    }

    /// Begins the next life, if everything of earlier ones is off.
    fn begin(&mut self, host: &mut Host, scene: &mut Scene) {
        let known = self.replica.latest_life(host.name);
        let incarnation = Guard::next_life(host.disk.incarnation, known);
        let life = NodeLife::new(host.name, incarnation);
        match scene.setup.holder {
            Holder::Keeper => {
                // Messages that were sent before concern earlier lives.
                if !host.is_keeper_awake(scene.now) || !host.pipe.is_empty() {
                    return;
                }
                if host.keeper.begin(life.clone()).is_err() {
                    host.pipe.push_back(Order::Stop);
                    if !scene.has(Flaw::RestartIsProof) {
                        return;
                    }
                }
            }
            Holder::Daemon => {
                if !host.processes.is_empty() {
                    return;
                }
            }
        }
        host.disk.incarnation = incarnation;
        scene.judge.see_rules(life.clone(), self.replica.genesis().behaviour());
        let timing = scene.setup.timing;
        match &mut self.guard {
            Some(guard) => {
                if guard.begin(incarnation).is_err() {
                    return;
                }
            }
            None => self.guard = Some(Guard::new(life.clone(), timing)),
        }
        scene.tally.lives = scene.tally.lives.saturating_add(1);
        host.note(scene, &format!("begins life {incarnation}"));
        self.outbox = Some(Outbox::with_room(life.clone(), scene.setup.room));
        self.tasks.clear();
        self.picked.clear();
        self.looks_at = scene.now;
        self.had_lease = false;
        self.told_until = None;
        self.join(host, scene, &life);
    }
}

/// L12: no node stops anything by itself while it, the links and a majority were well for as long
/// as a lease lasts, and at most one leader failed.
fn judge_end(host: &Host, scene: &mut Scene, life: &NodeLife) {
    host.note(scene, &format!("the lease of {life} is over"));
    scene.judge.checks.ended_lives = scene.judge.checks.ended_lives.saturating_add(1);
    let timing = scene.setup.timing;
    let memory = millis(timing.lease).saturating_add(millis(timing.detection));
    let since = scene.now.saturating_sub(memory);
    let elections = scene.log.elected_at.iter().filter(|at| **at >= since).count();
    if host.touched_until >= since || !scene.is_peaceful_since(since) || elections > 1 {
        return;
    }
    scene.judge.fail(
        Invariant::L12,
        format!("{life} stopped by itself, though no fault concerned it and a majority was well"),
    );
}
