//! Inputs: everything that an embedder tells the core.

use alloc::string::String;
use alloc::vec::Vec;

use crate::cluster::words::{Command, Life, Run, Running};
use crate::id::{Ids, Incarnation, Naming, OpId};
use crate::state::{Outcome, WitnessState};
use crate::time::WallClock;

mod words;

crate::form::strictly_read! { "Input"
/// Something that happened, or that an operator asks for.
///
/// In the core the references are ids; at its edge, in files and on wires, they are names:
/// [`Input<Names>`](crate::id::Names), which
/// [`ClusterSpec::resolve`](crate::spec::ClusterSpec::resolve) turns into ids.
///
/// Each input has a constructor. Printed, with names, an input is a line of a log:
///
/// ```
/// use quorate::Incarnation;
/// use quorate::cluster::{Command, Input};
/// use quorate::id::Names;
///
/// let life = Incarnation::new(3);
/// let input = Input::<Names>::node_joined("a", life, ["disk".into(), "ip".into()]);
/// assert_eq!(input.to_string(), "node a joined in incarnation 3, running disk, ip");
/// let input: Input<Names> = Input::resource_failed("disk", "a", life).into();
/// assert_eq!(input.to_string(), "disk failed on a in incarnation 3");
/// let input: Input<Names> = Command::take_group_offline("sql").override_lock().into();
/// assert_eq!(input.to_string(), "command: take group sql offline, in spite of its lock");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Input<N: Naming = Ids> {
    /// The membership layer took a node in.
    ///
    /// A node that comes back in a new incarnation has been off in between. A resource that it runs
    /// and does not own, or that it started in an older incarnation, is stopped there before the
    /// node may own anything; nothing is adopted.
    #[non_exhaustive]
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
    #[non_exhaustive]
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
    /// node is in, for a node has one life at a time. A later life that left, was fenced, or was
    /// confirmed to be off by an operator has ended. It may not join any more; the node joins in a
    /// still later life.
    #[non_exhaustive]
    NodeLeft {
        /// The node.
        node: N::Node,
        /// The life in which it left.
        #[serde(default)]
        incarnation: Life,
    },
    /// A node is no longer heard from. Its resources may still run.
    ///
    /// If a later life than the known one was lost, the known one is over. The node is then down
    /// and not unclean, because in the later life the core never asked anything of it. If the node
    /// is heard again it may join in that later life.
    #[non_exhaustive]
    NodeLost {
        /// The node.
        node: N::Node,
        /// The life in which it was last heard.
        #[serde(default)]
        incarnation: Life,
    },
    /// A node was fenced: it is certain to be off.
    #[non_exhaustive]
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
    #[non_exhaustive]
    NodeConfirmedDown {
        /// The node.
        node: N::Node,
        /// The life that is over.
        #[serde(default)]
        incarnation: Life,
    },
    /// A number that is known about a node changed, such as the lag of the replica on it.
    ///
    /// The core keeps the value and decides nothing by it. A
    /// [policy](crate::policy::FailoverPolicy) may: it reads the value by
    /// [`PlacementRequest::attribute`](crate::policy::PlacementRequest::attribute), so that a group
    /// goes, for example, to the node with the least lag
    /// ([`ByAttribute`](crate::policy::ByAttribute)). [`NodeRecord::attribute`] and
    /// [`NodeRecord::attributes`] show it to everybody else.
    ///
    /// - It is accepted in any state of a declared node, and without quorum.
    /// - Names are compared exactly. A name is held to the rules of the names of
    ///   [parameters](crate::spec::NodeDeclaration::parameters)
    ///   ([`InputError::AttributeName`](crate::cluster::InputError::AttributeName)), and a node has
    ///   at most [`Limits::node_attributes`](crate::spec::Limits::node_attributes) of them
    ///   ([`InputError::TooManyAttributes`](crate::cluster::InputError::TooManyAttributes)).
    /// - A value that equals the known one changes nothing and puts nothing out. Another one is told
    ///   by [`Event::NodeAttributeChanged`](crate::cluster::Event::NodeAttributeChanged).
    /// - All values of a node are forgotten when its life ends: when it is proven off, and when it
    ///   joins in a new life without having been off in between. An outdated lag is worse than none.
    ///   They are kept while the node is lost or paused. What is reported while the node is off
    ///   stays for its next life. No event of their own tells that they are forgotten, for
    ///   [`Event::NodeChanged`](crate::cluster::Event::NodeChanged) tells that the node is down.
    /// - Groups that wait for a node, and failbacks to this node that a policy vetoed, have another
    ///   chance. What runs is never moved because of a value, however much better another node is.
    ///
    /// [`NodeRecord::attribute`]: crate::state::NodeRecord::attribute
    /// [`NodeRecord::attributes`]: crate::state::NodeRecord::attributes
    #[non_exhaustive]
    NodeAttributeChanged {
        /// The node.
        node: N::Node,
        /// The name of the attribute.
        name: String,
        /// Its value now.
        value: i64,
    },
    /// An operation ended.
    #[non_exhaustive]
    OperationFinished {
        /// Which one.
        operation: OpId,
        /// How it ended.
        outcome: Outcome,
    },
    /// An operation goes on: its pending timeout starts anew, its overall deadline does not.
    #[non_exhaustive]
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
    #[non_exhaustive]
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
    #[non_exhaustive]
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
    #[non_exhaustive]
    WitnessChanged {
        /// The state of the witness now.
        witness: WitnessState,
    },
    /// The wall clock was read, for failback windows.
    #[non_exhaustive]
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
