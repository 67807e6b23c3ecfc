//! Outputs as lines of a log.

use core::fmt;

use super::{Effect, Event, Output};
use crate::form::Counted;
use crate::id::Naming;
use crate::state::OperationKind;
use crate::time::Timestamp;

impl<N: Naming> fmt::Display for Output<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effect(effect) => write!(f, "{effect}"),
            Self::Event(event) => write!(f, "{event}"),
        }
    }
}

impl<N: Naming> fmt::Display for Effect<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Work(self.action, &self.resource, &self.node).fmt(f)
    }
}

/// The action of an operation, its resource and its node.
struct Work<'a, R, T>(OperationKind, &'a Option<R>, &'a T);

impl<R: fmt::Display, T: fmt::Display> fmt::Display for Work<'_, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(action, resource, node) = self;
        write!(f, "{action}")?;
        if let Some(resource) = resource {
            write!(f, " {resource} on")?;
        }
        write!(f, " {node}")
    }
}

impl<N: Naming> fmt::Display for Event<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeChanged { node, to, .. } => write!(f, "node {node}: {to}"),
            Self::NodeAttributeChanged { node, name, value } => {
                write!(f, "node {node}: attribute {name} is {value}")
            }
            Self::QuorumChanged { verdict } => write!(f, "{verdict}"),
            Self::ResourceChanged { resource, to, .. } => write!(f, "{resource}: {to}"),
            Self::GroupChanged { group, to, .. } => write!(f, "{group}: {to}"),
            Self::OwnerChanged { group, from, to, cause, proof, .. } => {
                write!(f, "{group}: {} -> {} ({cause}", Owner(from), Owner(to))?;
                proof.map_or(Ok(()), |proof| write!(f, ", {proof}"))?;
                f.write_str(")")
            }
            Self::MoveStarted { group, from, to, cause } => {
                write!(f, "{group}: leaves {from} for {} ({cause})", Owner(to))
            }
            Self::MoveAbandoned { group, to } => {
                write!(f, "{group}: move to {} given up", Owner(to))
            }
            Self::RestartScheduled { resource, at, remaining } => {
                write!(f, "{resource}: restart at {at}, {remaining} left")
            }
            Self::RestartsExhausted { resource, cause, retry_at } => {
                write!(f, "{resource}: not restarted: {cause}{}", Again(*retry_at))
            }
            Self::NodeBarred { group, node, resource } => {
                write!(f, "{group}: barred from {node}, where {resource} can never run")
            }
            Self::AdmissionRefused { group, node, because_of } => {
                write!(f, "{group}: refused on {node}, which runs {because_of}")
            }
            Self::PlacementFailed { group } => write!(f, "{group}: no node can own it"),
            Self::PlacementCutShort { gap } => {
                let groups = Counted(*gap, "more group");
                write!(
                    f,
                    "search for the best placement ended early: at most {groups} could have been placed"
                )
            }
            Self::OperationTimedOut { operation, action, node, resource, .. } => {
                write!(f, "operation {operation} ({}): not answered", Work(*action, resource, node))
            }
            Self::OperationSuperseded { operation, action, node, resource, .. } => {
                let work = Work(*action, resource, node);
                write!(f, "operation {operation} ({work}): superseded")
            }
            Self::InventoryTaken { node, floor } => {
                write!(f, "node {node}: inventory taken, floor {floor}")
            }
            Self::OrphanFound { resource, node } => {
                write!(f, "{resource}: found running on {node}")
            }
            Self::TakenOver { resource, node } => {
                write!(f, "{resource}: taken over on {node}")
            }
            Self::OrphanGone { resource, node } => write!(f, "{resource}: gone from {node}"),
            Self::FenceFailed { node, retry_at } => {
                write!(f, "node {node}: not fenced{}", Again(*retry_at))
            }
            Self::DrainChanged { node, status } => write!(f, "drain of {node}: {status}"),
            Self::DrainStopped { node, group } => {
                write!(f, "drain of {node}: {group} is stopped, for it has nowhere to go")
            }
            Self::DrainBlocked { node, group, because } => {
                write!(f, "drain of {node}: {group} cannot leave: {because}")
            }
            Self::ConfigurationChanged { configuration } => {
                write!(f, "configuration {configuration}")
            }
            Self::PolicyChanged { from, to } => write!(f, "policy: {from} -> {to}"),
            Self::AcceptedWithoutQuorum { configuration } => write!(
                f,
                "configuration {configuration}: accepted without quorum; absent nodes stay off \
                 until they have it"
            ),
        }
    }
}

struct Owner<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for Owner<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(owner) => write!(f, "{owner}"),
            None => f.write_str("none"),
        }
    }
}

struct Again(Option<Timestamp>);

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |at| write!(f, "; tried again at {at}"))
    }
}
