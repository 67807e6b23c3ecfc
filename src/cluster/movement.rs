//! A group on its way from one owner to the next.
//!
//! A move is no script: as long as a group has an owner to be, everything of it is to be off; when
//! it is, ownership changes and everything returns to its desired state there (MS-CMRP,
//! `ApiMoveGroup`).

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Cluster;
use super::output::Event;
use crate::id::{GroupId, NodeId};
use crate::machine::{ResourceEvent, ResourceState};
use crate::policy::Trigger;
use crate::spec::GroupSpec;
use crate::state::{
    DownProof, HomeWait, MoveFailure, Movement, MovementCause, QueuedMove, Recovery, Tenure, Turn,
};

impl Cluster {
    pub(crate) fn is_moving(&self, group: GroupId) -> bool {
        self.state.group(group).is_some_and(|record| record.movement.is_some())
    }

    /// Sets a group moving. Its place at the destination is taken from now on.
    pub(crate) fn begin_move(
        &mut self,
        group: GroupId,
        to: Option<NodeId>,
        cause: MovementCause,
        on_failure: MoveFailure,
    ) {
        self.abandon_place(group);
        let spec = Arc::clone(&self.spec);
        let Some(declared) = spec.group(group) else { return };
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        record.movement = Some(Movement { to, cause, on_failure });
        record.queued = None;
        let from = record.owner;
        match cause {
            // Whoever asked for it has looked at what was left as it is.
            MovementCause::Operator | MovementCause::Configuration => {
                self.release_to_move(declared, group, cause);
            }
            MovementCause::Start
            | MovementCause::ResourceFailure
            | MovementCause::NodeFailure
            | MovementCause::Drain
            | MovementCause::Failback
            | MovementCause::Return => {}
        }
        if let Some(to) = to {
            if !seeded!(PendingTakesNoRoom) {
                let room = self.state.room_to_be(&spec, group);
                self.state.occupancy.enter(declared, group, to, room);
            }
            self.caches.touched.add_changed_node(to);
        }
        if let Some(from) = from {
            if cause == MovementCause::Drain {
                self.note_tier(declared, from);
            }
            self.emit(Event::MoveStarted { group, from, to, cause });
        }
        self.touch(group);
    }

    /// Gives up the place at the destination of a move, if there is one.
    fn abandon_place(&mut self, group: GroupId) {
        let spec = Arc::clone(&self.spec);
        let Some(declared) = spec.group(group) else { return };
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let owner = record.owner;
        if let Some(Movement { to: Some(to), .. }) = record.movement.take()
            && Some(to) != owner
        {
            self.state.occupancy.leave(declared, group, to);
            self.touch_awaiting();
            self.caches.touched.add_changed_node(to);
        }
    }

    /// Gives up a move; the group stays with its owner.
    pub(crate) fn abandon_move(&mut self, group: GroupId) {
        let Some(movement) = self.state.group(group).and_then(|record| record.movement) else {
            return;
        };
        self.abandon_place(group);
        self.emit(Event::MoveAbandoned { group, to: movement.to });
        self.touch(group);
    }

    /// Completes a move whose group is off, or finds another destination for it.
    pub(crate) fn continue_move(&mut self, group: GroupId, owner: NodeId) {
        let Some(movement) = self.state.group(group).and_then(|record| record.movement) else {
            return;
        };
        let trigger = trigger_of(movement.cause);
        if let Some(to) = movement.to
            && self.assess(group, trigger, to).is_err()
        {
            let may_go_elsewhere = may_go_elsewhere(movement.cause);
            if may_go_elsewhere && self.yields_to_awaiting(group) {
                return;
            }
            let other = may_go_elsewhere
                .then(|| self.choose(group, trigger))
                .flatten()
                .filter(|choice| choice.node != owner);
            match other {
                Some(choice) => {
                    self.begin_move(group, Some(choice.node), movement.cause, movement.on_failure);
                }
                None => self.abandon_move(group),
            }
            return;
        }
        if self.caches.running(group) > 0 && !seeded!(MoveDoesNotWait) {
            return;
        }
        self.transfer(group, movement.to, movement.cause, None);
        let is_return = movement.on_failure == MoveFailure::ReturnToSource;
        if let Some(record) = self.state.groups.get_mut(group.index())
            && is_return
            && movement.to.is_some()
        {
            record.return_to = Some(owner);
        }
    }

    /// Gives a group to another owner. Everything of it is off; its failures stay behind.
    pub(crate) fn transfer(
        &mut self,
        group: GroupId,
        to: Option<NodeId>,
        cause: MovementCause,
        proof: Option<DownProof>,
    ) {
        let spec = Arc::clone(&self.spec);
        let Some(declared) = spec.group(group) else { return };
        let (now, input) = (self.state.now, self.state.inputs);
        let was_never_owned = self.was_never_owned(group);
        let found = match to.filter(|_| was_never_owned) {
            Some(node) => self.tenable(declared, group, node),
            None => Vec::new(),
        };
        self.abandon_place(group);
        if self.leaves_for_failure(declared, cause) {
            self.note_failed_owner(declared, group);
        }
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let from = core::mem::replace(&mut record.owner, to);
        let is_ordered = record.is_ordered();
        if !seeded!(EpochStands) {
            record.epoch = record.epoch.next();
        }
        self.caches.note_count(record.epoch.value());
        if seeded!(FailoversForgotten) {
            record.failovers.clear();
        }
        if is_ordered {
            record.ordered_in = Some(record.epoch);
        }
        record.placed_at = now;
        record.placed_in_input = input;
        record.return_to = None;
        record.tenure = Tenure::Lasting;
        if to.is_some() {
            record.home_wait = HomeWait::Over;
        }
        // Groups that lose their node together come up together; what moves in good order, or
        // because it failed, starts as soon as it is there.
        record.turn = turn_after(cause, proof);
        if let (
            MovementCause::Operator | MovementCause::Start | MovementCause::Configuration,
            Some(to),
        ) = (cause, to)
        {
            record.default_owner = Some(to);
        }
        if cause == MovementCause::Failback {
            record.last_failback = Some(now);
        }
        let epoch = record.epoch;
        self.remember_drain(group, from, cause);
        if let Some(from) = from {
            self.state.occupancy.leave(declared, group, from);
        }
        self.settle_down(declared, group, to);
        for node in from.into_iter().chain(to) {
            self.caches.touched.add_changed_node(node);
        }
        if cause != MovementCause::Configuration || !seeded!(EvictionUntold) {
            self.emit(Event::OwnerChanged { group, from, to, cause, epoch, proof });
        }
        self.open_on_owner(declared);
        if let Some(node) = to.filter(|_| was_never_owned) {
            self.take_over_running(group, &found, node);
        }
        if from.is_some_and(|node| self.state.node_state(node).is_member()) {
            // It has room for another group now.
            self.touch_awaiting();
        }
        self.touch(group);
    }

    /// Keeps in mind the node that a drain took a group from, until the group fails back.
    fn remember_drain(&mut self, group: GroupId, from: Option<NodeId>, cause: MovementCause) {
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let before = record.drained_from;
        record.drained_from = match cause {
            MovementCause::Drain => from,
            MovementCause::Failback => None,
            MovementCause::Start
            | MovementCause::ResourceFailure
            | MovementCause::NodeFailure
            | MovementCause::Operator
            | MovementCause::Return
            | MovementCause::Configuration => before,
        };
        let after = record.drained_from;
        if let Some(node) = before {
            self.caches.drained.remove(&(node, group));
        }
        if let Some(node) = after {
            self.caches.drained.insert((node, group));
        }
    }

    /// The resources of a group on its new owner: all off, and none has failed there.
    fn open_on_owner(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            if self.state.resource_state(resource) == ResourceState::Initializing {
                self.step_resource(resource, ResourceEvent::Opened);
            }
            self.step_resource(resource, ResourceEvent::OwnerChanged);
            if let Some(record) = self.state.resources.get_mut(resource.index()) {
                record.recovery = Recovery::None;
                record.restarts.clear();
                record.retries = 0;
            }
        }
    }

    /// Tries a move that an operator asked for and that was not possible then.
    pub(crate) fn try_queued_move(&mut self, group: GroupId) -> bool {
        let queued = self.state.group(group).and_then(|record| record.queued);
        let Some(QueuedMove { to, on_failure, lock }) = queued else { return false };
        if self.is_held_by_lock(group, lock) {
            return false;
        }
        let Some(to) = self.move_target(group, to).ok() else { return false };
        if self.yields_to_awaiting(group) {
            return true;
        }
        self.begin_move(group, Some(to), MovementCause::Operator, on_failure);
        true
    }
}

/// Whether a group takes its turn where it has come to.
fn turn_after(cause: MovementCause, proof: Option<DownProof>) -> Turn {
    let is_among_others = match cause {
        MovementCause::Start | MovementCause::NodeFailure => true,
        MovementCause::ResourceFailure
        | MovementCause::Operator
        | MovementCause::Drain
        | MovementCause::Failback
        | MovementCause::Return
        | MovementCause::Configuration => proof.is_some() || seeded!(MovedAwaitsTurn),
    };
    if is_among_others { Turn::Awaited } else { Turn::Over }
}

/// The question to the policy when a move needs another destination.
pub(crate) fn trigger_of(cause: MovementCause) -> Trigger {
    match cause {
        MovementCause::Start | MovementCause::Configuration => Trigger::Start,
        MovementCause::ResourceFailure => Trigger::ResourceFailure,
        MovementCause::NodeFailure => Trigger::NodeFailure,
        MovementCause::Drain => Trigger::Drain,
        MovementCause::Operator | MovementCause::Failback | MovementCause::Return => {
            Trigger::BestPossible
        }
    }
}

/// Whether a move whose destination has failed may end on another node: one that leaves its owner
/// because it has to. An operator, a failback and a return want this node or none.
fn may_go_elsewhere(cause: MovementCause) -> bool {
    match cause {
        MovementCause::Start
        | MovementCause::ResourceFailure
        | MovementCause::NodeFailure
        | MovementCause::Drain
        | MovementCause::Configuration => true,
        MovementCause::Operator | MovementCause::Failback | MovementCause::Return => false,
    }
}
