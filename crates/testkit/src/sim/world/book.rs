//! Names as small numbers. They stay unchanged while configurations, and with them ids, change.

use super::key::Key;
use quorate::id::{GroupId, NodeId, ResourceId};
use quorate::spec::ClusterSpec;

/// Every name that was ever declared in a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    nodes: Roll,
    groups: Roll,
    resources: Roll,
    /// The groups of declared resources, by key of the resource.
    groups_of: Vec<Option<Key>>,
}

#[derive(Clone, Debug, Default)]
struct Roll {
    names: Vec<Box<str>>,
    /// Keys by id.
    keys: Vec<Key>,
    /// Ids by key; `None` if it is no longer declared.
    ids: Vec<Option<usize>>,
}

impl Roll {
    fn refresh<'a>(&mut self, declared: impl Iterator<Item = &'a str>) {
        self.keys.clear();
        self.ids.iter_mut().for_each(|id| *id = None);
        for (id, name) in declared.enumerate() {
            let known = self.names.iter().position(|known| **known == *name);
            let index = known.unwrap_or(self.names.len());
            if known.is_none() {
                self.names.push(name.into());
                self.ids.push(None);
            }
            if let Some(slot) = self.ids.get_mut(index) {
                *slot = Some(id);
            }
            self.keys.push(Key::at(index));
        }
    }

    fn id(&self, key: Key) -> Option<usize> {
        self.ids.get(key.index()).copied().flatten()
    }

    fn key(&self, id: usize) -> Key {
        self.keys.get(id).copied().unwrap_or(Key::at(usize::MAX))
    }

    fn name(&self, key: Key) -> &str {
        self.names.get(key.index()).map_or("", |name| name)
    }
}

impl Book {
    /// Takes in a new configuration.
    pub(crate) fn refresh(&mut self, spec: &ClusterSpec) {
        self.nodes.refresh(spec.nodes().map(|(_, node)| node.name()));
        self.groups.refresh(spec.groups().map(|(_, group)| group.name()));
        self.resources.refresh(spec.resources().map(|(_, resource)| resource.name()));
        self.groups_of.clear();
        self.groups_of.resize(self.resources.names.len(), None);
        for (id, resource) in spec.resources() {
            let key = self.resources.key(id.index());
            if let Some(group) = self.groups_of.get_mut(key.index()) {
                *group = Some(self.groups.key(resource.group().index()));
            }
        }
    }

    pub(crate) fn node_id(&self, key: Key) -> Option<NodeId> {
        self.nodes.id(key).map(NodeId::from_index)
    }

    pub(crate) fn group_id(&self, key: Key) -> Option<GroupId> {
        self.groups.id(key).map(GroupId::from_index)
    }

    pub(crate) fn resource_id(&self, key: Key) -> Option<ResourceId> {
        self.resources.id(key).map(ResourceId::from_index)
    }

    pub(crate) fn node(&self, id: NodeId) -> Key {
        self.nodes.key(id.index())
    }

    pub(crate) fn resource(&self, id: ResourceId) -> Key {
        self.resources.key(id.index())
    }

    /// Returns the group of a declared resource.
    pub(crate) fn group_of(&self, resource: Key) -> Option<Key> {
        self.groups_of.get(resource.index()).copied().flatten()
    }

    pub(crate) fn node_name(&self, key: Key) -> &str {
        self.nodes.name(key)
    }

    pub(crate) fn resource_name(&self, key: Key) -> &str {
        self.resources.name(key)
    }

    pub(crate) fn group_name(&self, key: Key) -> &str {
        self.groups.name(key)
    }

    /// Returns how many nodes ever had a name.
    pub(crate) fn node_count(&self) -> usize {
        self.nodes.names.len()
    }
}
