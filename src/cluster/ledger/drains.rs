//! Nodes that are being drained, tier by tier.

use alloc::vec::Vec;

use crate::cluster::ledger::Ledger;
use crate::id::{GroupId, NodeId};
use crate::settings::Priority;
use crate::spec::GroupSpec;
use crate::state::{Drain, DrainStatus, FailbackTarget, Pause};

impl Ledger<'_> {
    /// Notes that a drain moves a group, or that one which it moved is on its way at its
    /// destination: the groups of lower priority on the node wait from now on.
    pub(crate) fn note_tier(&mut self, declared: &GroupSpec, node: NodeId) {
        if self.facts().has_tiers() && self.facts().drain_wait_end(node).is_some() {
            let own = declared.settings().priority;
            let ahead = self.index.tier_ahead.entry(node).or_insert(own);
            *ahead = own.max(*ahead);
        }
    }

    /// Works out anew which priority goes first on each node that is being drained, and touches the
    /// groups whose turn has come. Tells whether there are any.
    pub(crate) fn review_tiers(&mut self) -> bool {
        let mut is_any = false;
        let nodes: Vec<NodeId> = self.index.draining.iter().copied().collect();
        for node in nodes {
            is_any |= self.review_tier(node);
            self.schedule_node(node);
        }
        is_any
    }

    /// Works out anew which priority goes first on a node, if that is being drained, and touches the
    /// groups whose turn has come. Tells whether there are any.
    pub(crate) fn review_tier(&mut self, node: NodeId) -> bool {
        if !self.index.draining.contains(&node) {
            return false;
        }
        let ahead = self.facts().tier_ahead_of(node);
        let before = match ahead {
            Some(ahead) => self.index.tier_ahead.insert(node, ahead),
            None => self.index.tier_ahead.remove(&node),
        };
        let is_earlier = |before: &Priority| ahead.is_none_or(|ahead| ahead < *before);
        before.filter(is_earlier).is_some_and(|before| self.touch_below(node, before))
    }

    /// Touches the groups on a node that waited for a group of this priority. Tells whether there
    /// are any.
    fn touch_below(&mut self, node: NodeId, before: Priority) -> bool {
        let mut is_any = false;
        let groups: Vec<GroupId> = self.facts().groups_owned_by(node).collect();
        for group in groups {
            let priority = self.spec.group(group).map(|of| of.settings().priority);
            if priority.is_some_and(|own| own < before) && !self.facts().is_moving(group) {
                self.touch(group);
                is_any = true;
            }
        }
        is_any
    }

    /// Notes that an operator wants a node to start nothing more.
    pub(crate) fn note_pause(&mut self, node: NodeId) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.pause = Pause::Requested;
        }
    }

    /// Notes that a node is being emptied.
    pub(crate) fn begin_drain(&mut self, node: NodeId, drain: Drain) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.drain = drain;
        }
        self.index.draining.insert(node);
    }

    /// Ends the time for which groups on a node that is being drained wait for others.
    pub(crate) fn end_tiers(&mut self, node: NodeId) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.drain.since = None;
        }
    }

    /// Notes how far a drain got.
    pub(crate) fn end_drain(&mut self, node: NodeId, status: DrainStatus) {
        self.index.draining.remove(&node);
        self.index.tier_ahead.remove(&node);
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.drain.status = status;
            record.drain.since = None;
        }
        self.schedule_node(node);
    }

    /// Notes that a node may start groups again, and whether groups fail back to it.
    pub(crate) fn note_resumed(&mut self, node: NodeId, attraction: FailbackTarget) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.pause = Pause::Resumed;
            record.attraction = attraction;
            record.drain = Drain::default();
        }
        self.index.draining.remove(&node);
        self.index.tier_ahead.remove(&node);
        self.schedule_node(node);
    }

    /// Forgets which groups left a node because it was drained, and returns them.
    pub(crate) fn forget_drained(&mut self, node: NodeId) -> Vec<GroupId> {
        let drained: Vec<GroupId> = self.index.drained_from(node).collect();
        for group in &drained {
            self.index.drained.remove(&(node, *group));
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                record.drained_from = None;
            }
        }
        drained
    }
}
