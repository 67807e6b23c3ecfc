//! Quorum, gained and lost.

use crate::cluster::ledger::Ledger;
use crate::cluster::words::Event;
use crate::machine::NodeState;
use crate::quorum::{self, WitnessState};
use crate::settings::{ColdStart, DesiredState, NoQuorum};
use crate::state::Turn;

impl Ledger<'_> {
    /// Makes the groups wait for an operator that are not to start by themselves when the cluster
    /// forms.
    fn hold_back_at_cold_start(&mut self) {
        for ((_, declared), record) in self.spec.groups().zip(&mut self.state.groups) {
            if declared.settings().cold_start == ColdStart::DontStart {
                record.desired = DesiredState::Offline;
            }
        }
        for (group, _) in self.spec.groups() {
            self.review_room(group);
        }
    }

    /// Lets the groups come up together that are off, or are being stopped for want of quorum.
    fn take_turns(&mut self) {
        let is_stopped = self.spec.settings().no_quorum == NoQuorum::Stop;
        for (record, running) in self.state.groups.iter_mut().zip(&self.index.running) {
            if is_stopped || *running == 0 {
                record.turn = Turn::Awaited;
            }
        }
    }

    /// Judges quorum again, and touches every group and every node that is not down if the verdict
    /// changed.
    pub(crate) fn judge_quorum(&mut self) {
        let membership = self.index.membership;
        if membership.members == 0 {
            // The next quorum forms the cluster anew.
            self.state.formed_at = None;
        }
        let settings = self.spec.settings();
        let ballot = membership.ballot(settings, self.state.witness);
        let verdict = quorum::judge(settings.quorum, &ballot);
        if verdict.is_quorate() == self.state.is_quorate() {
            return;
        }
        let now = self.state.now;
        self.state.quorate_since = verdict.is_quorate().then_some(now);
        if verdict.is_quorate() && self.state.formed_at.is_none() {
            self.state.formed_at = Some(now);
            self.hold_back_at_cold_start();
        }
        if verdict.is_quorate() {
            self.take_turns();
        }
        self.emit(Event::QuorumChanged { verdict });
        let spec = self.spec;
        for (group, _) in spec.groups() {
            self.touch(group);
        }
        for (node, _) in spec.nodes() {
            if self.state.node_state(node) != NodeState::Down {
                self.index.touched.add_node(node);
            }
        }
    }

    /// Notes whether the witness is held.
    pub(crate) fn set_witness(&mut self, witness: WitnessState) {
        self.state.witness = witness;
    }

    /// Counts votes that are declared no longer. Only a planted bug does that.
    pub(crate) fn keep_votes(&mut self, votes: u64) {
        let membership = &mut self.index.membership;
        let removed = votes.saturating_sub(membership.total_votes);
        membership.votes = membership.votes.saturating_add(removed);
    }
}
