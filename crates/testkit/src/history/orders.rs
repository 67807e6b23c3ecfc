//! Commands of operators; some make no sense.

use quorate::cluster::{Command, LockHandling, ResumeFailback, WhenRefused};
use quorate::spec::ClusterSpec;
use quorate::state::{DrainMode, MoveFailure};
use quorate::{GroupId, NodeId, ResourceId};

/// Returns a command about things that may exist. `policies` are the names of policies on offer.
pub(crate) fn command(
    spec: &ClusterSpec,
    policies: &[&str],
    kind: u8,
    one: u16,
    other: u16,
    flags: u8,
) -> Command {
    // Sometimes the index is one beyond the last.
    let index =
        |value: u16, count: usize| usize::from(value) % (count + usize::from(flags >> 7)).max(1);
    let group = GroupId::from_index(index(one, spec.groups().len()));
    let node = NodeId::from_index(index(one, spec.nodes().len()));
    let other_node = NodeId::from_index(index(other, spec.nodes().len()));
    let resource = ResourceId::from_index(index(one, spec.resources().len()));
    let lock = if flags & 1 == 0 { LockHandling::Override } else { LockHandling::Respect };
    match kind % 25 {
        0 | 1 => Command::bring_group_online(group).lock(lock).into(),
        2 => Command::take_group_offline(group).lock(lock).into(),
        3 => Command::bring_resource_online(resource).lock(lock).into(),
        4 => Command::take_resource_offline(resource).lock(lock).into(),
        5..=7 => {
            let to = (flags & 2 == 0).then_some(other_node);
            let on_failure =
                if flags & 4 == 0 { MoveFailure::Failover } else { MoveFailure::ReturnToSource };
            let when_refused =
                if flags & 8 == 0 { WhenRefused::Refuse } else { WhenRefused::Queue };
            Command::move_group(group)
                .maybe_to(to)
                .on_failure(on_failure)
                .when_refused(when_refused)
                .lock(lock)
                .into()
        }
        8 => Command::cancel_move(group),
        9 => Command::pause_node(node),
        10 | 11 => {
            let mode = if flags & 2 == 0 { DrainMode::Normal } else { DrainMode::Forced };
            let target = (flags & 4 != 0).then_some(other_node);
            Command::drain_node(node).mode(mode).maybe_to(target).lock(lock).into()
        }
        12..=14 => {
            let failback = match flags % 3 {
                0 => ResumeFailback::NoFailback,
                1 => ResumeFailback::Immediate,
                _ => ResumeFailback::ByPolicy,
            };
            Command::resume_node(node).failback(failback).into()
        }
        15 | 16 => Command::clear_resource_failure(resource),
        17 => {
            let node = (flags & 2 == 0).then_some(other_node);
            Command::clear_group_failures(group).maybe_on(node).into()
        }
        18 | 19 => Command::fail_resource(resource),
        20 => Command::begin_maintenance(resource),
        21 => Command::end_maintenance(resource),
        22 if flags & 2 == 0 => Command::lock_group(group),
        22 => Command::unlock_group(group),
        23 => Command::evict_node(node),
        _ => {
            let name = policies.get(index(other, policies.len())).copied();
            Command::change_policy(name.unwrap_or("no such policy"))
        }
    }
}
