//! Outputs as short lines.

use quorate::cluster::{Event, Output};
use quorate::id::Names;
use quorate::machine::{GroupState, NodeState, ResourceState};

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
            other => unimplemented!("{other:?}"),
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
        // A story knows operations by what they do, not by number.
        Event::OperationTimedOut { operation, .. } => {
            return Some(format!("not answered: {}", operation_words(world, *operation)));
        }
        Event::OperationSuperseded { operation, .. } => {
            return Some(format!(
                "does not count any more: {}",
                operation_words(world, *operation)
            ));
        }
        _ => {}
    }
    Some(event.to_string())
}

fn operation_words(world: &World, operation: quorate::OpId) -> String {
    world.issued(operation).map_or_else(|| format!("operation {operation}"), words_of)
}
