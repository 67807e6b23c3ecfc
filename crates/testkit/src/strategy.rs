//! Strategies for [proptest]: declarations, single inputs, whole histories.
//!
//! [proptest]: https://docs.rs/proptest
//!
//! A history is the strongest test of your own policy: every promise of the core is judged after
//! every step, and proptest shrinks a history that breaks one.
//!
//! ```
//! use proptest::prelude::*;
//! use quorate::NodeId;
//! use quorate::policy::{FailoverPolicy, Key, PlacementRequest, Rank};
//! use quorate_testkit::history::Record;
//! use quorate_testkit::strategy;
//!
//! /// Takes the nodes in turn, by the number of the group.
//! #[derive(Debug)]
//! struct InTurn;
//!
//! impl FailoverPolicy for InTurn {
//!     fn name(&self) -> std::borrow::Cow<'static, str> {
//!         "in_turn".into()
//!     }
//!
//!     fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
//!         let nodes = placement.spec().nodes().len();
//!         let turn = (candidate.index() + placement.group().index()) % nodes;
//!         Rank::by(Key::smallest("turn", i64::try_from(turn).unwrap_or(i64::MAX)))
//!     }
//! }
//!
//! proptest!(ProptestConfig::with_cases(8), |(history in strategy::histories(1..30))| {
//!     let answer = history.play_under(InTurn, Record::Omitted);
//!     prop_assert!(answer.is_ok(), "{:?}", answer.err());
//! });
//! ```
//!
//! [`histories_of`] plays histories of your own cluster. If you have your own loop, feed it with
//! [`inputs`], and let an [`Audit`](super::audit::Audit) judge each step:
//!
//! ```
//! use proptest::collection::vec;
//! use proptest::prelude::*;
//! use quorate::policy::LeastLoaded;
//! use quorate_testkit::audit::Audit;
//! use quorate_testkit::strategy;
//! use quorate::{Cluster, Timestamp};
//!
//! let some = strategy::specs().prop_flat_map(|spec| {
//!     let inputs = vec(strategy::inputs(&spec), 0..20);
//!     (Just(spec), inputs)
//! });
//! proptest!(ProptestConfig::with_cases(8), |((spec, inputs) in some)| {
//!     let mut cluster = Cluster::new(spec, LeastLoaded, Timestamp::ZERO);
//!     let mut audit = Audit::new(&cluster);
//!     for (second, input) in inputs.into_iter().enumerate() {
//!         let now = Timestamp::from_millis(1_000 * second as u64);
//!         // Inputs may be refused; promises may not be broken.
//!         let answer = audit.handle(&mut cluster, now, input);
//!         prop_assert!(answer.is_ok(), "{:?}", answer.err());
//!     }
//! });
//! ```

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::history::declare;
use super::history::edits;
use super::history::orders;
use super::history::tape::Tape;
use super::history::{History, step};
use quorate::cluster::{Command, Life, Run, Running, RunningState};
use quorate::quorum::WitnessState;
use quorate::spec::{ClusterDeclaration, ClusterSpec};
use quorate::{Incarnation, Input, NodeId, OpId, Outcome, ResourceId, WallClock};

/// Returns valid declarations with 1 to 5 nodes, 1 to 5 groups and 0 to 6 resources in each group.
///
/// The simplest declaration has two nodes and one group with one resource, and every setting has
/// its simplest value.
pub fn declarations() -> impl Strategy<Value = ClusterDeclaration> {
    shapes().prop_map(|shape| declare::declaration(&mut Tape::new(&shape)))
}

/// Returns [`declarations`], validated.
pub fn specs() -> impl Strategy<Value = ClusterSpec> {
    declarations().prop_map(|declared| declared.build().expect("these declarations are valid"))
}

/// Returns histories with this number of steps, of clusters from [`declarations`].
///
/// Each history is [played](History::play_under) under your own policy or, with [`History::play`],
/// under a policy that was drawn with it.
pub fn histories(steps: impl Into<SizeRange>) -> impl Strategy<Value = History> {
    histories_with(shapes(), steps.into(), None)
}

/// Returns histories with this number of steps, of one cluster.
///
/// The configuration changes in some of them, as it does in [`histories`]: nodes, groups and
/// resources come and go, some with names that the declaration does not have.
pub fn histories_of(
    declaration: ClusterDeclaration,
    steps: impl Into<SizeRange>,
) -> impl Strategy<Value = History> {
    histories_with(Just(Vec::new()), steps.into(), Some(declaration))
}

fn histories_with(
    shapes: impl Strategy<Value = Vec<u16>>,
    steps: SizeRange,
    declaration: Option<ClusterDeclaration>,
) -> impl Strategy<Value = History> {
    let muted = prop_oneof![2 => Just(0_u16), 3 => any::<u16>()];
    (shapes, 0..6_u8, 0..4_u8, muted, vec(step(), steps)).prop_map(
        move |(shape, policy, twin, muted, steps)| History {
            declaration: declaration.clone(),
            shape,
            policy,
            twin,
            muted,
            steps,
        },
    )
}

/// Returns the numbers that a declaration is made from; fewer and smaller numbers make a simpler
/// one.
fn shapes() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 0..500)
}

/// Returns inputs to a cluster of this configuration. Most are valid; some are about things that do
/// not exist or did not happen.
///
/// The answer to an input depends on the state of the cluster, so most inputs of a list are
/// refused. [`histories`] know the state and what really runs.
pub fn inputs(spec: &ClusterSpec) -> impl Strategy<Value = Input> + use<> {
    // Sometimes the index is one beyond the last.
    let node = index(spec.nodes().len()).prop_map(NodeId::from_index).boxed();
    let resource = index(spec.resources().len()).prop_map(ResourceId::from_index).boxed();
    let incarnation = (0..4_u64).prop_map(Incarnation::new).boxed();
    let operation = (1..40_u64).prop_map(OpId::new);
    let run = prop_oneof![2 => Just(Run::Present), 1 => operation.clone().prop_map(Run::Of)];
    let all: Vec<ResourceId> = spec.resources().map(|(resource, _)| resource).collect();
    let listed = (subsequence(all.clone(), 0..=all.len()), vec(running_state(), all.len()));
    let listed = listed.prop_map(|(all, states)| {
        let pairs = all.into_iter().zip(states);
        pairs.map(|(resource, state)| Running::new(resource, state)).collect()
    });
    let listed = listed.boxed();
    let running = prop_oneof![4 => Just(Vec::new()), 1 => listed.clone()].boxed();
    let inventory = prop_oneof![1 => Just(Vec::new()), 4 => listed];
    prop_oneof![
        8 => (node.clone(), incarnation.clone(), running)
            .prop_map(|(node, life, running)| Input::node_joined(node, life, running)),
        2 => (node.clone(), incarnation.clone(), inventory).prop_map(
            |(node, incarnation, running)| Input::node_inventory(node, incarnation, running).into()
        ),
        3 => node.clone().prop_map(|node| Input::node_lost(node, Life::Known)),
        1 => node.clone().prop_map(|node| Input::node_left(node, Life::Known)),
        1 => node.clone().prop_map(|node| Input::node_fenced(node, Life::Known)),
        1 => node.clone().prop_map(|node| Input::node_confirmed_down(node, Life::Known)),
        2 => (node.clone(), select(vec!["lag", "load", ""]), any::<i64>())
            .prop_map(|(node, name, value)| Input::node_attribute_changed(node, name, value)),
        8 => (operation.clone(), outcome())
            .prop_map(|(operation, outcome)| Input::operation_finished(operation, outcome)),
        1 => operation.prop_map(Input::operation_progressed),
        3 => (resource.clone(), node.clone(), incarnation.clone(), run.clone()).prop_map(
            |(resource, node, incarnation, run)| {
                Input::resource_failed(resource, node, incarnation).of_run(run).into()
            }
        ),
        1 => (resource, node, incarnation, run).prop_map(
            |(resource, node, incarnation, run)| {
                Input::resource_alive(resource, node, incarnation).of_run(run).into()
            }
        ),
        1 => witness().prop_map(Input::witness_changed),
        1 => wall_clock().prop_map(Input::wall_clock_read),
        6 => commands(spec).prop_map(Input::Command),
    ]
}

/// Returns commands to a cluster of this configuration, including changes of the configuration.
pub fn commands(spec: &ClusterSpec) -> impl Strategy<Value = Command> + use<> {
    let (ordered, edited) = (spec.clone(), spec.clone());
    prop_oneof![
        5 => (any::<u8>(), any::<u16>(), any::<u16>(), any::<u8>()).prop_map(
            move |(kind, one, other, flags)| orders::command(&ordered, &["ring", "least_groups"], kind, one, other, flags)
        ),
        1 => (any::<u8>(), any::<u16>(), any::<u16>()).prop_map(move |(kind, one, other)| {
            let declaration = Box::new(edits::edit(&edited, kind, one, other));
            Command::configure(declaration).moves(edits::moves(one)).into()
        }),
    ]
}

fn index(count: usize) -> impl Strategy<Value = usize> {
    prop_oneof![20 => 0..count.max(1), 1 => Just(count)]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Succeeded),
        4 => select(vec![
            Outcome::Failed,
            Outcome::FailedForGood,
            Outcome::TimedOut,
            Outcome::Running,
            Outcome::NotRunning,
        ]),
    ]
}

fn running_state() -> impl Strategy<Value = RunningState> {
    select(vec![
        RunningState::Unknown,
        RunningState::Online,
        RunningState::Starting,
        RunningState::Stopping,
    ])
}

fn witness() -> impl Strategy<Value = WitnessState> {
    prop_oneof![Just(WitnessState::Up), Just(WitnessState::Down)]
}

fn wall_clock() -> impl Strategy<Value = WallClock> {
    (0..=86_400_000_u32, -840..=840_i16).prop_map(|(utc_millis_of_day, utc_offset_minutes)| {
        WallClock { utc_millis_of_day, utc_offset_minutes }
    })
}
