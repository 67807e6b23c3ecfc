//! The nodes on which groups failed, counted again from the events.

use super::{Differential, Step, agree};
use crate::Breach;
use crate::reference::picture::Picture;
use quorate::Input;
use quorate::cluster::Command;
use quorate::machine::NodeState;

impl Differential {
    /// Checks that the cluster remembers exactly the reported failures, on nodes that are not down.
    pub(super) fn failed_nodes(&mut self, told: &Picture, after: &Picture) -> Result<(), Breach> {
        for group in &after.groups {
            let of = |picture: &Picture| {
                let known = picture.group(&group.name).map(|of| of.failed_on.clone());
                let mut known = known.unwrap_or_default();
                known.retain(|(node, _)| after.node_state(node) != NodeState::Down);
                known.sort();
                known
            };
            let (own, theirs) = (of(told), of(after));
            let name = &group.name;
            agree!(self, L3, own == theirs, "{name} failed on {own:?}, not on {theirs:?}");
        }
        Ok(())
    }
}

impl Picture {
    /// Forgets the failures that an operator clears, and those that end with the life of a node,
    /// before anything else happens in a step.
    pub(super) fn forget_failed_nodes(&mut self, step: &Step<'_>) {
        if step.moment.command().is_some() {
            // No command bars a node, and no output reports the nodes that a command frees.
            for group in &mut self.groups {
                let later = step.after.group(&group.name);
                let is_kept = |barred: &(String, String)| {
                    later.is_some_and(|later| later.barred_from.contains(barred))
                };
                group.barred_from.retain(is_kept);
                // No output reports that a resource is no longer left for an operator, except a
                // move.
                let is_moved = matches!(step.moment.command(), Some(Command::MoveGroup { .. }));
                for resource in group.resources.iter_mut().filter(|_| !is_moved) {
                    let later = later.and_then(|later| later.resource(&resource.name));
                    resource.is_left &= later.is_some_and(|later| later.is_left);
                }
            }
        }
        let spec = step.moment.before.spec();
        self.forget_earlier_life(step);
        let (id, node) = match step.moment.command() {
            Some(Command::ClearGroupFailures { group, node, .. }) => (*group, *node),
            Some(Command::MoveGroup { group, to: Some(to), .. })
                if step.moment.before.state().owner(*group) != Some(*to) =>
            {
                (*group, Some(*to))
            }
            Some(Command::BringGroupOnline { group, .. }) => {
                let owner = step.moment.before.state().owner(*group);
                let Some(owner) = owner else { return };
                (*group, Some(owner))
            }
            _ => return,
        };
        let node = node.and_then(|node| spec.node(node)).map(|of| of.name().to_owned());
        let Some(name) = spec.group(id).map(|of| of.name().to_owned()) else { return };
        for group in self.groups.iter_mut().filter(|group| group.name == name) {
            group.failed_on.retain(|(failed, _)| node.as_ref().is_some_and(|node| node != failed));
        }
    }

    /// Forgets the failures of groups in an earlier life of a node that joins.
    fn forget_earlier_life(&mut self, step: &Step<'_>) {
        let Some(Input::NodeJoined { node, incarnation, .. }) = step.moment.input() else { return };
        let before = &step.moment.before;
        let is_new = before.state().node(*node).is_some_and(|of| of.incarnation() < *incarnation);
        let Some(name) = before.spec().node(*node).map(|of| of.name()).filter(|_| is_new) else {
            return;
        };
        for group in &mut self.groups {
            group.failed_on.retain(|(failed, _)| failed != name);
            group.barred_from.retain(|(barred, _)| barred != name);
        }
    }
}
