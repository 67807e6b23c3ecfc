//! A cluster that threads share: outputs go to whom they belong, readers read together, and time
//! never goes backwards.
#![cfg(feature = "shared")]

use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use quorate::cluster::{Command, Event, Outcome};
use quorate::kind::ResourceOverrides;
use quorate::policy::Ring;
use quorate::settings::QuorumRule;
use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use quorate::state::OperationKind;
use quorate::{
    Cluster, Incarnation, Input, InputError, Output, ResourceId, SharedCluster, Timestamp,
};

const THREADS: usize = 8;
const ROUNDS: usize = 50;

/// One node, and for each thread a group with one resource that restarts at once, again and again.
fn declaration() -> ClusterDeclaration {
    let tireless = ResourceOverrides {
        restart_threshold: Some(u32::MAX),
        restart_delay: Some(Duration::ZERO),
        ..ResourceOverrides::default()
    };
    let groups = (0..THREADS).map(|index| {
        let resource = ResourceDeclaration::new(format!("r{index}"), "Generic Service");
        GroupDeclaration::new(format!("g{index}")).resource(resource.settings(tireless.clone()))
    });
    let cluster = ClusterDeclaration::new("test").node("a").quorum(QuorumRule::NodeMajority);
    groups.fold(cluster, ClusterDeclaration::group)
}

fn resource(spec: &ClusterSpec, index: usize) -> ResourceId {
    spec.resource_id(&format!("r{index}")).expect("it is declared")
}

/// Operations that the outputs ask for.
fn effects(outputs: &[Output]) -> Vec<(OperationKind, Input)> {
    let answer = |output: &Output| match output {
        Output::Effect(effect) => {
            let (operation, outcome) = (effect.operation, Outcome::Succeeded);
            Some((effect.action, Input::OperationFinished { operation, outcome }))
        }
        Output::Event(_) => None,
    };
    outputs.iter().filter_map(answer).collect()
}

/// Everything online, at time 0, with nothing in flight.
fn running() -> Cluster {
    let spec = declaration().build().expect("it is sound");
    let node = spec.node_id("a").expect("it is declared");
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let join = Input::NodeJoined { node, incarnation: Incarnation::new(1), running: Vec::new() };
    let mut todo = vec![join];
    while let Some(input) = todo.pop() {
        cluster.handle(Timestamp::ZERO, input).expect("it is asked for");
        let outputs: Vec<Output> = std::iter::from_fn(|| cluster.poll_output()).collect();
        todo.extend(effects(&outputs).into_iter().map(|(_, answer)| answer));
    }
    cluster
}

/// An input with what came of it.
type Told = (Input, Result<Vec<Output>, InputError>);

/// Lets the own resource fail and carries out what follows, in turns with a new name for the
/// cluster, so that the threads come into each other's way. Nothing is asserted here: a thread that
/// ends early would leave the others waiting.
fn drive(cluster: &SharedCluster, index: usize, rounds: &Barrier) -> Vec<Told> {
    let own = cluster.read(|cluster| resource(cluster.spec(), index));
    let mut told = Vec::new();
    let mut tell = |input: Input| {
        let result = cluster.handle(Timestamp::ZERO, input.clone());
        told.push((input, result.clone()));
        result.unwrap_or_default()
    };
    for round in 0..ROUNDS {
        // All threads begin each round together, so that none does all its work alone.
        rounds.wait();
        let mut todo = vec![Input::Command(Command::FailResource { resource: own })];
        while let Some(input) = todo.pop() {
            let outputs = tell(input);
            todo.extend(effects(&outputs).into_iter().map(|(_, answer)| answer));
        }
        let name = format!("thread {index} round {round}");
        let declaration = Box::new(ClusterDeclaration { name, ..declaration() });
        tell(Input::Command(Command::Configure { declaration }));
    }
    told
}

/// Whether these outputs are of no other resource.
fn are_of(own: ResourceId, outputs: &[Output]) -> bool {
    outputs.iter().all(|output| match output {
        Output::Effect(effect) => effect.resource == Some(own),
        Output::Event(Event::ResourceChanged { resource, .. }) => *resource == own,
        Output::Event(_) => true,
    })
}

/// Whether this input says itself when it was applied: operations and configurations are numbered
/// one after the other for the whole cluster. What says nothing concerns its own group only, and
/// its place among the others changes nothing.
fn is_numbered(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| {
        matches!(output, Output::Effect(_) | Output::Event(Event::ConfigurationChanged { .. }))
    })
}

/// The order in which the inputs were applied, found with a cluster that nobody shares: in every
/// state the next input is one that has the very outputs there that it had.
#[test]
fn outputs_are_those_of_an_order_of_inputs_and_go_to_their_thread() {
    let shared = SharedCluster::new(running());
    let rounds = Barrier::new(THREADS);
    let told: Vec<Vec<Told>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|index| {
                let (shared, rounds) = (shared.clone(), &rounds);
                scope.spawn(move || drive(&shared, index, rounds))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread fails")).collect()
    });

    let mut alone = running();
    for (index, told) in told.iter().enumerate() {
        let own = resource(alone.spec(), index);
        for (input, result) in told {
            let outputs = result.as_ref().expect("every input is possible");
            assert!(are_of(own, outputs), "thread {index}: {input:?}");
        }
    }
    let mut left: Vec<_> = told.iter().map(|told| told.iter().peekable()).collect();
    let mut switches = 0;
    let mut last = usize::MAX;
    while left.iter_mut().any(|told| told.peek().is_some()) {
        let next = (0..THREADS).find(|index| {
            let Some((input, Ok(outputs))) = left[*index].peek() else { return false };
            let mut trial = alone.clone();
            let was_accepted = trial.handle(Timestamp::ZERO, input.clone()).is_ok();
            let same = std::iter::from_fn(|| trial.poll_output()).eq(outputs.iter().cloned());
            assert!(same || is_numbered(outputs), "thread {index}: {input:?}");
            was_accepted && same
        });
        let index = next.expect("some input comes next");
        let (input, _) = left[index].next().expect("just seen");
        alone.handle(Timestamp::ZERO, input.clone()).expect("just tried");
        while alone.poll_output().is_some() {}
        switches += usize::from(std::mem::replace(&mut last, index) != index);
    }
    assert!(switches >= ROUNDS * (THREADS - 1), "{switches}");
    assert_eq!(shared.read(Cluster::digest), alone.digest());
    assert_eq!(shared.read(|cluster| cluster.spec().name().to_owned()), alone.spec().name());
}

/// Each reader waits within its question until the other one is in its own. Were they to exclude
/// each other, the first would wait in vain.
#[test]
fn readers_do_not_block_each_other() {
    let shared = SharedCluster::new(running());
    let (to_second, from_first) = channel();
    let (to_first, from_second) = channel();
    let meet = |cluster: &Cluster, here: &Sender<u64>, there: &Receiver<u64>| {
        here.send(cluster.digest()).expect("the other one listens");
        there.recv_timeout(Duration::from_secs(30)).expect("both are in their questions")
    };
    thread::scope(|scope| {
        let (one, other) = (shared.clone(), shared.clone());
        let first =
            scope.spawn(move || one.read(|cluster| meet(cluster, &to_second, &from_second)));
        let second =
            scope.spawn(move || other.read(|cluster| meet(cluster, &to_first, &from_first)));
        let digests = [first, second].map(|thread| thread.join().expect("they met"));
        assert_eq!(digests, [shared.read(Cluster::digest); 2]);
    });
}

/// Even within a question, where an input may be waiting for its end.
#[test]
fn debugging_never_waits() {
    let shared = SharedCluster::new(running());
    let text = shared.read(|_| format!("{shared:?}"));
    assert!(text.starts_with("SharedCluster("), "{text}");
}

#[test]
fn an_older_time_counts_as_the_latest_one() {
    let shared = SharedCluster::new(running());
    let (first, second) =
        shared.read(|cluster| (resource(cluster.spec(), 0), resource(cluster.spec(), 1)));
    let fail = |resource| Input::Command(Command::FailResource { resource });
    let deadlines = |outputs: &[Output]| -> Vec<Timestamp> {
        let deadline = |output: &Output| match output {
            Output::Effect(effect) => Some(effect.deadline),
            Output::Event(_) => None,
        };
        outputs.iter().filter_map(deadline).collect()
    };
    let late = shared.handle(Timestamp::from_millis(100), fail(first)).expect("it is online");
    let early = shared.handle(Timestamp::from_millis(99), fail(second)).expect("it is online");
    assert_eq!(deadlines(&late).len(), 1);
    assert_eq!(deadlines(&early), deadlines(&late));
    assert_eq!(shared.handle_timeout(Timestamp::from_millis(5)), []);
    assert_eq!(shared.read(|cluster| cluster.state().now()), Timestamp::from_millis(100));
}

/// Threads with clocks that disagree: none is refused, and the latest time is that of the cluster.
#[test]
fn time_never_goes_backwards_whatever_the_threads_say() {
    let shared = SharedCluster::new(running());
    let begin = Barrier::new(THREADS);
    thread::scope(|scope| {
        for index in 0..THREADS {
            let (shared, begin) = (shared.clone(), &begin);
            scope.spawn(move || {
                let own = shared.read(|cluster| resource(cluster.spec(), index));
                let node = shared.read(|cluster| cluster.spec().node_id("a")).expect("declared");
                let incarnation = Incarnation::new(1);
                begin.wait();
                let mut seen = Timestamp::ZERO;
                for round in 0..500 {
                    // Between 0 and 999 ms, up and down.
                    let now = Timestamp::from_millis((round * 389 + index as u64 * 97) % 1_000);
                    let alive = Input::ResourceAlive { resource: own, node, incarnation };
                    shared.handle(now, alive).expect("no time is refused");
                    let latest = shared.read(|cluster| cluster.state().now());
                    assert!(latest >= now.max(seen));
                    seen = latest;
                }
            });
        }
    });
    let largest = (0..500_u64)
        .flat_map(|round| (0..THREADS as u64).map(move |index| (round * 389 + index * 97) % 1_000))
        .max();
    assert_eq!(Some(shared.read(|cluster| cluster.state().now().as_millis())), largest);
}
