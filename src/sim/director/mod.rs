//! Who makes things happen: chance and the natural course of things become acts.
//!
//! What is to happen stands in a queue by time. An order takes a while to arrive, an agent a while
//! to work, an answer a while to come back; a machine that is off comes up again; membership
//! notices after a while who is gone and who is back. Faults are deviations from that, each drawn
//! with its own rate, and some strike from outside.

#![allow(
    clippy::integer_division,
    clippy::wildcard_enum_match_arm,
    reason = "parts of spans need no precision, and each sort of fault has its own place"
)]

mod edges;
mod epilogue;
mod heal;
mod membership;
mod messages;
mod nonsense;
mod operators;
mod outside;

use std::boxed::Box;
use std::collections::BTreeMap;
use std::vec::Vec;

use crate::Input;
use crate::id::Names;
use crate::quorum::WitnessState;
use crate::spec::ClusterDeclaration;
use crate::testkit::breach::Breach;
use crate::time::WallClock;

use super::act::{Act, OpRef, Timed, Word};
use super::dice::Dice;
use super::draw::{Epilogue, Swarm};
use super::fault::{Atlas, FaultKind};
use super::stage::{Done, Stage};
use super::world::{Key, Link, Manner, Strike};

/// Something that is going to happen.
#[derive(Clone, Debug)]
enum Event {
    Order(usize),
    Work(usize, Manner),
    Strike {
        op: usize,
        strike: Strike,
        answer_after: Option<u64>,
    },
    Answer(usize, Word),
    Progress(usize),
    Notice(Key),
    PowerOn(Key),
    PowerOff(Key),
    Thaw(Key),
    Connect(Key, Link),
    Kill(Key, Key),
    /// A resource dies, wherever it is, and its agent says so.
    DiesAtEdge(Key),
    Say(Box<Input<Names>>),
    /// The next fault from outside.
    Outside,
    /// The configuration becomes again what it was at first.
    Original,
}

/// What is known of a machine besides what the world knows.
#[derive(Clone, Debug, Default)]
struct Care {
    is_boot_due: bool,
    is_notice_due: bool,
    frozen_until: u64,
    /// Its agents take so many times as long, until then.
    slowness: u64,
    slow_until: u64,
    /// It takes no part in the healing.
    is_left_out: bool,
}

/// A run under way.
#[derive(Clone, Debug)]
pub(crate) struct Director {
    pub(crate) stage: Stage,
    pub(crate) atlas: Atlas,
    swarm: Swarm,
    dice: Dice,
    /// By time and order of arrival.
    queue: BTreeMap<(u64, u64), Event>,
    arrivals: u64,
    /// By key of the node.
    care: Vec<Care>,
    /// Resources that fail again and again, and until when.
    gray: Vec<(Key, u64)>,
    sent: usize,
    placements: u64,
    policy_fault: Option<FaultKind>,
    original: ClusterDeclaration,
    is_original_due: bool,
    /// No timer goes off before.
    starved_until: u64,
    /// The clock stands still until then.
    stuck_until: u64,
    /// The time that a clock which never stands still would show.
    true_now: u64,
    clock: WallClock,
    /// When the faults ended.
    healed_at: u64,
    epilogue: Epilogue,
    /// The node of which no agent answers.
    silent: Option<Key>,
    tape: Option<Vec<Timed>>,
}

/// Whether the acts are kept.
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
        policy_fault: Option<FaultKind>,
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
            sent: 0,
            placements: 0,
            policy_fault,
            original,
            is_original_due: false,
            starved_until: 0,
            stuck_until: 0,
            true_now: 0,
            clock: WallClock { utc_millis_of_day: 0, utc_offset_minutes: 60 },
            healed_at: 0,
            epilogue: Epilogue::Nothing,
            silent: None,
            tape: (taping == Taping::On).then(Vec::new),
        }
    }

    /// What happens when everything has healed.
    pub(crate) const fn ending(mut self, epilogue: Epilogue) -> Self {
        self.epilogue = epilogue;
        self
    }

    /// What was played so far.
    pub(crate) fn tape(&self) -> Vec<Timed> {
        self.tape.clone().unwrap_or_default()
    }

    /// Goes on with a stage on which others have played: what was asked for before is theirs.
    pub(crate) fn take_over(&mut self) {
        self.sent = self.stage.ops.len();
        self.placements = self.stage.placements;
        self.true_now = self.stage.now;
    }

    /// Switches everything on.
    pub(crate) fn open(&mut self) -> Result<(), Breach> {
        self.act(Act::Say(Box::new(Input::WitnessChanged { witness: WitnessState::Up })))?;
        self.read_clock()?;
        for node in self.nodes() {
            let skew = self.dice.below(20_000);
            self.care_mut(node, |care| care.is_boot_due = true);
            self.schedule(skew, Event::PowerOn(node));
        }
        self.schedule_outside();
        Ok(())
    }

    /// Lets things happen until the cluster has taken so many steps, or nothing more comes.
    pub(crate) fn run(&mut self, steps: u64) -> Result<(), Breach> {
        // Not every event becomes an input.
        for _ in 0..steps.saturating_mul(50) {
            if self.stage.steps >= steps || self.step()? == Done::No {
                break;
            }
        }
        Ok(())
    }

    /// Lets the next thing happen.
    fn step(&mut self) -> Result<Done, Breach> {
        let timer = self.next_timer();
        let next = self.queue.first_key_value().map(|((at, _), _)| *at);
        match (timer, next) {
            (Some(timer), next) if next.is_none_or(|next| timer <= next) => {
                // Nobody waits for days.
                if timer.saturating_sub(self.now()) > 3 * 86_400_000 {
                    return Ok(Done::No);
                }
                self.act_at(timer, Act::Timer)?;
            }
            _ => {
                let Some(((at, _), event)) = self.queue.pop_first() else { return Ok(Done::No) };
                self.true_now = self.true_now.max(at);
                if at >= self.stuck_until {
                    self.stage.now = self.stage.now.max(at);
                }
                self.happen(event)?;
            }
        }
        Ok(Done::Yes)
    }

    fn next_timer(&self) -> Option<u64> {
        let deadline = self.stage.cluster().poll_timeout()?;
        Some(deadline.at.as_millis().max(self.now()).max(self.starved_until).max(self.stuck_until))
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
            Event::Order(op) => self.order_arrives(op),
            Event::Work(op, manner) => self.work_ends(op, manner),
            Event::Strike { op, strike, answer_after } => self.strikes(op, strike, answer_after),
            Event::Answer(op, word) => self.answer_arrives(op, word),
            Event::Progress(op) => self.act(Act::Progress(OpRef::At(op))).map(drop),
            Event::Notice(node) => self.notice(node),
            Event::PowerOn(node) => {
                self.care_mut(node, |care| care.is_boot_due = false);
                self.act(Act::PowerOn(node)).map(drop)
            }
            Event::PowerOff(node) => self.act(Act::PowerOff(node)).map(drop),
            Event::Thaw(node) => self.act(Act::Thaw(node)).map(drop),
            Event::Connect(node, link) => self.act(Act::Connect(node, link)).map(drop),
            Event::Kill(node, resource) => {
                if self.act(Act::Kill(node, resource))? == Done::Yes {
                    self.atlas.fired(FaultKind::DiesAfterStart);
                }
                Ok(())
            }
            Event::DiesAtEdge(resource) => self.dies_at_edge(resource),
            Event::Say(input) => self.act(Act::Say(input)).map(drop),
            Event::Outside => self.strike_from_outside(),
            Event::Original => {
                self.is_original_due = false;
                self.act(Act::Declare(Box::new(self.original.clone()))).map(drop)
            }
        }
    }

    /// Lets an act happen now, and takes care of what follows.
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

    /// The act by what it refers to, and not by where that stands.
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

    /// What follows by itself: orders go out, machines come up, membership notices.
    fn follow(&mut self) {
        let (first, end) = (self.sent, self.stage.ops.len());
        self.sent = end;
        self.dispatch(first, end);
        if let Some(kind) = self.policy_fault {
            for _ in self.placements..self.stage.placements {
                self.atlas.fired(kind);
            }
        }
        self.placements = self.stage.placements;
        self.look_after_machines();
    }

    /// Whether a fault of this kind strikes here.
    fn fired(&mut self, kind: FaultKind) -> bool {
        let rate = self.swarm.rate(kind);
        let is_fired = rate > 0 && self.dice.chance(rate, 10_000);
        if is_fired {
            self.atlas.fired(kind);
        }
        is_fired
    }

    /// The nodes that are declared.
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

    fn read_clock(&mut self) -> Result<(), Breach> {
        let reading = self.clock;
        self.act(Act::Say(Box::new(Input::WallClockRead { reading }))).map(drop)
    }
}
