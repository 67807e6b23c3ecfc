//! Kinds: standard and declared.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::report::Report;
use super::settings::check_overrides;
use super::suggest;
use crate::id::KindId;
use crate::id::name::{digest, folded, is_same};
use crate::kind::{
    KindDeclaration, RequiredProvider, ResourceClass, ResourceOverrides, SpareNode, standard,
};
use crate::settings::ResourceSettings;
use crate::spec::Profile;
use crate::spec::names::sort;
use crate::spec::overrides::settle;
use crate::spec::problem::{Path, Place, Problem, shown};

/// All kinds by id: standard kinds first, in their order, then declared kinds.
///
/// A declared kind with a standard name takes the place of the standard kind, so that a standard
/// name has one id in every cluster.
pub(super) struct Kinds {
    entries: Vec<Entry>,
    /// Digests of the names, ascending.
    sorted: Vec<(u64, KindId)>,
}

/// A kind, ready for use.
pub(super) struct Entry {
    pub(super) declaration: KindDeclaration,
    /// Properties of a resource of the kind that declares none.
    pub(super) settings: Arc<ResourceSettings>,
    /// [`KindDeclaration::requires`] with ids, in the same order.
    pub(super) requires: Vec<Requirement>,
}

/// A [`RequiredProvider`] with ids for names.
pub(super) enum Requirement {
    AnyKind(Vec<KindId>),
    Class(ResourceClass),
    EveryOfClass(ResourceClass),
}

impl Entry {
    /// Tells whether resources of the kind have to be counted.
    pub(super) fn is_counted(&self) -> bool {
        let kind = &self.declaration;
        kind.at_most_per_cluster.is_some()
            || kind.at_most_per_group.is_some()
            || kind.spare_node != SpareNode::NotNeeded
            || !kind.at_most_per_node.is_empty()
    }
}

impl Kinds {
    /// Returns the standard kinds and the declared ones, with the settings that the profile gives
    /// them. Reports what is wrong with the declared ones.
    pub(super) fn merged(
        declared: Vec<KindDeclaration>,
        profile: Profile,
        report: &mut Report<'_>,
    ) -> Self {
        check_names(&declared, report);
        let mut all = standard::standard();
        let standards = all.len();
        for kind in declared {
            check_overrides(&kind.settings, Place::Kind(&kind.name), report);
            let replaced =
                all.iter_mut().take(standards).find(|old| is_same(&old.name, &kind.name));
            match replaced {
                Some(old) => *old = kind,
                None => all.push(kind),
            }
        }
        let defaults = profile.resource_settings();
        let none = ResourceOverrides::default();
        let entry = |declaration: KindDeclaration| {
            let settings = Arc::new(settle(&defaults, &declaration.settings, &none));
            Entry { declaration, settings, requires: Vec::new() }
        };
        let entries: Vec<Entry> = all.into_iter().map(entry).collect();
        let mut sorted: Vec<(u64, KindId)> = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (digest(&entry.declaration.name), KindId::from_index(index)))
            .collect();
        sorted.sort_unstable();
        let mut kinds = Self { entries, sorted };
        let requires: Vec<Vec<Requirement>> =
            kinds.entries.iter().map(|entry| kinds.requirements(entry, report)).collect();
        for (entry, requires) in kinds.entries.iter_mut().zip(requires) {
            entry.requires = requires;
        }
        kinds
    }

    /// Returns the kind with this id.
    pub(super) fn get(&self, kind: KindId) -> Option<&Entry> {
        self.entries.get(kind.index())
    }

    /// Returns all kinds with their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (KindId, &Entry)> {
        let ids = (0..self.entries.len()).map(KindId::from_index);
        ids.zip(&self.entries)
    }

    /// Returns the declarations of all kinds, by id.
    pub(super) fn into_declarations(self) -> Vec<KindDeclaration> {
        self.entries.into_iter().map(|entry| entry.declaration).collect()
    }

    /// Returns the kind with this name; reports an unknown one.
    pub(super) fn named(
        &self,
        name: &str,
        report: &mut Report<'_>,
        path: impl FnOnce() -> Path,
    ) -> Option<KindId> {
        let key = digest(name);
        let first = self.sorted.partition_point(|(other, _)| *other < key);
        let found = self
            .sorted
            .iter()
            .skip(first)
            .take_while(|(other, _)| *other == key)
            .map(|(_, id)| *id)
            .find(|id| self.get(*id).is_some_and(|entry| is_same(&entry.declaration.name, name)));
        if found.is_none() {
            let names = self.entries.iter().map(|entry| entry.declaration.name.as_str());
            let suggestion = suggest::near(name, names.clone(), report)
                .or_else(|| suggest::whole(name, names, report));
            let list = if suggestion.is_none() && report.may_list_kinds() { 30 } else { 0 };
            let names = self.entries.iter().map(|entry| shown(&entry.declaration.name));
            let known: Vec<_> = names.take(list).collect();
            let omitted = self.entries.len().saturating_sub(known.len());
            let name = shown(name);
            report.add(path(), Problem::UnknownKind { name, suggestion, known, omitted });
        }
        found
    }

    fn requirements(&self, entry: &Entry, report: &mut Report<'_>) -> Vec<Requirement> {
        let path = || Place::Kind(&entry.declaration.name).field("requires");
        let mut resolved = Vec::with_capacity(entry.declaration.requires.len());
        for required in &entry.declaration.requires {
            resolved.push(match required {
                RequiredProvider::Kind(name) => {
                    Requirement::AnyKind(self.named(name, report, path).into_iter().collect())
                }
                RequiredProvider::AnyKind(names) => Requirement::AnyKind(
                    names.iter().filter_map(|name| self.named(name, report, path)).collect(),
                ),
                RequiredProvider::Class(class) => Requirement::Class(*class),
                RequiredProvider::EveryOfClass(class) => Requirement::EveryOfClass(*class),
            });
        }
        resolved
    }
}

fn check_names(declared: &[KindDeclaration], report: &mut Report<'_>) {
    for (index, kind) in declared.iter().enumerate() {
        let place = Place::Kind(&kind.name);
        report.name(&kind.name, || Place::Cluster.field("kinds"), index, place);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (position, name) in kind.at_most_per_node.keys().enumerate() {
            report.word(name, position, || place.field("at_most_per_node"));
            if !seen.insert(folded(name).collect()) {
                let name = shown(name);
                report.add(place.field("at_most_per_node"), Problem::DuplicateDimension { name });
            }
        }
    }
    let name_of = |index: usize| declared.get(index).map_or("", |kind| kind.name.as_str());
    for (first, later) in sort(0..declared.len(), name_of).duplicates {
        if !name_of(later).is_empty() {
            let first = Place::Kind(name_of(first)).whole();
            let path = Place::Kind(name_of(later)).field("name");
            report.add(path, Problem::DuplicateName { first });
        }
    }
}
