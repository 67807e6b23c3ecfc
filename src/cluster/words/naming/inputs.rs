//! Inputs, commands and the errors that answer them.

use super::{Translate, Translator};
use crate::cluster::words::{Command, Input, InputError};
use crate::id::Naming;

impl<A: Naming> Translate<A> for Input<A> {
    type To<B: Naming> = Input<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Input<B>, T::Unknown> {
        Ok(translate_variants! { self, by, Input:
            NodeJoined { node: node, incarnation, running: thing },
            NodeInventory { node: node, incarnation, running: thing, operation },
            NodeLeft { node: node, incarnation },
            NodeLost { node: node, incarnation },
            NodeFenced { node: node, incarnation },
            NodeConfirmedDown { node: node, incarnation },
            NodeAttributeChanged { node: node, name, value },
            OperationFinished { operation, outcome },
            OperationProgressed { operation },
            ResourceFailed { resource: resource, node: node, incarnation, run },
            ResourceAlive { resource: resource, node: node, incarnation, run },
            WitnessChanged { witness },
            WallClockRead { reading },
            CoreResumed,
            Command(thing),
        })
    }
}

impl<A: Naming> Translate<A> for Command<A> {
    type To<B: Naming> = Command<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Command<B>, T::Unknown> {
        Ok(translate_variants! { self, by, Command:
            BringGroupOnline { group: group, lock },
            TakeGroupOffline { group: group, lock },
            BringResourceOnline { resource: resource, lock },
            TakeResourceOffline { resource: resource, lock },
            MoveGroup { group: group, to: optional_node, on_failure, when_refused, lock },
            CancelMove { group: group },
            PauseNode { node: node },
            DrainNode { node: node, mode, target: optional_node, lock },
            ResumeNode { node: node, failback },
            ClearResourceFailure { resource: resource },
            ClearGroupFailures { group: group, node: optional_node },
            FailResource { resource: resource },
            BeginMaintenance { resource: resource },
            EndMaintenance { resource: resource },
            LockGroup { group: group },
            UnlockGroup { group: group },
            EvictNode { node: node },
            Configure { declaration, moves },
            ChangePolicy { policy },
        })
    }
}

impl<A: Naming> Translate<A> for InputError<A> {
    type To<B: Naming> = InputError<B>;

    fn translate<B: Naming, T: Translator<A, B>>(
        self,
        by: &T,
    ) -> Result<InputError<B>, T::Unknown> {
        Ok(translate_variants! { self, by, InputError:
            TimeRanBackwards { now, latest },
            TimeOutOfRange(same),
            CounterExhausted,
            UnknownNode(node),
            UnknownGroup(group),
            UnknownResource(resource),
            OperationNeverIssued(same),
            StaleOperation(same),
            OutcomeDoesNotFit { operation, action },
            StaleIncarnation { node: node, reported, known },
            IncarnationOutOfRange { node: node, incarnation },
            NotTheOwner { resource: resource, node: node },
            ListedTwice(resource),
            AttributeName { node: node, fault },
            TooManyAttributes { node: node, most },
            ClockOutOfRange(same),
            NodeState { node: node, state },
            NoQuorum,
            WouldLoseQuorum(node),
            ConfigurationWouldLoseQuorum,
            AbsentNotProvenOff(node),
            WitnessNotHeld,
            MoreThanVotes(same),
            NodePaused(node),
            GroupLocked(group),
            ResourceState { resource: resource, state },
            LateStart(resource),
            ResourceFailed(resource),
            ResourceNotOnline(resource),
            NodeCannotHost { group: group, node: node, because_of: group },
            MoveRefused { group: group, node: node, rejection: thing },
            NoCandidate(group),
            NotMoving(group),
            DrainTargetNotUp(node),
            DrainInProgress(node),
            NodeInUse { node: node, resource: resource },
            NodeNotOff(node),
            OnlyPossibleOwner { node: node, resource: resource },
            LastNode(node),
            FencingWhileUnclean(node),
            OtherCluster { own, declared },
            Declaration(same),
            NeededByDeclaration { node: node, errors },
            RemovedWhileRunning(resource),
            RegroupedWhileRunning(resource),
            DependenciesWhileRunning(resource),
            DependencyDoesNotHold(resource),
            OwnerStruck { group: group, node: node },
            PolicyNotOffered { policy, suggestion },
        })
    }
}
