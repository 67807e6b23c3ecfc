//! What is derived from the state and kept for speed.
//!
//! Everything here can be built from the state alone; [`Cluster::assemble`] does, and tests
//! compare the two after every step.

use alloc::collections::{BTreeSet, BinaryHeap};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::Cluster;
use super::agenda::Agenda;
use super::outstanding::{Outstanding, Target};
use crate::id::{GroupId, NodeId};
use crate::machine::{GroupState, NodeState};
use crate::settings::Priority;
use crate::spec::ClusterSpec;
use crate::state::{ClusterState, DrainStatus};

/// The indexes of a cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caches {
    pub(crate) agenda: Agenda,
    pub(crate) outstanding: Outstanding,
    pub(crate) membership: Membership,
    /// How many resources of each group may be running on its owner.
    pub(crate) running: Vec<u32>,
    /// The state of each group as it was last told.
    pub(crate) group_states: Vec<GroupState>,
    /// Groups that a node, room or a departure could help.
    pub(crate) awaiting: BTreeSet<GroupId>,
    /// Groups on their way, by priority: groups of lower priority wait for them.
    pub(crate) unsettled: BTreeSet<(Priority, GroupId)>,
    /// Groups that wait for those.
    pub(crate) waiting: BTreeSet<(Priority, GroupId)>,
    /// Groups that a drain took from a node.
    pub(crate) drained: BTreeSet<(NodeId, GroupId)>,
    /// Nodes that are being drained.
    pub(crate) draining: BTreeSet<NodeId>,
    /// Groups that fail back in a window.
    pub(crate) windowed: Vec<GroupId>,
    pub(crate) touched: Touched,
    /// Room for the plan of one group; empty between inputs.
    pub(crate) stands: Vec<Stand>,
}

/// How many nodes take part, and what their votes are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Membership {
    pub(crate) members: u32,
    pub(crate) up: u32,
    pub(crate) votes: u64,
    pub(crate) total_votes: u64,
}

/// What is to become of one resource of the group that is being planned.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Stand {
    /// It should be online here.
    pub(crate) should: bool,
    /// It is online and may stay so.
    pub(crate) keep: bool,
}

/// The groups and nodes that an input touched and that have not been settled yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    groups: BinaryHeap<(Priority, Reverse<GroupId>)>,
    is_touched: Vec<bool>,
    nodes: Vec<NodeId>,
    /// Nodes to which groups may fail back now, for what stands there has changed.
    changed_nodes: Vec<NodeId>,
    awaiting: Awaiting,
}

/// Whether the groups that await a node are to be planned again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Awaiting {
    #[default]
    Untouched,
    Touched,
}

impl Touched {
    pub(crate) fn add(&mut self, priority: Priority, group: GroupId) {
        if let Some(flag) = self.is_touched.get_mut(group.index())
            && !*flag
        {
            *flag = true;
            let value = priority.value();
            let value = if seeded!(PriorityInverted) { !value } else { value };
            self.groups.push((Priority::new(value), Reverse(group)));
        }
    }

    pub(crate) fn add_node(&mut self, node: NodeId) {
        if !self.nodes.contains(&node) {
            self.nodes.push(node);
        }
    }

    pub(crate) fn add_awaiting(&mut self) {
        self.awaiting = Awaiting::Touched;
    }

    pub(crate) fn take_awaiting(&mut self) -> bool {
        core::mem::take(&mut self.awaiting) == Awaiting::Touched
    }

    pub(crate) fn add_changed_node(&mut self, node: NodeId) {
        if !self.changed_nodes.contains(&node) {
            self.changed_nodes.push(node);
        }
    }

    pub(crate) fn next_changed_node(&mut self) -> Option<NodeId> {
        self.changed_nodes.pop()
    }

    pub(crate) fn next_node(&mut self) -> Option<NodeId> {
        #[cfg(quorate_seeded_bugs)]
        if seeded!(UnstableOrder) && crate::seeded_bug::whim() {
            self.nodes.reverse();
        }
        self.nodes.pop()
    }

    /// The touched group of the highest priority, the first one declared of those.
    pub(crate) fn next_group(&mut self) -> Option<GroupId> {
        let (_, Reverse(group)) = self.groups.pop()?;
        if let Some(flag) = self.is_touched.get_mut(group.index()) {
            *flag = false;
        }
        Some(group)
    }
}

impl Caches {
    /// Caches of the right size, to be filled.
    pub(crate) fn new(spec: &ClusterSpec, state: &ClusterState) -> Self {
        let (nodes, groups) = (spec.nodes().len(), spec.groups().len());
        let membership = spec.nodes().fold(Membership::default(), |mut sum, (node, declared)| {
            let state = state.node_state(node);
            let weight = u64::from(declared.vote_weight());
            sum.total_votes = sum.total_votes.saturating_add(weight);
            sum.count(NodeState::Down, state, weight);
            sum
        });
        Self {
            agenda: Agenda::new(nodes, groups, spec.resources().len()),
            membership,
            running: vec![0; groups],
            group_states: vec![GroupState::Offline; groups],
            touched: Touched { is_touched: vec![false; groups], ..Touched::default() },
            ..Self::default()
        }
    }

    /// How many resources of a group may be running on its owner.
    pub(crate) fn running(&self, group: GroupId) -> u32 {
        self.running.get(group.index()).copied().unwrap_or(0)
    }
}

impl Membership {
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
}

impl Cluster {
    /// Fills the caches from the state.
    pub(crate) fn rebuild_caches(&mut self) {
        let spec = alloc::sync::Arc::clone(&self.spec);
        let mut operations: Vec<_> = Vec::new();
        for (group, declared) in spec.groups() {
            let mut running = 0_u32;
            for resource in declared.resources() {
                let Some(record) = self.state.resource(resource) else { continue };
                running = running.saturating_add(u32::from(record.state.may_run()));
                if let Some(operation) = record.operation {
                    operations.push((operation.id, Target::Resource(resource)));
                }
            }
            if let Some(count) = self.caches.running.get_mut(group.index()) {
                *count = running;
            }
            let state = self.state.group_state(&spec, group);
            if let Some(known) = self.caches.group_states.get_mut(group.index()) {
                *known = state;
            }
            if declared.settings().failback_window.is_some() {
                self.caches.windowed.push(group);
            }
            if let Some(node) = self.state.group(group).and_then(|record| record.drained_from) {
                self.caches.drained.insert((node, group));
            }
        }
        for (node, resource, orphan) in self.state.orphans() {
            if let Some(operation) = orphan.operation {
                operations.push((operation.id, Target::Orphan(node, resource)));
            }
        }
        for (node, _) in spec.nodes() {
            let Some(record) = self.state.node(node) else { continue };
            if let Some(operation) = record.fence.operation {
                operations.push((operation.id, Target::Node(node)));
            }
            if record.drain.status == DrainStatus::InProgress {
                self.caches.draining.insert(node);
            }
        }
        self.caches.outstanding = Outstanding::from_entries(operations);
        // A group is behind those of higher priority, so these come first.
        let mut by_priority: Vec<_> = spec.groups().collect();
        by_priority
            .sort_by_key(|(group, declared)| (Reverse(declared.settings().priority), *group));
        for (group, declared) in by_priority {
            self.classify(declared, group);
        }
        for (group, declared) in spec.groups() {
            self.schedule_group(declared, group);
        }
        for (node, _) in spec.nodes() {
            self.schedule_node(node);
        }
    }
}
