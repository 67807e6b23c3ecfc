//! The core: what happened goes in, what to do comes out.
//!
//! [`Cluster::handle`] takes one [`Input`] at a time, and [`Cluster::poll_output`] hands out what
//! follows from it: effects to carry out and events to know. Everything else here is what inputs and
//! outputs are made of, and questions: [`Cluster::why`], [`Cluster::explain`],
//! [`Cluster::what_if`].

// `check` refuses an input or says what was accepted; `inputs` has the ledger write the changes;
// `settle` plans every node and group that was touched, from the state and never from memory of
// earlier steps, until nothing is left to do. `view` answers questions about the present and can
// change nothing, `ledger` is the only writer, `index` holds everything that is derived from the
// state, `words` has the inputs and outputs. `questions` has a copy of the cluster answer, and `keep`
// stores and compares clusters.

use alloc::sync::Arc;
use core::fmt;

use crate::id::{GroupId, Names, NodeId, OpId, ResourceId};
use crate::machine::{Budget, GroupState};
use crate::policy::{FailoverPolicy, Shelf};
use crate::spec::ClusterSpec;
use crate::state::ClusterState;
use crate::time::Timestamp;

mod check;
mod configurations;
mod index;
mod inputs;
mod keep;
mod ledger;
mod policies;
mod questions;
mod settle;
mod storage;
pub(crate) mod view;
mod words;

pub use crate::state::{DrainMode, LockHandling, MoveFailure, Outcome};
pub use keep::digest::PortableHasher;
pub use keep::{RestoreError, Snapshot, SnapshotV1};
pub use questions::{
    Fate, Forecast, ForecastBlocked, ForecastDrain, ForecastEnd, ForecastGroup, ForecastOperation,
};
pub use words::{
    ClearGroupFailures, Command, ConfigurationMoves, Configure, Deadline, DeadlineReason,
    DrainNode, DrainObstacle, Effect, Event, Inconsistency, Input, InputError, Inventory,
    KeptOutputs, Life, MoveGroup, NamedInputError, Output, Reason, ResourceReport, ResumeFailback,
    ResumeNode, Run, Running, RunningState, StateRule, StateSubject, Switch, Translate,
    UnknownReference, WhenRefused,
};

use check::accepted::Accepted;
use ledger::store::Store;
use settle::planner::Planner;
use view::{Facts, View};

/// A failover cluster: its declaration, its state and its policy.
///
/// The contract with the embedder is one loop: hand in one input, drain
/// [`poll_output`](Self::poll_output) until it is empty, set a timer for
/// [`poll_timeout`](Self::poll_timeout), wait for the next input or the timer. Equal inputs at
/// equal times give equal outputs and a bit-identical state, on every platform.
#[derive(Clone)]
pub struct Cluster {
    policy: Arc<dyn FailoverPolicy>,
    /// The policies that may be put in force. They are no part of the state.
    offered: Shelf,
    store: Store,
}

impl Cluster {
    /// The number of the rules by which this release decides. It grows with every release that
    /// decides otherwise for the same inputs. It is part of [`digest`](Self::digest) and of every
    /// snapshot; a snapshot of a later number is refused.
    pub const BEHAVIOUR: u32 = keep::BEHAVIOUR;

    /// Returns a cluster that has just been declared: every node is down, nothing runs. A time
    /// beyond [`Timestamp::LATEST`] counts as that one.
    #[must_use]
    pub fn new(spec: ClusterSpec, policy: impl FailoverPolicy + 'static, now: Timestamp) -> Self {
        let state = ClusterState::new(&spec, now.min(Timestamp::LATEST));
        Self::assemble(Arc::new(spec), Arc::new(policy), state)
    }

    /// Returns a cluster with this state; everything derived is built anew.
    pub(crate) fn assemble(
        spec: Arc<ClusterSpec>,
        policy: Arc<dyn FailoverPolicy>,
        state: ClusterState,
    ) -> Self {
        let mut cluster =
            Self { policy, offered: Shelf::default(), store: Store::new(spec, state) };
        cluster.planner().plan_indexes();
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
    /// Panics only if the policy does. The cluster is half changed then: a caller that catches the
    /// panic throws the cluster away and restores the last snapshot.
    pub fn handle(&mut self, now: Timestamp, input: impl Into<Input>) -> Result<(), InputError> {
        self.take_in(now, input.into())
    }

    /// Takes in an input by names, as [`handle`](Self::handle) does one by ids. The outputs by names
    /// are those of [`poll_named_output`](Self::poll_named_output).
    ///
    /// # Errors
    ///
    /// A name that is not declared, or an input that is wrong or not possible now. Nothing has
    /// changed then, and nothing is put out.
    ///
    /// # Panics
    ///
    /// As [`handle`](Self::handle).
    pub fn handle_named(
        &mut self,
        now: Timestamp,
        input: impl Into<Input<Names>>,
    ) -> Result<(), NamedInputError> {
        let input = self.spec().resolve(input.into())?;
        self.take_in(now, input).map_err(|error| self.spec().named(error).into())
    }

    fn take_in(&mut self, now: Timestamp, input: Input) -> Result<(), InputError> {
        let checked = self.view().check(now, input, &self.offered);
        if checked.is_err() && seeded!(RefusalLeavesTrace) {
            let now = self.store.state().now;
            self.store.ledger().advance(now);
        }
        let accepted = checked?;
        let since = self.store.state().now;
        let mut ledger = self.store.ledger();
        ledger.advance(now);
        if matches!(accepted, Accepted::Resumed) {
            ledger.arm_anew(since);
        }
        // Deadlines are judged by the time of this input: those that have passed are dealt with
        // first, or they would be forgotten.
        ledger.touch_what_is_due();
        if let Accepted::Policy(policy) = accepted {
            self.put_in_force(policy);
        } else if let Accepted::Configuration(configuration) = accepted {
            self.reconfigure(*configuration);
        } else {
            self.planner().apply(accepted);
        }
        self.planner().settle();
        Ok(())
    }

    /// Goes on after a time in which the core did not run: [`Input::CoreResumed`].
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
    /// Every call gives operations in flight their whole time again; so call it for nothing else.
    ///
    /// # Errors
    ///
    /// A time that [`handle`](Self::handle) does not accept. Nothing has changed then.
    pub fn resume(&mut self, now: Timestamp) -> Result<(), InputError> {
        self.take_in(now, Input::CoreResumed)
    }

    /// Does what is due at `now`.
    ///
    /// Call it when [`poll_timeout`](Self::poll_timeout) says so. More calls, earlier ones and
    /// ones with an old time do no harm: where nothing is due nothing changes, not even the time. A
    /// time beyond [`Timestamp::LATEST`] is ignored.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if now < self.store.state().now
            || now > Timestamp::LATEST
            || self.facts().is_exhausted()
            || self.store.index().agenda.first().is_none_or(|(at, _)| at > now)
        {
            return;
        }
        let mut planner = self.planner();
        planner.ledger.advance(now);
        planner.ledger.touch_what_is_due();
        planner.settle();
    }

    /// Returns the next effect or event, in causal order.
    ///
    /// Ids are those of the configuration in which the output arose: up to
    /// [`Event::ConfigurationChanged`], of the earlier one.
    /// [`poll_named_output`](Self::poll_named_output) minds that and gives names.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.store.poll_output()
    }

    /// Returns the next effect or event as [`poll_output`](Self::poll_output) does, with the names
    /// of the configuration in which it arose, so that an evicted node still has its name.
    #[must_use]
    pub fn poll_named_output(&mut self) -> Option<Output<Names>> {
        let spec = self.store.spec_of_next_output();
        Some(spec.named(self.poll_output()?))
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) next, and why. This changes
    /// with every input.
    ///
    /// After an input or a timeout the deadline is later than its time: everything overdue was done
    /// in that step. In a cluster that was just restored something may be due at once. The deadline
    /// is never before the time of the last input, and a call at that moment always does something.
    /// It is `None` if there is nothing to wait for, or if no input is taken in any more
    /// ([`InputError::CounterExhausted`]).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let (at, slot) =
            self.store.index().agenda.first().filter(|_| !self.facts().is_exhausted())?;
        let reason = self.view().deadline_reason(slot)?;
        Some(Deadline { at: at.max(self.store.state().now), reason })
    }

    /// Returns every operation that was asked for and has not ended, oldest first. After a restore
    /// these are to be carried out again.
    pub fn outstanding(&self) -> impl Iterator<Item = Effect> + '_ {
        self.store
            .index()
            .outstanding
            .iter()
            .filter_map(|(_, target)| self.facts().effect_of(target))
    }

    /// Returns the operations in flight that a node carries out, oldest first. A fence is carried
    /// out by no node: it is among the [`outstanding_fences`](Self::outstanding_fences). The cost
    /// is in proportion to the operations on the node.
    pub fn outstanding_on(&self, node: NodeId) -> impl Iterator<Item = Effect> + '_ {
        let targets = self.store.index().outstanding.on(node);
        targets.filter_map(|target| self.facts().effect_of(target))
    }

    /// Returns the fences in flight, oldest first. [`Effect::node`] is the node to fence.
    pub fn outstanding_fences(&self) -> impl Iterator<Item = Effect> + '_ {
        let targets = self.store.index().outstanding.fences();
        targets.filter_map(|target| self.facts().effect_of(target))
    }

    /// Tells whether an operation was asked for and has not ended. Ask this again just before power
    /// is taken away from a node: the fence may be superseded by now.
    #[must_use]
    pub fn is_outstanding(&self, operation: OpId) -> bool {
        self.store.index().outstanding.target(operation).is_some()
    }

    /// Chooses which outputs are kept for [`poll_output`](Self::poll_output). Those in the queue
    /// that are not wanted any more are dropped. The choice changes no decision, and is no part of
    /// a digest or of a snapshot; a restored cluster keeps all.
    pub fn keep_outputs(&mut self, kept: KeptOutputs) {
        self.store.keep_outputs(kept);
    }

    /// Returns the declaration that is in force.
    #[must_use]
    pub fn spec(&self) -> &ClusterSpec {
        self.store.spec()
    }

    /// Returns the declaration that is in force, for callers that keep it.
    #[cfg(feature = "shared")]
    pub(crate) fn shared_spec(&self) -> Arc<ClusterSpec> {
        self.store.shared_spec()
    }

    /// Returns the state as of the last input.
    #[must_use]
    pub const fn state(&self) -> &ClusterState {
        self.store.state()
    }

    /// Returns the state of a group, derived from its resources; offline for an id of another
    /// configuration.
    #[must_use]
    pub fn group_state(&self, group: GroupId) -> GroupState {
        self.store.state().group_state(self.store.spec(), group)
    }

    /// Returns the restarts of a resource on its owner that are left at `now`: by the threshold for
    /// starts if its last start failed, by the one for restarts otherwise.
    #[must_use]
    pub fn restart_budget(&self, resource: ResourceId, now: Timestamp) -> Option<Budget> {
        self.facts().restart_budget(resource, now)
    }

    /// Returns the failovers of a group because of its resources that are left at `now`.
    #[must_use]
    pub fn failover_budget(&self, group: GroupId, now: Timestamp) -> Option<Budget> {
        self.facts().failover_budget(group, now)
    }

    /// Returns the one current reason why a group that should be online is not; `None` if
    /// everything of it that is wanted is online, or nothing is wanted, or there is no such group.
    #[must_use]
    pub fn why(&self, group: GroupId) -> Option<Reason> {
        self.facts().why(group)
    }

    /// Returns the policy that chooses the node of a group. [`Command::ChangePolicy`] replaces it.
    #[must_use]
    pub fn policy(&self) -> &dyn FailoverPolicy {
        &*self.policy
    }

    /// Returns a copy of this cluster with its clock at a later time, for questions whose answer
    /// depends on the time. Nothing that is due in between is decided. A time that is not later, or
    /// is after [`Timestamp::LATEST`], leaves the clock as it is.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        let mut later = self.clone();
        if now > self.store.state().now && now <= Timestamp::LATEST {
            later.store.ledger().advance(now);
        }
        later
    }

    /// Returns the facts, for questions about the present.
    pub(crate) fn facts(&self) -> Facts<'_> {
        self.store.facts()
    }

    /// Returns the facts with the policy.
    pub(crate) fn view(&self) -> View<'_> {
        View { facts: self.facts(), policy: &*self.policy }
    }

    fn planner(&mut self) -> Planner<'_> {
        Planner { ledger: self.store.ledger(), policy: &*self.policy }
    }
}

/// Checks that threads and tasks can hand these types to each other.
const _: () = {
    const fn is_shareable<T: Send + Sync + 'static>() {}
    is_shareable::<Cluster>();
    is_shareable::<Input>();
    is_shareable::<InputError>();
    is_shareable::<Output>();
    is_shareable::<Snapshot>();
};

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.store.spec().name())
            .field("policy", &self.policy)
            .field("state", self.store.state())
            .finish_non_exhaustive()
    }
}
