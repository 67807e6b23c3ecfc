//! Judges every operation that the core asks for, and finds what must never happen.
//!
//! Promises are named by their numbers: see `testkit`.

use super::{Asked, GroundTruth, Running, Told};
use quorate::cluster::Effect;
use quorate::state::OperationKind;
use quorate::{Epoch, GroupId, NodeId, ResourceId};
use quorate_testkit::{Breach, ensure};

impl GroundTruth {
    /// Checks an operation that the core asks for and hands it to its agent.
    ///
    /// # Errors
    ///
    /// Fails if the operation is something that must never happen.
    pub fn ask(&mut self, effect: &Effect) -> Result<Asked, Breach> {
        ensure!(
            S11,
            effect.operation > self.last_operation,
            "operation {} after {}",
            effect.operation,
            self.last_operation
        );
        self.last_operation = effect.operation;
        match (effect.action, effect.resource) {
            (OperationKind::Fence, _) => self.ask_fence(effect.node),
            (OperationKind::Start, Some(resource)) => self.ask_start(effect, resource),
            (OperationKind::Stop | OperationKind::Terminate, Some(resource)) => {
                self.ask_stop(effect, resource)
            }
            (OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive, Some(resource)) => {
                self.begin(effect, resource, None)
            }
            (OperationKind::Inventory, _) => Err(Breach::apparatus(format!(
                "{} is asked what it runs, and nothing was declared",
                effect.node
            ))),
            (OperationKind::Probe, Some(resource)) => Err(Breach::apparatus(format!(
                "{resource} is in doubt, and every agent has answered"
            ))),
            (action, Some(_)) => {
                Err(Breach::apparatus(format!("operation {} is a {action}", effect.operation)))
            }
            (_, None) => {
                Err(Breach::apparatus(format!("operation {} without resource", effect.operation)))
            }
        }
    }

    fn ask_fence(&self, node: NodeId) -> Result<Asked, Breach> {
        ensure!(S5, self.is_quorate, "fence of {node} without quorum");
        let told = self.nodes.get(node.index()).map(|node| node.told);
        ensure!(S26, told == Some(Told::Lost), "fence of {node}, which is not lost: {told:?}");
        Ok(Asked::Begun)
    }

    fn ask_start(&mut self, effect: &Effect, resource: ResourceId) -> Result<Asked, Breach> {
        let node = effect.node;
        let (Some(of), Some(host)) =
            (self.resources.get(resource.index()), self.nodes.get(node.index()))
        else {
            return Err(Breach::apparatus(format!(
                "start of {resource} on {node}, which is not declared"
            )));
        };
        let Some(group) = self.groups.get(of.group) else {
            return Err(Breach::apparatus(format!("{resource} is in no group")));
        };
        ensure!(S5, self.is_quorate, "start of {resource} on {node} without quorum");
        ensure!(
            S16,
            host.told == Told::Member,
            "start of {resource} on {node}, which is {:?}",
            host.told
        );
        ensure!(
            S4,
            group.active == 0 || group.node == Some(node),
            "start of {resource} on {node}; its group is on {:?}",
            group.node
        );
        ensure!(
            S9,
            group.node.is_none_or(|old| old == node) || !group.needs_proof,
            "start of {resource} on {node}; nobody knows that {:?} is off",
            group.node
        );
        ensure!(
            S1,
            of.running == Running::Off,
            "start of {resource} on {node}, which is {:?} on {:?}",
            of.running,
            group.node
        );
        for clause in &of.clauses {
            let holds = clause.iter().any(|member| {
                self.resources.get(*member).is_some_and(|of| of.running == Running::On)
            });
            ensure!(S2, holds, "start of {resource} on {node} without any of {clause:?}");
        }
        self.begin(effect, resource, Some(Running::Starting))
    }

    fn ask_stop(&mut self, effect: &Effect, resource: ResourceId) -> Result<Asked, Breach> {
        let Some(of) = self.resources.get(resource.index()) else {
            return Err(Breach::apparatus(format!("stop of {resource}, which is not declared")));
        };
        // A resource that died serves no dependent any more, even one that still runs.
        let is_dead = of.running == Running::Off;
        for dependent in of.dependents.iter().filter(|_| !is_dead) {
            let running = self.resources.get(*dependent).map(|of| of.running);
            ensure!(
                S3,
                running == Some(Running::Off) || self.holds_without(*dependent, resource),
                "stop of {resource} while {} is {running:?}",
                ResourceId::from_index(*dependent)
            );
        }
        self.begin(effect, resource, Some(Running::Stopping))
    }

    /// Tells whether everything that a resource needs runs even without another resource.
    fn holds_without(&self, dependent: usize, without: ResourceId) -> bool {
        let runs = |member: &usize| {
            *member != without.index()
                && self.resources.get(*member).is_some_and(|of| of.running == Running::On)
        };
        self.resources
            .get(dependent)
            .is_some_and(|of| of.clauses.iter().all(|clause| clause.iter().any(runs)))
    }

    /// Hands an operation to the agent of its node.
    fn begin(
        &mut self,
        effect: &Effect,
        resource: ResourceId,
        running: Option<Running>,
    ) -> Result<Asked, Breach> {
        let (Some(of), Some(host)) =
            (self.resources.get_mut(resource.index()), self.nodes.get(effect.node.index()))
        else {
            return Err(Breach::apparatus(format!(
                "operation on {resource}, which is not declared"
            )));
        };
        let Some(group) = self.groups.get_mut(of.group) else {
            return Err(Breach::apparatus(format!("{resource} is in no group")));
        };
        ensure!(
            S7,
            effect.epoch >= group.epoch,
            "epoch {} of {resource} after {}",
            effect.epoch,
            group.epoch
        );
        let moved = group.node.is_some_and(|old| old != effect.node);
        ensure!(
            S7,
            !moved || effect.epoch > group.epoch,
            "{resource} on another node in the same epoch {}",
            effect.epoch
        );
        ensure!(
            S10,
            of.operation.is_none(),
            "operation {} on {resource} beside {:?}",
            effect.operation,
            of.operation
        );
        group.epoch = effect.epoch;
        if group.active == 0 {
            group.node = Some(effect.node);
            // It is unknown how far a dead node got with the operation.
            group.needs_proof = !host.is_powered;
        }
        if !host.is_powered {
            return Ok(Asked::Unheard);
        }
        ensure!(
            S7,
            effect.incarnation == host.incarnation,
            "{resource} in life {} of {}, which is in {}",
            effect.incarnation,
            effect.node,
            host.incarnation
        );
        of.operation = Some(effect.operation);
        if let Some(running) = running {
            if of.running == Running::Off {
                group.active = group.active.saturating_add(1);
            }
            if of.running == Running::On && of.is_wanted {
                group.up = group.up.saturating_sub(1);
            }
            of.running = running;
        }
        Ok(Asked::Begun)
    }

    /// Checks a change of owner that the core reports for a group.
    ///
    /// # Errors
    ///
    /// Fails if the change is something that must never happen.
    pub fn change_owner(&mut self, group: GroupId, epoch: Epoch) -> Result<(), Breach> {
        ensure!(S5, self.is_quorate, "{group} changes its owner without quorum");
        let Some(of) = self.groups.get_mut(group.index()) else {
            return Err(Breach::apparatus(format!("{group} is not declared")));
        };
        ensure!(S7, epoch > of.epoch, "owner of {group} in epoch {epoch} after {}", of.epoch);
        ensure!(S4, of.active == 0, "{group} changes its owner while it runs on {:?}", of.node);
        Ok(())
    }
}
