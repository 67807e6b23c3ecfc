//! The course of an operation: the order, the work, the answer.

use crate::Breach;
use crate::machine::Manner;
use quorate::state::OperationKind;

use super::{Director, Event};
use crate::sim::act::{Act, OpRef, Word};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;
use crate::sim::world::{Key, Op, Strike};

impl Director {
    /// Sends out the orders of one step.
    pub(super) fn dispatch(&mut self, first: usize, end: usize) {
        if first < end {
            self.end_waiting();
        }
        let is_batch = end.saturating_sub(first) > 1;
        let is_reversed = is_batch && self.fired(Fault::ExecutedReversed);
        for index in first..end {
            let rank = match is_reversed {
                true => end.saturating_sub(index),
                false => 0,
            };
            let head_start = u64::try_from(rank).unwrap_or(0).saturating_mul(25);
            match self.op(index) {
                Some(op) if op.action() == OperationKind::Fence => self.send_fence(index, op),
                Some(op) => self.send(index, op, head_start),
                None => {}
            }
        }
    }

    /// Sends the outstanding operations again.
    pub(super) fn dispatch_again(&mut self) -> usize {
        let ids = self.stage.cluster().outstanding().map(|effect| effect.operation);
        let all: std::vec::Vec<usize> = ids.filter_map(|id| self.stage.op_at(id)).collect();
        for index in &all {
            self.dispatch(*index, index.saturating_add(1));
        }
        all.len()
    }

    fn op(&self, index: usize) -> Option<Op> {
        self.stage.ops.get(index).copied()
    }

    /// Returns the time until the cluster stops waiting.
    fn patience(&self, op: Op) -> u64 {
        op.deadline.saturating_sub(self.now())
    }

    fn send(&mut self, index: usize, op: Op, head_start: u64) {
        if self.fired(Fault::OrderDropped) || self.fired(Fault::OrderLost) {
            return;
        }
        let delay = head_start.saturating_add(self.travel(op));
        let delay = match self.fired(Fault::Reordered) {
            true => delay.saturating_add(self.dice.between(20, 2_000)),
            false => delay,
        };
        self.schedule(delay, Event::Order(index));
        if self.draws(Fault::OrderTwice) {
            let later = self.dice.below(5_000);
            let again = Event::OrderAgain(index, Fault::OrderTwice);
            self.schedule(delay.saturating_add(later), again);
        }
        if self.draws(Fault::ExecutedTwice) {
            let later = self.dice.log_uniform(1_000, 600_000);
            let again = Event::OrderAgain(index, Fault::ExecutedTwice);
            self.schedule(delay.saturating_add(later), again);
        }
    }

    /// Returns how long a message travels.
    fn travel(&mut self, op: Op) -> u64 {
        let mut delay = self.dice.between(1, self.swarm.travel);
        if self.fired(Fault::Delayed) {
            let late = self.dice.log_uniform(1, 5_000);
            self.atlas.met(Fault::Delayed, late);
            delay = delay.saturating_add(late);
        }
        if self.fired(Fault::HeavyTail) {
            delay = delay.saturating_add(self.patience(op).saturating_mul(10));
        }
        delay
    }

    /// Delays the event of a machine that is frozen until it continues.
    fn put_off(&mut self, node: Key, event: Event) -> Result<Event, ()> {
        let care = self.care(node);
        if care.frozen_until > self.now() {
            self.schedule(care.frozen_until.saturating_sub(self.now()).saturating_add(1), event);
            return Err(());
        }
        Ok(event)
    }

    pub(super) fn order_arrives(
        &mut self,
        index: usize,
        again: Option<Fault>,
    ) -> Result<(), Breach> {
        let Some(op) = self.op(index) else { return Ok(()) };
        let event = again.map_or(Event::Order(index), |kind| Event::OrderAgain(index, kind));
        if self.put_off(op.node, event).is_err() {
            return Ok(());
        }
        if again.is_some() && self.stage.is_in_reach(&op) {
            self.count_again(again);
        }
        if self.act(Act::Order(OpRef::At(index)))? == Done::No {
            return Ok(());
        }
        match self.op(index).and_then(|op| op.said) {
            Some(_) => self.send_answer(index, op),
            None => self.begin_work(index, op),
        }
        Ok(())
    }

    /// Counts a message that arrived a second time.
    fn count_again(&mut self, again: Option<Fault>) {
        if let Some(kind) = again {
            let rate = self.swarm.rate(kind);
            self.met(kind, Some(rate));
        }
    }

    /// Schedules the end of an operation that an agent has begun.
    fn begin_work(&mut self, index: usize, op: Op) {
        if is_stop(op.action()) && self.fired(Fault::StopHangs) {
            return;
        }
        let span = self.work_span(op);
        if self.draws(Fault::GivenUp) {
            let when = self.dice.below(self.patience(op).saturating_add(1));
            self.schedule(when, Event::Answer(index, Word::GivenUp));
        }
        if span > 1_000 && self.dice.chance(1, 2) {
            let when = self.dice.below(span);
            self.schedule(when, Event::Progress(index));
        }
        let manner = self.manner(op);
        self.schedule(span, Event::Work(index, manner));
        let starts = op.action() == OperationKind::Start && manner == Manner::Well;
        if let Some(resource) = op.resource.filter(|_| starts)
            && self.draws(Fault::DiesAfterStart)
        {
            let later = self.dice.log_uniform(1, 900_000).saturating_sub(1);
            let death = Event::Kill(op.node, resource, later);
            self.schedule(span.saturating_add(later), death);
        }
    }

    fn work_span(&mut self, op: Op) -> u64 {
        let mut span = self.dice.below(self.swarm.work.saturating_mul(2)).saturating_add(1);
        if op.action() == OperationKind::Start && self.fired(Fault::StartHangs) {
            let times = self.dice.between(1, 5);
            span = self.patience(op).saturating_mul(times).saturating_add(span);
        }
        let slow = self.care(op.node).slow;
        if slow.until > self.now() {
            span = span.saturating_mul(slow.size);
            let mut felt = None;
            self.care_mut(op.node, |care| felt = care.slow.felt());
            self.met(Fault::SlowAgent, felt);
        }
        span
    }

    fn manner(&mut self, op: Op) -> Manner {
        if self.is_gray(op.resource) || self.draws(Fault::WorkFails) {
            return Manner::Badly;
        }
        let is_start = op.action() == OperationKind::Start;
        if (is_start || is_stop(op.action())) && self.draws(Fault::FailedButDone) {
            return Manner::Dirty;
        }
        if is_start && self.draws(Fault::LyingStart) {
            return Manner::Lying;
        }
        if is_stop(op.action()) && self.draws(Fault::LyingStop) {
            return Manner::Lying;
        }
        Manner::Well
    }

    pub(super) fn work_ends(&mut self, index: usize, manner: Manner) -> Result<(), Breach> {
        let Some(op) = self.op(index) else { return Ok(()) };
        if self.put_off(op.node, Event::Work(index, manner)).is_err() {
            return Ok(());
        }
        if self.act(Act::Work(OpRef::At(index), manner))? == Done::Yes {
            self.count_work(op, manner);
            self.send_answer(index, op);
        }
        self.begin_what_waited();
        Ok(())
    }

    /// Schedules the end of operations that agents have begun after a wait.
    fn begin_what_waited(&mut self) {
        while let Some(index) = self.stage.begun.pop() {
            if let Some(op) = self.op(index) {
                self.begin_work(index, op);
            }
        }
    }

    /// Counts the fault in the way that the work was done, once it is done.
    fn count_work(&mut self, op: Op, manner: Manner) {
        match manner {
            Manner::Well => {}
            Manner::Badly if self.is_gray(op.resource) => self.gray_failed(op.resource),
            Manner::Badly | Manner::BadlyForGood => self.atlas.fired(Fault::WorkFails),
            Manner::Dirty => self.atlas.fired(Fault::FailedButDone),
            Manner::Lying if is_stop(op.action()) => self.atlas.fired(Fault::LyingStop),
            Manner::Lying => self.atlas.fired(Fault::LyingStart),
        }
    }

    /// Sends out the answer.
    fn send_answer(&mut self, index: usize, op: Op) {
        if self.is_silent(op.node) || self.fired(Fault::NoReply) || self.fired(Fault::AnswerLost) {
            return;
        }
        let mut delay = self.travel(op);
        if self.fired(Fault::LateReply) {
            let late = self.dice.between(1, 10_000);
            delay = delay.saturating_add(self.patience(op)).saturating_add(late);
        }
        if self.fired(Fault::UnorderedReply) {
            delay = delay.saturating_add(self.dice.below(2_000));
        }
        self.schedule(delay, Event::Answer(index, Word::Truth));
        if self.draws(Fault::AnswerTwice) {
            let again = Event::AnswerAgain(index, Fault::AnswerTwice);
            self.schedule(delay.saturating_add(1), again);
        }
        if self.draws(Fault::DoubleReply) {
            let later = self.dice.below(10_000);
            let again = Event::AnswerAgain(index, Fault::DoubleReply);
            self.schedule(delay.saturating_add(later), again);
        }
        if self.draws(Fault::Contradiction) {
            let later = self.dice.between(1, 10_000);
            self.schedule(delay.saturating_add(later), Event::Answer(index, Word::Contrary));
        }
    }

    pub(super) fn answer_arrives(
        &mut self,
        index: usize,
        word: Word,
        again: Option<Fault>,
    ) -> Result<(), Breach> {
        let Some(op) = self.op(index) else { return Ok(()) };
        let is_of_agent = op.action() != OperationKind::Fence && word != Word::GivenUp;
        if is_of_agent {
            if self.is_silent(op.node) {
                return Ok(());
            }
            let event =
                again.map_or(Event::Answer(index, word), |kind| Event::AnswerAgain(index, kind));
            if self.put_off(op.node, event).is_err() {
                return Ok(());
            }
            if !self.stage.world.machine(op.node).is_some_and(|machine| machine.is_heard()) {
                return Ok(());
            }
        }
        let is_awaited = self.stage.is_outstanding(op.id());
        if self.act(Act::Answer(OpRef::At(index), word))? == Done::Yes {
            self.count_again(again);
            match word {
                Word::Contrary => self.atlas.fired(Fault::Contradiction),
                Word::GivenUp if is_awaited => self.atlas.fired(Fault::GivenUp),
                Word::Truth | Word::GivenUp | Word::Unfit => {}
            }
        }
        Ok(())
    }

    fn send_fence(&mut self, op: usize, fence: Op) {
        let patience = self.patience(fence);
        let delay = self.dice.between(1, (patience / 2).clamp(1, 3_000));
        let soon = Some(self.dice.between(1, 50));
        let fault = self.fault_of_fence();
        let (delay, strike, answer_after) = match fault {
            Some(Fault::FenceHangs) => return self.atlas.fired(Fault::FenceHangs),
            Some(Fault::FenceFails) => (delay, Strike::Badly, soon),
            Some(Fault::FenceDirty) => (delay, Strike::Dirty, soon),
            Some(Fault::FenceSilent) => (delay, Strike::Well, None),
            Some(Fault::FenceLate) => {
                let late = self.dice.between(1, 10_000);
                (delay, Strike::Well, Some(patience.saturating_add(late)))
            }
            Some(Fault::FenceAfterRejoin) => {
                let late = self.dice.log_uniform(5_000, 600_000);
                (patience.saturating_add(late), Strike::Well, soon)
            }
            Some(Fault::FenceWrongNode) => match self.other_node(fence.node) {
                Some(other) => (delay, Strike::Wrong(other), soon),
                None => return self.schedule(delay, well(op, soon)),
            },
            _ => (delay, Strike::Well, soon),
        };
        self.schedule(delay, Event::Strike { op, strike, answer_after, fault });
    }

    /// Draws the fault of a fence, if there is one. The kind that is tried first is drawn as well.
    fn fault_of_fence(&mut self) -> Option<Fault> {
        let mut kinds = [
            Fault::FenceHangs,
            Fault::FenceFails,
            Fault::FenceDirty,
            Fault::FenceSilent,
            Fault::FenceLate,
            Fault::FenceAfterRejoin,
            Fault::FenceWrongNode,
        ];
        let first = self.dice.index(kinds.len());
        kinds.rotate_left(first);
        kinds.into_iter().find(|kind| self.draws(*kind))
    }

    fn other_node(&mut self, node: Key) -> Option<Key> {
        let mut others = self.nodes_that(|machine| machine.is_powered);
        others.retain(|other| *other != node);
        self.dice.one_of(&others)
    }

    pub(super) fn strikes(
        &mut self,
        op: usize,
        strike: Strike,
        answer_after: Option<u64>,
        fault: Option<Fault>,
    ) -> Result<(), Breach> {
        let done = self.act(Act::Strike(OpRef::At(op), strike))?;
        if let Some(kind) = fault.filter(|_| done == Done::Yes) {
            self.atlas.fired(kind);
        }
        if let Some(after) = answer_after.filter(|_| done == Done::Yes) {
            self.schedule(after, Event::Answer(op, Word::Truth));
        }
        Ok(())
    }
}

fn well(op: usize, answer_after: Option<u64>) -> Event {
    Event::Strike { op, strike: Strike::Well, answer_after, fault: None }
}

fn is_stop(action: OperationKind) -> bool {
    matches!(action, OperationKind::Stop | OperationKind::Terminate)
}
