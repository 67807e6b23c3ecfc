//! What rings, and its place in the tree of alarms.

use super::Simulation;
use crate::{GroupId, NodeId};

/// Places in the tree of alarms for each node: its life, its loss, its maintenance.
const ALARMS_PER_NODE: usize = 3;

/// Places in the tree of alarms for so many nodes and groups; each group has two, and the site one.
pub(super) const fn slots(nodes: usize, groups: usize) -> usize {
    nodes.saturating_mul(ALARMS_PER_NODE).saturating_add(groups.saturating_mul(2)).saturating_add(1)
}

/// What an alarm is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alarm {
    Life(NodeId),
    Loss(NodeId),
    Maintenance(NodeId),
    Wave(GroupId),
    Resource(GroupId),
    Site,
}

impl Simulation {
    pub(super) fn alarm_of(&self, slot: usize) -> Alarm {
        let nodes = self.machines.len().saturating_mul(ALARMS_PER_NODE);
        let groups = self.services.len();
        if let Some(beyond) = slot.checked_sub(nodes) {
            return match (beyond.checked_rem(groups), beyond.checked_div(groups)) {
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

    pub(super) fn slot_of(&self, alarm: Alarm) -> usize {
        let of_node = |node: NodeId, part: usize| {
            node.index().saturating_mul(ALARMS_PER_NODE).saturating_add(part)
        };
        let of_group = |group: GroupId, part: usize| {
            let before = self.services.len().saturating_mul(part);
            of_node(NodeId::from_index(self.machines.len()), 0)
                .saturating_add(before)
                .saturating_add(group.index())
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

    pub(super) fn set_alarm(&mut self, alarm: Alarm, at: u64) {
        self.alarms.set(self.slot_of(alarm), at);
    }

    /// Puts an alarm off, if it is set, to what a function makes of its time.
    pub(super) fn delay_alarm(&mut self, alarm: Alarm, until: impl FnOnce(u64) -> u64) {
        if let Some(at) = self.alarms.of(self.slot_of(alarm)) {
            self.set_alarm(alarm, until(at));
        }
    }

    pub(super) fn clear_alarm(&mut self, alarm: Alarm) {
        self.alarms.clear(self.slot_of(alarm));
    }
}
