//! The steps of a history, as drawn: numbers that get their meaning when the step is played.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use quorate::spec::ClusterDeclaration;

/// One step. Numbers are taken modulo the number of choices at that moment.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Step {
    /// An agent or fencing device works on an operation that was handed to it.
    Work {
        /// The operation.
        job: u16,
        /// The way in which it works.
        manner: Manner,
    },
    /// Agents and devices work on all operations that were handed to them, without fault.
    WorkAll {
        /// The number of rounds, because answers lead to new operations.
        rounds: u8,
    },
    /// A held answer arrives, or an answer that was given before arrives again.
    Answer {
        /// The answer.
        which: u16,
        /// True for an answer that was given before.
        repeat: bool,
    },
    /// An operation that hung ends after all.
    Ripen {
        /// The operation.
        which: u16,
    },
    /// The timer goes off: on time, early, late, or much too late.
    Timer {
        /// How early or late the timer is.
        delay: u8,
    },
    /// Time passes until the next input.
    Wait {
        /// The length, from a list.
        span: u8,
    },
    /// An event of a node.
    Node {
        /// The node.
        node: u8,
        /// The event.
        fate: Fate,
    },
    /// An event of a running resource.
    Resource {
        /// The resource.
        resource: u16,
        /// The event: it dies, dies and is reported as failed, is only reported as failed, or is
        /// reported as alive.
        fate: u8,
    },
    /// A change of the witness.
    Witness {
        /// True if the witness can be held.
        up: bool,
    },
    /// A reading of the wall clock.
    WallClock {
        /// The hour that it shows.
        hour: u8,
        /// The offset of local time, from a list.
        offset: u8,
    },
    /// A command of an operator.
    Command {
        /// The kind of command.
        kind: u8,
        /// The first thing that it is about.
        one: u16,
        /// The second thing that it is about.
        other: u16,
        /// The options of the command.
        flags: u8,
    },
    /// A small change of the configuration.
    Configure {
        /// The kind of change.
        kind: u8,
        /// The first thing that it is about.
        one: u16,
        /// The second thing that it is about.
        other: u16,
    },
    /// An attribute of a node is reported.
    Attribute {
        /// The node.
        node: u8,
        /// The name, from a list.
        name: u8,
        /// The value.
        value: u8,
    },
    /// An input that makes no sense.
    Junk {
        /// The kind of input.
        kind: u8,
        /// The first thing that it is about.
        one: u16,
        /// The second thing that it is about.
        other: u16,
    },
    /// The cluster is stored and restored, and issues the outstanding operations again.
    Restore,
    /// An operation arrives at its agent late, or once more.
    Late {
        /// The operation.
        which: u16,
    },
    /// Time passes until the next input, and the cluster is told that no core decided meanwhile.
    Outage {
        /// The length, from a list.
        span: u8,
    },
}

/// The way in which an agent works on an operation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Manner {
    /// The work is done, and success is reported.
    Succeed,
    /// Nothing is done, and failure is reported.
    Fail,
    /// All or half of the work is done, but failure is reported.
    FailDirty,
    /// Nothing is done yet, and no answer is given.
    Hang,
    /// The work is done, but the answer is held back.
    SucceedLate,
    /// The work fails, and the answer is held back.
    FailLate,
    /// The work is done, and no answer is ever given.
    SucceedMute,
    /// The embedder stops waiting.
    GiveUp,
    /// Progress is reported.
    Progress,
    /// The operation is lost on its way to its agent.
    Drop,
}

impl Manner {
    /// Tells whether the work is done and succeeds.
    pub(crate) const fn is_well(self) -> bool {
        match self {
            Self::Succeed | Self::SucceedLate | Self::SucceedMute => true,
            Self::Fail
            | Self::FailLate
            | Self::FailDirty
            | Self::Hang
            | Self::GiveUp
            | Self::Progress
            | Self::Drop => false,
        }
    }
}

/// An event of a node.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Fate {
    /// The node loses power, and no report says so yet.
    Crash,
    /// The node is cut off from the others and runs on.
    CutOff,
    /// The membership layer notices that the node is gone.
    Lose,
    /// The node starts, or is connected again, and joins.
    Join,
    /// The node starts and joins, and runs a resource that it should not run.
    JoinWithRogue(u16),
    /// The node stops everything and leaves.
    Leave,
    /// The node is fenced from outside, and this is reported.
    Fenced,
    /// An operator confirms that the node is off.
    ConfirmedDown,
    /// An operator confirms that the node is off, and is wrong.
    ConfirmedDownWrongly,
    /// A late report about an earlier life of the node arrives: that it left, was lost, was fenced
    /// or is off.
    LateNews(u8),
    /// The agent of the node is restarted and remembers nothing.
    Forget,
    /// The agent of the node is restarted and lists what the node runs.
    Recount,
}

/// A whole history, with its cluster.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct History {
    /// The cluster, unless it is drawn from `shape`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declaration: Option<ClusterDeclaration>,
    /// The numbers that the declaration is made from.
    pub shape: Vec<u16>,
    /// The policy, unless the history is played under another one.
    pub policy: u8,
    /// How often the twin, which has to act as the cluster does, is replaced by a restored cluster.
    pub twin: u8,
    /// Kinds of steps that are left out of this history.
    pub muted: u16,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Returns a strategy for one step; frequent events are more likely.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (any::<u16>(), manner()).prop_map(|(job, manner)| Step::Work { job, manner }),
        14 => (1..4_u8).prop_map(|rounds| Step::WorkAll { rounds }),
        5 => (any::<u16>(), any::<bool>())
            .prop_map(|(which, repeat)| Step::Answer { which, repeat }),
        2 => any::<u16>().prop_map(|which| Step::Ripen { which }),
        12 => any::<u8>().prop_map(|delay| Step::Timer { delay }),
        7 => any::<u8>().prop_map(|span| Step::Wait { span }),
        22 => (any::<u8>(), fate()).prop_map(|(node, fate)| Step::Node { node, fate }),
        8 => (any::<u16>(), any::<u8>())
            .prop_map(|(resource, fate)| Step::Resource { resource, fate }),
        3 => prop_oneof![3 => Just(true), 1 => Just(false)].prop_map(|up| Step::Witness { up }),
        2 => (0..24_u8, any::<u8>()).prop_map(|(hour, offset)| Step::WallClock { hour, offset }),
        14 => (any::<u8>(), any::<u16>(), any::<u16>(), any::<u8>())
            .prop_map(|(kind, one, other, flags)| Step::Command { kind, one, other, flags }),
        4 => (any::<u8>(), any::<u16>(), any::<u16>())
            .prop_map(|(kind, one, other)| Step::Configure { kind, one, other }),
        4 => (any::<u8>(), any::<u16>(), any::<u16>())
            .prop_map(|(kind, one, other)| junk_or_attribute(kind, one, other)),
        2 => Just(Step::Restore),
        8 => any::<u16>().prop_map(|which| Step::Late { which }),
        2 => any::<u8>().prop_map(|span| Step::Outage { span }),
    ]
}

/// Returns junk or a report of an attribute, half of each. Both are made of equal numbers, so that
/// the choice between them leaves all other steps of a seed as they are.
fn junk_or_attribute(kind: u8, one: u16, other: u16) -> Step {
    if kind < 128 {
        return Step::Junk { kind, one, other };
    }
    let [node, value] = one.to_le_bytes();
    Step::Attribute { node, name: kind, value }
}

fn manner() -> impl Strategy<Value = Manner> {
    prop_oneof![
        10 => Just(Manner::Succeed),
        6 => Just(Manner::Fail),
        3 => Just(Manner::FailDirty),
        3 => Just(Manner::Hang),
        3 => Just(Manner::SucceedLate),
        2 => Just(Manner::FailLate),
        2 => Just(Manner::SucceedMute),
        2 => Just(Manner::GiveUp),
        1 => Just(Manner::Progress),
        1 => Just(Manner::Drop),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        16 => Just(Fate::Join),
        3 => Just(Fate::Crash),
        3 => Just(Fate::CutOff),
        6 => Just(Fate::Lose),
        2 => Just(Fate::Leave),
        2 => Just(Fate::Fenced),
        2 => Just(Fate::ConfirmedDown),
        1 => Just(Fate::ConfirmedDownWrongly),
        1 => any::<u16>().prop_map(Fate::JoinWithRogue),
        2 => any::<u8>().prop_map(Fate::LateNews),
        2 => Just(Fate::Forget),
        3 => Just(Fate::Recount),
    ]
}

impl Step {
    /// Tells whether this kind of step is left out of a history.
    pub(crate) fn is_muted(&self, muted: u16) -> bool {
        let bit = match self {
            Self::Work { .. } | Self::WorkAll { .. } => return false,
            Self::Node { fate: Fate::Join, .. } => return false,
            Self::Answer { .. } => 0,
            Self::Ripen { .. } => 1,
            Self::Timer { .. } => 2,
            Self::Wait { .. } => 3,
            Self::Node { fate: Fate::JoinWithRogue(_), .. } => 4,
            Self::Node { fate: Fate::ConfirmedDownWrongly, .. } => return muted & (1 << 5) == 0,
            Self::Node { .. } => 6,
            Self::Resource { .. } => 7,
            Self::Witness { up: true } => return false,
            Self::Witness { .. } => 8,
            Self::WallClock { .. } => 9,
            Self::Command { .. } => 10,
            Self::Configure { .. } => 11,
            Self::Junk { .. } => 12,
            Self::Restore | Self::Outage { .. } => 13,
            Self::Late { .. } => 14,
            Self::Attribute { .. } => 15,
        };
        muted & (1 << bit) != 0
    }
}
