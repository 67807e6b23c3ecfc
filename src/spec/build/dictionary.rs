//! The names that become ids: anti-affinity classes and dimensions.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::id::name::compare;
use crate::id::{ClassId, DimensionId};
use crate::spec::ClusterDeclaration;

/// All classes and dimensions of a declaration, sorted without case. If a name has several
/// spellings, the first in the order of characters stands for all.
pub(super) struct Dictionary {
    pub(super) classes: Vec<Box<str>>,
    pub(super) dimensions: Vec<Box<str>>,
}

impl Dictionary {
    /// Returns the anti-affinity classes and dimensions that a declaration names.
    pub(super) fn of(declaration: &ClusterDeclaration) -> Self {
        let groups = &declaration.groups;
        let classes = groups.iter().flat_map(|group| &group.anti_affinity_classes);
        let demanded = groups.iter().flat_map(|group| group.demands.keys());
        let offered = declaration.nodes.iter().flat_map(|node| node.capacity.keys());
        Self {
            classes: sorted(classes.map(|name| name.as_str())),
            dimensions: sorted(demanded.chain(offered).map(|name| name.as_str())),
        }
    }

    /// Returns the id of an anti-affinity class.
    pub(super) fn class(&self, name: &str) -> Option<ClassId> {
        position(&self.classes, name).map(ClassId::from_index)
    }

    /// Returns the id of a dimension.
    pub(super) fn dimension(&self, name: &str) -> Option<DimensionId> {
        position(&self.dimensions, name).map(DimensionId::from_index)
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Box<str>> {
    let mut unique: BTreeMap<Word<'a>, &'a str> = BTreeMap::new();
    for name in names {
        let spelling = unique.entry(Word(name)).or_insert(name);
        *spelling = name.min(spelling);
    }
    unique.into_values().map(Box::from).collect()
}

fn position(names: &[Box<str>], name: &str) -> Option<usize> {
    names.binary_search_by(|known| Word(known).cmp(&Word(name))).ok()
}

/// One spelling of a class or a dimension; it equals all other spellings of the name.
struct Word<'a>(&'a str);

impl PartialEq for Word<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Word<'_> {}

impl PartialOrd for Word<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Word<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if seeded!(SpellingCounts) { self.0.cmp(other.0) } else { compare(self.0, other.0) }
    }
}
