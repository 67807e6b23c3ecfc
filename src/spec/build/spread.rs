//! Finds out whether each group of an anti-affinity class can have an owner of its own.

use alloc::vec;
use alloc::vec::Vec;

use crate::id::NodeId;
use crate::spec::{ClusterSpec, GroupSpec, NodeSet, NodeSpec};

/// Groups of one class that have fewer possible owners than they are.
pub(super) struct Shortage<'a> {
    /// One of the groups.
    pub(super) group: &'a GroupSpec,
    /// The number of groups.
    pub(super) groups: usize,
    /// The number of nodes that can own at least one of them.
    pub(super) nodes: usize,
}

/// Tells whether a node can own a group when no other group is there.
pub(super) fn can_own(id: NodeId, node: &NodeSpec, group: &GroupSpec) -> bool {
    is_possible(group, id)
        && group
            .demands
            .iter()
            .all(|(dimension, demand)| node.capacity(*dimension).is_none_or(|most| *demand <= most))
}

/// Tells whether a node may own a group, by the resources that it can run.
pub(super) fn is_possible(group: &GroupSpec, node: NodeId) -> bool {
    group.owners().is_none_or(|owners| owners.contains(node))
}

/// Returns the nodes that can own a group when no other group is there.
pub(super) fn candidates(spec: &ClusterSpec, group: &GroupSpec) -> NodeSet {
    spec.nodes().filter(|(id, node)| can_own(*id, node, group)).map(|(id, _)| id).collect()
}

/// Gives nodes to the members of a class, one after the other; earlier members make room where they
/// can (augmenting paths). Where they cannot, the groups that were asked are one more than their
/// nodes.
///
/// Members without candidates are left out, for another warning names them.
pub(super) fn shortage<'a>(
    members: &[(&'a GroupSpec, &NodeSet)],
    nodes: usize,
) -> Option<Shortage<'a>> {
    let mut matching = Matching { members, member_of: vec![None; nodes], node_of: Vec::new() };
    matching.node_of.resize(members.len(), None);
    for (index, (group, candidates)) in members.iter().enumerate() {
        if candidates.is_empty() {
            continue;
        }
        if let Err(nodes) = matching.place(index) {
            return Some(Shortage { group, groups: nodes.saturating_add(1), nodes });
        }
    }
    None
}

struct Matching<'m, 'a> {
    members: &'m [(&'a GroupSpec, &'m NodeSet)],
    /// The member that each node is given to.
    member_of: Vec<Option<usize>>,
    /// The node that each member has.
    node_of: Vec<Option<NodeId>>,
}

impl Matching<'_, '_> {
    /// Finds a node for a member, breadth first; otherwise returns how many nodes were in reach.
    fn place(&mut self, member: usize) -> Result<(), usize> {
        let mut seen = NodeSet::new();
        // The member from which each node was reached.
        let mut from = vec![0_usize; self.member_of.len()];
        let mut asked = vec![member];
        let mut next = 0_usize;
        while let Some(&asking) = asked.get(next) {
            next = next.saturating_add(1);
            let Some((_, candidates)) = self.members.get(asking) else { continue };
            for node in candidates.difference(&seen).iter() {
                seen.insert(node);
                if let Some(slot) = from.get_mut(node.index()) {
                    *slot = asking;
                }
                match self.member_of.get(node.index()).copied().flatten() {
                    Some(holder) => asked.push(holder),
                    None => {
                        self.shift(node, &from);
                        return Ok(());
                    }
                }
            }
        }
        Err(seen.len())
    }

    /// Gives the free node to the member from which it was reached. The former node of this member
    /// goes to the member from which that node was reached, and so on.
    fn shift(&mut self, free: NodeId, from: &[usize]) {
        let mut given = Some(free);
        while let Some(node) = given {
            let Some(&member) = from.get(node.index()) else { return };
            if let Some(slot) = self.member_of.get_mut(node.index()) {
                *slot = Some(member);
            }
            given = self.node_of.get_mut(member).and_then(|slot| slot.replace(node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ClusterDeclaration, GroupDeclaration};

    /// Tells whether each row of bits can have a bit of its own, by trying everything.
    fn can_spread(rows: &[u32]) -> bool {
        match rows.split_first() {
            None => true,
            Some((row, rest)) => (0..5).any(|bit| {
                let others: Vec<u32> = rest.iter().map(|other| other & !(1 << bit)).collect();
                row & (1 << bit) != 0 && can_spread(&others)
            }),
        }
    }

    #[test]
    fn it_agrees_with_trying_everything() {
        let group = GroupDeclaration::new("g");
        let spec =
            ClusterDeclaration::new("c").node("n").group(group).build().expect("it is sound");
        let group = spec.groups().next().expect("it is declared").1;
        let mut seed = 7_u32;
        let mut short = 0;
        for _ in 0..2_000 {
            let rows: Vec<u32> = (0..5)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Sparse rows, so that both answers are frequent.
                    (seed >> 27) & (seed >> 22)
                })
                .filter(|row| *row != 0)
                .collect();
            let sets: Vec<NodeSet> = rows
                .iter()
                .map(|row| {
                    (0..5).filter(|bit| row & (1 << bit) != 0).map(NodeId::from_index).collect()
                })
                .collect();
            let members: Vec<(&GroupSpec, &NodeSet)> =
                sets.iter().map(|set| (group, set)).collect();
            let found = shortage(&members, 5);
            assert_eq!(found.is_none(), can_spread(&rows), "{rows:?}");
            if let Some(found) = found {
                assert_eq!(found.groups, found.nodes + 1);
                short += 1;
            }
        }
        assert!((200..1_800).contains(&short), "{short}");
    }
}
