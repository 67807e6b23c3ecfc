//! The effects of the steps of a history.

use quorate::cluster::{Command, Life, Outcome, Running};
use quorate::machine::{NodeState, ResourceState};
use quorate::quorum::WitnessState;
use quorate::spec::ClusterDeclaration;
use quorate::state::OperationKind;
use quorate::{Incarnation, Input, NodeId, OpId, ResourceId, WallClock};

use crate::Breach;
use crate::history::run::Run;
use crate::history::step::{Manner, Step};
use crate::history::world::{self, Listing};
use crate::history::{edits, orders};

const WAITS: [u64; 12] =
    [0, 1, 10, 100, 500, 1_000, 2_000, 5_000, 30_000, 600_000, 3_600_000, 86_400_000];

impl Run {
    /// Plays one step.
    pub(crate) fn play(&mut self, step: &Step) -> Result<(), Breach> {
        match *step {
            Step::Work { job, manner } => self.work(usize::from(job), manner),
            Step::WorkAll { rounds } => {
                for _ in 0..rounds {
                    self.work_all()?;
                }
                Ok(())
            }
            Step::Answer { which, repeat } => self.answer(usize::from(which), repeat),
            Step::Ripen { which } => {
                self.ripen(usize::from(which));
                Ok(())
            }
            Step::Timer { delay } => self.timer(delay),
            Step::Wait { span } => {
                self.pass(WAITS[usize::from(span) % WAITS.len()]);
                Ok(())
            }
            Step::Node { node, fate } => match self.node_at(usize::from(node)) {
                Some(node) => self.befall(node, fate),
                None => Ok(()),
            },
            Step::Resource { resource, fate } => self.trouble(usize::from(resource), fate),
            Step::Witness { up } => {
                let witness = if up { WitnessState::Up } else { WitnessState::Down };
                self.feed(Input::witness_changed(witness)).map(|_| ())
            }
            Step::WallClock { hour, offset } => {
                let reading = WallClock {
                    utc_millis_of_day: u32::from(hour) * 3_600_000 + u32::from(offset) * 1_000,
                    utc_offset_minutes: i16::from(offset % 25) * 60 - 720,
                };
                self.feed(Input::wall_clock_read(reading)).map(|_| ())
            }
            Step::Command { kind, one, other, flags } => {
                let policies: Vec<&str> = self.cluster.offered_policies().collect();
                let spec = self.cluster.spec();
                let command = orders::command(spec, &policies, kind, one, other, flags);
                self.order(command, flags)
            }
            Step::Configure { kind, one, other } => {
                let declaration = edits::edit(self.cluster.spec(), kind, one, other);
                let moves = edits::moves(one);
                self.run_already(&declaration, usize::from(one), usize::from(other));
                let command = Command::configure(declaration).moves(moves).into();
                self.feed(Input::Command(command)).map(|_| ())
            }
            Step::Attribute { node, name, value } => self.report_attribute(node, name, value),
            Step::Junk { kind, one, other } => self.junk(kind, one, other),
            Step::Restore => self.restore(),
            Step::Late { which } => self.arrive_late(usize::from(which)),
            Step::Outage { span } => {
                self.pass(WAITS[usize::from(span) % WAITS.len()]);
                self.feed(Input::CoreResumed)?.ok();
                self.restore()
            }
        }
    }

    /// Runs the resources of a coming declaration already, on no machine, on one or on two.
    fn run_already(&mut self, declaration: &ClusterDeclaration, one: usize, other: usize) {
        let spec = self.cluster.spec();
        let names = declaration.groups.iter().flat_map(|group| &group.resources);
        let new = names.filter(|of| spec.resource_id(&of.name).is_none());
        let new: Vec<String> = new.map(|of| of.name.clone()).collect();
        for (index, name) in new.iter().enumerate() {
            self.world.run_already(name, (one + other + index) % 3, other / 3);
        }
    }

    fn pass(&mut self, span: u64) {
        self.now = self.now.saturating_add(span);
        self.world.tick(self.now);
    }

    fn node_at(&self, index: usize) -> Option<NodeId> {
        let count = self.cluster.spec().nodes().len();
        Some(NodeId::from_index(index.checked_rem(count)?))
    }

    pub(crate) fn node_name(&self, node: NodeId) -> String {
        self.cluster.spec().node(node).map_or_else(String::new, |of| of.name().to_owned())
    }

    pub(crate) fn finish(&mut self, operation: u64, outcome: Outcome) -> Result<(), Breach> {
        let operation = OpId::new(operation);
        self.feed(Input::operation_finished(operation, outcome)).map(|_| ())
    }

    fn work(&mut self, job: usize, manner: Manner) -> Result<(), Breach> {
        let Some(job) = job.checked_rem(self.world.jobs.len()) else { return Ok(()) };
        if manner == Manner::Progress {
            let operation = self.world.jobs[job].effect.operation;
            return self.feed(Input::operation_progressed(operation)).map(|_| ());
        }
        if self.world.jobs[job].effect.action == OperationKind::Inventory
            && !matches!(manner, Manner::Drop | Manner::GiveUp)
        {
            let listing = self.world.list(job, manner);
            self.note(|_| format!("    world: {manner:?} gives {listing:?}"));
            return listing.map_or(Ok(()), |listing| self.say(listing));
        }
        let answer = self.world.work(job, manner);
        self.note(|_| format!("    world: {manner:?} gives {answer:?}"));
        match answer {
            Some((operation, outcome)) => self.finish(operation, outcome),
            None => Ok(()),
        }
    }

    /// Hands in the list of a node, even if the cluster does not wait for it.
    fn say(&mut self, listing: Listing) -> Result<(), Breach> {
        let Listing { node, incarnation, operation, running } = listing;
        let spec = self.cluster.spec();
        let Some(node) = spec.node_id(&node) else { return Ok(()) };
        let running = running
            .iter()
            .filter_map(|(name, state)| Some(Running::new(spec.resource_id(name)?, *state)));
        let answer = Input::node_inventory(node, incarnation, running).answering(operation);
        self.feed(answer.into()).map(|_| ())
    }

    pub(crate) fn work_all(&mut self) -> Result<(), Breach> {
        // Jobs that cannot be reached stay where they are; new jobs wait for their turn.
        let ids: Vec<OpId> = self.world.jobs.iter().map(|job| job.effect.operation).collect();
        for id in ids {
            let at = self.world.jobs.iter().position(|job| job.effect.operation == id);
            let Some(at) = at else { continue };
            self.work(at, Manner::Succeed)?;
        }
        Ok(())
    }

    fn answer(&mut self, which: usize, repeat: bool) -> Result<(), Breach> {
        if repeat {
            let Some(at) = which.checked_rem(self.world.given.len()) else { return Ok(()) };
            let (operation, outcome) = self.world.given[at];
            return self.finish(operation, outcome);
        }
        if which.is_multiple_of(2)
            && let Some(listing) = self.world.lists.pop_front()
        {
            return self.say(listing);
        }
        let Some(at) = which.checked_rem(self.world.held.len()) else { return Ok(()) };
        let (operation, outcome) = self.world.held.remove(at);
        self.world.given.push((operation, outcome));
        self.finish(operation, outcome)
    }

    fn arrive_late(&mut self, which: usize) -> Result<(), Breach> {
        let answer = self.world.arrive_late(which);
        self.note(|_| format!("    world: something comes late and gives {answer:?}"));
        match answer {
            Some((operation, outcome)) => self.finish(operation, outcome),
            None => Ok(()),
        }
    }

    pub(crate) fn ripen(&mut self, which: usize) {
        let names: Vec<String> = self.world.machines.keys().cloned().collect();
        for name in names {
            let machine = self.world.machine(&name);
            let hanging = machine.unsettled();
            if let Some(at) = which.checked_rem(hanging.len()) {
                world::ripen(machine, &hanging[at]);
                return;
            }
        }
    }

    fn timer(&mut self, delay: u8) -> Result<(), Breach> {
        let due = self.cluster.poll_timeout().map(|deadline| deadline.at.as_millis());
        let late = match delay % 8 {
            0..=3 => 0,
            4 => 1,
            5 => 700,
            6 => 60_000,
            _ => {
                // Early.
                let span = due.unwrap_or(self.now).saturating_sub(self.now) / 2;
                self.pass(span);
                return self.fire();
            }
        };
        let at = due.unwrap_or(self.now).saturating_add(late).max(self.now);
        // The history does not wait for days.
        if at - self.now > 3 * 86_400_000 {
            return Ok(());
        }
        self.pass(at - self.now);
        self.fire()
    }

    /// Reports an attribute of a node. Few names and values make for values that stay the same.
    fn report_attribute(&mut self, node: u8, name: u8, value: u8) -> Result<(), Breach> {
        let Some(node) = self.node_at(usize::from(node)) else { return Ok(()) };
        let name = ["lag", "lag", "load", ""][usize::from(name % 4)];
        let value = i64::from(value % 5) - 1;
        self.feed(Input::node_attribute_changed(node, name, value)).map(|_| ())
    }

    /// Lets a resource die, or reports it as failed or alive.
    fn trouble(&mut self, index: usize, fate: u8) -> Result<(), Breach> {
        let count = self.cluster.spec().resources().len();
        let Some(at) = index.checked_rem(count) else { return Ok(()) };
        let resource = ResourceId::from_index(at);
        let Some(declared) = self.cluster.spec().resource(resource) else { return Ok(()) };
        let name = declared.name().to_owned();
        let Some(node) = self.cluster.state().owner(declared.group()) else { return Ok(()) };
        let known = self.cluster.state().node(node).map(|of| of.incarnation());
        let incarnation = known.unwrap_or_default();
        let on = self.node_name(node);
        let run = self.told_run(resource, fate / 4);
        match fate % 4 {
            0 => {
                self.world.machine(&on).kill(&name);
                Ok(())
            }
            1 => {
                self.world.machine(&on).kill(&name);
                self.feed(Input::resource_failed(resource, node, incarnation).of_run(run).into())
                    .map(|_| ())
            }
            2 => self
                .feed(Input::resource_failed(resource, node, incarnation).of_run(run).into())
                .map(|_| ()),
            _ => self
                .feed(Input::resource_alive(resource, node, incarnation).of_run(run).into())
                .map(|_| ()),
        }
    }

    /// Returns the run that a report of an agent names: the present one, none, or one that may be
    /// over.
    fn told_run(&self, resource: ResourceId, sort: u8) -> quorate::cluster::Run {
        let present = self.cluster.state().resource(resource).and_then(|of| of.run());
        match sort % 4 {
            0 => present.into(),
            1 | 2 => quorate::cluster::Run::Present,
            _ => {
                let last = self.seen.last_operation.value();
                let start = last.saturating_sub(u64::from(sort / 4) % 16).max(1);
                OpId::new(start).into()
            }
        }
    }

    /// Gives a command of an operator. If it confirms that a resource is off, this is made true, or
    /// the resource is tainted.
    fn order(&mut self, command: Command, flags: u8) -> Result<(), Breach> {
        if let Command::ClearResourceFailure { resource, .. } = command
            && self.cluster.state().resource_state(resource) == ResourceState::InDoubt
            && let Some(declared) = self.cluster.spec().resource(resource)
        {
            let name = declared.name().to_owned();
            let owner = self.cluster.state().owner(declared.group());
            let is_lie = flags >= 0xf0;
            let is_taken = self.feed(Input::Command(command))?.is_ok();
            if is_taken && is_lie {
                self.world.tainted.insert(name);
            } else if is_taken && let Some(owner) = owner {
                let on = self.node_name(owner);
                self.world.put_off(&on, &name);
            }
            return Ok(());
        }
        self.feed(Input::Command(command)).map(|_| ())
    }

    /// Hands in an input that no sound embedder sends.
    fn junk(&mut self, kind: u8, one: u16, other: u16) -> Result<(), Breach> {
        let node = NodeId::new(u32::from(one % 9));
        let resource = ResourceId::new(u32::from(other % 40));
        let operation = OpId::new(u64::from(one) % (self.seen.last_operation.value() + 3));
        let incarnation = Incarnation::new(u64::from(other % 4));
        let input = match kind % 8 {
            0 => {
                // An answer to an operation that has ended or never began; other answers have to be
                // true.
                if self.is_outstanding(operation.value()) {
                    return Ok(());
                }
                Input::operation_finished(operation, Outcome::Succeeded)
            }
            1 => Input::resource_failed(resource, node, incarnation).of_run(operation).into(),
            2 => Input::resource_alive(resource, node, incarnation).of_run(operation).into(),
            3 => {
                let odd = if one & 1 == 0 { 0 } else { u64::MAX - u64::from(other) };
                let now = core::mem::replace(&mut self.now, odd);
                let answer = self.feed(Input::node_left(NodeId::new(99), Life::Known));
                self.now = now;
                return answer.map(|_| ());
            }
            4 => Input::wall_clock_read(WallClock {
                utc_millis_of_day: 86_400_000,
                utc_offset_minutes: 0,
            }),
            5 => {
                let running = vec![resource.into(), resource.into()];
                Input::node_joined(node, Incarnation::new(u64::MAX), running)
            }
            6 => {
                let state = self.cluster.state().node_state(node);
                if state.is_member() || state == NodeState::Unclean {
                    return Ok(());
                }
                Input::node_lost(node, Life::Known)
            }
            _ => Input::operation_progressed(operation),
        };
        self.feed(input).map(|_| ())
    }
}
