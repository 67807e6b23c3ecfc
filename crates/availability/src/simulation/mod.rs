//! The simulation of a cluster over years, from event to event.
//!
//! Nodes fail, are repaired and maintained; groups are stopped and started. The engine under test
//! decides everything in between: it is told of every event and asked what to do, as an embedder
//! would. All random values are drawn from one generator, in the order of the events.

use thiserror::Error;

use super::alarms::Alarms;
use super::books::{Books, YEAR_MILLIS};
use super::causes::Cause;
use super::design::{Design, DesignError, measured};
use super::draw::Draw;
use super::rates::Scatter;
use super::truth::{GroundTruth, Told};
use quorate::cluster::{Effect, Event, Output};
use quorate::policy::Ring;
use quorate::quorum::{QuorumVerdict, WitnessState};
use quorate::settings::Fencing;
use quorate::{Cluster, GroupId, Input, NodeId, OpId, ResourceId, Timestamp, WallClock};
use quorate_testkit::{Breach, Invariant, audit};

mod machine;
mod means;
mod mishap;
mod run;
mod service;
mod slots;

use machine::Machine;
use means::{Means, part};
pub use run::{Goal, Progress};
use service::Service;
use slots::{Alarm, Slots};

/// A cluster in simulated time.
#[derive(Debug)]
pub struct Simulation {
    cluster: Cluster,
    truth: GroundTruth,
    draw: Draw,
    means: Means,
    fencing: Fencing,
    alarms: Alarms,
    machines: Vec<Machine>,
    services: Vec<Service>,
    books: Books,
    /// Number of measured groups that are down. The next field is the time since which any is.
    down_now: usize,
    any_down_since: u64,
    /// Drains whose end was reported and is not handled yet.
    drained: Vec<(NodeId, machine::Drained)>,
    /// Operations that end together; a buffer kept to avoid allocations.
    ended: Vec<(OpId, ResourceId)>,
    now: u64,
    seed: u64,
    inputs: u64,
    events: u64,
    until_check: u64,
    checks: u64,
    /// True while the cluster forms, which takes no time and is not measured.
    is_forming: bool,
    tamper: Option<fn(&mut Effect)>,
}

/// A run that ended with a broken promise. Its seed breaks the promise again.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("seed {seed}, {years:.3} years into the run: {breach}")]
pub struct BrokenPromise {
    /// The seed of the run.
    pub seed: u64,
    /// The simulated years until the breach.
    pub years: f64,
    /// The breach that was found.
    pub breach: Breach,
}

/// Number of inputs between two checks of the whole state of the core. Rules that take constant
/// time are judged with every input.
const INPUTS_PER_CHECK: u64 = 1_024;

impl Simulation {
    /// Returns a run of this design from this seed, with everything well at the start.
    ///
    /// # Errors
    ///
    /// Fails if the design is wrong.
    pub fn new(design: &Design, seed: u64) -> Result<Self, DesignError> {
        let spec = design.build()?;
        let measured: Vec<GroupId> = measured(&spec).collect();
        if measured.is_empty() {
            return Err(DesignError::NothingToMeasure);
        }
        let (nodes, groups) = (spec.nodes().len(), spec.groups().len());
        let services = spec
            .groups()
            .map(|(id, group)| Service::new(group, measured.iter().position(|of| *of == id)))
            .collect();
        Ok(Self {
            truth: GroundTruth::new(&spec),
            draw: Draw::new(seed),
            means: Means::of(design.rates()),
            fencing: spec.settings().fencing,
            alarms: Alarms::new(Slots { nodes, groups }.count()),
            machines: (0..nodes).map(|_| Machine::new()).collect(),
            services,
            books: Books::new(measured.len(), 0),
            down_now: measured.len(),
            any_down_since: 0,
            drained: Vec::new(),
            ended: Vec::new(),
            now: 0,
            seed,
            inputs: 0,
            events: 0,
            until_check: INPUTS_PER_CHECK,
            checks: 0,
            is_forming: true,
            tamper: None,
            cluster: Cluster::new(spec, Ring::new(), Timestamp::ZERO),
        })
    }

    /// Alters the operations that the core asks for before they are judged, to test the judge.
    #[must_use]
    pub fn tampered(mut self, tamper: fn(&mut Effect)) -> Self {
        self.tamper = Some(tamper);
        self
    }

    /// Adds seed and time to a promise that was broken.
    #[allow(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        clippy::float_arithmetic,
        reason = "years are a fraction"
    )]
    fn guard(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), Breach>,
    ) -> Result<(), BrokenPromise> {
        step(self).map_err(|breach| BrokenPromise {
            seed: self.seed,
            years: self.now as f64 / YEAR_MILLIS as f64,
            breach,
        })
    }

    /// Lets all nodes join and all groups start, before the clock of the run starts.
    fn form(&mut self) -> Result<(), Breach> {
        self.feed(Input::witness_changed(WitnessState::Up))?;
        let reading = WallClock { utc_millis_of_day: 0, utc_offset_minutes: 0 };
        self.feed(Input::wall_clock_read(reading))?;
        for index in 0..self.machines.len() {
            self.join(NodeId::from_index(index), Told::Member)?;
        }
        self.pass_until(0)?;
        let idle = self.services.iter().find(|of| of.book.is_some() && !of.is_serving());
        if let Some(service) = idle {
            return Err(Breach::apparatus(format!("{} does not start", service.name)));
        }
        self.is_forming = false;
        for index in 0..self.machines.len() {
            self.plan_life(NodeId::from_index(index));
            self.plan_maintenance(NodeId::from_index(index));
        }
        self.plan_mishaps();
        Ok(())
    }

    /// Lets all events up to a time happen.
    fn pass_until(&mut self, end: u64) -> Result<(), Breach> {
        loop {
            let alarm = self.alarms.first();
            let next = alarm.map_or(u64::MAX, |(at, _)| at);
            let deadline = self.cluster.poll_timeout().map_or(u64::MAX, |of| of.at.as_millis());
            if deadline < next && deadline <= end {
                self.now = self.now.max(deadline);
                self.inputs = self.inputs.saturating_add(1);
                self.cluster.handle_timeout(Timestamp::from_millis(self.now));
                self.drain()?;
                self.follow_drains()?;
                continue;
            }
            let Some((at, slot)) = alarm.filter(|(at, _)| *at <= end) else { break };
            self.now = at;
            self.events = self.events.saturating_add(1);
            self.alarms.clear(slot);
            match self.slots().alarm(slot) {
                Alarm::Life(node) => self.change_life(node)?,
                Alarm::Loss(node) => self.advance_loss(node)?,
                Alarm::Maintenance(node) => self.change_maintenance(node)?,
                Alarm::Wave(group) => self.end_wave(group)?,
                Alarm::Resource(group) => self.fail_resource(group)?,
                Alarm::Site => self.lose_site(),
            }
            self.follow_drains()?;
        }
        self.now = end;
        Ok(())
    }

    fn slots(&self) -> Slots {
        Slots { nodes: self.machines.len(), groups: self.services.len() }
    }

    fn slot_of(&self, alarm: Alarm) -> usize {
        self.slots().slot(alarm)
    }

    fn set_alarm(&mut self, alarm: Alarm, at: u64) {
        self.alarms.set(self.slot_of(alarm), at);
    }

    /// Delays an alarm, if it is set, to the time that a function returns for its present time.
    fn delay_alarm(&mut self, alarm: Alarm, until: impl FnOnce(u64) -> u64) {
        if let Some(at) = self.alarms.of(self.slot_of(alarm)) {
            self.set_alarm(alarm, until(at));
        }
    }

    fn clear_alarm(&mut self, alarm: Alarm) {
        self.alarms.clear(self.slot_of(alarm));
    }

    /// Hands an input to the core and carries out what it asks for.
    fn feed(&mut self, input: Input) -> Result<(), Breach> {
        self.inputs = self.inputs.saturating_add(1);
        self.cluster
            .handle(Timestamp::from_millis(self.now), input)
            .map_err(|error| Breach::apparatus(format!("an input was refused: {error}")))?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), Breach> {
        // A node that returns before it was missed is lost and found with one input, and the quorum
        // with it. Only the core's final belief can be compared with the world.
        let mut judged = None;
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Effect(mut effect) => {
                    if let Some(tamper) = self.tamper {
                        tamper(&mut effect);
                    }
                    self.carry_out(&effect)?;
                }
                Output::Event(Event::QuorumChanged { verdict, .. }) => judged = Some(verdict),
                Output::Event(event) => self.take_note(&event)?,
                other => return Err(Breach::apparatus(format!("an unknown output: {other}"))),
            }
        }
        if let Some(verdict) = judged {
            self.note_quorum(verdict)?;
        }
        self.until_check = self.until_check.saturating_sub(1);
        if self.until_check == 0 {
            self.until_check = INPUTS_PER_CHECK;
            self.check_core()?;
        }
        Ok(())
    }

    fn check_core(&mut self) -> Result<(), Breach> {
        self.checks = self.checks.saturating_add(1);
        audit::state(&self.cluster)
    }

    /// Takes note of the reason why a group is down. Events are used for nothing else.
    fn take_note(&mut self, event: &Event) -> Result<(), Breach> {
        match *event {
            Event::OwnerChanged { group, epoch, .. } => self.truth.change_owner(group, epoch)?,
            Event::MoveStarted { group, cause, .. } => self.note_move(group, cause),
            Event::PlacementFailed { group, .. } | Event::AdmissionRefused { group, .. } => {
                self.note_no_place(group);
            }
            Event::DrainChanged { node, status, .. } => self.note_drain(node, status),
            Event::OperationTimedOut { operation, .. } => {
                return Err(Breach::of(Invariant::S11, format!("operation {operation} timed out")));
            }
            Event::QuorumChanged { .. }
            | Event::NodeChanged { .. }
            | Event::NodeAttributeChanged { .. }
            | Event::ResourceChanged { .. }
            | Event::GroupChanged { .. }
            | Event::PlacementCutShort { .. }
            | Event::MoveAbandoned { .. }
            | Event::RestartScheduled { .. }
            | Event::RestartsExhausted { .. }
            | Event::NodeBarred { .. }
            | Event::OperationSuperseded { .. }
            | Event::InventoryTaken { .. }
            | Event::OrphanFound { .. }
            | Event::TakenOver { .. }
            | Event::OrphanGone { .. }
            | Event::FenceFailed { .. }
            | Event::DrainBlocked { .. }
            | Event::DrainStopped { .. }
            | Event::ConfigurationChanged { .. }
            | Event::AcceptedWithoutQuorum { .. }
            | Event::PolicyChanged { .. } => {}
            _ => {}
        }
        Ok(())
    }

    fn note_quorum(&mut self, verdict: QuorumVerdict) -> Result<(), Breach> {
        if verdict.is_quorate() != self.truth.is_quorate() {
            return Err(Breach::of(Invariant::S5, format!("the core judges {verdict}")));
        }
        if !verdict.is_quorate() {
            self.note_no_quorum();
        }
        Ok(())
    }

    /// Ends a batch. An outage that goes on is split between the batches.
    fn close_batch(&mut self) {
        for index in 0..self.services.len() {
            let now = self.now;
            if let Some(service) = self.services.get_mut(index) {
                service.count(now);
            }
            self.book(index);
        }
        if self.down_now > 0 {
            self.books.add_any_down(self.now.saturating_sub(self.any_down_since));
            self.any_down_since = self.now;
        }
        self.books.close_batch();
    }

    /// Adds to the books what has happened to a group since the last entry.
    fn book(&mut self, index: usize) {
        let Some(service) = self.services.get_mut(index) else { return };
        let entry = core::mem::take(&mut service.entry);
        if let Some(book) = service.book {
            self.books.add(book, &entry);
        }
    }

    /// Draws the length of something that takes time, from its mean.
    #[allow(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean in milliseconds; the conversion saturates"
    )]
    fn span(&mut self, mean: f64) -> u64 {
        match self.means.scatter {
            Scatter::Exponential => self.draw.exponential(mean),
            Scatter::Fixed => mean as u64,
        }
    }
}
