//! Finds one whole cycle in a graph that has no order.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use super::rows::{Rows, widen};

/// Returns the shortest cycle through the smallest position that lies on any cycle; of several, the
/// one whose positions are smallest in comparison. It is empty if there is no cycle.
pub(super) fn shortest_cycle(providers: &Rows) -> Vec<usize> {
    let Some(start) = smallest_on_cycle(providers) else {
        return Vec::new();
    };
    // The search is breadth first, with providers ascending, so the first way back to the start is
    // the cycle.
    let mut reached_from: Vec<Option<u32>> = vec![None; providers.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(dependent) = queue.pop_front() {
        for &provider in providers.row(widen(dependent)) {
            if provider == start {
                return path(&reached_from, start, dependent);
            }
            let Some(seen) = reached_from.get_mut(widen(provider)) else {
                continue;
            };
            if seen.is_none() {
                *seen = Some(dependent);
                queue.push_back(provider);
            }
        }
    }
    Vec::new()
}

/// Returns the smallest position of all strongly connected components of two or more.
///
/// Kosaraju's algorithm keeps its stack on the heap; Tarjan's in petgraph recurses once for each
/// resource of a chain.
fn smallest_on_cycle(providers: &Rows) -> Option<u32> {
    let edges = (0_u32..).zip(0..providers.len()).flat_map(|(dependent, row)| {
        let row = providers.row(row).iter();
        row.map(move |provider| (dependent, *provider))
    });
    let graph = DiGraph::<(), (), u32>::from_edges(edges);
    let components = kosaraju_scc(&graph).into_iter();
    let on_cycles = components.filter(|component| component.len() > 1).flatten();
    u32::try_from(on_cycles.min()?.index()).ok()
}

/// Returns the path from `start` to `end`, following `reached_from` backwards.
fn path(reached_from: &[Option<u32>], start: u32, end: u32) -> Vec<usize> {
    let mut path = vec![widen(end)];
    let mut current = end;
    while current != start {
        let Some(previous) = reached_from.get(widen(current)).copied().flatten() else {
            break;
        };
        path.push(widen(previous));
        current = previous;
    }
    path.reverse();
    path
}
