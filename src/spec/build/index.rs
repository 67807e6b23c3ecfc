//! Checks that names of groups and resources are unique, and builds their lookup without case.

use super::report::Report;
use crate::id::{GroupId, ResourceId};
use crate::spec::names::sort;
use crate::spec::problem::{Place, Problem};
use crate::spec::{ClusterSpec, GroupSpec, ResourceSpec};

/// Reports names of groups and of resources that are taken, and fills the lookup of names.
pub(super) fn names(spec: &mut ClusterSpec, report: &mut Report<'_>) {
    let group_name = |id: GroupId| spec.groups.get(id.index()).map_or("", GroupSpec::name);
    let groups = sort((0..spec.groups.len()).map(GroupId::from_index), group_name);
    for (first, later) in groups.duplicates {
        // Empty names are reported already.
        if !group_name(later).is_empty() {
            let first = Place::Group(group_name(first)).whole();
            let path = Place::Group(group_name(later)).field("name");
            report.add(path, Problem::DuplicateName { first });
        }
    }

    let resource = |id: ResourceId| spec.resources.get(id.index());
    let resource_name = |id: ResourceId| resource(id).map_or("", ResourceSpec::name);
    let resources = sort((0..spec.resources.len()).map(ResourceId::from_index), resource_name);
    let place = |id: ResourceId| Place::Resource {
        group: resource(id).map_or("", |resource| group_name(resource.group)),
        resource: resource_name(id),
    };
    for (first, later) in resources.duplicates {
        if !resource_name(later).is_empty() {
            let first = place(first).whole();
            report.add(place(later).field("name"), Problem::DuplicateName { first });
        }
    }

    spec.names.groups = groups.ids;
    spec.names.resources = resources.ids;
}
