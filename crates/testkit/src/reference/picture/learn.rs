//! The way in which a picture learns from outputs.

use quorate::cluster::Event;
use quorate::id::Names;
use quorate::machine::{NodeState, ResourceState};
use quorate::state::{MovementCause, NoRestartCause, Recovery, Turn};

use super::Picture;

impl Picture {
    /// Records an event. Facts that no event reports stay unchanged.
    pub fn learn(&mut self, event: &Event<Names>) {
        match event {
            Event::NodeChanged { node, to, .. } => self.learn_node(node, *to),
            Event::QuorumChanged { verdict, .. } => {
                self.learn_quorum(verdict.is_quorate());
                // A cluster that forms may want less than the one before it.
                self.settle_room();
            }
            Event::ResourceChanged { resource, to, .. } => {
                self.learn_resource(resource, *to);
                self.settle_room();
            }
            Event::OwnerChanged { group, from, to, epoch, cause, proof, .. } => {
                self.learn_failure(group, from.as_deref(), *cause);
                self.release(group);
                let now = self.now;
                if let Some(group) = self.groups.iter_mut().find(|known| known.name == *group) {
                    group.owner.clone_from(to);
                    group.is_settled |= to.is_some();
                    group.going = None;
                    match cause {
                        MovementCause::Drain => group.drained_from.clone_from(from),
                        MovementCause::Failback => group.drained_from = None,
                        MovementCause::Start
                        | MovementCause::ResourceFailure
                        | MovementCause::NodeFailure
                        | MovementCause::Operator
                        | MovementCause::Return
                        | MovementCause::Configuration => {}
                        other => unimplemented!("{other:?}"),
                    }
                    group.placed_at = now;
                    // A group that leaves a node in good order or because of its own failure, or
                    // is sent somewhere by an operator, comes up alone.
                    let is_alone = proof.is_none()
                        && !matches!(cause, MovementCause::Start | MovementCause::NodeFailure);
                    group.turn = if is_alone { Turn::Over } else { Turn::Awaited };
                    group.epoch = epoch.value();
                    // The node was chosen with room for the group, if it is to run there.
                    group.takes_room = to.is_some();
                }
                self.settle_room();
            }
            Event::MoveStarted { group, to, cause, .. } => {
                self.learn_release(group, *cause);
                if let Some(group) = self.groups.iter_mut().find(|known| known.name == *group) {
                    group.going = Some((to.clone(), *cause));
                }
            }
            Event::MoveAbandoned { group, .. } => {
                if let Some(group) = self.groups.iter_mut().find(|known| known.name == *group) {
                    group.going = None;
                }
            }
            Event::NodeBarred { group, node, resource, .. } => {
                let now = self.now;
                for known in self.groups.iter_mut().filter(|known| known.name == *group) {
                    known.barred_from.retain(|(barred, _)| barred != node);
                    known.barred_from.push((node.clone(), resource.clone()));
                    known.failed_on.retain(|(failed, _)| failed != node);
                    known.failed_on.push((node.clone(), now));
                }
            }
            Event::RestartScheduled { resource, at, .. } => {
                self.learn_recovery(resource, Recovery::RestartAt(*at));
            }
            Event::RestartsExhausted { resource, cause, retry_at, .. } => {
                for known in self.groups.iter_mut().flat_map(|group| &mut group.resources) {
                    known.is_left |= known.name == *resource && *cause == NoRestartCause::Left;
                }
                let recovery = Recovery::RetryAt { at: *retry_at, cause: *cause };
                self.learn_recovery(resource, recovery);
            }
            Event::OrphanFound { resource, node, .. } => {
                self.orphans.push((node.clone(), resource.clone()));
            }
            Event::OrphanGone { resource, node, .. } | Event::TakenOver { resource, node, .. } => {
                self.orphans.retain(|(at, of)| (at, of) != (node, resource));
            }
            _ => {}
        }
    }

    /// Records quorum. Groups that are off when quorum is gained come up together.
    fn learn_quorum(&mut self, is_quorate: bool) {
        self.is_quorate = is_quorate;
        self.quorate_since = is_quorate.then_some(self.now);
        for group in &mut self.groups {
            if is_quorate && !group.may_run() {
                group.turn = Turn::Awaited;
            }
        }
    }

    /// Records that a group that leaves a node because of a failure, or with a resource that was
    /// given up there, has failed there; not if the node itself failed.
    fn learn_failure(&mut self, name: &str, from: Option<&str>, cause: MovementCause) {
        let now = self.now;
        let Some(from) = from.filter(|node| self.is_member(node)) else { return };
        let is_held = self.node_state(from) == NodeState::Paused;
        let Some(group) = self.groups.iter_mut().find(|group| group.name == name) else { return };
        let is_cause = match cause {
            MovementCause::ResourceFailure | MovementCause::Return => true,
            MovementCause::Start
            | MovementCause::NodeFailure
            | MovementCause::Operator
            | MovementCause::Drain
            | MovementCause::Failback
            | MovementCause::Configuration => group
                .resources
                .iter()
                .any(|of| of.was_given_up() && !of.is_tried_again(now, is_held)),
            other => unimplemented!("{other:?}"),
        };
        if is_cause && !group.failure_memory.is_zero() {
            group.failed_on.retain(|(node, _)| node != from);
            group.failed_on.push((from.to_owned(), now));
        }
    }

    /// Records that an operator, or a configuration that may move groups, moves a group with a
    /// resource that was left: the group failed on its owner, and none of its resources is left any
    /// longer.
    fn learn_release(&mut self, name: &str, cause: MovementCause) {
        let is_asked_for = matches!(cause, MovementCause::Operator | MovementCause::Configuration);
        let Some(group) = self.group(name).filter(|_| is_asked_for) else { return };
        let from = group.owner.clone();
        if group.resources.iter().any(|of| of.is_left && of.was_given_up()) {
            self.learn_failure(name, from.as_deref(), cause);
        }
        self.release(name);
    }

    fn release(&mut self, name: &str) {
        for group in self.groups.iter_mut().filter(|group| group.name == name) {
            group.resources.iter_mut().for_each(|resource| resource.is_left = false);
        }
    }

    fn learn_resource(&mut self, resource: &str, to: ResourceState) {
        for group in &mut self.groups {
            if let Some(known) = group.resources.iter_mut().find(|known| known.name == resource) {
                known.state = to;
                known.is_left &= to == ResourceState::InDoubt;
                group.is_settled |=
                    matches!(to, ResourceState::OnlinePending | ResourceState::Online);
            }
        }
    }

    fn learn_recovery(&mut self, resource: &str, recovery: Recovery) {
        for known in self.groups.iter_mut().flat_map(|group| &mut group.resources) {
            if known.name == resource {
                known.recovery = recovery;
            }
        }
    }

    /// Settles which groups take room: a group that runs does; a group that is off and not wanted
    /// does not.
    pub(crate) fn settle_room(&mut self) {
        let wanted: Vec<bool> = self.groups.iter().map(|group| self.is_wanted(group)).collect();
        for (group, is_wanted) in self.groups.iter_mut().zip(wanted) {
            let may_run = group.may_run();
            group.takes_room = may_run || is_wanted && group.takes_room;
        }
    }

    /// Records the state of a node. A node that is known to be off has lost its groups: a new epoch
    /// begins.
    fn learn_node(&mut self, name: &str, to: NodeState) {
        let now = self.now;
        if let Some(node) = self.nodes.iter_mut().find(|node| node.name == name) {
            node.since = now;
        }
        for group in &mut self.groups {
            let is_here = group.owner.as_deref() == Some(name);
            if to == NodeState::Up && is_here && !group.may_run() {
                group.turn = Turn::Awaited;
            }
        }
        for node in &mut self.nodes {
            if node.name == name {
                node.state = to;
            }
        }
        if to == NodeState::Down {
            for group in &mut self.groups {
                if group.owner.as_deref() == Some(name) {
                    group.epoch += 1;
                    // No operator has asked for the group since, and no resource is left for an
                    // operator.
                    group.is_ordered = false;
                    group.resources.iter_mut().for_each(|resource| resource.is_left = false);
                }
            }
        }
    }
}
