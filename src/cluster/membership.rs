//! Nodes that come, go, get lost and are fenced; and quorum, which follows from them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::orphan_index::is_any_on;
use super::output::{Effect, Event, Output};
use super::outstanding::Target;
use super::{Cluster, Outcome, Running, RunningState};
use crate::id::{Epoch, GroupId, Incarnation, NodeId, ResourceId};
use crate::machine::{NodeEvent, NodeState, ResourceEvent, ResourceState};
use crate::quorum::{self, Ballot};
use crate::settings::{ColdStart, DesiredState, Fencing, NoQuorum};
use crate::spec::GroupSpec;
use crate::state::{
    Attraction, Doubt, DownProof, LateStart, Operation, OperationKind, Pause, Recovery, Turn,
};
use crate::time::Timestamp;

impl Cluster {
    /// The membership layer took a node in, with what it runs.
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
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        record.incarnation = incarnation;
        record.attraction = Attraction::Open;
        if !is_same_life {
            self.free_in_new_life(node);
        }
        for listed in running {
            if !self.runs_by_right(node, listed.resource) && !seeded!(OrphanAdopted) {
                self.find_orphan(node, *listed);
            }
        }
        self.note_listed(node);
        self.step_node(node, NodeEvent::Joined);
    }

    /// What was asked for while a node was lost was asked of the owner to be: it is this one.
    fn keep_orders(&mut self, node: NodeId) {
        for group in self.groups_owned_by(node) {
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                record.ordered_in = record.ordered_in.map(|epoch| epoch.min(record.epoch));
            }
            self.review_room(group);
        }
    }

    /// Whether a resource is known to run on this node as its owner.
    pub(crate) fn runs_by_right(&self, node: NodeId, resource: ResourceId) -> bool {
        let group = self.spec.resource(resource).map(crate::spec::ResourceSpec::group);
        group.is_some_and(|group| self.state.owner(group) == Some(node))
            && self.state.resource_state(resource).may_run()
    }

    /// A lost node is back in the same life: what it owns and lists may run there.
    ///
    /// It counts as online only if it was, and nothing was asked of it that may still be under
    /// way. Everything else that is listed is to be terminated: a start that was given up may
    /// still end, a stop may be running. What is not listed is off, unless the start of it was
    /// never answered: that may still come to pass.
    fn recognise(&mut self, node: NodeId, running: &[Running]) {
        let running: BTreeMap<ResourceId, RunningState> =
            running.iter().map(|listed| (listed.resource, listed.state)).collect();
        for resource in self.resources_owned_by(node) {
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

    /// Notes what is to be done about a resource in doubt.
    pub(crate) fn set_doubt(&mut self, resource: ResourceId, doubt: Doubt) {
        if let Some(record) = self.state.resources.get_mut(resource.index()) {
            record.doubt = doubt;
        }
        self.note_doubt(resource);
        self.touch_resource(resource);
    }

    /// A node is no longer heard from.
    pub(crate) fn lose(&mut self, node: NodeId) {
        if self.spec.settings().fencing == Fencing::Trusted {
            self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Trusted);
            return;
        }
        for resource in self.resources_owned_by(node) {
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

    /// It is certain that a node runs nothing.
    pub(crate) fn node_off(&mut self, node: NodeId, event: NodeEvent, proof: DownProof) {
        for resource in self.resources_owned_by(node) {
            self.supersede(resource);
            self.step_resource(resource, ResourceEvent::ConfirmedOff);
            self.end_left(resource);
        }
        let orphans: Vec<ResourceId> =
            self.state.orphans_on(node).map(|(resource, _)| resource).collect();
        for resource in orphans {
            self.forget_orphan(node, resource);
        }
        for group in self.groups_owned_by(node) {
            if let Some(record) = self.state.groups.get_mut(group.index()) {
                // With the owner goes what was asked of it.
                record.epoch = record.epoch.next();
                self.caches.note_count(record.epoch.value());
                record.return_to = None;
                let is_bound_nowhere = record.movement.is_some_and(|of| of.to.is_none());
                if is_bound_nowhere {
                    // There is nothing left to take off the node.
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
        }
        self.step_node(node, event);
    }

    /// A node that is down already is off on better proof.
    pub(crate) fn vouch(&mut self, node: NodeId, proof: DownProof) {
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.proof = proof;
        }
    }

    /// A report speaks of a later life of a node: the one that was known is over, and nothing was
    /// ever asked of the node in the later one.
    pub(crate) fn end_known_life(
        &mut self,
        node: NodeId,
        incarnation: Incarnation,
        proof: DownProof,
    ) {
        if self.state.node_state(node) != NodeState::Down {
            self.node_off(node, NodeEvent::ConfirmedDown, proof);
        }
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.incarnation = incarnation;
            record.proof = proof;
        }
    }

    pub(crate) fn groups_owned_by(&self, node: NodeId) -> Vec<GroupId> {
        self.state
            .occupancy
            .groups_on(node)
            .filter(|group| self.state.owner(*group) == Some(node))
            .collect()
    }

    pub(crate) fn resources_owned_by(&self, node: NodeId) -> Vec<ResourceId> {
        self.groups_owned_by(node)
            .into_iter()
            .filter_map(|group| self.spec.group(group))
            .flat_map(GroupSpec::resources)
            .collect()
    }

    /// Acts on a node that was touched: admits, fences, cleans it, or counts it as off.
    pub(crate) fn settle_node(&mut self, node: NodeId) {
        let state = self.state.node_state(node);
        let is_shut_out = seeded!(FencedNodeShutOut)
            && self.state.node(node).is_some_and(|record| record.proof == DownProof::Fenced);
        let is_clean = self.state.orphans_on(node).next().is_none();
        if state == NodeState::Joining && is_clean && !is_shut_out {
            let pause = self.state.node(node).map_or(Pause::Resumed, |record| record.pause);
            self.step_node(
                node,
                match pause {
                    Pause::Resumed => NodeEvent::Admitted,
                    Pause::Requested => NodeEvent::AdmittedPaused,
                },
            );
            self.try_on_admitted_node(node);
        }
        let lease_end = self.state.lease_end(&self.spec, node);
        if lease_end.is_some_and(|at| at <= self.state.now) {
            self.node_off(node, NodeEvent::ConfirmedDown, DownProof::LeaseExpired);
        }
        self.expire_fence(node);
        if self.wants_fence(node) {
            self.fence(node);
        }
        self.inquire(node);
        self.clean(node);
        self.schedule_node(node);
    }

    fn try_on_admitted_node(&mut self, node: NodeId) {
        if self.state.node_state(node) != NodeState::Up {
            return;
        }
        let spec = Arc::clone(&self.spec);
        for group in self.groups_owned_by(node) {
            if let Some(declared) = spec.group(group) {
                self.try_on_admitted(declared);
            }
        }
    }

    /// Whether a fence would help: something may run on a lost node, or a resource of which the
    /// declaration says so could not be stopped.
    pub(crate) fn wants_fence(&self, node: NodeId) -> bool {
        let Some(record) = self.state.node(node) else { return false };
        if !self.state.is_quorate() || record.fence.operation.is_some() {
            return false;
        }
        match record.state {
            NodeState::Down => false,
            NodeState::Unclean => {
                self.spec.settings().fencing == Fencing::Required
                    && (self.may_run_something(node)
                        || self.owns_what_is_wanted(node)
                        || self.holds_up_what_is_wanted(node))
            }
            NodeState::Joining | NodeState::Up | NodeState::Paused => self.has_fatal_doubt(node),
        }
    }

    /// Whether a group waits for this node to be off.
    fn owns_what_is_wanted(&self, node: NodeId) -> bool {
        self.state.occupancy.groups_on(node).any(|group| {
            self.state.owner(group) == Some(node)
                && self.spec.group(group).is_some_and(|declared| self.is_wanted(declared, group))
        })
    }

    /// Whether anything may run on a node, owned or not.
    pub(crate) fn may_run_something(&self, node: NodeId) -> bool {
        self.first_that_may_run(node).is_some()
    }

    /// The first resource that runs or may run on a node: what should not run there, then what it
    /// owns.
    pub(crate) fn first_that_may_run(&self, node: NodeId) -> Option<ResourceId> {
        let orphan = self.state.orphans_on(node).map(|(resource, _)| resource).next();
        let own = || {
            let groups = self.state.occupancy.groups_on(node);
            let running = groups.filter(|group| {
                self.state.owner(*group) == Some(node) && self.caches.running(*group) > 0
            });
            let mut resources =
                running.filter_map(|group| self.spec.group(group)).flat_map(GroupSpec::resources);
            resources.find(|resource| self.state.resource_state(*resource).may_run())
        };
        orphan.or_else(own)
    }

    fn has_fatal_doubt(&self, node: NodeId) -> bool {
        self.caches.orphans.is_fatal_to(node) || is_any_on(&self.caches.fatal_doubts, node)
    }

    /// Asks for a fence, within the budget.
    fn fence(&mut self, node: NodeId) {
        let now = self.state.now;
        let settings = self.spec.settings();
        let (threshold, period) = (settings.fence_threshold, settings.fence_period);
        let Some(record) = self.state.nodes.get_mut(node.index()) else { return };
        if record.fence.retry_at.is_some_and(|at| at > now) {
            return;
        }
        let budget = record.fence.attempts.budget(now, threshold, period);
        if budget.remaining == 0 && !seeded!(FenceWithoutEnd) {
            record.fence.retry_at = budget.renews_at;
            return;
        }
        record.fence.attempts.record(now, period);
        record.fence.retry_at = None;
        let id = self.next_operation();
        let kind = OperationKind::Fence;
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.fence.operation = Some(Operation { id, kind, issued_at: now, progress_at: now });
        }
        self.caches.outstanding.push(id, Target::Node(node));
        if let Some(effect) = self.fence_effect(node) {
            self.outputs.push_back(Output::Effect(effect));
        }
        if seeded!(FenceNotAwaited) {
            self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Fenced);
        }
    }

    pub(crate) fn fence_effect(&self, node: NodeId) -> Option<Effect> {
        let record = self.state.node(node)?;
        let operation = record.fence.operation?;
        let deadline = self.fence_end(operation);
        Some(Effect {
            operation: operation.id,
            action: operation.kind,
            node,
            resource: None,
            group: None,
            epoch: Epoch::default(),
            incarnation: record.incarnation,
            deadline,
            timeout: deadline.since(self.state.now),
        })
    }

    /// When a fence counts as not answered.
    pub(crate) fn fence_end(&self, fence: Operation) -> Timestamp {
        let timeout = self.spec.settings().fence_timeout;
        self.state.not_while_resuming(fence.issued_at.after(timeout))
    }

    pub(crate) fn finish_fence(&mut self, node: NodeId, outcome: Outcome) {
        match outcome {
            Outcome::Succeeded => {
                self.close_fence(node);
                self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Fenced);
            }
            Outcome::Failed
            | Outcome::FailedForGood
            | Outcome::TimedOut
            | Outcome::Running
            | Outcome::NotRunning => {
                self.fail_fence(node);
            }
        }
    }

    fn expire_fence(&mut self, node: NodeId) {
        if let Some(effect) = self.fence_effect(node)
            && effect.deadline <= self.state.now
        {
            self.emit(effect.timed_out());
            if seeded!(FenceTimeoutIsOff) {
                self.close_fence(node);
                self.node_off(node, NodeEvent::ConfirmedDown, DownProof::Fenced);
                return;
            }
            self.fail_fence(node);
        }
    }

    /// An attempt that failed or was not answered confirms nothing.
    fn fail_fence(&mut self, node: NodeId) {
        self.close_fence(node);
        let retry_at = self.state.now.after(self.spec.settings().fence_retry_delay);
        if let Some(record) = self.state.nodes.get_mut(node.index()) {
            record.fence.retry_at = Some(retry_at);
        }
        self.emit(Event::FenceFailed { node, retry_at: Some(retry_at) });
        self.caches.touched.add_node(node);
    }

    fn close_fence(&mut self, node: NodeId) -> Option<Operation> {
        let record = self.state.nodes.get_mut(node.index())?;
        let operation = record.fence.operation.take()?;
        self.caches.outstanding.remove(operation.id);
        Some(operation)
    }

    fn supersede_fence(&mut self, node: NodeId) {
        if let Some(effect) = self.fence_effect(node) {
            self.close_fence(node);
            self.emit(effect.superseded());
        }
    }

    /// The cluster forms: what is not to start by itself waits for an operator.
    fn hold_back_at_cold_start(&mut self) {
        for ((_, declared), record) in self.spec.groups().zip(&mut self.state.groups) {
            if declared.settings().cold_start == ColdStart::DontStart {
                record.desired = DesiredState::Offline;
            }
        }
        let spec = Arc::clone(&self.spec);
        for (group, _) in spec.groups() {
            self.review_room(group);
        }
    }

    /// Quorum was gained: what is off, or is being stopped for want of it, comes up together.
    fn take_turns(&mut self) {
        let is_stopped = self.spec.settings().no_quorum == NoQuorum::Stop;
        for (record, running) in self.state.groups.iter_mut().zip(&self.caches.running) {
            if is_stopped || *running == 0 {
                record.turn = Turn::Awaited;
            }
        }
    }

    /// Judges quorum anew, and touches everything if the verdict is another one.
    pub(crate) fn judge_quorum(&mut self) {
        let membership = self.caches.membership;
        if membership.members == 0 {
            // The next quorum forms the cluster anew.
            self.state.formed_at = None;
        }
        let settings = self.spec.settings();
        let verdict = quorum::judge(
            settings.quorum,
            &Ballot {
                members: usize::try_from(membership.members).unwrap_or(usize::MAX),
                present: membership.votes,
                total: membership.total_votes,
                witness: self.state.witness,
                witness_weight: settings.witness_weight,
            },
        );
        if verdict.is_quorate() == self.state.is_quorate() {
            return;
        }
        let now = self.state.now;
        self.state.quorate_since = verdict.is_quorate().then_some(now);
        if verdict.is_quorate() && self.state.formed_at.is_none() {
            self.state.formed_at = Some(now);
            self.hold_back_at_cold_start();
        }
        if verdict.is_quorate() {
            self.take_turns();
        }
        self.emit(Event::QuorumChanged { verdict });
        let spec = Arc::clone(&self.spec);
        for (group, _) in spec.groups() {
            self.touch(group);
        }
        for (node, _) in spec.nodes() {
            if self.state.node_state(node) != NodeState::Down {
                self.caches.touched.add_node(node);
            }
        }
    }
}
