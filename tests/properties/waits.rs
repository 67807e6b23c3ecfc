//! The waits of a cluster that end by time alone, read from its snapshot: the delay of a restart,
//! of the next fence and of a start, a lease, the waits for a preferred owner and for groups of
//! higher priority.
//!
//! Retries, failback windows, probes and health checks are not among it.

use quorate::cluster::DeadlineReason;
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{DesiredState, Fencing, RestartAction, UnconfirmedStop};
use quorate::spec::GroupSpec;
use quorate::state::{NoRestartCause, OperationKind, OrphanState, Recovery};
use quorate::{Cluster, GroupId, NodeId, ResourceId, Timestamp};
use quorate_testkit::reference::{Group, Node, Picture, Resource};
use serde_json::Value;

/// When the next of these waits is over, in a cluster that asks for nothing at the moment.
///
/// # Errors
///
/// If its timer says otherwise.
pub(crate) fn next(cluster: &Cluster) -> Result<Option<Timestamp>, String> {
    let stored = serde_json::to_value(cluster.snapshot()).expect("a snapshot can be written");
    let reader = Reader { cluster, stored: &stored["v1"] };
    let ends = reader.restarts().chain(reader.fences()).chain(reader.leases());
    let ends = ends.chain(reader.start_delays()).chain(reader.preferred_owners());
    let picture = Picture::of(cluster);
    let next = ends.chain(turns(&picture)).chain(tiers(&picture)).min();
    let Some(timer) = cluster.poll_timeout() else {
        return next.map_or(Ok(None), |at| Err(format!("no timer is set for what ends at {at}")));
    };
    let is_told = match timer.reason {
        DeadlineReason::Restart { .. }
        | DeadlineReason::FenceRetry { .. }
        | DeadlineReason::LeaseEnd { .. }
        | DeadlineReason::StartDelay { .. }
        | DeadlineReason::DrainWait { .. }
        | DeadlineReason::PreferredOwnerWait { .. } => next == Some(timer.at),
        _ => next.is_none_or(|at| at >= timer.at),
    };
    if is_told { Ok(next) } else { Err(format!("{next:?} is next, and the timer says {timer}")) }
}

/// Tells whether a group waits for the first of its owners, also one that has nothing to start.
pub(crate) fn waits_for_home(cluster: &Cluster, group: GroupId) -> bool {
    let stored = serde_json::to_value(cluster.snapshot()).expect("a snapshot can be written");
    let reader = Reader { cluster, stored: &stored["v1"] };
    let declared = cluster.spec().group(group).expect("a declared group");
    reader.preferred_owner(declared).is_some()
}

/// The ends of the waits of groups that come up together for those of higher priority: each waits
/// for a limited time, and is waited for as long at most.
fn turns(picture: &Picture) -> Vec<Timestamp> {
    let behind = || picture.groups.iter().filter(|group| picture.waits_for_turn(group));
    let is_ahead = |group: &&Group| {
        picture.is_on_its_way(group) && behind().any(|other| other.priority < group.priority)
    };
    let ahead = picture.groups.iter().filter(is_ahead);
    behind().chain(ahead).map(|group| picture.comes_up_until(group)).collect()
}

/// The ends of the waits of groups on nodes that are being drained for those of higher priority.
fn tiers(picture: &Picture) -> Vec<Timestamp> {
    let nodes = picture.nodes.iter().filter(|node| {
        picture.drain_is_young(&node.name)
            && picture.groups.iter().any(|group| waits_to_leave(picture, group, node))
    });
    nodes.filter_map(|node| Some(node.drain.since?.after(picture.priority_wait))).collect()
}

fn waits_to_leave(picture: &Picture, group: &Group, node: &Node) -> bool {
    let is_stuck = |resource: &Resource| {
        let is_left_alone = resource.operation.is_none_or(|(_, kind)| kind == OperationKind::Probe);
        resource.state == ResourceState::InDoubt && is_left_alone
    };
    // A failed resource need not run on.
    let has_failed = |resource: &Resource| match resource.recovery {
        Recovery::None | Recovery::RestartAt(_) => false,
        Recovery::Failover => true,
        Recovery::RetryAt { cause, .. } => match cause {
            NoRestartCause::Failovers
            | NoRestartCause::NoCandidate
            | NoRestartCause::Retries
            | NoRestartCause::ForGood
            | NoRestartCause::Left => resource.restart_action == RestartAction::RestartNotify,
            NoRestartCause::DontRestart
            | NoRestartCause::Restarts
            | NoRestartCause::Redundant
            | NoRestartCause::Admission => false,
        },
    };
    let is_ahead = |other: &Group| {
        other.priority > group.priority
            && picture.is_ahead_in_drain(other, &node.name)
            && !other.resources.iter().any(is_stuck)
    };
    group.owner.as_ref() == Some(&node.name)
        && group.going.is_none()
        && group.may_run()
        && !group.is_held(node.drain.lock)
        && !group.resources.iter().any(|of| of.is_left || is_stuck(of) || has_failed(of))
        && picture.groups.iter().any(is_ahead)
}

struct Reader<'a> {
    cluster: &'a Cluster,
    stored: &'a Value,
}

impl Reader<'_> {
    fn restarts(&self) -> impl Iterator<Item = Timestamp> {
        self.cluster.spec().resources().filter_map(|(resource, _)| {
            match self.cluster.state().resource(resource)?.recovery() {
                Recovery::RestartAt(at) => Some(at),
                Recovery::None | Recovery::Failover | Recovery::RetryAt { .. } => None,
            }
        })
    }

    fn leases(&self) -> impl Iterator<Item = Timestamp> {
        let (spec, state) = (self.cluster.spec(), self.cluster.state());
        spec.nodes().filter_map(|(node, _)| state.lease_end(spec, node))
    }

    /// A node that is still to be fenced, after an attempt that failed or too many of them.
    fn fences(&self) -> impl Iterator<Item = Timestamp> {
        self.cluster.spec().nodes().filter_map(|(node, declared)| {
            let at = time(&named(self.stored, "nodes", "node", declared.name())?["fence_retry_at"]);
            at.filter(|_| self.is_to_be_fenced(node))
        })
    }

    fn is_to_be_fenced(&self, node: NodeId) -> bool {
        let (spec, state) = (self.cluster.spec(), self.cluster.state());
        let owned = || spec.groups().filter(|(group, _)| state.owner(*group) == Some(node));
        let is_fatal = |resource| {
            let settings = spec.resource(resource).map(|of| of.settings().unconfirmed_stop);
            settings == Some(UnconfirmedStop::FenceNode)
        };
        let is_lost = state.is_quorate() && spec.settings().fencing == Fencing::Required;
        match state.node_state(node) {
            NodeState::Down => false,
            NodeState::Unclean => {
                let may_run = owned().any(|(group, _)| state.may_run(spec, group));
                let is_wanted = owned().any(|(group, of)| self.is_wanted(group, of));
                is_lost && (may_run || is_wanted || state.orphans_on(node).next().is_some())
            }
            NodeState::Joining | NodeState::Up | NodeState::Paused => {
                let mut own = owned().flat_map(|(_, of)| of.resources());
                let is_doubtful = own.any(|resource| {
                    state.resource_state(resource) == ResourceState::InDoubt
                        && is_fatal(resource)
                        && !self.is_left(resource)
                });
                let is_orphan_doubtful = state.orphans_on(node).any(|(resource, orphan)| {
                    matches!(orphan.state, OrphanState::InDoubt(_)) && is_fatal(resource)
                });
                state.is_quorate() && (is_doubtful || is_orphan_doubtful)
            }
        }
    }

    /// Tells whether a resource failed and is left for an operator, so that nobody is fenced for it.
    fn is_left(&self, resource: ResourceId) -> bool {
        let recovery = self.cluster.state().resource(resource).map(|record| record.recovery());
        matches!(recovery, Some(Recovery::RetryAt { cause: NoRestartCause::Left, .. }))
    }

    /// Groups that are off on a node that could start them.
    fn start_delays(&self) -> impl Iterator<Item = Timestamp> {
        let (spec, state) = (self.cluster.spec(), self.cluster.state());
        spec.groups().filter_map(move |(group, of)| {
            let owner = state.owner(group)?;
            let is_ready = match state.node_state(owner) {
                NodeState::Up => !state.may_run(spec, group),
                NodeState::Paused | NodeState::Down | NodeState::Unclean | NodeState::Joining => {
                    false
                }
            };
            let until = self.placed_at(of).after(of.settings().start_delay);
            // A group that came here in good order waits for no delay.
            let stored = named(self.stored, "groups", "group", of.name());
            let is_among_others = stored.is_some_and(|of| of["turn"] == "awaited");
            let waits = state.is_quorate() && is_ready && self.is_wanted(group, of);
            (waits && is_among_others && until > state.now()).then_some(until)
        })
    }

    /// Groups without a node, since the cluster has formed.
    fn preferred_owners(&self) -> impl Iterator<Item = Timestamp> {
        self.cluster.spec().groups().filter_map(|(_, of)| self.preferred_owner(of))
    }

    /// Until when a group without a node waits for the first of its owners.
    fn preferred_owner(&self, of: &GroupSpec) -> Option<Timestamp> {
        let picture = Picture::of(self.cluster);
        let group = picture.group(of.name())?;
        let is_down = |owner: &String| picture.node_state(owner) == NodeState::Down;
        let is_off = group.owner.as_ref().is_none_or(is_down);
        let formed_at =
            time(&self.stored["formed_at"]).filter(|_| self.cluster.state().is_quorate())?;
        let until = formed_at.after(self.cluster.spec().settings().group_wait_delay);
        (is_off && picture.waits_for_home(group)).then_some(until)
    }

    fn placed_at(&self, declared: &GroupSpec) -> Timestamp {
        let stored = named(self.stored, "groups", "group", declared.name());
        stored.and_then(|of| time(&of["placed_at"])).unwrap_or_default()
    }

    /// Tells whether something of a group is to be online and may be started without an order.
    fn is_wanted(&self, group: GroupId, declared: &GroupSpec) -> bool {
        let state = self.cluster.state();
        let Some(record) = state.group(group) else { return false };
        let is_online = |resource| {
            let own = state.resource(resource).and_then(|of| of.desired());
            own.unwrap_or(record.desired()) == DesiredState::Online
        };
        record.may_start(declared.settings().priority) && declared.resources().any(is_online)
    }
}

/// The entry with this name in a stored list.
fn named<'a>(stored: &'a Value, list: &str, key: &str, name: &str) -> Option<&'a Value> {
    stored[list].as_array()?.iter().find(|of| of[key] == name)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_u64().map(Timestamp::from_millis)
}
