//! The store: all that a cluster keeps, from which a ledger borrows.

use alloc::sync::Arc;

use crate::cluster::index::Index;
use crate::cluster::ledger::Ledger;
use crate::cluster::ledger::outputs::Outputs;
use crate::cluster::view::Facts;
use crate::cluster::words::{Inconsistency, KeptOutputs, Output};
use crate::spec::ClusterSpec;
use crate::state::ClusterState;

/// The declaration of a cluster, its state, its indexes and its outputs in the queue. Only a
/// [`Ledger`] writes to the state.
#[derive(Clone)]
pub(crate) struct Store {
    spec: Arc<ClusterSpec>,
    state: ClusterState,
    index: Index,
    outputs: Outputs,
    /// The first fault of the core itself, if one was noted. It is no part of the state: replicas
    /// that differ only in it are equal, and a snapshot does not contain it.
    fault: Option<Inconsistency>,
}

impl Store {
    /// Creates a store of this state. The indexes that need planning are still empty.
    pub(crate) fn new(spec: Arc<ClusterSpec>, state: ClusterState) -> Self {
        let index = Index::of(&spec, &state);
        Self { spec, state, index, outputs: Outputs::default(), fault: None }
    }

    /// Returns a ledger that writes to this store. It has the declaration that is in force now, so
    /// [`replace`](Self::replace) waits until nobody writes.
    pub(crate) fn ledger(&mut self) -> Ledger<'_> {
        Ledger {
            spec: &self.spec,
            state: &mut self.state,
            index: &mut self.index,
            outputs: &mut self.outputs,
            fault: &mut self.fault,
        }
    }

    /// Returns the facts, for questions about the present.
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts { spec: &self.spec, state: &self.state, index: &self.index }
    }

    /// Returns the declaration.
    pub(crate) fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Returns the declaration, for callers that keep it beyond the next input.
    pub(crate) fn shared_spec(&self) -> Arc<ClusterSpec> {
        Arc::clone(&self.spec)
    }

    /// Returns the present state.
    pub(crate) const fn state(&self) -> &ClusterState {
        &self.state
    }

    /// Returns the indexes.
    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    /// Returns the indexes, for tests that break them.
    #[cfg(test)]
    pub(crate) const fn index_mut(&mut self) -> &mut Index {
        &mut self.index
    }

    /// Returns the first fault of the core itself, if one was noted.
    pub(crate) const fn fault(&self) -> Option<&Inconsistency> {
        self.fault.as_ref()
    }

    /// Puts another declaration in force, with the state that belongs to it. The outputs stay in
    /// the queue. The indexes that need planning are empty afterwards.
    pub(crate) fn replace(&mut self, spec: Arc<ClusterSpec>, state: ClusterState) {
        self.index = Index::of(&spec, &state);
        self.state = state;
        let earlier = core::mem::replace(&mut self.spec, spec);
        self.outputs.note_earlier_spec(earlier);
    }

    /// Changes which outputs are kept. Those in the queue that are not wanted any more are dropped.
    pub(crate) fn keep_outputs(&mut self, kept: KeptOutputs) {
        self.outputs.keep(kept);
    }

    /// Takes the next output out of the queue.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.poll()
    }

    /// Returns the declaration whose ids the next output uses.
    pub(crate) fn spec_of_next_output(&self) -> Arc<ClusterSpec> {
        Arc::clone(self.outputs.spec_of_next().unwrap_or(&self.spec))
    }

    /// Forgets all outputs in the queue.
    pub(crate) fn forget_outputs(&mut self) {
        self.outputs.forget();
    }
}
