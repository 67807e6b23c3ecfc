//! The leader: beats in, grants out, and entries to propose. It exists only while a node is in charge.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::clock::{Local, LogClock};
use super::entry::{Item, NodeLife};
use super::guard::{Beat, Grant, Guard};
use super::replica::{Leads, Replica, Standing, folded};
use super::timing::{Timing, part};
use crate::cluster::Input;
use crate::id::Names;
use crate::state::OperationKind;
use crate::time::{Timestamp, WallClock};

mod answers;
mod heard;
mod propose;

pub use answers::{Affirmation, BeatError, Charge, ChargeError, Round};
use heard::{Heard, UNANSWERED, Word};

/// The node that leads, while it is in charge: it has applied everything that earlier leaders
/// decided (E4). Drop it when the engine says that another node leads, or when the term changes.
///
/// An engine may let a node lead on in its term after a restart. The leader before the restart is an
/// earlier leader then: wait until the replica has applied all that the log held when the engine
/// first said after the restart that this node leads.
///
/// It keeps no promise over a restart and stores nothing: the log and the next leader take over.
#[derive(Clone, Debug)]
pub struct Leader {
    term: u64,
    timing: Timing,
    clock: LogClock,
    taken_at: Local,
    /// The begin of the latest confirmed round.
    confirmed: Option<Local>,
    rounds: u64,
    /// The round that was begun last and is not confirmed.
    open_round: Option<Round>,
    beats: u64,
    /// An entry that another node had applied and this one had not, and when that was heard.
    ahead: Option<(u64, Local)>,
    heard: BTreeMap<String, Heard>,
    /// The index at which `heard` was last compared with the members.
    compared: Option<u64>,
    reports: VecDeque<Item>,
    /// Reports of people and programs that a life is off, which wait until it must be.
    words: Vec<Word>,
    /// Lives that are off, as their keepers report.
    off: Vec<Word>,
    checkpoint_at: Option<Local>,
    timeout: Option<(Timestamp, Local)>,
    wall_clock: Option<WallClock>,
    wall_clock_at: Option<Local>,
}

impl Leader {
    /// Items of one entry, at most.
    pub const BATCH: usize = 256;
    /// Reports that wait for an entry, at most. More are not taken; they are sent again.
    pub const REPORTS: usize = 4_096;
    /// The longest time between two checkpoints.
    pub const CHECKPOINT: Duration = Duration::from_secs(10);
    /// The longest time between two readings of the wall clock.
    pub const WALL_CLOCK: Duration = Duration::from_secs(3_600);

    /// Takes charge in a term of the engine, after the replica has applied everything that earlier
    /// leaders decided. `now` is read after that was seen.
    ///
    /// # Errors
    ///
    /// The machine is no node of the cluster.
    pub fn take_charge(
        now: Local,
        term: u64,
        timing: Timing,
        replica: &Replica,
    ) -> Result<Self, ChargeError> {
        if replica.cluster().spec().node_id(replica.node()).is_none() {
            return Err(ChargeError::Witness);
        }
        let mut leader = Self {
            term,
            timing,
            clock: LogClock::resume(replica.stamp(), now),
            taken_at: now,
            confirmed: None,
            rounds: 0,
            open_round: None,
            beats: 0,
            ahead: None,
            heard: BTreeMap::new(),
            compared: None,
            reports: VecDeque::new(),
            words: Vec::new(),
            off: Vec::new(),
            checkpoint_at: None,
            timeout: None,
            wall_clock: None,
            wall_clock_at: None,
        };
        leader.compare(now, replica);
        if seeded!(ImpatientLeader) {
            for heard in leader.heard.values_mut() {
                heard.last = Local::default();
            }
        }
        Ok(leader)
    }

    /// Listens from now on to every member that was not heard yet.
    fn compare(&mut self, now: Local, replica: &Replica) {
        if self.compared == Some(replica.applied()) {
            return;
        }
        self.compared = Some(replica.applied());
        for life in replica.members() {
            // A later life may be known that has not joined; it ends with the node.
            let incarnation = replica.latest_life(&life.node);
            self.listen(now, NodeLife { incarnation, ..life });
        }
        self.heard
            .retain(|_, heard| replica.latest_life(&heard.life.node) <= heard.life.incarnation);
    }

    /// Returns the record of a life, which replaces that of an earlier one.
    fn listen(&mut self, now: Local, life: NodeLife) -> Option<&mut Heard> {
        let key = folded(&life.node);
        let is_known =
            self.heard.get(&key).is_some_and(|known| known.life.incarnation >= life.incarnation);
        if !is_known {
            self.heard.insert(key.clone(), Heard::new(life, now));
        }
        self.heard.get_mut(&key)
    }

    /// Takes in a beat. The leader's own node sends beats as every other node does.
    ///
    /// # Errors
    ///
    /// The beat does not count. Nothing has changed then.
    pub fn handle_beat(
        &mut self,
        now: Local,
        beat: Beat,
        replica: &Replica,
    ) -> Result<(), BeatError> {
        let latest = replica.latest_life(&beat.life.node);
        let known = self.heard.get(&folded(&beat.life.node)).map(|of| of.life.incarnation);
        let latest = latest.max(known.unwrap_or_default());
        if beat.life.incarnation < latest {
            return Err(BeatError::OldLife(latest));
        }
        if beat.applied > replica.applied() && self.behind(now, replica).is_zero() {
            self.ahead = Some((beat.applied, now));
        }
        check_likeness(&beat, replica)?;
        let number = self.beats.saturating_add(1);
        let detection = self.timing.detection;
        let is_member = replica.standing(&beat.life) == Standing::Member;
        let is_reported_off = self.words.iter().any(|word| word.may_stand_in_log(&beat.life));
        let Some(heard) = self.listen(now, beat.life) else { return Ok(()) };
        if heard.losing.is_some() || is_reported_off {
            if !seeded!(GrantWhileLosing) {
                return Err(BeatError::BeingLost);
            }
        } else if beat.lease_ends.is_some() || !is_member {
            heard.leased = heard.leased.max(now);
        } else if now.since(heard.leased) >= detection {
            return Err(BeatError::Deaf);
        }
        heard.last = heard.last.max(now);
        if heard.beats.len() >= UNANSWERED {
            heard.beats.pop_front();
        }
        heard.beats.push_back((number, beat.sent));
        let life = heard.life.clone();
        self.beats = number;
        // If a node still sends beats, a report that it is off is mistaken.
        self.words.retain(|word| !word.is_about(&life));
        Ok(())
    }

    /// Begins a round of confirmation, if one is worth it: a beat waits for a grant, or the leader
    /// has not been affirmed for an eighth of [`Timing::detection`]. Ask the engine whether a quorum
    /// affirms this leader in a round that begins after this call (E3).
    pub fn begin_round(&mut self, now: Local) -> Option<Round> {
        let patience = part(self.timing.detection, 8);
        if self.open_round.is_some_and(|round| now.since(round.begun) < patience) {
            return None;
        }
        let is_old = self.confirmed.is_none_or(|begun| now.since(begun) >= patience);
        if !is_old && self.heard.values().all(|heard| heard.beats.is_empty()) {
            return None;
        }
        self.rounds = self.rounds.saturating_add(1);
        let round = Round { number: self.rounds, begun: now, beats: self.beats };
        self.open_round = Some(round);
        Some(round)
    }

    /// Takes in that a quorum affirmed the leader, and returns the grants to send.
    pub fn handle_confirmed(
        &mut self,
        now: Local,
        affirmation: Affirmation,
        replica: &Replica,
    ) -> Vec<Grant> {
        let Affirmation { round, term, committed } = affirmation;
        if term != self.term {
            return Vec::new();
        }
        if self.open_round.is_some_and(|open| open.number <= round.number) {
            self.open_round = None;
        }
        let since = self.confirmed.unwrap_or(self.taken_at);
        if round.begun.since(since) >= self.timing.confirmation() {
            // The leader was cut off meanwhile, so it could not have heard anybody.
            for heard in self.heard.values_mut() {
                heard.last = heard.last.max(now);
                heard.leased = heard.leased.max(now);
            }
        }
        self.confirmed = Some(self.confirmed.map_or(round.begun, |known| known.max(round.begun)));
        let floor = committed.max(replica.applied());
        self.grants(round, floor, replica)
    }

    /// Returns the grants for all beats that had arrived when the round was begun.
    fn grants(&mut self, round: Round, floor: u64, replica: &Replica) -> Vec<Grant> {
        let mut grants = Vec::new();
        for heard in self.heard.values_mut() {
            let is_reported_off = self.words.iter().any(|word| word.may_stand_in_log(&heard.life));
            let is_losing =
                (heard.losing.is_some() || is_reported_off) && !seeded!(GrantWhileLosing);
            if is_losing || replica.standing(&heard.life) != Standing::Member {
                continue;
            }
            let mut sent = None;
            while let Some((number, at)) = heard.beats.front().copied()
                && (number <= round.beats || seeded!(GrantUnconfirmed))
            {
                sent = sent.max(Some(at));
                heard.beats.pop_front();
            }
            if let Some(sent) = sent {
                grants.push(Grant { life: heard.life.clone(), sent, floor });
            }
        }
        grants
    }

    /// Takes in reports that nodes send from their outboxes, and inputs of operators. Those that
    /// the leader has already and those that have counted are dropped; those that do not fit are
    /// sent again.
    ///
    /// A report that a node is off ([`NodeConfirmedDown`](crate::Input::NodeConfirmedDown),
    /// [`NodeFenced`](crate::Input::NodeFenced)) waits with this leader until everything on the node
    /// must have stopped. It is dropped if a beat of that life arrives before, and when another node
    /// takes charge meanwhile; then the node is still unclean, and it is reported again. A report
    /// that a node is lost ([`NodeLost`](crate::Input::NodeLost)) is dropped: only silence may say
    /// so. A node joins and leaves by its own report only.
    pub fn handle_reports(&mut self, now: Local, items: Vec<Item>, replica: &Replica) {
        for item in items {
            if self.reports.len() >= Self::REPORTS {
                return;
            }
            if let Some(origin) = &item.origin {
                let (sequence, reported) = (origin.sequence, replica.reported(&origin.life));
                let retry = self.timing.detection;
                let Some(heard) = self.listen(now, origin.life.clone()) else { continue };
                if heard.life.incarnation != origin.life.incarnation {
                    continue;
                }
                if !heard.taken.takes(now, sequence, reported, retry) {
                    continue;
                }
            }
            self.take_report(item, replica);
        }
    }

    /// Takes in the word of a keeper that everything of a life is off. It becomes a
    /// [`NodeFenced`](crate::Input::NodeFenced) about that life, and that life gets no grant any
    /// more.
    pub fn handle_off(&mut self, now: Local, life: NodeLife) {
        if let Some(heard) = self.listen(now, life.clone())
            && heard.life == life
        {
            heard.losing = Some(now);
        }
        if self.off.iter().all(|word| word.life != life) {
            let (node, incarnation) = (life.node.clone(), life.incarnation);
            self.off.push(Word::new(life, Input::<Names>::node_fenced(node, incarnation)));
        }
    }

    /// Takes in a reading of the wall clock of this machine, for failback windows. Hand one in when
    /// [`wants_wall_clock`](Self::wants_wall_clock).
    pub const fn handle_wall_clock(&mut self, reading: WallClock) {
        self.wall_clock = Some(reading);
    }

    /// Tells whether the wall clock should be read: when the leader has just taken charge, and every
    /// hour.
    #[must_use]
    pub fn wants_wall_clock(&self, now: Local) -> bool {
        self.wall_clock.is_none()
            && self.wall_clock_at.is_none_or(|at| now.since(at) >= Self::WALL_CLOCK)
    }

    /// Tells whether a quorum affirmed the leader less than half of [`Timing::detection`] ago. Only
    /// then it proposes losses.
    #[must_use]
    pub fn is_confirmed(&self, now: Local) -> bool {
        self.confirmed.is_some_and(|begun| now.since(begun) < self.timing.confirmation())
    }

    /// Judges whether the leader may go on. Ask at least as often as beats arrive.
    #[must_use]
    pub fn charge(&self, now: Local, replica: &Replica, guard: &Guard) -> Charge {
        let spec = replica.cluster().spec();
        let own = spec.node_id(replica.node());
        let is_victim = replica
            .cluster()
            .outstanding_fences()
            .any(|fence| fence.action == OperationKind::Fence && Some(fence.node) == own);
        let since = self.confirmed.unwrap_or(self.taken_at);
        let is_unleased =
            guard.lease_left(now).is_zero() && now.since(self.taken_at) >= self.timing.detection;
        if is_victim {
            Charge::Victim
        } else if now.since(since) >= self.timing.confirmation() {
            Charge::CutOff
        } else if self.behind(now, replica) >= self.timing.confirmation() {
            Charge::Behind
        } else if guard.is_over(now) || is_unleased {
            Charge::NoLease
        } else {
            Charge::Holds
        }
    }

    /// Returns for how long another node has been known to be ahead of this one.
    fn behind(&self, now: Local, replica: &Replica) -> Duration {
        let ahead = self.ahead.filter(|(index, _)| *index > replica.applied());
        ahead.map_or(Duration::ZERO, |(_, since)| now.since(since))
    }

    /// Tells whether fences are the duty of this node now: only with a lease of its own.
    #[must_use]
    pub fn leads(&self, now: Local, guard: &Guard) -> Leads {
        if guard.lease_left(now).is_zero() { Leads::No } else { Leads::Yes }
    }

    /// Returns the members from which nothing was heard for two fifths of [`Timing::detection`] or
    /// more, with the span: an early warning for operators.
    pub fn quiet(&self, now: Local) -> impl Iterator<Item = (&NodeLife, Duration)> + '_ {
        let limit = part(self.timing.detection.saturating_mul(2), 5);
        let silences = self.heard.values().map(move |heard| (&heard.life, now.since(heard.last)));
        silences.filter(move |(_, silence)| *silence >= limit)
    }

    /// The term of the engine in which this leader took charge.
    #[must_use]
    pub const fn term(&self) -> u64 {
        self.term
    }

    /// Returns the time of the log now.
    #[must_use]
    pub fn log_time(&self, now: Local) -> Timestamp {
        self.clock.read(now)
    }
}

/// Checks that the sender of a beat decides by the same rules and stands where the leader stood.
fn check_likeness(beat: &Beat, replica: &Replica) -> Result<(), BeatError> {
    let (expected, found) = (replica.genesis().behaviour(), beat.behaviour);
    if expected != found && !seeded!(AnyBehaviourGranted) {
        return Err(BeatError::OtherBehaviour { expected, found });
    }
    let Some(theirs) = beat.checkpoint else { return Ok(()) };
    match replica.checkpoint_at(theirs.index) {
        Some(ours) if ours == theirs => Ok(()),
        Some(_) => Err(BeatError::DigestDiffers { index: theirs.index }),
        None => Err(BeatError::OutsideHistory { index: theirs.index }),
    }
}
