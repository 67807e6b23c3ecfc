//! The ledger: the only writer of the state, the indexes and the outputs.

mod drains;
mod failed_nodes;
mod fences;
mod groups;
mod inquiries;
mod left;
mod nodes;
mod operations;
mod orphans;
mod quorum;
mod resources;
pub(crate) mod room;
mod standings;
mod timers;
mod work;

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use crate::cluster::index::Index;
use crate::cluster::view::Facts;
use crate::cluster::words::{
    Effect, Event, Inconsistency, KeptOutputs, Output, StateRule, StateSubject,
};
use crate::id::OpId;
use crate::spec::ClusterSpec;
use crate::state::ClusterState;
use crate::time::Timestamp;

/// Outputs for which the queue keeps room when it is empty.
const OUTPUTS_KEPT: usize = 1_024;

/// The state of a cluster with its declaration, its indexes and the outputs in the queue. The
/// ledger knows no policy.
#[derive(Clone)]
pub(crate) struct Ledger {
    spec: Arc<ClusterSpec>,
    state: ClusterState,
    index: Index,
    outputs: VecDeque<Output>,
    /// The outputs that are wanted. This is no part of the state.
    kept: KeptOutputs,
    /// The earlier declarations whose ids are used by outputs in the queue, oldest first. There is
    /// one for each change of configuration in the queue.
    earlier_specs: VecDeque<Arc<ClusterSpec>>,
    /// The first fault of the core itself, if one was noted. It is no part of the state: replicas
    /// that differ only in it are equal, and a snapshot does not contain it.
    fault: Option<Inconsistency>,
}

impl Ledger {
    /// Creates a ledger with this state. The indexes that need planning are still empty.
    pub(crate) fn new(spec: Arc<ClusterSpec>, state: ClusterState) -> Self {
        let index = Index::of(&spec, &state);
        let (outputs, earlier_specs) = (VecDeque::new(), VecDeque::new());
        let kept = KeptOutputs::default();
        Self { spec, state, index, outputs, kept, earlier_specs, fault: None }
    }

    /// Returns the facts, for questions about the present.
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts { spec: &self.spec, state: &self.state, index: &self.index }
    }

    /// Returns the declaration, to be kept while the ledger is written to.
    pub(crate) fn shared_spec(&self) -> Arc<ClusterSpec> {
        Arc::clone(&self.spec)
    }

    /// Returns the declaration.
    pub(crate) fn spec(&self) -> &ClusterSpec {
        &self.spec
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
        if self.kept != KeptOutputs::Nothing {
            self.earlier_specs.push_back(earlier);
        }
    }

    /// Begins the next input, or the work that is due, at this time.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.state.now = now;
        self.state.inputs = self.state.inputs.saturating_add(1);
    }

    /// Adds an event to the outputs.
    pub(crate) fn emit(&mut self, event: Event) {
        match self.kept {
            KeptOutputs::All | KeptOutputs::Events => {
                self.outputs.push_back(Output::Event(event));
            }
            KeptOutputs::Nothing => {}
        }
    }

    /// Adds an effect to the outputs.
    pub(super) fn request(&mut self, effect: Effect) {
        match self.kept {
            KeptOutputs::All => self.outputs.push_back(Output::Effect(effect)),
            KeptOutputs::Events | KeptOutputs::Nothing => {}
        }
    }

    /// Changes which outputs are kept. Those in the queue that are not wanted any more are dropped.
    pub(crate) fn keep_outputs(&mut self, kept: KeptOutputs) {
        self.kept = kept;
        match kept {
            KeptOutputs::All => {}
            KeptOutputs::Events => {
                self.outputs.retain(|output| matches!(output, Output::Event(_)));
            }
            KeptOutputs::Nothing => self.forget_outputs(),
        }
    }

    /// Takes the next output out of the queue.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front()?;
        if matches!(output, Output::Event(Event::ConfigurationChanged { .. })) {
            self.earlier_specs.pop_front();
        }
        if self.outputs.is_empty() && self.outputs.capacity() > OUTPUTS_KEPT {
            // Something large happened. Not every input pays for the room that it took.
            self.outputs.shrink_to(OUTPUTS_KEPT);
        }
        Some(output)
    }

    /// Returns the declaration whose ids the next output uses.
    pub(crate) fn spec_of_next_output(&self) -> Arc<ClusterSpec> {
        Arc::clone(self.earlier_specs.front().unwrap_or(&self.spec))
    }

    /// Forgets all outputs in the queue.
    pub(crate) fn forget_outputs(&mut self) {
        self.outputs.clear();
        self.earlier_specs.clear();
    }

    /// Notes a fault of the core itself, unless an earlier one is noted already.
    pub(crate) fn note_fault(&mut self, subject: StateSubject, rule: StateRule) {
        self.fault.get_or_insert_with(|| Inconsistency::new(subject, rule));
    }

    /// Returns the number of the next operation, and counts it.
    pub(crate) fn next_operation(&mut self) -> OpId {
        let operation = self.state.next_operation;
        self.state.next_operation = operation.next();
        operation
    }
}
