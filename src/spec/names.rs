//! Lookup of names without case, at four bytes per entry.

use alloc::vec::Vec;

use super::{GroupSpec, NodeSpec, ResourceSpec};
use crate::id::name::{compare, digest, is_same};
use crate::id::{GroupId, NodeId, ResourceId};

/// The ids of nodes, groups and resources, each list in the order of [`sort`].
///
/// Lists are sorted by a digest and not by the text, which keeps building fast: names of a large
/// cluster share long prefixes, and comparing them would touch the whole heap at every step.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct NameIndex {
    pub(super) nodes: Vec<NodeId>,
    pub(super) groups: Vec<GroupId>,
    pub(super) resources: Vec<ResourceId>,
}

impl NameIndex {
    /// Returns the node of this name, compared without case.
    pub(super) fn node(&self, nodes: &[NodeSpec], name: &str) -> Option<NodeId> {
        find(&self.nodes, name, |id| nodes.get(id.index()).map_or("", NodeSpec::name))
    }

    /// Returns the group of this name, compared without case.
    pub(super) fn group(&self, groups: &[GroupSpec], name: &str) -> Option<GroupId> {
        find(&self.groups, name, |id| groups.get(id.index()).map_or("", GroupSpec::name))
    }

    /// Returns the resource of this name, compared without case.
    pub(super) fn resource(&self, resources: &[ResourceSpec], name: &str) -> Option<ResourceId> {
        find(&self.resources, name, |id| resources.get(id.index()).map_or("", ResourceSpec::name))
    }
}

/// Ids in the order of their names, and the ids whose name an earlier id already has.
pub(super) struct Sorted<I> {
    pub(super) ids: Vec<I>,
    /// Pairs of the first and a later owner of one name, ascending by the later.
    pub(super) duplicates: Vec<(I, I)>,
}

/// Sorts ids by name.
pub(super) fn sort<'a, I: Copy + Ord>(
    ids: impl ExactSizeIterator<Item = I>,
    name_of: impl Fn(I) -> &'a str,
) -> Sorted<I> {
    let mut keyed: Vec<(u64, I)> = ids.map(|id| (digest(name_of(id)), id)).collect();
    keyed.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| compare(name_of(a.1), name_of(b.1))).then_with(|| a.1.cmp(&b.1))
    });
    let mut duplicates = Vec::new();
    let mut first: Option<(u64, I)> = None;
    for (key, id) in &keyed {
        match first {
            Some((same_key, owner))
                if same_key == *key && is_same(name_of(owner), name_of(*id)) =>
            {
                duplicates.push((owner, *id));
            }
            Some(_) | None => first = Some((*key, *id)),
        }
    }
    duplicates.sort_unstable_by_key(|(_, later)| *later);
    Sorted { ids: keyed.into_iter().map(|(_, id)| id).collect(), duplicates }
}

/// The id with this name in a list of [`sort`].
pub(super) fn find<'a, I: Copy>(
    sorted: &[I],
    name: &str,
    name_of: impl Fn(I) -> &'a str,
) -> Option<I> {
    let key = digest(name);
    let found = sorted.binary_search_by(|id| {
        let other = name_of(*id);
        digest(other).cmp(&key).then_with(|| compare(other, name))
    });
    sorted.get(found.ok()?).copied()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let names = ["Disk", "ip", "Name", "naïve", "Z", "a b"];
        let sorted = sort(0..names.len(), |i| names[i]);
        assert_eq!(sorted.duplicates, vec![]);
        for (index, name) in names.iter().enumerate() {
            assert_eq!(find(&sorted.ids, &name.to_uppercase(), |i| names[i]), Some(index));
        }
        assert_eq!(find(&sorted.ids, "disk2", |i| names[i]), None);
    }

    #[test]
    fn later_owners_of_a_name_are_duplicates_of_the_first() {
        let names = ["b", "A", "a", "c", "a"];
        let sorted = sort(0..names.len(), |i| names[i]);
        assert_eq!(sorted.duplicates, vec![(1, 2), (1, 4)]);
    }
}
