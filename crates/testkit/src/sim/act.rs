//! What can happen in a run, as it is done: a list of acts with their times needs no chance any
//! more. What an act refers to is found by name or kind, so that the acts that are left make sense
//! when others are taken away. An act that is not possible when its turn comes does nothing.

use quorate::Input;
use quorate::id::Names;
use quorate::spec::ClusterDeclaration;
use quorate::state::OperationKind;

use super::world::{Key, Link, Manner, Strike};

/// An act and its time.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    /// Milliseconds since the start.
    pub(crate) at: u64,
    pub(crate) act: Act,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A timer goes off, due or not.
    Timer,
    /// An order arrives at its agent.
    Order(OpRef),
    /// An agent ends what it has in hands.
    Work(OpRef, Manner),
    /// A fencing device strikes.
    Strike(OpRef, Strike),
    /// What an agent or device said arrives at the cluster.
    Answer(OpRef, Word),
    /// Progress of an operation is reported.
    Progress(OpRef),
    /// A machine loses power.
    PowerOff(Key),
    /// A machine starts.
    PowerOn(Key),
    /// A machine stands still.
    Freeze(Key),
    /// It goes on.
    Thaw(Key),
    /// Its agents are restarted and remember nothing.
    Forget(Key),
    /// The same, and they say what the node runs.
    Recount(Key),
    /// Its link becomes better or worse.
    Connect(Key, Link),
    /// Membership gives up a node that is not heard.
    Lost(Key),
    /// Membership takes in a node that is heard.
    Joined(Key),
    /// A node is said to join in a life that is over, so many lives ago.
    StaleJoin(Key, u64),
    /// What was said of a node so many lives ago arrives only now.
    LateNews(Key, News, u64),
    /// A node stops everything and leaves.
    Left(Key),
    /// Somebody fences a node and says so.
    Fenced(Key),
    /// An operator says that a node is off.
    ConfirmedDown(Key, Truth),
    /// Something begins to run that nobody asked for.
    Rogue(Key, Key),
    /// A resource dies on a node.
    Kill(Key, Key),
    /// The agent of a resource says that it failed, or is alive.
    Report(Report),
    /// An operator forgets the failures of a resource, and may say that it is off.
    Clear(Key, Truth),
    /// Something is said by name: a command, the witness, a clock.
    Say(Box<Input<Names>>),
    /// Something is said that no sound embedder says, so much before the present time.
    Junk(Box<Input>, Moment),
    /// A small change of the configuration, by number.
    Edit { kind: u8, one: u16, other: u16 },
    /// Another configuration.
    Declare(Box<ClusterDeclaration>),
    /// A configuration beyond a limit.
    Oversize(Size),
    /// The cluster is stored and restored.
    Restart,
    /// The same, after a time in which nobody decided.
    GoOn,
    /// An older snapshot is restored and the log played to its end.
    Replay,
    /// A part of the log is played a second time.
    LogAgain,
}

/// An operation: the last one of its sort on this node but so many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OpRef {
    /// By its place in the list of all operations, while that list grows.
    At(usize),
    /// By what it is.
    Of { action: OperationKind, node: Key, resource: Option<Key>, back: usize },
}

/// What the cluster is told of an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Word {
    /// What the agent said.
    Truth,
    /// The opposite, after the truth.
    Contrary,
    /// That nobody waits for it any more.
    GivenUp,
    /// What nobody can say of such an operation.
    Unfit,
}

/// Whether what is said is so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Truth {
    True,
    False,
}

/// What is said of a node that is gone.
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
    /// How many lives ago it was sent.
    pub(crate) lives_ago: u64,
    pub(crate) about: About,
}

/// Which run of a resource an agent speaks of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum About {
    /// It names none.
    Unnamed,
    /// The one that it knows of.
    ThisRun,
    /// The one before.
    RunBefore,
}

/// When something is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Moment {
    Now,
    /// So many milliseconds ago.
    Before(u64),
    /// So many milliseconds before the end of all numbers.
    BeforeTheEnd(u64),
}

/// How a configuration is too large.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Size {
    /// A name past its limit.
    #[default]
    LongName,
    /// More nodes than there may be.
    ManyNodes,
    /// An expression that names more than it may.
    LongExpression,
    /// A name of a mebibyte.
    HugeName,
    /// 65,536 nodes.
    HugeMembership,
    /// 10,000 resources, each of which needs the one before.
    HugeChain,
    /// 10,000 resources that one needs.
    HugeFan,
    /// 100,000 resources.
    HugeNumber,
}

impl Size {
    /// A little too large, cheap to build.
    pub(crate) const SMALL: [Self; 3] = [Self::LongName, Self::ManyNodes, Self::LongExpression];

    /// Larger by orders of magnitude.
    pub(crate) const HUGE: [Self; 5] =
        [Self::HugeName, Self::HugeMembership, Self::HugeChain, Self::HugeFan, Self::HugeNumber];

    /// Its place among all of them.
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
