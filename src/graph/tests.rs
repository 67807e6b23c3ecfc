use alloc::string::ToString;

use super::*;

/// One clause for each pair `(dependent, provider)`.
fn simple(len: usize, edges: &[(usize, usize)]) -> Vec<Vec<Vec<usize>>> {
    let mut clauses = vec![Vec::new(); len];
    for &(dependent, provider) in edges {
        clauses[dependent].push(vec![provider]);
    }
    clauses
}

fn build(clauses: &[Vec<Vec<usize>>]) -> Result<DependencyGraph, GraphError> {
    DependencyGraph::build(clauses, MAX_DEPTH)
}

fn cycle_of(len: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let Err(GraphError::Cycle(cycle)) = build(&simple(len, edges)) else {
        panic!("these edges hold a cycle");
    };
    cycle
}

fn levels(graph: &DependencyGraph) -> Vec<Vec<usize>> {
    graph.levels().map(Iterator::collect).collect()
}

#[test]
fn no_resources_make_the_default_graph() {
    let graph = build(&[]).unwrap();
    assert_eq!(graph, DependencyGraph::default());
    assert!(graph.is_empty());
    assert_eq!((graph.len(), graph.depth()), (0, 0));
    assert_eq!(graph.start_order().len(), 0);
    assert_eq!(graph.levels().len(), 0);
    assert!(!graph.depends_on(0, 0));
    assert_eq!(DependencyGraph::build(&[], 0), Ok(graph));
}

#[test]
fn providers_start_first_and_stop_last() {
    // A file share: 0 share, 1 name, 2 address, 3 disk.
    let graph = build(&simple(4, &[(0, 1), (0, 3), (1, 2)])).unwrap();
    assert!(graph.start_order().eq([2, 1, 3, 0]));
    assert!(graph.start_order().rev().eq([0, 3, 1, 2]));
    assert_eq!(levels(&graph), [vec![2, 3], vec![1], vec![0]]);
    assert_eq!(graph.depth(), 3);
    assert!(graph.providers(0).eq([1, 3]));
    assert!(graph.dependents(2).eq([1]));
    assert!(graph.has_clauses(0) && graph.has_clauses(1));
    assert!(!graph.has_clauses(2) && !graph.has_clauses(3));
}

#[test]
fn clauses_keep_their_declared_order() {
    let graph = build(&[vec![], vec![vec![0]], vec![vec![3, 1], vec![0]], vec![]]).unwrap();
    let clauses: Vec<Vec<usize>> = graph.clauses(2).map(Iterator::collect).collect();
    assert_eq!(clauses, [vec![3, 1], vec![0]]);
    assert_eq!(graph.clauses(1).len(), 1);
    assert_eq!(graph.clauses(0).len(), 0);
    assert_eq!(graph.clauses(3).len(), 0);
    assert!(graph.providers(2).eq([0, 1, 3]));
    assert!(graph.dependents(0).eq([1, 2]));
    assert!(graph.start_order().eq([0, 1, 3, 2]), "every member starts before the dependent");
}

#[test]
fn unknown_positions_have_no_dependencies() {
    let graph = build(&simple(2, &[(1, 0)])).unwrap();
    for position in [2, 3, usize::MAX] {
        assert_eq!(graph.clauses(position).len(), 0);
        assert_eq!(graph.providers(position).len(), 0);
        assert_eq!(graph.dependents(position).len(), 0);
        assert!(!graph.has_clauses(position));
        assert!(!graph.depends_on(position, 0) && !graph.depends_on(1, position));
    }
}

#[test]
fn dependence_is_transitive_and_one_way() {
    let graph = build(&simple(6, &[(0, 1), (1, 2), (3, 2), (4, 0)])).unwrap();
    let mut pairs = Vec::new();
    for dependent in 0..6 {
        pairs.extend((0..6).filter(|p| graph.depends_on(dependent, *p)).map(|p| (dependent, p)));
    }
    assert_eq!(pairs, [(0, 1), (0, 2), (1, 2), (3, 2), (4, 0), (4, 1), (4, 2)]);
}

#[test]
fn the_order_of_declaration_does_not_matter() {
    // A diamond and a tail, declared in every order of its edges.
    let mut edges = [(0, 1), (0, 2), (1, 3), (2, 3), (4, 3)];
    let expected = build(&simple(5, &edges)).unwrap();
    assert!(expected.start_order().eq([3, 1, 2, 0, 4]));
    let mut seen = 0;
    permute(&mut edges, 0, &mut |edges| {
        let graph = build(&simple(5, edges)).unwrap();
        assert!(graph.start_order().eq(expected.start_order()), "{edges:?}");
        assert_eq!(levels(&graph), levels(&expected), "{edges:?}");
        for position in 0..5 {
            assert!(graph.providers(position).eq(expected.providers(position)), "{edges:?}");
            assert!(graph.dependents(position).eq(expected.dependents(position)), "{edges:?}");
        }
        seen += 1;
    });
    assert_eq!(seen, 120);
}

fn permute<T: Clone>(items: &mut [T], fixed: usize, visit: &mut impl FnMut(&[T])) {
    if fixed == items.len() {
        return visit(items);
    }
    for next in fixed..items.len() {
        items.swap(fixed, next);
        permute(items, fixed + 1, visit);
        items.swap(fixed, next);
    }
}

#[test]
fn faults_of_clauses_name_their_positions() {
    let dependent = 1;
    assert_eq!(
        build(&simple(2, &[(1, 2)])),
        Err(GraphError::UnknownPosition { dependent, provider: 2 })
    );
    assert_eq!(
        build(&simple(2, &[(1, usize::MAX)])),
        Err(GraphError::UnknownPosition { dependent, provider: usize::MAX })
    );
    assert_eq!(build(&simple(2, &[(1, 1)])), Err(GraphError::SelfDependency { position: 1 }));
    assert_eq!(build(&[vec![], vec![vec![0], vec![]]]), Err(GraphError::EmptyClause { dependent }));
    let twice = Err(GraphError::DuplicateProvider { dependent, provider: 2 });
    assert_eq!(build(&[vec![], vec![vec![2, 0, 2]], vec![]]), twice, "in one clause");
    assert_eq!(build(&[vec![], vec![vec![2], vec![0, 2]], vec![]]), twice, "in two clauses");
    assert!(build(&simple(3, &[(0, 2), (1, 2)])).is_ok(), "two dependents may share a provider");
}

#[test]
fn the_first_fault_is_reported() {
    let clauses = [vec![vec![1]], vec![vec![0]], vec![vec![9]], vec![vec![3]]];
    assert_eq!(
        build(&clauses),
        Err(GraphError::UnknownPosition { dependent: 2, provider: 9 }),
        "clauses by ascending dependent, and before cycles"
    );
    assert_eq!(
        DependencyGraph::build(&simple(3, &[(0, 1), (1, 0)]), 1),
        Err(GraphError::Cycle(vec![0, 1])),
        "cycles before depth"
    );
}

#[test]
fn cycles_are_reported_whole() {
    assert_eq!(cycle_of(2, &[(0, 1), (1, 0)]), [0, 1]);
    assert_eq!(cycle_of(5, &[(3, 2), (2, 4), (4, 3), (0, 2), (1, 0)]), [2, 4, 3]);
    let error = GraphError::Cycle(vec![2, 4, 3]);
    assert_eq!(error.to_string(), "dependency cycle 2 -> 4 -> 3 -> 2");
}

#[test]
fn the_reported_cycle_is_the_shortest_through_the_smallest_position() {
    let long = [(1, 2), (2, 3), (3, 4), (4, 1)];
    assert_eq!(cycle_of(5, &long), [1, 2, 3, 4]);
    let with_shortcut = [&long[..], &[(3, 1)]].concat();
    assert_eq!(cycle_of(5, &with_shortcut), [1, 2, 3]);
    let with_shorter_elsewhere = [&long[..], &[(3, 2)]].concat();
    assert_eq!(cycle_of(5, &with_shorter_elsewhere), [1, 2, 3, 4]);
    let two_of_a_length = [(0, 3), (0, 1), (1, 2), (3, 2), (2, 0)];
    assert_eq!(cycle_of(4, &two_of_a_length), [0, 1, 2]);
}

#[test]
fn of_several_cycles_the_one_with_the_smallest_position_is_reported() {
    let two = [(4, 3), (3, 4), (1, 5), (5, 6), (6, 1), (0, 1), (0, 3)];
    assert_eq!(cycle_of(7, &two), [1, 5, 6]);
    let mut edges = two;
    permute(&mut edges, 3, &mut |edges| assert_eq!(cycle_of(7, edges), [1, 5, 6]));
}

#[test]
fn or_members_close_cycles_too() {
    let clauses = [vec![vec![1, 2]], vec![], vec![vec![0]]];
    assert_eq!(build(&clauses), Err(GraphError::Cycle(vec![0, 2])));
}

#[test]
fn depth_counts_resources_on_the_longest_chain() {
    let chain = |len: usize| simple(len, &(1..len).map(|d| (d, d - 1)).collect::<Vec<_>>());
    assert_eq!(build(&chain(100)).unwrap().depth(), 100);
    assert_eq!(build(&chain(101)), Err(GraphError::TooDeep { depth: 101, limit: 100 }));
    let flat = simple(3, &[]);
    assert_eq!(DependencyGraph::build(&flat, 1).unwrap().depth(), 1);
    assert_eq!(DependencyGraph::build(&flat, 0), Err(GraphError::TooDeep { depth: 1, limit: 0 }));
}

#[test]
fn long_chains_need_no_stack() {
    const LEN: usize = 50_000;
    // Backwards, so that position and order disagree throughout.
    let mut edges: Vec<_> = (1..LEN).map(|d| (d - 1, d)).collect();
    let graph = DependencyGraph::build(&simple(LEN, &edges), LEN).unwrap();
    assert_eq!(graph.depth(), LEN);
    assert!(graph.start_order().eq((0..LEN).rev()));
    assert!(graph.depends_on(0, LEN - 1) && !graph.depends_on(LEN - 1, 0));
    edges.push((LEN - 1, 0));
    let cycle = cycle_of(LEN, &edges);
    assert!(cycle.into_iter().eq(0..LEN));
}

#[test]
fn wide_fans_are_two_levels() {
    const LEN: usize = 10_000;
    let out = build(&simple(LEN, &(1..LEN).map(|d| (d, 0)).collect::<Vec<_>>())).unwrap();
    assert_eq!(out.depth(), 2);
    assert!(out.dependents(0).eq(1..LEN));
    assert!(out.start_order().eq(0..LEN));
    let mut clauses = vec![Vec::new(); LEN];
    clauses[0] = vec![(1..LEN).rev().collect()];
    let into = build(&clauses).unwrap();
    assert!(into.levels().next().unwrap().eq(1..LEN));
    assert!(into.providers(0).eq(1..LEN));
    assert!(into.clauses(0).next().unwrap().eq((1..LEN).rev()));
    assert_eq!(into.start_order().next_back(), Some(0));
}

/// Every graph of four resources with simple dependencies, against plain definitions.
#[test]
fn all_small_graphs_agree_with_the_definition() {
    let pairs: Vec<(usize, usize)> =
        (0..4).flat_map(|d| (0..4).filter(move |p| *p != d).map(move |p| (d, p))).collect();
    for mask in 0..1_u32 << pairs.len() {
        let kept = pairs.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0);
        let edges: Vec<_> = kept.map(|(_, edge)| *edge).collect();
        let reach = closure(&edges);
        let smallest_on_cycle = (0..4).find(|p| reach[*p][*p]);
        match build(&simple(4, &edges)) {
            Ok(graph) => {
                assert_eq!(smallest_on_cycle, None);
                let place = |wanted| graph.start_order().position(|p| p == wanted).unwrap();
                assert!(edges.iter().all(|(d, p)| place(*d) > place(*p)), "{edges:?}");
                for (d, p) in &pairs {
                    assert_eq!(graph.depends_on(*d, *p), reach[*d][*p], "{edges:?}");
                }
            }
            Err(GraphError::Cycle(cycle)) => {
                assert_eq!(cycle.first().copied(), smallest_on_cycle, "{edges:?}");
                let next = cycle.iter().cycle().skip(1);
                assert!(cycle.iter().zip(next).all(|(d, p)| edges.contains(&(*d, *p))));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

fn closure(edges: &[(usize, usize)]) -> [[bool; 4]; 4] {
    let mut reach = [[false; 4]; 4];
    edges.iter().for_each(|(d, p)| reach[*d][*p] = true);
    for via in 0..4 {
        for d in 0..4 {
            for p in 0..4 {
                reach[d][p] |= reach[d][via] && reach[via][p];
            }
        }
    }
    reach
}
