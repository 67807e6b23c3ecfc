//! In charge: beats in, grants out, entries to the log.

use openraft::ServerState;
use quorate::replicate::{Affirmation, Beat, Charge, Item, Leader, Local, NodeLife};

use super::{Brain, Event, Metrics};
use crate::Failure;
use crate::clock;
use crate::engine::Silence;
use crate::link::Tell;

impl Brain {
    /// Takes charge, goes on or gives the charge up, as the engine says, and proposes entries.
    pub(super) async fn lead(&mut self, metrics: &Metrics) -> Result<(), Failure> {
        let term = metrics.current_term;
        if metrics.state != ServerState::Leader {
            self.leader = None;
            self.leading_since = None;
            self.led = None;
            self.keep_silent(Silence::Broken);
            return Ok(());
        }
        let now = clock::now();
        let since = *self.leading_since.get_or_insert(now);
        if self.leader.as_ref().is_some_and(|leader| leader.term() != term) {
            self.leader = None;
        }
        let head = match self.led {
            Some((led, head)) if led == term => head,
            Some(_) | None => {
                // The engine counts from 0 and a replica from 1.
                let head = metrics.last_log_index.map_or(0, |index| index + 1);
                self.led = Some((term, head));
                head
            }
        };
        if self.leader.is_none() {
            self.take_charge(term, head);
        }
        let Some(leader) = &mut self.leader else {
            // Elected, but nobody answers: as bad as a leader that hears nobody.
            if now.since(since) >= self.parts.file.timing.detection / 2 {
                self.keep_silent(Silence::Kept);
            }
            return Ok(());
        };
        if leader.wants_wall_clock(now) {
            leader.handle_wall_clock(clock::wall());
        }
        let charge = leader.charge(now, &self.parts.shared.lock().replica, &self.guard);
        match charge {
            Charge::Holds => self.keep_silent(Silence::Broken),
            Charge::CutOff | Charge::Behind | Charge::NoLease => self.keep_silent(Silence::Kept),
            Charge::Victim => return Err(Failure("this node is to be fenced".into())),
        }
        self.hand_on_off(now);
        self.begin_round();
        self.propose().await
    }

    /// Takes charge once everything is applied that earlier leaders decided, or this node itself
    /// before a restart: the engine lets it lead on in its term.
    fn take_charge(&mut self, term: u64, head: u64) {
        let applied = self.parts.shared.lock();
        if applied.term != term || applied.replica.applied() < head {
            return;
        }
        let timing = self.parts.file.timing;
        match Leader::take_charge(clock::now(), term, timing, &applied.replica) {
            Ok(leader) => self.leader = Some(leader),
            Err(_) => {
                drop(applied);
                self.keep_silent(Silence::Kept);
            }
        }
    }

    fn keep_silent(&self, silence: Silence) {
        if self.parts.mute.set(silence) {
            self.parts.raft.runtime_config().heartbeat(silence == Silence::Broken);
            let name = &self.parts.file.name;
            eprintln!("{name}: as a leader: silence is {silence:?}");
        }
    }

    /// Hands the words of keepers to the leader, again if they have not counted in time.
    fn hand_on_off(&mut self, now: Local) {
        let Some(leader) = &mut self.leader else { return };
        let patience = self.parts.file.timing.detection;
        for (life, told) in &mut self.off {
            if told.is_none_or(|at| now.since(at) >= patience) {
                *told = Some(now);
                leader.handle_off(now, life.clone());
            }
        }
    }

    /// Asks the engine whether a quorum affirms this leader, in a round that begins now.
    fn begin_round(&mut self) {
        let begun = clock::now();
        let Some(round) = self.leader.as_mut().and_then(|of| of.begin_round(begun)) else {
            return;
        };
        let (raft, events) = (self.parts.raft.clone(), self.parts.events.clone());
        tokio::spawn(async move {
            // The log id that it returns is of the term that a quorum affirmed: nothing that a
            // leader of a term may read is older than its own first entry.
            if let Ok((Some(read), _)) = raft.get_read_log_id().await {
                // The engine counts from 0 and a replica from 1.
                let (term, committed) = (read.leader_id.term, read.index + 1);
                let affirmation = Affirmation { round, term, committed };
                let _ = events.send(Event::Confirmed { affirmation, begun });
            }
        });
    }

    pub(super) fn confirmed(&mut self, affirmation: Affirmation) {
        let Some(leader) = &mut self.leader else { return };
        let applied = self.parts.shared.lock();
        let grants = leader.handle_confirmed(clock::now(), affirmation, &applied.replica);
        drop(applied);
        for grant in grants {
            if grant.life.node == self.parts.file.name {
                self.guard.handle_grant(clock::now(), &grant);
            } else {
                let name = grant.life.node.clone();
                self.parts.links.tell(&name, Tell::Grant(grant));
            }
        }
    }

    /// Takes in a beat, with what came along.
    pub(super) fn take_beat(&mut self, beat: Beat, reports: Vec<Item>, off: Vec<NodeLife>) {
        let Some(leader) = &mut self.leader else { return };
        let now = clock::now();
        for life in off {
            self.off.entry(life).or_insert(None);
        }
        let sender = beat.life.clone();
        let applied = self.parts.shared.lock();
        let taken = leader.handle_beat(now, beat, &applied.replica);
        let own = |item: &Item| item.origin.as_ref().is_some_and(|of| of.life == sender);
        let reports = reports.into_iter().filter(own).collect();
        leader.handle_reports(now, reports, &applied.replica);
        drop(applied);
        match taken {
            Ok(()) => {
                self.refused.remove(&sender.node);
            }
            Err(error) => {
                let reason = error.to_string();
                if self.refused.insert(sender.node.clone(), reason.clone()) != Some(reason.clone())
                {
                    eprintln!(
                        "{}: the beat of {sender} does not count: {reason}",
                        self.parts.file.name
                    );
                }
            }
        }
    }

    /// Proposes everything that there is to propose. One task does this, so the order of stamps is
    /// the order of the log.
    async fn propose(&mut self) -> Result<(), Failure> {
        loop {
            let Some(leader) = &mut self.leader else { return Ok(()) };
            let entry = leader.poll_entry(clock::now(), &self.parts.shared.lock().replica);
            let Some(entry) = entry else { return Ok(()) };
            let proposed = self.parts.raft.client_write_ff(entry).await;
            proposed.map_err(|fatal| Failure(format!("the engine stopped: {fatal}")))?;
        }
    }
}
