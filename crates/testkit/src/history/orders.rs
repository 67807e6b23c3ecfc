//! Commands of operators, sensible or not.

use quorate::cluster::{LockHandling, ResumeFailback, WhenRefused};
use quorate::spec::ClusterSpec;
use quorate::state::{DrainMode, MoveFailure};
use quorate::{Command, GroupId, NodeId, ResourceId};

/// A command about something that may exist.
pub(crate) fn command(spec: &ClusterSpec, kind: u8, one: u16, other: u16, flags: u8) -> Command {
    // One more than there are, now and then.
    let index =
        |value: u16, count: usize| usize::from(value) % (count + usize::from(flags >> 7)).max(1);
    let group = GroupId::from_index(index(one, spec.groups().len()));
    let node = NodeId::from_index(index(one, spec.nodes().len()));
    let other_node = NodeId::from_index(index(other, spec.nodes().len()));
    let resource = ResourceId::from_index(index(one, spec.resources().len()));
    let lock = if flags & 1 == 0 { LockHandling::Override } else { LockHandling::Respect };
    match kind % 24 {
        0 | 1 => Command::BringGroupOnline { group, lock },
        2 => Command::TakeGroupOffline { group, lock },
        3 => Command::BringResourceOnline { resource, lock },
        4 => Command::TakeResourceOffline { resource, lock },
        5..=7 => {
            let to = (flags & 2 == 0).then_some(other_node);
            let on_failure =
                if flags & 4 == 0 { MoveFailure::Failover } else { MoveFailure::ReturnToSource };
            let when_refused =
                if flags & 8 == 0 { WhenRefused::Refuse } else { WhenRefused::Queue };
            Command::MoveGroup { group, to, on_failure, when_refused, lock }
        }
        8 => Command::CancelMove { group },
        9 => Command::PauseNode { node },
        10 | 11 => {
            let mode = if flags & 2 == 0 { DrainMode::Normal } else { DrainMode::Forced };
            let target = (flags & 4 != 0).then_some(other_node);
            Command::DrainNode { node, mode, target, lock }
        }
        12..=14 => {
            let failback = match flags % 3 {
                0 => ResumeFailback::NoFailback,
                1 => ResumeFailback::Immediate,
                _ => ResumeFailback::ByPolicy,
            };
            Command::ResumeNode { node, failback }
        }
        15 | 16 => Command::ClearResourceFailure { resource },
        17 => {
            let node = (flags & 2 == 0).then_some(other_node);
            Command::ClearGroupFailures { group, node }
        }
        18 | 19 => Command::FailResource { resource },
        20 => Command::BeginMaintenance { resource },
        21 => Command::EndMaintenance { resource },
        22 if flags & 2 == 0 => Command::LockGroup { group },
        22 => Command::UnlockGroup { group },
        _ => Command::EvictNode { node },
    }
}
