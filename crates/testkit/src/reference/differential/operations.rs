//! Comparison of the starts and stops, including those that are missing.

use super::{Differential, Step, agree, moment_spec};
use crate::Breach;
use crate::reference::dependencies::is_in_motion;
use crate::reference::picture::{Group, Picture};
use quorate::Input;
use quorate::cluster::Effect;
use quorate::id::Names;
use quorate::machine::ResourceState;
use quorate::state::{OperationKind, Turn};

impl Differential {
    /// Judges a start or a stop at the moment of its output. The event about it comes before it, so
    /// the resource is judged in its state before that.
    pub(super) fn effect(
        &mut self,
        step: &Step<'_>,
        picture: &Picture,
        effect: &Effect<Names>,
    ) -> Result<(), Breach> {
        let Some(name) = &effect.resource else { return Ok(()) };
        if picture.orphans.contains(&(effect.node.clone(), name.clone())) {
            return Ok(());
        }
        let was = match effect.action {
            OperationKind::Start => ResourceState::Offline,
            OperationKind::Stop => ResourceState::Online,
            OperationKind::Terminate
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => return Ok(()),
            other => unimplemented!("{other:?}"),
        };
        let mut picture = picture.clone();
        let group = with_resource(&mut picture, name, was);
        let group = picture.group(&group).expect("a declared group");
        match effect.action {
            OperationKind::Start => {
                let group = free_of_waits(group);
                let ready = picture.ready_to_start(&group);
                agree!(self, S2, ready.contains(name), "only {ready:?} may start: {effect:?}");
                let rivals = picture.running_rivals(&group, &effect.node);
                let is_admitted = group.may_run()
                    || rivals.is_empty()
                    || picture.admission == quorate::settings::Admission::Open;
                agree!(self, S17, is_admitted, "{} is refused: {effect:?}", group.name);
                self.not_before_its_turn(step, &picture, &group, effect)?;
            }
            // A stop that agents forgot is issued once more before anything else is decided.
            _ if is_asked_again(step, name, &effect.node) => {}
            _ => {
                let stops = picture.to_stop(group);
                agree!(self, S3, stops.contains(name), "only {stops:?} are to stop: {effect:?}");
            }
        }
        Ok(())
    }

    /// Checks that a group with nothing running, which comes up with others, starts only if no
    /// group of higher priority was on its way all the time, with one operation in flight both
    /// before and after the step.
    fn not_before_its_turn(
        &mut self,
        step: &Step<'_>,
        picture: &Picture,
        group: &Group,
        effect: &Effect<Names>,
    ) -> Result<(), Breach> {
        let takes_its_turn = group.turn == Turn::Awaited && picture.comes_up(group);
        if group.may_run() || step.moment.is_reconfiguration() || !takes_its_turn {
            return Ok(());
        }
        let in_flight = |of: &Group| -> Vec<quorate::OpId> {
            let operations = of.resources.iter().filter_map(|resource| resource.operation);
            operations.filter(|(_, kind)| is_in_motion(*kind)).map(|(id, _)| id).collect()
        };
        for other in step.before.groups.iter().filter(|other| other.priority > group.priority) {
            let Some(later) = step.after.group(&other.name) else { continue };
            let is_all_along = step.before.is_on_its_way(other)
                && step.after.is_on_its_way(later)
                && in_flight(other).iter().any(|id| in_flight(later).contains(id));
            agree!(self, S18, !is_all_along, "{} goes first: {effect:?}", other.name);
        }
        Ok(())
    }

    /// Checks that every resource that could be started or has to be stopped now has its operation.
    pub(super) fn operations_in_the_end(&mut self, step: &Step<'_>) -> Result<(), Breach> {
        for group in &step.after.groups {
            let stops = step.after.to_stop(group);
            agree!(self, L5, stops.is_empty(), "nobody stops {stops:?} of {}", group.name);
            let ends = step.after.to_terminate(group);
            agree!(self, L5, ends.is_empty(), "nobody terminates {ends:?} of {}", group.name);
            let starts = step.after.may_start(group);
            agree!(self, L5, starts.is_empty(), "nobody starts {starts:?} of {}", group.name);
            let over = step.after.waits_that_are_over(group);
            agree!(self, L5, over.is_empty(), "nobody does anything about {over:?}");
        }
        Ok(())
    }
}

/// Sets a resource to this state with nothing in flight, and returns the name of its group.
fn with_resource(picture: &mut Picture, name: &str, state: ResourceState) -> String {
    for group in &mut picture.groups {
        for resource in &mut group.resources {
            if resource.name == name {
                (resource.state, resource.operation) = (state, None);
                return group.name.clone();
            }
        }
    }
    String::new()
}

/// Returns the group without its waits and operations: no output reports how they end within a
/// step.
fn free_of_waits(group: &Group) -> Group {
    let mut group = group.clone();
    for resource in &mut group.resources {
        resource.recovery = quorate::state::Recovery::None;
        resource.operation = None;
    }
    group
}

/// Tells whether a resource was being stopped on a node whose agents were restarted in this step.
fn is_asked_again(step: &Step<'_>, name: &str, node: &str) -> bool {
    let is_restarted = matches!(
        step.moment.input(),
        Some(Input::NodeInventory { node: of, operation: None, .. })
            if moment_spec(step).node(*of).is_some_and(|of| of.name() == node)
    );
    let mut resources = step.before.groups.iter().flat_map(|group| &group.resources);
    is_restarted && resources.any(|of| of.name == name && of.state == ResourceState::OfflinePending)
}
