//! Shares equal records, so that large clusters stay small.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::settings::{GroupSettings, ResourceSettings};
use crate::spec::{Abilities, NodeSet};

/// One shared copy of each record.
#[derive(Default)]
pub(super) struct Interner {
    groups: BTreeMap<GroupSettings, Arc<GroupSettings>>,
    resources: BTreeMap<ResourceSettings, Arc<ResourceSettings>>,
    node_sets: BTreeMap<NodeSet, Arc<NodeSet>>,
    abilities: BTreeMap<Abilities, Arc<Abilities>>,
    /// Node sets by the list that declares them, so that a list is looked up once.
    pub(super) owner_lists: BTreeMap<Vec<String>, Arc<NodeSet>>,
}

impl Interner {
    /// Returns the shared copy of these settings of a group.
    pub(super) fn group(&mut self, settings: GroupSettings) -> Arc<GroupSettings> {
        shared(&mut self.groups, settings)
    }

    /// Returns the shared copy of these settings of a resource.
    pub(super) fn resource(&mut self, settings: ResourceSettings) -> Arc<ResourceSettings> {
        shared(&mut self.resources, settings)
    }

    /// Makes the record of a kind the shared one for equal resources.
    pub(super) fn seed(&mut self, settings: &Arc<ResourceSettings>) {
        self.resources
            .entry(ResourceSettings::clone(settings))
            .or_insert_with(|| Arc::clone(settings));
    }

    /// Returns the shared copy of this set of nodes.
    pub(super) fn node_set(&mut self, nodes: NodeSet) -> Arc<NodeSet> {
        shared(&mut self.node_sets, nodes)
    }

    /// Returns the shared copy of these abilities.
    pub(super) fn abilities(&mut self, abilities: Abilities) -> Arc<Abilities> {
        shared(&mut self.abilities, abilities)
    }
}

fn shared<T: Clone + Ord>(known: &mut BTreeMap<T, Arc<T>>, record: T) -> Arc<T> {
    if let Some(shared) = known.get(&record) {
        return Arc::clone(shared);
    }
    let shared = Arc::new(record.clone());
    known.insert(record, Arc::clone(&shared));
    shared
}
