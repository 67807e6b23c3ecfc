//! What an embedder knows who believes nothing but the outputs: the state as it was told, one
//! event after the other, so that every effect can be judged at the moment it was put out.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::prelude::v1::*;

use crate::cluster::Effect;
use crate::machine::{GroupState, NodeState, ResourceState};
use crate::settings::{ColdStart, DesiredState, Priority, ResourceSettings, RestartWindow};
use crate::spec::ClusterSpec;
use crate::state::{
    Doubt, DownProof, Exhaustion, FailedWhile, HomeWait, LateStart, MovementCause, Recovery, Room,
    Turn, Vouched,
};
use crate::{Cluster, Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId, Timestamp};

use super::again::Again;
use super::unheard::{self, Unheard};
use crate::testkit::needed;

/// The cluster as told.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) spec: ClusterSpec,
    pub(crate) nodes: Vec<SeenNode>,
    pub(crate) groups: Vec<SeenGroup>,
    pub(crate) resources: Vec<SeenResource>,
    pub(crate) orphans: BTreeSet<(NodeId, ResourceId)>,
    /// What nodes that are not off have not said whether they run it.
    pub(crate) unheard: Unheard,
    /// What its group has just taken over, and is about to be told online.
    pub(crate) taken_over: Option<ResourceId>,
    /// Operations that were asked for and have not ended.
    pub(crate) operations: BTreeMap<OpId, Effect>,
    pub(crate) last_operation: OpId,
    pub(crate) is_quorate: bool,
    /// Whether it has formed since it last had no member.
    pub(crate) has_formed: bool,
    pub(crate) configuration: u64,
    /// When the core last went on after a time in which nobody decided.
    pub(crate) resumed_at: Option<Timestamp>,
    /// The last reading of the clock on the wall and when it was taken.
    pub(crate) wall_clock: Option<(Timestamp, crate::WallClock)>,
    /// Names of resources that were taken for off because the declaration says so.
    pub(crate) assumed_off: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenNode {
    pub(crate) state: NodeState,
    pub(crate) since: Timestamp,
    pub(crate) proof: DownProof,
    pub(crate) incarnation: Incarnation,
    /// When it was fenced.
    pub(crate) fences: Vec<Timestamp>,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenGroup {
    pub(crate) owner: Option<NodeId>,
    pub(crate) epoch: Epoch,
    pub(crate) movement: Option<(Option<NodeId>, MovementCause)>,
    /// Whether it was given room on its owner: it ran there, or was to run when it came there.
    pub(crate) takes_room: bool,
    pub(crate) told: GroupState,
    pub(crate) desired: DesiredState,
    /// Whether an operator ever asked for it.
    pub(crate) is_ordered: bool,
    /// When it failed over because of a resource, since the count was last cleared.
    pub(crate) failovers: Vec<Timestamp>,
    pub(crate) last_failback: Option<Timestamp>,
    /// The nodes that it left because it failed there, with the time.
    pub(crate) failed_on: Vec<(NodeId, Timestamp)>,
    /// Whether it was given a node, started or found running since there last was no member.
    pub(crate) is_settled: bool,
    /// Whether anything of it was asked to start since it may have come up with others, or it moved
    /// by itself.
    pub(crate) has_begun: bool,
    /// The nodes on which one of its resources can never run.
    pub(crate) barred: Vec<(NodeId, ResourceId)>,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenResource {
    pub(crate) state: ResourceState,
    pub(crate) desired: Option<DesiredState>,
    /// When it was restarted, since the count was last cleared, by its own [clock](Self::clock).
    pub(crate) restarts: Vec<Timestamp>,
    /// What its own clock showed when it was last online.
    pub(crate) stood_at: Timestamp,
    /// Since when it is online.
    pub(crate) online_since: Option<Timestamp>,
    /// When the retry period that it is in is over.
    pub(crate) retry_at: Option<Timestamp>,
    /// What it waits for since it failed.
    pub(crate) again: Again,
    /// When it was last started.
    pub(crate) started_at: Timestamp,
    /// The start that its present run goes back to, as far as anybody was told.
    pub(crate) run: Option<OpId>,
    /// Whether it failed and waits for its next attempt.
    pub(crate) waits: bool,
    /// Whether its retry period ended about a pause of its node, so that nobody was told whether
    /// its restarts count anew.
    pub(crate) is_uncertain: bool,
    /// Whether it was tried again after a retry period, and has not proved itself since.
    pub(crate) is_retried: bool,
    /// What it was when it last failed.
    pub(crate) failed_from: ResourceState,
    /// Whether it failed in such a way that its group may fail over because of it.
    pub(crate) may_leave: bool,
    /// Whether it failed and is left as it is for an operator.
    pub(crate) is_left: bool,
    /// The node on which it was online, and no start, stop or terminate was asked for there since.
    pub(crate) undisturbed_on: Option<NodeId>,
    /// Whether a start was given up before it was answered, and may still come to pass.
    pub(crate) may_start_late: bool,
}

impl Seen {
    /// A cluster that has just been declared.
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let spec = cluster.spec().clone();
        let now = cluster.state().now();
        Self {
            nodes: spec.nodes().map(|_| SeenNode::new(now)).collect(),
            groups: spec.groups().map(|(id, _)| SeenGroup::new(cluster, id)).collect(),
            resources: spec
                .resources()
                .map(|(_, declared)| SeenResource::new(declared.settings().desired, now))
                .collect(),
            orphans: BTreeSet::new(),
            unheard: Unheard::new(),
            taken_over: None,
            operations: BTreeMap::new(),
            last_operation: OpId::new(0),
            is_quorate: false,
            has_formed: false,
            configuration: 1,
            resumed_at: None,
            wall_clock: None,
            assumed_off: Vec::new(),
            spec,
        }
    }

    /// A cluster in the middle of its life, as it stands.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let state = cluster.state();
        let mut seen = Self::new(cluster);
        for (node, record) in seen.nodes.iter_mut().zip(&state.nodes) {
            *node = SeenNode {
                state: record.state,
                since: record.since,
                proof: record.proof,
                incarnation: record.incarnation,
                fences: record.fence.attempts.entries().to_vec(),
            };
        }
        let groups: Vec<SeenGroup> =
            seen.spec.groups().map(|(id, _)| SeenGroup::of(cluster, id)).collect();
        seen.groups = groups;
        for (declared, (resource, record)) in
            seen.spec.resources().zip(seen.resources.iter_mut().zip(&state.resources))
        {
            let owner = state.owner(declared.1.group());
            let retry_at = match record.recovery {
                Recovery::RetryAt { at, .. } => at,
                Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => None,
            };
            let again = match record.recovery {
                Recovery::RetryAt { at, cause } => Again::RetryAt(at, cause),
                Recovery::RestartAt(at) => Again::RestartAt(at),
                Recovery::None | Recovery::Failover => Again::Free,
            };
            *resource = SeenResource {
                state: record.state,
                desired: record.desired,
                restarts: record.restarts.entries().to_vec(),
                stood_at: record.online_until,
                online_since: (record.state == ResourceState::Online)
                    .then_some(record.online_until),
                retry_at,
                again,
                started_at: record.started_at,
                run: record.run(),
                waits: match record.recovery {
                    Recovery::RestartAt(_) => true,
                    Recovery::RetryAt { cause, .. } => cause != Exhaustion::Admission,
                    Recovery::None | Recovery::Failover => false,
                },
                is_uncertain: false,
                is_retried: record.retries > 0,
                failed_from: match record.failed_while {
                    FailedWhile::Running => ResourceState::Online,
                    FailedWhile::Starting => ResourceState::OnlinePending,
                },
                may_leave: match record.recovery {
                    Recovery::Failover => true,
                    Recovery::RetryAt { cause, .. } => cause == Exhaustion::NoCandidate,
                    Recovery::None | Recovery::RestartAt(_) => false,
                },
                is_left: match record.recovery {
                    Recovery::RetryAt { cause, .. } => cause == Exhaustion::Left,
                    Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => false,
                },
                undisturbed_on: owner.filter(|_| {
                    record.state == ResourceState::Online || record.doubt == Doubt::WasOnline
                }),
                may_start_late: record.late_start == LateStart::Possible,
            };
        }
        seen.orphans = state.orphans.keys().copied().collect();
        for (node, of) in seen.spec.nodes().filter_map(|(id, _)| Some((id, state.node(id)?))) {
            let asked = of.inquiry.map_or(state.next_operation, |operation| operation.id);
            let since = OpId::new(asked.value().saturating_sub(1));
            for (resource, record) in
                seen.spec.resources().filter_map(|(id, _)| Some((id, state.resource(id)?)))
            {
                let is_unheard = of.state != NodeState::Down
                    && of.listed_in < record.declared_in
                    && record.vouched == Vouched::No;
                if is_unheard {
                    seen.unheard.insert((node, resource), since);
                }
            }
        }
        seen.operations = cluster.outstanding().map(|effect| (effect.operation, effect)).collect();
        seen.last_operation = OpId::new(state.next_operation.value().saturating_sub(1));
        seen.is_quorate = state.is_quorate();
        seen.has_formed = state.formed_at.is_some();
        seen.configuration = state.configuration;
        seen.resumed_at = state.resumed_at;
        seen.wall_clock = state.wall_clock;
        seen
    }

    /// The same cluster under another configuration, matched by names.
    pub(crate) fn remap(&mut self, cluster: &Cluster) {
        let old = self.clone();
        let fresh = Self::new(cluster);
        let (from, to) = (&old.spec, &fresh.spec);
        self.unheard = unheard::remapped(&old, (from, to), &old.unheard);
        let node = |id: NodeId| to.node_id(from.node(id)?.name());
        let resource = |id: ResourceId| same_resource(from, to, id);
        self.nodes = fresh.nodes;
        self.groups = fresh.groups;
        self.resources = fresh.resources;
        for (id, _) in from.nodes() {
            if let Some(new) = node(id) {
                self.nodes[new.index()] = old.nodes[id.index()].clone();
            }
        }
        for (id, declared) in from.groups() {
            if let Some(new) = to.group_id(declared.name()) {
                let mut group = old.groups[id.index()].clone();
                // Another word in the declaration is the last word; the same one is none.
                let declares = to.group(new).expect("a declared group").settings().desired;
                if declares != declared.settings().desired {
                    group.desired = declares;
                }
                group.owner = group.owner.and_then(node);
                group.failed_on = group
                    .failed_on
                    .into_iter()
                    .filter_map(|(failed, at)| Some((node(failed)?, at)))
                    .collect();
                group.barred = group
                    .barred
                    .into_iter()
                    .filter_map(|(barred, unfit)| Some((node(barred)?, resource(unfit)?)))
                    .collect();
                group.movement = group.movement.and_then(|(to, cause)| match to {
                    None => Some((None, cause)),
                    Some(to) => Some((Some(node(to)?), cause)),
                });
                self.groups[new.index()] = group;
            }
        }
        for (id, declared) in to.resources() {
            if self.groups[declared.group().index()].owner.is_some() {
                self.resources[id.index()].state = ResourceState::Offline;
            }
        }
        for (id, declared) in from.resources() {
            if let Some(new) = resource(id) {
                let mut kept = old.resources[id.index()].clone();
                let declares = to.resource(new).expect("a declared resource").settings().desired;
                if declares != declared.settings().desired {
                    kept.desired = declares;
                }
                kept.undisturbed_on = kept.undisturbed_on.and_then(node);
                self.resources[new.index()] = kept;
            }
        }
        self.orphans =
            old.orphans.iter().filter_map(|(n, r)| Some((node(*n)?, resource(*r)?))).collect();
        self.operations = old
            .operations
            .into_iter()
            .filter_map(|(operation, effect)| {
                let resource = match effect.resource {
                    None => None,
                    Some(id) => Some(resource(id)?),
                };
                let group = resource.and_then(|id| to.resource(id)).map(|of| of.group());
                let node = node(effect.node)?;
                Some((operation, Effect { node, resource, group, ..effect }))
            })
            .collect();
        self.spec = fresh.spec;
        if !self.has_members() {
            self.dissolve();
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> &SeenNode {
        &self.nodes[id.index()]
    }

    pub(crate) fn group(&self, id: GroupId) -> &SeenGroup {
        &self.groups[id.index()]
    }

    pub(crate) fn resource(&self, id: ResourceId) -> &SeenResource {
        &self.resources[id.index()]
    }

    pub(crate) fn group_of(&self, resource: ResourceId) -> GroupId {
        self.spec.resource(resource).expect("a declared resource").group()
    }

    /// Whether any node is a member.
    pub(crate) fn has_members(&self) -> bool {
        self.nodes.iter().any(|node| node.state.is_member())
    }

    /// The last member is gone: the next quorum forms the cluster anew.
    pub(crate) fn dissolve(&mut self) {
        self.has_formed = false;
        for group in &mut self.groups {
            group.is_settled = false;
        }
    }

    /// The cluster forms from nothing: groups that are not to start then wait for an operator.
    pub(crate) fn form(&mut self) {
        for (id, declared) in self.spec.groups() {
            if declared.settings().cold_start == ColdStart::DontStart {
                self.groups[id.index()].desired = DesiredState::Offline;
            }
        }
        self.has_formed = true;
    }

    /// The state of a group, from what was told of its resources. What cannot run on its owner, and
    /// need not, does not count.
    pub(crate) fn fold(&self, group: GroupId) -> GroupState {
        let declared = self.spec.group(group).expect("a declared group");
        let owner = self.group(group).owner;
        let counts = |id: &ResourceId| {
            let is_spared =
                owner.is_some_and(|node| needed::is_spared(&self.spec, declared, node, *id));
            !is_spared || self.resource(*id).state != ResourceState::Offline
        };
        GroupState::of(declared.resources().filter(counts).map(|id| self.resource(id).state))
    }

    /// What keeps a node from running all that must run of a group.
    pub(crate) fn obstacles(&self, group: GroupId, node: NodeId) -> Vec<ResourceId> {
        let declared = self.spec.group(group).expect("a declared group");
        needed::obstacles(&self.spec, declared, node, |id| self.resource(id).desired)
    }

    /// Whether anything of a group may run on its owner.
    pub(crate) fn may_run(&self, group: GroupId) -> bool {
        let declared = self.spec.group(group).expect("a declared group");
        declared.resources().any(|id| self.resource(id).state.may_run())
    }

    /// What is wanted of a resource.
    pub(crate) fn wanted(&self, resource: ResourceId) -> DesiredState {
        let group = self.group_of(resource);
        self.resource(resource).desired.unwrap_or(self.group(group).desired)
    }

    /// Whether anything of a group is wanted, and nobody has to ask for it first.
    pub(crate) fn is_to_run(&self, group: GroupId) -> bool {
        let declared = self.spec.group(group).expect("a declared group");
        declared.settings().priority != Priority::NO_AUTO_START
            && declared.resources().any(|id| self.wanted(id) == DesiredState::Online)
    }

    /// The groups that certainly take room on a node, or will when they have got there. What is off
    /// and wanted off takes none; of what is not started automatically it is known when it runs.
    pub(crate) fn taking_room_on(&self, node: NodeId) -> impl Iterator<Item = GroupId> + '_ {
        self.spec.groups().map(|(id, _)| id).filter(move |id| {
            let group = self.group(*id);
            let is_to_run = self.is_to_run(*id);
            let is_here =
                group.owner == Some(node) && (self.may_run(*id) || group.takes_room && is_to_run);
            is_here || is_to_run && group.movement.is_some_and(|(to, _)| to == Some(node))
        })
    }
}

/// The new id of a resource of the same name and kind, in whichever group.
pub(crate) fn same_kind(
    from: &ClusterSpec,
    to: &ClusterSpec,
    id: ResourceId,
) -> Option<ResourceId> {
    let before = from.resource(id)?;
    let new = to.resource_id(before.name())?;
    let after = to.resource(new)?;
    let kinds = (&from.kind(before.kind())?.name, &to.kind(after.kind())?.name);
    (kinds.0 == kinds.1).then_some(new)
}

/// The new id of a resource that goes on under another configuration: same name, kind and group.
pub(crate) fn same_resource(
    from: &ClusterSpec,
    to: &ClusterSpec,
    id: ResourceId,
) -> Option<ResourceId> {
    let before = from.resource(id)?;
    let after = to.resource(to.resource_id(before.name())?)?;
    let groups = (from.group(before.group())?.name(), to.group(after.group())?.name());
    same_kind(from, to, id).filter(|_| groups.0 == groups.1)
}

impl SeenNode {
    fn new(now: Timestamp) -> Self {
        Self {
            state: NodeState::Down,
            since: now,
            proof: DownProof::NeverSeen,
            incarnation: Incarnation::new(0),
            fences: Vec::new(),
        }
    }
}

impl SeenGroup {
    /// Whether it is on its way because one of its resources failed.
    pub(super) fn is_failing_over(&self) -> bool {
        self.movement.is_some_and(|(_, cause)| cause == MovementCause::ResourceFailure)
    }

    fn new(cluster: &Cluster, id: GroupId) -> Self {
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
            is_settled: false,
            has_begun: false,
            barred: Vec::new(),
        }
    }
}

impl SeenGroup {
    fn of(cluster: &Cluster, id: GroupId) -> Self {
        let fresh = Self::new(cluster, id);
        let Some(record) = cluster.state().group(id) else { return fresh };
        Self {
            owner: record.owner,
            epoch: record.epoch,
            movement: record.movement.map(|movement| (movement.to, movement.cause)),
            takes_room: record.room() == Room::Taken,
            told: cluster.state().group_state(cluster.spec(), id),
            desired: record.desired,
            is_ordered: record.ordered_in.is_some(),
            failovers: record.failovers.entries().to_vec(),
            last_failback: record.last_failback,
            failed_on: record
                .failed_on
                .entries()
                .iter()
                .filter(|entry| cluster.state().failed_on(id, entry.node).is_some())
                .map(|entry| (entry.node, entry.at))
                .collect(),
            is_settled: record.home_wait == HomeWait::Over,
            has_begun: record.turn == Turn::Over,
            barred: record
                .failed_on
                .entries()
                .iter()
                .filter(|entry| cluster.state().failed_on(id, entry.node).is_some())
                .filter_map(|entry| Some((entry.node, entry.for_good?)))
                .collect(),
        }
    }
}

impl SeenResource {
    /// How often it may be restarted after its last failure.
    pub(super) fn threshold(&self, settings: &ResourceSettings) -> u32 {
        match self.failed_from {
            ResourceState::OnlinePending => settings.start_threshold,
            _ => settings.restart_threshold,
        }
    }

    /// The time by which its restarts leave their window: that on the clock, or one that goes on only
    /// while it is online.
    pub(super) fn clock(&self, window: RestartWindow, now: Timestamp) -> Timestamp {
        match window {
            RestartWindow::Clock => now,
            RestartWindow::Online => {
                let span = self.online_since.map_or(Duration::ZERO, |since| now.since(since));
                self.stood_at.after(span)
            }
        }
    }

    /// It came online, or is so no more.
    pub(super) fn turn(&mut self, to: ResourceState, now: Timestamp) {
        if to == ResourceState::Online {
            self.online_since = Some(now);
        } else if let Some(since) = self.online_since.take() {
            self.stood_at = self.stood_at.after(now.since(since));
        }
    }

    fn new(desired: Option<DesiredState>, now: Timestamp) -> Self {
        Self {
            state: ResourceState::Initializing,
            desired,
            restarts: Vec::new(),
            stood_at: now,
            online_since: None,
            retry_at: None,
            again: Again::Free,
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
}
