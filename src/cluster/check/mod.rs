//! Refuses inputs that are wrong or not possible now, before anything changes.
//!
//! [`Cluster::check`] turns an input into an [`Accepted`] one or says why not. Every accepted input
//! can be carried out without fail.

pub(crate) mod accepted;
mod attribute;
mod command;
pub(crate) mod configuration;
mod operation;
mod policy;
mod running;
pub(crate) mod without_quorum;

use alloc::collections::BTreeSet;

use crate::cluster::check::accepted::Accepted;
use crate::cluster::view::{Facts, View};
use crate::cluster::words::{Command, Input, InputError, Life, Run, Running};
use crate::id::{Incarnation, NodeId, OpId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::policy::Shelf;
use crate::state::DownProof;
use crate::time::Timestamp;

/// The highest count at which a cluster still takes inputs. It is so far from the highest count of
/// a snapshot that no history gets from here to there, so that the cluster can always be stored and
/// restored. Only a forged state gets even this far.
pub(crate) const LAST_COUNT: u64 = u64::MAX >> 3;

impl Facts<'_> {
    /// Tells whether one of the cluster's own counters is near the end of its range.
    pub(crate) fn is_exhausted(self) -> bool {
        let state = self.state;
        let highest = state.inputs.max(state.next_operation.value()).max(state.configuration);
        highest.max(self.index.highest_count) > LAST_COUNT
    }

    /// Returns the state of a node, or the error that no such node is declared.
    pub(crate) fn known_node(self, node: NodeId) -> Result<NodeState, InputError> {
        let record = self.state.node(node).ok_or(InputError::UnknownNode(node))?;
        Ok(record.state)
    }

    fn check_left(self, node: NodeId, life: Life) -> Result<Accepted, InputError> {
        if let Some(incarnation) = self.check_life(node, life)? {
            return Ok(Accepted::LaterLife { node, incarnation, proof: DownProof::Rebooted });
        }
        self.check_member(node).map(|()| Accepted::Left(node))
    }

    fn check_lost(self, node: NodeId, life: Life) -> Result<Accepted, InputError> {
        if let Some(incarnation) = self.check_life(node, life)? {
            return Ok(Accepted::LaterLife { node, incarnation, proof: DownProof::LaterLife });
        }
        self.check_member(node).map(|()| Accepted::Lost(node))
    }

    fn check_fenced(self, node: NodeId, life: Life) -> Result<Accepted, InputError> {
        let proof = DownProof::Fenced;
        if let Some(incarnation) = self.check_life(node, life)? {
            return Ok(Accepted::LaterLife { node, incarnation, proof });
        }
        match self.known_node(node)? {
            state @ NodeState::Down => Err(InputError::NodeState { node, state }),
            NodeState::Joining | NodeState::Up | NodeState::Paused | NodeState::Unclean => {
                Ok(Accepted::Off(node, proof))
            }
        }
    }

    fn check_confirmed_down(self, node: NodeId, life: Life) -> Result<Accepted, InputError> {
        if let Some(incarnation) = self.check_life(node, life)? {
            return Ok(Accepted::LaterLife { node, incarnation, proof: DownProof::Rebooted });
        }
        match self.known_node(node)? {
            NodeState::Unclean => Ok(Accepted::Off(node, DownProof::Operator)),
            state @ NodeState::Down => match self.state.node(node).map(|of| of.proof) {
                Some(DownProof::NeverSeen | DownProof::LeaseExpired | DownProof::Trusted) => {
                    Ok(Accepted::Vouched(node, DownProof::Operator))
                }
                // The later life that was heard of is over as well.
                Some(DownProof::LaterLife) => Ok(Accepted::Vouched(node, DownProof::Rebooted)),
                Some(
                    DownProof::Left | DownProof::Fenced | DownProof::Operator | DownProof::Rebooted,
                )
                | None => Err(InputError::NodeState { node, state }),
            },
            state @ (NodeState::Joining | NodeState::Up | NodeState::Paused) => {
                Err(InputError::NodeState { node, state })
            }
        }
    }

    /// Returns the life that a report is about, if it is later than the known one; a report about
    /// an earlier one is stale.
    fn check_life(self, node: NodeId, life: Life) -> Result<Option<Incarnation>, InputError> {
        let known = self.state.node(node).ok_or(InputError::UnknownNode(node))?.incarnation;
        let Life::Of(reported) = life else { return Ok(None) };
        if reported.value() > LAST_COUNT {
            return Err(InputError::IncarnationOutOfRange { node, incarnation: reported });
        }
        if reported < known && !seeded!(LateReportCounts) {
            return Err(InputError::StaleIncarnation { node, reported, known });
        }
        Ok((reported > known).then_some(reported))
    }

    fn check_member(self, node: NodeId) -> Result<(), InputError> {
        let state = self.known_node(node)?;
        if state.is_member() { Ok(()) } else { Err(InputError::NodeState { node, state }) }
    }

    /// Checks that a node comes back in a higher incarnation than it went away in, unless it never
    /// went away or nothing had to end its life.
    fn check_join(
        self,
        node: NodeId,
        incarnation: Incarnation,
        running: &[Running],
    ) -> Result<(), InputError> {
        let record = self.state.node(node).ok_or(InputError::UnknownNode(node))?;
        self.check_list(running)?;
        let known = record.incarnation;
        if incarnation > Incarnation::LAST {
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
                | DownProof::LaterLife
                | DownProof::Trusted
                | DownProof::Operator,
            ) => incarnation >= known,
        };
        if is_welcome {
            return Ok(());
        }
        Err(InputError::StaleIncarnation { node, reported: incarnation, known })
    }

    /// Checks that a list is from a member in its present life.
    fn check_inventory(
        self,
        node: NodeId,
        incarnation: Incarnation,
        running: &[Running],
    ) -> Result<(), InputError> {
        let known = self.state.node(node).ok_or(InputError::UnknownNode(node))?.incarnation;
        self.check_list(running)?;
        if incarnation != known {
            return Err(InputError::StaleIncarnation { node, reported: incarnation, known });
        }
        self.check_member(node)
    }

    /// Checks that a list names known resources, each once.
    fn check_list(self, running: &[Running]) -> Result<(), InputError> {
        let mut seen = BTreeSet::new();
        for Running { resource, .. } in running {
            if self.state.resource(*resource).is_none() {
                return Err(InputError::UnknownResource(*resource));
            }
            if !seen.insert(*resource) {
                return Err(InputError::ListedTwice(*resource));
            }
        }
        Ok(())
    }

    /// Checks the sender of a report and the run that it is about, and returns the state of the
    /// resource.
    fn check_report(
        self,
        resource: ResourceId,
        (node, incarnation): (NodeId, Incarnation),
        run: Run,
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
        self.check_run(resource, run)?;
        Ok(self.state.resource_state(resource))
    }

    /// Refuses a report of a run that is over as stale. Where no start is known, all reports are
    /// about the present run.
    fn check_run(self, resource: ResourceId, run: Run) -> Result<(), InputError> {
        let Run::Of(start) = run else { return Ok(()) };
        if start >= self.state.next_operation || start == OpId::default() {
            return Err(InputError::OperationNeverIssued(start));
        }
        let present = self.state.resource(resource).and_then(|record| record.run);
        if present.is_some_and(|present| present != start) && !seeded!(ReportOfEarlierRunCounts) {
            return Err(InputError::StaleOperation(start));
        }
        Ok(())
    }
}

impl View<'_> {
    /// Checks an input against the state and the policies on offer.
    pub(crate) fn check(
        self,
        now: Timestamp,
        input: Input,
        offered: &Shelf,
    ) -> Result<Accepted, InputError> {
        let latest = self.state.now;
        if now < latest && !seeded!(TimeRunsBackwards) {
            return Err(InputError::TimeRanBackwards { now, latest });
        }
        if now > Timestamp::LATEST {
            return Err(InputError::TimeOutOfRange(now));
        }
        if self.is_exhausted() {
            return Err(InputError::CounterExhausted);
        }
        match input {
            Input::NodeJoined { node, incarnation, running } => {
                self.check_join(node, incarnation, &running)?;
                Ok(Accepted::Joined { node, incarnation, running })
            }
            Input::NodeInventory { node, incarnation, running, operation } => {
                self.check_inventory(node, incarnation, &running)?;
                let Some(operation) = operation else {
                    return Ok(Accepted::Inventory(node, running));
                };
                self.check_answer(node, operation)?;
                Ok(Accepted::Answer(node, running))
            }
            Input::NodeLeft { node, incarnation: life } => self.check_left(node, life),
            Input::NodeLost { node, incarnation: life } => self.check_lost(node, life),
            Input::NodeFenced { node, incarnation: life } => self.check_fenced(node, life),
            Input::NodeConfirmedDown { node, incarnation: life } => {
                self.check_confirmed_down(node, life)
            }
            Input::NodeAttributeChanged { node, name, value } => {
                self.check_attribute(node, name, value)
            }
            Input::OperationFinished { operation, outcome } => {
                self.check_outcome(operation, outcome)?;
                Ok(Accepted::Finished(operation, outcome))
            }
            Input::OperationProgressed { operation } => {
                self.check_operation(operation)?;
                Ok(Accepted::Progressed(operation))
            }
            Input::ResourceFailed { resource, node, incarnation, run } => {
                let state = self.check_report(resource, (node, incarnation), run)?;
                Self::check_failure(resource, state)
            }
            Input::ResourceAlive { resource, node, incarnation, run } => {
                let state = self.check_report(resource, (node, incarnation), run)?;
                Self::check_sign_of_life(resource, state)
            }
            Input::WitnessChanged { witness } => Ok(Accepted::Witness(witness)),
            Input::WallClockRead { reading } if reading.is_valid() => {
                Ok(Accepted::WallClock(reading))
            }
            Input::WallClockRead { reading } => Err(InputError::ClockOutOfRange(reading)),
            Input::CoreResumed => Ok(Accepted::Resumed),
            Input::Command(Command::ChangePolicy { policy }) => self.check_policy(policy, offered),
            Input::Command(command) => self.check_command(command),
        }
    }

    fn check_failure(resource: ResourceId, state: ResourceState) -> Result<Accepted, InputError> {
        match state {
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
        resource: ResourceId,
        state: ResourceState,
    ) -> Result<Accepted, InputError> {
        match state {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cluster;
    use crate::policy::Ring;
    use crate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
    use crate::state::ClusterState;
    use crate::state::WitnessState;
    use alloc::vec::Vec;

    /// Checks that a cluster counts up to an eighth of the range, and uses the last number. Then
    /// nothing happens any more, not by a timeout either, and it can still be restored.
    #[test]
    fn counters_end_far_from_their_end() {
        let spec = || {
            let group = GroupDeclaration::new("g")
                .resource(ResourceDeclaration::new("r", "Generic Service"));
            ClusterDeclaration::new("c").node("a").group(group).build().expect("it is sound")
        };
        let answer = |change: fn(&mut ClusterState, u64), count: u64| {
            let mut state = ClusterState::new(&spec(), Timestamp::ZERO);
            change(&mut state, count);
            let policy = alloc::sync::Arc::new(Ring::new());
            let mut cluster = Cluster::assemble(alloc::sync::Arc::new(spec()), policy, state);
            let (node, incarnation) = (NodeId::new(0), Incarnation::new(1));
            let join = Input::NodeJoined { node, incarnation, running: Vec::new() };
            let first = cluster.handle(Timestamp::ZERO, join);
            let again = Input::WitnessChanged { witness: WitnessState::Up };
            let second = cluster.handle(Timestamp::ZERO, again);
            assert!(first.is_ok() || cluster.poll_timeout().is_none());
            let before = cluster.digest();
            cluster.handle_timeout(Timestamp::from_millis(86_400_000));
            assert!(second.is_ok() || cluster.digest() == before);
            let restored = Cluster::restore(cluster.snapshot(), Ring::new());
            assert_eq!(restored.map(|cluster| cluster.digest()), Ok(cluster.digest()));
            (first, second)
        };
        let changes: [fn(&mut ClusterState, u64); 5] = [
            |state, count| state.inputs = count,
            |state, count| state.next_operation = OpId::new(count),
            |state, count| state.groups[0].epoch = crate::id::Epoch::new(count),
            |state, count| state.resources[0].sequence = count,
            |state, count| state.configuration = count,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let exhausted = Err(InputError::CounterExhausted);
            // The first input does not count configurations, so the second one is accepted.
            let second = if index == 4 { Ok(()) } else { exhausted.clone() };
            assert_eq!(answer(change, LAST_COUNT), (Ok(()), second), "{index}");
            let refused = (exhausted.clone(), exhausted);
            assert_eq!(answer(change, LAST_COUNT + 1), refused, "{index}");
            assert_eq!(answer(change, LAST_COUNT << 1), refused, "{index}");
        }
    }
}
