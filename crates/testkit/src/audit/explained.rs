//! A group goes where `explain` said that it would go.

use std::collections::BTreeSet;

use super::{Moment, left};
use crate::{Breach, ensure};
use quorate::cluster::{Command, Event, Outcome, Output};
use quorate::machine::NodeState;
use quorate::policy::Trigger;
use quorate::state::{DrainMode, MovementCause, OperationKind};
use quorate::{GroupId, Input, NodeId};

/// An event of a node that affects all of its groups.
struct Incident {
    node: NodeId,
    trigger: Trigger,
}

/// Checks that a group that leaves a node that is off or is being drained goes where `explain` said
/// before.
pub(super) fn goes_there(moment: &Moment<'_>, outputs: &[Output]) -> Result<(), Breach> {
    let Some(Incident { node, trigger }) = incident(moment) else { return Ok(()) };
    // No timer was due meanwhile, but the answer depends on the time.
    let before = moment.before.at(moment.now);
    let mut seen = BTreeSet::new();
    for output in outputs {
        let Some((group, to)) = departure(output, node, trigger) else { continue };
        // A group leaves once; its later moves are judged elsewhere.
        if !seen.insert(group) || trigger == Trigger::Drain && is_moving(moment, group) {
            continue;
        }
        let told = before.explain(group, trigger).and_then(|told| told.chosen);
        ensure!(S34, told == to, "{group} goes to {to:?} ({trigger}), and {told:?} was said");
    }
    Ok(())
}

fn is_moving(moment: &Moment<'_>, group: GroupId) -> bool {
    let record = moment.before.state().group(group);
    record.is_some_and(|record| record.movement().is_some())
}

/// Returns the incident of a step in which nothing else happens.
fn incident(moment: &Moment<'_>) -> Option<Incident> {
    let is_alone = moment.before.poll_timeout().is_none_or(|timer| timer.at > moment.now);
    let node = match moment.input().filter(|_| is_alone)? {
        Input::NodeLeft { node, .. }
        | Input::NodeLost { node, .. }
        | Input::NodeFenced { node, .. }
        | Input::NodeConfirmedDown { node, .. } => *node,
        Input::OperationFinished { operation, outcome: Outcome::Succeeded, .. } => {
            let mut outstanding = moment.before.outstanding();
            let effect = outstanding.find(|effect| effect.operation == *operation)?;
            if effect.action != OperationKind::Fence {
                return None;
            }
            effect.node
        }
        Input::Command(Command::DrainNode {
            node,
            mode: DrainMode::Normal,
            target: None,
            lock,
            ..
        }) => {
            // The answer is about a drain that moves every group away and stops no group for lack
            // of a node.
            let state = moment.before.state();
            let mut left = moment.before.spec().groups().filter(|(group, _)| {
                state.owner(*group) == Some(*node)
                    && (state.group(*group).is_some_and(|record| record.is_held_by_lock(*lock))
                        || left::has_left(&moment.before, *group))
            });
            let is_whole = left.next().is_none();
            return is_whole.then_some(Incident { node: *node, trigger: Trigger::Drain });
        }
        _ => return None,
    };
    let was_off = moment.before.state().node_state(node) == NodeState::Down;
    (!was_off).then_some(Incident { node, trigger: Trigger::NodeFailure })
}

/// Returns the group that leaves a node with this output, and its destination.
fn departure(output: &Output, node: NodeId, trigger: Trigger) -> Option<(GroupId, Option<NodeId>)> {
    match output {
        Output::Event(Event::OwnerChanged {
            group, from: Some(from), to: to @ Some(_), ..
        }) if *from == node && trigger == Trigger::NodeFailure => Some((*group, *to)),
        // A group that waited for room is not drained: it is started wherever there is room by now.
        Output::Event(Event::MoveStarted {
            group,
            from,
            to: to @ Some(_),
            cause: MovementCause::Drain,
            ..
        }) if *from == node && trigger == Trigger::Drain => Some((*group, *to)),
        Output::Event(_) | Output::Effect(_) => None,
        other => unimplemented!("{other:?}"),
    }
}
