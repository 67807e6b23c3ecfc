//! Explanations come true: [`Cluster::explain`], and the choice that the same trigger
//! makes, under every policy of the crate and from wherever a history leads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use quorate::cluster::{Command, Reason};
use quorate::machine::{NodeState, ResourceState};
use quorate::policy::{
    ByAttribute, FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred,
    Trigger,
};
use quorate::settings::{OnUnfixable, RestartAction};
use quorate::spec::{GroupSpec, ResourceSpec};
use quorate::state::{DrainStatus, MovementCause, NoRestartCause, Recovery};
use quorate::{Cluster, Effect, Event, GroupId, Input, NodeId, Output, ResourceId};
use quorate_testkit::strategy;

use super::CASES;
use super::random::configuration;
use super::rehearsal::{gather, is_answered, well_ended};

/// The incidents that are asked about and then happen. A start is what follows them, or the order of
/// an operator.
const TRIGGERS: [Trigger; 4] =
    [Trigger::NodeFailure, Trigger::ResourceFailure, Trigger::Drain, Trigger::BestPossible];

/// One of the policies of the crate.
fn policy(number: u8, seed: u64) -> Box<dyn FailoverPolicy> {
    match number % 9 {
        0 => Box::new(Ring::new()),
        8 => Box::new(ByAttribute::smallest("lag").then(Ring::seeded(seed))),
        1..=3 => Box::new(Ring::seeded(seed)),
        4 => Box::new(FirstPreferred),
        5 => Box::new(StrictPreferred.then(LeastGroups)),
        6 => Box::new(LeastGroups.then(Ring::seeded(seed))),
        _ => Box::new(LeastLoaded),
    }
}

#[derive(Debug, Default)]
struct Count {
    told: Cell<u32>,
    gone: Cell<u32>,
    /// How many went somewhere, by trigger.
    by: RefCell<BTreeMap<Trigger, u32>>,
}

#[test]
fn what_is_explained_is_what_happens() {
    let count = Count::default();
    let mut runner = TestRunner::new(configuration(CASES));
    let asked = (any::<u8>(), any::<u64>(), any::<bool>());
    let cases = (strategy::histories(1..100), vec(asked, 1..=3));
    let answer = runner.run(&cases, |(history, asked)| {
        let cluster = history.cluster_after();
        let cluster = cluster.map_err(|failure| TestCaseError::fail(failure.breach.to_string()))?;
        asked.into_iter().try_for_each(|(number, seed, is_gathered)| {
            let policy = policy(number, seed);
            let snapshot = cluster.snapshot().under_policy(&policy);
            let mut cluster = Cluster::restore(snapshot, policy).expect("it was stored just now");
            if is_gathered {
                gather(&mut cluster);
            }
            judge(&cluster, &count).map_err(|difference| {
                let history = serde_json::to_string(&history).expect("a history can be written");
                TestCaseError::fail(format!("{difference}\nhistory {history}"))
            })
        })
    });
    if let Err(error) = answer {
        panic!("{error}");
    }
    println!("{count:?}");
    assert!(count.gone.get() * 5 > count.told.get(), "there was nothing to compare: {count:?}");
    for trigger in TRIGGERS {
        let gone = count.by.borrow().get(&trigger).copied();
        assert!(gone.is_some_and(|gone| gone > 0), "nothing went anywhere by {trigger:?}");
    }
}

/// Asks about every group and every trigger, and lets each of them happen.
fn judge(cluster: &Cluster, count: &Count) -> Result<(), String> {
    for (group, _) in cluster.spec().groups() {
        for trigger in TRIGGERS {
            let told = cluster.explain(group, trigger).expect("a declared group");
            let Some(done) = happen(cluster, group, trigger) else { continue };
            count.told.set(count.told.get() + 1);
            count.gone.set(count.gone.get() + u32::from(done.is_some()));
            *count.by.borrow_mut().entry(trigger).or_default() += u32::from(done.is_some());
            if told.chosen != done {
                return Err(format!("{group} went to {done:?}:\n{told}\n{cluster:?}"));
            }
        }
    }
    Ok(())
}

/// Where a group goes if this happens now; `None` if it cannot happen, or makes no choice.
fn happen(cluster: &Cluster, group: GroupId, trigger: Trigger) -> Option<Option<NodeId>> {
    let state = cluster.state();
    let (owner, now) = (state.owner(group), state.now());
    let record = state.group(group)?;
    let input = match trigger {
        Trigger::NodeFailure => {
            let node = owner.filter(|node| state.node_state(*node) != NodeState::Down)?;
            Input::node_fenced(node, state.node(node)?.incarnation())
        }
        Trigger::Drain => {
            let is_movable = record.movement().is_none() && !is_left(cluster, group);
            let node = owner.filter(|_| is_movable)?;
            Command::drain_node(node).override_lock().into()
        }
        Trigger::ResourceFailure => last_failure(cluster, group)?,
        Trigger::BestPossible => Command::move_group(group).override_lock().into(),
        other => unimplemented!("{other:?}"),
    };
    let mut cluster = cluster.clone();
    while cluster.poll_output().is_some() {}
    match cluster.handle(now, input) {
        Ok(()) => {}
        Err(quorate::InputError::NoCandidate(_)) => return Some(None),
        Err(_) => return None,
    }
    match course(&mut cluster, group, trigger, owner) {
        Course::Open => {}
        Course::Chosen(to) => return Some(to),
        Course::Otherwise => return None,
    }
    if trigger == Trigger::Drain {
        return turn(&mut cluster, group, owner?);
    }
    // It waits for its home, or for its turn: nothing was chosen yet.
    let waits = super::waits::waits_for_home(&cluster, group)
        || matches!(cluster.why(group), Some(Reason::WaitingForPriority { .. }));
    (!waits && trigger != Trigger::BestPossible).then_some(None)
}

/// The failure of a resource that moves its group: nothing is left but a failover.
fn last_failure(cluster: &Cluster, group: GroupId) -> Option<Input> {
    let (state, spec) = (cluster.state(), cluster.spec());
    let now = state.now();
    let node = state.owner(group).filter(|node| state.node_state(*node) == NodeState::Up)?;
    let left = cluster.failover_budget(group, now)?.remaining;
    let moves = |resource: &ResourceId| {
        let record = state.resource(*resource);
        let settings = spec.resource(*resource).map(ResourceSpec::settings);
        let is_spent = cluster.restart_budget(*resource, now).is_some_and(|of| of.remaining == 0);
        record.is_some_and(|of| of.state() == ResourceState::Online)
            && settings.is_some_and(|of| {
                of.restart_action == RestartAction::RestartNotify
                    && of.on_unfixable == OnUnfixable::Recover
            })
            && is_spent
    };
    let failed = spec.group(group)?.resources().find(moves).filter(|_| left > 0)?;
    Some(Input::resource_failed(failed, node, state.node(node)?.incarnation()).into())
}

/// Tells whether something of a group failed and is left for an operator: the group stays where it
/// is, although there may be a node for it.
fn is_left(cluster: &Cluster, group: GroupId) -> bool {
    let mut resources = cluster.spec().group(group).into_iter().flat_map(GroupSpec::resources);
    resources.any(|resource| {
        let record = cluster.state().resource(resource);
        record.is_some_and(|of| {
            matches!(of.recovery(), Recovery::RetryAt { cause: NoRestartCause::Left, .. })
        })
    })
}

/// Lets a drain go on until it is the turn of a group, and returns what is chosen then. All that
/// the drain asks for ends well; nothing else happens, and no time passes. `None` if its turn does
/// not come, or a node comes up meanwhile: the answer was about the nodes as they were.
fn turn(cluster: &mut Cluster, group: GroupId, node: NodeId) -> Option<Option<NodeId>> {
    let states = |cluster: &Cluster| -> Vec<NodeState> {
        let nodes = cluster.spec().nodes().map(|(node, _)| node);
        nodes.map(|node| cluster.state().node_state(node)).collect()
    };
    let before = states(cluster);
    loop {
        let drain = cluster.state().node(node)?.drain();
        if drain.status != DrainStatus::InProgress {
            return Some(None);
        }
        let concerns = |effect: &Effect| {
            let moved = effect.group.and_then(|group| cluster.state().group(group));
            effect.node == node || moved.is_some_and(|of| of.drained_from() == Some(node))
        };
        let effect =
            cluster.outstanding().find(|effect| concerns(effect) && is_answered(effect))?;
        let now = cluster.state().now();
        cluster.handle(now, well_ended(&effect)).expect("an answer to what was asked for");
        if states(cluster) != before {
            return None;
        }
        match course(cluster, group, Trigger::Drain, Some(node)) {
            Course::Open => {}
            Course::Chosen(to) => return Some(to),
            Course::Otherwise => return None,
        }
    }
}

/// The course that a group took after the question.
enum Course {
    /// Nothing yet.
    Open,
    /// It goes there for the cause that was asked about.
    Chosen(Option<NodeId>),
    /// It goes for another cause: a group that waited for room is not drained, it is started
    /// wherever there is room by now.
    Otherwise,
}

fn course(
    cluster: &mut Cluster,
    group: GroupId,
    trigger: Trigger,
    owner: Option<NodeId>,
) -> Course {
    while let Some(output) = cluster.poll_output() {
        match output {
            Output::Event(Event::OwnerChanged { group: of, to, from, .. })
                if of == group && from == owner && trigger != Trigger::Drain =>
            {
                return Course::Chosen(to);
            }
            Output::Event(Event::MoveStarted { group: of, to, cause, .. })
                if of == group && trigger != Trigger::NodeFailure =>
            {
                let is_asked = trigger != Trigger::Drain || cause == MovementCause::Drain;
                return if is_asked { Course::Chosen(to) } else { Course::Otherwise };
            }
            _ => {}
        }
    }
    Course::Open
}
