//! Whether the declaration is small enough to be looked at.

use alloc::vec::Vec;

use crate::spec::problem::{Place, Problem, SpecError};
use crate::spec::{ClusterDeclaration, Limits};

pub(super) fn check(declaration: &ClusterDeclaration, limits: &Limits) -> Vec<SpecError> {
    let ids = usize::try_from(u32::MAX).unwrap_or(usize::MAX).saturating_sub(1);
    let resources = declaration
        .groups
        .iter()
        .fold(0_usize, |sum, group| sum.saturating_add(group.resources.len()));
    let sizes = [
        ("nodes", declaration.nodes.len(), limits.nodes),
        ("groups", declaration.groups.len(), limits.groups),
        ("resources", resources, limits.resources),
    ];
    let mut errors = Vec::new();
    for (field, found, limit) in sizes {
        let limit = limit.min(ids);
        if found > limit {
            let path = Place::Cluster.field(field);
            errors.push(SpecError { path, problem: Problem::TooMany { found, limit } });
        }
    }
    errors
}
