//! The subjects of alarms, and their places in the tree of alarms.

use quorate::{GroupId, NodeId};

/// Number of places in the tree of alarms for each node: its life, its loss, its maintenance.
const ALARMS_PER_NODE: usize = 3;

/// The layout of the tree of alarms for a number of nodes and groups.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    pub(super) nodes: usize,
    pub(super) groups: usize,
}

/// The subject of an alarm.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alarm {
    Life(NodeId),
    Loss(NodeId),
    Maintenance(NodeId),
    Wave(GroupId),
    Resource(GroupId),
    Site,
}

impl Slots {
    /// Returns the number of places; each group has two, and the site one.
    pub(super) const fn count(self) -> usize {
        self.of_nodes().saturating_add(self.groups.saturating_mul(2)).saturating_add(1)
    }

    pub(super) fn alarm(self, slot: usize) -> Alarm {
        if let Some(beyond) = slot.checked_sub(self.of_nodes()) {
            return match (beyond.checked_rem(self.groups), beyond.checked_div(self.groups)) {
                (Some(group), Some(0)) => Alarm::Wave(GroupId::from_index(group)),
                (Some(group), Some(1)) => Alarm::Resource(GroupId::from_index(group)),
                (None | Some(_), None | Some(_)) => Alarm::Site,
            };
        }
        let node = NodeId::from_index(slot.div_euclid(ALARMS_PER_NODE));
        match slot.rem_euclid(ALARMS_PER_NODE) {
            0 => Alarm::Life(node),
            1 => Alarm::Loss(node),
            _ => Alarm::Maintenance(node),
        }
    }

    pub(super) fn slot(self, alarm: Alarm) -> usize {
        let of_node = |node: NodeId, part: usize| {
            node.index().saturating_mul(ALARMS_PER_NODE).saturating_add(part)
        };
        let of_group = |group: GroupId, part: usize| {
            let before = self.groups.saturating_mul(part);
            self.of_nodes().saturating_add(before).saturating_add(group.index())
        };
        match alarm {
            Alarm::Life(node) => of_node(node, 0),
            Alarm::Loss(node) => of_node(node, 1),
            Alarm::Maintenance(node) => of_node(node, 2),
            Alarm::Wave(group) => of_group(group, 0),
            Alarm::Resource(group) => of_group(group, 1),
            Alarm::Site => of_group(GroupId::from_index(0), 2),
        }
    }

    const fn of_nodes(self) -> usize {
        self.nodes.saturating_mul(ALARMS_PER_NODE)
    }
}
