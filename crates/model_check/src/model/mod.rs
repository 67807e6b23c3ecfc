//! Every history of a small cluster, up to a number of faults.
//!
//! A state of the model is the real [`quorate::Cluster`] and a world around it: machines, what
//! really runs on them, and what is on its way between them and the cluster. From each state
//! everything happens that can happen next; [`stateright`] visits every state that results.
//! There is no model of the engine: each step is [`Cluster::handle`](quorate::Cluster::handle).
//!
//! # The cluster
//!
//! See [`declare`]: 3 nodes and 2 groups, each with a provider and its dependent; fencing is
//! required; one restart for each resource on its owner, one failover for each group, no retries
//! after that. One group is blocked while a stop is not confirmed; the other has its node fenced
//! and fails back.
//!
//! # Actions
//!
//! | without cost | as a fault |
//! |---|---|
//! | an agent or fencing device does what it is asked for | it fails; it does the work and reports a failure; a start hangs, and may end later |
//! | an answer or report arrives, in any order, early or late | an order or answer is lost; a report arrives twice |
//! | answers that arrived before, or that are no longer waited for, arrive again | |
//! | the next timer goes off when no answer that is under way is due by then | it goes off although such answers are under way, one fault for each answer that is then too late |
//! | a machine that is gone is noticed, or not; it boots into a new life and joins; one that was cut off is heard again in its old life | a machine loses power, or is cut off and runs on; it boots and runs something that the cluster did not ask for; a fence comes too late and hits the next life |
//! | an operator moves a group (few times) | a resource dies |
//!
//! A history has at most [`Configuration::faults`] faults. Inputs come at the time of the last
//! timer, so time passes only when a timer goes off.
//!
//! # Rules
//!
//! [`judge`] judges the outputs of the cluster and the world after every step (numbers of
//! [`Invariant`](quorate_testkit::Invariant)): S1 one copy of each resource, really and as far as
//! the cluster can know; S2 and S3 order of starts and stops; S4 groups on one node; S5 nothing
//! without quorum; S7 epochs and lives grow; S8 stale inputs change nothing; S9 takeovers only with
//! a proof that is true of the world; S10 one operation at a time; S11 new names, deadlines and
//! timers; S12 each operation ends once; S13 a timeout leads to doubt, which only certain inputs
//! end; S14 and S15 budgets of failovers and restarts; S16 nothing starts where it must not; S22
//! refused inputs change nothing; S26 fences on need, and off only by proof; S27 nothing is
//! adopted; S28 the outputs add up; L18 no timer of the past; and `check_invariants`.
//!
//! [`rest`] judges every state: if nothing will happen by itself, every group is online or has
//! a reason that lasts (L5), and nothing runs without quorum (S25). In some states, chosen by their
//! hash, it also judges that a restored cluster continues identically (S23, S31), and that every
//! group that can comes online if no more faults happen (L1).
//!
//! # Scenes
//!
//! Other clusters of this shape have what this one lacks, one sort of thing each:
//! witnesses, leases, limits and windows, owners, room, anti-affinity, failback by the wall
//! clock, changes of the configuration, and requests of operators; see [`scenes`] and [`deed`].
//! They have few faults and deeds, and in most of them nothing happens while an order or answer is
//! under way. Every step is judged by [`Audit`](quorate_testkit::audit::Audit), which knows
//! nothing of this model, and the world by S1 and S4 as above; rest and calm by [`audited`].
//!
//! # Limits
//!
//! The model does not cover more or other nodes, groups and faults, two scenes at once, and health
//! checks. The random histories of `tests/properties` cover those. Orders do not survive the
//! connection on which they came: a start that arrives at a machine in its old life after it was
//! lost and recognised would break the contract of [`NodeJoined`](quorate::Input::NodeJoined).
//!
//! One core decides here. [`quorate::Input::NodeJoined`] and similar inputs report the members, and
//! they come from one oracle that is right in the end. Replicas, leases and leaders
//! ([`quorate::replicate`]) would need a model of their own beside this one, without groups. The
//! simulator [`quorate_testkit::replicated`] tries them at random instead.
//!
//! # States with one key
//!
//! See [`key`], and [`twin`], which tests it. Besides, everything is dropped as soon as it has no
//! effect: orders that their agent will refuse, answers that are no longer waited for (they are
//! judged, as above), and late fences when no fault is left.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use quorate_testkit::Breach;
use stateright::{Checker, CheckerBuilder, Model, Path, Property};

pub(crate) mod act;
mod audited;
mod configuration;
pub(crate) mod declare;
pub(crate) mod deed;
pub(crate) mod judge;
pub(crate) mod key;
mod list;
mod machine;
mod possible;
pub(crate) mod rest;
pub(crate) mod rule;
pub(crate) mod scenes;
mod seen;
pub(crate) mod state;
mod tell;
pub(crate) mod twin;
pub(crate) mod world;

pub(crate) use act::Action;
pub(crate) use configuration::{Configuration, Fault, Start};
pub(crate) use state::State;

/// The limits of a check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) threads: usize,
    /// The time after which to give up.
    pub(crate) time: Duration,
    /// The approximate number of generated states after which to give up.
    pub(crate) generated: usize,
    /// A function that is called every few seconds.
    pub(crate) progress: fn(&Progress),
}

/// The progress of a check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) unique_states: usize,
    pub(crate) generated: usize,
    pub(crate) depth: usize,
    pub(crate) seconds: f64,
}

/// The result of a check.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) unique_states: usize,
    /// Number of states generated, including those that were known already.
    pub(crate) generated: usize,
    /// The longest history that was followed; histories that meet again are followed once.
    pub(crate) depth: usize,
    pub(crate) seconds: f64,
    /// True if every state was visited.
    pub(crate) is_closed: bool,
    pub(crate) violation: Option<Violation>,
}

/// A broken rule, and the history that breaks it.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) broken: Breach,
    /// The history, one line for each action.
    pub(crate) story: Vec<String>,
    /// The history as the draft of a scenario.
    pub(crate) scenario: String,
    /// True if no shorter history breaks a rule.
    pub(crate) is_shortest: bool,
}

/// Visits every state of a configuration, or stops at the first broken rule.
pub(crate) fn check(configuration: &Configuration, budget: &Budget) -> Report {
    let deep = search(configuration, budget, Order::Deep);
    if deep.violation.is_none() {
        return deep;
    }
    // A search breadth first finds the shortest history, but its memory is a limit.
    let bounded = Budget { threads: 1, generated: budget.generated.min(WIDE), ..*budget };
    let wide = search(configuration, &bounded, Order::Wide);
    let seconds = deep.seconds + wide.seconds;
    Report { violation: wide.violation.or(deep.violation), seconds, ..deep }
}

/// Number of states that a search breadth first may generate.
const WIDE: usize = 3_000_000;

const EVERY_RULE: &str = "every rule holds";

/// The order in which states are visited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Order {
    Deep,
    Wide,
}

/// The model in the form that stateright needs.
#[derive(Clone, Debug)]
pub(crate) struct Histories {
    configuration: Configuration,
    /// The first broken rule that was found.
    pub(crate) broken: Arc<OnceLock<Breach>>,
}

impl Histories {
    pub(crate) fn new(configuration: &Configuration) -> Self {
        Self { configuration: configuration.clone(), broken: Arc::default() }
    }
}

impl Model for Histories {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        State::initial(&self.configuration)
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        state.actions(&self.configuration, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(state.act(action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(EVERY_RULE, |model, state| {
            match model.configuration.verdict(state) {
                Ok(()) => true,
                Err(broken) => {
                    // Only the first broken rule is kept.
                    let _ = model.broken.set(broken);
                    false
                }
            }
        })]
    }
}

fn search(configuration: &Configuration, budget: &Budget, order: Order) -> Report {
    let builder = Histories::new(configuration)
        .checker()
        .threads(budget.threads)
        .timeout(budget.time)
        .target_state_count(budget.generated);
    match order {
        Order::Deep => follow(configuration, budget, order, CheckerBuilder::spawn_dfs(builder)),
        Order::Wide => follow(configuration, budget, order, CheckerBuilder::spawn_bfs(builder)),
    }
}

/// Waits for a search and reports its progress.
fn follow(
    configuration: &Configuration,
    budget: &Budget,
    order: Order,
    checker: impl Checker<Histories>,
) -> Report {
    let began = Instant::now();
    let progress = |checker: &dyn Fn() -> [usize; 3]| {
        let [unique_states, generated, depth] = checker();
        Progress { unique_states, generated, depth, seconds: began.elapsed().as_secs_f64() }
    };
    let mut told = Instant::now();
    while !checker.is_done() {
        std::thread::sleep(Duration::from_millis(5));
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            (budget.progress)(&progress(&|| counts(&checker)));
        }
    }
    let checker = checker.join();
    let Progress { unique_states, generated, depth, seconds } = progress(&|| counts(&checker));
    let violation = checker
        .discovery(EVERY_RULE)
        .and_then(|path| violation(configuration, path, order == Order::Wide));
    let is_cut_short = generated >= budget.generated || began.elapsed() >= budget.time;
    let is_closed = violation.is_none() && !is_cut_short;
    Report { unique_states, generated, depth, seconds, is_closed, violation }
}

const TELL_EVERY: Duration = Duration::from_secs(5);

fn counts(checker: &impl Checker<Histories>) -> [usize; 3] {
    [checker.unique_state_count(), checker.state_count(), checker.max_depth()]
}

fn violation(
    configuration: &Configuration,
    path: Path<State, Action>,
    is_shortest: bool,
) -> Option<Violation> {
    let path = path.into_vec();
    let broken = configuration.verdict(&path.last()?.0).err()?;
    let story = tell::story(&path);
    let scenario = tell::scenario(configuration, &path);
    Some(Violation { broken, story, scenario, is_shortest })
}
