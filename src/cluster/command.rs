//! What operators ask for, carried out.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::check::Accepted;
use super::check_command::MoveOrder;
use super::{Cluster, Command};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeEvent, NodeState, ResourceEvent, ResourceState};
use crate::settings::{DesiredState, Maintenance};
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{Drain, DrainStatus, Lock, MovementCause, QueuedMove, Recovery};

impl Cluster {
    /// Carries out what was accepted.
    pub(crate) fn apply(&mut self, accepted: Accepted) {
        match accepted {
            Accepted::Joined { node, incarnation, running } => {
                self.join(node, incarnation, &running);
            }
            Accepted::Inventory(node, running) => self.take_inventory(node, &running),
            Accepted::Answer(node, running) => self.take_answer(node, &running),
            Accepted::Left(node) => {
                self.node_off(node, NodeEvent::Left, crate::state::DownProof::Left);
            }
            Accepted::Lost(node) => self.lose(node),
            Accepted::Vouched(node, proof) => self.vouch(node, proof),
            Accepted::Off(node, proof) => self.node_off(node, NodeEvent::ConfirmedDown, proof),
            Accepted::LaterLife { node, incarnation, proof } => {
                self.end_known_life(node, incarnation, proof);
            }
            Accepted::Finished(operation, outcome) => self.finish(operation, outcome),
            Accepted::Progressed(operation) => self.progress(operation),
            Accepted::Failed(resource) => self.report_failure(resource),
            Accepted::Alive(resource) => self.report_alive(resource),
            Accepted::Witness(witness) => {
                self.state.witness = witness;
                self.judge_quorum();
            }
            Accepted::WallClock(reading) => {
                self.state.wall_clock = Some((self.state.now, reading));
                self.touch_failback_groups();
            }
            // It was armed anew before anything else.
            Accepted::Resumed => {}
            Accepted::Command(command) => self.obey(command),
            Accepted::Move { group, to, command } => self.obey_move(group, to, command),
            Accepted::Configuration(configuration) => self.reconfigure(*configuration),
        }
    }

    /// Windows are hours of the local day: their deadlines move with the clock.
    fn touch_failback_groups(&mut self) {
        let windowed = core::mem::take(&mut self.caches.windowed);
        for group in &windowed {
            self.touch(*group);
        }
        self.caches.windowed = windowed;
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::BringGroupOnline { group, .. } => self.bring_group_online(group),
            Command::TakeGroupOffline { group, .. } => self.take_group_offline(group),
            Command::BringResourceOnline { resource, .. } => self.bring_resource_online(resource),
            Command::TakeResourceOffline { resource, .. } => {
                self.release(resource);
                self.set_desired(resource, DesiredState::Offline);
            }
            Command::CancelMove { group } => {
                if let Some(record) = self.state.groups.get_mut(group.index()) {
                    record.queued = None;
                }
                self.abandon_move(group);
                self.touch(group);
            }
            Command::PauseNode { node } => self.pause(node),
            Command::DrainNode { node, mode, target, lock } => {
                let (status, since) = (DrainStatus::InProgress, Some(self.state.now));
                self.drain(node, Drain { status, mode, target, lock, since });
            }
            Command::ResumeNode { node, failback } => self.resume_node(node, failback),
            Command::ClearResourceFailure { resource } => self.clear(resource),
            Command::ClearGroupFailures { group, node: None } => self.clear_group(group),
            Command::ClearGroupFailures { group, node: Some(node) } => {
                self.forget_failed_node(group, node);
            }
            Command::FailResource { resource } => {
                self.fail(resource, ResourceEvent::FailureReported);
            }
            Command::BeginMaintenance { resource } => {
                self.set_maintenance(resource, Maintenance::On);
            }
            Command::EndMaintenance { resource } => {
                self.set_maintenance(resource, Maintenance::Off);
            }
            Command::LockGroup { group } => self.set_lock(group, Lock::Locked),
            Command::UnlockGroup { group } => self.set_lock(group, Lock::Unlocked),
            // These were accepted in a form of their own.
            Command::MoveGroup { .. } | Command::EvictNode { .. } | Command::Configure { .. } => {}
        }
    }

    fn clear_group(&mut self, group: GroupId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failovers.clear();
            record.failed_on.clear();
        }
        let spec = Arc::clone(&self.spec);
        for resource in spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            self.release(resource);
            // What is in doubt stays so; only its failures are forgotten.
            self.forget_failure(resource);
        }
        self.touch(group);
    }

    fn obey_move(&mut self, group: GroupId, to: Option<NodeId>, order: MoveOrder) {
        let owner = self.state.owner(group);
        if let Some(named) = order.wanted.filter(|named| Some(*named) != owner) {
            self.forget_failed_node(group, named);
        }
        match to {
            Some(to) if Some(to) == owner => {}
            Some(to) if owner.is_none_or(|node| self.state.node_state(node) == NodeState::Down) => {
                let proof = self.proof_of(owner);
                self.transfer(group, Some(to), MovementCause::Operator, proof);
            }
            Some(to) => {
                self.begin_move(group, Some(to), MovementCause::Operator, order.on_failure);
            }
            None => {
                if let Some(record) = self.state.groups.get_mut(group.index()) {
                    let (to, on_failure, lock) = (order.wanted, order.on_failure, order.lock);
                    record.queued = Some(QueuedMove { to, on_failure, lock });
                }
                self.touch(group);
            }
        }
    }

    fn bring_group_online(&mut self, group: GroupId) {
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        record.desired = DesiredState::Online;
        let owner = record.owner;
        self.order(group);
        if let Some(owner) = owner {
            self.forget_failed_node(group, owner);
        }
        self.release_group(group);
        self.review_room(group);
        self.try_again(group);
        self.touch(group);
    }

    /// Notes that an operator asked for a group: of the owner that it has, or, if that one is lost,
    /// of whoever owns it when it is known what became of it.
    fn order(&mut self, group: GroupId) {
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let is_owner_lost = record.owner.is_some_and(|owner| {
            let node = self.state.nodes.get(owner.index());
            node.is_some_and(|node| node.state == NodeState::Unclean)
        });
        let epoch = if is_owner_lost { record.epoch.next() } else { record.epoch };
        record.ordered_in = Some(epoch);
    }

    /// Failed resources of a group are free to start at once.
    fn try_again(&mut self, group: GroupId) {
        let resources: Vec<ResourceId> =
            self.spec.group(group).into_iter().flat_map(GroupSpec::resources).collect();
        for resource in resources {
            self.begin_anew(resource);
        }
    }

    /// A failed resource that an operator brings online has all its attempts again.
    fn begin_anew(&mut self, resource: ResourceId) {
        if let Some(record) = self.state.resources.get_mut(resource.index())
            && record.state == ResourceState::Failed
        {
            record.recovery = Recovery::None;
            record.restarts.clear();
            record.retries = 0;
        }
    }

    fn take_group_offline(&mut self, group: GroupId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.desired = DesiredState::Offline;
        }
        for resource in self.spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            if let Some(record) = self.state.resources.get_mut(resource.index())
                && record.desired == Some(DesiredState::Online)
            {
                record.desired = None;
            }
        }
        self.release_group(group);
        self.review_room(group);
        self.touch(group);
    }

    /// The resource and every provider that it needs are wanted online.
    fn bring_resource_online(&mut self, resource: ResourceId) {
        let spec = Arc::clone(&self.spec);
        let Some(declared) = spec.resource(resource).map(ResourceSpec::group) else { return };
        let (group, Some(of)) = (declared, spec.group(declared)) else { return };
        let Some(position) = of.position_of(resource) else { return };
        self.order(group);
        let mut needed = Vec::from([position]);
        let mut seen: Vec<bool> = of.resources().map(|_| false).collect();
        while let Some(position) = needed.pop() {
            let Some(flag) = seen.get_mut(position) else { continue };
            if core::mem::replace(flag, true) {
                continue;
            }
            let member = of.resource_at(position);
            if (self.desired(group, member) == DesiredState::Offline || member == resource)
                && let Some(record) = self.state.resources.get_mut(member.index())
            {
                record.desired = Some(DesiredState::Online);
            }
            self.free_nodes(group, member);
            self.release(member);
            self.begin_anew(member);
            needed.extend(of.graph().providers(position));
        }
        self.review_room(group);
        self.touch(group);
    }

    fn set_desired(&mut self, resource: ResourceId, desired: DesiredState) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.desired = Some(desired);
        }
        if let Some(group) = self.spec.resource(resource).map(ResourceSpec::group) {
            self.review_room(group);
        }
        self.touch_resource(resource);
    }

    fn clear(&mut self, resource: ResourceId) {
        if let Some(group) = self.spec.resource(resource).map(ResourceSpec::group) {
            self.free_nodes(group, resource);
        }
        self.forget_failure(resource);
        self.vouch_for(resource);
        if self.state.resource_state(resource) == ResourceState::InDoubt {
            // Whoever is being asked may answer later; the operator has spoken.
            self.supersede(resource);
            self.step_resource(resource, ResourceEvent::FailureCleared);
        }
    }

    fn set_maintenance(&mut self, resource: ResourceId, maintenance: Maintenance) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.maintenance = maintenance;
        }
        self.note_alive(resource);
        self.schedule_resource(resource);
    }

    fn set_lock(&mut self, group: GroupId, lock: Lock) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.lock = lock;
        }
        // A failback waits for the end of the lock, and for nothing else then.
        self.touch(group);
    }
}
