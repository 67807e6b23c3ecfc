//! The room that groups take on nodes.

use crate::cluster::index::work::NodeChange;
use crate::cluster::ledger::Ledger;
use crate::id::{GroupId, NodeId};
use crate::spec::{ClusterSpec, GroupSpec};
use crate::state::{ClusterState, Room};

/// Tells whether a group takes room from now on. A group that may run always takes room, and a
/// group that is off and not wanted never does. A group that is off and wanted keeps what it has,
/// and takes room later only where there is some.
pub(crate) const fn after(before: Room, may_run: bool, is_wanted: bool) -> Room {
    match (may_run, is_wanted) {
        (true, _) => Room::Taken,
        (false, true) => before,
        (false, false) => Room::Left,
    }
}

/// Works out which groups take room, for snapshots that do not say so. In those clusters every
/// owned group took room: the groups that run or are wanted still do.
pub(crate) fn recall(spec: &ClusterSpec, state: &mut ClusterState) {
    for (group, _) in spec.groups() {
        let (may_run, is_wanted) = (state.may_run(spec, group), state.is_wanted(spec, group));
        if let Some(record) = state.groups.get_mut(group.index()) {
            let before = if record.owner.is_some() { record.room } else { Room::Left };
            record.room = after(before, may_run, is_wanted);
        }
    }
}

impl Ledger<'_> {
    /// Works out anew whether a group takes room, after a change of what runs or is wanted of it.
    /// Room that it no longer needs is free for others.
    pub(crate) fn review_room(&mut self, group: GroupId) {
        let spec = self.spec;
        let Some(declared) = spec.group(group) else { return };
        let is_wanted = self.state.is_wanted(spec, group);
        let may_run = self.index.running(group) > 0;
        let Some(record) = self.state.groups.get_mut(group.index()) else { return };
        let before = record.room;
        record.room = after(before, may_run, is_wanted || seeded!(OffTakesRoom));
        let room = record.room;
        let (owner, to) = (record.owner, record.movement.and_then(|movement| movement.to));
        if let Some(owner) = owner
            && room != before
        {
            self.take_place(declared, group, owner, room);
            self.note_room(owner, room);
        }
        let room = self.state.room_to_be(spec, group);
        if let Some(to) = to
            && self.state.occupancy.stands_on(group, to)
            && self.state.occupancy.takes_room_on(group, to) != (room == Room::Taken)
        {
            self.take_place(declared, group, to, room);
            self.note_room(to, room);
        }
    }

    /// Notes that the room on a node changed. If some became free, groups that await a node may
    /// find one.
    fn note_room(&mut self, node: NodeId, room: Room) {
        self.index.touched.add_changed_node(node, NodeChange::Groups);
        match room {
            Room::Taken => {}
            Room::Left => self.touch_awaiting_for(node),
        }
    }

    /// Enters a group at its new owner, which has room for it if the group is to run there.
    pub(crate) fn settle_down(&mut self, declared: &GroupSpec, group: GroupId, to: Option<NodeId>) {
        let room = to.map_or(Room::Left, |_| self.state.room_to_be(self.spec, group));
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.room = room;
        }
        if let Some(to) = to {
            self.take_place(declared, group, to, room);
        }
    }

    /// Takes room for a group on its owner.
    pub(crate) fn occupy(&mut self, declared: &GroupSpec, group: GroupId, owner: NodeId) {
        if let Some(record) = self.state.groups.get_mut(group.index()) {
            record.room = Room::Taken;
        }
        self.take_place(declared, group, owner, Room::Taken);
        self.note_room(owner, Room::Taken);
    }
}
