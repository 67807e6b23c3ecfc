//! Makes things happen: random faults and the natural course of events become acts.
//!
//! A queue holds the coming events by time. An order takes a while to arrive, an agent a while to
//! work, an answer a while to return; a machine that is off boots again; membership notices after a
//! while which nodes are gone or back. Faults are deviations from this, each drawn with its own
//! rate, and some strike from outside.

#![allow(
    clippy::integer_division,
    clippy::wildcard_enum_match_arm,
    reason = "parts of spans need no precision, and each sort of fault has its own place"
)]

mod clocks;
mod edges;
mod edits;
mod epilogue;
mod heal;
mod links;
mod machines;
mod membership;
mod messages;
mod nonsense;
mod operators;
mod outside;
mod spell;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::Breach;
use crate::machine::{Link, Manner};
use quorate::Input;
use quorate::id::Names;
use quorate::quorum::WitnessState;
use quorate::spec::ClusterDeclaration;
use quorate::time::WallClock;

use super::act::{Act, OpRef, Timed, Word};
use super::dice::Dice;
use super::draw::{Epilogue, Swarm};
use super::fault::{Atlas, FaultKind};
use super::policy::Policy;
use super::stage::{Done, Stage};
use super::world::{Key, Machine, Strike};
use spell::{Gray, Spell};

/// A coming event.
#[derive(Clone, Debug)]
enum Event {
    Order(usize),
    /// An order arrives once more, as this kind of fault.
    OrderAgain(usize, FaultKind),
    Work(usize, Manner),
    Strike {
        op: usize,
        strike: Strike,
        answer_after: Option<u64>,
        fault: Option<FaultKind>,
    },
    Answer(usize, Word),
    /// An answer arrives once more, as this kind of fault.
    AnswerAgain(usize, FaultKind),
    Progress(usize),
    Notice(Key),
    PowerOn(Key),
    PowerOff(Key),
    Thaw(Key),
    Connect(Key, Link),
    /// A resource dies this long after its start.
    Kill(Key, Key, u64),
    /// A resource dies on any node, and its agent reports it.
    DiesAtEdge(Key),
    Say(Box<Input<Names>>),
    /// The next fault from outside.
    Outside,
    /// A fault from outside that waited until something was under way.
    Waited(FaultKind),
    /// The original configuration is declared again.
    Original,
}

/// The director's knowledge of a machine besides the world's.
#[derive(Clone, Debug, Default)]
struct Care {
    is_boot_due: bool,
    is_notice_due: bool,
    frozen_until: u64,
    /// A spell in which its agents take longer by a factor.
    slow: Spell,
    /// A resource that it starts at its next boot although the cluster did not ask for it.
    rogue_at_boot: Option<Key>,
    /// A resource that it runs although the cluster did not ask for it, until it joins.
    rogue: Option<(Key, FaultKind)>,
    /// True if it takes no part in the healing.
    is_left_out: bool,
}

/// A run under way.
#[derive(Clone, Debug)]
pub(crate) struct Director {
    pub(crate) stage: Stage,
    pub(crate) atlas: Atlas,
    swarm: Swarm,
    dice: Dice,
    /// The coming events, by time and order of arrival.
    queue: BTreeMap<(u64, u64), Event>,
    arrivals: u64,
    /// Knowledge of machines, by key of the node.
    care: Vec<Care>,
    /// Resources that fail again and again.
    gray: Vec<Gray>,
    /// Faults from outside that wait until something is under way.
    waiting: Vec<FaultKind>,
    sent: usize,
    placements: u64,
    original: ClusterDeclaration,
    is_original_due: bool,
    /// A spell in which no timer goes off.
    starved: Spell,
    /// A spell in which the clock stands still.
    stuck: Spell,
    /// The time of a clock that never stands still.
    true_now: u64,
    clock: WallClock,
    clock_read_at: u64,
    /// The time at which the faults ended.
    healed_at: u64,
    epilogue: Epilogue,
    /// The node whose agents do not answer.
    silent: Option<Key>,
    tape: Option<Vec<Timed>>,
}

/// The choice to keep the acts or not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taping {
    On,
    Off,
}

impl Director {
    pub(crate) fn new(
        stage: Stage,
        swarm: Swarm,
        dice: Dice,
        original: ClusterDeclaration,
        taping: Taping,
    ) -> Self {
        Self {
            stage,
            atlas: Atlas::default(),
            swarm,
            dice,
            queue: BTreeMap::new(),
            arrivals: 0,
            care: Vec::new(),
            gray: Vec::new(),
            waiting: Vec::new(),
            sent: 0,
            placements: 0,
            original,
            is_original_due: false,
            starved: Spell::default(),
            stuck: Spell::default(),
            true_now: 0,
            clock: WallClock { utc_millis_of_day: 0, utc_offset_minutes: 60 },
            clock_read_at: 0,
            healed_at: 0,
            epilogue: Epilogue::Nothing,
            silent: None,
            tape: (taping == Taping::On).then(Vec::new),
        }
    }

    /// Sets the last phase, which follows the healing.
    pub(crate) const fn ending(mut self, epilogue: Epilogue) -> Self {
        self.epilogue = epilogue;
        self
    }

    /// Returns the acts that were played so far.
    pub(crate) fn tape(&self) -> Vec<Timed> {
        self.tape.clone().unwrap_or_default()
    }

    /// Continues a run whose earlier acts were replayed. Operations that were asked for before are
    /// not sent again.
    pub(crate) fn take_over(&mut self) {
        self.sent = self.stage.ops.len();
        self.placements = self.stage.placements;
        self.true_now = self.stage.now;
    }

    /// Switches everything on.
    pub(crate) fn open(&mut self) -> Result<(), Breach> {
        self.act(Act::Say(Box::new(Input::witness_changed(WitnessState::Up))))?;
        self.read_clock()?;
        for node in self.nodes() {
            let skew = self.dice.below(20_000);
            self.care_mut(node, |care| care.is_boot_due = true);
            self.schedule(skew, Event::PowerOn(node));
        }
        self.schedule_outside();
        Ok(())
    }

    /// Lets events happen until the cluster has taken this many steps, or nothing more comes.
    pub(crate) fn run(&mut self, steps: u64) -> Result<(), Breach> {
        // Not every event becomes an input.
        for _ in 0..steps.saturating_mul(50) {
            if self.stage.steps >= steps || self.step()? == Done::No {
                break;
            }
        }
        Ok(())
    }

    /// Lets the next event happen.
    fn step(&mut self) -> Result<Done, Breach> {
        let timer = self.next_timer();
        let next = self.queue.first_key_value().map(|((at, _), _)| *at);
        match (timer, next) {
            (Some(timer), next) if next.is_none_or(|next| timer <= next) => {
                // The run does not wait for days.
                if timer.saturating_sub(self.now()) > 3 * 86_400_000 {
                    return Ok(Done::No);
                }
                self.feel_starved(timer);
                self.act_at(timer, Act::Timer)?;
            }
            _ => {
                let Some(((at, _), event)) = self.queue.pop_first() else { return Ok(Done::No) };
                self.true_now = self.true_now.max(at);
                if at >= self.stuck.until {
                    self.stage.now = self.stage.now.max(at);
                } else if at > self.stage.now {
                    let span = self.stuck.felt();
                    self.met(FaultKind::TimeStuck, span);
                }
                self.feel_late();
                self.happen(event)?;
            }
        }
        Ok(Done::Yes)
    }

    fn next_timer(&self) -> Option<u64> {
        let deadline = self.stage.cluster().poll_timeout()?;
        Some(deadline.at.as_millis().max(self.now()).max(self.starved.until).max(self.stuck.until))
    }

    pub(super) fn now(&self) -> u64 {
        self.stage.now
    }

    fn schedule(&mut self, after: u64, event: Event) {
        let now = self.true_now.max(self.now());
        self.schedule_at(now.saturating_add(after), event);
    }

    fn schedule_at(&mut self, at: u64, event: Event) {
        self.arrivals = self.arrivals.saturating_add(1);
        self.queue.insert((at, self.arrivals), event);
    }

    fn happen(&mut self, event: Event) -> Result<(), Breach> {
        match event {
            Event::Order(op) => self.order_arrives(op, None),
            Event::OrderAgain(op, kind) => self.order_arrives(op, Some(kind)),
            Event::Work(op, manner) => self.work_ends(op, manner),
            Event::Strike { op, strike, answer_after, fault } => {
                self.strikes(op, strike, answer_after, fault)
            }
            Event::Answer(op, word) => self.answer_arrives(op, word, None),
            Event::AnswerAgain(op, kind) => self.answer_arrives(op, Word::Truth, Some(kind)),
            Event::Progress(op) => self.act(Act::Progress(OpRef::At(op))).map(drop),
            Event::Notice(node) => self.notice(node),
            Event::PowerOn(node) => self.power_on(node),
            Event::PowerOff(node) => self.act(Act::PowerOff(node)).map(drop),
            Event::Thaw(node) => self.act(Act::Thaw(node)).map(drop),
            Event::Connect(node, link) => self.act(Act::Connect(node, link)).map(drop),
            Event::Kill(node, resource, after) => {
                let done = self.act(Act::Kill(node, resource))?;
                self.met(FaultKind::DiesAfterStart, Some(after).filter(|_| done == Done::Yes));
                Ok(())
            }
            Event::DiesAtEdge(resource) => self.dies_at_edge(resource),
            Event::Say(input) => self.act(Act::Say(input)).map(drop),
            Event::Outside => self.strike_from_outside(),
            Event::Waited(kind) => self.strike_now(kind),
            Event::Original => {
                self.is_original_due = false;
                self.act(Act::Declare(Box::new(self.original.clone()))).map(drop)
            }
        }
    }

    /// Plays an act now, and schedules what follows.
    fn act(&mut self, act: Act) -> Result<Done, Breach> {
        self.act_at(self.now(), act)
    }

    fn act_at(&mut self, at: u64, act: Act) -> Result<Done, Breach> {
        let timed = Timed { at, act };
        if self.tape.is_some() {
            let named = self.named(&timed);
            self.tape.iter_mut().for_each(|tape| tape.push(named.clone()));
        }
        let done = self.stage.play(&timed)?;
        if done == Done::No {
            self.tape.iter_mut().for_each(|tape| drop(tape.pop()));
        }
        self.follow();
        Ok(done)
    }

    /// Returns the act with operations referred to by kind and not by index.
    fn named(&self, timed: &Timed) -> Timed {
        let act = match &timed.act {
            Act::Order(op) => Act::Order(self.stage.name(*op)),
            Act::Work(op, manner) => Act::Work(self.stage.name(*op), *manner),
            Act::Strike(op, strike) => Act::Strike(self.stage.name(*op), *strike),
            Act::Answer(op, word) => Act::Answer(self.stage.name(*op), *word),
            Act::Progress(op) => Act::Progress(self.stage.name(*op)),
            act => act.clone(),
        };
        Timed { at: timed.at, act }
    }

    /// Schedules what follows by itself: orders, boots and reports of membership.
    fn follow(&mut self) {
        let (first, end) = (self.sent, self.stage.ops.len());
        self.sent = end;
        self.dispatch(first, end);
        if let Some(kind) = Policy::fault(&self.stage.cluster().policy().name()) {
            for _ in self.placements..self.stage.placements {
                self.atlas.fired(kind);
            }
        }
        self.placements = self.stage.placements;
        self.look_after_machines();
    }

    /// Draws whether a fault of this kind strikes here, and counts it.
    fn fired(&mut self, kind: FaultKind) -> bool {
        let is_fired = self.draws(kind);
        if is_fired {
            self.atlas.fired(kind);
            let rate = self.swarm.rate(kind);
            match kind {
                FaultKind::OrderLost | FaultKind::AnswerLost => self.atlas.met(kind, rate),
                _ => {}
            }
        }
        is_fired
    }

    /// Draws whether a fault of this kind is to strike here; it is counted once it does.
    fn draws(&mut self, kind: FaultKind) -> bool {
        let rate = self.swarm.rate(kind);
        rate > 0 && self.dice.chance(rate, 10_000)
    }

    /// Counts a fault and its parameter, if it happened.
    fn met(&mut self, kind: FaultKind, value: Option<u64>) {
        if let Some(value) = value {
            self.atlas.fired(kind);
            self.atlas.met(kind, value);
        }
    }

    /// Returns the declared nodes.
    fn nodes(&self) -> Vec<Key> {
        let spec = self.stage.cluster().spec();
        spec.nodes().map(|(id, _)| self.stage.book.node(id)).collect()
    }

    fn care(&self, node: Key) -> Care {
        self.care.get(node.index()).cloned().unwrap_or_default()
    }

    fn care_mut(&mut self, node: Key, change: impl FnOnce(&mut Care)) {
        if self.care.len() <= node.index() {
            self.care.resize(node.index().saturating_add(1), Care::default());
        }
        if let Some(care) = self.care.get_mut(node.index()) {
            change(care);
        }
    }
}
