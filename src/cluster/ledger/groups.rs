//! Groups: their owners, moves and orders.

use alloc::vec::Vec;

use crate::cluster::index::work::NodeChange;
use crate::cluster::ledger::Ledger;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeState, ResourceEvent, ResourceState};
use crate::settings::DesiredState;
use crate::spec::GroupSpec;
use crate::state::{
    DownProof, HomeWait, Lock, MoveFailure, Movement, MovementCause, QueuedMove, Tenure, Turn,
};

impl Ledger<'_> {
    /// Notes that an operator gave an order for a group. The order is for the present owner. If
    /// that node is lost, it is for the node that owns the group once the fate of the lost node is
    /// known.
    pub(crate) fn order(&mut self, group: GroupId) {
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let is_owner_lost = record.owner.is_some_and(|owner| {
            let node = self.state.nodes.get(owner.index());
            node.is_some_and(|node| node.state == NodeState::Unclean)
        });
        let epoch = if is_owner_lost { record.epoch.next() } else { record.epoch };
        record.ordered_in = Some(epoch);
    }

    /// Locks or unlocks a group, and has it planned.
    pub(crate) fn set_lock(&mut self, group: GroupId, lock: Lock) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.lock = lock;
        }
        // A failback that waited for the end of the lock may be possible now.
        self.touch(group);
    }

    /// Begins to move a group. From now on the group takes its place at the destination.
    pub(crate) fn begin_move(
        &mut self,
        group: GroupId,
        to: Option<NodeId>,
        cause: MovementCause,
        on_failure: MoveFailure,
    ) {
        self.abandon_place(group);
        let spec = self.spec;
        let Some(declared) = spec.group(group) else { return };
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        record.movement = Some(Movement { to, cause, on_failure });
        record.queued = None;
        let from = record.owner;
        match cause {
            // The operator knows of the resources that were left failed, and moves the group
            // nevertheless.
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
                let room = self.state.room_to_be(spec, group);
                self.take_place(declared, group, to, room);
            }
            self.index.touched.add_changed_node(to, NodeChange::Groups);
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
        let Some(declared) = self.spec.group(group) else { return };
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let owner = record.owner;
        if let Some(Movement { to: Some(to), .. }) = record.movement.take()
            && Some(to) != owner
        {
            self.leave_place(declared, group, to);
            self.touch_awaiting_for(to);
            self.index.touched.add_changed_node(to, NodeChange::Groups);
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

    /// Gives a group to another owner. All of its resources are off, and their failures are
    /// forgotten.
    pub(crate) fn transfer(
        &mut self,
        group: GroupId,
        to: Option<NodeId>,
        cause: MovementCause,
        proof: Option<DownProof>,
    ) {
        let Some(declared) = self.spec.group(group) else { return };
        let (now, input) = (self.state.now, self.state.inputs);
        let was_never_owned = self.facts().was_never_owned(group);
        let found = match to.filter(|_| was_never_owned) {
            Some(node) => self.facts().tenable(declared, group, node),
            None => Vec::new(),
        };
        self.abandon_place(group);
        if self.facts().leaves_for_failure(declared, cause) {
            self.note_failed_owner(declared, group);
        }
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let from = core::mem::replace(&mut record.owner, to);
        let is_ordered = record.is_ordered();
        if !seeded!(EpochStands) {
            record.epoch = record.epoch.next();
        }
        self.index.note_count(record.epoch.value());
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
        // Groups that lose their node together come up together. A group that moves in good order,
        // or because it failed, starts as soon as it has its new owner.
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
        self.index.note_owner(declared, group, (from, to));
        self.remember_drain(group, from, cause);
        if let Some(from) = from {
            self.leave_place(declared, group, from);
        }
        self.settle_down(declared, group, to);
        for node in from.into_iter().chain(to) {
            self.index.touched.add_changed_node(node, NodeChange::Groups);
        }
        if cause != MovementCause::Configuration || !seeded!(EvictionUntold) {
            self.emit(Event::OwnerChanged { group, from, to, cause, epoch, proof });
        }
        self.open_on_owner(declared);
        if let Some(node) = to.filter(|_| was_never_owned) {
            self.take_over_running(group, &found, node);
        }
        if let Some(from) = from.filter(|node| self.state.node_state(*node).is_member()) {
            // The old owner has room for another group now.
            self.touch_awaiting_for(from);
        }
        self.touch(group);
    }

    /// Remembers the node that a drain took a group from, until the group fails back.
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
            self.index.drained.remove(&(node, group));
        }
        if let Some(node) = after {
            self.index.drained.insert((node, group));
        }
    }

    /// Opens the resources of a group on its new owner: all are off, and none has failed there.
    fn open_on_owner(&mut self, declared: &GroupSpec) {
        for resource in declared.resources() {
            if self.state.resource_state(resource) == ResourceState::Initializing {
                self.step_resource(resource, ResourceEvent::Opened);
            }
            self.step_resource(resource, ResourceEvent::OwnerChanged);
            if let Some(record) = self.state.resources.get_mut(resource.index()) {
                record.forget_attempts();
            }
        }
    }

    /// Sets whether a group is wanted online. If it is wanted offline, the orders to bring
    /// single resources of it online end.
    pub(crate) fn set_desired_of_group(&mut self, group: GroupId, desired: DesiredState) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.desired = desired;
        }
        if desired == DesiredState::Online {
            return;
        }
        for resource in self.spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            if let Some(record) = self.state.resources.get_mut(resource.index())
                && record.desired == Some(DesiredState::Online)
            {
                record.desired = None;
            }
        }
    }

    /// Sets or forgets the move that an operator asked for and that cannot begin yet.
    pub(crate) fn set_queued_move(&mut self, group: GroupId, queued: Option<QueuedMove>) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.queued = queued;
        }
    }

    /// Sets the node to which a group returns if it fails on its present owner.
    pub(crate) fn set_source(&mut self, group: GroupId, source: Option<NodeId>) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.return_to = source;
        }
    }

    /// Counts a failover that a resource caused.
    pub(crate) fn record_failover(&mut self, declared: &GroupSpec, group: GroupId) {
        let (now, period) = (self.state.now, declared.settings().failover_period);
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failovers.record(now, period);
        }
    }

    /// Forgets the failovers of a group and the nodes on which it failed.
    pub(crate) fn forget_failovers(&mut self, group: GroupId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.failovers.clear();
            record.failed_on.clear();
        }
    }

    /// Notes that a group had its turn among those that come up together.
    pub(crate) fn end_turn(&mut self, group: GroupId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.turn = Turn::Over;
        }
    }
}

/// Tells whether a group waits for its turn on its new owner.
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
