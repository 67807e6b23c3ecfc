//! The nodes on which the resources of a group can run, worked out once.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::intern::Interner;
use crate::settings::Ownership;
use crate::spec::{Abilities, Ability, ClusterSpec, GroupSpec, NodeSet};

/// A set of nodes; `None` is every node.
type Nodes = Option<Arc<NodeSet>>;

/// Settles the abilities of every group with a resource that cannot run everywhere.
pub(super) fn settle(spec: &mut ClusterSpec, interner: &mut Interner) {
    let mut settled = Vec::with_capacity(spec.groups.len());
    for group in &spec.groups {
        settled.push(group.possible.is_some().then(|| {
            let abilities = Room { spec, group, interner: &mut *interner }.abilities();
            interner.abilities(abilities)
        }));
    }
    for (group, abilities) in spec.groups.iter_mut().zip(settled) {
        group.abilities = abilities;
    }
}

struct Room<'a> {
    spec: &'a ClusterSpec,
    group: &'a GroupSpec,
    interner: &'a mut Interner,
}

impl Room<'_> {
    fn abilities(&mut self) -> Abilities {
        let stands = self.stands();
        let bears: Vec<Nodes> = match self.spec.settings.ownership {
            Ownership::NeededResources if !seeded!(EveryResourceMustRun) => {
                let replaced = self.replaced(&stands);
                let both = stands.iter().cloned().zip(replaced).enumerate();
                both.map(|(position, (own, replaced))| self.bears(position, own, replaced))
                    .collect()
            }
            Ownership::NeededResources | Ownership::EveryResource => {
                (0..stands.len()).map(|position| self.possible(position)).collect()
            }
        };
        let common = bears.iter().fold(None, |common, own| self.both(common, own.clone()));
        // A node that can run nothing of the group does not own it, however little must run.
        let anything = self.any_of(0..stands.len(), &stands);
        let owners = self.both(common, anything);
        let rows = stands.into_iter().zip(bears).map(|(stands, bears)| Ability { stands, bears });
        Abilities { owners, rows: rows.collect() }
    }

    fn possible(&self, position: usize) -> Nodes {
        let resource = self.spec.resource(self.group.resource_at(position));
        resource.and_then(|of| of.possible.clone())
    }

    /// Returns, for each resource, the nodes that can run it and a member of each of its clauses.
    fn stands(&mut self) -> Vec<Nodes> {
        let graph = &self.group.graph;
        let mut stands: Vec<Nodes> = vec![None; graph.len()];
        for position in graph.start_order() {
            let mut own = self.possible(position);
            for clause in graph.clauses(position) {
                let any = self.any_of(clause, &stands);
                own = self.both(own, any);
            }
            if let Some(place) = stands.get_mut(position) {
                *place = own;
            }
        }
        stands
    }

    /// Returns, for each resource, the nodes on which it is replaced: every clause that names it
    /// has another member that can run there, or belongs to a resource that is replaced itself. A
    /// resource without dependents is replaced nowhere.
    fn replaced(&mut self, stands: &[Nodes]) -> Vec<Nodes> {
        let graph = &self.group.graph;
        let nowhere = Some(self.interner.node_set(NodeSet::new()));
        let mut replaced: Vec<Nodes> = vec![nowhere; graph.len()];
        for position in graph.start_order().rev() {
            let mut dependents = graph.dependents(position).peekable();
            if dependents.peek().is_none() {
                continue;
            }
            let mut own: Nodes = None;
            for dependent in dependents {
                let mut without: Nodes = None;
                for clause in graph.clauses(dependent) {
                    if clause.clone().any(|member| member == position) {
                        let others = clause.filter(|member| *member != position);
                        let any = self.any_of(others, stands);
                        without = self.both(without, any);
                    }
                }
                let of_dependent = replaced.get(dependent).cloned().flatten();
                let without = self.either(without, of_dependent);
                own = self.both(own, without);
            }
            if let Some(place) = replaced.get_mut(position) {
                *place = own;
            }
        }
        replaced
    }

    /// Returns the nodes on which a resource can run, need not run, or is replaced.
    fn bears(&mut self, position: usize, stands: Nodes, replaced: Nodes) -> Nodes {
        let resource = self.spec.resource(self.group.resource_at(position));
        if !resource.is_some_and(|of| of.settings.affects_group()) {
            return None;
        }
        self.either(stands, replaced)
    }

    /// Returns the nodes on which at least one of these resources can run.
    fn any_of(&mut self, members: impl Iterator<Item = usize>, stands: &[Nodes]) -> Nodes {
        let mut any = NodeSet::new();
        for member in members {
            any = any.union(stands.get(member)?.as_deref()?);
        }
        Some(self.interner.node_set(any))
    }

    fn either(&mut self, one: Nodes, other: Nodes) -> Nodes {
        match (one, other) {
            (None, _) | (_, None) => None,
            (Some(one), Some(other)) if Arc::ptr_eq(&one, &other) => Some(one),
            (Some(one), Some(other)) => Some(self.interner.node_set(one.union(&other))),
        }
    }

    fn both(&mut self, one: Nodes, other: Nodes) -> Nodes {
        match (one, other) {
            (None, any) | (any, None) => any,
            (Some(one), Some(other)) if Arc::ptr_eq(&one, &other) => Some(one),
            (Some(one), Some(other)) => Some(self.interner.node_set(one.intersection(&other))),
        }
    }
}
