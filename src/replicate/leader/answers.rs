//! The answers that a leader is given, and those that it gives.

use thiserror::Error;

use crate::id::Incarnation;
use crate::replicate::clock::Local;

/// A round of confirmation that was begun: the engine is asked whether a quorum affirms this leader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Round {
    pub(super) number: u64,
    pub(super) begun: Local,
    /// The beats that had arrived when it was begun.
    pub(super) beats: u64,
}

/// The answer of the engine that a quorum affirmed the leader in a round that began after it was
/// asked (E3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Affirmation {
    /// The round that it answers.
    pub round: Round,
    /// The term that was affirmed. Another term than that of the charge proves nothing.
    pub term: u64,
    /// The index of the last entry that the engine had committed when it was affirmed, known to
    /// this leader or not. Engines call it the read index.
    pub committed: u64,
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
    /// The leader has proposed that the life of this beat is lost or off.
    #[error("the leader has proposed that this life is over")]
    BeingLost,
    /// No beat of this member has told of a lease for longer than
    /// [detection](crate::replicate::Timing::detection): it is heard and does not hear. It could
    /// carry nothing out, so it is given up: it gets no grants any more, and is lost in time.
    #[error("the node is heard, but does not hear: it has had no lease for too long")]
    Deaf,
}

/// Tells whether a leader may go on.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Charge {
    /// It goes on.
    Holds,
    /// No quorum has affirmed it for half of [detection](crate::replicate::Timing::detection), since
    /// it took charge or at all. It stops sending what keeps it leader, so that the others elect
    /// another one.
    CutOff,
    /// Others have applied an entry that its own replica has not, for half of
    /// [detection](crate::replicate::Timing::detection): its disk hangs. It could not tell whether
    /// they stand where it stands, so nobody would be granted anything. It stops sending what keeps
    /// it leader.
    Behind,
    /// The life of its own node is over, or has had no lease for
    /// [detection](crate::replicate::Timing::detection) since the charge began. It stops sending what
    /// keeps it leader, for it may carry out no fence.
    NoLease,
    /// Its own node is to be fenced. It resets its machine.
    Victim,
}
