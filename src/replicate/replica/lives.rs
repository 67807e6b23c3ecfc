//! The lives of nodes, as far as the log says.

use super::{Replica, folded};
use crate::id::Incarnation;
use crate::machine::NodeState;
use crate::replicate::entry::NodeLife;
use crate::state::DownProof;

/// The standing of a life of a node in the log.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Standing {
    /// It has not joined yet.
    Unheard,
    /// It is a member.
    Member,
    /// It was lost, it left, it was fenced, or a later one is known. Everything of it has to stop,
    /// and the node begins a later life.
    Over,
}

impl Replica {
    /// Returns what is known of a life of a node.
    #[must_use]
    pub fn standing(&self, life: &NodeLife) -> Standing {
        let known = self.lives.get(&folded(&life.node)).copied().unwrap_or_default();
        let spec = self.cluster.spec();
        let record = spec.node_id(&life.node).and_then(|node| self.cluster.state().node(node));
        let Some(record) = record else {
            // The node is not declared, or was evicted.
            let is_over = known.incarnation > life.incarnation
                || (known.joined && known.incarnation == life.incarnation);
            return if is_over { Standing::Over } else { Standing::Unheard };
        };
        if known.incarnation.max(record.incarnation()) > life.incarnation {
            return Standing::Over;
        }
        if record.incarnation() < life.incarnation {
            return Standing::Unheard;
        }
        match record.state() {
            NodeState::Joining | NodeState::Up | NodeState::Paused => Standing::Member,
            // It was lost before it had joined, and may still join.
            NodeState::Down if record.proof() == DownProof::LaterLife && !known.joined => {
                Standing::Unheard
            }
            NodeState::Down | NodeState::Unclean => Standing::Over,
        }
    }

    /// Tells whether something of this life, or of an earlier one of the same node, may run as far as
    /// the log says: the node is a member, or it was lost and there is no proof yet that it is off.
    #[must_use]
    pub fn may_run(&self, life: &NodeLife) -> bool {
        let record = self.cluster.spec().node_id(&life.node);
        let record = record.and_then(|node| self.cluster.state().node(node));
        record.is_some_and(|record| {
            record.state() != NodeState::Down && record.incarnation() <= life.incarnation
        })
    }

    /// Returns the highest life of a node that is known. A node begins its next life with a number
    /// above this one and above the one that it stored itself.
    #[must_use]
    pub fn latest_life(&self, node: &str) -> Incarnation {
        let known = self.lives.get(&folded(node)).copied().unwrap_or_default();
        let spec = self.cluster.spec();
        let record = spec.node_id(node).and_then(|node| self.cluster.state().node(node));
        record.map_or(known.incarnation, |record| record.incarnation().max(known.incarnation))
    }

    /// Returns the number of the last report of a life that counted; 0 if none did.
    #[must_use]
    pub fn reported(&self, life: &NodeLife) -> u64 {
        let known = self.lives.get(&folded(&life.node));
        known.filter(|known| known.incarnation == life.incarnation).map_or(0, |of| of.sequence)
    }

    /// Returns the lives that are members, each with the name of its node.
    pub fn members(&self) -> impl Iterator<Item = NodeLife> + '_ {
        let state = self.cluster.state();
        self.cluster.spec().nodes().filter_map(|(id, node)| {
            let record = state.node(id).filter(|record| record.state().is_member())?;
            Some(NodeLife::new(node.name(), record.incarnation()))
        })
    }
}
