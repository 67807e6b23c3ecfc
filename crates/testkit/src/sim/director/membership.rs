//! Machines that boot again, and membership that notices lost and returned nodes.

use crate::Breach;
use quorate::Input;

use super::{Director, Event};
use crate::sim::act::Act;
use crate::sim::fault::FaultKind;
use crate::sim::stage::Done;
use crate::sim::world::Key;

impl Director {
    /// Schedules the boot of machines that are off and the report of changes.
    pub(super) fn look_after_machines(&mut self) {
        let nodes: Vec<(Key, bool, bool)> = self
            .stage
            .world
            .machines()
            .map(|(node, machine)| (node, machine.is_powered, machine.is_in_contact()))
            .collect();
        for (node, is_powered, is_heard) in nodes {
            let care = self.care(node);
            if !is_powered && !care.is_boot_due && !care.is_left_out {
                let outage = self.dice.log_uniform(1_000, 120_000);
                self.boot_after(node, outage);
            }
            if !care.is_notice_due && self.is_news(node, is_heard) {
                let delay = self.dice.below(self.swarm.detection.saturating_mul(2));
                self.care_mut(node, |care| care.is_notice_due = true);
                self.schedule(delay.saturating_add(1), Event::Notice(node));
            }
        }
    }

    /// Tells whether membership has something to report about a node.
    fn is_news(&self, node: Key, is_heard: bool) -> bool {
        let is_declared = self.stage.state_of(node).is_some();
        let is_member = self.stage.is_member(node);
        match is_heard {
            true => is_declared && !(is_member && self.stage.is_known_life(node)),
            false => is_declared && is_member,
        }
    }

    pub(super) fn boot_after(&mut self, node: Key, outage: u64) {
        self.care_mut(node, |care| care.is_boot_due = true);
        self.schedule(outage, Event::PowerOn(node));
    }

    /// Lets membership report on a node.
    pub(super) fn notice(&mut self, node: Key) -> Result<(), Breach> {
        self.care_mut(node, |care| care.is_notice_due = false);
        let Some(machine) = self.stage.world.machine(node) else { return Ok(()) };
        let is_heard = machine.is_in_contact();
        if !self.is_news(node, is_heard) {
            return Ok(());
        }
        if !is_heard {
            self.act(Act::Lost(node))?;
            return self.report_lag(node);
        }
        if self.act(Act::Joined(node))? == Done::No {
            // The node is known to be off in this life, so it has to begin another one.
            return self.act(Act::PowerOff(node)).map(drop);
        }
        self.count_rogue(node);
        self.report_lag(node)
    }

    /// Reports an attribute of a node. The value comes from the time and not from chance, so that
    /// seeds lead to the same course with it as without.
    fn report_lag(&mut self, node: Key) -> Result<(), Breach> {
        let lag = i64::try_from(self.now() % 1_000).unwrap_or(0);
        let name = self.stage.book.node_name(node).to_owned();
        self.act(Act::Say(Box::new(Input::node_attribute_changed(name, "lag", lag)))).map(drop)
    }

    /// Counts a resource that ran without an order and was found when the node joined.
    fn count_rogue(&mut self, node: Key) {
        let Some((resource, kind)) = self.care(node).rogue else { return };
        self.care_mut(node, |care| care.rogue = None);
        let owner = self.owner_of(resource);
        let is_told = self.stage.world.machine(node).is_some_and(|of| of.runs(&resource));
        if is_told && (kind == FaultKind::Rogue || owner.is_some_and(|owner| owner != node)) {
            self.atlas.fired(kind);
        }
    }
}
