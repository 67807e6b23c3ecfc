//! Checks that the declaration is small enough to be looked at.

use super::dictionary::Dictionary;
use super::report::Report;
use crate::kind::{KindDeclaration, RequiredProvider};
use crate::spec::problem::{Path, Place, Problem};
use crate::spec::{ClusterDeclaration, GroupDeclaration, Limit, Limits, SpecErrors};

/// Checks the lengths of all lists.
pub(super) fn check(declaration: &ClusterDeclaration, limits: &Limits) -> Result<(), SpecErrors> {
    let mut report = Report::new(limits);
    let mut whole = |limit, found, most: usize, field| {
        check_one(limit, found, most.min(most_ids()), &mut report, || Place::Cluster.field(field));
    };
    let resources = declaration
        .groups
        .iter()
        .fold(0_usize, |sum, group| sum.saturating_add(group.resources.len()));
    whole(Limit::Kinds, declaration.kinds.len(), limits.kinds, "kinds");
    whole(Limit::Nodes, declaration.nodes.len(), limits.nodes, "nodes");
    whole(Limit::Groups, declaration.groups.len(), limits.groups, "groups");
    whole(Limit::Resources, resources, limits.resources, "resources");
    for kind in &declaration.kinds {
        check_kind(kind, limits, &mut report);
    }
    for group in &declaration.groups {
        check_group(group, limits, &mut report);
    }
    SpecErrors::of(report.into_errors())
}

/// Checks the number of anti-affinity classes and dimensions.
pub(super) fn check_words(dictionary: &Dictionary, limits: &Limits) -> Result<(), SpecErrors> {
    let mut report = Report::new(limits);
    let mut check = |limit, found, most: usize| {
        check_one(limit, found, most.min(most_ids()), &mut report, || Place::Cluster.whole());
    };
    check(Limit::Classes, dictionary.classes.len(), limits.classes);
    check(Limit::Dimensions, dictionary.dimensions.len(), limits.dimensions);
    SpecErrors::of(report.into_errors())
}

fn check_kind(kind: &KindDeclaration, limits: &Limits, report: &mut Report<'_>) {
    let place = Place::Kind(&kind.name);
    let required = kind.requires.iter().fold(0_usize, |sum, required| {
        sum.saturating_add(match required {
            RequiredProvider::AnyKind(names) => names.len().max(1),
            RequiredProvider::Kind(_)
            | RequiredProvider::Class(_)
            | RequiredProvider::EveryOfClass(_) => 1,
        })
    });
    let (limit, most) = (Limit::RequiredProvidersPerKind, limits.required_providers_per_kind);
    check_one(limit, required, most, report, || place.field("requires"));
    let found = kind.at_most_per_node.len();
    let path = || place.field("at_most_per_node");
    check_one(Limit::Dimensions, found, limits.dimensions, report, path);
}

fn check_group(group: &GroupDeclaration, limits: &Limits, report: &mut Report<'_>) {
    let place = Place::Group(&group.name);
    for (limit, found, most, field) in [
        (Limit::ResourcesPerGroup, group.resources.len(), limits.resources_per_group, "resources"),
        (
            Limit::PreferredOwnersPerGroup,
            group.preferred_owners.len(),
            limits.preferred_owners_per_group,
            "preferred_owners",
        ),
        (
            Limit::ClassesPerGroup,
            group.anti_affinity_classes.len(),
            limits.classes_per_group,
            "anti_affinity_classes",
        ),
    ] {
        check_one(limit, found, most, report, || place.field(field));
    }
    let most = limits.possible_owners_per_resource;
    for resource in &group.resources {
        let found = resource.possible_owners.as_ref().map_or(0, alloc::vec::Vec::len);
        check_one(Limit::PossibleOwnersPerResource, found, most, report, || {
            Place::Resource { group: &group.name, resource: &resource.name }
                .field("possible_owners")
        });
    }
}

fn check_one(
    limit: Limit,
    found: usize,
    most: usize,
    report: &mut Report<'_>,
    path: impl FnOnce() -> Path,
) {
    if found > most {
        report.add(path(), Problem::TooMany { limit, found, most });
    }
}

/// Returns the number of things that ids can number.
fn most_ids() -> usize {
    usize::try_from(u32::MAX).unwrap_or(usize::MAX).saturating_sub(1)
}
