//! The groups of one kind that a search has to place.

use super::kind::Kind;
use crate::id::NodeId;
use crate::spec::NodeSet;

/// Groups of one kind that a search has to place.
#[derive(Clone, Debug)]
pub(super) struct Open<'a> {
    /// The number of the kind.
    pub(super) number: usize,
    pub(super) kind: &'a Kind,
    /// The tier and the weight of the kind, close at hand.
    pub(super) tier: usize,
    pub(super) size: u64,
    /// How many are still to be placed.
    pub(super) left: usize,
    /// The nodes on which the next one can stand.
    pub(super) domain: NodeSet,
    /// The number of these nodes.
    pub(super) choices: usize,
    /// The nodes to be tried first.
    pub(super) hint: NodeSet,
}

impl Open<'_> {
    /// Strikes a node. Tells whether it was a choice.
    pub(super) fn strike(&mut self, node: NodeId) -> bool {
        let was_there = self.domain.remove(node);
        if was_there {
            self.choices = self.choices.saturating_sub(1);
        }
        was_there
    }

    /// Takes back what was struck.
    pub(super) fn restore(&mut self, node: NodeId) {
        if self.domain.insert(node) {
            self.choices = self.choices.saturating_add(1);
        }
    }
}
