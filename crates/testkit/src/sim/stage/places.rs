//! Acts on machines and their resources, and the reports of membership and operators about them.

use crate::Breach;
use crate::machine::{Link, Right};
use quorate::cluster::{Command, Life, Run, Running};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::Fencing;
use quorate::state::{DownProof, OperationKind};
use quorate::{Incarnation, Input, NodeId, OpId, ResourceId};

use super::{Done, Stage};
use crate::sim::act::{About, News, Report, Truth};
use crate::sim::world::{Key, Machine, Op};

impl Stage {
    pub(super) fn power_off(&mut self, node: Key) -> Done {
        match self.world.machine_mut(node).filter(|machine| machine.is_powered) {
            Some(machine) => machine.crash(),
            None => return Done::No,
        }
        Done::Yes
    }

    pub(super) fn power_on(&mut self, node: Key) -> Done {
        let known = self.known_life(node);
        match self.world.machine_mut(node).filter(|machine| !machine.is_powered) {
            Some(machine) => machine.boot(known),
            None => return Done::No,
        }
        Done::Yes
    }

    /// Returns the life in which the cluster knows a node.
    fn known_life(&self, node: Key) -> u64 {
        let record = self.node(node).and_then(|id| self.cluster().state().node(id));
        record.map_or(0, |record| record.incarnation().value())
    }

    /// Returns the present or last life of a machine.
    fn present_life(&self, node: Key) -> Incarnation {
        let life = self.world.machine(node).map_or(0, |machine| machine.incarnation());
        Incarnation::new(life.max(self.known_life(node)))
    }

    pub(super) fn freeze(&mut self, node: Key) -> Done {
        match self.world.machine_mut(node).filter(|of| of.is_powered && !of.is_frozen) {
            Some(machine) => machine.is_frozen = true,
            None => return Done::No,
        }
        self.begin_lease(node);
        Done::Yes
    }

    pub(super) fn thaw(&mut self, node: Key) -> Done {
        match self.world.machine_mut(node).filter(|of| of.is_powered && of.is_frozen) {
            Some(machine) => machine.is_frozen = false,
            None => return Done::No,
        }
        self.end_lease(node);
        Done::Yes
    }

    pub(super) fn connect(&mut self, node: Key, link: Link) -> Done {
        match self.world.machine_mut(node).filter(|machine| machine.link != link) {
            Some(machine) => machine.link = link,
            None => return Done::No,
        }
        match link {
            Link::Whole => self.end_lease(node),
            Link::Cut | Link::Deaf | Link::Mute => self.begin_lease(node),
        }
        Done::Yes
    }

    /// Notes that contact is lost; under a lease the time of the node starts to run.
    fn begin_lease(&mut self, node: Key) {
        let (now, fencing) = (self.now, self.cluster().spec().settings().fencing);
        if let Some(machine) = self.world.machine_mut(node) {
            machine.lose_contact(now, fencing);
        }
    }

    /// Notes that contact is back; the lease is renewed only if the node was not given up
    /// meanwhile.
    fn end_lease(&mut self, node: Key) {
        let is_member = self.is_member(node);
        if let Some(machine) = self.world.machine_mut(node)
            && is_member
            && machine.is_in_contact()
        {
            machine.stops_at = None;
        }
    }

    pub(crate) fn state_of(&self, node: Key) -> Option<NodeState> {
        self.node(node).map(|id| self.cluster().state().node_state(id))
    }

    pub(crate) fn is_member(&self, node: Key) -> bool {
        self.state_of(node).is_some_and(NodeState::is_member)
    }

    /// Tells whether the cluster knows the present life of a node.
    pub(crate) fn is_known_life(&self, node: Key) -> bool {
        let machine = self.world.machine(node).filter(|machine| !machine.must_begin_a_life());
        machine.map(|machine| machine.incarnation()) == Some(self.known_life(node))
    }

    /// Reports the loss of a node that is not heard. If membership vouches for its reports, the
    /// node is off by then.
    pub(super) fn lost(&mut self, node: Key) -> Result<Done, Breach> {
        let Some(id) = self.node(node).filter(|_| self.is_member(node)) else {
            return Ok(Done::No);
        };
        let is_trusted = self.cluster().spec().settings().fencing == Fencing::Trusted;
        let is_even = self.world.is_even_session(node);
        let Some(machine) = self.world.machine_mut(node).filter(|of| !of.is_in_contact()) else {
            return Ok(Done::No);
        };
        if is_trusted {
            machine.crash();
        }
        // Membership may have heard it in a later life, and lost it before it reported that.
        let incarnation = match is_even {
            true => self.present_life(node),
            false => Incarnation::new(self.known_life(node)),
        };
        self.tell(Input::node_lost(id, incarnation))
    }

    /// Reports the join of a node that is heard and not known to membership in this life.
    pub(super) fn joined(&mut self, node: Key) -> Result<Done, Breach> {
        let Some(id) = self.node(node) else { return Ok(Done::No) };
        if self.is_member(node) && self.is_known_life(node) {
            return Ok(Done::No);
        }
        let known = self.known_life(node);
        let Some(machine) = self.world.machine_mut(node).filter(|of| of.is_in_contact()) else {
            return Ok(Done::No);
        };
        machine.boot(known);
        let incarnation = Incarnation::new(machine.incarnation());
        let running = self.listed(node);
        let done = self.tell(Input::node_joined(id, incarnation, running))?;
        if let Some(machine) = self.world.machine_mut(node).filter(|_| done == Done::Yes) {
            machine.note_joined();
        }
        Ok(done)
    }

    /// Returns what a node lists. Some agents report the state of each resource, others only that
    /// it runs.
    fn listed(&self, node: Key) -> Vec<Running> {
        let is_told = self.world.is_even_session(node);
        let inventory = self.world.machine(node).map(Machine::inventory).unwrap_or_default();
        let of = |(key, state)| {
            let resource = self.book.resource_id(key)?;
            Some(if is_told { Running::new(resource, state) } else { resource.into() })
        };
        inventory.into_iter().filter_map(of).collect()
    }

    /// Reports a join in an earlier life, or in one that a fence has ended. Skipped if the node may
    /// come back in its known life, because then the report would be valid.
    pub(super) fn stale_join(&mut self, node: Key, lives_ago: u64) -> Result<Done, Breach> {
        let Some(id) = self.node(node) else { return Ok(Done::No) };
        let Some(life) = self.known_life(node).checked_sub(lives_ago).filter(|life| *life > 0)
        else {
            return Ok(Done::No);
        };
        let is_over = lives_ago > 0 || self.is_member(node) || self.is_ended(node);
        if !is_over {
            return Ok(Done::No);
        }
        let incarnation = Incarnation::new(life);
        self.feed(Input::node_joined(id, incarnation, Vec::new()))?.ok();
        Ok(Done::Yes)
    }

    /// Delivers a report on an earlier life of a node, which is now in another one.
    pub(super) fn late_news(
        &mut self,
        node: Key,
        news: News,
        lives_ago: u64,
    ) -> Result<Done, Breach> {
        let Some(id) = self.node(node) else { return Ok(Done::No) };
        let Some(life) = self.known_life(node).checked_sub(lives_ago).filter(|_| lives_ago > 0)
        else {
            return Ok(Done::No);
        };
        let incarnation = Incarnation::new(life);
        self.feed(match news {
            News::Left => Input::node_left(id, incarnation),
            News::Lost => Input::node_lost(id, incarnation),
            News::Fenced => Input::node_fenced(id, incarnation),
            News::ConfirmedDown => Input::node_confirmed_down(id, incarnation),
        })?
        .ok();
        Ok(Done::Yes)
    }

    /// Tells whether a node is off and its life is known to have ended.
    pub(crate) fn is_ended(&self, node: Key) -> bool {
        let record = self.node(node).and_then(|id| self.cluster().state().node(id));
        record.is_some_and(|record| {
            record.state() == NodeState::Down
                && matches!(record.proof(), DownProof::Fenced | DownProof::Rebooted)
        })
    }

    pub(super) fn left(&mut self, node: Key) -> Result<Done, Breach> {
        let Some(id) = self.node(node).filter(|_| self.is_member(node)) else {
            return Ok(Done::No);
        };
        match self.world.machine_mut(node).filter(|machine| machine.is_heard()) {
            Some(machine) => machine.halt(),
            None => return Ok(Done::No),
        }
        let incarnation = self.present_life(node);
        self.tell(Input::node_left(id, incarnation))
    }

    pub(super) fn fenced(&mut self, node: Key) -> Result<Done, Breach> {
        let Some(id) = self.node(node) else { return Ok(Done::No) };
        if self.state_of(node) == Some(NodeState::Down) {
            return Ok(Done::No);
        }
        self.power_off(node);
        let incarnation = self.present_life(node);
        self.tell(Input::node_fenced(id, incarnation))
    }

    pub(super) fn confirmed_down(&mut self, node: Key, truth: Truth) -> Result<Done, Breach> {
        let Some(id) = self.node(node) else { return Ok(Done::No) };
        match (self.state_of(node), truth) {
            (Some(NodeState::Unclean), _) | (Some(NodeState::Down), Truth::True) => {}
            _ => return Ok(Done::No),
        }
        if truth == Truth::True {
            self.power_off(node);
        }
        let done = self.tell(Input::node_confirmed_down(id, Life::Known))?;
        if done == Done::Yes && truth == Truth::False {
            self.disown_node(node);
        }
        Ok(done)
    }

    /// Restarts the agents of a machine without their memory.
    pub(super) fn forget(&mut self, node: Key) -> Done {
        match self.world.machine_mut(node).filter(|of| of.is_powered && !of.is_frozen) {
            Some(machine) => machine.lose_memory(),
            None => return Done::No,
        }
        Done::Yes
    }

    /// Restarts the agents of a member, which then report what runs there.
    pub(super) fn recount(&mut self, node: Key) -> Result<Done, Breach> {
        let Some(id) = self.node(node) else { return Ok(Done::No) };
        let is_here = self.world.machine(node).is_some_and(Machine::is_in_contact);
        if !is_here || !self.is_member(node) || !self.is_known_life(node) {
            return Ok(Done::No);
        }
        if let Some(machine) = self.world.machine_mut(node) {
            machine.lose_memory();
        }
        let running = self.listed(node);
        let incarnation = Incarnation::new(self.known_life(node));
        self.tell(Input::node_inventory(id, incarnation, running).into())
    }

    pub(super) fn rogue(&mut self, node: Key, resource: Key) -> Done {
        let Some(machine) = self.world.machine_mut(node).filter(|machine| {
            machine.is_powered && !machine.is_frozen && machine.state_of(&resource).is_none()
        }) else {
            return Done::No;
        };
        machine.go_rogue(resource);
        Done::Yes
    }

    pub(super) fn kill(&mut self, node: Key, resource: Key) -> Done {
        let Some(machine) = self.world.machine_mut(node).filter(|of| of.runs(&resource)) else {
            return Done::No;
        };
        machine.kill(&resource);
        Done::Yes
    }

    pub(super) fn report(&mut self, report: Report) -> Result<Done, Breach> {
        let Report { node, resource: key, is_alive, lives_ago, about } = report;
        let (Some(on), Some(resource)) = (self.node(node), self.book.resource_id(key)) else {
            return Ok(Done::No);
        };
        let run = match about {
            About::Unnamed => Run::Present,
            About::ThisRun => self.world.machine(node).and_then(|of| of.run(&key)).into(),
            About::RunBefore => match self.run_before(key, resource) {
                Some(start) => Run::Of(start),
                None => return Ok(Done::No),
            },
        };
        let incarnation = Incarnation::new(self.known_life(node).saturating_sub(lives_ago));
        self.feed(match is_alive {
            true => Input::resource_alive(resource, on, incarnation).of_run(run).into(),
            false => Input::resource_failed(resource, on, incarnation).of_run(run).into(),
        })?
        .ok();
        Ok(Done::Yes)
    }

    /// Returns the last start of a resource before that of its present run.
    fn run_before(&self, key: Key, resource: ResourceId) -> Option<OpId> {
        let present = self.cluster().state().resource(resource)?.run();
        let is_start = |op: &&Op| op.resource == Some(key) && op.action() == OperationKind::Start;
        let mut starts = self.ops.iter().rev().filter(is_start).map(|op| op.task.operation);
        starts.find(|start| present.is_none_or(|present| *start < present))
    }

    /// Lets an operator clear the failures of a resource. If it is in doubt, this confirms that it
    /// is off.
    pub(super) fn clear(&mut self, resource: Key, truth: Truth) -> Result<Done, Breach> {
        let Some(id) = self.book.resource_id(resource) else { return Ok(Done::No) };
        let is_in_doubt = self.cluster().state().resource_state(id) == ResourceState::InDoubt;
        let owner = self.owner_of(id).map(|node| self.book.node(node));
        let command = Command::clear_resource_failure(id);
        let done = self.tell(Input::Command(command))?;
        if let Some(owner) = owner.filter(|_| is_in_doubt && done == Done::Yes) {
            self.given_word(owner, resource, truth);
        }
        Ok(done)
    }

    fn owner_of(&self, resource: ResourceId) -> Option<NodeId> {
        let declared = self.cluster().spec().resource(resource)?;
        self.cluster().state().owner(declared.group())
    }

    /// Applies an operator's confirmation that a copy in doubt is off: a true one kills the copy,
    /// after a false one no promise covers it any more.
    fn given_word(&mut self, node: Key, resource: Key, truth: Truth) {
        for op in self.ops.iter_mut() {
            if op.node == node && op.resource == Some(resource) {
                op.right = Right::Rogue;
            }
        }
        let Some(machine) = self.world.machine_mut(node) else { return };
        match truth {
            Truth::True => machine.kill(&resource),
            Truth::False => machine.disown(&resource),
        }
    }
}
