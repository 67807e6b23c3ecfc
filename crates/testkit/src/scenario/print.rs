//! Outputs as short lines.

use quorate::cluster::{Event, Output};
use quorate::id::Names;
use quorate::machine::{GroupState, NodeState, ResourceState};

use super::world::{Action, World, words_of};

/// The outputs that get a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Show {
    pub(crate) checks: bool,
    pub(crate) resources: bool,
}

/// Returns the lines for the outputs of one step. Intermediate states are left out: a node that
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
            other => unimplemented!("{other:?}"),
        }
    }
    lines
}

/// Tells whether a later event of the step goes on from this event.
fn passes(event: &Event<Names>, later: &[Output<Names>]) -> bool {
    let Event::NodeChanged { node, to: NodeState::Joining, .. } = event else {
        return false;
    };
    later.iter().any(|output| match output {
        Output::Event(Event::NodeChanged { node: other, .. }) => other == node,
        Output::Effect(_) | Output::Event(_) => false,
        other => unimplemented!("{other:?}"),
    })
}

fn line(event: &Event<Names>, show: Show, world: &World) -> Option<String> {
    match event {
        Event::ResourceChanged { to, .. } => {
            let grave = [ResourceState::Failed, ResourceState::InDoubt];
            if !grave.contains(to) && !show.resources {
                return None;
            }
        }
        Event::GroupChanged { to: GroupState::Pending, .. } => return None,
        // A scenario names operations by their action, not by number.
        Event::OperationTimedOut { operation, .. } => {
            return Some(format!("not answered: {}", operation_words(world, *operation)));
        }
        Event::OperationSuperseded { operation, .. } => {
            return Some(format!("superseded: {}", operation_words(world, *operation)));
        }
        _ => {}
    }
    Some(event.to_string())
}

fn operation_words(world: &World, operation: quorate::OpId) -> String {
    world.issued(operation).map_or_else(|| format!("operation {operation}"), words_of)
}
