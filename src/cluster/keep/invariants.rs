//! Rules that hold of the state after every input, and of every snapshot.
//!
//! Each check is sound for a single state: it reports nothing that a history of legal inputs can
//! lead to. Rules that need two states, such as epochs that never decrease, are not here. Nor are
//! rules that hold only at the moment of a decision, such as capacity and anti-affinity, which a
//! new configuration may break later. Dependencies without cycles and the one owner of a group hold
//! by construction.

use crate::cluster::index::membership::Membership;
use crate::cluster::words::{Inconsistency, StateRule, StateSubject};
use crate::id::{GroupId, Incarnation, NodeId, ResourceId};
use crate::machine::{FailureLog, NodeState, ResourceState};
use crate::quorum;
use crate::spec::{ClusterSpec, GroupSpec, check_word};
use crate::state::{
    ClusterState, Doubt, DownProof, DrainStatus, FailedWhile, HomeWait, LateStart, NoRestartCause,
    NodeRecord, Pause, Recovery, ResourceRecord,
};
use crate::time::Timestamp;

/// Returns the violation of a rule by a subject if the demand does not hold.
macro_rules! require {
    ($demand:expr, $subject:expr, $rule:expr $(,)?) => {
        if !$demand {
            return Err(Inconsistency::new($subject, $rule));
        }
    };
}

mod groups;
mod operations;

/// The highest value of a counter of the cluster's own. It is twice the count after which a cluster
/// takes no more inputs ([`LAST_COUNT`](crate::cluster::check::LAST_COUNT)), so that every cluster
/// can be stored and restored.
const COUNT_MAX: u64 = u64::MAX >> 2;

/// Checks everything that must hold of a state, also of one that came from outside.
pub(crate) fn check(spec: &ClusterSpec, state: &ClusterState) -> Result<(), Inconsistency> {
    let checks = Checks { spec, state };
    checks.cluster()?;
    for (index, record) in state.nodes.iter().enumerate() {
        checks.node(NodeId::from_index(index), record)?;
    }
    for ((group, declared), record) in spec.groups().zip(&state.groups) {
        checks.group(group, record)?;
        for (resource, record) in checks.resources_of(declared) {
            checks.resource(group, resource, record)?;
        }
        checks.order(declared)?;
    }
    checks.orphans()?;
    checks.identities()?;
    checks.occupancy()
}

/// A state under examination.
#[derive(Clone, Copy)]
struct Checks<'a> {
    spec: &'a ClusterSpec,
    state: &'a ClusterState,
}

impl<'a> Checks<'a> {
    /// Checks that there are as many records as declared things; the counters are far from their
    /// ends; the times of the cluster are past and in order; the wall clock is in range; the
    /// cluster is quorate exactly when the votes suffice.
    fn cluster(self) -> Result<(), Inconsistency> {
        let state = self.state;
        let whole = StateSubject::Cluster;
        let complete = state.nodes.len() == self.spec.nodes().len()
            && state.groups.len() == self.spec.groups().len()
            && state.resources.len() == self.spec.resources().len();
        require!(complete, whole.clone(), StateRule::RecordCount);
        let next_operation = state.next_operation.value();
        Self::counters(&whole, [state.inputs, next_operation, state.configuration])?;
        require!(state.now <= Timestamp::LATEST, whole.clone(), StateRule::CounterTooLarge);
        require!(next_operation > 0, whole.clone(), StateRule::OperationNotIssued);
        let read_at = state.wall_clock.map(|(read_at, _)| read_at);
        let times = [state.formed_at, state.quorate_since, state.resumed_at, read_at];
        self.past(&whole, times.into_iter().flatten())?;
        if let Some((_, reading)) = state.wall_clock {
            require!(reading.is_valid(), whole.clone(), StateRule::ClockOutOfRange);
        }
        let formed_first = match (state.formed_at, state.quorate_since) {
            (Some(formed), Some(since)) => formed <= since,
            (Some(_) | None, None) | (None, Some(_)) => true,
        };
        require!(formed_first, whole.clone(), StateRule::TimesOutOfOrder);
        require!(state.configuration > 0, whole.clone(), StateRule::ConfigurationNotCounted);
        let is_declared = state.last_declared <= state.configuration;
        require!(is_declared, whole.clone(), StateRule::DeclaredInFuture);
        let agrees = state.is_quorate() == self.has_quorum();
        require!(agrees, whole.clone(), StateRule::QuorumDiffers);
        let has_members = self.state.nodes.iter().any(|record| record.state.is_member());
        let formed_fits = match state.formed_at {
            Some(_) => has_members,
            None => !state.is_quorate(),
        };
        require!(formed_fits, whole.clone(), StateRule::FormationDiffers);
        let is_started = state.groups.iter().any(|record| record.home_wait == HomeWait::Over);
        require!(has_members || !is_started, whole, StateRule::FormationDiffers);
        Ok(())
    }

    /// Tells whether the votes of the members suffice.
    fn has_quorum(self) -> bool {
        let settings = self.spec.settings();
        let membership = Membership::of(self.spec, |node, _| self.state.node_state(node));
        let ballot = membership.ballot(settings, self.state.witness);
        quorum::judge(settings.quorum, &ballot).is_quorate()
    }

    /// Checks that a node came up in an input that was accepted; it is paused as it is meant to be;
    /// it is not fenced once it is down; its drain has a known target and did not outlive its
    /// pause; once it was seen there is a proof that it is down; its attributes are allowed.
    fn node(self, node: NodeId, record: &NodeRecord) -> Result<(), Inconsistency> {
        let subject = StateSubject::Node(node);
        let is_accepted = record.incarnation <= Incarnation::LAST;
        require!(is_accepted, subject.clone(), StateRule::CounterTooLarge);
        self.accepted(&subject, record.up_in_input)?;
        self.past(&subject, [record.since])?;
        self.log(&subject, &record.fence.attempts)?;
        self.past(&subject, record.drain.since)?;
        self.known(&subject, record.drain.target)?;
        let pause_fits = match (record.state, record.pause) {
            (NodeState::Up, Pause::Requested) | (NodeState::Paused, Pause::Resumed) => false,
            (NodeState::Up, Pause::Resumed)
            | (NodeState::Paused, Pause::Requested)
            | (
                NodeState::Down | NodeState::Joining | NodeState::Unclean,
                Pause::Resumed | Pause::Requested,
            ) => true,
        };
        require!(pause_fits, subject.clone(), StateRule::PauseDiffers);
        // A drain pauses its node, and resuming it forgets the drain.
        let drain_fits =
            record.drain.status == DrainStatus::NotInitiated || record.pause == Pause::Requested;
        require!(drain_fits, subject.clone(), StateRule::DrainOfResumedNode);
        let was_seen = record.incarnation > Incarnation::default() || record.up_in_input > 0;
        let is_unproved = record.state == NodeState::Down && record.proof == DownProof::NeverSeen;
        require!(!(was_seen && is_unproved), subject.clone(), StateRule::DownWithoutProof);
        let limits = self.spec.limits();
        let is_allowed = record.attributes.count() <= limits.node_attributes
            && record
                .attributes
                .iter()
                .all(|(name, _)| check_word(name, limits.name_bytes).is_ok());
        require!(is_allowed, subject, StateRule::AttributeNotAllowed);
        self.inquiry(node, record)?;
        self.fence(node, record)
    }

    /// Checks that a resource with an owner was opened; one that may run is on an owner that is not
    /// down, and in doubt if the owner is lost; its recovery fits its state, and its operation the
    /// state and the node.
    fn resource(
        self,
        group: GroupId,
        resource: ResourceId,
        record: &ResourceRecord,
    ) -> Result<(), Inconsistency> {
        let subject = StateSubject::Resource(resource);
        Self::counters(&subject, [record.sequence])?;
        self.past(&subject, [record.since, record.started_at, record.online_until])?;
        self.past(&subject, [record.looked_alive_at, record.known_alive_at])?;
        self.log(&subject, &record.restarts)?;
        let is_declared = record.declared_in <= self.state.last_declared;
        require!(is_declared, subject.clone(), StateRule::DeclaredInFuture);
        let owner = self.state.owner(group);
        let was_opened = record.state != ResourceState::Initializing || owner.is_none();
        require!(was_opened, subject.clone(), StateRule::UnopenedOnOwner);
        if record.state.may_run() {
            require!(owner.is_some(), subject.clone(), StateRule::RunsWithoutOwner);
            let on = owner.map_or(NodeState::Down, |owner| self.state.node_state(owner));
            require!(on != NodeState::Down, subject.clone(), StateRule::RunsOnDownNode);
            let in_doubt = record.state == ResourceState::InDoubt;
            let certain = in_doubt || on != NodeState::Unclean;
            require!(certain, subject.clone(), StateRule::CertainOnLostNode);
        }
        let may_be_late =
            matches!(record.state, ResourceState::InDoubt | ResourceState::Terminating);
        let is_sure = may_be_late || record.late_start == LateStart::Impossible;
        require!(is_sure, subject.clone(), StateRule::LateStartWithoutDoubt);
        require!(self.doubt_fits(owner, record), subject.clone(), StateRule::DoubtDiffers);
        require!(recovery_fits(record), subject.clone(), StateRule::RecoveryDoesNotFit);
        require!(failed_while_fits(record), subject.clone(), StateRule::FailureDoesNotFit);
        self.operation(owner, resource, record)?;
        require!(self.run_fits(record), subject, StateRule::RunDoesNotFit);
        Ok(())
    }

    /// Tells whether a doubt fits the state of the resource and of its owner.
    fn doubt_fits(self, owner: Option<NodeId>, record: &ResourceRecord) -> bool {
        let on = owner.map_or(NodeState::Down, |owner| self.state.node_state(owner));
        let is_idle = record.state == ResourceState::InDoubt && record.operation.is_none();
        match record.doubt {
            Doubt::Open => true,
            Doubt::WasOnline => {
                let is_settled = record.late_start == LateStart::Impossible;
                is_idle && is_settled && on == NodeState::Unclean
            }
            Doubt::ToTerminate => is_idle && on.is_member(),
            Doubt::Left => is_idle && (on.is_member() || on == NodeState::Unclean),
        }
    }

    /// Tells whether the run of a resource fits its state. A resource that may run has a run from a
    /// start that was asked for, or from no known start; one that starts has the run of that start.
    fn run_fits(self, record: &ResourceRecord) -> bool {
        let is_starting = record.state == ResourceState::OnlinePending;
        let Some(run) = record.run else { return !is_starting };
        let is_its_start = record.operation.is_none_or(|operation| operation.id == run);
        record.state.may_run() && run < self.state.next_operation && (is_its_start || !is_starting)
    }

    fn resources_of(
        self,
        group: &'a GroupSpec,
    ) -> impl Iterator<Item = (ResourceId, &'a ResourceRecord)> {
        let ids = group.resources();
        ids.filter_map(move |id| Some((id, self.state.resource(id)?)))
    }

    fn known(self, subject: &StateSubject, node: Option<NodeId>) -> Result<(), Inconsistency> {
        let known = node.is_none_or(|node| self.spec.node(node).is_some());
        require!(known, subject.clone(), StateRule::UnknownReference);
        Ok(())
    }

    fn counters<const N: usize>(
        subject: &StateSubject,
        values: [u64; N],
    ) -> Result<(), Inconsistency> {
        let small = values.into_iter().all(|value| value <= COUNT_MAX);
        require!(small, subject.clone(), StateRule::CounterTooLarge);
        Ok(())
    }

    fn accepted(self, subject: &StateSubject, input: u64) -> Result<(), Inconsistency> {
        require!(input <= self.state.inputs, subject.clone(), StateRule::InputNotAccepted);
        Ok(())
    }

    fn past(
        self,
        subject: &StateSubject,
        times: impl IntoIterator<Item = Timestamp>,
    ) -> Result<(), Inconsistency> {
        let past = times.into_iter().all(|time| time <= self.state.now);
        require!(past, subject.clone(), StateRule::TimeInFuture);
        Ok(())
    }

    fn log(self, subject: &StateSubject, log: &FailureLog) -> Result<(), Inconsistency> {
        let entries = log.entries();
        require!(entries.len() <= StateRule::LOG_ENTRIES, subject.clone(), StateRule::LogTooLong);
        require!(entries.is_sorted(), subject.clone(), StateRule::TimesOutOfOrder);
        self.past(subject, entries.last().copied())
    }
}

/// Tells whether a resource in this state may have failed and not been started since. It may have
/// become off or in doubt with its node in the meantime.
const fn may_have_failed(state: ResourceState) -> bool {
    match state {
        ResourceState::Offline
        | ResourceState::Terminating
        | ResourceState::Failed
        | ResourceState::InDoubt => true,
        ResourceState::Initializing
        | ResourceState::OnlinePending
        | ResourceState::Online
        | ResourceState::OfflinePending => false,
    }
}

/// Tells whether the note of a failure fits the state: a resource that runs, starts or stops in
/// good order has not failed.
fn failed_while_fits(record: &ResourceRecord) -> bool {
    may_have_failed(record.state) || record.failed_while == FailedWhile::Running
}

/// Tells whether the recovery fits the state: only a resource that failed and has not been started
/// since has one. A resource that is never tried again has no time.
fn recovery_fits(record: &ResourceRecord) -> bool {
    match record.recovery {
        Recovery::None => record.doubt != Doubt::Left,
        Recovery::RetryAt {
            at: Some(_),
            cause: NoRestartCause::DontRestart | NoRestartCause::Retries,
        } => false,
        // The resource is as it was, or its node said that it is off.
        Recovery::RetryAt { at, cause: NoRestartCause::Left } => {
            at.is_none()
                && match record.state {
                    ResourceState::InDoubt => record.doubt == Doubt::Left,
                    ResourceState::Offline => true,
                    ResourceState::Initializing
                    | ResourceState::OnlinePending
                    | ResourceState::Online
                    | ResourceState::OfflinePending
                    | ResourceState::Terminating
                    | ResourceState::Failed => false,
                }
        }
        Recovery::RestartAt(_) | Recovery::Failover | Recovery::RetryAt { .. } => {
            may_have_failed(record.state) && record.doubt != Doubt::Left
        }
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
