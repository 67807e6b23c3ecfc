//! The acts of a run. A list of acts with their times can be played again without random numbers.
//! Acts refer to things by name or kind, so the acts that are left make sense when others are
//! removed. An act that is not possible at its time does nothing.

use crate::machine::{Link, Manner};
use quorate::Input;
use quorate::id::Names;
use quorate::spec::ClusterDeclaration;
use quorate::state::OperationKind;

use super::world::{Key, Strike};

/// An act and its time.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    /// Milliseconds since the start.
    pub(crate) at: u64,
    pub(crate) act: Act,
}

/// An event that changes the world or reaches the cluster.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A timer goes off, due or not.
    Timer,
    /// An order arrives at its agent.
    Order(OpRef),
    /// An agent ends its operation under way.
    Work(OpRef, Manner),
    /// A fencing device acts.
    Strike(OpRef, Strike),
    /// The answer of an agent or device arrives at the cluster.
    Answer(OpRef, Word),
    /// Progress of an operation is reported.
    Progress(OpRef),
    /// A machine loses power.
    PowerOff(Key),
    /// A machine starts.
    PowerOn(Key),
    /// A machine freezes.
    Freeze(Key),
    /// A frozen machine continues.
    Thaw(Key),
    /// The agents of a machine are restarted without their memory.
    Forget(Key),
    /// The agents of a machine are restarted without their memory, and report what the node runs.
    Recount(Key),
    /// The link of a machine becomes better or worse.
    Connect(Key, Link),
    /// Membership reports the loss of a node that is not heard.
    Lost(Key),
    /// Membership reports that a node that is heard has joined.
    Joined(Key),
    /// A node is reported to join in a life that has ended, this many lives ago.
    StaleJoin(Key, u64),
    /// A report on a node from this many lives ago arrives only now.
    LateNews(Key, News, u64),
    /// A node stops everything and leaves.
    Left(Key),
    /// A node is fenced from outside, and this is reported.
    Fenced(Key),
    /// An operator reports that a node is off.
    ConfirmedDown(Key, Truth),
    /// A resource begins to run on a node although the cluster did not ask for it.
    Rogue(Key, Key),
    /// A resource dies on a node.
    Kill(Key, Key),
    /// The agent of a resource reports that it failed, or is alive.
    Report(Report),
    /// An operator clears the failures of a resource, which may also confirm that it is off.
    Clear(Key, Truth),
    /// An input by name arrives: a command, the witness, a clock.
    Say(Box<Input<Names>>),
    /// An input arrives that no correct embedder sends, with this time.
    Junk(Box<Input>, Moment),
    /// A small change of the configuration, chosen by number.
    Edit { kind: u8, one: u16, other: u16 },
    /// Another configuration is declared.
    Declare(Box<ClusterDeclaration>),
    /// A configuration beyond a limit is declared.
    Oversize(Size),
    /// The cluster is stored and restored.
    Restart,
    /// The cluster is stored and restored after a time in which the core did not run.
    GoOn,
    /// An older snapshot is restored, and the log since then is replayed to its end.
    Replay,
    /// A part of the log is played a second time.
    LogAgain,
}

/// A reference to an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OpRef {
    /// Its index in the list of all operations, which only grows.
    At(usize),
    /// Its action, node and resource, and how many later operations of that sort there are.
    Of { action: OperationKind, node: Key, resource: Option<Key>, back: usize },
}

/// The answer that the cluster gets for an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Word {
    /// The answer of the agent.
    Truth,
    /// The opposite of the agent's answer, after the true one.
    Contrary,
    /// The report that the caller stopped waiting.
    GivenUp,
    /// An outcome that such an operation cannot have.
    Unfit,
}

/// The truth of a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Truth {
    True,
    False,
}

/// A report on a node that is gone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum News {
    #[default]
    Left,
    Lost,
    Fenced,
    ConfirmedDown,
}

impl News {
    pub(crate) const ALL: [Self; 4] = [Self::Left, Self::Lost, Self::Fenced, Self::ConfirmedDown];
}

/// A report of an agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Report {
    pub(crate) node: Key,
    pub(crate) resource: Key,
    pub(crate) is_alive: bool,
    /// Number of lives since it was sent.
    pub(crate) lives_ago: u64,
    pub(crate) about: About,
}

/// The run of a resource that an agent's report names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum About {
    /// The report names no run.
    Unnamed,
    /// The run that the agent knows of.
    ThisRun,
    /// The run before that.
    RunBefore,
}

/// The time of an input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Moment {
    Now,
    /// This many milliseconds ago.
    Before(u64),
    /// This many milliseconds before the largest number.
    BeforeTheEnd(u64),
}

/// The way in which a configuration is too large.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Size {
    /// A name beyond its limit.
    #[default]
    LongName,
    /// More nodes than allowed.
    ManyNodes,
    /// An expression with more names than allowed.
    LongExpression,
    /// A name of a mebibyte.
    HugeName,
    /// 65,536 nodes.
    HugeMembership,
    /// 10,000 resources; each needs the previous one.
    HugeChain,
    /// 10,000 resources that one resource needs.
    HugeFan,
    /// 100,000 resources.
    HugeNumber,
}

impl Size {
    /// Sizes just above a limit, which are cheap to build.
    pub(crate) const SMALL: [Self; 3] = [Self::LongName, Self::ManyNodes, Self::LongExpression];

    /// Sizes larger by orders of magnitude.
    pub(crate) const HUGE: [Self; 5] =
        [Self::HugeName, Self::HugeMembership, Self::HugeChain, Self::HugeFan, Self::HugeNumber];

    /// Returns the index of the size among all sizes.
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::LongName => 0,
            Self::ManyNodes => 1,
            Self::LongExpression => 2,
            Self::HugeName => 3,
            Self::HugeMembership => 4,
            Self::HugeChain => 5,
            Self::HugeFan => 6,
            Self::HugeNumber => 7,
        }
    }
}
