//! Checks the demands of groups with one kind that may meet on a node.
//!
//! It looks only at pairs: the placement keeps a third group away.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::report::Report;
use crate::id::{ClassId, DimensionId, GroupId};
use crate::kind::KindDeclaration;
use crate::settings::{Admission, AntiAffinityPlacement};
use crate::spec::problem::{Place, Problem, shown};
use crate::spec::{ClusterSpec, GroupSpec, NodeSet};

/// The properties of a group that decide which others it may meet on a node.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Meeting<'a> {
    /// Classes that keep it apart from others.
    classes: &'a [ClassId],
    /// The nodes that can run every resource that must run of it; `None` is every node.
    owners: Option<&'a NodeSet>,
}

/// The rule for groups of one anti-affinity class on one node.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Classes {
    /// They never meet.
    KeepApart,
    /// They meet if there is no other node.
    MayMeet,
}

/// The groups with equal properties of this sort, by demand.
struct Cohort<'a> {
    meeting: Meeting<'a>,
    /// The largest demand and its group.
    largest: (u64, &'a GroupSpec),
    /// The next demand and its group.
    second: Option<(u64, &'a GroupSpec)>,
}

/// Checks that no group, and no two groups that may meet on a node, demand more there than the kind
/// allows for one node. `groups` are the groups with a resource of the kind.
pub(super) fn check(
    spec: &ClusterSpec,
    kind: &KindDeclaration,
    groups: &[GroupId],
    report: &mut Report<'_>,
) {
    for (name, limit) in &kind.at_most_per_node {
        let Some(dimension) = spec.dimension_id(name) else {
            continue;
        };
        let mut sharing: Vec<(u64, &GroupSpec)> = Vec::new();
        for group in groups.iter().filter_map(|id| spec.group(*id)) {
            let demand = demand(group, dimension);
            if demand > *limit {
                report.add(
                    Place::Group(group.name()).field("demands"),
                    Problem::NodeOverload {
                        kind: shown(&kind.name),
                        dimension: shown(name),
                        demand,
                        limit: *limit,
                    },
                );
            } else if demand > 0 {
                sharing.push((demand, group));
            }
        }
        let Some(overloads) = overloads(spec, sharing, *limit, report) else {
            let path = Place::Kind(&kind.name).field("at_most_per_node");
            let limit = report.limits.comparisons;
            report.add(path, Problem::TooManyComparisons { limit });
            return;
        };
        for (sum, group, other) in overloads {
            report.add(
                Place::Group(group.name()).field("demands"),
                Problem::SharedNodeOverload {
                    kind: shown(&kind.name),
                    other: shown(other.name()),
                    dimension: shown(name),
                    demand: sum,
                    limit: *limit,
                },
            );
        }
    }
}

fn demand(group: &GroupSpec, dimension: DimensionId) -> u64 {
    let found = group.demands.binary_search_by_key(&dimension, |(id, _)| *id);
    found.ok().and_then(|at| group.demands.get(at)).map_or(0, |(_, amount)| *amount)
}

/// Returns pairs of groups that may meet and demand too much. It returns only the heaviest pairs
/// for each sort of group, for all pairs would be too many. `None` if it takes too many steps to
/// find them.
fn overloads<'a>(
    spec: &ClusterSpec,
    sharing: Vec<(u64, &'a GroupSpec)>,
    limit: u64,
    report: &mut Report<'_>,
) -> Option<Vec<(u64, &'a GroupSpec, &'a GroupSpec)>> {
    let settings = &spec.settings;
    let classes = match (settings.anti_affinity, settings.admission) {
        (AntiAffinityPlacement::Hard, _) | (_, Admission::SameClassOnline) => Classes::KeepApart,
        (AntiAffinityPlacement::Soft, Admission::Open) => Classes::MayMeet,
    };
    let mut cohorts = cohorts(sharing, classes);
    if classes == Classes::KeepApart && share_one_class(&cohorts) {
        return Some(Vec::new());
    }
    cohorts.sort_by_key(|cohort| core::cmp::Reverse(cohort.largest.0));
    let mut found = Vec::new();
    for (index, cohort) in cohorts.iter().enumerate() {
        let (demand, group) = cohort.largest;
        let within = cohort.second.filter(|_| may_meet(cohort.meeting, cohort.meeting));
        let mut lighter = None;
        for other in cohorts.iter().skip(index.saturating_add(1)) {
            if demand.saturating_add(other.largest.0) <= limit {
                break;
            }
            if !report.may_compare(cohort.meeting.classes.len().saturating_add(1)) {
                return None;
            }
            if may_meet(cohort.meeting, other.meeting) {
                lighter = Some(other.largest);
                break;
            }
        }
        for (other_demand, other) in within.into_iter().chain(lighter) {
            let sum = demand.saturating_add(other_demand);
            if sum > limit {
                found.push((sum, group, other));
            }
        }
    }
    Some(found)
}

/// Gathers groups that may meet equal sets of other groups.
fn cohorts<'a>(sharing: Vec<(u64, &'a GroupSpec)>, classes: Classes) -> Vec<Cohort<'a>> {
    let mut cohorts: BTreeMap<Meeting<'a>, Cohort<'a>> = BTreeMap::new();
    for (demand, group) in sharing {
        let apart_by: &[ClassId] = match classes {
            Classes::KeepApart => &group.classes,
            Classes::MayMeet => &[],
        };
        let meeting = Meeting { classes: apart_by, owners: group.owners() };
        let next = (demand, group);
        match cohorts.get_mut(&meeting) {
            None => {
                cohorts.insert(meeting, Cohort { meeting, largest: next, second: None });
            }
            Some(cohort) if demand > cohort.largest.0 => {
                cohort.second = Some(cohort.largest);
                cohort.largest = next;
            }
            Some(cohort) => {
                if cohort.second.is_none_or(|(second, _)| demand > second) {
                    cohort.second = Some(next);
                }
            }
        }
    }
    cohorts.into_values().collect()
}

/// Tells whether all groups have a class in common: then no two of them meet, however many there
/// are.
fn share_one_class(cohorts: &[Cohort<'_>]) -> bool {
    let Some(first) = cohorts.first() else {
        return true;
    };
    let has = |cohort: &Cohort<'_>, class| cohort.meeting.classes.binary_search(class).is_ok();
    let mut classes = first.meeting.classes.iter();
    classes.any(|class| cohorts.iter().all(|cohort| has(cohort, class)))
}

fn may_meet(a: Meeting<'_>, b: Meeting<'_>) -> bool {
    let owners_meet = match (a.owners, b.owners) {
        (Some(a), Some(b)) => a.intersects(b),
        (Some(only), None) | (None, Some(only)) => !only.is_empty(),
        (None, None) => true,
    };
    owners_meet && !a.classes.iter().any(|class| b.classes.binary_search(class).is_ok())
}
