//! Records of one node, one group and one resource.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate::cluster::Reason;
use quorate::machine::{GroupState, NodeState, ResourceState};
use quorate::settings::{ColdStart, DesiredState, ResourceSettings, RestartWindow};
use quorate::state::{
    Doubt, DownProof, FailedWhile, HomeWait, LateStart, MovementCause, NoRestartCause, NodeRecord,
    Recovery, ResourceRecord, Room, Turn,
};
use quorate::{Cluster, Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId, Timestamp};

#[derive(Clone, Debug)]
pub(crate) struct SeenNode {
    pub(crate) state: NodeState,
    pub(crate) since: Timestamp,
    pub(crate) proof: DownProof,
    pub(crate) incarnation: Incarnation,
    /// The times at which it was fenced.
    pub(crate) fences: Vec<Timestamp>,
    /// The attributes that were told of it since its last life ended.
    pub(crate) attributes: BTreeMap<String, i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenGroup {
    pub(crate) owner: Option<NodeId>,
    pub(crate) epoch: Epoch,
    pub(crate) movement: Option<(Option<NodeId>, MovementCause)>,
    /// True if it was given room on its owner: it ran there, or was to run when it came there.
    pub(crate) takes_room: bool,
    pub(crate) told: GroupState,
    pub(crate) desired: DesiredState,
    /// True if an operator ever asked for it.
    pub(crate) is_ordered: bool,
    /// The times at which it failed over because of a resource, since the count was last cleared.
    pub(crate) failovers: Vec<Timestamp>,
    pub(crate) last_failback: Option<Timestamp>,
    /// The nodes that it left because it failed there, with the times.
    pub(crate) failed_on: Vec<(NodeId, Timestamp)>,
    /// True if it was told that no node can own it, and it has had no place since.
    pub(crate) is_told_homeless: bool,
    /// True if it was given a node, started or found running since there last was no member.
    pub(crate) is_settled: bool,
    /// True if one of its resources was asked to start since the group last may have come up with
    /// others, or if the group moved by itself.
    pub(crate) has_begun: bool,
    /// The nodes on which one of its resources can never run, with that resource.
    pub(crate) barred: Vec<(NodeId, ResourceId)>,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenResource {
    pub(crate) state: ResourceState,
    pub(crate) desired: Option<DesiredState>,
    /// The times of its restarts since the count was last cleared, by its own [clock](Self::clock).
    pub(crate) restarts: Vec<Timestamp>,
    /// The time on its own clock when it was last online.
    pub(crate) stood_at: Timestamp,
    /// The time since which it is online.
    pub(crate) online_since: Option<Timestamp>,
    /// The time at which its present retry period is over.
    pub(crate) retry_at: Option<Timestamp>,
    /// Its wait since it failed.
    pub(crate) again: Again,
    /// True if it failed and an operator has asked for it since, until it is told what comes next.
    pub(crate) is_asked_for: bool,
    /// The time of its last start.
    pub(crate) started_at: Timestamp,
    /// The start of its present run, as far as the outputs report it.
    pub(crate) run: Option<OpId>,
    /// True if it failed and waits for its next attempt.
    pub(crate) waits: bool,
    /// True if its retry period ended near a pause of its node, so that no event says whether its
    /// restarts count anew.
    pub(crate) is_uncertain: bool,
    /// True if it was tried again after a retry period, and has not proved itself since.
    pub(crate) is_retried: bool,
    /// Its state when it last failed.
    pub(crate) failed_from: ResourceState,
    /// True if its failure allows its group to fail over.
    pub(crate) may_leave: bool,
    /// True if it failed and is left as it is for an operator.
    pub(crate) is_left: bool,
    /// The node on which it was online, with no later start, stop or terminate there.
    pub(crate) undisturbed_on: Option<NodeId>,
    /// True if a start was given up before it was answered, and may still take effect.
    pub(crate) may_start_late: bool,
}

/// The time at which a resource that failed may start again on its owner.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Again {
    /// It has not failed, or its failure is forgotten.
    #[default]
    Free,
    /// It failed, and its recovery has not been announced.
    Untold,
    /// Its restart was announced for this time.
    RestartAt(Timestamp),
    /// It was given up, and is tried again at this time, if ever.
    RetryAt(Option<Timestamp>, NoRestartCause),
}

impl Again {
    /// Returns this with its time later by `span`.
    pub(crate) fn later(self, span: Duration) -> Self {
        match self {
            Self::RestartAt(at) => Self::RestartAt(at.after(span)),
            Self::RetryAt(at, cause) => Self::RetryAt(at.map(|at| at.after(span)), cause),
            Self::Free | Self::Untold => self,
        }
    }
}

impl SeenNode {
    /// Returns the record of a node that was just declared.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            state: NodeState::Down,
            since: now,
            proof: DownProof::NeverSeen,
            incarnation: Incarnation::new(0),
            fences: Vec::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// Returns the record of a node, from the memory of a cluster.
    pub(super) fn of(record: &NodeRecord) -> Self {
        Self {
            state: record.state(),
            since: record.since(),
            proof: record.proof(),
            incarnation: record.incarnation(),
            fences: record.fence().attempts().entries().to_vec(),
            attributes: record.attributes().map(|(name, value)| (name.into(), value)).collect(),
        }
    }
}

impl SeenGroup {
    /// Returns the record of a group that was just declared.
    pub(super) fn new(cluster: &Cluster, id: GroupId) -> Self {
        let settings = cluster.spec().group(id).expect("a declared group").settings();
        let desired = match settings.cold_start {
            ColdStart::Start => settings.desired,
            ColdStart::DontStart => DesiredState::Offline,
        };
        Self {
            owner: None,
            epoch: Epoch::default(),
            movement: None,
            takes_room: false,
            told: GroupState::Offline,
            desired,
            is_ordered: false,
            failovers: Vec::new(),
            last_failback: None,
            failed_on: Vec::new(),
            is_told_homeless: false,
            is_settled: false,
            has_begun: false,
            barred: Vec::new(),
        }
    }

    /// Returns the record of a group, from the memory of a cluster.
    pub(super) fn of(cluster: &Cluster, id: GroupId) -> Self {
        let fresh = Self::new(cluster, id);
        let Some(record) = cluster.state().group(id) else { return fresh };
        Self {
            owner: record.owner(),
            epoch: record.epoch(),
            movement: record.movement().map(|movement| (movement.to, movement.cause)),
            takes_room: record.room() == Room::Taken,
            told: cluster.state().group_state(cluster.spec(), id),
            desired: record.desired(),
            is_ordered: record.ordered_in().is_some(),
            failovers: record.failovers().entries().to_vec(),
            last_failback: record.last_failback(),
            failed_on: record
                .failed_nodes()
                .entries()
                .iter()
                .filter(|entry| cluster.state().failed_on(id, entry.node).is_some())
                .map(|entry| (entry.node, entry.at))
                .collect(),
            is_told_homeless: cluster.why(id) == Some(Reason::NoCandidate),
            is_settled: record.home_wait() == HomeWait::Over,
            has_begun: record.turn() == Turn::Over,
            barred: record
                .failed_nodes()
                .entries()
                .iter()
                .filter(|entry| cluster.state().failed_on(id, entry.node).is_some())
                .filter_map(|entry| Some((entry.node, entry.for_good?)))
                .collect(),
        }
    }

    /// Tells whether it moves because one of its resources failed.
    pub(crate) fn is_failing_over(&self) -> bool {
        self.movement.is_some_and(|(_, cause)| cause == MovementCause::ResourceFailure)
    }
}

impl SeenResource {
    /// Returns the record of a resource that was just declared.
    pub(super) fn new(desired: Option<DesiredState>, now: Timestamp) -> Self {
        Self {
            state: ResourceState::Initializing,
            desired,
            restarts: Vec::new(),
            stood_at: now,
            online_since: None,
            retry_at: None,
            again: Again::Free,
            is_asked_for: false,
            started_at: now,
            run: None,
            waits: false,
            is_uncertain: false,
            is_retried: false,
            failed_from: ResourceState::Online,
            may_leave: false,
            is_left: false,
            undisturbed_on: None,
            may_start_late: false,
        }
    }

    /// Returns the record of a resource, from the memory of a cluster.
    pub(super) fn of(record: &ResourceRecord, owner: Option<NodeId>) -> Self {
        let retry_at = match record.recovery() {
            Recovery::RetryAt { at, .. } => at,
            Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => None,
        };
        let again = match record.recovery() {
            Recovery::RetryAt { at, cause } => Again::RetryAt(at, cause),
            Recovery::RestartAt(at) => Again::RestartAt(at),
            Recovery::None | Recovery::Failover => Again::Free,
        };
        Self {
            state: record.state(),
            desired: record.desired(),
            restarts: record.restarts().entries().to_vec(),
            stood_at: record.online_until(),
            online_since: (record.state() == ResourceState::Online)
                .then_some(record.online_until()),
            retry_at,
            again,
            is_asked_for: false,
            started_at: record.started_at(),
            run: record.run(),
            waits: match record.recovery() {
                Recovery::RestartAt(_) => true,
                Recovery::RetryAt { cause, .. } => cause != NoRestartCause::Admission,
                Recovery::None | Recovery::Failover => false,
            },
            is_uncertain: false,
            is_retried: record.retries() > 0,
            failed_from: match record.failed_while() {
                FailedWhile::Running => ResourceState::Online,
                FailedWhile::Starting => ResourceState::OnlinePending,
            },
            may_leave: match record.recovery() {
                Recovery::Failover => true,
                Recovery::RetryAt { cause, .. } => cause == NoRestartCause::NoCandidate,
                Recovery::None | Recovery::RestartAt(_) => false,
            },
            is_left: match record.recovery() {
                Recovery::RetryAt { cause, .. } => cause == NoRestartCause::Left,
                Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => false,
            },
            undisturbed_on: owner.filter(|_| {
                record.state() == ResourceState::Online || record.doubt() == Doubt::WasOnline
            }),
            may_start_late: record.late_start() == LateStart::Possible,
        }
    }

    /// Returns how often it may be restarted after its last failure.
    pub(crate) fn threshold(&self, settings: &ResourceSettings) -> u32 {
        match self.failed_from {
            ResourceState::OnlinePending => settings.start_threshold,
            _ => settings.restart_threshold,
        }
    }

    /// Returns the time on the clock by which its restarts leave their window: the time of the
    /// cluster, or one that goes on only while it is online.
    pub(crate) fn clock(&self, window: RestartWindow, now: Timestamp) -> Timestamp {
        match window {
            RestartWindow::Clock => now,
            RestartWindow::Online => {
                let span = self.online_since.map_or(Duration::ZERO, |since| now.since(since));
                self.stood_at.after(span)
            }
        }
    }

    /// Records that it came online, or that it is no longer online.
    pub(crate) fn turn(&mut self, to: ResourceState, now: Timestamp) {
        if to == ResourceState::Online {
            self.online_since = Some(now);
        } else if let Some(since) = self.online_since.take() {
            self.stood_at = self.stood_at.after(now.since(since));
        }
    }
}
