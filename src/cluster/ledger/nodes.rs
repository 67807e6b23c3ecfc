//! Nodes that join, are lost or are off.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cluster::index::work::NodeChange;
use crate::cluster::ledger::Ledger;
use crate::cluster::words::{Event, Running, RunningState, StateRule, StateSubject};
use crate::id::{GroupId, Incarnation, NodeId, ResourceId};
use crate::machine::{NodeEvent, NodeState, ResourceEvent, ResourceState, Transition};
use crate::settings::Fencing;
use crate::state::{Doubt, DownProof, FailbackTarget, HomeWait, LateStart, Recovery, Turn};

impl Ledger<'_> {
    /// Takes in that a node joined, and which resources it runs.
    pub(crate) fn join(&mut self, node: NodeId, incarnation: Incarnation, running: &[Running]) {
        let Some(record) = self.state.node(node) else { return };
        let is_same_life = record.incarnation == incarnation;
        match record.state {
            NodeState::Unclean if is_same_life => {
                self.keep_orders(node);
                self.recognise(node, running);
            }
            NodeState::Joining | NodeState::Up | NodeState::Paused | NodeState::Unclean => {
                self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Rebooted);
            }
            NodeState::Down => {}
        }
        self.begin_life(node, incarnation);
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        record.attraction = FailbackTarget::Open;
        for listed in running {
            if !self.facts().runs_by_right(node, listed.resource) && !seeded!(OrphanAdopted) {
                self.find_orphan(node, *listed);
            }
        }
        self.note_listed(node);
        self.step_node(node, NodeEvent::Joined);
    }

    /// Makes the orders that were given while a node was lost orders for that node, since it keeps
    /// its groups.
    fn keep_orders(&mut self, node: NodeId) {
        let groups: Vec<GroupId> = self.facts().groups_owned_by(node).collect();
        for group in groups {
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                record.ordered_in = record.ordered_in.map(|epoch| epoch.min(record.epoch));
            }
            self.review_room(group);
        }
    }

    /// Takes in what a lost node runs that is back in the same life.
    ///
    /// A resource that is listed counts as online only if it was online and no operation on it may
    /// still be under way. Every other resource that is listed is to be terminated: a start that
    /// was given up may still end, and a stop may be running. A resource that is not listed is off,
    /// unless a start of it was never answered: such a start may still happen.
    fn recognise(&mut self, node: NodeId, running: &[Running]) {
        let running: BTreeMap<ResourceId, RunningState> =
            running.iter().map(|listed| (listed.resource, listed.state)).collect();
        for resource in self.facts().resources_owned_by(node) {
            let Some(record) = self.state.resource(resource) else { continue };
            if record.state != ResourceState::InDoubt {
                continue;
            }
            let was_online = record.doubt == Doubt::WasOnline || seeded!(ListedIsOnline);
            match (running.get(&resource), record.late_start) {
                (Some(state), _) if was_online && !state.is_pending() => {
                    self.set_recovery(resource, Recovery::None);
                    self.step_resource(resource, ResourceEvent::FoundRunning);
                    self.note_alive(resource);
                }
                (None, LateStart::Impossible) => {
                    self.step_resource(resource, ResourceEvent::ConfirmedOff);
                    self.note_alive(resource);
                }
                (Some(_), LateStart::Possible | LateStart::Impossible)
                | (None, LateStart::Possible)
                    if record.doubt == Doubt::Left => {}
                (Some(_), LateStart::Possible | LateStart::Impossible)
                | (None, LateStart::Possible) => {
                    self.set_doubt(resource, Doubt::ToTerminate);
                }
            }
        }
        let gone: Vec<ResourceId> = self
            .state
            .orphans_on(node)
            .map(|(resource, _)| resource)
            .filter(|resource| !running.contains_key(resource))
            .collect();
        for resource in gone {
            self.forget_orphan(node, resource);
        }
    }

    /// Takes in that a node is lost.
    pub(crate) fn lose(&mut self, node: NodeId) {
        if self.spec.settings().fencing == Fencing::Trusted {
            self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Trusted);
            return;
        }
        for resource in self.facts().resources_owned_by(node) {
            self.supersede(resource);
            self.step_resource(resource, ResourceEvent::NodeLost);
            if self.state.resource(resource).is_some_and(|of| of.doubt == Doubt::ToTerminate) {
                self.set_doubt(resource, Doubt::Open);
            }
        }
        let orphans: Vec<ResourceId> =
            self.state.orphans_on(node).map(|(resource, _)| resource).collect();
        for resource in orphans {
            self.doubt_orphan(node, resource);
        }
        self.supersede_inquiry(node);
        self.step_node(node, NodeEvent::Lost);
    }

    /// Takes in that a node certainly runs nothing.
    pub(crate) fn node_off(&mut self, node: NodeId, event: NodeEvent, proof: DownProof) {
        for resource in self.facts().resources_owned_by(node) {
            self.supersede(resource);
            self.step_resource(resource, ResourceEvent::ConfirmedOff);
            self.end_left(resource);
        }
        let orphans: Vec<ResourceId> =
            self.state.orphans_on(node).map(|(resource, _)| resource).collect();
        for resource in orphans {
            self.forget_orphan(node, resource);
        }
        let groups: Vec<GroupId> = self.facts().groups_owned_by(node).collect();
        for group in groups {
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                // Orders that were given for the owner end with it.
                record.epoch = record.epoch.next();
                self.index.note_count(record.epoch.value());
                record.return_to = None;
                let is_bound_nowhere = record.movement.is_some_and(|of| of.to.is_none());
                if is_bound_nowhere {
                    // There is nothing left to stop on the node.
                    self.abandon_move(group);
                }
            }
            self.review_room(group);
        }
        self.supersede_fence(node);
        self.supersede_inquiry(node);
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.proof = proof;
            record.fence.retry_at = None;
            if !seeded!(AttributesOutliveLife) {
                record.attributes.clear();
            }
        }
        self.step_node(node, event);
    }

    /// Notes a better proof that a node is off, for a node that is down already.
    pub(crate) fn vouch(&mut self, node: NodeId, proof: DownProof) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.proof = proof;
        }
    }

    /// Ends the life of a node that was known, because a report is about a later life. Nothing was
    /// ever asked of the node in the later life.
    pub(crate) fn end_known_life(
        &mut self,
        node: NodeId,
        incarnation: Incarnation,
        proof: DownProof,
    ) {
        if self.state.node_state(node) != NodeState::Down {
            self.node_off(node, NodeEvent::ConfirmedDown, proof);
        }
        self.begin_life(node, incarnation);
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.proof = proof;
        }
    }

    /// Notes another value of an attribute of a node. What runs stays where it is; a policy may
    /// let groups go to the node that had nowhere to go before.
    pub(crate) fn set_attribute(&mut self, node: NodeId, name: String, value: i64) {
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        record.attributes.keep(&name, value);
        self.emit(Event::NodeAttributeChanged { node, name, value });
        self.touch_awaiting();
        self.index.touched.add_changed_node(node, NodeChange::Groups);
    }

    /// Changes the state of a node. No other function does.
    pub(crate) fn step_node(&mut self, node: NodeId, event: NodeEvent) {
        let (now, input) = (self.state.now, self.state.inputs);
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        let to = match record.state.next(event) {
            Transition::To(to) => to,
            Transition::Ignored => return,
            Transition::Forbidden => {
                return self.note_fault(StateSubject::Node(node), StateRule::ForbiddenChange);
            }
        };
        let from = core::mem::replace(&mut record.state, to);
        record.since = now;
        if to == NodeState::Up {
            record.up_in_input = input;
        }
        let weight = self.spec.node(node).map_or(0, |declared| u64::from(declared.vote_weight()));
        self.index.membership.count(from, to, weight);
        if from.is_member() && self.index.membership.members == 0 {
            // The next quorum forms the cluster anew.
            for group in &mut self.state.groups {
                group.home_wait = HomeWait::Possible;
            }
        }
        self.file_silent(node);
        self.emit(Event::NodeChanged { node, from, to });
        if to == NodeState::Up {
            self.take_turns_on(node);
        }
        self.index.touched.add_node(node);
        self.touch_groups_on(node);
        // A member may be the preferred owner that a group waits for, and a paused node may be the
        // last node that can take a group.
        self.touch_awaiting();
        self.index.touched.add_changed_node(node, NodeChange::State);
        self.judge_quorum();
    }

    /// Lets the groups come up together that are off on a node that comes up or is resumed.
    fn take_turns_on(&mut self, node: NodeId) {
        let is_off = |group: &GroupId| self.index.running(*group) == 0;
        let groups: Vec<GroupId> = self.facts().groups_owned_by(node).filter(is_off).collect();
        for group in groups {
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                record.turn = Turn::Awaited;
            }
        }
    }
}
