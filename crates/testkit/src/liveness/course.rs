//! Rules about the course of a group, judged from a journal.

use quorate::cluster::{Event, Output};
use quorate::machine::{GroupState, NodeState};
use quorate::settings::{Failback, Priority};
use quorate::spec::GroupSpec;
use quorate::state::{DrainStatus, MovementCause, OperationKind};
use quorate::{Cluster, GroupId, NodeId, Timestamp};

use super::bounds::{most_failovers, start_time, stop_time};
use super::journal::Journal;
use crate::needed;
use crate::{Breach, ensure};

/// Checks that since `at` groups failed over because of their own failures at most as often as
/// their budgets allow, and that no group failed back to a node that it left because of a failure
/// before that node had been off. For a group without failure memory, a node that came up anew or
/// an open failback window is enough (L3). Assumes that the configuration did not change.
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
            let Event::OwnerChanged { from: Some(from), to: Some(to), cause, proof, .. } = event
            else {
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
                    // A node that was off by then is not remembered: its next life is another one.
                    left.extend(proof.is_none().then_some((*from, when)));
                }
                MovementCause::Failback => {
                    let failed_there = left.iter().rev().find(|(node, _)| node == to);
                    let is_remembered = !settings.failure_memory.is_zero();
                    let is_new_life = failed_there.is_none_or(|(node, since)| {
                        settings.failback == Failback::Allow
                            && if is_remembered {
                                has_been_off(journal, *node, (*since, when))
                            } else {
                                settings.failback_window.is_some()
                                    || came_up(journal, *node, *since)
                            }
                    });
                    ensure!(L3, is_new_life, "{group} returns to {to}, which it left for failure");
                }
                MovementCause::Operator => left.clear(),
                MovementCause::Start
                | MovementCause::Configuration
                | MovementCause::NodeFailure
                | MovementCause::Drain
                | MovementCause::Return => {}
                other => unimplemented!("{other:?}"),
            }
        }
    }
    Ok(())
}

/// Tells whether a node was off between these two times, so that it is in another life now.
fn has_been_off(journal: &Journal, node: NodeId, times: (Timestamp, Timestamp)) -> bool {
    let (since, until) = times;
    journal.events(since).take_while(|(at, _)| *at <= until).any(|(_, event)| {
        matches!(event, Event::NodeChanged { node: off, to: NodeState::Down, .. } if *off == node)
    })
}

fn came_up(journal: &Journal, node: NodeId, since: Timestamp) -> bool {
    journal.events(since).any(|(_, event)| {
        matches!(event, Event::NodeChanged { node: up, to: NodeState::Up, .. } if *up == node)
    })
}

/// Checks that no group failed back to a node that it left because of a failure since `at`, and
/// that each group moved because of failures at most as often as it has other nodes to run on (L3).
/// Nothing may have failed anew since `at`. Both counts begin anew when a node goes off or comes
/// up, when a window opens, or when the group moves for another cause. For a group with a failure
/// memory only the number of moves begins anew when a node comes up or a window opens.
///
/// Assumes that every start since `at` succeeded, and that the configuration did not change.
///
/// # Errors
///
/// The first group that goes to and fro.
pub fn stays_away(cluster: &Cluster, journal: &Journal, at: Timestamp) -> Result<(), Breach> {
    cluster.spec().groups().try_for_each(|(group, declared)| {
        group_stays_away(cluster, (group, declared), journal.events(at))
    })
}

/// Checks of one group what [`stays_away`] checks.
fn group_stays_away<'a>(
    cluster: &Cluster,
    (group, declared): (GroupId, &GroupSpec),
    events: impl Iterator<Item = (Timestamp, &'a Event)>,
) -> Result<(), Breach> {
    let settings = declared.settings();
    let can_run_all = |node| can_run_all(cluster, declared, node);
    let most = cluster.spec().nodes().filter(|(node, _)| can_run_all(*node)).count();
    let has_window = settings.failback == Failback::Allow && settings.failback_window.is_some();
    let is_remembered = !settings.failure_memory.is_zero();
    let mut left: Vec<NodeId> = Vec::new();
    let mut count = 0_usize;
    for (when, event) in events {
        let (from, to, cause, proof) = match event {
            Event::NodeChanged { node, to, .. } => {
                let is_up = *to == NodeState::Up;
                let is_over = *to == NodeState::Down || is_up && !is_remembered;
                left.retain(|other| !is_over || other != node);
                count = if is_up { 0 } else { count };
                continue;
            }
            // Its agent was asked before it could answer again.
            Event::OperationTimedOut { group: Some(of), .. } if *of == group => {
                left.clear();
                count = 0;
                continue;
            }
            Event::OwnerChanged {
                group: of, from: Some(from), to: Some(to), cause, proof, ..
            } if *of == group => (*from, *to, *cause, *proof),
            _ => continue,
        };
        let begins_anew = match cause {
            MovementCause::ResourceFailure => {
                // A node that was off by then is in another life when it is back.
                left.extend(proof.is_none().then_some(from));
                // On a node that it may not run on, the group was only parked.
                count = count.saturating_add(usize::from(can_run_all(from)));
                false
            }
            MovementCause::Failback if is_remembered => {
                count = if has_window { 0 } else { count };
                false
            }
            MovementCause::Failback => has_window,
            MovementCause::Operator
            | MovementCause::Start
            | MovementCause::NodeFailure
            | MovementCause::Drain
            | MovementCause::Return
            | MovementCause::Configuration => true,
            other => unimplemented!("{other:?}"),
        };
        if begins_anew {
            left.clear();
            count = 0;
        }
        let name = declared.name();
        let is_back = left.contains(&to);
        ensure!(L3, !is_back, "at {when} {name} returns to {to}, which it left for failure");
        ensure!(
            L3,
            count == 0 || count < most,
            "at {when} {name} failed over {count} times, and may run on {most} nodes"
        );
    }
    Ok(())
}

/// Tells whether a node may run everything that a group is to run.
fn can_run_all(cluster: &Cluster, declared: &GroupSpec, node: NodeId) -> bool {
    let wanted = |id| cluster.state().resource(id).and_then(|record| record.desired());
    needed::obstacles(cluster.spec(), declared, node, wanted).is_empty()
}

/// Checks that in a round in which every node is rebooted once, a group moves at most twice and is
/// off only while it moves (L10), unless it starts only when an operator asks. Assumes that there
/// is a spare node with room, and that nodes are drained before they are rebooted.
///
/// # Errors
///
/// The first group that moved too often, or was off for another reason.
pub fn rolling_reboot(
    cluster: &Cluster,
    journal: &Journal,
    begun_at: Timestamp,
) -> Result<(), Breach> {
    for (group, declared) in cluster.spec().groups() {
        if declared.settings().priority != Priority::NO_AUTO_START {
            off_only_while_moving(group, journal, begun_at)?;
        }
        moves_at_most_twice(group, journal, begun_at)?;
    }
    Ok(())
}

/// Checks that since `begun_at` a group that was online was off only while it moved, and that it
/// has arrived (L10). Assumes that none of its resources failed.
///
/// # Errors
///
/// The time at which the group was off, or the fact that it is still on its way.
pub fn off_only_while_moving(
    group: GroupId,
    journal: &Journal,
    begun_at: Timestamp,
) -> Result<(), Breach> {
    let (mut is_moving, mut is_off, mut is_there) = (false, false, false);
    for (at, event) in journal.events_of(group, begun_at) {
        match event {
            Event::MoveStarted { .. } => (is_moving, is_there) = (true, false),
            Event::GroupChanged { from: GroupState::Online, to, .. } => {
                ensure!(L10, is_moving, "at {at} {group} is {to}, and does not move");
                is_off = true;
            }
            Event::GroupChanged { to: GroupState::Online, .. } => {
                (is_moving, is_off) = (false, false);
            }
            // The owner may be the first node that can run a resource which was given up.
            Event::GroupChanged { to: GroupState::PartialOnline, .. } if is_there => {
                (is_moving, is_off) = (false, false);
            }
            // A group that is not online only has to arrive.
            Event::OwnerChanged { .. } if !is_off => is_moving = false,
            Event::OwnerChanged { .. } => is_there = true,
            _ => {}
        }
    }
    ensure!(L10, !is_moving, "{group} is still on its way after the round");
    Ok(())
}

/// Checks that a group moved at most twice in a round (L10). Assumes that it could return each
/// time, and that no better node was available.
///
/// # Errors
///
/// How often the group moved.
pub fn moves_at_most_twice(
    group: GroupId,
    journal: &Journal,
    begun_at: Timestamp,
) -> Result<(), Breach> {
    let is_move = |event: &Event| matches!(event, Event::OwnerChanged { .. });
    let moves = journal.events_of(group, begun_at).filter(|(_, event)| is_move(event)).count();
    ensure!(L10, moves <= 2, "{group} moved {moves} times in one round");
    Ok(())
}

/// Checks that a drain has ended within the time that its groups take one after the other: either
/// the node is empty, or the groups that cannot leave are named (L11). Assumes that all operations
/// were answered.
///
/// # Errors
///
/// A drain that goes on for too long, or that ended without a reason.
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
    // A running group waits for those above it for at most this time.
    let due = begun_at.after(longest).after(spec.settings().priority_wait);
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

/// Checks that a group has equal events in two journals, so that the differences between the two
/// have no effect on it (L14).
///
/// # Errors
///
/// The first difference.
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

/// Checks that no node was fenced since all nodes were up (L17). Assumes that no node was lost
/// since.
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
