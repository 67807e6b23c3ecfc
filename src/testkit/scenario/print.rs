//! Outputs as short lines.

use crate::cluster::{Event, Output};
use crate::id::Names;
use crate::machine::{GroupState, NodeState, ResourceState};
use crate::quorum::Verdict;
use std::prelude::v1::*;

use super::words::name_of;
use super::world::{Action, World, words_of};

/// What is worth a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Show {
    pub(crate) checks: bool,
    pub(crate) resources: bool,
}

/// The lines of what was put out in one step. What is only on the way is left out: a node that
/// joins and is up at once, a group that is pending.
pub(crate) fn lines(outputs: &[Output<Names>], show: Show, world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, output) in outputs.iter().enumerate() {
        let later = outputs.get(index + 1..).unwrap_or_default();
        match output {
            Output::Effect(effect) if Action::of(effect.action) == Action::Check => {
                lines.extend(show.checks.then(|| words_of(effect)));
            }
            Output::Effect(effect) => lines.push(words_of(effect)),
            Output::Event(event) => {
                if !passes(event, later) {
                    lines.extend(line(event, show, world));
                }
            }
        }
    }
    lines
}

/// Whether the same step goes on from what this event tells.
fn passes(event: &Event<Names>, later: &[Output<Names>]) -> bool {
    let Event::NodeChanged { node, to: NodeState::Joining, .. } = event else {
        return false;
    };
    later.iter().any(|output| match output {
        Output::Event(Event::NodeChanged { node: other, .. }) => other == node,
        Output::Effect(_) | Output::Event(_) => false,
    })
}

fn line(event: &Event<Names>, show: Show, world: &World) -> Option<String> {
    Some(match event {
        Event::NodeChanged { node, to, .. } => format!("node {node}: {to}"),
        Event::QuorumChanged { verdict } => quorum(*verdict),
        Event::ResourceChanged { resource, to, .. } => {
            let grave = [ResourceState::Failed, ResourceState::InDoubt];
            if !grave.contains(to) && !show.resources {
                return None;
            }
            format!("{resource}: {to}")
        }
        Event::GroupChanged { to: GroupState::Pending, .. } => return None,
        Event::GroupChanged { group, to, .. } => format!("{group}: {to}"),
        Event::OwnerChanged { group, from, to, cause, proof, .. } => {
            let proof = proof.map_or(String::new(), |proof| format!(", {}", name_of(&proof)));
            format!("{group}: {} -> {} ({}{proof})", node(from), node(to), name_of(cause))
        }
        Event::MoveStarted { group, from, to, cause } => {
            format!("{group}: leaves {from} for {} ({})", node(to), name_of(cause))
        }
        Event::MoveAbandoned { group, to } => format!("{group}: move to {} given up", node(to)),
        Event::RestartScheduled { resource, at, remaining } => {
            format!("{resource}: restart at {at}, {remaining} left")
        }
        Event::RestartsExhausted { resource, cause, retry_at } => {
            let retry = retry_at.map_or(String::new(), |at| format!("; tried again at {at}"));
            format!("{resource}: not restarted: {cause}{retry}")
        }
        Event::AdmissionRefused { group, node, because_of } => {
            format!("{group}: refused on {node}, which runs {because_of}")
        }
        Event::PlacementFailed { group } => format!("{group}: no node can own it"),
        Event::OperationTimedOut { operation, .. } => {
            format!("not answered: {}", operation_words(world, *operation))
        }
        Event::OperationSuperseded { operation } => {
            format!("does not count any more: {}", operation_words(world, *operation))
        }
        Event::OrphanFound { resource, node } => format!("{resource}: found running on {node}"),
        Event::OrphanGone { resource, node } => format!("{resource}: gone from {node}"),
        Event::FenceFailed { node, retry_at } => {
            let retry = retry_at.map_or(String::new(), |at| format!("; tried again at {at}"));
            format!("node {node}: not fenced{retry}")
        }
        Event::DrainChanged { node, status } => format!("drain of {node}: {}", name_of(status)),
        Event::DrainBlocked { node, group } => format!("drain of {node}: {group} cannot leave"),
        Event::ConfigurationChanged { configuration } => format!("configuration {configuration}"),
    })
}

fn quorum(verdict: Verdict) -> String {
    match verdict {
        Verdict::Quorate { votes, needed } => format!("quorum: {votes} votes, {needed} needed"),
        Verdict::Inquorate { votes, needed } => {
            format!("no quorum: {votes} votes, {needed} needed")
        }
    }
}

fn node(node: &Option<String>) -> &str {
    node.as_deref().unwrap_or("none")
}

fn operation_words(world: &World, operation: crate::OpId) -> String {
    world.issued(operation).map_or_else(|| format!("operation {operation}"), words_of)
}
