//! A cluster that threads share: outputs go to whom they belong, readers read together, and time
//! never goes backwards.
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use quorate::cluster::{Command, Event, Outcome};
use quorate::id::Names;
use quorate::kind::ResourceOverrides;
use quorate::policy::{
    FailoverPolicy, FirstPreferred, LeastGroups, PlacementRequest, Rank, Ring, TooManyPolicies,
    Trigger,
};
use quorate::settings::QuorumRule;
use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use quorate::state::OperationKind;
use quorate::{
    Cluster, Incarnation, Input, InputError, NodeId, Output, ResourceId, SharedCluster,
    SharedError, Timestamp,
};

#[path = "shared/panics.rs"]
mod panics;

/// Why a question to the shared cluster is answered.
const WHOLE: &str = "no policy panicked";

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

/// The parameter of a node that says who wrote the declaration.
const WRITER: &str = "written by";

fn resource(spec: &ClusterSpec, index: usize) -> ResourceId {
    spec.resource_id(&format!("r{index}")).expect("it is declared")
}

/// Operations that the outputs ask for.
fn effects(outputs: &[Output]) -> Vec<(OperationKind, Input)> {
    let answer = |output: &Output| match output {
        Output::Effect(effect) => {
            let (operation, outcome) = (effect.operation, Outcome::Succeeded);
            Some((effect.action, Input::operation_finished(operation, outcome)))
        }
        _ => None,
    };
    outputs.iter().filter_map(answer).collect()
}

/// Everything online, at time 0, with nothing in flight.
fn running() -> Cluster {
    let spec = declaration().build().expect("it is sound");
    let node = spec.node_id("a").expect("it is declared");
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let join = Input::node_joined(node, Incarnation::new(1), Vec::new());
    let mut todo = vec![join];
    while let Some(input) = todo.pop() {
        cluster.handle(Timestamp::ZERO, input).expect("it is asked for");
        let outputs: Vec<Output> = std::iter::from_fn(|| cluster.poll_output()).collect();
        todo.extend(effects(&outputs).into_iter().map(|(_, answer)| answer));
    }
    cluster
}

/// An input with what came of it.
type Told = (Input, Result<Vec<Output>, SharedError<InputError>>);

/// Lets the own resource fail and carries out what follows, in turns with a new name for the
/// cluster, so that the threads come into each other's way. Nothing is asserted here: a thread that
/// ends early would leave the others waiting.
fn drive(cluster: &SharedCluster, index: usize, rounds: &Barrier) -> Vec<Told> {
    let own = resource(&cluster.spec().expect(WHOLE), index);
    let mut told = Vec::new();
    let mut tell = |input: Input| {
        let result = cluster.handle(Timestamp::ZERO, input.clone());
        told.push((input, result.clone()));
        result.unwrap_or_default()
    };
    for round in 0..ROUNDS {
        // All threads begin each round together, so that none does all its work alone.
        rounds.wait();
        let mut todo = vec![Input::Command(Command::fail_resource(own))];
        while let Some(input) = todo.pop() {
            let outputs = tell(input);
            todo.extend(effects(&outputs).into_iter().map(|(_, answer)| answer));
        }
        let mut declaration = declaration();
        for node in &mut declaration.nodes {
            let written = (WRITER.to_owned(), format!("thread {index} round {round}"));
            node.parameters.extend([written]);
        }
        tell(Command::configure(Box::new(declaration)).into());
    }
    told
}

/// Tells whether these outputs are of no other resource.
fn are_of(own: ResourceId, outputs: &[Output]) -> bool {
    outputs.iter().all(|output| match output {
        Output::Effect(effect) => effect.resource == Some(own),
        Output::Event(Event::ResourceChanged { resource, .. }) => *resource == own,
        _ => true,
    })
}

/// Tells whether this input says itself when it was applied: operations and configurations are numbered
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
    assert_eq!(shared.digest().expect(WHOLE), alone.digest());
    let writer = |spec: &ClusterSpec| {
        let mut nodes = spec.nodes();
        nodes.next().and_then(|(_, node)| node.parameters().text(WRITER).map(str::to_owned))
    };
    let last = writer(&shared.spec().expect(WHOLE));
    assert!(last.is_some() && last == writer(alone.spec()), "{last:?}");
}

/// A policy that, once it is to, answers nobody before a second one asks.
#[derive(Debug, Default)]
struct Meeting {
    is_open: AtomicBool,
    guests: Mutex<usize>,
    arrival: Condvar,
    missed: AtomicBool,
}

impl FailoverPolicy for Meeting {
    fn name(&self) -> std::borrow::Cow<'static, str> {
        "meeting".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        if self.is_open.load(SeqCst) {
            let mut guests = self.guests.lock().expect("no guest fails");
            *guests += 1;
            self.arrival.notify_all();
            let patience = Duration::from_secs(30);
            let waited = self.arrival.wait_timeout_while(guests, patience, |guests| *guests < 2);
            let is_alone = waited.expect("no guest fails").1.timed_out();
            self.missed.fetch_or(is_alone, SeqCst);
        }
        Ring::new().rank(placement, candidate)
    }
}

/// Each reader waits within its question until the other one is in its own. Were they to exclude
/// each other, the first would wait in vain.
#[test]
fn readers_do_not_block_each_other() {
    let meeting = Arc::new(Meeting::default());
    let snapshot = running().snapshot().under_policy(&meeting);
    let cluster = Cluster::restore(snapshot, Arc::clone(&meeting));
    let shared = SharedCluster::new(cluster.expect("a sound snapshot"));
    let group = shared.spec().expect(WHOLE).group_id("g0").expect("it is declared");
    meeting.is_open.store(true, SeqCst);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| shared.explain(group, Trigger::Start).expect(WHOLE));
        }
    });
    assert!(*meeting.guests.lock().expect("no guest fails") >= 2);
    assert!(!meeting.missed.load(SeqCst));
}

/// Does something in a thread of its own, and says so if it waits for itself.
fn without_deadlock<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = channel();
    thread::spawn(move || tell.send(act()));
    told.recv_timeout(Duration::from_secs(60)).expect("it ends")
}

/// The inputs of a question may come from an iterator that uses this handle, even to hand inputs in.
#[test]
fn a_rehearsal_locks_nothing() {
    let plan = without_deadlock(|| {
        let shared = SharedCluster::new(running());
        let fail = |index| {
            let resource = resource(&shared.spec().expect(WHOLE), index);
            Input::Command(Command::fail_resource(resource))
        };
        let before = shared.digest().expect(WHOLE);
        let inputs = std::iter::once_with(|| {
            shared.handle(Timestamp::ZERO, fail(0)).expect("it is online");
            assert_ne!(shared.digest().expect(WHOLE), before);
            shared.spec().expect(WHOLE).named(fail(1))
        });
        shared.what_if(inputs).expect("it is online")
    });
    // The copy does not see an input that was handed in meanwhile.
    let resources = plan.operations.iter().map(|of| of.resource.as_deref());
    assert!(resources.clone().all(|name| name == Some("r1")), "{plan:?}");
    assert!(resources.count() > 0);
}

/// A writer that prints the handle may use it.
#[test]
fn debugging_locks_nothing() {
    struct Sink(SharedCluster, String);
    impl fmt::Write for Sink {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            assert_eq!(self.0.handle_timeout(Timestamp::ZERO).expect(WHOLE), []);
            self.1.push_str(text);
            Ok(())
        }
    }
    let text = without_deadlock(|| {
        let shared = SharedCluster::new(running());
        let mut sink = Sink(shared.clone(), String::new());
        write!(sink, "{shared:?}").expect("a text can always be longer");
        sink.1
    });
    assert!(text.starts_with("SharedCluster(Cluster {"), "{text}");
}

/// Every question has the answer of the cluster that nobody shares.
#[test]
fn answers_are_those_of_the_cluster() {
    let mut alone = running();
    let shared = SharedCluster::new(alone.clone());
    let (first, now) = (resource(alone.spec(), 0), Timestamp::from_millis(7));
    let fail = Input::Command(Command::fail_resource(first));
    shared.handle(now, fail.clone()).expect("it is online");
    alone.handle(now, fail).expect("it is online");
    let group = alone.spec().group_id("g0").expect("it is declared");
    assert_eq!(shared.outstanding().expect(WHOLE), alone.outstanding().collect::<Vec<_>>());
    assert_eq!(shared.outstanding().expect(WHOLE).len(), 1);
    assert_eq!(shared.poll_timeout().expect(WHOLE), alone.poll_timeout());
    assert!(shared.poll_timeout().expect(WHOLE).is_some());
    let node = alone.spec().node_id("a").expect("it is declared");
    assert_eq!(shared.owner(group).expect(WHOLE), Some(node));
    assert_eq!(shared.node_state(node).expect(WHOLE), alone.state().node_state(node));
    assert_eq!(shared.group_state(group).expect(WHOLE), alone.group_state(group));
    assert_eq!(shared.resource_state(first).expect(WHOLE), alone.state().resource_state(first));
    assert_eq!(shared.why(group).expect(WHOLE), alone.why(group));
    assert!(shared.why(group).expect(WHOLE).is_some());
    assert_eq!(
        shared.explain(group, Trigger::Start).expect(WHOLE),
        alone.explain(group, Trigger::Start)
    );
    assert_eq!(shared.restart_budget(first, now).expect(WHOLE), alone.restart_budget(first, now));
    assert_eq!(shared.failover_budget(group, now).expect(WHOLE), alone.failover_budget(group, now));
    assert_eq!(shared.snapshot().expect(WHOLE), alone.snapshot());
    assert_eq!(shared.what_if([]), alone.what_if([]).map_err(SharedError::Refused));
    assert_eq!(shared.fork().expect(WHOLE).digest(), alone.digest());
}

#[test]
fn an_older_time_counts_as_the_latest_one() {
    let shared = SharedCluster::new(running());
    let spec = shared.spec().expect(WHOLE);
    let (first, second) = (resource(&spec, 0), resource(&spec, 1));
    let fail = |resource| Input::Command(Command::fail_resource(resource));
    let deadlines = |outputs: &[Output]| -> Vec<Timestamp> {
        let deadline = |output: &Output| match output {
            Output::Effect(effect) => Some(effect.deadline),
            _ => None,
        };
        outputs.iter().filter_map(deadline).collect()
    };
    let late = shared.handle(Timestamp::from_millis(100), fail(first)).expect("it is online");
    let early = shared.handle(Timestamp::from_millis(99), fail(second)).expect("it is online");
    assert_eq!(deadlines(&late).len(), 1);
    assert_eq!(deadlines(&early), deadlines(&late));
    assert_eq!(shared.handle_timeout(Timestamp::from_millis(5)).expect(WHOLE), []);
    assert_eq!(shared.fork().expect(WHOLE).state().now(), Timestamp::from_millis(100));
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
                let spec = shared.spec().expect(WHOLE);
                let own = resource(&spec, index);
                let node = spec.node_id("a").expect("declared");
                let incarnation = Incarnation::new(1);
                begin.wait();
                let mut seen = Timestamp::ZERO;
                for round in 0..500 {
                    // Between 0 and 999 ms, up and down.
                    let now = Timestamp::from_millis((round * 389 + index as u64 * 97) % 1_000);
                    let alive = Input::resource_alive(own, node, incarnation);
                    shared.handle(now, alive).expect("no time is refused");
                    let latest = shared.fork().expect(WHOLE).state().now();
                    assert!(latest >= now.max(seen));
                    seen = latest;
                }
            });
        }
    });
    let largest = (0..500_u64)
        .flat_map(|round| (0..THREADS as u64).map(move |index| (round * 389 + index * 97) % 1_000))
        .max();
    assert_eq!(Some(shared.fork().expect(WHOLE).state().now().as_millis()), largest);
}

/// A fork has what was offered; what is offered to one of the two is not offered to the other.
#[test]
fn policies_are_offered_to_a_handle_and_its_forks() {
    let shared = SharedCluster::new(running());
    shared.offer_policy(LeastGroups).expect("there is room");
    let mut fork = shared.fork().expect("it is whole");
    fork.offer_policy(FirstPreferred).expect("there is room");
    let now = fork.state().now();
    let change = |name: &str| Command::change_policy(name);
    fork.handle(now, change("least_groups")).expect("it is on offer");
    let refused = shared.handle(now, change("first_preferred"));
    assert!(matches!(refused, Err(SharedError::Refused(InputError::PolicyNotOffered { .. }))));
    let forecast = shared.what_if([Input::<Names>::from(Command::change_policy("least_groups"))]);
    assert!(forecast.is_ok());
    let told = shared.handle(now, change("least_groups")).expect("it is on offer");
    assert!(matches!(&told[..], [Output::Event(Event::PolicyChanged { .. })]), "{told:?}");
    assert_eq!(shared.handle(now, change("least_groups")).expect("it is in force"), []);
    assert_eq!(shared.fork().expect("it is whole").policy().name(), "least_groups");
}

#[test]
fn no_more_policies_than_the_limit_are_offered() {
    let shared = SharedCluster::new(running());
    let most = Cluster::OFFERED_POLICIES;
    for seed in 0..most {
        let seed = u64::try_from(seed).expect("few");
        shared.offer_policy(Ring::seeded(seed)).expect("there is room");
    }
    let refused = shared.offer_policy(LeastGroups);
    assert_eq!(refused, Err(SharedError::Refused(TooManyPolicies { most })));
    assert_eq!(shared.offer_policy(Ring::seeded(7)), Ok(()), "one of a known name");
}
