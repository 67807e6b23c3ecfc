//! Deadlines and the clock.

use alloc::vec::Vec;
use core::time::Duration;

use crate::cluster::index::agenda::Slot;
use crate::cluster::ledger::Ledger;
use crate::id::{NodeId, ResourceId};
use crate::state::{Operation, Orphan, OrphanState, Recovery};
use crate::time::{Timestamp, WallClock};

impl Ledger<'_> {
    /// Touches the groups that fail back within hours of the local day, because the clock was set
    /// and their deadlines changed.
    pub(crate) fn touch_failback_groups(&mut self) {
        let windowed = core::mem::take(&mut self.index.windowed);
        for group in &windowed {
            self.touch(*group);
        }
        self.index.windowed = windowed;
    }

    /// Sets the timer of a resource to its next deadline, or removes it if there is none.
    pub(crate) fn schedule_resource(&mut self, resource: ResourceId) {
        let at = self.facts().resource_deadline(resource).map(|(at, _)| at);
        self.index.agenda.set(Slot::Resource(resource), at);
    }

    /// Sets the timer of a node to its next deadline, or removes it if there is none.
    pub(crate) fn schedule_node(&mut self, node: NodeId) {
        let at = self.facts().node_deadline(node).map(|(at, _)| at);
        self.index.agenda.set(Slot::Node(node), at);
    }

    /// Gives everything that waits its whole time again, because nobody decided since this time.
    /// Nothing of it is due now.
    pub(crate) fn arm_anew(&mut self, since: Timestamp) {
        let now = self.state.now;
        let gap = now.since(since);
        if seeded!(DowntimeCounts) {
            return;
        }
        if !seeded!(ResumeEndsLeases) {
            self.state.resumed_at = Some(now);
        }
        for record in &mut self.state.resources {
            record.operation = record.operation.map(|operation| armed(operation, now));
            record.recovery = later(record.recovery, gap);
            record.looked_alive_at = record.looked_alive_at.after(gap);
            record.known_alive_at = record.known_alive_at.after(gap);
        }
        for record in &mut self.state.nodes {
            record.inquiry = record.inquiry.map(|operation| armed(operation, now));
        }
        let orphans: Vec<_> = self
            .state
            .orphans()
            .map(|(node, resource, orphan)| (node, resource, *orphan))
            .collect();
        for (node, resource, Orphan { state, operation }) in orphans {
            let state = match state {
                OrphanState::InDoubt(since) => OrphanState::InDoubt(since.after(gap)),
                OrphanState::Running
                | OrphanState::Unsettled
                | OrphanState::Stopping
                | OrphanState::Terminating => state,
            };
            let operation = operation.map(|operation| armed(operation, now));
            self.set_orphan(node, resource, Some(Orphan { state, operation }));
        }
        for index in 0..self.state.resources.len() {
            self.schedule_resource(ResourceId::from_index(index));
        }
        for index in 0..self.state.nodes.len() {
            self.schedule_node(NodeId::from_index(index));
        }
    }

    /// Touches everything whose deadline has come. Tells whether there was anything.
    pub(crate) fn touch_what_is_due(&mut self) -> bool {
        let mut is_any = false;
        while let Some((at, slot)) = self.index.agenda.first() {
            if at > self.state.now {
                break;
            }
            is_any = true;
            // Planning sets the next deadline.
            self.index.agenda.set(slot, None);
            match slot {
                Slot::Node(node) => self.index.touched.add_node(node),
                Slot::Group(group) => self.touch(group),
                Slot::Resource(resource) => self.touch_resource(resource),
            }
        }
        is_any
    }

    /// Sets the deadline of a node, a group or a resource, or takes it away.
    pub(crate) fn set_deadline(&mut self, slot: Slot, at: Option<Timestamp>) {
        self.index.agenda.set(slot, at);
    }

    /// Sets the present time of the local clock.
    pub(crate) fn set_wall_clock(&mut self, reading: WallClock) {
        self.state.wall_clock = Some((self.state.now, reading));
    }
}

/// Returns the operation with all its time again.
const fn armed(operation: Operation, now: Timestamp) -> Operation {
    Operation { issued_at: now, progress_at: now, ..operation }
}

/// Returns the plan for a failed resource, later by this gap.
fn later(recovery: Recovery, gap: Duration) -> Recovery {
    match recovery {
        Recovery::RestartAt(at) => Recovery::RestartAt(at.after(gap)),
        Recovery::RetryAt { at, cause } => {
            Recovery::RetryAt { at: at.map(|at| at.after(gap)), cause }
        }
        Recovery::None | Recovery::Failover => recovery,
    }
}
