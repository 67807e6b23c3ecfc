//! A reason is in the way: it goes when what it names is waited for or taken away, and no time that
//! it promises passes without anything.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use quorate::cluster::{Command, LockHandling, Outcome, Reason};
use quorate::machine::{GroupState, NodeState};
use quorate::state::OperationKind;
use quorate::{Cluster, GroupId, Incarnation, Input, NodeId, ResourceId, Timestamp};
use quorate_testkit::strategy;

use super::CASES;
use super::random::configuration;
use super::rehearsal::{gather, well_ended};

#[test]
fn a_reason_is_in_the_way() {
    let reached = RefCell::new(BTreeMap::<String, u32>::new());
    let mut runner = TestRunner::new(configuration(CASES));
    let cases = (strategy::histories(1..100), any::<bool>());
    let answer = runner.run(&cases, |(history, is_gathered)| {
        let cluster = history.cluster_after();
        let mut cluster =
            cluster.map_err(|failure| TestCaseError::fail(failure.breach.to_string()))?;
        if is_gathered {
            gather(&mut cluster);
        }
        for (group, _) in cluster.spec().groups() {
            let Some(reason) = cluster.why(group) else { continue };
            let Some(after) = without(&cluster, group, reason) else { continue };
            *reached.borrow_mut().entry(kind(reason)).or_default() += 1;
            if after.why(group) == Some(reason) {
                let history = serde_json::to_string(&history).expect("a history can be written");
                let words = cluster.spec().named(reason);
                return Err(TestCaseError::fail(format!("{group} stays: {words}\n{history}")));
            }
        }
        Ok(())
    });
    if let Err(error) = answer {
        panic!("{error}");
    }
    let reached = reached.into_inner();
    println!("{reached:?}");
    let missing: Vec<&str> =
        COMMON.into_iter().filter(|kind| !reached.contains_key(*kind)).collect();
    assert!(missing.is_empty(), "never taken away: {missing:?}");
}

/// The reasons that are common enough for every run to take them away.
const COMMON: [&str; 5] =
    ["InProgress", "Moving", "NoQuorum", "StartDelayed", "WaitingForPriority"];

/// The name of a kind of reason.
fn kind(reason: Reason) -> String {
    let text = format!("{reason:?}");
    text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

/// The cluster when what a reason names has been waited for or taken away; `None` if that is not
/// possible now, or is not named.
fn without(cluster: &Cluster, group: GroupId, reason: Reason) -> Option<Cluster> {
    let lock = LockHandling::Override;
    match reason {
        Reason::RestartScheduled { at, .. }
        | Reason::Failed { retry_at: Some(at), .. }
        | Reason::StartDelayed { until: at }
        | Reason::WaitingForPreferredOwner { until: at, .. }
        | Reason::WaitingForNodeOff { at: Some(at), .. } => waited(cluster, at),
        Reason::InProgress { resource } | Reason::WaitingForResource { on: resource, .. } => {
            // A terminate may be followed by a start, and that by a stop.
            let mut after = answered(cluster, group, resource)?;
            for _ in 0..4 {
                if after.why(group) != Some(reason) {
                    break;
                }
                after = answered(&after, group, resource)?;
            }
            Some(after)
        }
        Reason::OwnerPaused { node } => told(cluster, Command::resume_node(node).into()),
        Reason::InDoubt { resource, .. } | Reason::WaitingForInventory { resource, .. } => {
            told(cluster, Input::Command(Command::clear_resource_failure(resource)))
        }
        Reason::NotStartedAutomatically => {
            told(cluster, Command::bring_group_online(group).lock(lock).into())
        }
        Reason::ResourceHeldOffline { resource } => {
            told(cluster, Command::bring_resource_online(resource).lock(lock).into())
        }
        Reason::Failed { retry_at: None, .. } => {
            told(cluster, Command::bring_group_online(group).lock(lock).into())
        }
        Reason::WaitingForNodeOff { node, at: None, .. } | Reason::OrphanRunning { node, .. } => {
            fenced(cluster, node)
        }
        Reason::WaitingForPriority { group: higher, .. } => {
            let after = told(cluster, Command::take_group_offline(higher).lock(lock).into())?;
            // Something of it may be in doubt, and stay so.
            emptied(&after, higher).filter(|after| {
                after.state().group_state(after.spec(), higher) == GroupState::Offline
            })
        }
        Reason::NoQuorum => all_joined(cluster).filter(|after| after.state().is_quorate()),
        Reason::Moving { .. } => emptied(cluster, group),
        // Nothing that is named can be taken away in one step: room on a node, another group of the
        // class, a node on which all can run, or what a joining node still runs.
        _ => None,
    }
}

/// A copy of the cluster in which the operation on a resource has succeeded.
fn answered(cluster: &Cluster, group: GroupId, resource: ResourceId) -> Option<Cluster> {
    let owner = cluster.state().owner(group);
    let mut asked = cluster.outstanding();
    let operation =
        asked.find(|of| of.resource == Some(resource) && Some(of.node) == owner)?.operation;
    told(cluster, Input::operation_finished(operation, Outcome::Succeeded))
}

/// A copy of the cluster in which a node was fenced.
fn fenced(cluster: &Cluster, node: NodeId) -> Option<Cluster> {
    let life = cluster.state().node(node)?.incarnation();
    told(cluster, Input::node_fenced(node, life))
}

/// A copy of the cluster in which every node that is not up has joined in a new life, with nothing.
fn all_joined(cluster: &Cluster) -> Option<Cluster> {
    let mut after = cluster.clone();
    for (node, _) in cluster.spec().nodes() {
        let record = cluster.state().node(node)?;
        if record.state() != NodeState::Up {
            let life = Incarnation::new(record.incarnation().value() + 1);
            after = told(&after, Input::node_joined(node, life, []))?;
        }
    }
    Some(after)
}

/// A copy of the cluster in which all that a group still has in flight on its owner has ended well,
/// one after the other.
fn emptied(cluster: &Cluster, group: GroupId) -> Option<Cluster> {
    let owner = cluster.state().owner(group);
    let mut after = cluster.clone();
    let resources = cluster.spec().group(group)?.resources().count();
    // Each may have to be stopped and terminated.
    for _ in 0..2 * resources {
        let next = after.outstanding().find(|of| of.group == Some(group) && Some(of.node) == owner);
        let Some(effect) = next else { break };
        after = told(&after, well_ended(&effect))?;
    }
    Some(after)
}

/// A copy of the cluster after an input, if that is accepted.
fn told(cluster: &Cluster, input: Input) -> Option<Cluster> {
    let mut cluster = cluster.clone();
    let now = cluster.state().now();
    cluster.handle(now, input).ok().map(|()| cluster)
}

/// A copy of the cluster at a later time; nobody has answered anything but health checks. `None` if
/// there are too many of these to wait for that long.
fn waited(cluster: &Cluster, until: Timestamp) -> Option<Cluster> {
    let mut cluster = cluster.clone();
    for _ in 0..10_000 {
        let is_check =
            |kind| matches!(kind, OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive);
        let check = cluster.outstanding().find(|effect| is_check(effect.action));
        let now = cluster.state().now();
        if let Some(effect) = check {
            let (operation, outcome) = (effect.operation, Outcome::Succeeded);
            let _ = cluster.handle(now, Input::operation_finished(operation, outcome));
            continue;
        }
        match cluster.poll_timeout() {
            Some(timer) if timer.at <= until => cluster.handle_timeout(timer.at),
            Some(_) | None => return Some(cluster),
        }
    }
    None
}
