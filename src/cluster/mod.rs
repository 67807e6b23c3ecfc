//! The core: what happened goes in, what to do comes out.
//!
//! [`Cluster::handle`] takes one input at a time, steps the state machines, places the groups that
//! were touched and plans their operations from the state, never from memory of what was going on.
//! Each kind of work has its own room: `check` and `check_command` (what is refused),
//! `membership`, `operation`, `health`, `command`, `configure` (what inputs change), `settle`,
//! `placement`, `reconcile`, `orphan` (what follows from the state), `snapshot`, `what_if`, `why`
//! (questions).

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;

use crate::id::{GroupId, Names, OpId, ResourceId};
use crate::machine::{Budget, GroupState};
use crate::policy::FailoverPolicy;
use crate::spec::{ClusterSpec, Limits};
use crate::state::ClusterState;
use crate::time::Timestamp;

mod agenda;
mod caches;
mod check;
mod check_command;
mod command;
mod configure;
mod configure_running;
mod deadline;
mod digest;
mod drain;
mod error;
mod explain;
mod failback;
mod failed_nodes;
mod gate;
mod health;
mod input;
mod inquiry;
mod invariants;
mod inventory;
mod left;
mod life;
#[cfg(feature = "testkit")]
mod likeness;
mod membership;
mod movement;
mod naming;
mod operation;
mod orphan;
mod orphan_index;
mod output;
mod outstanding;
mod placement;
mod raised;
mod reason;
mod reconcile;
mod recovery;
mod restore;
mod resume;
mod room;
mod run;
mod running;
mod settle;
mod snapshot;
mod takeover;
mod tiers;
mod touched;
mod what_if;
mod why;
mod without_quorum;

pub use crate::state::Outcome;
pub use deadline::{Deadline, DeadlineReason};
pub use error::{InputError, UnknownReference};
pub use input::{Command, ConfigurationMoves, Input, LockHandling, ResumeFailback, WhenRefused};
pub use invariants::{Rule, Subject, Violation};
pub use life::Life;
pub use output::{Effect, Event, Output};
pub use reason::Reason;
pub use restore::RestoreError;
pub use run::Run;
pub use running::{Running, RunningState};
pub use snapshot::{Snapshot, SnapshotV1};
pub use what_if::{Fate, Plan, PlanEnd, PlannedGroup, PlannedOperation, WhatIfError};

use caches::Caches;
use check::Accepted;
#[cfg(feature = "sim")]
pub(crate) use digest::PortableHasher;

/// A failover cluster: its declaration, its state and its policy.
///
/// The contract with the embedder is one loop: hand in one input, drain
/// [`poll_output`](Self::poll_output) until it is empty, set a timer for
/// [`poll_timeout`](Self::poll_timeout), wait for the next input or the timer. Equal inputs at
/// equal times give equal outputs and a bit-identical state, on every platform.
#[derive(Clone)]
pub struct Cluster {
    spec: Arc<ClusterSpec>,
    policy: Arc<dyn FailoverPolicy>,
    state: ClusterState,
    caches: Caches,
    outputs: VecDeque<Output>,
    /// The declarations that outputs still in the queue have their ids of, one for each change of
    /// configuration among them, oldest first.
    earlier_specs: VecDeque<Arc<ClusterSpec>>,
    /// The first thing that never happens, if it has happened. No part of the state: replicas that
    /// differ in it alone are equal, and a snapshot leaves it behind.
    fault: Option<Violation>,
}

impl Cluster {
    /// A cluster that has just been declared: every node is down, nothing runs. A time beyond
    /// [`Timestamp::LATEST`] counts as that one.
    #[must_use]
    pub fn new(spec: ClusterSpec, policy: impl FailoverPolicy + 'static, now: Timestamp) -> Self {
        let state = ClusterState::new(&spec, now.min(Timestamp::LATEST));
        Self::assemble(Arc::new(spec), Arc::new(policy), state)
    }

    /// A cluster with this state; everything derived is built anew.
    pub(crate) fn assemble(
        spec: Arc<ClusterSpec>,
        policy: Arc<dyn FailoverPolicy>,
        state: ClusterState,
    ) -> Self {
        let caches = Caches::of(&spec, &state);
        let (outputs, earlier_specs) = (VecDeque::new(), VecDeque::new());
        let mut cluster = Self { spec, policy, state, caches, outputs, earlier_specs, fault: None };
        cluster.plan_caches();
        cluster
    }

    /// Takes in what happened at `now`, or what an operator asks for, and then does what is due
    /// at `now`.
    ///
    /// # Errors
    ///
    /// An input that is wrong or not possible now, with the reason. Nothing has changed then, and
    /// nothing is put out.
    ///
    /// # Panics
    ///
    /// Only if the policy does. The cluster is half changed then: whoever catches the panic throws it
    /// away and restores the last snapshot.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<(), InputError> {
        let checked = self.check(now, input);
        if checked.is_err() && seeded!(RefusalLeavesTrace) {
            self.state.inputs = self.state.inputs.saturating_add(1);
        }
        let accepted = checked?;
        let since = self.state.now;
        self.advance(now);
        if matches!(accepted, Accepted::Resumed) {
            self.arm_anew(since);
        }
        // Deadlines are told as of now: what has passed is done, or it would be forgotten.
        self.touch_what_is_due();
        self.apply(accepted);
        self.settle();
        Ok(())
    }

    /// Does what is due at `now`.
    ///
    /// Call it when [`poll_timeout`](Self::poll_timeout) says so. More calls, earlier ones and
    /// ones with an old time do no harm: where nothing is due nothing changes, not even the time. A
    /// time beyond [`Timestamp::LATEST`] is ignored.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if now < self.state.now
            || now > Timestamp::LATEST
            || self.is_exhausted()
            || self.caches.agenda.first().is_none_or(|(at, _)| at > now)
        {
            return;
        }
        self.advance(now);
        self.touch_what_is_due();
        self.settle();
    }

    /// The next thing to do or to know, in causal order.
    ///
    /// Ids are those of the configuration in which it arose: up to
    /// [`Event::ConfigurationChanged`], of the earlier one. Whoever wants names takes
    /// [`poll_named_output`](Self::poll_named_output), which minds that.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front()?;
        if matches!(output, Output::Event(Event::ConfigurationChanged { .. })) {
            self.earlier_specs.pop_front();
        }
        Some(output)
    }

    /// The same by names: those of the configuration in which it arose, so that what is said of an
    /// evicted node has its name.
    #[must_use]
    pub fn poll_named_output(&mut self) -> Option<Output<Names>> {
        let spec = Arc::clone(self.earlier_specs.front().unwrap_or(&self.spec));
        Some(spec.named(self.poll_output()?))
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, and why. Changes with every
    /// input.
    ///
    /// After an input or a timeout this is later than its time: what is overdue was done in that
    /// step. In a cluster that was just restored something may be due at once. It is never before
    /// the time of the last input, and a call at that moment always does something. `None` also
    /// stands where no input is taken in any more ([`InputError::CounterExhausted`]).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let (at, slot) = self.caches.agenda.first().filter(|_| !self.is_exhausted())?;
        let reason = self.deadline_reason(slot)?;
        Some(Deadline { at: at.max(self.state.now), reason })
    }

    /// Every operation that was asked for and has not ended, oldest first. After a restore these
    /// are to be carried out again.
    pub fn outstanding(&self) -> impl Iterator<Item = Effect> + '_ {
        self.caches.outstanding.iter().filter_map(|(_, target)| self.effect_of(target))
    }

    /// The declaration that is in force.
    #[must_use]
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// The same, to be kept.
    #[cfg(feature = "shared")]
    pub(crate) fn shared_spec(&self) -> Arc<ClusterSpec> {
        Arc::clone(&self.spec)
    }

    /// The state as of the last input.
    #[must_use]
    pub const fn state(&self) -> &ClusterState {
        &self.state
    }

    /// The state of a group, derived from its resources; offline for an id of another configuration.
    #[must_use]
    pub fn group_state(&self, group: GroupId) -> GroupState {
        self.state.group_state(&self.spec, group)
    }

    /// What is left at `now` of the restarts of a resource on its owner: by the threshold for starts if
    /// its last start failed, by the one for restarts otherwise.
    #[must_use]
    pub fn restart_budget(&self, resource: ResourceId, now: Timestamp) -> Option<Budget> {
        let settings = self.spec.resource(resource)?.settings();
        let record = self.state.resource(resource)?;
        Some(record.restart_budget(
            self.spec.settings().restart_window,
            now.max(self.state.now),
            (record.failed_while.threshold(settings), settings.restart_period),
        ))
    }

    /// What is left at `now` of the failovers of a group because of its resources.
    #[must_use]
    pub fn failover_budget(&self, group: GroupId, now: Timestamp) -> Option<Budget> {
        let settings = self.spec.group(group)?.settings();
        let record = self.state.group(group)?;
        let others = self.caches.membership.up.saturating_sub(1);
        let threshold = settings.failover_threshold.unwrap_or(others);
        let threshold = threshold.saturating_add(u32::from(seeded!(OneFailoverMore)));
        Some(record.failovers.budget(now.max(self.state.now), threshold, settings.failover_period))
    }

    /// The whole state with its declaration, in a form that every later version can read.
    ///
    /// Outputs that were not polled yet are no part of it: effects are
    /// [outstanding](Self::outstanding) in the restored cluster, events are lost. So poll first.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.spec, &self.state)
    }

    /// The cluster of a snapshot, which goes on where that one stood. Operations in flight are
    /// [outstanding](Self::outstanding) and to be carried out again. If time has passed since the
    /// last input, [`resume`](Self::resume) says so, or it counts against all that waits. Whose snapshot it is, is for
    /// the caller to know: [`Snapshot::cluster_name`].
    ///
    /// # Errors
    ///
    /// What is wrong with a snapshot that no cluster has written.
    pub fn restore(
        snapshot: Snapshot,
        policy: impl FailoverPolicy + 'static,
    ) -> Result<Self, RestoreError> {
        Self::restore_within(snapshot, policy, &Limits::default())
    }

    /// The same for clusters that exceed the default limits.
    ///
    /// # Errors
    ///
    /// What is wrong with a snapshot that no cluster has written.
    pub fn restore_within(
        snapshot: Snapshot,
        policy: impl FailoverPolicy + 'static,
        limits: &Limits,
    ) -> Result<Self, RestoreError> {
        let (spec, state) = restore::restore_state_within(snapshot, limits)?;
        Ok(Self::assemble(Arc::new(spec), Arc::new(policy), state))
    }

    /// A number that is equal for equal states, on every platform: replicas compare it.
    #[must_use]
    pub fn digest(&self) -> u64 {
        digest::digest(&self.spec, &self.state)
    }

    /// Checks what must hold after every input.
    ///
    /// Two things that must never happen leave nothing behind that could be checked: a change that
    /// the table of a state machine forbids is not made, and planning that comes to no end is broken
    /// off. Such a fault is kept, and returned from then on by this cluster and its clones; a cluster
    /// that is restored from a snapshot begins without one, and no digest tells of it.
    ///
    /// # Errors
    ///
    /// What does not hold. That is a defect of this crate, whatever the inputs were.
    pub fn check_invariants(&self) -> Result<(), Violation> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => self.check_state(),
        }
    }

    /// The state and what is derived from it.
    fn check_state(&self) -> Result<(), Violation> {
        invariants::check(&self.spec, &self.state)?;
        self.caches.check(&self.spec, &self.state)?;
        self.check_standings()?;
        self.check_timers()
    }

    /// Keeps the first fault.
    fn note_fault(&mut self, subject: Subject, rule: Rule) {
        self.fault.get_or_insert_with(|| Violation::new(subject, rule));
    }

    /// The policy, for whoever judges what comes of it.
    #[cfg(feature = "testkit")]
    pub(crate) fn policy(&self) -> &dyn FailoverPolicy {
        &*self.policy
    }

    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.state.now = now;
        self.state.inputs = self.state.inputs.saturating_add(1);
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn next_operation(&mut self) -> OpId {
        let operation = self.state.next_operation;
        self.state.next_operation = operation.next();
        operation
    }
}

/// What threads and tasks hand to each other.
const _: () = {
    const fn is_shareable<T: Send + Sync + 'static>() {}
    is_shareable::<Cluster>();
    is_shareable::<Input>();
    is_shareable::<InputError>();
    is_shareable::<Output>();
    is_shareable::<Plan>();
    is_shareable::<Snapshot>();
};

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.spec.name())
            .field("policy", &self.policy)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
