//! The parts of a replicated cluster, one by one and together.

mod guard;
mod keeper;
mod leader;
mod replica;
mod reports;
mod timing;

use core::time::Duration;

use super::{Affirmation, Beat, Leader, Replica, Round, Timing};
use super::{Body, Checkpoint, Entry, EntryV1, Genesis, Grant, Item, Local, NodeLife, Origin};
use crate::cluster::{Input, Outcome};
use crate::id::{Incarnation, Names};
use crate::kind::ResourceOverrides;
use crate::policy::Ring;
use crate::settings::{Fencing, Interval, QuorumRule};
use crate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use crate::{Cluster, OpId, Timestamp};

pub(super) const fn at(millis: u64) -> Local {
    Local::from_millis(millis)
}

pub(super) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn life(node: &str, incarnation: u64) -> NodeLife {
    NodeLife::new(node, Incarnation::new(incarnation))
}

/// Three nodes, one group with one disk.
pub(super) fn declaration(fencing: Fencing) -> ClusterDeclaration {
    ClusterDeclaration::new("mill")
        .node("a")
        .node("b")
        .node("c")
        .quorum(QuorumRule::Agreed)
        .fencing(fencing)
        .group(GroupDeclaration::new("sql").preferred_owners(["a", "b", "c"]).resource(
            ResourceDeclaration::new("disk", "Physical Disk").settings(
                // Agents report by themselves; the log is not for health checks.
                ResourceOverrides {
                    looks_alive_interval: Some(Interval::Never),
                    is_alive_interval: Some(Interval::Never),
                    ..ResourceOverrides::default()
                },
            ),
        ))
}

pub(super) fn spec(fencing: Fencing) -> ClusterSpec {
    declaration(fencing).build().unwrap()
}

pub(super) fn timing() -> Timing {
    Timing::fitting(millis(100), millis(300), millis(300), Duration::ZERO)
}

pub(super) fn replica_with(node: &str, fencing: Fencing) -> Replica {
    let cluster = Cluster::new(spec(fencing), Ring::new(), Timestamp::ZERO);
    Replica::new(node, cluster, Genesis::new(Ring::new()))
}

pub(super) fn replica(node: &str) -> Replica {
    replica_with(node, Fencing::Trusted)
}

pub(super) fn entry(term: u64, at: u64, items: impl IntoIterator<Item = Item>) -> Entry {
    let items = items.into_iter().collect();
    Entry::V1(EntryV1 { term, at: Timestamp::from_millis(at), items })
}

pub(super) fn anonymous(input: Input<Names>) -> Item {
    Item::anonymous(input)
}

pub(super) fn report(of: &NodeLife, sequence: u64, input: Input<Names>) -> Item {
    Item { origin: Some(Origin { life: of.clone(), sequence }), body: Body::Input(input) }
}

pub(super) fn joined(of: &NodeLife) -> Input<Names> {
    Input::node_joined(of.node.as_str(), of.incarnation, [])
}

pub(super) fn finished(operation: OpId) -> Input<Names> {
    Input::operation_finished(operation, Outcome::Succeeded)
}

/// Applies an entry of term 1. All its items have to count.
pub(super) fn apply(replica: &mut Replica, stamp: u64, items: impl IntoIterator<Item = Item>) {
    let results = replica.apply(replica.applied() + 1, 1, entry(1, stamp, items)).unwrap();
    for result in results {
        result.unwrap();
    }
}

/// Has all three nodes join in their first lives.
pub(super) fn formed(node: &str, fencing: Fencing) -> Replica {
    let mut replica = replica_with(node, fencing);
    let all = ["a", "b", "c"].map(|name| life(name, 1));
    apply(&mut replica, 1_000, all.iter().map(|of| report(of, 1, joined(of))));
    replica
}

pub(super) fn beat(of: &NodeLife, sent: u64, replica: &Replica) -> Beat {
    Beat {
        life: of.clone(),
        sent: at(sent),
        lease_ends: Some(at(sent.saturating_add(1))),
        applied: replica.applied(),
        checkpoint: replica.checkpoint(),
        behaviour: replica.genesis().behaviour(),
    }
}

pub(super) fn in_charge(now: u64, replica: &Replica) -> Leader {
    Leader::take_charge(at(now), 1, timing(), replica).unwrap()
}

/// The answer of an engine that has committed as much as the leader has applied.
pub(super) const fn affirmed(round: Round, term: u64, replica: &Replica) -> Affirmation {
    Affirmation { round, term, committed: replica.applied() }
}

/// Has the leader affirmed now, and returns the grants.
pub(super) fn confirm(leader: &mut Leader, now: u64, replica: &Replica) -> Vec<Grant> {
    let round = leader.begin_round(at(now)).unwrap();
    leader.handle_confirmed(at(now), affirmed(round, 1, replica), replica)
}

/// Returns the inputs of the next entry.
pub(super) fn inputs(leader: &mut Leader, now: u64, replica: &Replica) -> Vec<Input<Names>> {
    let Some(Entry::V1(entry)) = leader.poll_entry(at(now), replica) else { return Vec::new() };
    let bodies = entry.items.into_iter().map(|item| item.body);
    bodies
        .filter_map(|body| match body {
            Body::Input(input) => Some(input),
            Body::Timeout | Body::Checkpoint | Body::ReleaseFromQuarantine { .. } => None,
        })
        .collect()
}

/// The detection, in milliseconds.
pub(super) fn detection() -> u64 {
    u64::try_from(timing().detection.as_millis()).unwrap()
}

/// A charge of node a at its time 10,000, with beats of all three nodes.
pub(super) fn heard() -> (Replica, Leader) {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(10_000, &replica);
    for name in ["a", "b", "c"] {
        let beat = beat(&life(name, 1), 77, &replica);
        leader.handle_beat(at(10_010), beat, &replica).unwrap();
    }
    (replica, leader)
}

pub(super) const fn checkpoint(index: u64, digest: u64) -> Checkpoint {
    Checkpoint { index, digest }
}

use alloc::vec::Vec;
