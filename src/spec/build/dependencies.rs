//! Turns dependencies from names into graphs.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::kinds::Kinds;
use super::report::Report;
use super::{requirements, suggest};
use crate::graph::{DependencyGraph, Expression, GraphError};
use crate::id::name::{digest, is_same};
use crate::spec::problem::{Place, Problem, shown};
use crate::spec::{ClusterSpec, Dependencies, GroupSpec, Limit, ResourceSpec};

/// Replaces the graph without dependencies of every group by the graph of its dependencies.
pub(super) fn resolve(
    spec: &mut ClusterSpec,
    kinds: &Kinds,
    dependencies: Vec<Option<Dependencies>>,
    report: &mut Report<'_>,
) {
    // Groups of equal shape share one graph. Their shape is the clauses of each resource, by
    // position.
    let mut graphs: BTreeMap<Vec<Vec<Vec<usize>>>, Arc<DependencyGraph>> = BTreeMap::new();
    let mut declared = dependencies.into_iter();
    let mut resolved: Vec<Option<Arc<DependencyGraph>>> = Vec::with_capacity(spec.groups.len());
    for group in &spec.groups {
        let own = declared.by_ref().take(group.graph.len());
        let mut room = Room::new(spec, group, report);
        let clauses: Vec<Vec<Vec<usize>>> = own
            .enumerate()
            .map(|(position, dependencies)| room.clauses(position, dependencies))
            .collect();
        let unreadable = room.unreadable;
        let graph = match graphs.get(&clauses) {
            Some(known) => Some(Arc::clone(known)),
            None => build(spec, group, &clauses, report),
        };
        requirements::Needs { spec, group, kinds, clauses: &clauses, unreadable: &unreadable }
            .check(graph.as_deref(), report);
        if let Some(graph) = &graph {
            graphs.entry(clauses).or_insert_with(|| Arc::clone(graph));
        }
        resolved.push(graph);
    }
    for (group, graph) in spec.groups.iter_mut().zip(resolved) {
        if let Some(graph) = graph {
            group.graph = graph;
        }
    }
}

fn build(
    spec: &ClusterSpec,
    group: &GroupSpec,
    clauses: &[Vec<Vec<usize>>],
    report: &mut Report<'_>,
) -> Option<Arc<DependencyGraph>> {
    let name_at = |position| {
        let resource = spec.resource(group.resource_at(position));
        resource.map_or("", ResourceSpec::name)
    };
    let at = |position| {
        let place = Place::Resource { group: group.name(), resource: name_at(position) };
        place.field("depends_on")
    };
    let whole = || Place::Group(group.name()).field("resources");
    let (path, problem) = match DependencyGraph::build(clauses, report.limits.depth) {
        Ok(graph) => return Some(Arc::new(graph)),
        Err(GraphError::Cycle(positions)) => {
            let path = positions.first().map_or_else(whole, |first| at(*first));
            let resources = positions.into_iter().map(|at| shown(name_at(at))).collect();
            (path, Problem::Cycle { resources })
        }
        Err(GraphError::TooDeep { depth, limit }) => (whole(), Problem::TooDeep { depth, limit }),
        // All problems but the size are found while names are read, and left out of the clauses.
        Err(
            GraphError::TooLarge
            | GraphError::SelfDependency { .. }
            | GraphError::DuplicateProvider { .. }
            | GraphError::UnknownPosition { .. }
            | GraphError::EmptyClause { .. },
        ) => (whole(), Problem::TooLarge),
    };
    report.add(path, problem);
    None
}

/// Finds the names of one group.
struct Room<'a, 'r> {
    spec: &'a ClusterSpec,
    group: &'a GroupSpec,
    /// Digests of the names, ascending; filled when the first dependency is met.
    sorted: Vec<(u64, usize)>,
    /// Resources whose dependencies are reported and left out.
    unreadable: BTreeSet<usize>,
    report: &'a mut Report<'r>,
}

impl<'a, 'r> Room<'a, 'r> {
    fn new(spec: &'a ClusterSpec, group: &'a GroupSpec, report: &'a mut Report<'r>) -> Self {
        let (sorted, unreadable) = (Vec::new(), BTreeSet::new());
        Self { spec, group, sorted, unreadable, report }
    }

    fn name_at(&self, position: usize) -> &'a str {
        let resource = self.spec.resource(self.group.resource_at(position));
        resource.map_or("", ResourceSpec::name)
    }

    /// Returns the clauses of one resource; none if they have a problem.
    fn clauses(&mut self, position: usize, declared: Option<Dependencies>) -> Vec<Vec<usize>> {
        let expression = match declared {
            None => return Vec::new(),
            Some(Dependencies::Expression(expression)) => expression,
            Some(Dependencies::Text(text)) => match text.parse::<Expression>() {
                Ok(expression) => expression,
                Err(error) => return self.refuse(position, Problem::Syntax(error)),
            },
        };
        let members = expression.clauses().map(|clause| clause.members().count());
        let found = members.fold(0_usize, usize::saturating_add);
        let most = self.report.limits.dependencies_per_resource;
        if found > most {
            let limit = Limit::DependenciesPerResource;
            return self.refuse(position, Problem::TooMany { limit, found, most });
        }
        let mut clauses = Vec::with_capacity(expression.clauses().count());
        let mut all: Vec<usize> = Vec::with_capacity(found);
        for clause in expression.clauses() {
            let mut providers = Vec::with_capacity(clause.members().count());
            if clause.members().count() == 0 {
                return self.refuse(position, Problem::EmptyClause);
            }
            for name in clause.members() {
                providers.extend(self.provider(position, name));
            }
            all.extend(&providers);
            clauses.push(providers);
        }
        self.check_twice(position, all);
        if self.unreadable.contains(&position) { Vec::new() } else { clauses }
    }

    fn refuse(&mut self, position: usize, problem: Problem) -> Vec<Vec<usize>> {
        self.unreadable.insert(position);
        let resource = self.name_at(position);
        let place = Place::Resource { group: self.group.name(), resource };
        self.report.add(place.field("depends_on"), problem);
        Vec::new()
    }

    /// Returns the position of a provider, unless the name is wrong.
    fn provider(&mut self, position: usize, name: &str) -> Option<usize> {
        match self.position_of(name) {
            Some(provider) if provider == position => {
                self.refuse(position, Problem::SelfDependency);
                None
            }
            Some(provider) => Some(provider),
            None => {
                let problem = self.unknown(name);
                self.refuse(position, problem);
                None
            }
        }
    }

    fn position_of(&mut self, name: &str) -> Option<usize> {
        if self.sorted.is_empty() {
            let len = self.group.graph.len();
            self.sorted = (0..len).map(|at| (digest(self.name_at(at)), at)).collect();
            self.sorted.sort_unstable();
        }
        let key = digest(name);
        let first = self.sorted.partition_point(|(other, _)| *other < key);
        let same = self.sorted.iter().skip(first).take_while(|(other, _)| *other == key);
        same.map(|(_, position)| *position).find(|at| is_same(self.name_at(*at), name))
    }

    fn unknown(&mut self, name: &str) -> Problem {
        let elsewhere = self.spec.resource_id(name).and_then(|id| self.spec.resource(id));
        if let Some(group) = elsewhere.and_then(|other| self.spec.group(other.group)) {
            return Problem::OtherGroup { name: shown(name), group: shown(group.name()) };
        }
        let (spec, group) = (self.spec, self.group);
        let names = (0..group.graph.len()).map(|position| {
            let resource = spec.resource(group.resource_at(position));
            resource.map_or("", ResourceSpec::name)
        });
        let suggestion = suggest::near(name, names, self.report);
        Problem::UnknownResource { name: shown(name), suggestion }
    }

    /// Reports each provider that occurs more than once.
    fn check_twice(&mut self, position: usize, mut providers: Vec<usize>) {
        providers.sort_unstable();
        let mut last = None;
        let mut reported = None;
        for provider in providers {
            if last == Some(provider) && reported != Some(provider) {
                let name = shown(self.name_at(provider));
                self.refuse(position, Problem::DuplicateProvider { name });
                reported = Some(provider);
            }
            last = Some(provider);
        }
    }
}
