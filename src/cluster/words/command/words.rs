//! Commands as lines of a log.

use core::fmt;

use super::{Command, ConfigurationMoves, ResumeFailback, WhenRefused};
use crate::form::Shown;
use crate::id::Naming;
use crate::state::{DrainMode, LockHandling, MoveFailure};

impl<N: Naming> fmt::Display for Command<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BringGroupOnline { group, lock } => {
                write!(f, "bring group {group} online{}", InSpite(*lock))
            }
            Self::TakeGroupOffline { group, lock } => {
                write!(f, "take group {group} offline{}", InSpite(*lock))
            }
            Self::BringResourceOnline { resource, lock } => {
                write!(f, "bring resource {resource} online{}", InSpite(*lock))
            }
            Self::TakeResourceOffline { resource, lock } => {
                write!(f, "take resource {resource} offline{}", InSpite(*lock))
            }
            Self::MoveGroup { group, to, on_failure, when_refused, lock } => {
                write!(f, "move group {group} to ")?;
                match to {
                    Some(node) => write!(f, "{node}")?,
                    None => f.write_str("the best possible node")?,
                }
                f.write_str(match on_failure {
                    MoveFailure::Failover => "",
                    MoveFailure::ReturnToSource => ", back if it cannot start there",
                })?;
                f.write_str(match when_refused {
                    WhenRefused::Refuse => "",
                    WhenRefused::Queue => ", queued if it cannot move now",
                })?;
                InSpite(*lock).fmt(f)
            }
            Self::CancelMove { group } => write!(f, "cancel the move of group {group}"),
            Self::PauseNode { node } => write!(f, "pause node {node}"),
            Self::DrainNode { node, mode, target, lock } => {
                write!(f, "drain node {node}")?;
                if let Some(target) = target {
                    write!(f, " to {target}")?;
                }
                f.write_str(match mode {
                    DrainMode::Normal => "",
                    DrainMode::Forced => ", stopping what cannot leave",
                })?;
                f.write_str(match lock {
                    LockHandling::Respect => "",
                    LockHandling::Override => ", in spite of locks",
                })
            }
            Self::ResumeNode { node, failback } => {
                write!(f, "resume node {node}")?;
                f.write_str(match failback {
                    ResumeFailback::NoFailback => "",
                    ResumeFailback::Immediate => ", with failback at once",
                    ResumeFailback::ByPolicy => ", with failback by policy",
                })
            }
            Self::ClearResourceFailure { resource } => {
                write!(f, "clear the failure of resource {resource}")
            }
            Self::ClearGroupFailures { group, node } => {
                write!(f, "clear the failures of group {group}")?;
                node.as_ref().map_or(Ok(()), |node| write!(f, " on {node}"))
            }
            Self::FailResource { resource } => write!(f, "make resource {resource} fail"),
            Self::BeginMaintenance { resource } => {
                write!(f, "begin maintenance of resource {resource}")
            }
            Self::EndMaintenance { resource } => {
                write!(f, "end maintenance of resource {resource}")
            }
            Self::LockGroup { group } => write!(f, "lock group {group}"),
            Self::UnlockGroup { group } => write!(f, "unlock group {group}"),
            Self::EvictNode { node } => write!(f, "evict node {node}"),
            Self::ChangePolicy { policy } => {
                write!(f, "choose nodes by the policy {}", Shown(policy))
            }
            Self::Configure { declaration: _, moves } => {
                f.write_str("replace the configuration")?;
                f.write_str(match moves {
                    ConfigurationMoves::Refuse => "",
                    ConfigurationMoves::Allow => ", moving groups if need be",
                })
            }
        }
    }
}

struct InSpite(LockHandling);

impl fmt::Display for InSpite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            LockHandling::Respect => "",
            LockHandling::Override => ", in spite of its lock",
        })
    }
}
