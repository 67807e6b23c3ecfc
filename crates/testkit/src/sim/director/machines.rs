//! Machines that crash, freeze or become slow.

use crate::Breach;
use quorate::cluster::{Command, ResumeFailback};
use quorate::settings::Fencing;
use quorate::state::OperationKind;
use quorate::{Input, Timestamp};

use super::outside::Struck;
use super::spell::{Gray, Spell};
use super::{Director, Event, Machine};
use crate::sim::act::Act;
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;
use crate::sim::world::{Key, Op};

/// Ten minutes, the longest freeze.
const MOST: u64 = 600_000;

impl Director {
    /// Returns the nodes whose machines fulfil a condition.
    pub(super) fn nodes_that(&self, is_it: impl Fn(&Machine) -> bool) -> Vec<Key> {
        let is_it = |node: &Key| self.stage.world.machine(*node).is_some_and(&is_it);
        self.nodes().into_iter().filter(is_it).collect()
    }

    pub(super) fn some_node_that(&mut self, is_it: impl Fn(&Machine) -> bool) -> Option<Key> {
        let nodes = self.nodes_that(is_it);
        self.dice.one_of(&nodes)
    }

    pub(super) fn power_on(&mut self, node: Key) -> Result<(), Breach> {
        self.care_mut(node, |care| care.is_boot_due = false);
        if self.act(Act::PowerOn(node))? == Done::No {
            return Ok(());
        }
        if let Some(resource) = self.care(node).rogue_at_boot {
            self.care_mut(node, |care| care.rogue_at_boot = None);
            self.act(Act::Rogue(node, resource))?;
        }
        Ok(())
    }

    pub(super) fn crash(&mut self, kind: Fault) -> Struck {
        let Some(node) = self.some_node_that(|of| of.is_powered) else { return Ok(Done::No) };
        let outage = match kind {
            Fault::CrashLong => self.dice.log_uniform(60_000, 43_200_000),
            _ => self.dice.log_uniform(1, 10_000),
        };
        self.boot_after(node, outage);
        let done = self.act(Act::PowerOff(node))?;
        self.of_size(kind, outage, done)
    }

    /// Crashes several machines for one reason. Power comes back to all of them, and they boot one
    /// by one.
    pub(super) fn kill(&mut self, kind: Fault) -> Struck {
        let among = match kind {
            Fault::KillAll => self.nodes(),
            _ => self.rack_or_site(),
        };
        let mut struck = self.nodes_that(|machine| machine.is_powered);
        struck.retain(|node| among.contains(node));
        if struck.len() < 2 {
            return Ok(Done::No);
        }
        let outage = self.dice.log_uniform(1_000, MOST);
        let most_skew = if self.dice.chance(1, 8) { 0 } else { self.dice.log_uniform(1, MOST) };
        let (mut first, mut last, mut done) = (u64::MAX, 0, Done::No);
        for node in struck {
            let skew = self.dice.below(most_skew.saturating_add(1));
            self.boot_after(node, outage.saturating_add(skew));
            if self.act(Act::PowerOff(node))? == Done::Yes {
                (first, last, done) = (first.min(skew), last.max(skew), Done::Yes);
            }
        }
        self.of_size(kind, last.saturating_sub(first), done)
    }

    /// Returns neighbours in the list of nodes, never all of them: two or three in a rack, half in
    /// a site.
    fn rack_or_site(&mut self) -> Vec<Key> {
        let nodes = self.nodes();
        let size = self.dice.pick(&[2, 3, nodes.len().div_ceil(2)]).max(2);
        let all: Vec<&[Key]> = nodes.chunks(size).filter(|of| of.len() < nodes.len()).collect();
        self.dice.one_of(&all).map(<[Key]>::to_vec).unwrap_or_default()
    }

    /// Restarts the agents of a node without their memory.
    pub(super) fn forget(&mut self) -> Struck {
        let awake = self.some_node_that(|machine| machine.is_powered && !machine.is_frozen);
        let Some(node) = awake else { return Ok(Done::No) };
        let done = self.act(Act::Forget(node))?;
        self.repeat_starts(node, done);
        Ok(done)
    }

    /// Restarts the agents of a node, which then report what it runs.
    pub(super) fn recount(&mut self) -> Struck {
        let heard = self.some_node_that(|machine| machine.is_in_contact());
        let Some(node) = heard else { return Ok(Done::No) };
        let done = self.act(Act::Recount(node))?;
        self.repeat_starts(node, done);
        Ok(done)
    }

    /// Repeats starts that agents have forgotten. A restart of agents often goes with a restart of
    /// the network, which sends unconfirmed messages again.
    fn repeat_starts(&mut self, node: Key, have_forgotten: Done) {
        if have_forgotten == Done::No || self.swarm.rate(Fault::ExecutedTwice) == 0 {
            return;
        }
        let is_start = |op: &Op| op.node == node && op.action() == OperationKind::Start;
        let ops = self.stage.ops.iter().enumerate().rev();
        let last: Vec<usize> =
            ops.filter(|(_, op)| is_start(op)).map(|(index, _)| index).take(4).collect();
        for index in last {
            let delay = self.dice.log_uniform(100, 600_000);
            self.schedule(delay, Event::OrderAgain(index, Fault::ExecutedTwice));
        }
    }

    pub(super) fn pause(&mut self, kind: Fault) -> Struck {
        let awake = self.some_node_that(|machine| machine.is_powered && !machine.is_frozen);
        let Some(node) = awake else { return Ok(Done::No) };
        let (lease, deadline) = (self.lease(), self.deadline_on(node));
        let mut span = match kind {
            Fault::PauseShort => self.dice.log_uniform(10, 1_000).min(999),
            _ => self.dice.log_uniform(1_000, MOST),
        };
        let ends: Vec<u64> = [lease, deadline].into_iter().flatten().collect();
        if kind == Fault::PauseLong
            && self.dice.chance(3, 4)
            && let Some(end) = self.dice.one_of(&ends)
        {
            let past = end.saturating_add(self.dice.log_uniform(1, 2_000).saturating_sub(1));
            span = span.max(past.min(MOST));
        }
        let done = self.act(Act::Freeze(node))?;
        if done == Done::Yes {
            let until = self.now().saturating_add(span);
            self.care_mut(node, |care| care.frozen_until = until);
            self.schedule(span, Event::Thaw(node));
        }
        let is_past = |end: Option<u64>| u64::from(end.is_some_and(|end| span >= end));
        let past = is_past(deadline).saturating_add(is_past(lease).saturating_mul(2));
        self.of_size(kind, if kind == Fault::PauseShort { span } else { past }, done)
    }

    /// Returns how long a node may be without contact before it stops everything, if it does.
    fn lease(&self) -> Option<u64> {
        match self.stage.cluster().spec().settings().fencing {
            Fencing::Lease { duration, .. } => Some(Timestamp::ZERO.after(duration).as_millis()),
            Fencing::Required | Fencing::Trusted | Fencing::Operator => None,
        }
    }

    /// Returns how long the cluster still waits for the next answer of a node.
    fn deadline_on(&self, node: Key) -> Option<u64> {
        let id = self.stage.book.node_id(node)?;
        let asked = self.stage.cluster().outstanding().filter(|effect| effect.node == id);
        let first = asked.map(|effect| effect.deadline.as_millis()).min()?;
        Some(first.saturating_sub(self.now()))
    }

    /// Makes an agent slow or a resource gray. The fault is counted once it has an effect.
    pub(super) fn turn_gray(&mut self, kind: Fault) -> Struck {
        let until = self.now().saturating_add(self.dice.log_uniform(10_000, 1_800_000));
        if kind == Fault::GrayResource {
            let Some(resource) = self.some_running() else { return Ok(Done::No) };
            let now = self.now();
            self.gray.retain(|gray| gray.until > now && gray.resource != resource);
            self.gray.push(Gray { resource, until, failures: 0 });
            return Ok(Done::No);
        }
        let Some(node) = self.some_node_that(|of| of.hears()) else { return Ok(Done::No) };
        let slowness = self.dice.log_uniform(2, 1_000);
        self.care_mut(node, |care| care.slow = Spell::new(until, slowness));
        Ok(Done::No)
    }

    pub(super) fn is_gray(&self, resource: Option<Key>) -> bool {
        let now = self.now();
        self.gray.iter().any(|gray| Some(gray.resource) == resource && gray.until > now)
    }

    /// Takes note of a failure of a gray resource; the second one counts as a fault.
    pub(super) fn gray_failed(&mut self, resource: Option<Key>) {
        let mut is_again = false;
        for gray in self.gray.iter_mut().filter(|gray| Some(gray.resource) == resource) {
            gray.failures = gray.failures.saturating_add(1);
            is_again |= gray.failures == 2;
        }
        if is_again {
            self.atlas.fired(Fault::GrayResource);
        }
    }

    /// Drains, restarts and resumes nodes one after the other.
    pub(super) fn roll(&mut self, kind: Fault) -> Struck {
        let (mut left, mut order) = (self.nodes(), Vec::new());
        let count = match kind {
            Fault::RollingAborted => left.len() / 2,
            _ => left.len(),
        };
        while order.len() < count {
            order.push(left.swap_remove(self.dice.index(left.len())));
        }
        let gap = self.dice.log_uniform(1_000, 300_000);
        let (mut at, mut done) = (0_u64, Done::No);
        for node in order {
            let Some(id) = self.stage.book.node_id(node) else { continue };
            let drain = Command::drain_node(id).into();
            let resume = Command::resume_node(id).failback(ResumeFailback::Immediate).into();
            let spec = self.stage.cluster().spec();
            let [drain, resume] = [drain, resume]
                .map(|command| std::boxed::Box::new(spec.named(Input::Command(command))));
            // The fault happens if the first node is drained, and not otherwise.
            match at {
                0 if self.act(Act::Say(drain.clone()))? == Done::No => break,
                0 => done = Done::Yes,
                _ => self.schedule(at, Event::Say(drain)),
            }
            self.schedule(at.saturating_add(gap), Event::PowerOff(node));
            at = at.saturating_add(gap.saturating_mul(3));
            self.schedule(at, Event::Say(resume));
        }
        self.of_size(kind, gap, done)
    }
}
