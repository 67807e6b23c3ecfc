//! Snapshots, digests and checks of a cluster.

use alloc::sync::Arc;

use crate::cluster::{Cluster, Inconsistency, RestoreError, Snapshot, keep};
use crate::policy::FailoverPolicy;
use crate::spec::Limits;

impl Cluster {
    /// Returns the whole state with its declaration, in a form that every later version can read.
    ///
    /// Outputs that were not polled yet are no part of it: effects are
    /// [outstanding](Self::outstanding) in the restored cluster, events are lost. So poll first.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.store.spec(), self.store.state(), &*self.policy)
    }

    /// Returns the cluster of a snapshot, which goes on where that one stood. Operations in flight
    /// are [outstanding](Self::outstanding) and to be carried out again. If time has passed since
    /// the last input, call [`resume`](Self::resume), or that time counts against everything that
    /// waits. The caller has to know which cluster the snapshot is of: [`Snapshot::cluster_name`].
    ///
    /// # Errors
    ///
    /// The fault of a snapshot that no cluster can have written, that a later release wrote, or that
    /// is of a cluster under another policy.
    pub fn restore(
        snapshot: Snapshot,
        policy: impl FailoverPolicy + 'static,
    ) -> Result<Self, RestoreError> {
        Self::restore_within(snapshot, policy, &Limits::default())
    }

    /// Restores a cluster as [`restore`](Self::restore) does, within other limits than the default
    /// ones.
    ///
    /// # Errors
    ///
    /// Those of [`restore`](Self::restore).
    pub fn restore_within(
        snapshot: Snapshot,
        policy: impl FailoverPolicy + 'static,
        limits: &Limits,
    ) -> Result<Self, RestoreError> {
        keep::restore::check_rules(&snapshot, &policy)?;
        let (spec, state) = keep::restore::restore_state_within(snapshot, limits)?;
        Ok(Self::assemble(Arc::new(spec), Arc::new(policy), state))
    }

    /// Returns a number that is equal for equal states, equal policies and equal
    /// [behaviour](Self::BEHAVIOUR), on every platform: replicas compare it.
    #[must_use]
    pub fn digest(&self) -> u64 {
        keep::digest::digest(self.store.spec(), self.store.state(), &self.policy.name())
    }

    /// Checks everything that must hold after every input.
    ///
    /// Two faults that must never happen leave nothing behind that could be checked: a change that
    /// the table of a state machine forbids is not made, and planning that comes to no end is
    /// broken off. Such a fault is kept, and returned from then on by this cluster and its clones;
    /// a cluster that is restored from a snapshot begins without one, and it is no part of the
    /// digest.
    ///
    /// # Errors
    ///
    /// The rule that does not hold. That is a defect of this crate, whatever the inputs were.
    pub fn check_invariants(&self) -> Result<(), Inconsistency> {
        match self.store.fault() {
            Some(fault) => Err(fault.clone()),
            None => self.check_state(),
        }
    }

    /// Checks the state and everything that is derived from it.
    fn check_state(&self) -> Result<(), Inconsistency> {
        keep::invariants::check(self.store.spec(), self.store.state())?;
        self.store.index().check(self.store.spec(), self.store.state())?;
        self.facts().check_standings()?;
        self.facts().check_calm()?;
        self.view().check_timers()
    }
}
