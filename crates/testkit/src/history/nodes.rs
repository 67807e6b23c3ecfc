//! The events of nodes in a history, and the reports of membership and operators about them.

use quorate::cluster::{Life, Running, RunningState};
use quorate::settings::Fencing;
use quorate::{Incarnation, Input, NodeId, ResourceId};

use crate::Breach;
use crate::history::run::Run;
use crate::history::step::Fate;
use crate::machine::Link;

impl Run {
    /// Lets something happen to a node.
    pub(super) fn befall(&mut self, node: NodeId, fate: Fate) -> Result<(), Breach> {
        let name = self.node_name(node);
        self.note(|_| format!("    world: {name} {fate:?}"));
        match fate {
            Fate::Crash => self.world.machine(&name).crash(),
            Fate::CutOff => self.cut_off(&name),
            Fate::Lose => return self.lose(node, &name),
            Fate::Join => return self.join(node, &name),
            Fate::JoinWithRogue(resource) => {
                let spec = self.cluster.spec();
                let at = usize::from(resource).checked_rem(spec.resources().len());
                let rogue = at.and_then(|at| spec.resource(ResourceId::from_index(at)));
                let rogue = rogue.map(|of| of.name().to_owned());
                return self.join_with(node, &name, rogue);
            }
            Fate::Leave => {
                if self.cluster.state().node_state(node).is_member() {
                    self.world.machine(&name).halt();
                    self.cut_off(&name);
                    let incarnation = self.life_of(node, &name);
                    return self.feed(Input::node_left(node, incarnation)).map(|_| ());
                }
            }
            Fate::Fenced => {
                self.world.machine(&name).crash();
                let incarnation = self.life_of(node, &name);
                return self.feed(Input::node_fenced(node, incarnation)).map(|_| ());
            }
            Fate::ConfirmedDown => {
                self.world.machine(&name).crash();
                return self.feed(Input::node_confirmed_down(node, Life::Known)).map(|_| ());
            }
            Fate::LateNews(kind) => return self.late_news(node, kind),
            Fate::ConfirmedDownWrongly => {
                if self.feed(Input::node_confirmed_down(node, Life::Known))?.is_ok() {
                    self.world.is_tainted = true;
                }
            }
            Fate::Forget => self.world.machine(&name).lose_memory(),
            Fate::Recount => return self.recount(node, &name),
        }
        Ok(())
    }

    /// Cuts a node off. Operations on their way to the node are lost; under a lease its time begins
    /// to run.
    fn cut_off(&mut self, name: &str) {
        let now = self.now;
        let fencing = self.cluster.spec().settings().fencing;
        self.world.jobs.retain(|job| job.effect.node != name || job.is_fence());
        let machine = self.world.machine(name);
        if !machine.is_in_contact() {
            return;
        }
        machine.link = Link::Cut;
        machine.lose_contact(now, fencing);
    }

    fn lose(&mut self, node: NodeId, name: &str) -> Result<(), Breach> {
        if !self.cluster.state().node_state(node).is_member() {
            return Ok(());
        }
        self.cut_off(name);
        if self.cluster.spec().settings().fencing == Fencing::Trusted {
            self.world.machine(name).crash();
        }
        let incarnation = self.life_of(node, name);
        self.feed(Input::node_lost(node, incarnation)).map(|_| ())
    }

    /// Returns the present or last life of a machine.
    fn life_of(&mut self, node: NodeId, name: &str) -> Life {
        let known = self.known_life(node);
        Incarnation::new(self.world.machine(name).incarnation().max(known)).into()
    }

    /// Hands in a report about a life that is over.
    fn late_news(&mut self, node: NodeId, kind: u8) -> Result<(), Breach> {
        let Some(life) = self.known_life(node).checked_sub(1 + u64::from(kind / 4 % 2)) else {
            return Ok(());
        };
        let incarnation = Incarnation::new(life);
        self.feed(match kind % 4 {
            0 => Input::node_left(node, incarnation),
            1 => Input::node_lost(node, incarnation),
            2 => Input::node_fenced(node, incarnation),
            _ => Input::node_confirmed_down(node, incarnation),
        })
        .map(|_| ())
    }

    /// Starts a machine that is off, or reconnects one that was cut off, and lets it join.
    pub(crate) fn join(&mut self, node: NodeId, name: &str) -> Result<(), Breach> {
        self.join_with(node, name, None)
    }

    /// Lets a node join that runs something for which nobody asked.
    fn join_with(&mut self, node: NodeId, name: &str, rogue: Option<String>) -> Result<(), Breach> {
        self.world.tick(self.now);
        let known = self.known_life(node);
        let machine = self.world.machine(name);
        let was_in_contact = machine.is_in_contact();
        machine.boot(known);
        machine.stops_at = None;
        machine.link = Link::Whole;
        rogue.into_iter().for_each(|rogue| machine.go_rogue(rogue));
        let incarnation = Incarnation::new(machine.incarnation());
        if !was_in_contact {
            self.world.jobs.retain(|job| job.effect.node != name || job.is_fence());
        }
        let running = self.listed(name);
        self.feed(Input::node_joined(node, incarnation, running)).map(|_| ())
    }

    /// Restarts the agent of a node in its life, and lets it list what the node runs.
    fn recount(&mut self, node: NodeId, name: &str) -> Result<(), Breach> {
        let machine = self.world.machine(name);
        if !machine.is_in_contact() {
            return Ok(());
        }
        machine.lose_memory();
        let incarnation = Incarnation::new(machine.incarnation());
        let running = self.listed(name);
        self.feed(Input::node_inventory(node, incarnation, running).into()).map(|_| ())
    }

    /// Returns the list that the agent of a node gives.
    fn listed(&mut self, name: &str) -> Vec<Running> {
        let machine = self.world.machine(name);
        // Agents report the states they know, report only that a resource runs, or leave out
        // resources that are starting.
        let manner = self.seen.last_operation.value();
        let listed = machine.inventory().into_iter().filter_map(|(name, state)| {
            let resource = self.cluster.spec().resource_id(&name)?;
            match manner % 3 {
                0 => Some(Running::new(resource, state)),
                1 if state == RunningState::Starting && !machine.runs(&name) => None,
                _ => Some(resource.into()),
            }
        });
        listed.collect()
    }

    /// Returns the life of a node that the cluster knows.
    fn known_life(&self, node: NodeId) -> u64 {
        self.cluster.state().node(node).map_or(0, |of| of.incarnation().value())
    }
}
