//! Inputs: everything that an embedder tells the core.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::cluster::words::{Life, Run, Running};
use crate::id::{Ids, Incarnation, Naming, OpId};
use crate::spec::ClusterDeclaration;
use crate::state::{DrainMode, MoveFailure, Outcome, WitnessState};
use crate::time::WallClock;

pub use crate::state::LockHandling;

crate::form::strictly_read! { "Input"
/// Something that happened, or that an operator asks for.
///
/// In the core the references are ids; at its edge, in files and on wires, they are names:
/// [`Input<Names>`](crate::id::Names), which
/// [`ClusterSpec::resolve`](crate::spec::ClusterSpec::resolve) turns into ids.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Input<N: Naming = Ids> {
    /// The membership layer took a node in.
    ///
    /// A node that comes back in a new incarnation has been off in between. A resource that it runs
    /// and does not own, or that it started in an older incarnation, is stopped there before the
    /// node may own anything; nothing is adopted.
    NodeJoined {
        /// The node.
        node: N::Node,
        /// Its life; higher than the last one unless it never went away.
        incarnation: Incarnation,
        /// The resources that it runs, with those that it is still stopping; those that it is still
        /// starting may be listed or not.
        ///
        /// If the node is back in the same life, a resource that it owns and lists *may* run. It
        /// counts as online if it was online when the node was lost and no start, stop or terminate
        /// was asked for since (health checks and probes do not count), and if the node does not
        /// say itself that it is starting or stopping it. Every other resource that it lists is
        /// terminated there, after its dependents, and counts when that is answered; it is not
        /// probed, for a probe races a late start or a running stop.
        ///
        /// A resource that is not listed is off, with one exception: if the node is back in the
        /// same life and a start on it was never answered, that start may still come to pass. The
        /// resource is then terminated as well, and starts nowhere until that is confirmed.
        #[serde(default = "Vec::new")]
        running: Vec<Running<N>>,
    },
    /// The agents of a member say what it runs, because they were restarted in the same life of the
    /// node and remember nothing. The node stays a member.
    ///
    /// [`Event::InventoryTaken`](crate::cluster::Event::InventoryTaken) answers with a floor of
    /// operations. Until it has arrived, agents without memory admit nothing, and afterwards
    /// nothing at or below it; operations that are still to be done are issued again under new
    /// numbers. A resource that was online and is not listed, or is said to be starting or
    /// stopping, has failed. One that is in doubt and listed is terminated; one that is in doubt or
    /// was being stopped and is not listed is off; a start that was under way is decided anew.
    /// Resources that the node should not run are stopped there.
    ///
    /// A list that names the operation of an [`Inventory`](crate::state::OperationKind::Inventory)
    /// is the answer to that question, from agents that remember everything: no floor is put out,
    /// nothing is superseded, and only the resources are looked at that were declared since the
    /// node last said what it runs. Without such an answer, a join, a proof that the node is off,
    /// or an operator's word ([`Command::ClearResourceFailure`]), no resource is started that was
    /// declared while the cluster ran: the node may run it. A list that names no operation may have
    /// been made before the agents knew of the configuration: resources that it names are found,
    /// those that it leaves out are asked for.
    ///
    /// A group that never had an owner takes over those of its resources that are found running on
    /// a member that may own it, if they are wanted, settled, and each clause of their dependencies
    /// holds there ([`Event::TakenOver`](crate::cluster::Event::TakenOver)). That is decided when
    /// every node that is not off has spoken. All other resources that are found are stopped,
    /// dependents first, before anything of the group is started.
    NodeInventory {
        /// The node.
        node: N::Node,
        /// Its life, which is the known one.
        incarnation: Incarnation,
        /// All resources that it runs, starts or is still stopping.
        #[serde(default = "Vec::new")]
        running: Vec<Running<N>>,
        /// The question that it answers; absent if there was no question and the agents were
        /// restarted.
        #[serde(default)]
        operation: Option<OpId>,
    },
    /// A node stopped everything and left.
    ///
    /// This and the three reports that follow are about one life of a node. A report about an
    /// earlier life than the known one comes too late: it is stale
    /// ([`InputError::StaleIncarnation`](crate::cluster::InputError::StaleIncarnation)) and changes
    /// nothing. A report about a later life proves that the known one is over, whatever state the
    /// node is in, for a node has one life at a time. A later life that left, was fenced or is off
    /// on an operator's word may not join any more: the node needs another one.
    NodeLeft {
        /// The node.
        node: N::Node,
        /// The life in which it left.
        #[serde(default)]
        incarnation: Life,
    },
    /// A node is no longer heard from. Its resources may still run.
    ///
    /// If a later life than the known one was lost, the known one is over and the node is down: in
    /// the later life nothing was ever asked of it. It may be heard again, and then joins in that
    /// life.
    NodeLost {
        /// The node.
        node: N::Node,
        /// The life in which it was last heard.
        #[serde(default)]
        incarnation: Life,
    },
    /// A node was fenced: it is certain to be off.
    NodeFenced {
        /// The node.
        node: N::Node,
        /// The life that was ended.
        #[serde(default)]
        incarnation: Life,
    },
    /// An operator confirms that a node is off.
    ///
    /// The node may be down already, if it was never seen, its lease is over, or membership vouches
    /// for it: each of these says that the node runs nothing, not that it does not vote, and
    /// without quorum votes change only if the node is off ([`Command::Configure`]).
    NodeConfirmedDown {
        /// The node.
        node: N::Node,
        /// The life that is over.
        #[serde(default)]
        incarnation: Life,
    },
    /// An operation ended.
    OperationFinished {
        /// Which one.
        operation: OpId,
        /// How it ended.
        outcome: Outcome,
    },
    /// An operation goes on: its pending timeout starts anew, its overall deadline does not.
    OperationProgressed {
        /// Which one.
        operation: OpId,
    },
    /// The agent says that a resource failed.
    ///
    /// A report of a run that is over changes nothing: it came late, or twice, and is answered as a
    /// late answer to an operation is
    /// ([`InputError::StaleOperation`](crate::cluster::InputError::StaleOperation)). A report that
    /// names no run is about the present one, so a driver whose reports may be late or come twice
    /// names the run.
    ///
    /// If the resource is starting, the start has failed: it is superseded, and the rest of the
    /// resource is terminated. A report that names no run may be of an earlier run and have crossed
    /// the start on its way; the terminate, being younger, ends that start as well. In maintenance,
    /// while the resource is online, the report is taken for a sign of life. If a resource is
    /// neither online nor starting, nothing could have failed: it is off, or a stop, terminate or
    /// probe is to say so. The report is refused then
    /// ([`InputError::ResourceNotOnline`](crate::cluster::InputError::ResourceNotOnline)). That
    /// happens when it crosses a stop on its way, and may be ignored.
    ResourceFailed {
        /// The resource.
        resource: N::Resource,
        /// Where the agent runs.
        node: N::Node,
        /// The life of the node in which it says so.
        incarnation: Incarnation,
        /// The run that it speaks of.
        #[serde(default)]
        run: Run,
    },
    /// The agent says that a resource is alive: its health checks are due that much later. The
    /// report is refused if the resource is not online
    /// ([`InputError::ResourceNotOnline`](crate::cluster::InputError::ResourceNotOnline)), and if
    /// it speaks of a run that is over. [`OperationProgressed`](Self::OperationProgressed) reports
    /// a start that goes on.
    ResourceAlive {
        /// The resource.
        resource: N::Resource,
        /// Where the agent runs.
        node: N::Node,
        /// The life of the node in which it says so.
        incarnation: Incarnation,
        /// The run that it speaks of.
        #[serde(default)]
        run: Run,
    },
    /// The witness was gained or lost.
    WitnessChanged {
        /// The state of the witness now.
        witness: WitnessState,
    },
    /// The wall clock was read, for failback windows.
    WallClockRead {
        /// The reading.
        reading: WallClock,
    },
    /// The core decides again, after a time in which it did not: it was down, or cut off from
    /// everything. [`Cluster::resume`](crate::Cluster::resume) says what follows, and hands this
    /// in; an embedder that keeps a log of inputs logs it like any other.
    CoreResumed,
    /// An operator asks for something.
    Command(Command<N>),
}
}

crate::form::strictly_read! { "Command"
/// A request of an operator.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command<N: Naming = Ids> {
    /// Bring a group online, and keep it so. Failed resources are tried again at once, and have all
    /// their restarts and retries again; the failovers of the group stay counted. The cluster
    /// forgets that the group failed on its present owner, but not that it failed on other nodes.
    BringGroupOnline {
        /// The group.
        group: N::Group,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Take a group offline, and leave it so.
    TakeGroupOffline {
        /// The group.
        group: N::Group,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Bring a resource online with all its providers, and keep it so, even if the first attempt
    /// fails (MS-CMRP 3.1.4.1.18). Those of them that have failed are tried again at once, and have
    /// all their restarts and retries again.
    ///
    /// The resource gets a desired state of its own. A provider gets one only if it was wanted
    /// offline; otherwise it still follows its group, so that a command to take the group offline
    /// later takes it offline too.
    BringResourceOnline {
        /// The resource.
        resource: N::Resource,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Take a resource offline after its dependents, and leave it so (MS-CMRP 3.1.4.1.19).
    TakeResourceOffline {
        /// The resource.
        resource: N::Resource,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Move a group to a node, or to the best possible one.
    ///
    /// The named node may be one on which the group failed; that is forgotten then.
    MoveGroup {
        /// The group.
        group: N::Group,
        /// The new owner; if absent, the best possible node.
        #[serde(default = "no_node::<N>")]
        to: Option<N::Node>,
        /// The next step if the group cannot start there.
        #[serde(default)]
        on_failure: MoveFailure,
        /// The next step if the group cannot move now.
        #[serde(default)]
        when_refused: WhenRefused,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Give up a move that waits or is under way; the group stays or returns where it is.
    CancelMove {
        /// The group.
        group: N::Group,
    },
    /// Let a node start nothing more. The resources that it runs stay.
    PauseNode {
        /// The node.
        node: N::Node,
    },
    /// Pause a node and move its groups away.
    ///
    /// Each group leaves as if an operator moved it, so a locked group stays unless `lock` says
    /// otherwise (MS-CMRP, `ApiPauseNodeEx`).
    ///
    /// The drain goes tier by tier: a group runs on until the groups of higher priority are online
    /// where they go, for no longer than [`priority_wait`][1] after the drain began.
    ///
    /// [1]: crate::settings::ClusterSettings::priority_wait
    ///
    /// The drain ends when no group can leave any more, and has failed if one is left:
    /// [`Event::DrainBlocked`](crate::cluster::Event::DrainBlocked) names each. A failed drain is
    /// not tried again by itself, because an operator chooses its time; drain the node once more
    /// when there is room.
    DrainNode {
        /// The node.
        node: N::Node,
        /// How to treat groups that no other node can take.
        #[serde(default)]
        mode: DrainMode,
        /// The node that takes all groups; if absent, each group goes by placement.
        #[serde(default = "no_node::<N>")]
        target: Option<N::Node>,
        /// How to treat locked groups: they stay, and the drain fails, or they leave as well.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Let a paused node start groups again.
    ResumeNode {
        /// The node.
        node: N::Node,
        /// The groups that return to it.
        #[serde(default)]
        failback: ResumeFailback,
    },
    /// Forget the failures of a resource, and that it can never run on a node; and if it is in
    /// doubt, take the operator's word that it is off. The word counts while its owner is a member
    /// and it is not being terminated; a probe in flight is superseded then. The word does not
    /// count while a start that was never answered may still take effect. All this holds as well
    /// for a resource that is left for an operator ([`OnUnfixable::Block`][1]); every other command
    /// about such a resource has it terminated first.
    ///
    /// If the resource was declared while the cluster ran, this is also the word that it runs on
    /// none of the nodes that have not said what they run since ([`Input::NodeInventory`]): they
    /// hold back its first start no longer. That counts whatever state those nodes are in.
    ///
    /// [1]: crate::settings::OnUnfixable::Block
    ClearResourceFailure {
        /// The resource.
        resource: N::Resource,
    },
    /// Forget the failures of a group and of all its resources, with their budgets, and the nodes
    /// on which it failed; or only that it failed on one node.
    ClearGroupFailures {
        /// The group.
        group: N::Group,
        /// The only node for which to forget that the group failed there; nothing else is forgotten
        /// then. If absent, everything is forgotten.
        #[serde(default = "no_node::<N>")]
        node: Option<N::Node>,
    },
    /// Make an online resource fail, to test its recovery (MS-CMRP `ApiFailResource`).
    FailResource {
        /// The resource.
        resource: N::Resource,
    },
    /// Ignore failed health checks of an online resource.
    BeginMaintenance {
        /// The resource.
        resource: N::Resource,
    },
    /// Heed failed health checks of a resource again.
    EndMaintenance {
        /// The resource.
        resource: N::Resource,
    },
    /// Keep a group where it is and as it is: a lock holds against everything that is not a
    /// failure. Commands that would start, stop or move it are refused, a drain leaves it and
    /// fails, a failback waits until it is unlocked. A move that is under way goes on.
    LockGroup {
        /// The group.
        group: N::Group,
    },
    /// Allow a group to start, stop and move on request again. A failback that is still due happens
    /// then.
    UnlockGroup {
        /// The group.
        group: N::Group,
    },
    /// Remove a node from the configuration and from every owner list. It must be down, or run
    /// nothing and have said so since resources were last declared. Without quorum the rules of
    /// [`Configure`](Self::Configure) hold.
    EvictNode {
        /// The node.
        node: N::Node,
    },
    /// Replace the configuration. Everything that it does not change goes on undisturbed; ids may
    /// be other ones afterwards.
    ///
    /// Without quorum, while a node is a member, only nodes, votes and the witness may change, and
    /// only if no other part of the cluster can have a quorum: each absent node with a vote was
    /// fenced, left, or is off on an operator's word ([`Input::NodeConfirmedDown`]), and the
    /// witness is held, or taken out of the declaration and each absent node is off, with a vote or
    /// without. It is not enough that a node is trusted to run nothing, that its lease is over, or
    /// that it was never seen. At least one member stays in the configuration.
    /// [`Event::AcceptedWithoutQuorum`](crate::cluster::Event::AcceptedWithoutQuorum) reports the
    /// change. The operator vouches for more than the core can know: that those nodes, and every
    /// copy of the configuration before, stay off until they have the new one. A node that starts
    /// on the old one forms a second cluster, with the old votes.
    ///
    /// A node that cannot be evicted, because it is the only possible owner of a resource, can be
    /// left without a vote.
    Configure {
        /// The whole new declaration.
        declaration: Box<ClusterDeclaration>,
        /// How to treat a running group that may not stay on its owner any more.
        #[serde(default)]
        moves: ConfigurationMoves,
    },
}
}

fn no_node<N: Naming>() -> Option<N::Node> {
    None
}

/// The effect of a new configuration on a group that runs on a node which it would strike from the
/// possible owners of the group. A locked group is not moved in any case.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ConfigurationMoves {
    /// The configuration is refused.
    #[default]
    Refuse,
    /// The group leaves for another possible owner as soon as there is one. Resources that its
    /// owner may not run any more are stopped.
    Allow,
}

/// The treatment of a move that is not possible now.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum WhenRefused {
    /// The command is refused.
    #[default]
    Refuse,
    /// The move waits until it is possible or cancelled.
    Queue,
}

/// The groups that return to a node that is resumed.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ResumeFailback {
    /// No group returns.
    #[default]
    NoFailback,
    /// The groups that a drain took from it return at once.
    Immediate,
    /// The groups return whose own failback settings say so.
    ByPolicy,
}
