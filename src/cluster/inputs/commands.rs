//! Carries out accepted inputs, commands of operators among them.

use alloc::vec::Vec;

use crate::cluster::check::accepted::{Accepted, MoveOrder};
use crate::cluster::settle::planner::Planner;
use crate::cluster::words::Command;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeEvent, NodeState, ResourceEvent, ResourceState};
use crate::settings::{DesiredState, Maintenance};
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{DownProof, Drain, DrainStatus, Lock, MovementCause, QueuedMove};

impl Planner<'_> {
    /// Carries out what was accepted.
    pub(crate) fn apply(&mut self, accepted: Accepted) {
        match accepted {
            Accepted::Joined { node, incarnation, running } => {
                self.ledger.join(node, incarnation, &running);
            }
            Accepted::Inventory(node, running) => self.take_inventory(node, &running),
            Accepted::Answer(node, running) => self.ledger.take_answer(node, &running),
            Accepted::Left(node) => {
                self.ledger.node_off(node, NodeEvent::Left, DownProof::Left);
            }
            Accepted::Lost(node) => self.ledger.lose(node),
            Accepted::Vouched(node, proof) => self.ledger.vouch(node, proof),
            Accepted::Off(node, proof) => {
                self.ledger.node_off(node, NodeEvent::ConfirmedDown, proof)
            }
            Accepted::LaterLife { node, incarnation, proof } => {
                self.ledger.end_known_life(node, incarnation, proof);
            }
            Accepted::Attribute { node, name, value } => {
                self.ledger.set_attribute(node, name, value);
            }
            Accepted::Finished(operation, outcome) => self.finish(operation, outcome),
            Accepted::Progressed(operation) => self.ledger.progress(operation),
            Accepted::Failed(resource) => self.report_failure(resource),
            Accepted::Alive(resource) => self.report_alive(resource),
            Accepted::Witness(witness) => {
                self.ledger.set_witness(witness);
                self.ledger.judge_quorum();
            }
            Accepted::WallClock(reading) => {
                self.ledger.set_wall_clock(reading);
                self.ledger.touch_failback_groups();
            }
            // All deadlines were armed anew, and the policy or the configuration was put in force,
            // before anything else.
            Accepted::Resumed
            | Accepted::Policy(_)
            | Accepted::Configuration(_)
            | Accepted::Unchanged => {}
            Accepted::Command(command) => self.obey(command),
            Accepted::Move { group, to, command } => self.obey_move(group, to, command),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::BringGroupOnline { group, .. } => self.bring_group_online(group),
            Command::TakeGroupOffline { group, .. } => self.take_group_offline(group),
            Command::BringResourceOnline { resource, .. } => self.bring_resource_online(resource),
            Command::TakeResourceOffline { resource, .. } => {
                self.ledger.release(resource);
                self.ledger.set_desired(resource, DesiredState::Offline);
            }
            Command::CancelMove { group } => {
                self.ledger.set_queued_move(group, None);
                self.ledger.abandon_move(group);
                self.ledger.touch(group);
            }
            Command::PauseNode { node } => self.pause(node),
            Command::DrainNode { node, mode, target, lock } => {
                let (status, since) = (DrainStatus::InProgress, Some(self.ledger.state().now));
                self.drain(node, Drain { status, mode, target, lock, since });
            }
            Command::ResumeNode { node, failback } => self.resume_node(node, failback),
            Command::ClearResourceFailure { resource } => self.clear(resource),
            Command::ClearGroupFailures { group, node: None } => self.clear_group(group),
            Command::ClearGroupFailures { group, node: Some(node) } => {
                self.ledger.forget_failed_node(group, node);
            }
            Command::FailResource { resource } => {
                self.fail(resource, ResourceEvent::FailureReported);
            }
            Command::BeginMaintenance { resource } => {
                self.ledger.set_maintenance(resource, Maintenance::On);
            }
            Command::EndMaintenance { resource } => {
                self.ledger.set_maintenance(resource, Maintenance::Off);
            }
            Command::LockGroup { group } => self.ledger.set_lock(group, Lock::Locked),
            Command::UnlockGroup { group } => self.ledger.set_lock(group, Lock::Unlocked),
            // These are accepted as variants of their own.
            Command::MoveGroup { .. }
            | Command::EvictNode { .. }
            | Command::Configure { .. }
            | Command::ChangePolicy { .. } => {}
        }
    }

    fn clear_group(&mut self, group: GroupId) {
        self.ledger.forget_failovers(group);
        for resource in self.ledger.spec().group(group).into_iter().flat_map(GroupSpec::resources) {
            self.ledger.release(resource);
            // A resource in doubt stays so; only its failures are forgotten.
            self.ledger.forget_failure(resource);
        }
        self.ledger.touch(group);
    }

    fn obey_move(&mut self, group: GroupId, to: Option<NodeId>, order: MoveOrder) {
        let owner = self.ledger.state().owner(group);
        if let Some(named) = order.wanted.filter(|named| Some(*named) != owner) {
            self.ledger.forget_failed_node(group, named);
        }
        match to {
            Some(to) if Some(to) == owner => {}
            Some(to)
                if owner
                    .is_none_or(|node| self.ledger.state().node_state(node) == NodeState::Down) =>
            {
                let proof = self.view().proof_of(owner);
                self.ledger.transfer(group, Some(to), MovementCause::Operator, proof);
            }
            Some(to) => {
                self.ledger.begin_move(group, Some(to), MovementCause::Operator, order.on_failure);
            }
            None => {
                let (to, on_failure, lock) = (order.wanted, order.on_failure, order.lock);
                self.ledger.set_queued_move(group, Some(QueuedMove { to, on_failure, lock }));
                self.ledger.touch(group);
            }
        }
    }

    fn bring_group_online(&mut self, group: GroupId) {
        self.ledger.set_desired_of_group(group, DesiredState::Online);
        self.ledger.order(group);
        if let Some(owner) = self.ledger.state().owner(group) {
            self.ledger.forget_failed_node(group, owner);
        }
        self.ledger.release_group(group);
        self.ledger.review_room(group);
        self.try_again(group);
        self.ledger.touch(group);
    }

    /// Frees the failed resources of a group to start at once.
    fn try_again(&mut self, group: GroupId) {
        let resources: Vec<ResourceId> =
            self.ledger.spec().group(group).into_iter().flat_map(GroupSpec::resources).collect();
        for resource in resources {
            self.ledger.begin_anew(resource);
        }
    }

    fn take_group_offline(&mut self, group: GroupId) {
        self.ledger.set_desired_of_group(group, DesiredState::Offline);
        self.ledger.release_group(group);
        self.ledger.review_room(group);
        self.ledger.touch(group);
    }

    /// Brings online a resource and every provider that it needs.
    fn bring_resource_online(&mut self, resource: ResourceId) {
        let spec = self.ledger.spec();
        let Some(declared) = spec.resource(resource).map(ResourceSpec::group) else { return };
        let (group, Some(of)) = (declared, spec.group(declared)) else { return };
        let Some(position) = of.position_of(resource) else { return };
        self.ledger.order(group);
        let mut needed = Vec::from([position]);
        let mut seen: Vec<bool> = of.resources().map(|_| false).collect();
        while let Some(position) = needed.pop() {
            let Some(flag) = seen.get_mut(position) else { continue };
            if core::mem::replace(flag, true) {
                continue;
            }
            let member = of.resource_at(position);
            if self.view().desired(group, member) == DesiredState::Offline || member == resource {
                self.ledger.note_desired(member, DesiredState::Online);
            }
            self.ledger.free_nodes(group, member);
            self.ledger.release(member);
            self.ledger.begin_anew(member);
            needed.extend(of.graph().providers(position));
        }
        self.ledger.review_room(group);
        self.ledger.touch(group);
    }

    fn clear(&mut self, resource: ResourceId) {
        if let Some(group) = self.ledger.spec().resource(resource).map(ResourceSpec::group) {
            self.ledger.free_nodes(group, resource);
        }
        self.ledger.forget_failure(resource);
        self.ledger.vouch_for(resource);
        if self.ledger.state().resource_state(resource) == ResourceState::InDoubt {
            // An answer to the probe may come later; the operator's word counts.
            self.ledger.supersede(resource);
            self.ledger.step_resource(resource, ResourceEvent::FailureCleared);
        }
    }
}
