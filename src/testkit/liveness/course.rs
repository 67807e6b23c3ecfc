//! How things went, from a journal.

use std::prelude::v1::*;

use crate::cluster::{Event, Output};
use crate::machine::{GroupState, NodeState};
use crate::settings::Failback;
use crate::state::{DrainStatus, MovementCause, OperationKind};
use crate::{Cluster, GroupId, NodeId, Timestamp};

use super::bounds::{most_failovers, start_time, stop_time};
use super::journal::Journal;
use crate::testkit::breach::{Breach, ensure};

/// Since `at`, groups moved for failures at most as often as their budgets allow, and none went
/// back by itself to a node that it left for failure before that node came up anew or its window
/// opened (L3). Takes for granted that there was no change of configuration.
///
/// # Errors
///
/// The first group that goes to and fro.
pub fn no_ping_pong(cluster: &Cluster, journal: &Journal, at: Timestamp) -> Result<(), Breach> {
    for (group, declared) in cluster.spec().groups() {
        let settings = declared.settings();
        let threshold = most_failovers(cluster, group);
        let mut failovers: Vec<Timestamp> = Vec::new();
        let mut left: Vec<(NodeId, Timestamp)> = Vec::new();
        for (when, event) in journal.events_of(group, at) {
            let Event::OwnerChanged { from: Some(from), to: Some(to), cause, .. } = event else {
                continue;
            };
            match cause {
                MovementCause::ResourceFailure => {
                    failovers.retain(|then| when.since(*then) <= settings.failover_period);
                    failovers.push(when);
                    let count = failovers.len();
                    let is_within = u32::try_from(count).is_ok_and(|count| count <= threshold);
                    ensure!(
                        L3,
                        is_within,
                        "{group} failed over {count} times, {threshold} are allowed"
                    );
                    left.push((*from, when));
                }
                MovementCause::Failback => {
                    let failed_there = left.iter().rev().find(|(node, _)| node == to);
                    let is_new_life = failed_there.is_none_or(|(node, since)| {
                        settings.failback == Failback::Allow
                            && (settings.failback_window.is_some()
                                || came_up(journal, *node, *since))
                    });
                    ensure!(L3, is_new_life, "{group} returns to {to}, which it left for failure");
                }
                MovementCause::Operator => left.clear(),
                MovementCause::Start
                | MovementCause::NodeFailure
                | MovementCause::Drain
                | MovementCause::Return => {}
            }
        }
    }
    Ok(())
}

fn came_up(journal: &Journal, node: NodeId, since: Timestamp) -> bool {
    journal.events(since).any(|(_, event)| {
        matches!(event, Event::NodeChanged { node: up, to: NodeState::Up, .. } if *up == node)
    })
}

/// In a round in which every node is rebooted once, a group moves at most twice, and is off only
/// while it moves (L10). Takes for granted that there is a spare node with room, and that nodes
/// are emptied before they are rebooted.
///
/// # Errors
///
/// The first group that moved too often, or was off for another reason.
pub fn rolling_reboot(
    cluster: &Cluster,
    journal: &Journal,
    begun_at: Timestamp,
) -> Result<(), Breach> {
    for (group, _) in cluster.spec().groups() {
        let (mut moves, mut is_moving) = (0_u32, false);
        for (at, event) in journal.events_of(group, begun_at) {
            match event {
                Event::MoveStarted { .. } => is_moving = true,
                Event::OwnerChanged { .. } => moves += 1,
                Event::GroupChanged { from: GroupState::Online, to, .. } => {
                    ensure!(L10, is_moving, "at {at} {group} is {to}, and does not move");
                }
                Event::GroupChanged { to: GroupState::Online, .. } => is_moving = false,
                _ => {}
            }
        }
        ensure!(L10, moves <= 2, "{group} moved {moves} times in one round");
        ensure!(L10, !is_moving, "{group} is still on its way after the round");
    }
    Ok(())
}

/// A drain has ended within the time that its groups take, one after the other: the node is empty,
/// or groups are named that cannot leave (L11). Takes for granted that everything was answered.
///
/// # Errors
///
/// A drain that goes on for too long, or that ended without saying why.
pub fn drain_ends(
    cluster: &Cluster,
    journal: &Journal,
    node: NodeId,
    begun_at: Timestamp,
) -> Result<(), Breach> {
    let (spec, state) = (cluster.spec(), cluster.state());
    let longest = spec
        .groups()
        .map(|(group, _)| stop_time(spec, group).saturating_add(start_time(spec, group)))
        .fold(core::time::Duration::ZERO, core::time::Duration::saturating_add);
    let due = begun_at.after(longest);
    let status = state.node(node).map(|record| record.drain().status);
    let left: Vec<GroupId> =
        spec.groups().map(|(id, _)| id).filter(|id| state.owner(*id) == Some(node)).collect();
    match status {
        Some(DrainStatus::InProgress) => {
            ensure!(L11, state.now() < due, "{node} was to be empty by {due}");
        }
        Some(DrainStatus::Failed) => {
            let is_named = |group: &GroupId| {
                journal.events(begun_at).any(|(_, event)| {
                    matches!(event, Event::DrainBlocked { group: named, .. } if named == group)
                })
            };
            let unnamed = left.iter().find(|group| !is_named(group));
            ensure!(L11, unnamed.is_none(), "{unnamed:?} cannot leave {node}, and nobody says so");
        }
        Some(DrainStatus::Completed | DrainStatus::NotInitiated) | None => {}
    }
    Ok(())
}

/// A group went through the same in two journals: what differs between them has nothing to do with
/// it (L14).
///
/// # Errors
///
/// The first thing that differs.
pub fn same_course(
    group: GroupId,
    one: &Journal,
    other: &Journal,
    at: Timestamp,
) -> Result<(), Breach> {
    let mut others = other.events_of(group, at);
    for (when, event) in one.events_of(group, at) {
        let counterpart = others.next();
        let is_same = counterpart == Some((when, event));
        ensure!(L14, is_same, "{group}: {event:?} at {when}, or {counterpart:?}");
    }
    let rest = others.next();
    ensure!(L14, rest.is_none(), "{group}: nothing, or {rest:?}");
    Ok(())
}

/// Nothing was fenced since all nodes were up (L17). Takes for granted that none was lost since.
///
/// # Errors
///
/// The first fence.
pub fn no_fence_loop(journal: &Journal, all_up_at: Timestamp) -> Result<(), Breach> {
    let fences = journal.since(all_up_at).flat_map(|entry| &entry.outputs);
    let fence = fences.into_iter().find(
        |output| matches!(output, Output::Effect(effect) if effect.action == OperationKind::Fence),
    );
    ensure!(L17, fence.is_none(), "all nodes are up, and {fence:?}");
    Ok(())
}
