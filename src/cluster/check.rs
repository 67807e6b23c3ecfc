//! What is refused, before anything changes.
//!
//! [`Cluster::check`] turns an input into an [`Accepted`] one or says why not. Whatever is
//! accepted can be carried out without fail.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::configure::Configuration;
use super::outstanding::Target;
use super::{Cluster, Command, Input, InputError, Outcome, Running};
use crate::id::{GroupId, Incarnation, NodeId, OpId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::state::{DownProof, WitnessState};
use crate::time::{Timestamp, WallClock};

/// An input that has been checked.
#[derive(Debug)]
pub(crate) enum Accepted {
    Joined { node: NodeId, incarnation: Incarnation, running: Vec<Running> },
    Left(NodeId),
    Lost(NodeId),
    Off(NodeId, DownProof),
    Finished(OpId, Outcome),
    Progressed(OpId),
    Failed(ResourceId),
    Alive(ResourceId),
    Witness(WitnessState),
    WallClock(WallClock),
    Command(Command),
    Move { group: GroupId, to: Option<NodeId>, command: super::check_command::MoveOrder },
    Configuration(Box<Configuration>),
}

/// Counters stop here, far from their end: nothing of this world gets there, only a forged state.
const LAST_COUNT: u64 = u64::MAX >> 1;

impl Cluster {
    /// Checks an input against the state.
    pub(crate) fn check(&self, now: Timestamp, input: Input) -> Result<Accepted, InputError> {
        let latest = self.state.now;
        if now < latest && !seeded!(TimeRunsBackwards) {
            return Err(InputError::TimeRanBackwards { now, latest });
        }
        if now > Timestamp::LATEST {
            return Err(InputError::TimeOutOfRange(now));
        }
        if self.state.next_operation.value() > LAST_COUNT || self.state.inputs > LAST_COUNT {
            return Err(InputError::CounterExhausted);
        }
        match input {
            Input::NodeJoined { node, incarnation, running } => {
                self.check_join(node, incarnation, &running)?;
                Ok(Accepted::Joined { node, incarnation, running })
            }
            Input::NodeLeft { node } => self.check_member(node).map(|()| Accepted::Left(node)),
            Input::NodeLost { node } => self.check_member(node).map(|()| Accepted::Lost(node)),
            Input::NodeFenced { node } => match self.known_node(node)? {
                state @ NodeState::Down => Err(InputError::NodeState { node, state }),
                NodeState::Joining | NodeState::Up | NodeState::Paused | NodeState::Unclean => {
                    Ok(Accepted::Off(node, DownProof::Fenced))
                }
            },
            Input::NodeConfirmedDown { node } => match self.known_node(node)? {
                NodeState::Unclean => Ok(Accepted::Off(node, DownProof::Operator)),
                state @ (NodeState::Down
                | NodeState::Joining
                | NodeState::Up
                | NodeState::Paused) => Err(InputError::NodeState { node, state }),
            },
            Input::OperationFinished { operation, outcome } => {
                let target = self.check_operation(operation)?;
                self.check_outcome(operation, target, outcome)?;
                Ok(Accepted::Finished(operation, outcome))
            }
            Input::OperationProgressed { operation } => {
                self.check_operation(operation)?;
                Ok(Accepted::Progressed(operation))
            }
            Input::ResourceFailed { resource, node, incarnation } => {
                self.check_failure(resource, node, incarnation)
            }
            Input::ResourceAlive { resource, node, incarnation } => {
                self.check_sign_of_life(resource, node, incarnation)
            }
            Input::WitnessChanged { witness } => Ok(Accepted::Witness(witness)),
            Input::WallClockRead { reading } if reading.is_valid() => {
                Ok(Accepted::WallClock(reading))
            }
            Input::WallClockRead { reading } => Err(InputError::ClockOutOfRange(reading)),
            Input::Command(command) => self.check_command(command),
        }
    }

    fn check_failure(
        &self,
        resource: ResourceId,
        node: NodeId,
        incarnation: Incarnation,
    ) -> Result<Accepted, InputError> {
        match self.check_report(resource, node, incarnation)? {
            ResourceState::Online | ResourceState::OnlinePending => Ok(Accepted::Failed(resource)),
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed
            | ResourceState::InDoubt => Err(InputError::ResourceNotOnline(resource)),
        }
    }

    fn check_sign_of_life(
        &self,
        resource: ResourceId,
        node: NodeId,
        incarnation: Incarnation,
    ) -> Result<Accepted, InputError> {
        match self.check_report(resource, node, incarnation)? {
            ResourceState::Online => Ok(Accepted::Alive(resource)),
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OnlinePending
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed
            | ResourceState::InDoubt => Err(InputError::ResourceNotOnline(resource)),
        }
    }

    pub(crate) fn known_node(&self, node: NodeId) -> Result<NodeState, InputError> {
        let record = self.state.node(node).ok_or(InputError::UnknownNode(node))?;
        Ok(record.state)
    }

    fn check_member(&self, node: NodeId) -> Result<(), InputError> {
        let state = self.known_node(node)?;
        if state.is_member() { Ok(()) } else { Err(InputError::NodeState { node, state }) }
    }

    /// A node comes back in a higher incarnation than it went away in, unless it never went away
    /// or nobody had to take its life.
    fn check_join(
        &self,
        node: NodeId,
        incarnation: Incarnation,
        running: &[Running],
    ) -> Result<(), InputError> {
        let record = self.state.node(node).ok_or(InputError::UnknownNode(node))?;
        let mut seen = BTreeSet::new();
        for Running { resource, .. } in running {
            if self.state.resource(*resource).is_none() {
                return Err(InputError::UnknownResource(*resource));
            }
            if !seen.insert(*resource) {
                return Err(InputError::ListedTwice(*resource));
            }
        }
        let known = record.incarnation;
        if incarnation.value() > LAST_COUNT {
            return Err(InputError::IncarnationOutOfRange { node, incarnation });
        }
        let is_new = incarnation > known;
        let is_welcome = match (record.state, record.proof) {
            (NodeState::Unclean, _) => incarnation >= known,
            (NodeState::Joining | NodeState::Up | NodeState::Paused, _) => {
                if incarnation == known {
                    return Err(InputError::NodeState { node, state: record.state });
                }
                is_new
            }
            (NodeState::Down, DownProof::Fenced | DownProof::Rebooted) => {
                is_new || seeded!(FencedNodeReturns) && incarnation == known
            }
            (
                NodeState::Down,
                DownProof::NeverSeen
                | DownProof::Left
                | DownProof::LeaseExpired
                | DownProof::Trusted
                | DownProof::Operator,
            ) => incarnation >= known,
        };
        if is_welcome {
            return Ok(());
        }
        Err(InputError::StaleIncarnation { node, reported: incarnation, known })
    }

    fn check_operation(&self, operation: OpId) -> Result<Target, InputError> {
        if operation >= self.state.next_operation || operation == OpId::default() {
            return Err(InputError::OperationNeverIssued(operation));
        }
        self.caches.outstanding.target(operation).ok_or(InputError::StaleOperation(operation))
    }

    fn check_outcome(
        &self,
        operation: OpId,
        target: Target,
        outcome: Outcome,
    ) -> Result<(), InputError> {
        let kind = match target {
            Target::Resource(resource) => {
                self.state.resource(resource).and_then(|record| record.operation)
            }
            Target::Orphan(node, resource) => {
                self.state.orphans.get(&(node, resource)).and_then(|orphan| orphan.operation)
            }
            Target::Node(node) => self.state.node(node).and_then(|record| record.fence.operation),
        };
        match kind {
            Some(of) if Self::fits(of.kind, outcome) => Ok(()),
            Some(_) => Err(InputError::OutcomeDoesNotFit(operation)),
            None => Err(InputError::StaleOperation(operation)),
        }
    }

    /// Checks who reports, and gives the state of the resource.
    fn check_report(
        &self,
        resource: ResourceId,
        node: NodeId,
        incarnation: Incarnation,
    ) -> Result<ResourceState, InputError> {
        let declared = self.spec.resource(resource).ok_or(InputError::UnknownResource(resource))?;
        let record = self.state.node(node).ok_or(InputError::UnknownNode(node))?;
        if incarnation != record.incarnation && !seeded!(OldIncarnationCounts) {
            let (reported, known) = (incarnation, record.incarnation);
            return Err(InputError::StaleIncarnation { node, reported, known });
        }
        if self.state.owner(declared.group()) != Some(node) {
            return Err(InputError::NotTheOwner { resource, node });
        }
        if !record.state.is_member() {
            return Err(InputError::NodeState { node, state: record.state });
        }
        Ok(self.state.resource_state(resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Ring;
    use crate::spec::ClusterDeclaration;

    /// Inputs and operations are counted up to half of their range, and the last number is used.
    #[test]
    fn counters_end_far_from_their_end() {
        let spec = || ClusterDeclaration::new("c").node("a").build().expect("one node is enough");
        let input = || Input::WitnessChanged { witness: crate::quorum::WitnessState::Up };
        let answer = |inputs, operation| {
            let mut cluster = Cluster::new(spec(), Ring::new(), Timestamp::ZERO);
            cluster.state.inputs = inputs;
            cluster.state.next_operation = OpId::new(operation);
            cluster.handle(Timestamp::ZERO, input())
        };
        assert_eq!(answer(0, 1), Ok(()));
        assert_eq!(answer(LAST_COUNT, LAST_COUNT), Ok(()));
        assert_eq!(answer(LAST_COUNT + 1, 1), Err(InputError::CounterExhausted));
        assert_eq!(answer(0, LAST_COUNT + 1), Err(InputError::CounterExhausted));
        assert_eq!(answer(u64::MAX, 1), Err(InputError::CounterExhausted));
    }
}
