//! Messages in and out.

use quorate::Input;
use quorate::replicate::{Beat, Body, Grant};

use super::Daemon;
use crate::replicated::host::Host;
use crate::replicated::net::Message;
use crate::replicated::scene::Scene;
use crate::replicated::setup::{Flaw, millis};

/// Reports that are sent at once.
const REPORTS: usize = 16;

impl Daemon {
    pub(super) fn read(&mut self, host: &mut Host, scene: &mut Scene) {
        let local = host.local(scene.now);
        while let Some(message) = host.inbox.pop_front() {
            match message {
                Message::Beat(beat) => {
                    if let Some(leader) = &mut self.leader {
                        let life = beat.life.clone();
                        let refused = leader.handle_beat(local, beat, &self.replica).err();
                        if let Some(error) = refused.filter(|_| refused != self.refused) {
                            host.note(scene, &format!("no grant for {life}: {error}"));
                        }
                        self.refused = refused;
                    }
                }
                Message::Reports(reports) => {
                    if let Some(leader) = &mut self.leader {
                        leader.handle_reports(local, reports, &self.replica);
                    }
                }
                Message::Off(life) => {
                    if let Some(leader) = &mut self.leader {
                        leader.handle_off(local, life);
                    }
                }
                Message::Grant(grant) => self.take_grant(host, scene, grant),
            }
        }
        for (operation, outcome) in std::mem::take(&mut host.switched) {
            let input = Input::operation_finished(operation, outcome);
            self.report(host, scene, Body::Input(input));
        }
    }

    fn take_grant(&mut self, host: &mut Host, scene: &mut Scene, mut grant: Grant) {
        let local = host.local(scene.now);
        let Some(guard) = &mut self.guard else { return };
        if grant.life == *guard.life() && grant.sent <= local {
            let sent = host.clock.true_time(grant.sent);
            let known = host.grants.entry(grant.life.incarnation).or_default();
            *known = sent.max(*known);
        }
        if scene.has(Flaw::GrantFromArrival) {
            grant.sent = local;
        }
        guard.handle_grant(local, &grant);
        scene.tally.grants = scene.tally.grants.saturating_add(1);
    }

    /// Sends a beat and the reports that have not counted, where the time has come.
    pub(super) fn send(&mut self, host: &Host, scene: &mut Scene) {
        if scene.now < self.beats_at {
            return;
        }
        self.beats_at = scene.now.saturating_add(millis(scene.setup.timing.beat));
        let (Some(guard), Some(outbox)) = (&self.guard, &self.outbox) else { return };
        let local = host.local(scene.now);
        let reports = outbox.pending(REPORTS);
        let beat = Beat {
            life: guard.life().clone(),
            sent: local,
            lease_ends: guard.lease_ends(),
            applied: self.replica.applied(),
            checkpoint: self.replica.checkpoint(),
            behaviour: self.replica.genesis().behaviour(),
        };
        let is_over = guard.is_over(local);
        for to in 0..scene.setup.seats() {
            if scene.log.believes(to).is_none() {
                continue;
            }
            let way = (host.seat, to);
            if !is_over {
                scene.net.send(scene.now, way, Message::Beat(beat.clone()), &mut scene.dice);
            }
            if !reports.is_empty() {
                let reports = Message::Reports(reports.clone());
                scene.net.send(scene.now, way, reports, &mut scene.dice);
            }
        }
    }
}
