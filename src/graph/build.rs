//! Checks the clauses of a group and puts its resources in order.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::rows::{Rows, widen};
use super::{DependencyGraph, GraphError, cycle};

impl DependencyGraph {
    /// Builds the graph of a group with `clauses_of.len()` resources.
    ///
    /// `clauses_of[d]` are the clauses of dependent `d`, each a list of provider positions.
    /// `depth_limit` is the largest number of resources on one chain, normally
    /// [`MAX_DEPTH`](super::MAX_DEPTH).
    ///
    /// # Errors
    ///
    /// The first fault: clauses by ascending dependent, then cycles, then the depth. Nothing is
    /// built.
    pub(crate) fn build(
        clauses_of: &[Vec<Vec<usize>>],
        depth_limit: usize,
    ) -> Result<Self, GraphError> {
        if clauses_of.is_empty() {
            return Ok(Self::default());
        }
        let members = checked_members(clauses_of)?;
        let clause_starts = clause_starts(clauses_of).ok_or(GraphError::TooLarge)?;
        let len = clauses_of.len();
        let clause_count = clause_starts.last().copied().map_or(0, widen);
        let by_clause = members.iter().map(|m| (m.clause, m.provider));
        let clauses = Rows::grouped(clause_count, by_clause).ok_or(GraphError::TooLarge)?;
        let by_provider = members.iter().map(|m| (m.provider, m.dependent));
        let dependents = Rows::grouped(len, by_provider).ok_or(GraphError::TooLarge)?;
        // Grouping keeps the order of its input, so reading providers ascending sorts each row.
        let mut by_dependent = Vec::with_capacity(members.len());
        for (provider, row) in (0_u32..).zip(0..len) {
            let row = dependents.row(row).iter();
            by_dependent.extend(row.map(|dependent| (*dependent, provider)));
        }
        let by_dependent = by_dependent.iter().copied();
        let providers = Rows::grouped(len, by_dependent).ok_or(GraphError::TooLarge)?;

        let Sorted { mut start_order, level_of } = sorted(&providers, &dependents);
        if seeded!(CircleAccepted) {
            let left: Vec<u32> =
                (0_u32..).take(len).filter(|at| !start_order.contains(at)).collect();
            start_order.extend(left);
        }
        if start_order.len() < len {
            return Err(GraphError::Cycle(cycle::shortest_cycle(&providers)));
        }
        let highest = level_of.iter().copied().max();
        let depth = highest.map_or(0, widen).saturating_add(1);
        if depth > depth_limit {
            return Err(GraphError::TooDeep { depth, limit: depth_limit });
        }
        let levels = Rows::grouped(depth, level_of.iter().copied().zip(0_u32..))
            .ok_or(GraphError::TooLarge)?;
        let mut ranks = vec![0_u32; len].into_boxed_slice();
        for (rank, position) in (0_u32..).zip(&start_order) {
            if let Some(place) = ranks.get_mut(widen(*position)) {
                *place = rank;
            }
        }
        let start_order = start_order.into_boxed_slice();
        Ok(Self { start_order, ranks, levels, clause_starts, clauses, providers, dependents })
    }
}

/// One provider in one clause.
struct Member {
    dependent: u32,
    /// The number of the clause, counted through all dependents.
    clause: u32,
    provider: u32,
}

/// Checks everything except cycles and depth.
fn checked_members(clauses_of: &[Vec<Vec<usize>>]) -> Result<Vec<Member>, GraphError> {
    let mut members = Vec::with_capacity(clauses_of.iter().flatten().map(Vec::len).sum());
    // The last dependent that named each provider.
    let mut named_by: Vec<Option<usize>> = vec![None; clauses_of.len()];
    let mut clause_number = 0_u32;
    for (dependent, clauses) in clauses_of.iter().enumerate() {
        for clause in clauses {
            if clause.is_empty() {
                return Err(GraphError::EmptyClause { dependent });
            }
            for &provider in clause {
                if provider == dependent {
                    return Err(GraphError::SelfDependency { position: dependent });
                }
                let Some(last) = named_by.get_mut(provider) else {
                    return Err(GraphError::UnknownPosition { dependent, provider });
                };
                if last.replace(dependent) == Some(dependent) {
                    return Err(GraphError::DuplicateProvider { dependent, provider });
                }
                let narrow = |position| u32::try_from(position).map_err(|_| GraphError::TooLarge);
                members.push(Member {
                    dependent: narrow(dependent)?,
                    clause: clause_number,
                    provider: narrow(provider)?,
                });
            }
            clause_number = clause_number.checked_add(1).ok_or(GraphError::TooLarge)?;
        }
    }
    Ok(members)
}

fn clause_starts(clauses_of: &[Vec<Vec<usize>>]) -> Option<Box<[u32]>> {
    let mut starts = Vec::with_capacity(clauses_of.len().checked_add(1)?);
    let mut start = 0_u32;
    for clauses in clauses_of {
        starts.push(start);
        start = start.checked_add(u32::try_from(clauses.len()).ok()?)?;
    }
    starts.push(start);
    Some(starts.into_boxed_slice())
}

struct Sorted {
    /// The order of starts; shorter than the graph if there is a cycle.
    start_order: Vec<u32>,
    level_of: Vec<u32>,
}

/// Sorts by Kahn's algorithm; the heap makes the order independent of the order in which edges were
/// declared. The sort of petgraph leaves open which of several resources comes first, and knows no
/// levels.
fn sorted(providers: &Rows, dependents: &Rows) -> Sorted {
    let len = providers.len();
    let mut start_order = Vec::with_capacity(len);
    let mut level_of = vec![0_u32; len];
    let mut waiting_for: Vec<usize> = (0..len).map(|row| providers.row(row).len()).collect();
    let mut ready: BinaryHeap<Reverse<u32>> = (0_u32..)
        .zip(&waiting_for)
        .filter(|(_, waiting)| **waiting == 0)
        .map(|(position, _)| Reverse(position))
        .collect();
    while let Some(Reverse(position)) = ready.pop() {
        start_order.push(position);
        let level = level_of.get(widen(position)).copied().unwrap_or(0).saturating_add(1);
        for &dependent in dependents.row(widen(position)) {
            let index = widen(dependent);
            let (Some(highest), Some(waiting)) =
                (level_of.get_mut(index), waiting_for.get_mut(index))
            else {
                continue;
            };
            *highest = level.max(*highest);
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                ready.push(Reverse(dependent));
            }
        }
    }
    Sorted { start_order, level_of }
}
