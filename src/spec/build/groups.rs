//! Builds groups and their resources, without names and dependencies.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::dictionary::Dictionary;
use super::intern::Interner;
use super::kinds::Kinds;
use super::nodes::add;
use super::report::Report;
use super::{settings, suggest};
use crate::graph::DependencyGraph;
use crate::id::{ClassId, DimensionId, GroupId, KindId, NodeId, ResourceId};
use crate::settings::{GroupSettings, ResourceSettings};
use crate::spec::names::find;
use crate::spec::overrides::settle;
use crate::spec::problem::{Path, Place, Problem, shown};
use crate::spec::{
    Dependencies, GroupDeclaration, GroupSpec, NodeSet, NodeSpec, Parameters, Profile,
    ResourceDeclaration, ResourceSpec,
};

/// The inputs for building the groups.
pub(super) struct Drafting<'a, 'r> {
    pub(super) profile: Profile,
    pub(super) kinds: &'a Kinds,
    pub(super) dictionary: &'a Dictionary,
    pub(super) nodes: &'a [NodeSpec],
    pub(super) node_ids: &'a [NodeId],
    pub(super) interner: &'a mut Interner,
    pub(super) report: &'a mut Report<'r>,
}

/// Groups and resources without dependencies.
pub(super) struct Drafted {
    pub(super) groups: Vec<GroupSpec>,
    pub(super) resources: Vec<ResourceSpec>,
    /// Dependencies as declared, by resource.
    pub(super) dependencies: Vec<Option<Dependencies>>,
}

/// The inputs for one group besides its declaration.
struct Defaults {
    group: GroupSettings,
    resource: ResourceSettings,
    /// Graphs without dependencies, by number of resources.
    loose: BTreeMap<usize, Arc<DependencyGraph>>,
    /// Sum of all demands so far, by dimension.
    demanded: Vec<u64>,
}

impl Drafting<'_, '_> {
    /// Turns all declared groups and their resources into drafts, with ids and settled properties.
    pub(super) fn draft(mut self, declared: Vec<GroupDeclaration>) -> Drafted {
        let mut defaults = Defaults {
            group: self.profile.group_settings(),
            resource: self.profile.resource_settings(),
            loose: BTreeMap::new(),
            demanded: vec![0; self.dictionary.dimensions.len()],
        };
        for (_, entry) in self.kinds.iter() {
            self.interner.seed(&entry.settings);
        }
        let count = declared.iter().fold(0_usize, |sum, g| sum.saturating_add(g.resources.len()));
        let mut drafted = Drafted {
            groups: Vec::with_capacity(declared.len()),
            resources: Vec::with_capacity(count),
            dependencies: Vec::with_capacity(count),
        };
        for (index, group) in declared.into_iter().enumerate() {
            self.group(index, group, &mut defaults, &mut drafted);
        }
        drafted
    }

    fn group(
        &mut self,
        index: usize,
        mut declared: GroupDeclaration,
        defaults: &mut Defaults,
        drafted: &mut Drafted,
    ) {
        let id = GroupId::from_index(index);
        let place = Place::Group(&declared.name);
        self.report.name(&declared.name, || Place::Cluster.field("groups"), index, place);
        self.report.parameters(&declared.parameters, || place.field("parameters"));
        let settings = settings::group(&declared, &defaults.group, self.report);
        let settings = self.interner.group(settings);
        let first_resource = ResourceId::from_index(drafted.resources.len());
        let resources = core::mem::take(&mut declared.resources);
        let count = resources.len();
        for (position, mut resource) in resources.into_iter().enumerate() {
            let place = Place::Resource { group: &declared.name, resource: &resource.name };
            let list = || Place::Group(&declared.name).field("resources");
            self.report.name(&resource.name, list, position, place);
            drafted.dependencies.push(resource.depends_on.take());
            let resource = self.resource(id, &declared.name, resource, &defaults.resource);
            drafted.resources.push(resource);
        }
        let own = drafted.resources.get(first_resource.index()..).unwrap_or(&[]);
        let possible = self.common_owners(own);
        let preferred = self.owners(&declared.preferred_owners, || {
            Place::Group(&declared.name).field("preferred_owners")
        });
        let graph = defaults.loose.entry(count).or_insert_with(|| {
            let loose = DependencyGraph::build(&vec![Vec::new(); count], usize::MAX);
            Arc::new(loose.unwrap_or_default())
        });
        drafted.groups.push(GroupSpec {
            settings,
            preferred: preferred.into_boxed_slice(),
            possible,
            classes: self.classes(&declared).into_boxed_slice(),
            demands: self.demands(&declared, &mut defaults.demanded).into_boxed_slice(),
            first_resource,
            graph: Arc::clone(graph),
            abilities: None,
            parameters: Parameters::new(core::mem::take(&mut declared.parameters)),
            name: declared.name.into_boxed_str(),
        });
    }

    fn resource(
        &mut self,
        group: GroupId,
        group_name: &str,
        declared: ResourceDeclaration,
        defaults: &ResourceSettings,
    ) -> ResourceSpec {
        let place = Place::Resource { group: group_name, resource: &declared.name };
        let kind = self.kinds.named(&declared.kind, self.report, || place.field("kind"));
        let entry = kind.and_then(|kind| self.kinds.get(kind));
        self.report.parameters(&declared.parameters, || place.field("parameters"));
        let overrides = declared.settings.as_deref();
        if let Some(overrides) = overrides {
            settings::check_overrides(overrides, place, self.report);
        }
        let settings = match (entry, overrides) {
            (Some(entry), None) => Arc::clone(&entry.settings),
            (Some(entry), Some(own)) => {
                self.interner.resource(settle(defaults, &entry.declaration.settings, own))
            }
            // The kind is unknown and reported; this result is dropped.
            (None, _) => self.interner.resource(defaults.clone()),
        };
        let possible = declared
            .possible_owners
            .map(|names| self.possible_owners(names, || place.field("possible_owners")));
        ResourceSpec {
            group,
            kind: kind.unwrap_or(KindId::from_index(usize::MAX)),
            possible,
            settings,
            parameters: Parameters::new(declared.parameters),
            name: declared.name.into_boxed_str(),
        }
    }

    fn possible_owners(&mut self, names: Vec<String>, path: impl Fn() -> Path) -> Arc<NodeSet> {
        if let Some(known) = self.interner.owner_lists.get(&names) {
            return Arc::clone(known);
        }
        if names.is_empty() {
            self.report.add(path(), Problem::NoOwners);
            return self.interner.node_set(NodeSet::new());
        }
        let ids = self.owners(&names, path);
        let is_sound = ids.len() == names.len();
        let set = self.interner.node_set(ids.into_iter().collect());
        // A list with problems is looked up again, to report them for each resource.
        if is_sound {
            self.interner.owner_lists.insert(names, Arc::clone(&set));
        }
        set
    }

    /// Returns the nodes with these names, in their order; unknown and repeated names are reported.
    fn owners(&mut self, names: &[String], path: impl Fn() -> Path) -> Vec<NodeId> {
        let mut seen = NodeSet::new();
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let name_of = |id: NodeId| self.nodes.get(id.index()).map_or("", NodeSpec::name);
            match find(self.node_ids, name, name_of) {
                Some(id) if seen.insert(id) => ids.push(id),
                Some(_) => {
                    self.report.add(path(), Problem::DuplicateOwner { name: shown(name) });
                }
                None => {
                    let names = self.nodes.iter().map(NodeSpec::name);
                    let suggestion = suggest::near(name, names, self.report);
                    let name = shown(name);
                    self.report.add(path(), Problem::UnknownNode { name, suggestion });
                }
            }
        }
        ids
    }

    /// Returns the nodes on which each of these resources can run.
    fn common_owners(&mut self, resources: &[ResourceSpec]) -> Option<Arc<NodeSet>> {
        let mut sets = resources.iter().filter_map(|resource| resource.possible.as_ref());
        let mut common = Arc::clone(sets.next()?);
        for set in sets {
            if !Arc::ptr_eq(&common, set) {
                common = self.interner.node_set(common.intersection(set));
            }
        }
        Some(common)
    }

    /// Returns the classes of a group, ascending; naming one twice changes nothing.
    fn classes(&mut self, declared: &GroupDeclaration) -> Vec<ClassId> {
        for (index, class) in declared.anti_affinity_classes.iter().enumerate() {
            let path = || Place::Group(&declared.name).field("anti_affinity_classes");
            self.report.word(class, index, path);
        }
        let names = declared.anti_affinity_classes.iter();
        let mut classes: Vec<ClassId> =
            names.filter_map(|class| self.dictionary.class(class)).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    fn demands(
        &mut self,
        declared: &GroupDeclaration,
        demanded: &mut [u64],
    ) -> Vec<(DimensionId, u64)> {
        let mut demands: Vec<(DimensionId, u64)> = Vec::with_capacity(declared.demands.len());
        for (index, (name, amount)) in declared.demands.iter().enumerate() {
            let path = || Place::Group(&declared.name).field("demands");
            self.report.word(name, index, path);
            let Some(dimension) = self.dictionary.dimension(name) else {
                continue;
            };
            // Names that differ in case only are neighbours in the dictionary, but not in the map.
            match demands.binary_search_by_key(&dimension, |(known, _)| *known) {
                Ok(_) => {
                    self.report.add(path(), Problem::DuplicateDimension { name: shown(name) });
                }
                Err(place) => demands.insert(place, (dimension, *amount)),
            }
            add(demanded.get_mut(dimension.index()), *amount, || {
                self.report.add(path(), Problem::SumOverflow { dimension: shown(name) });
            });
        }
        demands
    }
}
