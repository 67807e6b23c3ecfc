//! S2, S3, S21: every graph of up to four resources with every way to put its providers into
//! clauses, and for each the operations answered in every order.

use std::collections::BTreeSet;

use quorate::cluster::Command;
use quorate::policy::Ring;
use quorate::settings::Fencing;
use quorate::spec::{
    ClusterDeclaration, GroupDeclaration, Problem, ResourceDeclaration, SpecError,
};
use quorate::{Cluster, GroupId, Incarnation, Input, NodeId, Outcome, ResourceId, Timestamp};
use quorate_testkit::audit::Audit;

type Clauses = Vec<Vec<usize>>;

/// Every way to put some of these into clauses, each once: the partitions of every subset.
fn clauses_of(providers: &[usize]) -> Vec<Clauses> {
    let Some((first, rest)) = providers.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for clauses in clauses_of(rest) {
        all.push(clauses.clone());
        for at in 0..clauses.len() {
            let mut joined = clauses.clone();
            joined[at].insert(0, *first);
            all.push(joined);
        }
        let mut alone = clauses;
        alone.insert(0, vec![*first]);
        all.push(alone);
    }
    all
}

/// Every graph: one choice for each resource.
fn graphs(count: usize, providers: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<Clauses>> {
    (0..count).fold(vec![Vec::new()], |graphs, resource| {
        let choices = clauses_of(&providers(resource));
        graphs
            .iter()
            .flat_map(|graph| {
                choices
                    .iter()
                    .map(move |choice| [&graph[..], std::slice::from_ref(choice)].concat())
            })
            .collect()
    })
}

/// Tells whether each of them is above everything that it needs, in some order: strikes them off.
fn has_order(graph: &[Clauses]) -> bool {
    let mut left: BTreeSet<usize> = (0..graph.len()).collect();
    loop {
        let next = left
            .iter()
            .copied()
            .find(|at| graph[*at].iter().flatten().all(|provider| !left.contains(provider)));
        match next {
            Some(next) => left.remove(&next),
            None => return left.is_empty(),
        };
    }
}

/// S21: a graph is accepted exactly when it has an order, and the order is one.
#[test]
fn every_graph_with_an_order_is_accepted_and_no_other() {
    let mut counts = (0, 0);
    for count in 0..=4 {
        let others = |own: usize| (0..count).filter(|other| *other != own).collect();
        for graph in graphs(count, others) {
            match declaration(&graph).build() {
                Ok(spec) => {
                    assert!(has_order(&graph), "{graph:?} goes round in a circle");
                    let built = spec.group(GROUP).expect("it is declared").graph();
                    let order: Vec<usize> = built.start_order().collect();
                    for (at, resource) in order.iter().enumerate() {
                        let before = &order[..at];
                        let mut needed = graph[*resource].iter().flatten();
                        assert!(needed.all(|provider| before.contains(provider)), "{graph:?}");
                    }
                    assert_eq!(order.len(), count);
                    counts.0 += 1;
                }
                Err(errors) => {
                    let is_cycle = |of: &SpecError| matches!(of.problem, Problem::Cycle { .. });
                    assert!(errors.errors().iter().all(is_cycle), "{graph:?}: {errors}");
                    assert!(!has_order(&graph), "{graph:?} has an order: {errors}");
                    counts.1 += 1;
                }
            }
        }
    }
    // 15 ways to put three providers into clauses, for each of four resources.
    assert_eq!(counts.0 + counts.1, 1 + 1 + 2 * 2 + 5 * 5 * 5 + 15 * 15 * 15 * 15);
    assert!(counts.0 > 1_000 && counts.1 > 1_000, "{counts:?}");
}

const NODE: NodeId = NodeId::new(0);
const GROUP: GroupId = GroupId::new(0);

/// Declares one group with these dependencies.
fn declaration(graph: &[Clauses]) -> ClusterDeclaration {
    let mut group = GroupDeclaration::new("g");
    for (resource, clauses) in graph.iter().enumerate() {
        let declared = ResourceDeclaration::new(format!("r{resource}"), "Generic Service");
        let clause = |members: &Vec<usize>| {
            let names: Vec<String> = members.iter().map(|of| format!("[r{of}]")).collect();
            format!("({})", names.join(" or "))
        };
        let clauses: Vec<String> = clauses.iter().map(clause).collect();
        group = group.resource(match clauses.is_empty() {
            true => declared,
            false => declared.needs(clauses.join(" and ")),
        });
    }
    ClusterDeclaration::new("c").node("a").fencing(Fencing::Trusted).group(group)
}

#[derive(Clone)]
struct Run {
    cluster: Cluster,
    audit: Audit,
    now: Timestamp,
}

impl Run {
    fn new(graph: &[Clauses]) -> Self {
        let spec = declaration(graph).build().expect("a graph without a circle is valid");
        let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        let audit = Audit::new(&cluster);
        Self { cluster, audit, now: Timestamp::from_millis(1_000) }
    }

    fn feed(&mut self, input: Input) {
        match self.audit.handle(&mut self.cluster, self.now, input) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => panic!("refused: {error}"),
            Err(breach) => panic!("{breach}"),
        }
    }

    /// Answers everything, in every order; the number of states on the way, each seen once.
    fn answer_in_every_order(self, seen: &mut BTreeSet<u64>) -> Self {
        let mut open = vec![self];
        let mut last = None;
        while let Some(run) = open.pop() {
            let asked: Vec<_> = run.cluster.outstanding().map(|effect| effect.operation).collect();
            if asked.is_empty() {
                last = Some(run);
                continue;
            }
            for operation in asked {
                let mut next = run.clone();
                next.feed(Input::operation_finished(operation, Outcome::Succeeded));
                if seen.insert(next.cluster.digest()) {
                    open.push(next);
                }
            }
        }
        last.expect("answering comes to an end")
    }

    fn online(&self) -> usize {
        let state = self.cluster.state();
        let resources = self.cluster.spec().resources().map(|(id, _)| state.resource_state(id));
        resources.filter(|state| *state == quorate::machine::ResourceState::Online).count()
    }
}

/// S2, S3: whatever order answers come in, starts follow their providers and stops their
/// dependents; so they do when one of the resources fails. The audit judges every step. Without
/// loss of generality each resource needs only such as are declared before it.
#[test]
fn starts_and_stops_are_in_order_whatever_is_answered_first() {
    let mut states = 0;
    for count in 1..=4 {
        for graph in graphs(count, |own| (0..own).collect()) {
            let mut seen = BTreeSet::new();
            let mut run = Run::new(&graph);
            let incarnation = Incarnation::new(1);
            run.feed(Input::node_joined(NODE, incarnation, vec![]));
            let online = run.answer_in_every_order(&mut seen);
            assert_eq!(online.online(), count, "{graph:?}");
            for resource in (0..count).map(ResourceId::from_index) {
                let mut failed = online.clone();
                failed.feed(Input::resource_failed(resource, NODE, incarnation).into());
                failed.answer_in_every_order(&mut seen);
            }
            let mut stopped = online;
            let lock = quorate::cluster::LockHandling::Override;
            stopped.feed(Command::take_group_offline(GROUP).lock(lock).into());
            let off = stopped.answer_in_every_order(&mut seen);
            assert_eq!(off.online(), 0, "{graph:?}");
            states += seen.len();
        }
    }
    assert!(states > 3_000, "only {states} states were seen");
}
