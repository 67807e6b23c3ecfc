//! Constructors of commands, and their options.

use alloc::boxed::Box;
use alloc::string::String;
use core::marker::PhantomData;

use crate::cluster::words::naming::{Translate, Translator};
use crate::cluster::words::{Command, ConfigurationMoves, Input, ResumeFailback, WhenRefused};
use crate::id::{Ids, Naming};
use crate::spec::ClusterDeclaration;
use crate::state::{DrainMode, LockHandling, MoveFailure};

impl<N: Naming> Command<N> {
    /// Returns the command to bring a group online.
    pub fn bring_group_online(group: impl Into<N::Group>) -> Switch<N> {
        Switch::new(Switched::BringGroupOnline(group.into()))
    }

    /// Returns the command to take a group offline.
    pub fn take_group_offline(group: impl Into<N::Group>) -> Switch<N> {
        Switch::new(Switched::TakeGroupOffline(group.into()))
    }

    /// Returns the command to bring a resource online with all its providers.
    pub fn bring_resource_online(resource: impl Into<N::Resource>) -> Switch<N> {
        Switch::new(Switched::BringResourceOnline(resource.into()))
    }

    /// Returns the command to take a resource offline after its dependents.
    pub fn take_resource_offline(resource: impl Into<N::Resource>) -> Switch<N> {
        Switch::new(Switched::TakeResourceOffline(resource.into()))
    }

    /// Returns the command to move a group, to the best possible node unless
    /// [`to`](MoveGroup::to) names one.
    ///
    /// ```
    /// use quorate::cluster::Command;
    /// use quorate::id::Names;
    ///
    /// let command: Command<Names> = Command::move_group("sql").to("b").return_on_failure().into();
    /// ```
    pub fn move_group(group: impl Into<N::Group>) -> MoveGroup<N> {
        MoveGroup {
            group: group.into(),
            to: None,
            on_failure: MoveFailure::default(),
            when_refused: WhenRefused::default(),
            lock: LockHandling::default(),
        }
    }

    /// Returns the command to give up a move that waits or is under way.
    #[must_use]
    pub fn cancel_move(group: impl Into<N::Group>) -> Self {
        Self::CancelMove { group: group.into() }
    }

    /// Returns the command to let a node start nothing more.
    #[must_use]
    pub fn pause_node(node: impl Into<N::Node>) -> Self {
        Self::PauseNode { node: node.into() }
    }

    /// Returns the command to pause a node and move its groups away, each by placement unless
    /// [`to`](DrainNode::to) names a node for all of them.
    pub fn drain_node(node: impl Into<N::Node>) -> DrainNode<N> {
        DrainNode {
            node: node.into(),
            mode: DrainMode::default(),
            target: None,
            lock: LockHandling::default(),
        }
    }

    /// Returns the command to let a paused node start groups again. No group returns unless
    /// [`failback`](ResumeNode::failback) says so.
    pub fn resume_node(node: impl Into<N::Node>) -> ResumeNode<N> {
        ResumeNode { node: node.into(), failback: ResumeFailback::default() }
    }

    /// Returns the command to forget the failures of a resource.
    #[must_use]
    pub fn clear_resource_failure(resource: impl Into<N::Resource>) -> Self {
        Self::ClearResourceFailure { resource: resource.into() }
    }

    /// Returns the command to forget all failures of a group and of its resources, or, with
    /// [`on`](ClearGroupFailures::on), only that the group failed on one node.
    pub fn clear_group_failures(group: impl Into<N::Group>) -> ClearGroupFailures<N> {
        ClearGroupFailures { group: group.into(), node: None }
    }

    /// Returns the command to make an online resource fail.
    #[must_use]
    pub fn fail_resource(resource: impl Into<N::Resource>) -> Self {
        Self::FailResource { resource: resource.into() }
    }

    /// Returns the command to ignore failed health checks of an online resource.
    #[must_use]
    pub fn begin_maintenance(resource: impl Into<N::Resource>) -> Self {
        Self::BeginMaintenance { resource: resource.into() }
    }

    /// Returns the command to heed failed health checks of a resource again.
    #[must_use]
    pub fn end_maintenance(resource: impl Into<N::Resource>) -> Self {
        Self::EndMaintenance { resource: resource.into() }
    }

    /// Returns the command to keep a group where it is and as it is.
    #[must_use]
    pub fn lock_group(group: impl Into<N::Group>) -> Self {
        Self::LockGroup { group: group.into() }
    }

    /// Returns the command to allow a group to start, stop and move on request again.
    #[must_use]
    pub fn unlock_group(group: impl Into<N::Group>) -> Self {
        Self::UnlockGroup { group: group.into() }
    }

    /// Returns the command to remove a node from the configuration.
    #[must_use]
    pub fn evict_node(node: impl Into<N::Node>) -> Self {
        Self::EvictNode { node: node.into() }
    }

    /// Returns the command to choose nodes by the policy of this name from now on.
    #[must_use]
    pub fn change_policy(policy: impl Into<String>) -> Self {
        Self::ChangePolicy { policy: policy.into() }
    }

    /// Returns the command to replace the configuration.
    pub fn configure(declaration: impl Into<Box<ClusterDeclaration>>) -> Configure<N> {
        Configure {
            declaration: declaration.into(),
            moves: ConfigurationMoves::default(),
            naming: PhantomData,
        }
    }
}

/// A command becomes an input, and a command by names can be resolved.
macro_rules! is_command {
    ($command:ident) => {
        impl<N: Naming> From<$command<N>> for Input<N> {
            fn from(command: $command<N>) -> Self {
                Self::Command(command.into())
            }
        }

        impl<A: Naming> Translate<A> for $command<A> {
            type To<B: Naming> = Command<B>;

            fn translate<B: Naming, T: Translator<A, B>>(
                self,
                by: &T,
            ) -> Result<Command<B>, T::Unknown> {
                Command::from(self).translate(by)
            }
        }
    };
}

/// Declares the type of a command that has options; its fields are those of the variant.
macro_rules! command_with_options {
    ($(#[$doc:meta])* $command:ident { $($field:ident: $of:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        #[must_use = "a command does nothing before it is handed in"]
        pub struct $command<N: Naming = Ids> {
            $($field: $of,)+
        }

        impl<N: Naming> From<$command<N>> for Command<N> {
            fn from(command: $command<N>) -> Self {
                let $command { $($field),+ } = command;
                Self::$command { $($field),+ }
            }
        }

        is_command! { $command }
    };
}

/// A command of [`Command::bring_group_online`], [`Command::take_group_offline`],
/// [`Command::bring_resource_online`] or [`Command::take_resource_offline`], with its option.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a command does nothing before it is handed in"]
pub struct Switch<N: Naming = Ids> {
    switched: Switched<N>,
    lock: LockHandling,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Switched<N: Naming> {
    BringGroupOnline(N::Group),
    TakeGroupOffline(N::Group),
    BringResourceOnline(N::Resource),
    TakeResourceOffline(N::Resource),
}

impl<N: Naming> From<Switch<N>> for Command<N> {
    fn from(Switch { switched, lock }: Switch<N>) -> Self {
        match switched {
            Switched::BringGroupOnline(group) => Self::BringGroupOnline { group, lock },
            Switched::TakeGroupOffline(group) => Self::TakeGroupOffline { group, lock },
            Switched::BringResourceOnline(resource) => Self::BringResourceOnline { resource, lock },
            Switched::TakeResourceOffline(resource) => Self::TakeResourceOffline { resource, lock },
        }
    }
}

is_command! { Switch }

command_with_options! {
    /// A command of [`Command::move_group`], with its options.
    MoveGroup {
        group: N::Group,
        to: Option<N::Node>,
        on_failure: MoveFailure,
        when_refused: WhenRefused,
        lock: LockHandling,
    }
}

command_with_options! {
    /// A command of [`Command::drain_node`], with its options.
    DrainNode {
        node: N::Node,
        mode: DrainMode,
        target: Option<N::Node>,
        lock: LockHandling,
    }
}

command_with_options! {
    /// A command of [`Command::resume_node`], with its option.
    ResumeNode {
        node: N::Node,
        failback: ResumeFailback,
    }
}

command_with_options! {
    /// A command of [`Command::clear_group_failures`], with its option.
    ClearGroupFailures {
        group: N::Group,
        node: Option<N::Node>,
    }
}

/// A command of [`Command::configure`], with its option.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a command does nothing before it is handed in"]
pub struct Configure<N: Naming = Ids> {
    declaration: Box<ClusterDeclaration>,
    moves: ConfigurationMoves,
    naming: PhantomData<N>,
}

impl<N: Naming> From<Configure<N>> for Command<N> {
    fn from(command: Configure<N>) -> Self {
        let Configure { declaration, moves, naming: PhantomData } = command;
        Self::Configure { declaration, moves }
    }
}

is_command! { Configure }

impl<N: Naming> Switch<N> {
    fn new(switched: Switched<N>) -> Self {
        Self { switched, lock: LockHandling::default() }
    }

    /// Carries out the command even if the group is locked.
    pub fn override_lock(self) -> Self {
        self.lock(LockHandling::Override)
    }

    /// Sets the treatment of a locked group; by default the command is refused.
    pub fn lock(self, lock: LockHandling) -> Self {
        Self { lock, ..self }
    }
}

impl<N: Naming> MoveGroup<N> {
    /// Names the new owner.
    pub fn to(self, node: impl Into<N::Node>) -> Self {
        Self { to: Some(node.into()), ..self }
    }

    /// Names the new owner, if there is one: the best possible node otherwise.
    pub fn maybe_to(self, node: Option<impl Into<N::Node>>) -> Self {
        Self { to: node.map(Into::into), ..self }
    }

    /// Lets the move wait until it is possible, if it is not possible now.
    pub fn queue(self) -> Self {
        self.when_refused(WhenRefused::Queue)
    }

    /// Sets the next step if the group cannot move now; by default the command is refused.
    pub fn when_refused(self, when_refused: WhenRefused) -> Self {
        Self { when_refused, ..self }
    }

    /// Lets the group return to its node if it cannot start on the new one.
    pub fn return_on_failure(self) -> Self {
        self.on_failure(MoveFailure::ReturnToSource)
    }

    /// Sets the next step if the group cannot start on the new node; by default it is recovered as
    /// after any failure.
    pub fn on_failure(self, on_failure: MoveFailure) -> Self {
        Self { on_failure, ..self }
    }

    /// Moves the group even if it is locked.
    pub fn override_lock(self) -> Self {
        self.lock(LockHandling::Override)
    }

    /// Sets the treatment of a locked group; by default the command is refused.
    pub fn lock(self, lock: LockHandling) -> Self {
        Self { lock, ..self }
    }
}

impl<N: Naming> DrainNode<N> {
    /// Names the node that takes all groups.
    pub fn to(self, node: impl Into<N::Node>) -> Self {
        Self { target: Some(node.into()), ..self }
    }

    /// Names the node that takes all groups, if there is one: each goes by placement otherwise.
    pub fn maybe_to(self, node: Option<impl Into<N::Node>>) -> Self {
        Self { target: node.map(Into::into), ..self }
    }

    /// Stops groups that no other node can take.
    pub fn forced(self) -> Self {
        self.mode(DrainMode::Forced)
    }

    /// Sets the treatment of groups that no other node can take; by default they stay online, and
    /// the drain fails.
    pub fn mode(self, mode: DrainMode) -> Self {
        Self { mode, ..self }
    }

    /// Moves locked groups as well.
    pub fn override_lock(self) -> Self {
        self.lock(LockHandling::Override)
    }

    /// Sets the treatment of locked groups; by default they stay, and the drain fails.
    pub fn lock(self, lock: LockHandling) -> Self {
        Self { lock, ..self }
    }
}

impl<N: Naming> ResumeNode<N> {
    /// Sets which groups return to the node; by default none does.
    pub fn failback(self, failback: ResumeFailback) -> Self {
        Self { failback, ..self }
    }
}

impl<N: Naming> ClearGroupFailures<N> {
    /// Forgets only that the group failed on this node.
    pub fn on(self, node: impl Into<N::Node>) -> Self {
        Self { node: Some(node.into()), ..self }
    }

    /// Forgets only that the group failed on this node, if one is named, and everything otherwise.
    pub fn maybe_on(self, node: Option<impl Into<N::Node>>) -> Self {
        Self { node: node.map(Into::into), ..self }
    }
}

impl<N: Naming> Configure<N> {
    /// Lets groups leave an owner that may not own them any more.
    pub fn allow_moves(self) -> Self {
        self.moves(ConfigurationMoves::Allow)
    }

    /// Sets the treatment of a running group whose owner may not own it any more; by default the
    /// configuration is refused.
    pub fn moves(self, moves: ConfigurationMoves) -> Self {
        Self { moves, ..self }
    }
}
