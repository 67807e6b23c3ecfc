//! The names that become ids: anti-affinity classes and dimensions.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::id::{ClassId, DimensionId};
use crate::spec::ClusterDeclaration;

/// All classes and dimensions of a declaration, sorted.
pub(super) struct Dictionary {
    pub(super) classes: Vec<Box<str>>,
    pub(super) dimensions: Vec<Box<str>>,
}

impl Dictionary {
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

    pub(super) fn class(&self, name: &str) -> Option<ClassId> {
        position(&self.classes, name).map(ClassId::from_index)
    }

    pub(super) fn dimension(&self, name: &str) -> Option<DimensionId> {
        position(&self.dimensions, name).map(DimensionId::from_index)
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Box<str>> {
    let unique: BTreeSet<&str> = names.collect();
    unique.into_iter().map(Box::from).collect()
}

fn position(names: &[Box<str>], name: &str) -> Option<usize> {
    names.binary_search_by(|known| known.as_ref().cmp(name)).ok()
}
