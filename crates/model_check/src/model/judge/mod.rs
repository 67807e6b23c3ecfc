//! Judges what happened: the world by itself, and every step of the cluster.

use quorate::cluster::{InputError, Outcome, Output};
use quorate::state::OperationKind;
use quorate::{Cluster, NodeId, Timestamp};
use quorate_testkit::{Breach, Invariant, audit};

use crate::model::declare::{GROUPS, HORIZON, NODES, RESOURCES, group_of, members};
use crate::model::rule::ensure;
use crate::model::seen::Seen;
use crate::model::state::{Core, Stimulus};
use crate::model::world::{Order, World};

mod events;
mod orders;

/// Judges the most important rule: one copy of each resource, and each group on one node.
pub(crate) fn world(world: &World) -> Option<Breach> {
    for group in 0..GROUPS {
        if world.spread(group).count_ones() <= 1 {
            continue;
        }
        for resource in members(group) {
            let on: Vec<usize> = world.copies(resource).collect();
            if on.len() > 1 {
                let words = format!("r{resource} really runs on nodes {on:?}");
                return Some(Breach::of(Invariant::S1, words));
            }
        }
        let words = format!("g{group} really runs on several nodes");
        return Some(Breach::of(Invariant::S4, words));
    }
    None
}

/// Judges a refused input: nothing has changed, no output was produced, and it was right to refuse.
pub(crate) fn refusal(
    before: &Core,
    cluster: &mut Cluster,
    stimulus: Stimulus,
    error: &InputError,
) -> Result<(), Breach> {
    let is_same = cluster.state() == before.cluster.state();
    ensure!(is_same, S22, "{stimulus:?} was refused and changed something");
    ensure!(cluster.poll_output().is_none(), S22, "{stimulus:?} put something out");
    let is_true = match stimulus {
        Stimulus::Lost { .. }
        | Stimulus::Joined { .. }
        | Stimulus::Counted { .. }
        | Stimulus::Timer => true,
        Stimulus::Answered { order, .. } | Stimulus::Listed { order, .. } => before.is_live(order),
        // A repeated report of a death is about a resource that is not online any more.
        Stimulus::Failed { .. } => {
            is_report_of_owner(&Seen::of(before), stimulus)
                && !matches!(error, InputError::ResourceNotOnline(_))
        }
        Stimulus::Move { .. } | Stimulus::Deed(_) => false,
    };
    ensure!(!is_true, S22, "{stimulus:?} was refused: {error}");
    Ok(())
}

/// Judges letters without news, which may come again at any time: they are refused and change
/// nothing.
pub(crate) fn past(core: &Core, world: &World) -> Result<(), Breach> {
    let past = || world.diary.past.iter().flatten().filter(|letter| !core.counts(letter));
    if past().next().is_none() {
        return Ok(());
    }
    let mut cluster = core.cluster.clone();
    let now = cluster.state().now();
    for letter in past() {
        if let Some(input) = Stimulus::of(letter).input(&cluster) {
            let answer = cluster.handle(now, input);
            ensure!(answer.is_err(), S8, "{letter:?} counts and is stale");
        }
    }
    let is_same = cluster.state() == core.cluster.state() && cluster.poll_output().is_none();
    ensure!(is_same, S8, "what is stale has changed something");
    Ok(())
}

/// Tells whether a report comes from the owner in its present life.
fn is_report_of_owner(seen: &Seen, stimulus: Stimulus) -> bool {
    let Stimulus::Failed { node, resource, life, run: _ } = stimulus else { return true };
    let (node, resource) = (usize::from(node), usize::from(resource));
    seen.lives[node] == u64::from(life)
        && seen.owners[group_of(resource)] == Some(NodeId::from_index(node))
        && seen.nodes[node].is_member()
}

/// Judges an accepted step: each output at the moment it was produced, then the whole.
pub(crate) fn step(
    before: &Core,
    after: &Core,
    world: &mut World,
    stimulus: Stimulus,
    outputs: &[Output],
) -> Result<(), Breach> {
    let (old, new) = (Seen::of(before), Seen::of(after));
    let now = after.cluster.state().now();
    let (answer, silent) = (None, None);
    let seen = old;
    let mut step = Step {
        after,
        old,
        new,
        world,
        stimulus,
        now,
        seen,
        answer,
        silent,
        bereft: [false; GROUPS],
    };
    step.begin()?;
    for output in outputs {
        match output {
            Output::Effect(effect) => step.effect(effect)?,
            Output::Event(event) => {
                step.event(event)?;
                step.seen.learn(event);
            }
            other => unimplemented!("{other:?}"),
        }
    }
    step.end()
}

/// A step under examination.
struct Step<'a> {
    after: &'a Core,
    /// The cluster before the step; `new` is the cluster after it.
    old: Seen,
    new: Seen,
    world: &'a mut World,
    stimulus: Stimulus,
    now: Timestamp,
    seen: Seen,
    /// The operation that was answered, with its outcome.
    answer: Option<(Order, Outcome)>,
    /// The resource whose operation has just timed out.
    silent: Option<(usize, OperationKind)>,
    /// Groups whose owner has become known to be off.
    bereft: [bool; GROUPS],
}

impl Step<'_> {
    /// Judges the input: an answer counts only for an outstanding operation, and a report only from
    /// the owner in its present life.
    fn begin(&mut self) -> Result<(), Breach> {
        match self.stimulus {
            Stimulus::Answered { order, outcome } => {
                let live = self.seen.end(order.into());
                ensure!(
                    live.is_some(),
                    S8,
                    "an answer to operation {order} counts, which had ended"
                );
                self.answer = live.map(|live| (live.order, outcome));
            }
            Stimulus::Failed { .. } => {
                let is_right = is_report_of_owner(&self.old, self.stimulus);
                ensure!(is_right, S8, "{:?} counts", self.stimulus);
            }
            Stimulus::Joined { node, life, .. } => self.seen.lives[usize::from(node)] = life.into(),
            Stimulus::Lost { .. }
            | Stimulus::Counted { .. }
            | Stimulus::Listed { .. }
            | Stimulus::Move { .. }
            | Stimulus::Deed(_)
            | Stimulus::Timer => {}
        }
        Ok(())
    }

    fn end(&self) -> Result<(), Breach> {
        self.as_told()?;
        let cluster = &self.after.cluster;
        let told: Vec<u32> = self.live().map(|order| order.id).collect();
        let listed = self.after.live.as_slice().iter().map(|live| live.order.id);
        ensure!(
            listed.eq(told.iter().copied()),
            S12,
            "{told:?} were issued and have not ended, outstanding are {:?}",
            self.after.live.as_slice()
        );
        let next = cluster.poll_timeout().map(|deadline| deadline.at);
        let due = self.after.live.as_slice().iter().map(|live| live.deadline).min();
        let has_timer = due.is_none_or(|due| next.is_some_and(|next| next <= due));
        ensure!(has_timer, S11, "an operation is due at {due:?}, the next timer at {next:?}");
        let is_later = next.is_none_or(|next| next > self.now);
        ensure!(is_later, L18, "a timer is due at {next:?}, and it is {}", self.now);
        self.epochs()?;
        // A resource that the cluster did not ask for is found only when it is too late.
        let asked = Seen { orphans: self.seen.orphans & !self.world.diary.rogues, ..self.seen };
        for resource in 0..RESOURCES {
            let on = asked.may_run_on(resource);
            ensure!(on.count_ones() <= 1, S1, "r{resource} may run on {on:#b}");
        }
        for group in 0..GROUPS {
            let on = asked.group_may_run_on(group);
            ensure!(on.count_ones() <= 1, S4, "g{group} may run on {on:#b}");
        }
        audit::state(cluster)?;
        let age = self.now.since(Timestamp::ZERO);
        if age >= HORIZON {
            return Err(Breach::apparatus(format!("a history lasts {age:?}")));
        }
        Ok(())
    }

    /// Judges that the outputs add up to the state.
    fn as_told(&self) -> Result<(), Breach> {
        let is = &self.new;
        let told = &self.seen;
        let is_same = is.nodes == told.nodes
            && is.lives == told.lives
            && is.is_quorate == told.is_quorate
            && is.owners == told.owners
            && is.is_moving == told.is_moving
            && is.resources == told.resources
            && is.orphans == told.orphans;
        ensure!(is_same, S33, "told was {told:?}, it is {is:?}");
        Ok(())
    }

    /// Judges epochs and lives: they never decrease, and an epoch grows with each change of owner,
    /// and when the owner is known to be off.
    fn epochs(&self) -> Result<(), Breach> {
        let (before, after) = (&self.old, &self.new);
        for node in 0..NODES {
            ensure!(before.lives[node] <= after.lives[node], S7, "the life of n{node} decreases");
        }
        for group in 0..GROUPS {
            let (old, new) = (before.epochs[group], after.epochs[group]);
            ensure!(old <= new, S7, "the epoch of g{group} decreases from {old} to {new}");
            let is_new = self.bereft[group] || before.owners[group] != after.owners[group];
            ensure!(!is_new || old < new, S7, "the epoch of g{group} stays at {old}");
        }
        Ok(())
    }

    fn live(&self) -> impl Iterator<Item = Order> + '_ {
        self.seen.live.as_slice().iter().map(|live| live.order)
    }
}
