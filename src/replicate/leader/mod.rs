//! The leader: beats in, grants out, and entries to propose. It exists only while a node is in charge.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use thiserror::Error;

use super::clock::{Local, LogClock};
use super::entry::{Item, NodeLife};
use super::guard::{Beat, Grant, Guard};
use super::replica::{Leads, Replica, Standing, folded};
use super::timing::{Timing, part};
use crate::cluster::Input;
use crate::id::{Incarnation, Names};
use crate::state::OperationKind;
use crate::time::{Timestamp, WallClock};

mod propose;

/// The node that leads, while it is in charge: it has applied everything that earlier leaders
/// decided (E4). Drop it when the engine says that another node leads, or when the term changes.
///
/// It keeps no promise over a restart and stores nothing: the log and the next leader take over.
#[derive(Clone, Debug)]
pub struct Leader {
    node: String,
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

/// The knowledge of a leader about the present life of a node.
#[derive(Clone, Debug)]
struct Heard {
    life: NodeLife,
    /// The arrival of the last beat that counted, or when the leader began to listen.
    last: Local,
    /// The arrival of the last beat that told of a lease, or when the leader began to listen.
    leased: Local,
    /// Beats that no grant has answered yet, oldest first: the number here, and when it was sent.
    beats: VecDeque<(u64, Local)>,
    /// The moment at which the leader last proposed that this life is over. It is never granted
    /// anything from then on.
    losing: Option<Local>,
    taken: Taken,
}

/// The reports of a life that were taken for entries.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// The highest one.
    last: u64,
    /// The highest one that had counted when this was last looked at.
    counted: u64,
    /// The moment of that look, or when one was taken while all others had counted. If none counts
    /// for long after it, the engine has lost one, and all behind it are refused.
    since: Local,
}

impl Taken {
    /// Takes the next report, if this one is it. Reports that do not count in time are taken again.
    fn takes(&mut self, now: Local, sequence: u64, reported: u64, retry: Duration) -> bool {
        let has_none_under_way = self.last <= reported;
        if reported > self.counted || has_none_under_way {
            self.counted = reported;
            self.since = now;
        }
        if has_none_under_way || now.since(self.since) >= retry {
            self.last = reported;
            self.since = now;
        }
        let is_next = sequence == self.last.saturating_add(1);
        if is_next {
            self.last = sequence;
        }
        is_next
    }
}

/// Beats of one life that are kept until a round confirms them. A round that takes as long as this
/// many beats is too slow for any lease.
const UNANSWERED: usize = 64;

/// A report that a life is off.
#[derive(Clone, Debug)]
struct Word {
    life: NodeLife,
    input: Input<Names>,
    /// The moment at which it was last proposed.
    proposed: Option<Local>,
}

impl Word {
    const fn new(life: NodeLife, input: Input<Names>) -> Self {
        Self { life, input, proposed: None }
    }

    /// Tells whether it says that this life is off, because it names this life or a later one.
    fn is_about(&self, life: &NodeLife) -> bool {
        folded(&self.life.node) == folded(&life.node) && self.life.incarnation >= life.incarnation
    }
}

/// A round of confirmation that was begun: the engine is asked whether a quorum affirms this leader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Round {
    number: u64,
    begun: Local,
    /// The beats that had arrived when it was begun.
    beats: u64,
}

/// The reason why a node cannot take charge.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ChargeError {
    /// The machine only votes: it is no node of the cluster, has no lease of its own, and so could
    /// fence nobody. It hands the leadership on at once.
    #[error("a machine that only votes hands the leadership on")]
    Witness,
}

/// The reason why a beat does not count. Its sender gets no grant, so its lease ends; as far as the
/// leader is concerned the node is silent, and is lost in time.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BeatError {
    /// A later life of the node is known.
    #[error("a later life of the node is known: {0}")]
    OldLife(Incarnation),
    /// The node would decide otherwise: it runs another release, policy or limits.
    #[error("the node decides by other rules: {found:016x} in place of {expected:016x}")]
    OtherBehaviour {
        /// The number of the rules of the leader.
        expected: u64,
        /// The number of the rules of the node.
        found: u64,
    },
    /// The replica of the node stands elsewhere at the same index.
    #[error("the replica of the node differs at entry {index}")]
    DigestDiffers {
        /// The index.
        index: u64,
    },
    /// The leader cannot compare: the node took its last digest at an index that the leader does
    /// not remember, or has not reached.
    #[error("the digest at entry {index} is outside the history of the leader")]
    OutsideHistory {
        /// The index.
        index: u64,
    },
    /// It is about a life for which the leader has proposed a loss.
    #[error("the leader has proposed that this life is over")]
    BeingLost,
    /// No beat of this member has told of a lease for longer than [`Timing::detection`]: it is
    /// heard and does not hear. It could carry nothing out, so it is given up: it gets no grants
    /// any more, and is lost in time.
    #[error("the node is heard, but does not hear: it has had no lease for too long")]
    Deaf,
}

/// Tells whether a leader may go on.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Charge {
    /// It goes on.
    Holds,
    /// No quorum has affirmed it for half of [`Timing::detection`], since it took charge or at all.
    /// It stops sending what keeps it leader, so that the others elect another one.
    CutOff,
    /// Others have applied an entry that its own replica has not, for half of [`Timing::detection`]:
    /// its disk hangs. It could not tell whether they stand where it stands, so nobody would be
    /// granted anything. It stops sending what keeps it leader.
    Behind,
    /// The life of its own node is over, or has had no lease for [`Timing::detection`] since the
    /// charge began. It stops sending what keeps it leader, for it may carry out no fence.
    NoLease,
    /// Its own node is to be fenced. It resets its machine.
    Victim,
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
            node: replica.node().into(),
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
            let taken = Taken { last: 0, counted: 0, since: now };
            let heard =
                Heard { life, last: now, leased: now, beats: VecDeque::new(), losing: None, taken };
            self.heard.insert(key.clone(), heard);
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
        let Some(heard) = self.listen(now, beat.life) else { return Ok(()) };
        if heard.losing.is_some() {
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

    /// Takes in that a quorum affirmed the leader in `round`. `term` is the term that it affirmed;
    /// of another term than that of the charge it proves nothing. Returns the grants to send.
    pub fn handle_confirmed(
        &mut self,
        now: Local,
        round: Round,
        term: u64,
        replica: &Replica,
    ) -> Vec<Grant> {
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
        self.grants(round, replica)
    }

    /// Returns the grants for all beats that had arrived when the round was begun.
    fn grants(&mut self, round: Round, replica: &Replica) -> Vec<Grant> {
        let applied = replica.applied();
        let mut grants = Vec::new();
        for heard in self.heard.values_mut() {
            let is_losing = heard.losing.is_some() && !seeded!(GrantWhileLosing);
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
                grants.push(Grant { life: heard.life.clone(), sent, applied });
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
    /// must have stopped. It is dropped if a beat of that life arrives, and when another node takes
    /// charge meanwhile; then the node is still unclean, and it is reported again. A report that a
    /// node is lost is dropped where membership vouches for lost nodes
    /// ([`Fencing::Trusted`](crate::settings::Fencing::Trusted)): only silence may say so. A node
    /// joins and leaves by its own report only.
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
        let own = spec.node_id(&self.node);
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
