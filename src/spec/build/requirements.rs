//! Checks that resources have the providers that their kinds require.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use super::kinds::{Entry, Kinds, Requirement};
use super::report::Report;
use crate::graph::DependencyGraph;
use crate::id::KindId;
use crate::kind::ResourceClass;
use crate::spec::problem::{Place, Problem, shown};
use crate::spec::{ClusterSpec, GroupSpec, ResourceSpec};

/// The most missing providers that one error names, since naming all for each dependent would cost
/// their product.
const MOST_NAMED: usize = 8;

/// The providers that one dependent misses.
#[derive(Default)]
struct Lost {
    missing: Vec<Box<str>>,
    omitted: usize,
}

/// The requirements of the resources of one group.
#[derive(Clone, Copy)]
pub(super) struct Needs<'a> {
    pub(super) spec: &'a ClusterSpec,
    pub(super) group: &'a GroupSpec,
    pub(super) kinds: &'a Kinds,
    /// Direct dependencies by position.
    pub(super) clauses: &'a [Vec<Vec<usize>>],
    /// Positions whose dependencies could not be read; they are not reported again.
    pub(super) unreadable: &'a BTreeSet<usize>,
}

impl<'a> Needs<'a> {
    /// Reports missing providers. Without a graph, it does not check indirect ones.
    pub(super) fn check(self, graph: Option<&DependencyGraph>, report: &mut Report<'_>) {
        // Dependents that need every resource of a class, with this class.
        let mut needs_every: Vec<(ResourceClass, usize)> = Vec::new();
        for (position, clauses) in self.clauses.iter().enumerate() {
            let Some(entry) = self.entry(position) else {
                continue;
            };
            if entry.requires.is_empty() || self.unreadable.contains(&position) {
                continue;
            }
            for (required, named) in entry.requires.iter().zip(&entry.declaration.requires) {
                let is_met = match required {
                    Requirement::AnyKind(kinds) => {
                        // If all kinds are unknown and reported, no provider is reported as
                        // missing.
                        kinds.is_empty() || self.any(clauses, |kind, _| kinds.contains(&kind))
                    }
                    Requirement::Class(class) => {
                        self.any(clauses, |_, entry| entry.declaration.class == *class)
                    }
                    Requirement::EveryOfClass(class) => {
                        needs_every.push((*class, position));
                        true
                    }
                };
                if !is_met {
                    let problem = Problem::MissingProvider { required: named.clone() };
                    report.add(self.place(position).field("depends_on"), problem);
                }
            }
        }
        if let Some(graph) = graph {
            self.check_every(&needs_every, graph, report);
        }
    }

    fn check_every(
        self,
        needs_every: &[(ResourceClass, usize)],
        graph: &DependencyGraph,
        report: &mut Report<'_>,
    ) {
        for class in [ResourceClass::Storage, ResourceClass::Network, ResourceClass::User] {
            let of_class = needs_every.iter().filter(|(needed, _)| *needed == class);
            let dependents: Vec<usize> = of_class.map(|(_, position)| *position).collect();
            if dependents.is_empty() {
                continue;
            }
            let targets: Vec<usize> = (0..self.clauses.len())
                .filter(|at| self.entry(*at).is_some_and(|e| e.declaration.class == class))
                .collect();
            let mut lost: Vec<Lost> = dependents.iter().map(|_| Lost::default()).collect();
            for block in targets.chunks(64) {
                let reached = reached(graph, block);
                for (dependent, lost) in dependents.iter().zip(&mut lost) {
                    let reached = reached.get(*dependent).copied().unwrap_or(0);
                    self.note(*dependent, block, reached, lost);
                }
            }
            for (dependent, Lost { missing, omitted }) in dependents.into_iter().zip(lost) {
                if !missing.is_empty() {
                    let problem = Problem::MissingProviders { class, missing, omitted };
                    report.add(self.place(dependent).field("depends_on"), problem);
                }
            }
        }
    }

    /// Notes which of up to 64 targets a dependent misses.
    fn note(self, dependent: usize, targets: &[usize], reached: u64, lost: &mut Lost) {
        for (bit, target) in targets.iter().enumerate() {
            if reached & (1_u64 << bit) != 0 || *target == dependent {
                continue;
            }
            if lost.missing.len() < MOST_NAMED {
                lost.missing.push(shown(self.name(*target)));
            } else {
                lost.omitted = lost.omitted.saturating_add(1);
            }
        }
    }

    /// Tells whether some direct provider passes a test.
    fn any(self, clauses: &[Vec<usize>], test: impl Fn(KindId, &Entry) -> bool) -> bool {
        clauses.iter().flatten().any(|provider| {
            let kind = self.resource(*provider).map(ResourceSpec::kind);
            kind.is_some_and(|kind| self.kinds.get(kind).is_some_and(|entry| test(kind, entry)))
        })
    }

    fn resource(self, position: usize) -> Option<&'a ResourceSpec> {
        self.spec.resource(self.group.resource_at(position))
    }

    fn entry(self, position: usize) -> Option<&'a Entry> {
        self.kinds.get(self.resource(position)?.kind)
    }

    fn name(self, position: usize) -> &'a str {
        self.resource(position).map_or("", ResourceSpec::name)
    }

    fn place(self, position: usize) -> Place<'a> {
        Place::Resource { group: self.group.name(), resource: self.name(position) }
    }
}

/// Returns, as bits, which of up to 64 targets each resource depends on, directly or through
/// others.
fn reached(graph: &DependencyGraph, targets: &[usize]) -> Vec<u64> {
    let mut own = vec![0_u64; graph.len()];
    for (bit, target) in targets.iter().enumerate() {
        if let Some(mask) = own.get_mut(*target) {
            *mask = 1_u64 << bit;
        }
    }
    let mut reached = vec![0_u64; graph.len()];
    for position in graph.start_order() {
        let mask = graph.providers(position).fold(0, |mask, provider| {
            let of = |masks: &[u64]| masks.get(provider).copied().unwrap_or(0);
            mask | of(&own) | of(&reached)
        });
        if let Some(slot) = reached.get_mut(position) {
            *slot = mask;
        }
    }
    reached
}
