//! Checks a configuration that is to be accepted without quorum.
//!
//! The missing votes belong to nodes that are certain to be off. Only the voters may change: with
//! quorum everything else can change afterwards.

use crate::cluster::view::Facts;
use crate::cluster::words::InputError;
use crate::id::NodeId;
use crate::machine::NodeState;
use crate::settings::{ClusterSettings, QuorumRule};
use crate::spec::{ClusterSpec, more_than_votes};
use crate::state::{DownProof, WitnessState};

/// The ground on which a configuration is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Authority {
    /// The members have the votes, or there are no members.
    Votes,
    /// Every absent node is certain to be off.
    Proof,
}

impl Facts<'_> {
    /// Returns the ground for a change to this configuration. A minority changes no configuration
    /// unless no other part of the cluster could; a cluster that is down as a whole may be changed.
    pub(crate) fn authority_for(self, spec: &ClusterSpec) -> Result<Authority, InputError> {
        if self.state.is_quorate() || self.index.membership.members == 0 {
            return Ok(Authority::Votes);
        }
        if let Some(node) = self.absent_voter(spec) {
            return Err(InputError::AbsentNotProvenOff(node));
        }
        let is_held = self.state.witness == WitnessState::Up;
        if !is_held && has_witness(spec.settings()) {
            return Err(InputError::WitnessNotHeld);
        }
        let mut kept = spec.nodes().filter_map(|(_, node)| self.spec.node_id(node.name()));
        if !kept.any(|node| self.state.node_state(node).is_member()) {
            // No member would be left with the new configuration.
            return Err(InputError::ConfigurationWouldLoseQuorum);
        }
        match more_than_votes(self.spec, spec) {
            Some(path) => Err(InputError::MoreThanVotes(path)),
            None => Ok(Authority::Proof),
        }
    }

    /// Returns the first absent node that could have a part in a quorum elsewhere and is not
    /// certain to be off. If the witness is held elsewhere, a node needs no vote for that.
    fn absent_voter(self, spec: &ClusterSpec) -> Option<NodeId> {
        let is_witness_elsewhere =
            self.state.witness == WitnessState::Down && has_witness(self.spec.settings());
        let mut nodes = self.spec.nodes();
        let found = nodes.find(|(id, declared)| {
            let kept = spec.node_id(declared.name()).and_then(|id| spec.node(id));
            let votes = declared.vote_weight() > 0 || kept.is_some_and(|of| of.vote_weight() > 0);
            (votes || is_witness_elsewhere) && !self.is_present_or_off(*id)
        });
        found.map(|(id, _)| id)
    }

    fn is_present_or_off(self, node: NodeId) -> bool {
        match self.state.node_state(node) {
            NodeState::Joining | NodeState::Up | NodeState::Paused => true,
            NodeState::Unclean => false,
            NodeState::Down => {
                seeded!(AbsenceIsProof)
                    || self.state.node(node).is_some_and(|of| is_certain(of.proof))
            }
        }
    }
}

/// Tells whether this proof makes a node certain to be off: the node left, its life was ended, or
/// an operator confirmed it. The other proofs say only that the node runs nothing.
const fn is_certain(proof: DownProof) -> bool {
    match proof {
        DownProof::Left | DownProof::Fenced | DownProof::Operator | DownProof::Rebooted => true,
        DownProof::NeverSeen
        | DownProof::LeaseExpired
        | DownProof::Trusted
        | DownProof::LaterLife => false,
    }
}

/// Tells whether the witness has a part in quorum.
const fn has_witness(settings: &ClusterSettings) -> bool {
    match settings.quorum {
        QuorumRule::NodeMajority | QuorumRule::Agreed => false,
        QuorumRule::MajorityWithWitness => settings.witness_weight > 0,
        QuorumRule::DiskOnly => true,
    }
}
