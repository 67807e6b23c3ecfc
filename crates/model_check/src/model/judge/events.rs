//! Judges each event at the moment when the cluster reports it.

use quorate::NodeId;
use quorate::cluster::{Event, Outcome};
use quorate::machine::{NodeState, ResourceState};
use quorate::state::{MovementCause, OperationKind};
use quorate_testkit::Breach;

use super::Step;
use crate::model::declare::{FAILOVERS, GROUPS, RESTARTS, group_of, members};
use crate::model::machine::Place;
use crate::model::rule::ensure;
use crate::model::seen::orphan_bit;
use crate::model::state::Stimulus;

impl Step<'_> {
    pub(super) fn event(&mut self, event: &Event) -> Result<(), Breach> {
        match event {
            Event::NodeChanged { node, from, to, .. } => {
                let known = self.seen.nodes[node.index()];
                ensure!(known == *from && from.can_become(*to), S33, "{event:?} after {known}");
                if *to == NodeState::Down {
                    self.went_down(node.index())?;
                }
            }
            Event::ResourceChanged { resource, from, to, .. } => {
                self.resource_changed(event, resource.index(), *from, *to)?;
            }
            Event::OwnerChanged { .. } | Event::MoveStarted { .. } => self.ownership(event)?,
            Event::RestartScheduled { resource, .. } => {
                let count = &mut self.world.diary.restarts[resource.index()];
                *count += 1;
                ensure!(*count <= RESTARTS, S15, "{event:?} is restart {count}");
            }
            Event::OperationTimedOut { operation, .. } => {
                let live = self.seen.end(operation.value());
                let is_due = live.is_some_and(|live| live.deadline <= self.now);
                ensure!(is_due, S12, "{event:?} at {}, {live:?}", self.now);
                self.silent = live
                    .filter(|live| !live.order.is_fence())
                    .map(|live| (usize::from(live.order.resource), live.order.kind));
            }
            Event::OperationSuperseded { operation, .. } => {
                let live = self.seen.end(operation.value());
                ensure!(live.is_some(), S12, "{event:?}, which had ended");
            }
            Event::OrphanGone { resource, node, .. } => {
                self.world.diary.rogues &= !orphan_bit(*node, *resource);
            }
            _ => {}
        }
        Ok(())
    }

    /// Judges a node that is reported off: this must be proved, and the proof must be true.
    fn went_down(&mut self, node: usize) -> Result<(), Breach> {
        let is_fenced = self.answer.is_some_and(|(order, outcome)| {
            order.is_fence() && usize::from(order.node) == node && outcome == Outcome::Succeeded
        });
        let known = self.old.lives[node];
        let is_reborn = matches!(
            self.stimulus,
            Stimulus::Joined { node: joined, life, .. }
                if usize::from(joined) == node && u64::from(life) > known
        );
        ensure!(is_fenced || is_reborn, S26, "n{node} is off by {:?}", self.stimulus);
        let machine = &self.world.machines[node];
        let is_true = !machine.is_powered || u64::from(machine.life()) > known;
        ensure!(is_true, S9, "n{node} counts as off and runs on");
        for group in 0..GROUPS {
            self.bereft[group] |= self.seen.owners[group] == Some(NodeId::from_index(node));
        }
        Ok(())
    }

    /// Judges the change of a resource: the table must allow it, only certain inputs end doubt, and
    /// nothing is adopted.
    fn resource_changed(
        &mut self,
        event: &Event,
        resource: usize,
        from: ResourceState,
        to: ResourceState,
    ) -> Result<(), Breach> {
        let known = self.seen.resources[resource];
        ensure!(known == from && from.can_become(to), S33, "{event:?} after {known}");
        if let Some((_, kind)) = self.silent.take_if(|(silent, _)| *silent == resource) {
            let is_doubt = to == ResourceState::InDoubt || kind == OperationKind::Terminate;
            ensure!(is_doubt, S13, "{event:?} after a {kind} that was not answered");
        }
        let answer = self
            .answer
            .filter(|(order, _)| usize::from(order.resource) == resource)
            .map(|(order, outcome)| (order.kind, outcome));
        let owner = self.seen.owners[group_of(resource)].map(NodeId::index);
        let is_rejoin = matches!(
            self.stimulus,
            Stimulus::Joined { node, .. } if Some(usize::from(node)) == owner
        );
        if from == ResourceState::InDoubt {
            let is_fenced = self.answer.is_some_and(|(order, outcome)| {
                order.is_fence()
                    && Some(usize::from(order.node)) == owner
                    && outcome == Outcome::Succeeded
            });
            let is_right = match to {
                ResourceState::Online => is_rejoin,
                ResourceState::Offline => {
                    answer == Some((OperationKind::Probe, Outcome::NotRunning))
                        || is_rejoin
                        || is_fenced
                }
                ResourceState::Failed => {
                    answer == Some((OperationKind::Terminate, Outcome::Succeeded))
                }
                _ => false,
            };
            ensure!(is_right, S13, "{event:?} by {:?}", self.stimulus);
        }
        if to == ResourceState::Online {
            let is_started = answer == Some((OperationKind::Start, Outcome::Succeeded));
            let is_recognised = from == ResourceState::InDoubt && self.is_recognised(resource);
            let really = owner.map(|node| self.world.machines[node].places[resource]);
            let is_real = matches!(really, Some(Place::Running | Place::Rogue));
            ensure!(is_real || !is_recognised, S2, "{event:?}, and really it is {really:?}");
            ensure!(is_started || is_recognised, S27, "{event:?} by {:?}", self.stimulus);
        }
        Ok(())
    }

    /// Tells whether the lost owner has just come back in its old life and runs the resource.
    fn is_recognised(&self, resource: usize) -> bool {
        let Stimulus::Joined { node, life, running } = self.stimulus else { return false };
        let before = &self.old;
        let node = usize::from(node);
        before.lives[node] == u64::from(life)
            && before.nodes[node] == NodeState::Unclean
            && running >> resource & 1 == 1
    }

    /// Judges a change of owner: it needs a quorum, a group that cannot run anywhere, a new owner
    /// that is up, a new epoch, and a failover left in the budget.
    fn ownership(&mut self, event: &Event) -> Result<(), Breach> {
        let is_evicted = matches!(
            event,
            Event::OwnerChanged { to: None, cause: MovementCause::Configuration, .. }
        );
        ensure!(self.seen.is_quorate || is_evicted, S5, "{event:?} without quorum");
        match event {
            Event::OwnerChanged { group, from, to, epoch, proof, .. } => {
                let index = group.index();
                ensure!(self.seen.owners[index] == *from, S33, "{event:?}");
                ensure!(epoch.value() > self.seen.epochs[index], S7, "{event:?}");
                ensure!(!self.seen.may_run(index), S9, "{event:?} while it may run");
                let is_off = from.is_some_and(|node| {
                    let state = self.seen.nodes[node.index()];
                    state == NodeState::Down
                });
                let is_member = from.is_none_or(|node| self.seen.nodes[node.index()].is_member());
                let is_right = if proof.is_some() { is_off } else { is_member };
                ensure!(is_right, S9, "{event:?} has the wrong proof");
                let is_up = to.is_none_or(|node| self.seen.nodes[node.index()] == NodeState::Up);
                ensure!(is_up, S16, "{event:?} to a node that is not up");
                for resource in members(index) {
                    self.world.diary.restarts[resource] = 0;
                }
            }
            Event::MoveStarted { group, from, cause, .. } => {
                let index = group.index();
                ensure!(self.seen.owners[index] == Some(*from), S33, "{event:?}");
                let is_new = !self.seen.is_moving[index];
                if is_new && *cause == MovementCause::ResourceFailure {
                    self.world.diary.failovers[index] += 1;
                    let count = self.world.diary.failovers[index];
                    ensure!(count <= FAILOVERS, S14, "{event:?} is failover {count}");
                }
            }
            _ => {}
        }
        Ok(())
    }
}
