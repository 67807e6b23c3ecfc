//! Rules that hold for groups and for the room that they take.

use super::{Checks, Inconsistency, StateRule, StateSubject};
use crate::id::{Epoch, GroupId};
use crate::machine::NodeState;
use crate::state::{GroupRecord, Room};

impl Checks<'_> {
    /// Checks that every node that a group refers to is known; the group moves and returns
    /// somewhere else; its epoch agrees with its owner and with the last order to start.
    pub(crate) fn group(self, group: GroupId, record: &GroupRecord) -> Result<(), Inconsistency> {
        let subject = StateSubject::Group(group);
        let destination = record.movement.and_then(|movement| movement.to);
        let queued = record.queued.and_then(|queued| queued.to);
        let others = [record.default_owner, record.return_to, record.drained_from];
        for node in [record.owner, destination, queued].into_iter().chain(others) {
            self.known(&subject, node)?;
        }
        Self::counters(&subject, [record.epoch.value()])?;
        self.accepted(&subject, record.placed_in_input)?;
        self.past(&subject, record.last_failback.into_iter().chain([record.placed_at]))?;
        self.log(&subject, &record.failovers)?;
        self.failed_nodes(group, record)?;
        let moves_away = destination.is_none() || destination != record.owner;
        let returns_elsewhere = record.return_to.is_none() || record.return_to != record.owner;
        require!(moves_away && returns_elsewhere, subject.clone(), StateRule::MoveToOwner);
        // A failback places the group.
        let is_placed_since = record.last_failback.is_none_or(|at| at <= record.placed_at);
        require!(is_placed_since, subject.clone(), StateRule::TimesOutOfOrder);
        let has_epoch = record.owner.is_none() || record.epoch > Epoch::default();
        require!(has_epoch, subject.clone(), StateRule::OwnerWithoutEpoch);
        let is_owner_lost =
            record.owner.is_some_and(|owner| self.state.node_state(owner) == NodeState::Unclean);
        // An order that comes while the owner is lost is for the next owner.
        let latest = if is_owner_lost { record.epoch.next() } else { record.epoch };
        let is_ordered_in_time = record.ordered_in.is_none_or(|epoch| epoch <= latest);
        require!(is_ordered_in_time, subject, StateRule::OrderedInLaterEpoch);
        Ok(())
    }

    /// Checks that a group failed once on each node that is remembered, in a life that the node has
    /// had; and that a resource which can never run there is one of the group.
    pub(crate) fn failed_nodes(
        self,
        group: GroupId,
        record: &GroupRecord,
    ) -> Result<(), Inconsistency> {
        let subject = StateSubject::Group(group);
        let entries = record.failed_on.entries();
        let is_sorted = entries.is_sorted_by(|one, other| one.node < other.node);
        require!(is_sorted, subject.clone(), StateRule::FailedTwiceOnNode);
        self.past(&subject, entries.iter().map(|entry| entry.at))?;
        for entry in entries {
            let node = self.state.node(entry.node);
            require!(node.is_some(), subject.clone(), StateRule::UnknownReference);
            let is_past = node.is_some_and(|node| entry.incarnation <= node.incarnation);
            require!(is_past, subject.clone(), StateRule::FailedInLaterLife);
            let is_own = entry.for_good.is_none_or(|resource| {
                self.spec.resource(resource).is_some_and(|of| of.group() == group)
            });
            require!(is_own, subject.clone(), StateRule::UnknownReference);
        }
        Ok(())
    }

    /// Tells whether the room of a group fits its state. A group that may run takes room; a group
    /// that is off and not wanted takes none; one that is wanted may wait for room.
    pub(crate) fn room_fits(self, group: GroupId, record: &GroupRecord) -> bool {
        match record.room {
            Room::Taken => {
                record.owner.is_some()
                    && (self.state.may_run(self.spec, group)
                        || self.state.is_wanted(self.spec, group))
            }
            Room::Left => !self.state.may_run(self.spec, group),
        }
    }

    /// Checks that the occupancy follows from the owners, destinations and room of the groups.
    pub(crate) fn occupancy(self) -> Result<(), Inconsistency> {
        for (group, _) in self.spec.groups() {
            let fits = self.state.group(group).is_none_or(|record| self.room_fits(group, record));
            require!(fits, StateSubject::Group(group), StateRule::RoomDiffers);
        }
        let rebuilt = self.state.rebuilt_occupancy(self.spec);
        require!(
            rebuilt == self.state.occupancy,
            StateSubject::Cluster,
            StateRule::OccupancyDiffers
        );
        Ok(())
    }
}
