//! Indexes that follow from the state and are kept for speed.
//!
//! All of them can be built from the state alone. `Cluster::assemble` builds them, and
//! `Cluster::check_invariants` compares them with new ones.

pub(crate) mod agenda;
pub(crate) mod membership;
pub(crate) mod orphans;
pub(crate) mod outstanding;
pub(crate) mod round;
pub(crate) mod standing;
pub(crate) mod work;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use crate::cluster::index::agenda::Agenda;
use crate::cluster::index::membership::Membership;
use crate::cluster::index::orphans::OrphanIndex;
use crate::cluster::index::outstanding::{Outstanding, Target};
use crate::cluster::index::work::Touched;
use crate::cluster::words::{Inconsistency, StateRule, StateSubject};
use crate::id::{GroupId, NodeId, OpId, ResourceId};
use crate::machine::{GroupState, NodeState, ResourceState};
use crate::settings::{Failback, Priority, UnconfirmedStop};
use crate::spec::{ClusterSpec, GroupSpec};
use crate::state::{ClusterState, Doubt, DrainStatus};

/// The indexes of a cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) agenda: Agenda,
    pub(crate) outstanding: Outstanding,
    pub(crate) membership: Membership,
    /// The number of resources of each group that may be running on its owner.
    pub(crate) running: Vec<u32>,
    /// The number of resources of each group that are online.
    pub(crate) online: Vec<u32>,
    pub(crate) orphans: OrphanIndex,
    /// Resources on their owners whose doubt calls for a fence: they are in doubt, nothing but a
    /// probe of them is in flight, and their declaration then asks for a fence.
    pub(crate) fatal_doubts: BTreeSet<(NodeId, ResourceId)>,
    /// The state of each group as it was last reported.
    pub(crate) group_states: Vec<GroupState>,
    /// Groups that a node, free room or the departure of another group could help.
    pub(crate) awaiting: BTreeSet<GroupId>,
    /// Groups that wait for a failover, and may have one more with each node that comes up.
    pub(crate) short_of_nodes: BTreeSet<GroupId>,
    /// Groups that need a node and have found none.
    pub(crate) homeless: BTreeSet<GroupId>,
    /// Groups on their way, by priority: groups of lower priority wait for them.
    pub(crate) unsettled: BTreeSet<(Priority, GroupId)>,
    /// Groups that could start, and wait while a group of higher priority is on its way.
    pub(crate) waiting: BTreeSet<(Priority, GroupId)>,
    /// The lowest and the highest priority of all groups.
    pub(crate) tiers: Option<(Priority, Priority)>,
    /// Groups that a drain took from a node.
    pub(crate) drained: BTreeSet<(NodeId, GroupId)>,
    /// Nodes that are being drained.
    pub(crate) draining: BTreeSet<NodeId>,
    /// Nodes that are not off and have not said what they run since resources were last declared.
    pub(crate) silent: BTreeSet<NodeId>,
    /// Groups with resources that were declared while the cluster ran, by the number of that
    /// configuration.
    pub(crate) newcomers: BTreeSet<(u64, GroupId)>,
    /// The highest priority of a group that is on its way from a node that is being drained, by
    /// node. Groups of lower priority on that node keep running until that group is online.
    pub(crate) tier_ahead: BTreeMap<NodeId, Priority>,
    /// Groups that would rather be on a node: they may fail back, and it stands before their owner
    /// among their preferred owners.
    pub(crate) attracted: BTreeSet<(NodeId, GroupId)>,
    /// Groups that fail back in a window.
    pub(crate) windowed: Vec<GroupId>,
    pub(crate) touched: Touched,
    /// The highest number among the epochs of groups and the counts of changes of resources.
    pub(crate) highest_count: u64,
    /// The plan of one group while it is made. It is empty between inputs.
    pub(crate) stands: Vec<Stand>,
    /// How the group that is being planned was judged.
    pub(crate) judged: Judged,
    /// The resources of a calm group that may be able to start. It is empty between inputs.
    pub(crate) candidates: Vec<usize>,
}

/// The plan for one resource of the group that is being planned.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Stand {
    /// The resource should be online on the owner.
    pub(crate) should: bool,
    /// The resource is online and may stay online.
    pub(crate) keep: bool,
}

/// How the group that is being planned was judged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Judged {
    /// Each resource has a [`Stand`].
    #[default]
    Each,
    /// The group is calm: every resource should be online, and stays if it is.
    Calm,
}

impl Index {
    /// Builds the indexes that follow from the state without planning.
    pub(crate) fn of(spec: &ClusterSpec, state: &ClusterState) -> Self {
        let (nodes, groups) = (spec.nodes().len(), spec.groups().len());
        let mut index = Self {
            agenda: Agenda::new(nodes, groups, spec.resources().len()),
            membership: Membership::of(spec, |node, _| state.node_state(node)),
            running: vec![0; groups],
            online: vec![0; groups],
            orphans: OrphanIndex::of(spec, state),
            touched: Touched::of(groups),
            ..Self::default()
        };
        let mut operations: Vec<_> = Vec::new();
        for (group, declared) in spec.groups() {
            let own = declared.settings().priority;
            let (lowest, highest) = index.tiers.unwrap_or((own, own));
            index.tiers = Some((lowest.min(own), highest.max(own)));
            operations.extend(index.take_in((spec, state), group, declared));
            index.note_doubts(spec, state, declared);
        }
        for (node, resource, orphan) in state.orphans() {
            // The orphan may need an operation that was not issued yet.
            index.touched.add_orphan(node, resource);
            if let Some(operation) = orphan.operation {
                operations.push((operation.id, Target::Orphan(node, resource)));
            }
        }
        for (node, _) in spec.nodes() {
            let Some(record) = state.node(node) else { continue };
            if let Some(operation) = record.fence.operation {
                operations.push((operation.id, Target::Node(node)));
            }
            if let Some(operation) = record.inquiry {
                operations.push((operation.id, Target::Inquiry(node)));
            }
            if record.state != NodeState::Down && record.listed_in < state.last_declared {
                index.silent.insert(node);
            }
            if record.drain.status == DrainStatus::InProgress {
                index.draining.insert(node);
            }
        }
        index.outstanding = Outstanding::from_entries(
            operations
                .into_iter()
                .map(|(operation, target)| (operation, target, target.executor(spec, state))),
        );
        index
    }

    /// Adds a group, and returns the operations in flight on its owner.
    fn take_in(
        &mut self,
        (spec, state): (&ClusterSpec, &ClusterState),
        group: GroupId,
        declared: &GroupSpec,
    ) -> Vec<(OpId, Target)> {
        let (mut running, mut online) = (0_u32, 0_u32);
        let mut operations = Vec::new();
        for resource in declared.resources() {
            let Some(record) = state.resource(resource) else { continue };
            self.note_count(record.sequence);
            if record.declared_in > 0 {
                self.newcomers.insert((record.declared_in, group));
            }
            running = running.saturating_add(u32::from(record.state.may_run()));
            online = online.saturating_add(u32::from(record.state == ResourceState::Online));
            if let Some(operation) = record.operation {
                operations.push((operation.id, Target::Resource(resource)));
            }
        }
        if let Some(count) = self.running.get_mut(group.index()) {
            *count = running;
        }
        if let Some(count) = self.online.get_mut(group.index()) {
            *count = online;
        }
        self.note_count(state.group(group).map_or(0, |record| record.epoch.value()));
        self.group_states.push(state.group_state(spec, group));
        if declared.settings().failback_window.is_some() {
            self.windowed.push(group);
        }
        if let Some(node) = state.group(group).and_then(|record| record.drained_from) {
            self.drained.insert((node, group));
        }
        self.attracted.extend(attractive(declared, state.owner(group)).map(|node| (node, group)));
        operations
    }

    /// Notes that a group has another owner, so that other nodes are better than its owner.
    pub(crate) fn note_owner(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        (from, to): (Option<NodeId>, Option<NodeId>),
    ) {
        for node in attractive(declared, from) {
            self.attracted.remove(&(node, group));
        }
        self.attracted.extend(attractive(declared, to).map(|node| (node, group)));
    }

    /// Notes a count of a record that has grown.
    pub(crate) fn note_count(&mut self, count: u64) {
        self.highest_count = self.highest_count.max(count);
    }

    fn note_doubts(&mut self, spec: &ClusterSpec, state: &ClusterState, declared: &GroupSpec) {
        for resource in declared.resources() {
            self.note_doubt(spec, state, resource);
        }
    }

    /// Notes whether a resource on its owner is in such doubt that its declaration asks for a
    /// fence.
    pub(crate) fn note_doubt(
        &mut self,
        spec: &ClusterSpec,
        state: &ClusterState,
        resource: ResourceId,
    ) {
        let Some(declared) = spec.resource(resource) else { return };
        let Some(owner) = state.owner(declared.group()) else { return };
        let is_fatal = state.resource(resource).is_some_and(|record| {
            record.is_in_doubt()
                && record.doubt != Doubt::ToTerminate
                && record.doubt != Doubt::Left
                && declared.settings().unconfirmed_stop == UnconfirmedStop::FenceNode
        });
        if is_fatal {
            self.fatal_doubts.insert((owner, resource));
        } else if self.fatal_doubts.remove(&(owner, resource)) {
            // The owner need not be fenced for this resource any longer.
            self.touched.add_node(owner);
        }
    }

    /// Checks that the indexes that follow from the state without planning equal new ones. The
    /// indexes that need planning are checked by `Facts::check_standings` and `View::check_timers`.
    pub(crate) fn check(
        &self,
        spec: &ClusterSpec,
        state: &ClusterState,
    ) -> Result<(), Inconsistency> {
        let anew = Self::of(spec, state);
        let is_equal = self.running == anew.running
            && self.online == anew.online
            && self.highest_count == anew.highest_count
            && self.orphans == anew.orphans
            && self.fatal_doubts == anew.fatal_doubts
            && self.group_states == anew.group_states
            && self.windowed == anew.windowed
            && self.silent == anew.silent
            && self.newcomers == anew.newcomers
            && self.drained == anew.drained
            && self.draining == anew.draining
            && self.attracted == anew.attracted
            && self.tiers == anew.tiers;
        let rule = if !self.outstanding.is_like(&anew.outstanding) {
            StateRule::OutstandingDiffers
        } else if self.membership != anew.membership {
            StateRule::VotesDiffer
        } else if !is_equal {
            StateRule::IndexDiffers
        } else {
            return Ok(());
        };
        Err(Inconsistency::new(StateSubject::Cluster, rule))
    }

    /// Returns the groups with resources that were declared after this configuration.
    pub(crate) fn newcomers_after(&self, configuration: u64) -> impl Iterator<Item = GroupId> + '_ {
        let first = (configuration.saturating_add(1), GroupId::new(0));
        self.newcomers.range(first..).map(|(_, group)| *group)
    }

    /// Returns the groups that left a node because it was drained, and have not failed back since.
    pub(crate) fn drained_from(&self, node: NodeId) -> impl Iterator<Item = GroupId> + '_ {
        groups_of(&self.drained, node)
    }

    /// Returns the number of resources of a group that may be running on its owner.
    pub(crate) fn running(&self, group: GroupId) -> u32 {
        self.running.get(group.index()).copied().unwrap_or(0)
    }

    /// Returns the number of resources of a group that are online.
    pub(crate) fn online(&self, group: GroupId) -> u32 {
        self.online.get(group.index()).copied().unwrap_or(0)
    }
}

/// Returns the groups that stand with a node in a set of such pairs, ascending.
pub(crate) fn groups_of(
    pairs: &BTreeSet<(NodeId, GroupId)>,
    node: NodeId,
) -> impl Iterator<Item = GroupId> + '_ {
    let all = (node, GroupId::new(0))..=(node, GroupId::new(u32::MAX));
    pairs.range(all).map(|(_, group)| *group)
}

/// Returns the nodes to which a group may fail back from its owner, best first.
pub(crate) fn attractive(
    declared: &GroupSpec,
    owner: Option<NodeId>,
) -> impl Iterator<Item = NodeId> + '_ {
    let is_allowed = owner.is_some() && declared.settings().failback != Failback::Prevent;
    let preferred = declared.preferred_owners().iter().copied();
    preferred.take_while(move |node| is_allowed && Some(*node) != owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cluster;
    use crate::cluster::keep::invariants::sample;
    use crate::policy::Ring;

    fn broken(change: impl FnOnce(&mut Index)) -> Option<StateRule> {
        let spec = sample::spec();
        let state = sample::state(&spec);
        let policy = alloc::sync::Arc::new(Ring::new());
        let mut cluster = Cluster::assemble(alloc::sync::Arc::new(spec), policy, state);
        assert_eq!(cluster.check_invariants(), Ok(()));
        change(cluster.store.index_mut());
        cluster.check_invariants().err().map(|violation| violation.rule)
    }

    #[test]
    fn every_index_equals_a_rebuild() {
        let index = Some(StateRule::IndexDiffers);
        let votes = Some(StateRule::VotesDiffer);
        assert_eq!(broken(|index| index.membership.up += 1), votes);
        assert_eq!(broken(|index| index.membership.votes += 1), votes);
        assert_eq!(broken(|index| index.running[0] += 1), index);
        assert_eq!(broken(|index| index.highest_count += 1), index);
        assert_eq!(broken(|index| index.orphans = OrphanIndex::default()), index);
        let place = (sample::node(0), sample::resource("ip"));
        assert_eq!(broken(|index| index.fatal_doubts.extend([place])), index);
        assert_eq!(broken(|index| index.drained.clear()), index);
        assert_eq!(broken(|index| index.draining.clear()), index);
        let place = (NodeId::new(2), GroupId::new(0));
        assert_eq!(broken(|index| index.attracted.extend([place])), index);
        assert_eq!(broken(|index| index.silent.clear()), index);
        assert_eq!(broken(|index| index.newcomers.clear()), index);
        assert_eq!(broken(|index| index.group_states[0] = GroupState::Online), index);
        assert_eq!(broken(|index| index.windowed.push(GroupId::new(0))), index);
        let standing = Some(StateRule::StandingDiffers);
        let place = (Priority::HIGH, GroupId::new(0));
        assert_eq!(broken(|index| index.awaiting.extend([GroupId::new(0)])), standing);
        assert_eq!(broken(|index| index.awaiting.extend([GroupId::new(9)])), standing);
        assert_eq!(broken(|index| index.short_of_nodes.extend([GroupId::new(0)])), standing);
        assert_eq!(broken(|index| index.homeless.extend([GroupId::new(0)])), standing);
        assert_eq!(broken(|index| index.unsettled.extend([place])), standing);
        assert_eq!(broken(|index| index.waiting.extend([place])), standing);
        let outstanding = Some(StateRule::OutstandingDiffers);
        assert_eq!(broken(|index| index.outstanding.remove(OpId::new(9))), outstanding);
    }
}
