//! The cluster as its outputs describe it, output by output.

use quorate::cluster::Event;
use quorate::machine::{NodeState, ResourceState};
use quorate::{GroupId, NodeId, ResourceId};

use super::declare::{GROUPS, NODES, RESOURCES, members};
use super::list::List;
use super::state::{Core, Live};

/// The cluster as its outputs describe it at one moment within a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) nodes: [NodeState; NODES],
    pub(crate) lives: [u64; NODES],
    pub(crate) is_quorate: bool,
    pub(crate) owners: [Option<NodeId>; GROUPS],
    pub(crate) epochs: [u64; GROUPS],
    pub(crate) is_moving: [bool; GROUPS],
    pub(crate) resources: [ResourceState; RESOURCES],
    /// Bits `node * RESOURCES + resource`.
    pub(crate) orphans: u16,
    pub(crate) live: List<Live, 12>,
}

impl Seen {
    pub(crate) fn of(core: &Core) -> Self {
        let state = core.cluster.state();
        let mut orphans = 0;
        for (node, resource, _) in state.orphans() {
            orphans |= orphan_bit(node, resource);
        }
        let group = GroupId::from_index;
        Self {
            nodes: std::array::from_fn(|node| state.node_state(NodeId::from_index(node))),
            lives: std::array::from_fn(|node| {
                let record = state.node(NodeId::from_index(node));
                record.map_or(0, |record| record.incarnation().value())
            }),
            is_quorate: state.is_quorate(),
            owners: std::array::from_fn(|index| state.owner(group(index))),
            epochs: std::array::from_fn(|index| state.epoch(group(index)).value()),
            is_moving: std::array::from_fn(|index| {
                state.group(group(index)).is_some_and(|record| record.movement().is_some())
            }),
            resources: std::array::from_fn(|index| {
                state.resource_state(ResourceId::from_index(index))
            }),
            orphans,
            live: core.live,
        }
    }

    pub(crate) const fn has_orphan(&self, node: usize, resource: usize) -> bool {
        self.orphans >> (node * RESOURCES + resource) & 1 == 1
    }

    /// Returns the nodes on which a resource may run, as far as the cluster can know, as bits.
    pub(crate) fn may_run_on(&self, resource: usize) -> u8 {
        let as_orphan = (0..NODES)
            .filter(|node| self.has_orphan(*node, resource))
            .fold(0, |bits, node| bits | 1 << node);
        let owner = self.owners[super::declare::group_of(resource)];
        match owner.filter(|_| self.resources[resource].may_run()) {
            Some(owner) => as_orphan | 1 << owner.index(),
            None => as_orphan,
        }
    }

    /// Returns the nodes on which anything of a group may run, as bits.
    pub(crate) fn group_may_run_on(&self, group: usize) -> u8 {
        members(group).into_iter().fold(0, |bits, resource| bits | self.may_run_on(resource))
    }

    pub(crate) fn may_run(&self, group: usize) -> bool {
        members(group).into_iter().any(|resource| self.resources[resource].may_run())
    }

    /// Takes in an event that was judged.
    pub(crate) fn learn(&mut self, event: &Event) {
        match event {
            Event::NodeChanged { node, to, .. } => self.nodes[node.index()] = *to,
            Event::QuorumChanged { verdict, .. } => self.is_quorate = verdict.is_quorate(),
            Event::ResourceChanged { resource, to, .. } => self.resources[resource.index()] = *to,
            Event::OwnerChanged { group, to, epoch, .. } => {
                self.owners[group.index()] = *to;
                self.epochs[group.index()] = epoch.value();
                self.is_moving[group.index()] = false;
            }
            Event::MoveStarted { group, .. } => self.is_moving[group.index()] = true,
            Event::MoveAbandoned { group, .. } => self.is_moving[group.index()] = false,
            Event::OrphanFound { resource, node, .. } => {
                self.orphans |= orphan_bit(*node, *resource)
            }
            Event::OrphanGone { resource, node, .. } => {
                self.orphans &= !orphan_bit(*node, *resource)
            }
            _ => {}
        }
    }

    /// Removes an operation from the list of outstanding ones and returns it.
    pub(crate) fn end(&mut self, operation: u64) -> Option<Live> {
        let place =
            self.live.as_slice().iter().position(|live| u64::from(live.order.id) == operation)?;
        Some(self.live.remove(place))
    }
}

pub(crate) fn orphan_bit(node: NodeId, resource: ResourceId) -> u16 {
    1 << (node.index() * RESOURCES + resource.index())
}
