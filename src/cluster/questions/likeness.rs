//! Hashes everything that the future of a cluster depends on, for exhaustive checks.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::time::Duration;

use crate::cluster::Cluster;
use crate::id::{NodeId, ResourceId};
use crate::machine::{FailureLog, NodeState, ResourceState};
use crate::settings::{Failback, Fencing, RestartWindow};
use crate::spec::GroupSpec;
use crate::state::{
    ClusterState, Doubt, Drain, FailedNode, FailedNodes, Fence, GroupRecord, NodeRecord, Operation,
    Orphan, OrphanState, Recovery, ResourceRecord, Turn,
};
use crate::time::{Timestamp, whole_millis};

impl Cluster {
    /// Feeds everything that the future of this cluster depends on.
    ///
    /// Two clusters with the same declaration and policy that feed equal data to the hasher are
    /// *alike*: if the same inputs are handed to both, both decide the same and stay alike. They
    /// may differ in values that have no effect on later decisions: the absolute time, the numbers
    /// of operations, epochs, incarnations and inputs, and times that are never compared again. So
    /// a checker that visits every state has to visit only one of several states that are alike.
    /// [`digest`](Self::digest) is different for them.
    ///
    /// `horizon` is a span of time. The checker must never let that much time pass; a deadline that
    /// is further away counts as one that never comes.
    ///
    /// A checker also has to compare its own records of operations, epochs and incarnations: which
    /// of them are outstanding or current in this cluster, and in which order they are. A policy
    /// that looks at times or epochs, as [`Ring`](crate::policy::Ring) with a seed does, can decide
    /// differently for clusters that are alike.
    pub fn hash_likeness(&self, horizon: Duration, hasher: &mut impl Hasher) {
        let view = View { cluster: self, horizon, now: self.store.state().now };
        view.whole(hasher);
        view.silence(hasher);
        for (index, record) in self.store.state().nodes.iter().enumerate() {
            view.node(NodeId::from_index(index), record, hasher);
        }
        for ((_, declared), record) in self.store.spec().groups().zip(&self.store.state().groups) {
            view.group(declared, record, hasher);
            for resource in declared.resources() {
                if let Some(record) = self.store.state().resource(resource) {
                    view.resource(resource, record, hasher);
                }
            }
        }
        self.store.state().orphans.len().hash(hasher);
        for ((node, resource), orphan) in &self.store.state().orphans {
            (node, resource).hash(hasher);
            view.orphan(orphan, hasher);
        }
    }
}

/// A cluster, and how far the checker looks ahead.
#[derive(Clone, Copy)]
struct View<'a> {
    cluster: &'a Cluster,
    horizon: Duration,
    now: Timestamp,
}

impl<'a> View<'a> {
    fn whole<H: Hasher>(self, hasher: &mut H) {
        // Named one by one, here and below, so that a field that is added cannot be forgotten.
        let ClusterState {
            now,
            // Counters without effect on later decisions.
            inputs: _,
            next_operation: _,
            configuration: _,
            // Hashed with the nodes that have not spoken.
            last_declared: _,
            witness,
            wall_clock,
            // Only the presence of a quorum counts, not its age.
            quorate_since,
            formed_at,
            resumed_at,
            nodes: _,
            groups: _,
            resources: _,
            orphans: _,
            occupancy: _,
        } = self.cluster.store.state();
        (witness, quorate_since.is_some(), formed_at.is_some()).hash(hasher);
        // At the very time of a resume no lease and no fence ends yet, and operations in flight get
        // their full time again.
        (*resumed_at == Some(*now)).hash(hasher);
        let wait = self.cluster.store.spec().settings().group_wait_delay;
        if let Some(formed_at) = formed_at {
            self.age(*formed_at, wait).hash(hasher);
        }
        // After that wait no group waits for its preferred owner until the cluster forms anew.
        if formed_at.is_none_or(|formed_at| self.now.since(formed_at) < wait) {
            for record in &self.cluster.store.state().groups {
                record.home_wait.hash(hasher);
            }
        }
        let has_windows = self
            .cluster
            .store
            .spec()
            .groups()
            .any(|(_, declared)| declared.settings().failback_window.is_some());
        if has_windows {
            // Measured against the wall clock every time is different.
            (now, wall_clock).hash(hasher);
        }
    }

    fn node<H: Hasher>(self, node: NodeId, record: &NodeRecord, hasher: &mut H) {
        let NodeRecord {
            state,
            // A name.
            incarnation: _,
            since,
            up_in_input,
            attraction,
            pause,
            drain,
            proof,
            fence,
            listed_in: _,
            inquiry,
            attributes,
        } = record;
        let Drain { status, mode, target, lock, since: drained_since } = drain;
        (state, attraction, pause, status, mode, target, lock).hash(hasher);
        attributes.hash(hasher);
        if self.has_tiers() {
            let wait = self.cluster.store.spec().settings().priority_wait;
            drained_since.map(|since| self.age(since, wait)).hash(hasher);
        }
        if *state == NodeState::Down {
            proof.hash(hasher);
        }
        let spec = self.cluster.store.spec();
        if let (NodeState::Unclean, Fencing::Lease { duration, margin }) =
            (state, spec.settings().fencing)
        {
            let end = since.after(duration).after(margin);
            self.wait(self.cluster.store.state().not_while_resuming(end)).hash(hasher);
        }
        for (declared, of) in self.returning_to(node) {
            (*up_in_input > of.placed_in_input).hash(hasher);
            self.age(*since, declared.settings().failback_hold_down).hash(hasher);
        }
        inquiry.map(|of| self.wait(self.cluster.facts().inquiry_end(of))).hash(hasher);
        let Fence { operation, retry_at, attempts } = fence;
        let settings = spec.settings();
        operation.map(|of| self.wait(self.cluster.facts().fence_end(of))).hash(hasher);
        // A time that has come has the effect of none.
        retry_at.filter(|at| *at > self.now).map(|at| self.wait(at)).hash(hasher);
        self.log(attempts, settings.fence_period, hasher);
    }

    /// Returns the groups that may fail back to a node, for which the time counts when the node
    /// came up: it is up and preferred to the owner. This is decided anew when the node comes up
    /// and when the owner changes.
    fn returning_to(self, node: NodeId) -> impl Iterator<Item = (&'a GroupSpec, &'a GroupRecord)> {
        let is_up = self.cluster.store.state().node_state(node) == NodeState::Up;
        let groups = self.cluster.store.spec().groups().zip(&self.cluster.store.state().groups);
        groups.filter_map(move |((_, declared), record)| {
            let mut better = declared
                .preferred_owners()
                .iter()
                .take_while(|preferred| Some(**preferred) != record.owner);
            let counts = is_up
                && declared.settings().failback == Failback::Allow
                && better.any(|preferred| *preferred == node);
            counts.then_some((declared, record))
        })
    }

    fn group<H: Hasher>(self, declared: &GroupSpec, record: &GroupRecord, hasher: &mut H) {
        let GroupRecord {
            owner,
            // A name.
            epoch,
            desired,
            ordered_in,
            default_owner,
            failovers,
            failed_on,
            movement,
            return_to,
            queued,
            lock,
            drained_from,
            last_failback,
            placed_at,
            // Hashed with the nodes.
            placed_in_input: _,
            // Hashed with the cluster.
            home_wait: _,
            room,
            turn,
            tenure,
        } = record;
        let settings = declared.settings();
        (owner, desired, default_owner, movement, return_to).hash(hasher);
        (queued, lock, drained_from, room, tenure).hash(hasher);
        ordered_in.map(|of| of.cmp(epoch)).filter(|of| of.is_ge()).hash(hasher);
        self.log(failovers, settings.failover_period, hasher);
        self.failed_nodes(failed_on, settings.failure_memory, hasher);
        let delay = match turn {
            Turn::Awaited => settings.start_delay,
            Turn::Over => Duration::ZERO,
        };
        self.age(*placed_at, delay).hash(hasher);
        // The time since the group began to come up among others counts, as it holds up others or
        // waits for them.
        if self.has_tiers() {
            let since = self.cluster.facts().comes_up_since(record);
            (turn, self.age(since, self.cluster.store.spec().settings().priority_wait))
                .hash(hasher);
        }
        if settings.failback_window.is_some() {
            (last_failback, placed_at).hash(hasher);
        }
    }

    /// Feeds the nodes on which a group failed, the longest ago first: they are compared with each
    /// other, and with the time for which a failure counts.
    fn failed_nodes<H: Hasher>(self, nodes: &FailedNodes, memory: Duration, hasher: &mut H) {
        let state = self.cluster.store.state();
        let is_present = |entry: &&FailedNode| {
            state.node(entry.node).is_some_and(|node| node.incarnation == entry.incarnation)
        };
        let mut entries: Vec<FailedNode> =
            nodes.entries().iter().filter(is_present).copied().collect();
        entries.sort_by_key(|entry| (entry.at, entry.node));
        entries.len().hash(hasher);
        let mut before = None;
        for FailedNode { node, incarnation: _, at, for_good } in entries {
            (node, for_good, before == Some(at), self.age(at, memory)).hash(hasher);
            before = Some(at);
        }
    }

    /// Feeds the nodes that have not said whether they run some resource, with these resources.
    fn silence<H: Hasher>(self, hasher: &mut H) {
        let (index, state) = (self.cluster.store.index(), self.cluster.store.state());
        for node in &index.silent {
            let Some(of) = state.node(*node) else { continue };
            node.hash(hasher);
            for record in &state.resources {
                crate::cluster::view::inquiries::may_run_unsaid(of, record).hash(hasher);
            }
        }
    }

    fn resource<H: Hasher>(self, resource: ResourceId, record: &ResourceRecord, hasher: &mut H) {
        let ResourceRecord {
            state,
            since,
            desired,
            maintenance,
            operation,
            late_start,
            doubt,
            restarts,
            // The clock of the restarts follows from this field.
            online_until: _,
            recovery,
            failed_while,
            run,
            started_at,
            retries,
            looked_alive_at,
            known_alive_at,
            // A diary.
            sequence: _,
            // Hashed with the nodes that have not spoken.
            declared_in: _,
            vouched,
        } = record;
        let Some(declared) = self.cluster.store.spec().resource(resource) else { return };
        let settings = declared.settings();
        (state, desired, maintenance, late_start, doubt, failed_while, run.is_some(), retries)
            .hash(hasher);
        vouched.hash(hasher);
        self.operation(*operation, hasher);
        let window = self.cluster.store.spec().settings().restart_window;
        let clock = record.restart_clock(window, self.now);
        Self { now: clock, ..self }.log(restarts, settings.restart_period, hasher);
        match recovery {
            Recovery::None => 0_u8.hash(hasher),
            Recovery::RestartAt(at) => (1_u8, self.wait(*at)).hash(hasher),
            Recovery::Failover => 2_u8.hash(hasher),
            Recovery::RetryAt { at, cause } => {
                (3_u8, at.map(|at| self.wait(at)), cause).hash(hasher);
            }
        }
        if *retries > 0 {
            // A resource that ran long enough begins a new count.
            let ran_since = match window {
                RestartWindow::Online => *since,
                RestartWindow::Clock => *started_at,
            };
            self.age(ran_since, settings.restart_period).hash(hasher);
        }
        match state {
            ResourceState::Online => {
                let thorough = settings.is_alive_interval.span();
                thorough.map(|span| self.age(*known_alive_at, span)).hash(hasher);
                let cheap = settings.looks_alive_interval.span();
                cheap.map(|span| self.age(*looked_alive_at, span)).hash(hasher);
            }
            ResourceState::InDoubt => {
                let owner = self.cluster.store.state().owner(declared.group());
                let is_asked = owner
                    .is_some_and(|node| self.cluster.store.state().node_state(node).is_member());
                // A lost owner is not asked; when it is back, or off, the doubt is over, or it is
                // asked at once. The wait begins anew when the operation in flight ends.
                if is_asked && operation.is_none() && *doubt != Doubt::Left {
                    let span = self.cluster.facts().probe_interval();
                    span.map(|span| self.age(*known_alive_at, span)).hash(hasher);
                }
            }
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::OnlinePending
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed => {}
        }
    }

    /// Feeds the state of an orphan and its operation in flight.
    pub(crate) fn orphan<H: Hasher>(self, orphan: &Orphan, hasher: &mut H) {
        let Orphan { state, operation } = orphan;
        match state {
            OrphanState::Running => 0_u8.hash(hasher),
            OrphanState::Stopping => 1_u8.hash(hasher),
            OrphanState::Terminating => 2_u8.hash(hasher),
            OrphanState::Unsettled => 4_u8.hash(hasher),
            OrphanState::InDoubt(since) => {
                let span = self.cluster.facts().probe_interval();
                (3_u8, span.map(|span| self.age(*since, span))).hash(hasher);
            }
        }
        self.operation(*operation, hasher);
    }

    /// Feeds an operation in flight: its kind and its age. Its name does not matter.
    fn operation<H: Hasher>(self, operation: Option<Operation>, hasher: &mut H) {
        let known = operation.map(|Operation { id: _, kind, issued_at, progress_at }| {
            (kind, self.now.since(issued_at), self.now.since(progress_at))
        });
        known.hash(hasher);
    }

    /// Feeds when each entry that counts leaves the window.
    fn log<H: Hasher>(self, log: &FailureLog, period: Duration, hasher: &mut H) {
        let counting = || log.entries().iter().filter(|at| self.now.since(**at) <= period);
        counting().count().hash(hasher);
        for entry in counting() {
            self.age(*entry, period).hash(hasher);
        }
    }

    /// Tells whether there are groups of higher and of lower priority, so that some wait for
    /// others.
    fn has_tiers(self) -> bool {
        self.cluster.store.index().tiers.is_some_and(|(lowest, highest)| lowest < highest)
    }

    /// Returns the milliseconds since a time that is compared to `now` less `span`. All older times
    /// count as equal, and if the horizon comes first, all times do.
    fn age(self, since: Timestamp, span: Duration) -> u64 {
        if span >= self.horizon {
            return 0;
        }
        whole_millis(self.now.since(since).min(span))
    }

    /// Returns the milliseconds until a time; none beyond the horizon.
    fn wait(self, until: Timestamp) -> Option<u64> {
        let span = until.since(self.now);
        (span < self.horizon).then(|| whole_millis(span))
    }
}
