//! Hands inputs to the cluster, and updates the world by its outputs.

#![allow(clippy::wildcard_enum_match_arm, reason = "most events mean nothing to the world")]

use crate::history::edits;
use crate::liveness::Spark;
use crate::twin;
use crate::{Breach, ensure};
use quorate::agent::Task;
use quorate::cluster::{Command, ConfigurationMoves, Event, InputError, Output};
use quorate::id::Names;
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::UnconfirmedStop;
use quorate::spec::{ClusterDeclaration, ClusterSpec};
use quorate::{Effect, Input, NodeId, ResourceId, Timestamp};

use super::{Done, Mark, STEPS_PER_MARK, Stage};
use crate::machine::Right;
use crate::sim::act::Moment;
use crate::sim::tell::Told;
use crate::sim::world::{Key, Op};

/// Number of steps from one rehearsal of the next input to the next rehearsal.
const STEPS_PER_QUESTION: u64 = 64;

/// Largest number of resources with which inputs are rehearsed.
const MOST_REHEARSED: usize = 128;

/// The answer to an input, or the rule that it broke.
type Fed = Result<Result<(), InputError>, Breach>;

impl Stage {
    /// Hands in an input at the present time.
    pub(super) fn feed(&mut self, input: Input) -> Fed {
        self.feed_at(self.now, input)
    }

    /// Hands in an input at the present time, and tells only whether it was accepted.
    pub(super) fn tell(&mut self, input: Input) -> Result<Done, Breach> {
        Ok(match self.feed(input)? {
            Ok(()) => Done::Yes,
            Err(_) => Done::No,
        })
    }

    fn feed_at(&mut self, at: u64, input: Input) -> Fed {
        let now = Timestamp::from_millis(at);
        self.begin_step(at, Some(&input));
        let rehearsed = self.rehearse(now, &input);
        let (answer, outputs) = self.watch.feed(now, input)?;
        let is_true = rehearsed.is_none_or(|is_taken| is_taken == answer.is_ok());
        ensure!(
            S34,
            is_true,
            "what_if and handle disagree on whether an input is accepted: {answer:?}"
        );
        self.note(|_| match &answer {
            Ok(()) => "    accepted".into(),
            Err(error) => std::format!("    refused: {error}"),
        });
        self.end_step(at, answer.as_ref().copied(), &outputs)?;
        Ok(answer)
    }

    /// Returns whether a rehearsal accepts an input, in one of `STEPS_PER_QUESTION` steps. There
    /// is no rehearsal if something is due before the input.
    fn rehearse(&self, now: Timestamp, input: &Input) -> Option<bool> {
        let cluster = self.cluster();
        let is_due = cluster.poll_timeout().is_some_and(|deadline| deadline.at <= now);
        let is_now = now >= cluster.state().now() && !is_due;
        let is_small = cluster.spec().resources().len() <= MOST_REHEARSED;
        (is_now && is_small && self.steps % STEPS_PER_QUESTION == 1).then(|| {
            let named = cluster.spec().named(input.clone());
            cluster.what_if([named]).is_ok()
        })
    }

    /// Lets a timer go off.
    pub(super) fn fire(&mut self) -> Result<Done, Breach> {
        self.begin_step(self.now, None);
        let outputs = self.watch.fire(Timestamp::from_millis(self.now))?;
        self.end_step(self.now, Ok(()), &outputs)?;
        Ok(Done::Yes)
    }

    fn begin_step(&mut self, at: u64, input: Option<&Input>) {
        if self.steps.is_multiple_of(STEPS_PER_MARK) {
            self.mark = Mark { snapshot: self.cluster().snapshot(), log: Vec::new() };
        }
        if self.record.is_some() {
            self.spec_before = Some(self.cluster().spec().clone());
        }
        self.mark.log.push((Timestamp::from_millis(at), input.cloned()));
        if self.told.is_some() {
            let told = match input {
                Some(input) => Told::Input {
                    input: Box::new(input.clone()),
                    spec: Box::new(self.cluster().spec().clone()),
                    is_awaited: match input {
                        Input::OperationFinished { operation, .. } => {
                            self.is_outstanding(operation.value())
                        }
                        _ => false,
                    },
                },
                None => Told::Timer,
            };
            self.tell_of(at, told);
        }
    }

    fn tell_of(&mut self, at: u64, told: Told) {
        if let Some(list) = &mut self.told {
            list.push((at, told));
        }
    }

    fn end_step(
        &mut self,
        at: u64,
        answer: Result<(), &InputError>,
        outputs: &[Output],
    ) -> Result<(), Breach> {
        self.steps = self.steps.saturating_add(1);
        self.trace.add(at, answer, outputs, self.watch.digest());
        if let Some(journal) = self.journal.as_mut().filter(|_| !outputs.is_empty()) {
            // The cause does not matter here.
            journal.record(Timestamp::from_millis(at), Spark::Outside, outputs);
        }
        for output in outputs {
            match output {
                Output::Effect(effect) => self.sent(effect),
                Output::Event(event) => self.learn(event),
                other => unimplemented!("{other:?}"),
            }
        }
        self.note_outputs(outputs);
        Ok(())
    }

    fn note_outputs(&mut self, outputs: &[Output]) {
        if self.record.is_none() {
            return;
        }
        let after = self.cluster().spec();
        let before = self.spec_before.as_ref().unwrap_or(after);
        for output in twin::named(before, after, outputs) {
            self.note(|_| match output {
                Output::Effect(effect) => {
                    std::format!("    -> #{} {effect} (epoch {})", effect.operation, effect.epoch)
                }
                Output::Event(event) => std::format!("       {event:?}"),
                other => unimplemented!("{other:?}"),
            });
        }
    }

    /// Takes in an order that leaves the cluster.
    fn sent(&mut self, effect: &Effect) {
        if self.told.is_some() {
            let effect = self.cluster().spec().named(*effect);
            self.tell_of(self.now, Told::Issued(effect));
        }
        let node = self.book.node(effect.node);
        let Effect { operation, action, epoch, incarnation, .. } = *effect;
        self.ops.push(Op {
            task: Task { operation, action, epoch, incarnation },
            node,
            resource: effect.resource.map(|resource| self.book.resource(resource)),
            said: None,
            right: Right::Asked,
            deadline: effect.deadline.as_millis(),
        });
    }

    /// Updates the world by an event.
    fn learn(&mut self, event: &Event) {
        match event {
            Event::ConfigurationChanged { .. } => {
                self.book.refresh(self.watch.cluster().spec());
                self.world.make_room(self.book.node_count());
                self.world.forget(&self.book);
            }
            Event::NodeChanged { node, to, .. } => {
                let key = self.book.node(*node);
                if matches!(to, NodeState::Joining | NodeState::Unclean | NodeState::Down) {
                    self.world.begin_session(key);
                }
            }
            Event::ResourceChanged {
                resource,
                from: ResourceState::InDoubt,
                to: ResourceState::Failed,
                ..
            } => self.assumed_off(*resource, None),
            Event::OwnerChanged { .. } | Event::PlacementFailed { .. } => {
                self.placements = self.placements.saturating_add(1);
            }
            Event::InventoryTaken { node, floor, .. } => {
                let key = self.book.node(*node);
                if let Some(machine) = self.world.machine_mut(key) {
                    machine.set_floor(*floor);
                }
            }
            Event::TakenOver { resource, node, .. } => {
                let (resource, node) = (self.book.resource(*resource), self.book.node(*node));
                if let Some(machine) = self.world.machine_mut(node) {
                    machine.own(&resource);
                }
            }
            Event::OrphanGone { resource, node, .. } => self.assumed_off(*resource, Some(*node)),
            _ => {}
        }
    }

    /// Disowns a copy that the declaration takes to be off: it may run, and no promise covers it.
    fn assumed_off(&mut self, resource: ResourceId, on: Option<NodeId>) {
        let declared = self.cluster().spec().resource(resource);
        let is_assumed =
            declared.is_some_and(|of| of.settings().unconfirmed_stop == UnconfirmedStop::AssumeOff);
        if !is_assumed {
            return;
        }
        let key = self.book.resource(resource);
        let on = on.map(|node| self.book.node(node));
        let is_meant =
            |op: &&mut Op| op.resource == Some(key) && on.is_none_or(|node| node == op.node);
        self.ops.iter_mut().filter(is_meant).for_each(|op| op.right = Right::Rogue);
        match on {
            None => self.world.disown(key),
            Some(node) => {
                if let Some(machine) = self.world.machine_mut(node) {
                    machine.disown(&key);
                }
            }
        }
    }

    /// Hands in an input by name, unless it names something that is no longer declared.
    pub(super) fn say(&mut self, input: &Input<Names>) -> Result<Done, Breach> {
        match self.cluster().spec().resolve(input.clone()) {
            Ok(input) => self.tell(input),
            Err(_) => Ok(Done::No),
        }
    }

    /// Hands in an input that no correct embedder sends. The answer to an outstanding operation is
    /// skipped, because it could be valid.
    pub(super) fn junk(&mut self, input: &Input, moment: Moment) -> Result<Done, Breach> {
        if let Input::OperationFinished { operation, .. } = input
            && self.cluster().outstanding().any(|effect| effect.operation == *operation)
        {
            return Ok(Done::No);
        }
        let at = match moment {
            Moment::Now => self.now,
            Moment::Before(span) => self.now.saturating_sub(span),
            Moment::BeforeTheEnd(span) => u64::MAX.saturating_sub(span),
        };
        self.feed_at(at, input.clone())?.ok();
        Ok(Done::Yes)
    }

    pub(super) fn edit(&mut self, kind: u8, one: u16, other: u16) -> Result<Done, Breach> {
        let declaration = edits::edit(self.cluster().spec(), kind, one, other);
        self.declare(Box::new(declaration))
    }

    /// Lets newly declared resources run already, each on zero, one or two nodes. The cluster has
    /// not asked the nodes yet.
    fn run_already(&mut self, before: &ClusterSpec) {
        let number = usize::try_from(self.now & 0xffff).unwrap_or(0);
        let spec = self.cluster().spec();
        let new = spec.resources().filter(|(_, of)| before.resource_id(of.name()).is_none());
        let new: Vec<Key> = new.map(|(id, _)| self.book.resource(id)).collect();
        let nodes: Vec<Key> = self.world.machines().map(|(key, _)| key).collect();
        for (index, resource) in new.into_iter().enumerate() {
            let count = number.wrapping_add(index) % 3;
            for step in 0..count {
                let at = (number >> 4).wrapping_add(step).checked_rem(nodes.len());
                if let Some(node) = at.and_then(|at| nodes.get(at)) {
                    self.begins_to_run(*node, resource);
                }
            }
        }
    }

    fn begins_to_run(&mut self, node: Key, resource: Key) {
        if self.rogue(node, resource) == Done::Yes {
            let (on, of) =
                (self.book.node_name(node).into(), self.book.resource_name(resource).into());
            self.tell_of(self.now, Told::Runs { resource: of, node: on });
        }
    }

    /// Configures a declaration, unless it is in force already.
    pub(super) fn declare(&mut self, declaration: Box<ClusterDeclaration>) -> Result<Done, Breach> {
        if *declaration == ClusterDeclaration::from(self.cluster().spec()) {
            return Ok(Done::No);
        }
        // Some configurations may move groups, others may not.
        let moves = match self.now % 2 {
            0 => ConfigurationMoves::Allow,
            _ => ConfigurationMoves::Refuse,
        };
        let before = self.cluster().spec().clone();
        self.feed(Command::configure(declaration).moves(moves).into())?.ok();
        self.run_already(&before);
        Ok(Done::Yes)
    }

    pub(super) fn restart(&mut self) -> Result<Done, Breach> {
        self.watch.restart()?;
        self.tell_of(self.now, Told::Restored);
        Ok(Done::Yes)
    }

    /// Restores the cluster and tells it that the core did not run since it was stored.
    pub(super) fn go_on(&mut self) -> Result<Done, Breach> {
        self.restart()?;
        self.tell(Input::CoreResumed)
    }

    /// Restores an older snapshot and replays everything that has happened since.
    pub(super) fn replay(&mut self) -> Result<Done, Breach> {
        if self.mark.log.is_empty() {
            return Ok(Done::No);
        }
        let Mark { snapshot, log } = self.mark.clone();
        self.watch.replay(snapshot, log.into_iter())?;
        Ok(Done::Yes)
    }

    /// Returns how many inputs ago the older snapshot was taken.
    pub(crate) fn age_of_mark(&self) -> usize {
        self.mark.log.len()
    }

    /// Hands in a part of the log a second time: inputs of an earlier time must be refused.
    pub(super) fn log_again(&mut self) -> Result<Done, Breach> {
        let latest = self.cluster().state().now();
        let old = self.mark.log.iter().filter(|(at, _)| *at < latest);
        let again: Vec<(Timestamp, Input)> =
            old.filter_map(|(at, input)| Some((*at, input.clone()?))).take(5).collect();
        if again.is_empty() {
            return Ok(Done::No);
        }
        for (at, input) in again {
            let answer = self.feed_at(at.as_millis(), input)?;
            let is_late = matches!(answer, Err(InputError::TimeRanBackwards { .. }));
            ensure!(S29, is_late, "an input of {at} is answered by {answer:?}");
        }
        Ok(Done::Yes)
    }
}
