//! A rehearsal comes out as the real thing: what [`Cluster::what_if`] says, and what comes of the
//! same inputs when agents do all that is asked for at once.

mod execution;

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use quorate::cluster::{
    Command, Fate, ForecastEnd, ForecastGroup, Life, LockHandling, ResumeFailback,
};
use quorate::machine::{GroupState, ResourceState};
use quorate::quorum::WitnessState;
use quorate::state::DrainStatus;
use quorate::{Cluster, GroupId, Incarnation, Input, NodeId};
use quorate_testkit::strategy;
use serde_json::{Value, json};

use super::CASES;
use super::random::configuration;
use execution::{Execution, Stop};

pub(crate) use execution::{is_answered, well_ended};

/// An input to be, which is made sense of when its turn comes.
#[derive(Clone, Copy, Debug)]
struct Draw {
    kind: u8,
    one: u16,
    seed: u64,
}

/// One question at a moment of a history.
#[derive(Clone, Debug)]
struct Question {
    /// Tells whether every node that was away has just joined, and every group is wanted.
    is_gathered: bool,
    inputs: Vec<Draw>,
}

fn questions() -> impl Strategy<Value = Question> {
    let draw = (any::<u8>(), any::<u16>(), any::<u64>());
    let draw = draw.prop_map(|(kind, one, seed)| Draw { kind, one, seed });
    (any::<bool>(), vec(draw, 1..=2))
        .prop_map(|(is_gathered, inputs)| Question { is_gathered, inputs })
}

#[test]
fn a_rehearsal_comes_out_as_the_real_thing() {
    let count = Count::default();
    let mut runner = TestRunner::new(configuration(CASES));
    let cases = (strategy::histories(1..100), vec(questions(), 1..=6));
    let answer = runner.run(&cases, |(history, questions)| {
        let cluster = history.cluster_after();
        let cluster = cluster.map_err(|failure| TestCaseError::fail(failure.breach.to_string()))?;
        questions.iter().try_for_each(|question| {
            judge(&cluster, question, &count).map_err(|difference| {
                let history = serde_json::to_string(&history).expect("a history can be written");
                TestCaseError::fail(format!("{difference}\nhistory {history}"))
            })
        })
    });
    if let Err(error) = answer {
        panic!("{error}");
    }
    println!("{count:?}");
    // Otherwise there was nothing to compare.
    let all = count.cases.get();
    assert!(count.cut_off.get() * 50 <= all, "{count:?}");
    assert!(count.refused.get() * 2 <= all && count.busy.get() * 3 >= all, "{count:?}");
    assert!(count.waiting.get() * 20 >= all, "{count:?}");
    assert!(count.blocked.get() * 100 >= all, "{count:?}");
}

/// The sorts of cases that were played.
#[derive(Debug, Default)]
struct Count {
    cases: Cell<u32>,
    /// The rehearsal gave up: nothing is compared.
    cut_off: Cell<u32>,
    refused: Cell<u32>,
    /// Something was asked for.
    busy: Cell<u32>,
    /// A probe was left in flight.
    probing: Cell<u32>,
    /// Something waited for time alone.
    waiting: Cell<u32>,
    /// A drain failed.
    blocked: Cell<u32>,
}

fn add(to: &Cell<u32>, is_so: bool) {
    to.set(to.get() + u32::from(is_so));
}

/// Carries out and rehearses the same inputs; how they differ.
fn judge(cluster: &Cluster, question: &Question, count: &Count) -> Result<(), String> {
    let mut before = cluster.clone();
    if question.is_gathered {
        gather(&mut before);
    }
    let digest = before.digest();
    let mut execution = Execution::of(&before);
    let mut inputs = Vec::new();
    let mut real = Ok(());
    for draw in &question.inputs {
        if real.is_err() {
            break;
        }
        let input = input(&execution.cluster, *draw);
        let input = execution.cluster.spec().named(input);
        inputs.push(input.clone());
        real = execution.take(input);
    }
    if real.is_ok() {
        real = execution.rest().map_err(Stop::Restless);
    }
    let plan = before.what_if(inputs.clone());
    add(&count.cases, true);
    let with = |words: &str| format!("{words}\ninputs {inputs:?}");
    if before.digest() != digest {
        return Err(with("the rehearsal has changed the cluster"));
    }
    match (plan, real) {
        (Err(planned), Err(Stop::Refused(refused))) => {
            add(&count.refused, true);
            let is_same = planned == refused;
            is_same.then_some(()).ok_or_else(|| with(&format!("{planned:?} and not {refused:?}")))
        }
        (Ok(plan), Ok(())) if plan.end == ForecastEnd::Settled => {
            add(&count.busy, !execution.operations.is_empty());
            let drains = execution.drains.at_the_end(&execution.cluster);
            if plan.drains != drains {
                let [planned, real] = [&plan.drains, &drains].map(|list| lines(list));
                return Err(with(&format!("drains planned:\n{planned}\nas they are:\n{real}")));
            }
            add(&count.blocked, drains.iter().any(|drain| drain.status == DrainStatus::Failed));
            add(&count.waiting, execution.has_waited);
            let groups = groups(&before, &execution.cluster);
            if plan.operations != execution.operations {
                let lists = [&plan.operations, &execution.operations].map(|list| lines(list));
                let [planned, done] = lists;
                return Err(with(&format!("planned:\n{planned}\ndone:\n{done}")));
            }
            let unanswered = execution.probes();
            if plan.unanswered != unanswered {
                return Err(with(&format!("{:?} and not {unanswered:?}", plan.unanswered)));
            }
            add(&count.probing, !unanswered.is_empty());
            let is_same = plan.groups == groups;
            let lists = || (lines(&plan.groups), lines(&groups));
            is_same.then_some(()).ok_or_else(|| {
                let (planned, real) = lists();
                with(&format!("groups planned:\n{planned}\nas they are:\n{real}"))
            })
        }
        (Ok(plan), Ok(()) | Err(Stop::Restless(_))) if plan.end == ForecastEnd::CutOff => {
            add(&count.cut_off, true);
            Ok(())
        }
        (_, Err(Stop::Restless(why))) => Err(with(&why)),
        (plan, real) => Err(with(&format!("planned {plan:?}, and it came to {real:?}"))),
    }
}

fn lines<T: std::fmt::Display>(list: &[T]) -> String {
    list.iter().map(|of| format!("  {of}")).collect::<Vec<_>>().join("\n")
}

/// Every node that is away joins, and every group is wanted, so that there is more to do. Nothing
/// of what comes of it is done yet.
pub(crate) fn gather(cluster: &mut Cluster) {
    let nodes: Vec<NodeId> = cluster.spec().nodes().map(|(node, _)| node).collect();
    let groups: Vec<GroupId> = cluster.spec().groups().map(|(group, _)| group).collect();
    tell(cluster, Input::witness_changed(WitnessState::Up));
    for node in nodes {
        tell(cluster, Input::node_confirmed_down(node, Life::Known));
        if !cluster.state().node_state(node).is_member() {
            let input = next_life(cluster, node);
            tell(cluster, input);
        }
        let failback = ResumeFailback::ByPolicy;
        tell(cluster, Command::resume_node(node).failback(failback).into());
    }
    for group in groups {
        let lock = LockHandling::Override;
        tell(cluster, Command::clear_group_failures(group).into());
        tell(cluster, Command::bring_group_online(group).lock(lock).into());
    }
}

/// Hands in an input, which changes nothing if it is refused.
fn tell(cluster: &mut Cluster, input: Input) {
    let now = cluster.state().now();
    let _ = cluster.handle(now, input);
    while cluster.poll_output().is_some() {}
}

/// A node joins in its next life, and runs nothing.
fn next_life(cluster: &Cluster, node: NodeId) -> Input {
    let incarnation = Incarnation::new(life(cluster, node).value() + 1);
    Input::node_joined(node, incarnation, Vec::new())
}

fn life(cluster: &Cluster, node: NodeId) -> Incarnation {
    cluster.state().node(node).map(|of| of.incarnation()).unwrap_or_default()
}

/// Something that may happen to this cluster; a command where what was drawn cannot happen. What is
/// refused comes more rarely than it would by chance.
fn input(cluster: &Cluster, draw: Draw) -> Input {
    let of = |turn: u8| {
        let (kind, seed) = (draw.kind.wrapping_add(turn * 5), draw.seed ^ u64::from(turn));
        let command = || Input::Command(drawn(&strategy::commands(cluster.spec()), seed));
        event(cluster, Draw { kind, seed, ..draw }).unwrap_or_else(command)
    };
    let is_taken = |input: &Input| cluster.clone().handle(cluster.state().now(), input.clone());
    (0..3).map(of).find(|input| is_taken(input).is_ok()).unwrap_or_else(|| of(0))
}

/// Something that often makes a difference.
fn event(cluster: &Cluster, draw: Draw) -> Option<Input> {
    let (spec, state) = (cluster.spec(), cluster.state());
    let nodes = |is_member: bool| {
        let all = spec.nodes().map(|(node, _)| node);
        let some = all.filter(|node| state.node_state(*node).is_member() == is_member);
        pick(some.collect(), draw.one)
    };
    let online = || {
        let all = spec.groups().map(|(group, _)| group);
        pick(all.filter(|group| state.may_run(spec, *group)).collect(), draw.one)
    };
    let lock = LockHandling::Override;
    match draw.kind % 16 {
        0..=2 => nodes(true).map(|node| Input::node_lost(node, Life::Known)),
        3 => nodes(false).map(|node| next_life(cluster, node)),
        4 => nodes(true).map(|node| Input::node_left(node, Life::Known)),
        5 => nodes(false).map(|node| Input::node_confirmed_down(node, Life::Known)),
        6..=8 => {
            let online = spec.resources().filter_map(|(resource, of)| {
                let is_online = state.resource_state(resource) == ResourceState::Online;
                let node = state.owner(of.group()).filter(|_| is_online)?;
                Some((resource, node))
            });
            let (resource, node) = pick(online.collect(), draw.one)?;
            Some(Input::resource_failed(resource, node, life(cluster, node)).into())
        }
        9 => online().map(|group| Command::move_group(group).lock(lock).into()),
        10 => online().map(|group| Command::take_group_offline(group).lock(lock).into()),
        11 => nodes(true).map(|node| Command::drain_node(node).into()),
        12 => Some(drawn(&strategy::inputs(spec), draw.seed)),
        _ => None,
    }
}

fn pick<T: Clone>(all: Vec<T>, one: u16) -> Option<T> {
    all.get(usize::from(one).checked_rem(all.len())?).cloned()
}

/// Returns the value that this strategy gives for a seed.
fn drawn<S: Strategy>(strategy: &S, seed: u64) -> S::Value {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    strategy.new_tree(&mut runner).expect("it always gives something").current()
}

/// The group of a forecast with this written form.
fn forecast(written: Value) -> ForecastGroup {
    serde_json::from_value(written).expect("it is a group of a forecast")
}

/// The groups after the inputs, as a plan lists them: those that are other than before, or that
/// should be online and are not, then those that are declared no more.
fn groups(before: &Cluster, after: &Cluster) -> Vec<ForecastGroup> {
    let owner = |of: &Cluster, name: &str| {
        let group = of.spec().group_id(name)?;
        Some(of.spec().node(of.state().owner(group)?)?.name().to_owned())
    };
    let state = |of: &Cluster, name: &str| Some(of.group_state(of.spec().group_id(name)?));
    let mut list = Vec::new();
    for (group, declared) in after.spec().groups() {
        let name = declared.name();
        let (was, is) = (state(before, name), state(after, name));
        let (from, to) = (owner(before, name), owner(after, name));
        let why = after.why(group).map(|why| after.spec().named(why));
        if was != is || from != to || why.is_some() {
            let fate = if was.is_some() { Fate::Kept } else { Fate::Added };
            let (group, state) = (name.to_owned(), is.unwrap_or(GroupState::Offline));
            list.push(forecast(json!({
                "group": group, "fate": fate, "from": from, "to": to, "state": state, "why": why
            })));
        }
    }
    for (_, declared) in before.spec().groups() {
        let name = declared.name();
        if after.spec().group_id(name).is_none() {
            let (group, from) = (name.to_owned(), owner(before, name));
            let (fate, state) = (Fate::Removed, GroupState::Offline);
            list.push(forecast(json!({
                "group": group, "fate": fate, "from": from, "to": null, "state": state, "why": null
            })));
        }
    }
    list
}
