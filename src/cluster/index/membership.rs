//! The members and their votes.

use crate::id::NodeId;
use crate::machine::NodeState;
use crate::quorum::{Ballot, WitnessState};
use crate::settings::ClusterSettings;
use crate::spec::{ClusterSpec, NodeSpec};

/// The number of nodes that take part, and their votes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Membership {
    pub(crate) members: u32,
    pub(crate) up: u32,
    pub(crate) votes: u64,
    pub(crate) total_votes: u64,
}

impl Membership {
    /// Counts the nodes of a configuration, each in the state that `state_of` returns for it.
    pub(crate) fn of(
        spec: &ClusterSpec,
        state_of: impl Fn(NodeId, &NodeSpec) -> NodeState,
    ) -> Self {
        spec.nodes().fold(Self::default(), |mut sum, (node, declared)| {
            let weight = u64::from(declared.vote_weight());
            sum.total_votes = sum.total_votes.saturating_add(weight);
            sum.count(NodeState::Down, state_of(node, declared), weight);
            sum
        })
    }

    /// Counts a node that changed its state.
    pub(crate) fn count(&mut self, from: NodeState, to: NodeState, weight: u64) {
        if from.is_member() && !to.is_member() {
            self.members = self.members.saturating_sub(1);
            self.votes = self.votes.saturating_sub(weight);
        }
        if !from.is_member() && to.is_member() {
            self.members = self.members.saturating_add(1);
            self.votes = self.votes.saturating_add(weight);
        }
        if from == NodeState::Up {
            self.up = self.up.saturating_sub(1);
        }
        if to == NodeState::Up {
            self.up = self.up.saturating_add(1);
        }
    }

    /// Returns the votes that are present, together with the witness.
    pub(crate) fn ballot(self, settings: &ClusterSettings, witness: WitnessState) -> Ballot {
        Ballot {
            members: usize::try_from(self.members).unwrap_or(usize::MAX),
            present: self.votes,
            total: self.total_votes,
            witness,
            witness_weight: settings.witness_weight,
        }
    }
}
