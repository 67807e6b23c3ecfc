//! Commands: everything that an operator asks for.

use alloc::boxed::Box;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::id::{Ids, Naming};
use crate::spec::ClusterDeclaration;
use crate::state::{DrainMode, LockHandling, MoveFailure};

mod words;

crate::form::strictly_read! { "Command"
/// A request of an operator.
///
/// Each command has a constructor, and each option of it a method; an option that is not named has
/// its default:
///
/// ```
/// use quorate::cluster::Command;
/// use quorate::id::Names;
///
/// let command: Command<Names> = Command::move_group("sql").to("b").queue().into();
/// assert_eq!(command.to_string(), "move group sql to b, queued if it cannot move now");
/// let command: Command<Names> = Command::drain_node("a").forced().into();
/// let text = r#"{"drain_node": {"node": "a", "mode": "forced"}}"#;
/// assert_eq!(command, serde_json::from_str(text)?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(bound = "", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command<N: Naming = Ids> {
    /// Bring a group online, and keep it so. Failed resources are tried again at once, or as soon as
    /// they are known to be off if they are being terminated or are in doubt, and have all their
    /// restarts and retries again; the failovers of the group stay counted. The cluster forgets that
    /// the group failed on its present owner, but not that it failed on other nodes.
    #[non_exhaustive]
    BringGroupOnline {
        /// The group.
        group: N::Group,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Take a group offline, and leave it so.
    #[non_exhaustive]
    TakeGroupOffline {
        /// The group.
        group: N::Group,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Bring a resource online with all its providers, and keep it so, even if the first attempt
    /// fails (MS-CMRP 3.1.4.1.18). Those of them that have failed are tried again as with
    /// [`Command::BringGroupOnline`], with all their restarts and retries. While the resource itself
    /// is being terminated or is in doubt, the command is refused.
    ///
    /// The resource gets a desired state of its own. A provider gets one only if it was wanted
    /// offline; otherwise it still follows its group, so that a command to take the group offline
    /// later takes it offline too.
    #[non_exhaustive]
    BringResourceOnline {
        /// The resource.
        resource: N::Resource,
        /// The treatment of a locked group.
        #[serde(default)]
        lock: LockHandling,
    },
    /// Take a resource offline after its dependents, and leave it so (MS-CMRP 3.1.4.1.19).
    #[non_exhaustive]
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
    #[non_exhaustive]
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
    #[non_exhaustive]
    CancelMove {
        /// The group.
        group: N::Group,
    },
    /// Let a node start nothing more. The resources that it runs stay.
    #[non_exhaustive]
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
    #[non_exhaustive]
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
    #[non_exhaustive]
    ResumeNode {
        /// The node.
        node: N::Node,
        /// The groups that return to it.
        #[serde(default)]
        failback: ResumeFailback,
    },
    /// Forget the failures of a resource, and that it can never run on a node. If the resource is
    /// in doubt, this command is also the operator's confirmation that it is off. The confirmation
    /// is accepted only while the owner is a member, the resource is not being terminated, and no
    /// start that was never answered may still take effect. A probe in flight is superseded then.
    /// All this also holds for a resource that is left for an operator ([`OnUnfixable::Block`][1]);
    /// every other command about such a resource first terminates it.
    ///
    /// If the resource was declared while the cluster ran, the command also confirms that none of
    /// the nodes that have not said what they run since then ([`Input::NodeInventory`][2]) runs it.
    /// Those nodes no longer hold back its first start. This holds in whatever state they are.
    ///
    /// [1]: crate::settings::OnUnfixable::Block
    /// [2]: crate::cluster::Input::NodeInventory
    #[non_exhaustive]
    ClearResourceFailure {
        /// The resource.
        resource: N::Resource,
    },
    /// Forget the failures of a group and of all its resources, with their budgets, and the nodes
    /// on which it failed; or only that it failed on one node.
    #[non_exhaustive]
    ClearGroupFailures {
        /// The group.
        group: N::Group,
        /// The only node for which to forget that the group failed there; nothing else is forgotten
        /// then. If absent, everything is forgotten.
        #[serde(default = "no_node::<N>")]
        node: Option<N::Node>,
    },
    /// Make an online resource fail, to test its recovery (MS-CMRP `ApiFailResource`).
    #[non_exhaustive]
    FailResource {
        /// The resource.
        resource: N::Resource,
    },
    /// Ignore failed health checks of an online resource.
    #[non_exhaustive]
    BeginMaintenance {
        /// The resource.
        resource: N::Resource,
    },
    /// Heed failed health checks of a resource again.
    #[non_exhaustive]
    EndMaintenance {
        /// The resource.
        resource: N::Resource,
    },
    /// Keep a group where it is and as it is: a lock holds against everything that is not a
    /// failure. Commands that would start, stop or move it are refused, a drain leaves it and
    /// fails, a failback waits until it is unlocked. A move that is under way goes on.
    #[non_exhaustive]
    LockGroup {
        /// The group.
        group: N::Group,
    },
    /// Allow a group to start, stop and move on request again. A failback that is still due happens
    /// then.
    #[non_exhaustive]
    UnlockGroup {
        /// The group.
        group: N::Group,
    },
    /// Remove a node from the configuration and from every owner list. It must be down, or run
    /// nothing and have said so since resources were last declared. Without quorum the rules of
    /// [`Configure`](Self::Configure) hold.
    #[non_exhaustive]
    EvictNode {
        /// The node.
        node: N::Node,
    },
    /// Replace the configuration. Everything that it does not change goes on undisturbed; ids may
    /// be other ones afterwards. The declaration has to have the name of this cluster.
    ///
    /// Without quorum, while a node is a member, only nodes, votes and the witness may change, and
    /// only if no other part of the cluster can have a quorum: each absent node with a vote was
    /// fenced, left, or is off on an operator's word ([`Input::NodeConfirmedDown`][1]), and the
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
    ///
    /// [1]: crate::cluster::Input::NodeConfirmedDown
    #[non_exhaustive]
    Configure {
        /// The whole new declaration.
        declaration: Box<ClusterDeclaration>,
        /// How to treat a running group that may not stay on its owner any more.
        #[serde(default)]
        moves: ConfigurationMoves,
    },
    /// Choose nodes by another policy from now on, one that was offered to the cluster
    /// ([`Cluster::offer_policy`](crate::Cluster::offer_policy)).
    ///
    /// Nothing that runs is moved. Groups that wait for a node are placed by the new order at once,
    /// and go home if the old policy vetoed that and the new one does not; a move that is under way
    /// goes on. The policy that was in force stays on offer.
    /// [`Event::PolicyChanged`](crate::cluster::Event::PolicyChanged) reports the change. If the
    /// policy is in force already nothing changes, and nothing is put out.
    ///
    /// Like the other commands that give no group another owner by themselves, such as locking a
    /// group or pausing a node, it is accepted without quorum, and has its effect when there is
    /// quorum again. Every replica has to be offered the policy before this command reaches it.
    #[non_exhaustive]
    ChangePolicy {
        /// The [name](crate::policy::FailoverPolicy::name) of the policy, which is compared
        /// exactly.
        policy: String,
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
