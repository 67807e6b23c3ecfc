//! Policies that panic, in inputs and in questions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use quorate::cluster::Command;
use quorate::policy::{FailoverPolicy, LeastGroups, PlacementRequest, Rank, Ring, Trigger};
use quorate::spec::ClusterSpec;
use quorate::{
    Cluster, HalfChanged, Incarnation, Input, NodeId, SharedCluster, SharedError, Snapshot,
    Timestamp,
};

use super::{THREADS, WHOLE, declaration, effects, resource};

/// A policy that panics once it is told to.
#[derive(Debug, Default)]
struct Faulty(AtomicBool);

impl FailoverPolicy for Faulty {
    fn name(&self) -> std::borrow::Cow<'static, str> {
        "faulty".into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        assert!(!self.0.load(SeqCst), "on purpose");
        Ring::new().rank(placement, candidate)
    }
}

fn with_a_faulty_policy() -> (SharedCluster, Arc<Faulty>, Snapshot) {
    let faulty = Arc::new(Faulty::default());
    let spec = declaration().build().expect("it is sound");
    let cluster = Cluster::new(spec, Arc::clone(&faulty), Timestamp::ZERO);
    let snapshot = cluster.snapshot();
    (SharedCluster::new(cluster), faulty, snapshot)
}

/// The first node comes, and every group asks the policy for a node.
fn join(spec: &ClusterSpec) -> Input {
    let node = spec.node_id("a").expect("it is declared");
    Input::node_joined(node, Incarnation::new(1), Vec::new())
}

/// The policy panics in the input of one thread. Whatever the other threads do, none of them is
/// answered from a cluster that is half changed; one that is restored takes its place for all.
#[test]
fn after_a_panic_nobody_goes_on_with_half_a_change() {
    let (shared, faulty, snapshot) = with_a_faulty_policy();
    let spec = shared.spec().expect(WHOLE);
    faulty.0.store(true, SeqCst);
    let joined = thread::spawn({
        let (shared, join) = (shared.clone(), join(&spec));
        move || shared.handle(Timestamp::ZERO, join)
    });
    assert!(joined.join().is_err(), "the policy was to panic");
    thread::scope(|scope| {
        for index in 0..THREADS {
            let shared = shared.clone();
            scope.spawn(move || refuses_everything(&shared, index));
        }
    });

    faulty.0.store(false, SeqCst);
    refuses_everything(&shared, 0);
    let snapshot = snapshot.under_policy(&Ring::new());
    let restored = Cluster::restore(snapshot.clone(), Ring::new()).expect("it is sound");
    shared.clone().replace(restored);
    assert_eq!(shared.snapshot(), Ok(snapshot));
    let outputs = shared.handle(Timestamp::ZERO, join(&spec)).expect("it comes");
    assert_eq!(effects(&outputs).len(), THREADS);
}

fn refuses_everything(shared: &SharedCluster, index: usize) {
    let spec = declaration().build().expect("it is sound");
    let (node, resource) = (spec.node_id("a").expect("it is declared"), resource(&spec, index));
    let group = spec.group_id(&format!("g{index}")).expect("it is declared");
    let now = Timestamp::from_millis(9);
    let fail = Input::Command(Command::fail_resource(resource));
    assert_eq!(shared.handle(now, fail), Err(SharedError::HalfChanged(HalfChanged)));
    assert_eq!(shared.handle_timeout(now), Err(HalfChanged));
    assert_eq!(shared.what_if([]), Err(SharedError::HalfChanged(HalfChanged)));
    assert_eq!(shared.offer_policy(LeastGroups), Err(SharedError::HalfChanged(HalfChanged)));
    assert_eq!(shared.spec(), Err(HalfChanged));
    assert_eq!(shared.poll_timeout(), Err(HalfChanged));
    assert_eq!(shared.outstanding(), Err(HalfChanged));
    assert_eq!(shared.node_state(node), Err(HalfChanged));
    assert_eq!(shared.group_state(group), Err(HalfChanged));
    assert_eq!(shared.resource_state(resource), Err(HalfChanged));
    assert_eq!(shared.owner(group), Err(HalfChanged));
    assert_eq!(shared.why(group), Err(HalfChanged));
    assert_eq!(shared.explain(group, Trigger::Start), Err(HalfChanged));
    assert_eq!(shared.restart_budget(resource, now), Err(HalfChanged));
    assert_eq!(shared.failover_budget(group, now), Err(HalfChanged));
    assert_eq!(shared.digest(), Err(HalfChanged));
    assert_eq!(shared.snapshot(), Err(HalfChanged));
    assert_eq!(shared.fork().err(), Some(HalfChanged));
    assert_eq!(format!("{shared:?}"), "SharedCluster(HalfChanged)");
}

/// A question changes nothing, so a panic in one spoils nothing but its answer.
#[test]
fn a_panic_in_a_question_spoils_only_the_question() {
    let (shared, faulty, snapshot) = with_a_faulty_policy();
    let spec = shared.spec().expect(WHOLE);
    let group = spec.group_id("g0").expect("it is declared");
    faulty.0.store(true, SeqCst);
    let rehearsed = thread::spawn({
        let (shared, join) = (shared.clone(), spec.named(join(&spec)));
        move || shared.what_if([join])
    });
    assert!(rehearsed.join().is_err(), "the policy was to panic");
    faulty.0.store(false, SeqCst);
    assert_eq!(shared.snapshot(), Ok(snapshot));
    let outputs = shared.handle(Timestamp::ZERO, join(&spec)).expect("it comes");
    let answers = effects(&outputs);
    assert_eq!(answers.len(), THREADS);

    faulty.0.store(true, SeqCst);
    let asked = thread::spawn({
        let shared = shared.clone();
        move || shared.explain(group, Trigger::Start)
    });
    assert!(asked.join().is_err(), "the policy was to panic");
    faulty.0.store(false, SeqCst);
    for (_, answer) in answers {
        shared.handle(Timestamp::ZERO, answer).expect("it was asked for");
    }
}
