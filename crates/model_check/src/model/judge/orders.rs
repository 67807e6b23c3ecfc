//! Judges each operation at the moment when the cluster asks for it.

use quorate::Effect;
use quorate::machine::{NodeState, ResourceState};
use quorate::state::OperationKind;
use quorate_testkit::Breach;

use super::Step;
use crate::model::declare::{self, HORIZON, dependent_of, group_of, members, provider_of};
use crate::model::rule::ensure;
use crate::model::state::Live;
use crate::model::world::Order;

impl Step<'_> {
    pub(super) fn effect(&mut self, effect: &Effect) -> Result<(), Breach> {
        let order = Order::of(effect);
        ensure!(
            order.id > self.world.diary.last_operation,
            S11,
            "operation {} after {}",
            order.id,
            self.world.diary.last_operation
        );
        self.world.diary.last_operation = order.id;
        let is_finite = effect.deadline > self.now && effect.deadline.since(self.now) <= HORIZON;
        ensure!(is_finite, S11, "{effect:?} at {}", self.now);
        let node = effect.node.index();
        ensure!(
            effect.incarnation.value() == self.seen.lives[node],
            S7,
            "{effect:?} is for another life than {}",
            self.seen.lives[node]
        );
        match effect.resource {
            None => self.fence(effect)?,
            Some(resource) => self.operation(effect, node, resource.index())?,
        }
        self.seen.live.push(Live { order, deadline: effect.deadline });
        Ok(())
    }

    /// Judges a fence: it needs a quorum, a node that is lost or cannot be cleaned, and room in the
    /// budget.
    fn fence(&mut self, effect: &Effect) -> Result<(), Breach> {
        let node = effect.node.index();
        ensure!(self.seen.is_quorate, S5, "{effect:?} without quorum");
        ensure!(self.seen.nodes[node] != NodeState::Down, S26, "{effect:?} of a node that is off");
        let is_again = self.live().any(|other| other.is_fence() && usize::from(other.node) == node);
        ensure!(!is_again, S10, "{effect:?} a second time");
        self.world.diary.fences[node] += 1;
        let count = self.world.diary.fences[node];
        let is_allowed = declare::fence_limit(&self.after.cluster).is_none_or(|most| count <= most);
        ensure!(is_allowed, S26, "{effect:?} is fence {count}");
        let is_doubtful = members(1).into_iter().any(|resource| {
            self.seen.resources[resource] == ResourceState::InDoubt
                && self.seen.owners[1] == Some(effect.node)
                || self.seen.has_orphan(node, resource)
        });
        let is_needed = self.seen.nodes[node] == NodeState::Unclean || is_doubtful;
        ensure!(is_needed, S26, "{effect:?}, which is {}", self.seen.nodes[node]);
        Ok(())
    }

    fn operation(&self, effect: &Effect, node: usize, resource: usize) -> Result<(), Breach> {
        let group = group_of(resource);
        let is_start = effect.action == OperationKind::Start;
        // A change of owner is reported in its epoch; the epoch of an owner known to be off is not.
        let epochs = self.seen.epochs[group]..=self.new.epochs[group];
        let is_present = epochs.contains(&effect.epoch.value());
        ensure!(is_present, S7, "{effect:?} in epoch {epochs:?}");
        for other in self.live().filter(|other| usize::from(other.resource) == resource) {
            let is_apart = !is_start && usize::from(other.node) != node;
            ensure!(is_apart, S10, "{effect:?} while {other:?} is in flight");
        }
        let state = self.seen.nodes[node];
        ensure!(state.is_member(), S16, "{effect:?} on a node that is {state}");
        if self.seen.has_orphan(node, resource) {
            return self.operation_on_orphan(effect, node, resource);
        }
        let owner = self.seen.owners[group];
        ensure!(owner == Some(effect.node), S16, "{effect:?}, the owner is {owner:?}");
        match effect.action {
            OperationKind::Start => self.start(effect, node, resource),
            OperationKind::Stop => {
                let dependent = dependent_of(resource);
                let is_free = dependent.is_none_or(|id| !self.seen.resources[id].may_run());
                ensure!(is_free, S3, "{effect:?} before r{dependent:?}");
                Ok(())
            }
            OperationKind::Terminate
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe
            | OperationKind::Fence
            | OperationKind::Inventory => Ok(()),
            other => unimplemented!("{other:?}"),
        }
    }

    /// Judges an operation on a resource that runs in the wrong place: it may only be stopped
    /// there, dependents first.
    fn operation_on_orphan(
        &self,
        effect: &Effect,
        node: usize,
        resource: usize,
    ) -> Result<(), Breach> {
        let is_stop = matches!(effect.action, OperationKind::Stop | OperationKind::Terminate);
        ensure!(is_stop, S27, "{effect:?} for what should not run there");
        let dependent = dependent_of(resource);
        let is_free = effect.action != OperationKind::Stop
            || dependent.is_none_or(|dependent| !self.seen.has_orphan(node, dependent));
        ensure!(is_free, S3, "{effect:?} before r{dependent:?}");
        Ok(())
    }

    fn start(&self, effect: &Effect, node: usize, resource: usize) -> Result<(), Breach> {
        let group = group_of(resource);
        ensure!(self.seen.is_quorate, S5, "{effect:?} without quorum");
        let state = self.seen.nodes[node];
        ensure!(state == NodeState::Up, S16, "{effect:?} on a node that is {state}");
        ensure!(!self.seen.is_moving[group], S4, "{effect:?} while its group moves away");
        if let Some(provider) = provider_of(resource) {
            let state = self.seen.resources[provider];
            ensure!(state == ResourceState::Online, S2, "{effect:?}: r{provider} is {state}");
        }
        let elsewhere = self.seen.group_may_run_on(group) & !(1 << node);
        ensure!(elsewhere == 0, S4, "{effect:?} while it may run on {elsewhere:#b}");
        let really = self.world.spread(group) & !(1 << node);
        ensure!(really == 0, S9, "{effect:?} while it really runs on {really:#b}");
        let late = self.world.orders.as_slice().iter().find(|order| {
            order.kind == OperationKind::Start
                && usize::from(order.node) != node
                && members(group).contains(&usize::from(order.resource))
                && !self.world.machines[usize::from(order.node)].refuses(order)
        });
        ensure!(late.is_none(), S9, "{effect:?} while {late:?} is on its way");
        Ok(())
    }
}
