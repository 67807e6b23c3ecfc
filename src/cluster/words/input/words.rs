//! Inputs as lines of a log.

use core::fmt;

use super::Input;
use crate::cluster::words::{Life, Run, Running, RunningState};
use crate::form::Shown;
use crate::id::Naming;
use crate::quorum::WitnessState;
use crate::state::Outcome;

impl<N: Naming> fmt::Display for Input<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeJoined { node, incarnation, running } => {
                write!(f, "node {node} joined in incarnation {incarnation}, ")?;
                List(running).fmt(f)
            }
            Self::NodeInventory { node, incarnation, running, operation } => {
                write!(f, "inventory of node {node} in incarnation {incarnation}")?;
                if let Some(operation) = operation {
                    write!(f, " for operation {operation}")?;
                }
                write!(f, ": {}", List(running))
            }
            Self::NodeLeft { node, incarnation } => {
                write!(f, "node {node} left{}", InLife(*incarnation))
            }
            Self::NodeLost { node, incarnation } => {
                write!(f, "node {node} was lost{}", InLife(*incarnation))
            }
            Self::NodeFenced { node, incarnation } => {
                write!(f, "node {node} was fenced{}", InLife(*incarnation))
            }
            Self::NodeConfirmedDown { node, incarnation } => {
                write!(f, "node {node} was confirmed down{}", InLife(*incarnation))
            }
            Self::NodeAttributeChanged { node, name, value } => {
                write!(f, "attribute {} of node {node} is {value}", Shown(name))
            }
            Self::OperationFinished { operation, outcome } => {
                write!(f, "operation {operation} {}", ended(*outcome))
            }
            Self::OperationProgressed { operation } => {
                write!(f, "operation {operation} goes on")
            }
            Self::ResourceFailed { resource, node, incarnation, run } => {
                let run = OfRun(*run);
                write!(f, "{resource} failed on {node} in incarnation {incarnation}{run}")
            }
            Self::ResourceAlive { resource, node, incarnation, run } => {
                let run = OfRun(*run);
                write!(f, "{resource} is alive on {node} in incarnation {incarnation}{run}")
            }
            Self::WitnessChanged { witness } => f.write_str(match witness {
                WitnessState::Down => "the witness was lost",
                WitnessState::Up => "the witness was gained",
            }),
            Self::WallClockRead { reading } => write!(
                f,
                "the wall clock reads {} ms after midnight UTC, and is {} min ahead of it",
                reading.utc_millis_of_day, reading.utc_offset_minutes,
            ),
            Self::CoreResumed => f.write_str("the core resumed"),
            Self::Command(command) => write!(f, "command: {command}"),
        }
    }
}

const fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::FailedForGood => "failed for good",
        Outcome::TimedOut => "timed out",
        Outcome::Running => "found the resource running",
        Outcome::NotRunning => "found the resource not running",
    }
}

struct List<'a, N: Naming>(&'a [Running<N>]);

impl<N: Naming> fmt::Display for List<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("running nothing");
        }
        for (place, Running { resource, state }) in self.0.iter().enumerate() {
            write!(f, "{}{resource}", if place == 0 { "running " } else { ", " })?;
            match state {
                RunningState::Unknown => {}
                RunningState::Online | RunningState::Starting | RunningState::Stopping => {
                    write!(f, " ({state})")?;
                }
            }
        }
        Ok(())
    }
}

struct InLife(Life);

impl fmt::Display for InLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Life::Known => Ok(()),
            Life::Of(incarnation) => write!(f, " in incarnation {incarnation}"),
        }
    }
}

struct OfRun(Run);

impl fmt::Display for OfRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Run::Present => Ok(()),
            Run::Of(start) => write!(f, ", in the run of operation {start}"),
        }
    }
}
