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
mod outputs;
mod quorum;
mod resources;
pub(crate) mod room;
mod rounds;
mod standings;
pub(crate) mod store;
mod timers;
mod work;

use crate::cluster::index::Index;
use crate::cluster::ledger::outputs::Outputs;
use crate::cluster::view::Facts;
use crate::cluster::words::{Effect, Event, Inconsistency, StateRule, StateSubject};
use crate::id::OpId;
use crate::spec::ClusterSpec;
use crate::state::ClusterState;
use crate::time::Timestamp;

/// The only way to write the state of a cluster, its indexes and its outputs. The ledger also holds
/// a reference to the declaration in force. That reference is independent of the parts that are
/// written, so a caller may keep it while it writes. The ledger does not know the policy.
pub(crate) struct Ledger<'a> {
    spec: &'a ClusterSpec,
    state: &'a mut ClusterState,
    index: &'a mut Index,
    outputs: &'a mut Outputs,
    fault: &'a mut Option<Inconsistency>,
}

impl<'a> Ledger<'a> {
    /// Returns the declaration.
    pub(crate) const fn spec(&self) -> &'a ClusterSpec {
        self.spec
    }

    /// Returns the facts, for questions about the present.
    pub(crate) const fn facts(&self) -> Facts<'_> {
        Facts { spec: self.spec, state: self.state, index: self.index }
    }

    /// Returns the present state.
    pub(crate) const fn state(&self) -> &ClusterState {
        self.state
    }

    /// Returns the indexes.
    pub(crate) const fn index(&self) -> &Index {
        self.index
    }

    /// Begins the next input, or the work that is due, at this time.
    pub(crate) const fn advance(&mut self, now: Timestamp) {
        self.state.now = now;
        self.state.inputs = self.state.inputs.saturating_add(1);
    }

    /// Adds an event to the outputs.
    pub(crate) fn emit(&mut self, event: Event) {
        self.outputs.add_event(event);
    }

    /// Adds an effect to the outputs.
    pub(super) fn request(&mut self, effect: Effect) {
        self.outputs.add_effect(effect);
    }

    /// Notes a fault of the core itself, unless an earlier one is noted already.
    pub(crate) fn note_fault(&mut self, subject: StateSubject, rule: StateRule) {
        self.fault.get_or_insert_with(|| Inconsistency::new(subject, rule));
    }

    /// Returns the number of the next operation, and counts it.
    pub(crate) const fn next_operation(&mut self) -> OpId {
        let operation = self.state.next_operation;
        self.state.next_operation = operation.next();
        operation
    }
}
