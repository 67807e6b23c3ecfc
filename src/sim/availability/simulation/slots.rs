//! What rings, and its place in the tree of alarms.

use super::Simulation;
use crate::{GroupId, NodeId};

/// Places in the tree of alarms for each node: its life, its loss, its maintenance.
pub(super) const ALARMS_PER_NODE: usize = 3;

/// What an alarm is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alarm {
    Life(NodeId),
    Loss(NodeId),
    Maintenance(NodeId),
    Wave(GroupId),
}

impl Simulation {
    pub(super) fn alarm_of(&self, slot: usize) -> Alarm {
        let nodes = self.machines.len().saturating_mul(ALARMS_PER_NODE);
        if let Some(group) = slot.checked_sub(nodes) {
            return Alarm::Wave(GroupId::from_index(group));
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
        match alarm {
            Alarm::Life(node) => of_node(node, 0),
            Alarm::Loss(node) => of_node(node, 1),
            Alarm::Maintenance(node) => of_node(node, 2),
            Alarm::Wave(group) => {
                self.machines.len().saturating_mul(ALARMS_PER_NODE).saturating_add(group.index())
            }
        }
    }

    pub(super) fn set_alarm(&mut self, alarm: Alarm, at: u64) {
        self.alarms.set(self.slot_of(alarm), at);
    }

    pub(super) fn clear_alarm(&mut self, alarm: Alarm) {
        self.alarms.clear(self.slot_of(alarm));
    }
}
