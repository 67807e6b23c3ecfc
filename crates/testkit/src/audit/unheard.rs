//! A newly declared resource may already run somewhere: each node that is not off has to report it,
//! or an operator has to confirm that it does not run.

use quorate::cluster::{Command, Effect, Event};
use quorate::machine::{NodeState, ResourceState};
use quorate::state::OperationKind;
use quorate::{Epoch, Input, NodeId, ResourceId};

use super::Moment;
use crate::audit::seen::Seen;
use crate::{Breach, ensure};

/// Records the reports of nodes and operators before their outputs are judged.
pub(super) fn learn(seen: &mut Seen, moment: &Moment<'_>) {
    match moment.input() {
        Some(Input::NodeJoined { node, .. }) => seen.unheard.retain(|(of, _), _| of != node),
        Some(Input::NodeInventory { node, operation: Some(operation), .. }) => {
            seen.unheard.retain(|(of, _), since| of != node || *operation <= *since);
        }
        Some(Input::Command(Command::ClearResourceFailure { resource, .. })) => {
            seen.unheard.retain(|(_, of), _| of != resource);
        }
        _ => {}
    }
}

/// Records that a node that is off runs nothing, and judges takeovers.
pub(super) fn event(seen: &mut Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::NodeChanged { node, to: NodeState::Down, .. } => {
            seen.unheard.retain(|(of, _), _| of != node);
            Ok(())
        }
        Event::TakenOver { resource, node, .. } => taken_over(seen, moment, *resource, *node),
        _ => Ok(()),
    }
}

/// Checks that a resource starts only when every node that is not off has reported whether it runs
/// it.
pub(super) fn start(seen: &Seen, resource: ResourceId) -> Result<(), Breach> {
    let unheard = seen.unheard.keys().find(|(_, of)| *of == resource);
    ensure!(
        S27,
        unheard.is_none(),
        "{resource} starts, and {unheard:?} has not said whether it runs there"
    );
    Ok(())
}

/// Checks that only members are asked, and only about resources that they have not reported yet.
pub(super) fn question(seen: &Seen, effect: &Effect) -> Result<(), Breach> {
    let node = effect.node;
    let is_member = seen.node(node).state.is_member();
    ensure!(S16, is_member, "{effect:?} for a node that is {}", seen.node(node).state);
    let same = |other: &&Effect| {
        other.action == OperationKind::Inventory
            && other.node == node
            && other.operation != effect.operation
    };
    let other = seen.operations.values().find(same);
    ensure!(S10, other.is_none(), "{effect:?} while {other:?} is in flight");
    Ok(())
}

/// Checks that only a group that never had an owner takes over running resources, on its first
/// owner, with everything they depend on, and only when it is known where all of its resources run.
fn taken_over(
    seen: &Seen,
    moment: &Moment<'_>,
    resource: ResourceId,
    node: NodeId,
) -> Result<(), Breach> {
    let group = seen.group_of(resource);
    let declared = seen.spec.group(group).expect("a declared group");
    let before = moment.before.spec().group_id(declared.name());
    let was_owned = before.is_some_and(|id| {
        moment.before.state().owner(id).is_some()
            || moment.before.state().epoch(id) > Epoch::default()
    });
    ensure!(S27, !was_owned, "{resource} is taken over, and {group} had an owner before");
    let owner = seen.group(group).owner;
    ensure!(S27, owner == Some(node), "{resource} is taken over on {node}, which does not own it");
    let is_found = seen.orphans.contains(&(node, resource));
    ensure!(S27, is_found, "{resource} is taken over on {node}, where nobody found it");
    let position = declared.position_of(resource).expect("a resource of its group");
    let is_online =
        |member| seen.resource(declared.resource_at(member)).state == ResourceState::Online;
    let is_held = declared.graph().clauses(position).all(|mut clause| clause.any(is_online));
    ensure!(S27, is_held, "{resource} is taken over, and what it depends on does not run");
    Ok(())
}

/// Checks that every member with a missing report is being asked.
pub(super) fn all_are_asked(seen: &Seen) -> Result<(), Breach> {
    for (node, resource) in seen.unheard.keys() {
        let is_asked = seen
            .operations
            .values()
            .any(|effect| effect.action == OperationKind::Inventory && effect.node == *node);
        ensure!(
            L5,
            is_asked || !seen.node(*node).state.is_member(),
            "nobody asks {node} whether it runs {resource}"
        );
    }
    Ok(())
}
