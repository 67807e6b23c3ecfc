//! A cluster that is stored and brought back is the cluster that was stored.

use std::time::Duration;

use quorate::cluster::{
    Command, DeadlineReason, Life, LockHandling, RestoreError, ResumeFailback, Running,
};
use quorate::kind::ResourceOverrides;
use quorate::policy::Ring;
use quorate::quorum::WitnessState;
use quorate::settings::{Failback, Fencing, QuorumRule, UnconfirmedStop};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, Limits, ResourceDeclaration};
use quorate::state::OperationKind;
use quorate::{
    Cluster, Effect, GroupId, Incarnation, Input, NodeId, Outcome, Output, ResourceId, Snapshot,
    Timestamp, WallClock,
};

const NODES: u32 = 4;
const GROUPS: u32 = 3;
const RESOURCES_PER_GROUP: u32 = 4;

/// Numbers that are the same in every run (Knuth's linear congruential generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u32::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

fn declaration(fencing: Fencing) -> ClusterDeclaration {
    let stops =
        [UnconfirmedStop::BlockGroup, UnconfirmedStop::FenceNode, UnconfirmedStop::AssumeOff];
    let mut declaration =
        ClusterDeclaration::new("store").quorum(QuorumRule::MajorityWithWitness).fencing(fencing);
    for node in 0..NODES {
        declaration = declaration.node(format!("node{node}"));
    }
    for (number, stop) in stops.into_iter().enumerate() {
        let name = |part: &str| format!("{part}{number}");
        let resource = |part: &str| {
            let mut resource = ResourceDeclaration::new(name(part), "Generic Service");
            resource.settings = Some(Box::new(ResourceOverrides {
                unconfirmed_stop: Some(stop),
                ..ResourceOverrides::default()
            }));
            resource
        };
        let mut group = GroupDeclaration::new(name("group"))
            .preferred_owners([format!("node{number}"), "node3".into()])
            .anti_affinity_classes(["apart"])
            .resource(resource("disk"))
            .resource(resource("ip"))
            .resource(resource("name").needs(format!("([ip{number}] or [disk{number}])")))
            .resource(resource("app").needs(format!("[disk{number}] and [name{number}]")));
        group.failback = Some(Failback::Allow);
        declaration = declaration.group(group);
    }
    declaration
}

/// Something that may happen; many are refused, as they should be.
fn input(numbers: &mut Numbers, step: u64, outstanding: &[Effect]) -> Input {
    let node = NodeId::new(numbers.below(NODES));
    let group = GroupId::new(numbers.below(GROUPS));
    let resource = ResourceId::new(numbers.below(GROUPS * RESOURCES_PER_GROUP));
    let incarnation = Incarnation::new(step / 50 + u64::from(numbers.below(2)));
    match numbers.below(60) {
        0..=3 => Input::node_joined(node, incarnation, some_resources(numbers)),
        4 | 5 => Input::node_lost(node, Life::Known),
        6 => Input::node_left(node, Life::Known),
        7 => Input::node_fenced(node, Life::Known),
        8 => Input::node_confirmed_down(node, Life::Known),
        9 => Input::witness_changed(if numbers.below(4) == 0 {
            WitnessState::Down
        } else {
            WitnessState::Up
        }),
        10 => Input::resource_failed(resource, node, incarnation).into(),
        11 => Input::resource_alive(resource, node, incarnation).into(),
        12 => Input::wall_clock_read(WallClock {
            utc_millis_of_day: numbers.below(86_400_000),
            utc_offset_minutes: 60,
        }),
        13..=22 => Input::Command(command(numbers, node, group, resource)),
        _ => match outstanding.get(index_below(numbers, outstanding.len())) {
            Some(effect) => finish(numbers, effect),
            None => Input::witness_changed(WitnessState::Up),
        },
    }
}

fn index_below(numbers: &mut Numbers, end: usize) -> usize {
    let end = u32::try_from(end).expect("a short list").max(1);
    usize::try_from(numbers.below(end)).expect("32 bits")
}

fn some_resources(numbers: &mut Numbers) -> Vec<Running> {
    (0..GROUPS * RESOURCES_PER_GROUP)
        .filter(|_| numbers.below(8) == 0)
        .map(|id| ResourceId::new(id).into())
        .collect()
}

fn finish(numbers: &mut Numbers, effect: &Effect) -> Input {
    let operation = effect.operation;
    if effect.action == OperationKind::Inventory {
        let Effect { node, incarnation, .. } = *effect;
        let (running, operation) = (some_resources(numbers), Some(operation));
        return Input::node_inventory(node, incarnation, running).answering(operation).into();
    }
    let outcome = match (effect.action, numbers.below(10)) {
        (_, 0) => return Input::operation_progressed(operation),
        (_, 1) => Outcome::TimedOut,
        (_, 2) => Outcome::Failed,
        (OperationKind::Probe, 3..=5) => Outcome::Running,
        (OperationKind::Probe, _) => Outcome::NotRunning,
        (_, _) => Outcome::Succeeded,
    };
    Input::operation_finished(operation, outcome)
}

fn command(numbers: &mut Numbers, node: NodeId, group: GroupId, resource: ResourceId) -> Command {
    let lock = LockHandling::Override;
    match numbers.below(18) {
        0 => Command::take_group_offline(group).lock(lock).into(),
        1 | 2 => Command::bring_group_online(group).lock(lock).into(),
        3 => Command::take_resource_offline(resource).lock(lock).into(),
        4 => Command::bring_resource_online(resource).lock(lock).into(),
        5..=7 => Command::move_group(group)
            .maybe_to((numbers.below(2) == 0).then_some(node))
            .return_on_failure()
            .queue()
            .lock(lock)
            .into(),
        8 => Command::cancel_move(group),
        9 => Command::pause_node(node),
        10 => Command::drain_node(node).forced().lock(lock).into(),
        11 => Command::drain_node(node).lock(lock).into(),
        12 => Command::resume_node(node).failback(ResumeFailback::Immediate).into(),
        13 => Command::clear_resource_failure(resource),
        14 => Command::clear_group_failures(group).into(),
        15 => Command::fail_resource(resource),
        16 => Command::begin_maintenance(resource),
        _ => Command::lock_group(group),
    }
}

fn drain(cluster: &mut Cluster) -> Vec<Output> {
    std::iter::from_fn(|| cluster.poll_output()).collect()
}

/// Everything that a cluster answers: the stored one and the restored one must agree.
fn answers(cluster: &Cluster) -> (u64, Vec<Effect>, Option<(Timestamp, DeadlineReason)>) {
    let deadline = cluster.poll_timeout().map(|deadline| (deadline.at, deadline.reason));
    (cluster.digest(), cluster.outstanding().collect(), deadline)
}

fn stored_and_restored(cluster: &Cluster) -> Cluster {
    let text = serde_json::to_string(&cluster.snapshot()).expect("plain data");
    let snapshot: Snapshot = serde_json::from_str(&text).expect("it was just written");
    Cluster::restore(snapshot, Ring::new()).expect("a cluster has written it")
}

/// Runs one history on a cluster and on one that is stored and restored after every step.
fn live(seed: u64, fencing: Fencing) {
    let mut numbers = Numbers(seed);
    let mut now = Timestamp::from_millis(1_000);
    let spec = declaration(fencing).build().expect("a valid declaration");
    let mut original = Cluster::new(spec, Ring::new(), now);
    let mut other = original.clone();
    for step in 0..400 {
        let place = format!("seed {seed}, {fencing:?}, step {step}");
        let is_due = numbers.below(4) == 0;
        if let Some(deadline) = original.poll_timeout().filter(|_| is_due) {
            now = now.max(deadline.at);
            original.handle_timeout(now);
            other.handle_timeout(now);
        } else {
            now = now.after(Duration::from_millis(u64::from(numbers.below(3) * 700)));
            let outstanding: Vec<Effect> = original.outstanding().collect();
            let input = input(&mut numbers, step, &outstanding);
            let result = original.handle(now, input.clone());
            assert_eq!(other.handle(now, input), result, "{place}");
        }
        assert_eq!(original.check_invariants(), Ok(()), "{place}");
        assert_eq!(drain(&mut original), drain(&mut other), "{place}");
        other = stored_and_restored(&original);
        assert_eq!(answers(&other), answers(&original), "{place}");
        assert_eq!(other.snapshot(), original.snapshot(), "{place}");
    }
}

/// S31: what is restored goes on identically.
#[test]
fn a_restored_cluster_goes_on_as_if_nothing_had_happened() {
    let lease =
        Fencing::Lease { duration: Duration::from_secs(10), margin: Duration::from_secs(1) };
    for seed in 0..2 {
        for fencing in [Fencing::Required, Fencing::Trusted, lease, Fencing::Operator] {
            live(seed, fencing);
        }
    }
}

/// A group waits for its home only as long as that is missing, even if it comes back paused; and
/// meanwhile no other deadline is hidden (`ClusterGroupWaitDelay`).
#[test]
fn a_home_that_joins_paused_ends_the_wait() {
    let spec = ClusterDeclaration::new("wait")
        .node("a")
        .node("b")
        .node("home")
        .group(
            GroupDeclaration::new("group")
                .preferred_owners(["home"])
                .resource(ResourceDeclaration::new("disk", "Physical Disk")),
        )
        .build()
        .expect("a valid declaration");
    let [a, b, home] = [0, 1, 2].map(NodeId::new);
    let now = Timestamp::from_millis(1_000);
    let mut cluster = Cluster::new(spec, Ring::new(), now);
    let join = |node, life| Input::node_joined(node, Incarnation::new(life), Vec::new());
    for input in [
        join(home, 1),
        Input::Command(Command::pause_node(home)),
        Input::node_left(home, Life::Known),
        join(a, 1),
        join(b, 1),
    ] {
        cluster.handle(now, input).expect("it is possible");
    }
    let group = GroupId::new(0);
    assert_eq!(cluster.state().owner(group), None);
    let waits = cluster.poll_timeout().map(|deadline| deadline.reason);
    assert_eq!(waits, Some(DeadlineReason::PreferredOwnerWait { group }));
    cluster.handle(now, join(home, 2)).expect("it is possible");
    assert_eq!(cluster.state().owner(group), Some(a));
    let next = cluster.poll_timeout().map(|deadline| deadline.reason);
    assert!(matches!(next, Some(DeadlineReason::OperationTimeout { .. })));
}

/// The limits of declarations hold for the declaration in a snapshot.
#[test]
fn a_snapshot_at_the_limit_is_restored_and_one_past_it_is_not() {
    let spec = declaration(Fencing::Trusted).build().expect("a valid declaration");
    let snapshot = Cluster::new(spec, Ring::new(), Timestamp::ZERO).snapshot();
    let nodes = usize::try_from(NODES).expect("few");
    let within = |nodes| {
        let mut limits = Limits::default();
        limits.nodes = nodes;
        Cluster::restore_within(snapshot.clone(), Ring::new(), &limits)
    };
    assert!(within(nodes).is_ok());
    let error = within(nodes - 1).expect_err("one node too many");
    assert!(matches!(error, RestoreError::Declaration(_)), "{error}");
    assert!(error.to_string().contains("nodes"), "{error}");
}

/// The latest time that an input may have is the latest at which a cluster is declared, so that its
/// snapshot is one that can be restored, and it takes inputs in.
#[test]
fn a_cluster_is_not_declared_after_the_end_of_time() {
    let spec = || ClusterDeclaration::new("c").node("a").build().expect("one node is enough");
    let mut cluster = Cluster::new(spec(), Ring::new(), Timestamp::from_millis(u64::MAX));
    assert_eq!(cluster.state().now(), Timestamp::LATEST);
    let restored = Cluster::restore(cluster.snapshot(), Ring::new());
    assert_eq!(restored.map(|restored| restored.digest()), Ok(cluster.digest()));
    let witness = Input::witness_changed(WitnessState::Up);
    assert_eq!(cluster.handle(Timestamp::LATEST, witness), Ok(()));
}
