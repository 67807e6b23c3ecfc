//! Events of the core that tell why a group is down.

use super::Wave;
use crate::causes::Cause;
use crate::simulation::{Alarm, Simulation};
use quorate::cluster::Reason;
use quorate::state::MovementCause;
use quorate::{GroupId, NodeId};

impl Simulation {
    pub(in crate::simulation) fn note_move(&mut self, group: GroupId, cause: MovementCause) {
        let Some(service) = self.service(group) else { return };
        service.leaves_for = match cause {
            MovementCause::Drain => {
                service.is_away_as_planned = true;
                Cause::Planned
            }
            MovementCause::Failback if service.is_away_as_planned => Cause::Planned,
            MovementCause::Failback
            | MovementCause::Start
            | MovementCause::Configuration
            | MovementCause::ResourceFailure
            | MovementCause::NodeFailure
            | MovementCause::Operator
            | MovementCause::Return => Cause::Failback,
            // A later version may know more causes.
            _ => Cause::Failback,
        };
    }

    /// Takes note that a node is known to be off. Groups that went down with it and found no other
    /// node wait for one, even if the core reported that long ago.
    pub(in crate::simulation) fn note_homeless(&mut self, node: NodeId) {
        for group in self.down_with(node) {
            if let Some(
                Reason::NoCandidate | Reason::NotAdmitted { .. } | Reason::OwnerPaused { .. },
            ) = self.cluster.why(group)
            {
                self.note_no_place(group);
            }
        }
    }

    /// Takes note that there is no node for a group: its failover so far was a wait for one.
    pub(in crate::simulation) fn note_no_place(&mut self, group: GroupId) {
        let now = self.now;
        let Some(service) = self.service(group) else { return };
        // A group that was put out by maintenance was not moving to another node.
        if service.is_serving() || service.down == Some(Cause::Planned) {
            return;
        }
        service.blame(now, Cause::Waiting);
        service.ends_at = None;
        let vain = core::mem::take(&mut service.entry.down.failover);
        let waiting = &mut service.entry.down.waiting;
        *waiting = waiting.saturating_add(vain);
    }

    /// Takes note of a lost quorum: nothing may start any more, and what runs is stopped at once.
    pub(in crate::simulation) fn note_no_quorum(&mut self) {
        for index in 0..self.services.len() {
            let group = GroupId::from_index(index);
            let now = self.now;
            let Some(service) = self.service(group) else { continue };
            if service.is_serving() {
                continue;
            }
            service.blame(now, Cause::Waiting);
            service.ends_at = None;
            if service.wave != Wave::None {
                service.wave = Wave::Stops(now);
                let slot = self.slot_of(Alarm::Wave(group));
                if self.alarms.is_set(slot) {
                    self.alarms.set(slot, now);
                }
            }
        }
    }
}
