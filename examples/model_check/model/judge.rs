//! Judges what happened: the world by itself, and every step of the cluster.

use quorate::cluster::{Effect, Event, InputError, Outcome, Output};
use quorate::machine::{NodeEvent, NodeState, ResourceEvent, ResourceState};
use quorate::state::{MovementCause, OperationKind};
use quorate::{Cluster, NodeId, Timestamp};

use super::declare::{
    self, FAILOVERS, GROUPS, HORIZON, NODES, RESOURCES, RESTARTS, dependent_of, group_of, members,
    provider_of,
};
use super::rule::{Broken, Rule, ensure};
use super::seen::Seen;
use super::state::{Core, Live, Stimulus};
use super::world::{Order, World};

/// Judges the one rule for which everything else is there.
pub(crate) fn world(world: &World) -> Option<Broken> {
    for group in 0..GROUPS {
        if world.spread(group).count_ones() <= 1 {
            continue;
        }
        for resource in members(group) {
            let on: Vec<usize> = world.copies(resource).collect();
            if on.len() > 1 {
                let words = format!("r{resource} really runs on nodes {on:?}");
                return Some(Broken { rule: Rule::OneCopy, words });
            }
        }
        let words = format!("g{group} really runs on several nodes");
        return Some(Broken { rule: Rule::OneNode, words });
    }
    None
}

/// Judges a refused input: nothing has changed, nothing was put out, and it was right to refuse.
pub(crate) fn refusal(
    before: &Core,
    cluster: &mut Cluster,
    stimulus: Stimulus,
    error: &InputError,
) -> Result<(), Broken> {
    let is_same = cluster.state() == before.cluster.state();
    ensure!(is_same, Refusals, "{stimulus:?} was refused and changed something");
    ensure!(cluster.poll_output().is_none(), Refusals, "{stimulus:?} put something out");
    let is_true = match stimulus {
        Stimulus::Lost { .. } | Stimulus::Joined { .. } | Stimulus::Timer => true,
        Stimulus::Answered { order, .. } => before.is_live(order),
        Stimulus::Failed { .. } => is_report_of_owner(&Seen::of(before), stimulus),
        Stimulus::Move { .. } => false,
    };
    ensure!(!is_true, Refusals, "{stimulus:?} was refused: {error}");
    Ok(())
}

/// Letters that tell nothing new may come again at any time: they are refused and change nothing.
pub(crate) fn past(core: &Core, world: &World) -> Result<(), Broken> {
    let past = || world.diary.past.iter().flatten().filter(|letter| !core.counts(letter));
    if past().next().is_none() {
        return Ok(());
    }
    let mut cluster = core.cluster.clone();
    let now = cluster.state().now();
    for letter in past() {
        if let Some(input) = Stimulus::of(letter).input() {
            let answer = cluster.handle(now, input);
            ensure!(answer.is_err(), Stale, "{letter:?} counts and is stale");
        }
    }
    let is_same = cluster.state() == core.cluster.state() && cluster.poll_output().is_none();
    ensure!(is_same, Stale, "what is stale has changed something");
    Ok(())
}

/// Whether a report comes from the owner in its present life.
fn is_report_of_owner(seen: &Seen, stimulus: Stimulus) -> bool {
    let Stimulus::Failed { node, resource, life } = stimulus else { return true };
    let (node, resource) = (usize::from(node), usize::from(resource));
    seen.lives[node] == u64::from(life)
        && seen.owners[group_of(resource)] == Some(NodeId::from_index(node))
        && seen.nodes[node].is_member()
}

/// Judges an accepted step: each output at the moment it was put out, then the whole.
pub(crate) fn step(
    before: &Core,
    after: &Core,
    world: &mut World,
    stimulus: Stimulus,
    outputs: &[Output],
) -> Result<(), Broken> {
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
        }
    }
    step.end()
}

/// A step under examination.
struct Step<'a> {
    after: &'a Core,
    /// The cluster before the step and after it.
    old: Seen,
    new: Seen,
    world: &'a mut World,
    stimulus: Stimulus,
    now: Timestamp,
    seen: Seen,
    /// The operation that was answered, and how.
    answer: Option<(Order, Outcome)>,
    /// The resource whose operation has just timed out.
    silent: Option<(usize, OperationKind)>,
    /// Groups whose owner has become known to be off.
    bereft: [bool; GROUPS],
}

impl Step<'_> {
    /// An answer counts only for an operation that is outstanding; a report only from the owner in
    /// its present life.
    fn begin(&mut self) -> Result<(), Broken> {
        match self.stimulus {
            Stimulus::Answered { order, outcome } => {
                let live = self.seen.end(order.into());
                ensure!(
                    live.is_some(),
                    Stale,
                    "an answer to operation {order} counts, which had ended"
                );
                self.answer = live.map(|live| (live.order, outcome));
            }
            Stimulus::Failed { .. } => {
                let is_right = is_report_of_owner(&self.old, self.stimulus);
                ensure!(is_right, Stale, "{:?} counts", self.stimulus);
            }
            Stimulus::Joined { node, life, .. } => self.seen.lives[usize::from(node)] = life.into(),
            Stimulus::Lost { .. } | Stimulus::Move { .. } | Stimulus::Timer => {}
        }
        Ok(())
    }

    fn effect(&mut self, effect: &Effect) -> Result<(), Broken> {
        let order = Order::of(effect);
        ensure!(
            order.id > self.world.diary.last_operation,
            Deadlines,
            "operation {} after {}",
            order.id,
            self.world.diary.last_operation
        );
        self.world.diary.last_operation = order.id;
        let is_finite = effect.deadline > self.now && effect.deadline.since(self.now) <= HORIZON;
        ensure!(is_finite, Deadlines, "{effect:?} at {}", self.now);
        let node = effect.node.index();
        ensure!(
            effect.incarnation.value() == self.seen.lives[node],
            Epochs,
            "{effect:?} is for another life than {}",
            self.seen.lives[node]
        );
        match effect.resource {
            None => self.fence(effect)?,
            Some(resource) => self.operation(effect, node, resource.index())?,
        }
        self.seen.live.push(Live { order, deadline: effect.deadline });
        Ok(())
    }

    /// A fence needs a quorum, a node that is lost or cannot be cleaned, and room in the budget.
    fn fence(&mut self, effect: &Effect) -> Result<(), Broken> {
        let node = effect.node.index();
        ensure!(self.seen.is_quorate, Quorum, "{effect:?} without quorum");
        ensure!(
            self.seen.nodes[node] != NodeState::Down,
            Fences,
            "{effect:?} of a node that is off"
        );
        let is_again = self.live().any(|other| other.is_fence() && usize::from(other.node) == node);
        ensure!(!is_again, OneOperation, "{effect:?} a second time");
        self.world.diary.fences[node] += 1;
        let count = self.world.diary.fences[node];
        let is_allowed = declare::fence_limit(&self.after.cluster).is_none_or(|most| count <= most);
        ensure!(is_allowed, Fences, "{effect:?} is fence {count}");
        let is_doubtful = members(1).into_iter().any(|resource| {
            self.seen.resources[resource] == ResourceState::InDoubt
                && self.seen.owners[1] == Some(effect.node)
                || self.seen.has_orphan(node, resource)
        });
        let is_needed = self.seen.nodes[node] == NodeState::Unclean || is_doubtful;
        ensure!(is_needed, Fences, "{effect:?}, which is {}", self.seen.nodes[node]);
        Ok(())
    }

    fn operation(&self, effect: &Effect, node: usize, resource: usize) -> Result<(), Broken> {
        let group = group_of(resource);
        let is_start = effect.action == OperationKind::Start;
        // A change of owner is told in its epoch; that its owner is off is not.
        let epochs = self.seen.epochs[group]..=self.new.epochs[group];
        let is_present = epochs.contains(&effect.epoch.value());
        ensure!(is_present, Epochs, "{effect:?} in epoch {epochs:?}");
        for other in self.live().filter(|other| usize::from(other.resource) == resource) {
            let is_apart = !is_start && usize::from(other.node) != node;
            ensure!(is_apart, OneOperation, "{effect:?} while {other:?} is in flight");
        }
        let state = self.seen.nodes[node];
        ensure!(state.is_member(), Place, "{effect:?} on a node that is {state}");
        if self.seen.has_orphan(node, resource) {
            return self.operation_on_orphan(effect, node, resource);
        }
        let owner = self.seen.owners[group];
        ensure!(owner == Some(effect.node), Place, "{effect:?}, the owner is {owner:?}");
        match effect.action {
            OperationKind::Start => self.start(effect, node, resource),
            OperationKind::Stop => {
                let dependent = dependent_of(resource);
                let is_free = dependent.is_none_or(|id| !self.seen.resources[id].may_run());
                ensure!(is_free, StopOrder, "{effect:?} before r{dependent:?}");
                Ok(())
            }
            OperationKind::Terminate
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence => Ok(()),
        }
    }

    /// What runs where it should not is stopped there, dependents first, and nothing else.
    fn operation_on_orphan(
        &self,
        effect: &Effect,
        node: usize,
        resource: usize,
    ) -> Result<(), Broken> {
        let is_stop = matches!(effect.action, OperationKind::Stop | OperationKind::Terminate);
        ensure!(is_stop, Adoption, "{effect:?} for what should not run there");
        let dependent = dependent_of(resource);
        let is_free = effect.action != OperationKind::Stop
            || dependent.is_none_or(|dependent| !self.seen.has_orphan(node, dependent));
        ensure!(is_free, StopOrder, "{effect:?} before r{dependent:?}");
        Ok(())
    }

    fn start(&self, effect: &Effect, node: usize, resource: usize) -> Result<(), Broken> {
        let group = group_of(resource);
        ensure!(self.seen.is_quorate, Quorum, "{effect:?} without quorum");
        let state = self.seen.nodes[node];
        ensure!(state == NodeState::Up, Place, "{effect:?} on a node that is {state}");
        ensure!(!self.seen.is_moving[group], OneNode, "{effect:?} while its group moves away");
        if let Some(provider) = provider_of(resource) {
            let state = self.seen.resources[provider];
            ensure!(
                state == ResourceState::Online,
                StartOrder,
                "{effect:?}: r{provider} is {state}"
            );
        }
        let elsewhere = self.seen.group_may_run_on(group) & !(1 << node);
        ensure!(elsewhere == 0, OneNode, "{effect:?} while it may run on {elsewhere:#b}");
        let really = self.world.spread(group) & !(1 << node);
        ensure!(really == 0, Proof, "{effect:?} while it really runs on {really:#b}");
        let late = self.world.orders.as_slice().iter().find(|order| {
            order.kind == OperationKind::Start
                && usize::from(order.node) != node
                && members(group).contains(&usize::from(order.resource))
                && !self.world.machines[usize::from(order.node)].refuses(order)
        });
        ensure!(late.is_none(), Proof, "{effect:?} while {late:?} is on its way");
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), Broken> {
        match event {
            Event::NodeChanged { node, from, to } => {
                let known = self.seen.nodes[node.index()];
                let is_legal = NodeEvent::ALL.iter().any(|on| from.next(*on).target() == Some(*to));
                ensure!(known == *from && is_legal, Told, "{event:?} after {known}");
                if *to == NodeState::Down {
                    self.went_down(node.index())?;
                }
            }
            Event::ResourceChanged { resource, from, to } => {
                self.resource_changed(event, resource.index(), *from, *to)?;
            }
            Event::OwnerChanged { .. } | Event::MoveStarted { .. } => self.ownership(event)?,
            Event::RestartScheduled { resource, .. } => {
                let count = &mut self.world.diary.restarts[resource.index()];
                *count += 1;
                ensure!(*count <= RESTARTS, Restarts, "{event:?} is restart {count}");
            }
            Event::OperationTimedOut { operation, .. } => {
                let live = self.seen.end(operation.value());
                let is_due = live.is_some_and(|live| live.deadline <= self.now);
                ensure!(is_due, Endings, "{event:?} at {}, {live:?}", self.now);
                self.silent = live
                    .filter(|live| !live.order.is_fence())
                    .map(|live| (usize::from(live.order.resource), live.order.kind));
            }
            Event::OperationSuperseded { operation } => {
                let live = self.seen.end(operation.value());
                ensure!(live.is_some(), Endings, "{event:?}, which had ended");
            }
            _ => {}
        }
        Ok(())
    }

    /// A node counts as off only when that is proved, and what is proved is true.
    fn went_down(&mut self, node: usize) -> Result<(), Broken> {
        let is_fenced = self.answer.is_some_and(|(order, outcome)| {
            order.is_fence() && usize::from(order.node) == node && outcome == Outcome::Succeeded
        });
        let known = self.old.lives[node];
        let is_reborn = matches!(
            self.stimulus,
            Stimulus::Joined { node: joined, life, .. }
                if usize::from(joined) == node && u64::from(life) > known
        );
        ensure!(is_fenced || is_reborn, Fences, "n{node} is off by {:?}", self.stimulus);
        let machine = &self.world.machines[node];
        let is_true = !machine.is_powered || u64::from(machine.life) > known;
        ensure!(is_true, Proof, "n{node} counts as off and runs on");
        for group in 0..GROUPS {
            self.bereft[group] |= self.seen.owners[group] == Some(NodeId::from_index(node));
        }
        Ok(())
    }

    /// Changes are those of the table; doubt ends only by what ends doubt; nothing is adopted.
    fn resource_changed(
        &mut self,
        event: &Event,
        resource: usize,
        from: ResourceState,
        to: ResourceState,
    ) -> Result<(), Broken> {
        let known = self.seen.resources[resource];
        let is_legal = ResourceEvent::ALL.iter().any(|on| from.next(*on).target() == Some(to));
        ensure!(known == from && is_legal, Told, "{event:?} after {known}");
        if let Some((_, kind)) = self.silent.take_if(|(silent, _)| *silent == resource) {
            let is_doubt = to == ResourceState::InDoubt || kind == OperationKind::Terminate;
            ensure!(is_doubt, Doubt, "{event:?} after a {kind} that was not answered");
        }
        let answer = self
            .answer
            .filter(|(order, _)| usize::from(order.resource) == resource)
            .map(|(order, outcome)| (order.kind, outcome));
        let owner = self.seen.owners[group_of(resource)].map(NodeId::index);
        let is_rejoin = matches!(
            self.stimulus,
            Stimulus::Joined { node, .. } if Some(usize::from(node)) == owner
        );
        if from == ResourceState::InDoubt {
            let is_fenced = self.answer.is_some_and(|(order, outcome)| {
                order.is_fence()
                    && Some(usize::from(order.node)) == owner
                    && outcome == Outcome::Succeeded
            });
            let is_right = match to {
                ResourceState::Online => is_rejoin,
                ResourceState::Offline => {
                    answer == Some((OperationKind::Probe, Outcome::NotRunning))
                        || is_rejoin
                        || is_fenced
                }
                ResourceState::Failed => {
                    answer == Some((OperationKind::Terminate, Outcome::Succeeded))
                }
                _ => false,
            };
            ensure!(is_right, Doubt, "{event:?} by {:?}", self.stimulus);
        }
        if to == ResourceState::Online {
            let is_started = answer == Some((OperationKind::Start, Outcome::Succeeded));
            let is_recognised = from == ResourceState::InDoubt && self.is_recognised(resource);
            ensure!(is_started || is_recognised, Adoption, "{event:?} by {:?}", self.stimulus);
        }
        Ok(())
    }

    /// Whether the lost owner has just come back in the same life and runs the resource.
    fn is_recognised(&self, resource: usize) -> bool {
        let Stimulus::Joined { node, life, running } = self.stimulus else { return false };
        let before = &self.old;
        let node = usize::from(node);
        before.lives[node] == u64::from(life)
            && before.nodes[node] == NodeState::Unclean
            && running >> resource & 1 == 1
    }

    /// A group changes hands only with a quorum, when nothing of it may run, to a node that is up,
    /// in a new epoch, and within the budget of failovers.
    fn ownership(&mut self, event: &Event) -> Result<(), Broken> {
        ensure!(self.seen.is_quorate, Quorum, "{event:?} without quorum");
        match event {
            Event::OwnerChanged { group, from, to, epoch, proof, .. } => {
                let index = group.index();
                ensure!(self.seen.owners[index] == *from, Told, "{event:?}");
                ensure!(epoch.value() > self.seen.epochs[index], Epochs, "{event:?}");
                ensure!(!self.seen.may_run(index), Proof, "{event:?} while it may run");
                let is_off = from.is_some_and(|node| {
                    let state = self.seen.nodes[node.index()];
                    state == NodeState::Down
                });
                let is_member = from.is_none_or(|node| self.seen.nodes[node.index()].is_member());
                let is_right = if proof.is_some() { is_off } else { is_member };
                ensure!(is_right, Proof, "{event:?} has the wrong proof");
                let is_up = to.is_none_or(|node| self.seen.nodes[node.index()] == NodeState::Up);
                ensure!(is_up, Place, "{event:?} to a node that is not up");
                for resource in members(index) {
                    self.world.diary.restarts[resource] = 0;
                }
            }
            Event::MoveStarted { group, from, cause, .. } => {
                let index = group.index();
                ensure!(self.seen.owners[index] == Some(*from), Told, "{event:?}");
                let is_new = !self.seen.is_moving[index];
                if is_new && *cause == MovementCause::ResourceFailure {
                    self.world.diary.failovers[index] += 1;
                    let count = self.world.diary.failovers[index];
                    ensure!(count <= FAILOVERS, Failovers, "{event:?} is failover {count}");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&self) -> Result<(), Broken> {
        self.as_told()?;
        let cluster = &self.after.cluster;
        let told: Vec<u32> = self.live().map(|order| order.id).collect();
        let listed = self.after.live.as_slice().iter().map(|live| live.order.id);
        ensure!(
            listed.eq(told.iter().copied()),
            Endings,
            "{told:?} were issued and have not ended, outstanding are {:?}",
            self.after.live.as_slice()
        );
        let next = cluster.poll_timeout().map(|deadline| deadline.at);
        let due = self.after.live.as_slice().iter().map(|live| live.deadline).min();
        let has_timer = due.is_none_or(|due| next.is_some_and(|next| next <= due));
        ensure!(has_timer, Deadlines, "an operation is due at {due:?}, the next timer at {next:?}");
        let is_later = next.is_none_or(|next| next > self.now);
        ensure!(is_later, HotLoop, "a timer is due at {next:?}, and it is {}", self.now);
        self.epochs()?;
        // What nobody asked for is found when it is too late.
        let asked = Seen { orphans: self.seen.orphans & !self.world.diary.rogues, ..self.seen };
        for resource in 0..RESOURCES {
            let on = asked.may_run_on(resource);
            ensure!(on.count_ones() <= 1, OneCopy, "r{resource} may run on {on:#b}");
        }
        for group in 0..GROUPS {
            let on = asked.group_may_run_on(group);
            ensure!(on.count_ones() <= 1, OneNode, "g{group} may run on {on:#b}");
        }
        if let Err(violation) = cluster.check_invariants() {
            let words = violation.named(cluster.spec()).to_string();
            return Err(Broken { rule: Rule::Invariants, words });
        }
        let age = self.now.since(Timestamp::ZERO);
        ensure!(age < HORIZON, Horizon, "a history lasts {age:?}");
        Ok(())
    }

    /// What was told adds up to the state.
    fn as_told(&self) -> Result<(), Broken> {
        let is = &self.new;
        let told = &self.seen;
        let is_same = is.nodes == told.nodes
            && is.lives == told.lives
            && is.is_quorate == told.is_quorate
            && is.owners == told.owners
            && is.is_moving == told.is_moving
            && is.resources == told.resources
            && is.orphans == told.orphans;
        ensure!(is_same, Told, "told was {told:?}, it is {is:?}");
        Ok(())
    }

    /// Epochs and lives never decrease; an epoch grows with each change of owner, and when the
    /// owner is known to be off.
    fn epochs(&self) -> Result<(), Broken> {
        let (before, after) = (&self.old, &self.new);
        for node in 0..NODES {
            ensure!(
                before.lives[node] <= after.lives[node],
                Epochs,
                "the life of n{node} decreases"
            );
        }
        for group in 0..GROUPS {
            let (old, new) = (before.epochs[group], after.epochs[group]);
            ensure!(old <= new, Epochs, "the epoch of g{group} decreases from {old} to {new}");
            let is_new = self.bereft[group] || before.owners[group] != after.owners[group];
            ensure!(!is_new || old < new, Epochs, "the epoch of g{group} stays at {old}");
        }
        Ok(())
    }

    fn live(&self) -> impl Iterator<Item = Order> + '_ {
        self.seen.live.as_slice().iter().map(|live| live.order)
    }
}
