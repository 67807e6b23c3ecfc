//! What can happen in a history, as drawn: numbers that are made sense of when their turn comes.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use quorate::spec::ClusterDeclaration;

/// One thing that happens. Numbers are taken modulo the number of choices at that moment.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Step {
    /// An agent or fencing device deals with an operation that was handed to it.
    Work {
        /// Which one.
        job: u16,
        /// How.
        manner: Manner,
    },
    /// Agents and devices deal with everything that was handed to them, without fault.
    WorkAll {
        /// How often, for what comes of it.
        rounds: u8,
    },
    /// A held answer arrives, or one that was given before arrives again.
    Answer {
        /// Which one.
        which: u16,
        /// Whether it is one that was given before.
        repeat: bool,
    },
    /// An operation that hung ends after all.
    Ripen {
        /// Which one.
        which: u16,
    },
    /// The timer goes off: on time, early, late, or much too late.
    Timer {
        /// How early or late.
        delay: u8,
    },
    /// Time passes until the next input.
    Wait {
        /// How long, out of a list.
        span: u8,
    },
    /// Something befalls a node.
    Node {
        /// Which one.
        node: u8,
        /// What.
        fate: Fate,
    },
    /// Something befalls a running resource.
    Resource {
        /// Which one.
        resource: u16,
        /// It dies, dies and is reported, is reported, is said to be alive.
        fate: u8,
    },
    /// The witness.
    Witness {
        /// Whether it can be had.
        up: bool,
    },
    /// The clock on the wall.
    WallClock {
        /// The hour it shows.
        hour: u8,
        /// The offset of local time, out of a list.
        offset: u8,
    },
    /// An operator's command.
    Command {
        /// Which command.
        kind: u8,
        /// What it is about.
        one: u16,
        /// What else it is about.
        other: u16,
        /// Its options.
        flags: u8,
    },
    /// A small change of the configuration.
    Configure {
        /// Which change.
        kind: u8,
        /// What it is about.
        one: u16,
        /// What else it is about.
        other: u16,
    },
    /// Nonsense.
    Junk {
        /// Which nonsense.
        kind: u8,
        /// What it is about.
        one: u16,
        /// What else it is about.
        other: u16,
    },
    /// The cluster is stored, restored, and asked again for what is outstanding.
    Restore,
    /// An operation arrives at its agent late, or once more.
    Late {
        /// Which one.
        which: u16,
    },
    /// The same after a time in which nobody decided, and it is told so.
    Outage {
        /// How long, out of a list.
        span: u8,
    },
}

/// How an operation is dealt with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Manner {
    /// It is done and said to be done.
    Succeed,
    /// Nothing is done, and that is said.
    Fail,
    /// It fails and has done its work all the same, or half of it.
    FailDirty,
    /// No answer, nothing done yet.
    Hang,
    /// The work is done, the answer is held back.
    SucceedLate,
    /// The work fails, the answer is held back.
    FailLate,
    /// The work is done and never answered.
    SucceedMute,
    /// The embedder stops waiting.
    GiveUp,
    /// Progress is reported.
    Progress,
    /// The order is lost on its way.
    Drop,
}

impl Manner {
    /// Whether what is asked for is done and goes well.
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

/// What befalls a node.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Fate {
    /// It loses power, and nobody says so yet.
    Crash,
    /// It is cut off from the others and runs on.
    CutOff,
    /// The membership layer notices that it is gone.
    Lose,
    /// It starts, or is heard again, and joins.
    Join,
    /// It starts and joins, and something runs on it that should not.
    JoinWithRogue(u16),
    /// It stops everything and leaves.
    Leave,
    /// Somebody fences it and says so.
    Fenced,
    /// An operator sees that it is off and says so.
    ConfirmedDown,
    /// An operator says so, and is wrong.
    ConfirmedDownWrongly,
    /// A report of an earlier life of it arrives: that it left, was lost, fenced or seen off.
    LateNews(u8),
    /// Its agent is restarted and remembers nothing.
    Forget,
    /// Its agent is restarted and says what the node runs.
    Recount,
}

/// A whole history with the cluster that it happens to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct History {
    /// The cluster, unless it is drawn from `shape`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declaration: Option<ClusterDeclaration>,
    /// Numbers behind the declaration.
    pub shape: Vec<u16>,
    /// Which policy, if none is given to play it under.
    pub policy: u8,
    /// How often the twin, which has to do the same, is one that was stored and restored.
    pub twin: u8,
    /// Kinds of steps that do not happen in this history.
    pub muted: u16,
    /// What happens, one after the other.
    pub steps: Vec<Step>,
}

/// One thing that happens, the likelier the more often it does.
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
            .prop_map(|(kind, one, other)| Step::Junk { kind, one, other }),
        2 => Just(Step::Restore),
        8 => any::<u16>().prop_map(|which| Step::Late { which }),
        2 => any::<u8>().prop_map(|span| Step::Outage { span }),
    ]
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
    /// Whether this kind of step is left out of a history.
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
        };
        muted & (1 << bit) != 0
    }
}
