//! The core decides again after a time in which nobody did.

use core::time::Duration;

use super::{Cluster, Input, InputError};
use crate::id::{NodeId, ResourceId};
use crate::state::{Operation, Orphan, OrphanState, Recovery};
use crate::time::Timestamp;

impl Cluster {
    /// Goes on after a time in which nobody decided: [`Input::CoreResumed`].
    ///
    /// Call it once after [`restore`](Self::restore), before anything else is handed in, with the
    /// present time. The time since the last input counts neither against an operation in flight,
    /// whose deadline is armed anew from `now`, nor against a restart, a retry, a probe or a health
    /// check, which are due that much later. Leases and fences went on, for the world did; but
    /// nothing comes of them at `now` itself. So hand in next, still at `now`, what membership
    /// reported meanwhile; then carry out again what is [outstanding](Self::outstanding), and set
    /// the timer for [`poll_timeout`](Self::poll_timeout). Leases that are over end 1 ms after
    /// `now`.
    ///
    /// Every call gives what is in flight all its time again; so call it for nothing else.
    ///
    /// # Errors
    ///
    /// A time that [`handle`](Self::handle) does not accept. Nothing has changed then.
    pub fn resume(&mut self, now: Timestamp) -> Result<(), InputError> {
        self.handle(now, Input::CoreResumed)
    }

    /// Nobody decided since that time: what waits is armed anew. Nothing of it is due now.
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
        let orphans: alloc::vec::Vec<_> = self
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
}

/// The operation with all its time again.
const fn armed(operation: Operation, now: Timestamp) -> Operation {
    Operation { issued_at: now, progress_at: now, ..operation }
}

/// What is going to be done, so much later.
fn later(recovery: Recovery, gap: Duration) -> Recovery {
    match recovery {
        Recovery::RestartAt(at) => Recovery::RestartAt(at.after(gap)),
        Recovery::RetryAt { at, cause } => {
            Recovery::RetryAt { at: at.map(|at| at.after(gap)), cause }
        }
        Recovery::None | Recovery::Failover => recovery,
    }
}
