//! Links that are cut and heal.

use super::outside::Struck;
use super::{Director, Event, Machine};
use crate::machine::Link;
use crate::sim::act::Act;
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;
use crate::sim::world::Key;

impl Director {
    pub(super) fn cut(&mut self, kind: Fault) -> Struck {
        match kind {
            Fault::LinkFlap => return self.flap(),
            Fault::Swizzle => return self.swizzle(),
            _ => {}
        }
        let nodes = match kind {
            Fault::Split => self.half(),
            _ => self.some_node_that(is_linked).into_iter().collect(),
        };
        let link = match kind {
            Fault::DeafNode => Link::Deaf,
            Fault::MuteNode => Link::Mute,
            _ => Link::Cut,
        };
        let outage = self.dice.log_uniform(100, 1_800_000);
        let mut done = Done::No;
        for node in nodes {
            if self.act(Act::Connect(node, link))? == Done::Yes {
                done = Done::Yes;
                self.schedule(outage, Event::Connect(node, Link::Whole));
            }
        }
        self.of_size(kind, u64::from(outage >= self.swarm.detection), done)
    }

    /// Draws some of these, in any order.
    fn some_of(&mut self, mut nodes: Vec<Key>, count: usize) -> Vec<Key> {
        let mut some = Vec::new();
        while some.len() < count && !nodes.is_empty() {
            some.push(nodes.swap_remove(self.dice.index(nodes.len())));
        }
        some
    }

    /// Draws half of the nodes, if all are connected; of an odd number one more or less.
    fn half(&mut self) -> Vec<Key> {
        let nodes = self.nodes_that(is_linked);
        let count = self.nodes().len();
        let half = if self.dice.chance(1, 2) { count / 2 } else { count.div_ceil(2) };
        match half < nodes.len() {
            true => self.some_of(nodes, half),
            false => Vec::new(),
        }
    }

    /// Cuts some nodes off one by one, and reconnects them in any order once all of them are cut
    /// off.
    fn swizzle(&mut self) -> Struck {
        let nodes = self.nodes_that(is_linked);
        if nodes.len() < 2 {
            return Ok(Done::No);
        }
        let count = self.dice.index(nodes.len().saturating_sub(1)).saturating_add(2);
        let cut = self.some_of(nodes, count);
        let gap = self.dice.log_uniform(1, 20_000);
        let mut at = 0_u64;
        let mut done = Done::No;
        for (index, node) in cut.iter().enumerate() {
            match index {
                0 => done = self.act(Act::Connect(*node, Link::Cut))?,
                _ => self.schedule(at, Event::Connect(*node, Link::Cut)),
            }
            at = at.saturating_add(self.dice.below(gap.saturating_mul(2)));
        }
        at = at.saturating_add(self.dice.log_uniform(100, 1_800_000));
        let healed = match self.dice.below(4) {
            0 => cut.clone(),
            1 => cut.iter().rev().copied().collect(),
            _ => self.some_of(cut.clone(), cut.len()),
        };
        for node in &healed {
            self.schedule(at, Event::Connect(*node, Link::Whole));
            at = at.saturating_add(self.dice.below(gap.saturating_mul(2)));
        }
        let order = match healed == cut {
            true => 0,
            false if healed.iter().eq(cut.iter().rev()) => 1,
            false => 2,
        };
        self.of_size(Fault::Swizzle, order, done)
    }

    /// Cuts a link again and again: with a period of 0.1 to 3 times the time of detection, for 10
    /// to 90 % of it.
    fn flap(&mut self) -> Struck {
        let Some(node) = self.some_node_that(is_linked) else { return Ok(Done::No) };
        let tenths = self.dice.between(1, 30);
        let duty = self.dice.between(1, 9);
        let tenth = (self.swarm.detection.saturating_mul(tenths) / 100).max(1);
        let period = tenth.saturating_mul(10);
        let cut = tenth.saturating_mul(duty);
        let done = self.act(Act::Connect(node, Link::Cut))?;
        self.schedule(cut, Event::Connect(node, Link::Whole));
        let mut at = period;
        for _ in 1..self.dice.between(2, 8) {
            self.schedule(at, Event::Connect(node, Link::Cut));
            self.schedule(at.saturating_add(cut), Event::Connect(node, Link::Whole));
            at = at.saturating_add(period);
        }
        let (is_slow, is_long) = (u64::from(tenths >= 10), u64::from(duty >= 5));
        self.of_size(Fault::LinkFlap, is_slow.saturating_mul(2).saturating_add(is_long), done)
    }
}

/// Tells whether a machine is on and in contact, so that contact can be lost.
fn is_linked(machine: &Machine) -> bool {
    machine.is_powered && machine.link == Link::Whole
}
