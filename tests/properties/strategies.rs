//! The public strategies: with another policy, and made smaller.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use quorate::policy::{FailoverPolicy, Key, LeastLoaded, PlacementRequest, Rank, StrictPreferred};
use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use quorate::{Cluster, Input, NodeId, Timestamp};
use quorate_testkit::audit::Audit;
use quorate_testkit::history::{History, Record, Step};
use quorate_testkit::{Invariant, strategy};

use super::CASES;
use super::random::configuration;

/// Makes what breaks a rule smaller; the cases are always the same.
fn smallest<S: Strategy>(strategy: S, is_kept: impl Fn(&S::Value) -> bool) -> S::Value
where
    S::Value: Clone,
{
    let config = Config { cases: 500, failure_persistence: None, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let answer = TestRunner::new_with_rng(config, random).run(&strategy, |value| {
        prop_assert!(is_kept(&value));
        Ok(())
    });
    match answer {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("nothing was found: {other:?}"),
    }
}

fn specs_with_inputs() -> impl Strategy<Value = (ClusterSpec, Vec<Input>)> {
    strategy::specs().prop_flat_map(|spec| {
        let inputs = vec(strategy::inputs(&spec), 0..60);
        (Just(spec), inputs)
    })
}

/// A cluster that a test declares itself.
fn mill() -> ClusterDeclaration {
    let disk = ResourceDeclaration::new("disk", "Physical Disk");
    let db = ResourceDeclaration::new("db", "Generic Service").needs("[disk]");
    let sql = GroupDeclaration::new("sql").preferred_owners(["a", "b"]).resource(disk).resource(db);
    let site = ResourceDeclaration::new("site", "Generic Service");
    let web = GroupDeclaration::new("web").resource(site);
    ClusterDeclaration::new("mill").node("a").node("b").node("c").group(sql).group(web)
}

proptest! {
    #![proptest_config(configuration(CASES))]

    /// Inputs without a world behind them: sound or not, none breaks a promise.
    #[test]
    fn every_list_of_inputs_keeps_every_rule((spec, inputs) in specs_with_inputs()) {
        let mut cluster = Cluster::new(spec, LeastLoaded, Timestamp::ZERO);
        let mut audit = Audit::new(&cluster);
        for (step, input) in inputs.into_iter().enumerate() {
            let now = Timestamp::from_millis(700 * u64::try_from(step).expect("a short list"));
            match audit.handle(&mut cluster, now, input) {
                Ok(Ok(_) | Err(_)) => {}
                Err(breach) => return Err(TestCaseError::fail(breach.to_string())),
            }
        }
    }

    /// A declaration is written down and read as the same one.
    #[test]
    fn every_declaration_is_valid_and_read_again(declared in strategy::declarations()) {
        let text = serde_json::to_string(&declared).expect("a declaration can be written");
        let read: ClusterDeclaration = serde_json::from_str(&text).expect("and read");
        prop_assert_eq!(&read, &declared);
        prop_assert!(declared.build().is_ok());
    }
}

proptest! {
    #![proptest_config(Config { cases: 12, ..configuration(CASES) })]

    /// A cluster and a policy that a test declares itself.
    #[test]
    fn a_cluster_of_ones_own(history in strategy::histories_of(mill(), 1..80)) {
        let answer = history.play_under(StrictPreferred.then(LeastLoaded), Record::Omitted);
        prop_assert!(answer.is_ok(), "{:?}", answer.err());
    }
}

/// A policy with a memory is found out, and the history that shows it is a short one.
#[test]
fn a_policy_that_breaks_the_contract_is_found() {
    #[derive(Debug)]
    struct Moody(AtomicUsize);
    impl FailoverPolicy for Moody {
        fn name(&self) -> std::borrow::Cow<'static, str> {
            "moody".into()
        }

        fn rank(&self, _: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
            let mood = self.0.fetch_add(1, Ordering::Relaxed) + candidate.index();
            Rank::by(Key::smallest("mood", i64::try_from(mood % 3).expect("small")))
        }
    }
    let play = |history: &History| {
        history.play_under(Moody(AtomicUsize::new(0)), Record::Omitted).map_err(|of| of.breach)
    };
    let history = smallest(strategy::histories_of(mill(), 1..20), |case| play(case).is_ok());
    assert_eq!(play(&history).expect_err("it broke a promise").invariant, Some(Invariant::S23));
    assert!(history.steps.len() <= 4, "{:?}", history.steps);
}

#[test]
fn histories_are_made_smaller() {
    let is_calm = |history: &History| {
        let steps = history.steps.iter().filter(|step| matches!(step, Step::Restore));
        steps.count() < 2
    };
    let history = smallest(strategy::histories(1..60), is_calm);
    assert!(matches!(history.steps[..], [Step::Restore, Step::Restore]), "{:?}", history.steps);
    assert!(history.shape.is_empty() && history.muted == 0);
}

#[test]
fn declarations_are_made_smaller() {
    let is_small = |declared: &ClusterDeclaration| declared.groups.len() < 3;
    let declared = smallest(strategy::declarations(), is_small);
    assert_eq!(declared.groups.len(), 3);
    assert!(declared.groups.iter().all(|group| group.resources.len() == 1));
}

#[test]
fn inputs_are_made_smaller() {
    let spec = mill().build().expect("a valid declaration");
    let is_short = |inputs: &Vec<Input>| inputs.len() < 3;
    let inputs = smallest(vec(strategy::inputs(&spec), 0..40), is_short);
    assert_eq!(inputs.len(), 3);
}

/// Every kind of input comes, and of commands.
#[test]
fn every_kind_of_input_comes() {
    let spec = mill().build().expect("a valid declaration");
    let mut runner = TestRunner::deterministic();
    let strategy = vec(strategy::inputs(&spec), 3_000);
    let inputs = strategy.new_tree(&mut runner).expect("inputs").current();
    let kind = |input: &Input| {
        let value = serde_json::to_value(spec.named(input.clone())).unwrap_or_default();
        value.as_object().and_then(|of| of.keys().next().cloned()).unwrap_or_default()
    };
    let kinds: std::collections::BTreeSet<String> = inputs.iter().map(kind).collect();
    let expected = [
        "command",
        "node_confirmed_down",
        "node_fenced",
        "node_joined",
        "node_left",
        "node_lost",
        "operation_finished",
        "operation_progressed",
        "resource_alive",
        "resource_failed",
        "wall_clock_read",
        "witness_changed",
    ];
    for name in expected {
        assert!(kinds.contains(name), "{name} is missing: {kinds:?}");
    }
}
