//! The policy of a cluster is replaced while it runs.

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use quorate::cluster::{Command, Event, Life, Output};
use quorate::policy::{
    ByAttribute, FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred,
};
use quorate::{Cluster, Input, NodeId};
use quorate_testkit::strategy;

use super::CASES;
use super::random::configuration;

/// One of the policies that veto nothing.
fn policy(number: u8) -> Box<dyn FailoverPolicy> {
    match number % 6 {
        0 => Box::new(Ring::new()),
        1 => Box::new(Ring::seeded(7)),
        2 => Box::new(FirstPreferred),
        3 => Box::new(LeastGroups),
        4 => Box::new(LeastLoaded),
        _ => Box::new(ByAttribute::smallest("lag").then(LeastGroups)),
    }
}

/// Hands in an input at the present time; the outputs, or the text of the error.
fn feed(cluster: &mut Cluster, input: Input) -> Result<Vec<Output>, String> {
    let now = cluster.state().now();
    cluster.handle(now, input).map_err(|error| error.to_string())?;
    Ok(std::iter::from_fn(|| cluster.poll_output()).collect())
}

fn change(cluster: &mut Cluster, to: &dyn FailoverPolicy) -> Result<Vec<Output>, String> {
    feed(cluster, Command::change_policy(to.name()).into())
}

fn restored(cluster: &Cluster, policy: Box<dyn FailoverPolicy>) -> Cluster {
    let snapshot = cluster.snapshot().under_policy(&policy);
    Cluster::restore(snapshot, policy).expect("it was stored just now")
}

/// A cluster that has decided everything by this policy.
fn settled(cluster: &Cluster, number: u8) -> Result<Cluster, String> {
    let mut cluster = restored(cluster, policy(number));
    cluster.offer_policy(StrictPreferred).map_err(|error| error.to_string())?;
    change(&mut cluster, &StrictPreferred)?;
    change(&mut cluster, &policy(number))?;
    Ok(cluster)
}

/// S31, S23: a cluster whose policy was replaced is the one that is restored under that policy, and
/// goes on as that one. Where neither order vetoes anything, the change itself decides nothing.
#[test]
fn a_replaced_policy_is_as_good_as_a_restored_one() {
    let mut runner = TestRunner::new(configuration(CASES));
    let cases = (strategy::histories(1..100), any::<u8>(), any::<u8>());
    let answer = runner.run(&cases, |(history, first, second)| {
        let cluster = history.cluster_after();
        let cluster = cluster.map_err(|failure| TestCaseError::fail(failure.breach.to_string()))?;
        judge(&cluster, first, second).map_err(|difference| {
            let history = serde_json::to_string(&history).expect("a history can be written");
            TestCaseError::fail(format!("{difference}\nhistory {history}"))
        })
    });
    if let Err(error) = answer {
        panic!("{error}");
    }
}

fn judge(cluster: &Cluster, first: u8, second: u8) -> Result<(), String> {
    let before = settled(cluster, first)?;
    let to = policy(second);
    let mut replaced = before.clone();
    replaced.offer_policy(policy(second)).map_err(|error| error.to_string())?;
    let told = change(&mut replaced, &to)?;
    let is_other = before.policy().name() != to.name();
    let is_told = match &told[..] {
        [] => !is_other,
        [Output::Event(Event::PolicyChanged { from, to: name, .. })] => {
            is_other && *from == before.policy().name() && *name == to.name()
        }
        _ => false,
    };
    if !is_told {
        return Err(format!("the change put out {told:?}"));
    }
    let mut other = restored(&before, to);
    // It is in force there, so the command only counts as an input.
    let name = other.policy().name().into_owned();
    feed(&mut other, Command::change_policy(name).into())?;
    alike(&replaced, &other, "the change")?;
    replaced.check_invariants().map_err(|broken| broken.to_string())?;
    for node in 0..before.spec().nodes().len() {
        let lost = Input::node_lost(NodeId::from_index(node), Life::Known);
        let (mut one, mut two) = (replaced.clone(), other.clone());
        let answers = (feed(&mut one, lost.clone()), feed(&mut two, lost));
        if answers.0 != answers.1 {
            return Err(format!("{:?}\nand not\n{:?}", answers.0, answers.1));
        }
        alike(&one, &two, "a loss")?;
    }
    Ok(())
}

fn alike(one: &Cluster, two: &Cluster, when: &str) -> Result<(), String> {
    let is_alike = one.digest() == two.digest()
        && one.snapshot() == two.snapshot()
        && one.poll_timeout() == two.poll_timeout();
    is_alike.then_some(()).ok_or_else(|| format!("after {when}: {one:?}\nand not\n{two:?}"))
}
