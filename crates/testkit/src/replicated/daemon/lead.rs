//! The part of a daemon that leads.

use quorate::replicate::{Charge, Entry, Leader};
use quorate::{Timestamp, WallClock};

use super::{Act, Daemon};
use crate::replicated::host::Host;
use crate::replicated::net::Message;
use crate::replicated::scene::Scene;
use crate::replicated::setup::Flaw;

/// Entries that are proposed within a millisecond, at most.
const AT_ONCE: usize = 8;

impl Daemon {
    pub(super) fn lead(&mut self, host: &Host, scene: &mut Scene) -> Act {
        let term = scene.log.believes(host.seat);
        if self.leader.as_ref().is_some_and(|leader| Some(leader.term()) != term) {
            self.leader = None;
        }
        let Some(term) = term else {
            scene.log.seat(host.seat).is_muted = false;
            return Act::GoOn;
        };
        if self.leader.is_none() {
            scene.log.seat(host.seat).is_muted = false;
            self.take_charge(host, scene, term);
        }
        let local = host.local(scene.now);
        let (Some(leader), Some(guard)) = (&self.leader, &self.guard) else { return Act::GoOn };
        let is_muted = match leader.charge(local, &self.replica, guard) {
            Charge::Holds => false,
            Charge::CutOff | Charge::Behind | Charge::NoLease => true,
            Charge::Victim => return Act::Reset("the leader is to be fenced"),
        };
        scene.log.seat(host.seat).is_muted = is_muted;
        self.confirm(host, scene);
        self.propose(host, scene);
        Act::GoOn
    }

    fn take_charge(&mut self, host: &Host, scene: &mut Scene, term: u64) {
        if !scene.log.is_in_charge(host.seat, self.replica.applied()) {
            return;
        }
        let (local, timing) = (host.local(scene.now), scene.setup.timing);
        match Leader::take_charge(local, term, timing, &self.replica) {
            Ok(leader) => {
                host.note(scene, &format!("takes charge in term {term}"));
                scene.judge.see_charge(term, host.seat);
                self.leader = Some(leader);
            }
            Err(_) => scene.log.seat(host.seat).is_muted = true,
        }
    }

    fn confirm(&mut self, host: &Host, scene: &mut Scene) {
        let local = host.local(scene.now);
        let Some(leader) = &mut self.leader else { return };
        if let Some(round) = leader.begin_round(local) {
            scene.log.ask(host.seat, round, scene.now, &mut scene.dice);
        }
        while let Some(affirmation) = scene.log.answer(host.seat, scene.now) {
            for grant in leader.handle_confirmed(local, affirmation, &self.replica) {
                let Some(to) = scene.setup.seat(&grant.life.node) else { continue };
                let behaviour = self.replica.genesis().behaviour();
                scene.judge.see_grant(behaviour, &grant.life);
                let way = (host.seat, to);
                scene.net.send(scene.now, way, Message::Grant(grant), &mut scene.dice);
            }
        }
    }

    fn propose(&mut self, host: &Host, scene: &mut Scene) {
        let local = host.local(scene.now);
        let Some(leader) = &mut self.leader else { return };
        if leader.wants_wall_clock(local) {
            let utc_millis_of_day = u32::try_from(scene.now).unwrap_or_default();
            leader.handle_wall_clock(WallClock { utc_millis_of_day, utc_offset_minutes: 0 });
        }
        for _ in 0..AT_ONCE {
            let Some(mut entry) = leader.poll_entry(local, &self.replica) else { break };
            if scene.has(Flaw::LeadersOwnClocks)
                && let Entry::V1(content) = &mut entry
            {
                content.at = Timestamp::from_millis(local.as_millis());
            }
            scene.log.propose(host.seat, entry, scene.now, &mut scene.dice);
        }
    }
}
