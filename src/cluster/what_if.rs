//! What would happen: the same code on a copy.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Cluster, Command, DeadlineReason, Input, InputError, Outcome, Output, Reason};
use crate::id::{Ids, Naming, NodeId, OpId};
use crate::machine::GroupState;
use crate::state::OperationKind;
use crate::time::Timestamp;

/// What would come of some inputs if every operation succeeded at once.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(bound = "")]
pub struct Plan<N: Naming = Ids> {
    /// The groups that would change their owner or their state, or that should be online and would
    /// not be.
    pub groups: Vec<PlannedGroup<N>>,
    /// What would be asked for, in order; health checks are left out.
    pub operations: Vec<PlannedOperation<N>>,
    /// Whether the plan is whole.
    pub end: PlanEnd,
}

/// What would become of a group.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(bound = "")]
pub struct PlannedGroup<N: Naming = Ids> {
    /// The group.
    pub group: N::Group,
    /// Its owner now.
    pub from: Option<N::Node>,
    /// Its owner then.
    pub to: Option<N::Node>,
    /// Its state then.
    pub state: GroupState,
    /// Why it would not be online, if it should be.
    pub why: Option<Reason<N>>,
}

/// One operation of a plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(bound = "")]
pub struct PlannedOperation<N: Naming = Ids> {
    /// What would be asked for.
    pub action: OperationKind,
    /// Where; for a fence, whom.
    pub node: N::Node,
    /// The resource; `None` for a fence.
    pub resource: Option<N::Resource>,
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanEnd {
    /// Nothing was left to do but to wait.
    Settled,
    /// It was cut off after very many operations.
    CutOff,
}

impl Cluster {
    /// What would come of these inputs, one after the other at the present time, if every
    /// operation succeeded at once. Nothing changes.
    ///
    /// Waits that end by themselves (restart delays, leases, start delays, the wait for a
    /// preferred owner) are sat out; retries, failback windows and probes are not.
    ///
    /// # Errors
    ///
    /// The first input that would not be accepted; a change of configuration is never.
    pub fn what_if(&self, inputs: impl IntoIterator<Item = Input>) -> Result<Plan, InputError> {
        let mut fork = Rehearsal::new(self);
        fork.run();
        fork.operations.clear();
        for input in inputs {
            if let Input::Command(Command::Configure { .. } | Command::EvictNode { .. }) = input {
                return Err(InputError::ConfigurationInWhatIf);
            }
            let now = fork.cluster.state.now;
            fork.cluster.handle(now, input)?;
            fork.run();
        }
        Ok(fork.plan(self))
    }
}

/// A copy of a cluster on which every operation succeeds.
struct Rehearsal {
    cluster: Cluster,
    operations: Vec<PlannedOperation>,
    answers: VecDeque<(OpId, Outcome)>,
    steps_left: usize,
}

impl Rehearsal {
    fn new(original: &Cluster) -> Self {
        let mut cluster = original.clone();
        cluster.outputs.clear();
        let answers = cluster
            .outstanding()
            .map(|effect| (effect.operation, outcome(effect.action)))
            .collect();
        let resources = cluster.spec.resources().len();
        Self {
            cluster,
            operations: Vec::new(),
            answers,
            steps_left: resources.saturating_mul(8).saturating_add(10_000),
        }
    }

    /// Answers operations and sits out waits until nothing is left to do.
    fn run(&mut self) {
        loop {
            self.drain();
            let now = self.cluster.state.now;
            let Some(steps_left) = self.steps_left.checked_sub(1) else { return };
            self.steps_left = steps_left;
            if let Some((operation, outcome)) = self.answers.pop_front() {
                let report = Input::OperationFinished { operation, outcome };
                // An operation that another answer made superfluous is not outstanding any more.
                let _ = self.cluster.handle(now, report);
            } else if let Some(at) = self.next_wait() {
                self.cluster.handle_timeout(at);
            } else {
                return;
            }
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.cluster.poll_output() {
            let Output::Effect(effect) = output else { continue };
            self.answers.push_back((effect.operation, outcome(effect.action)));
            match effect.action {
                OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {}
                OperationKind::Start
                | OperationKind::Stop
                | OperationKind::Terminate
                | OperationKind::Probe
                | OperationKind::Fence => self.operations.push(PlannedOperation {
                    action: effect.action,
                    node: effect.node,
                    resource: effect.resource,
                }),
            }
        }
    }

    /// The end of the next wait that is part of what is going on.
    fn next_wait(&self) -> Option<Timestamp> {
        let deadlines = self.cluster.caches.agenda.iter();
        deadlines
            .filter(|(_, slot)| {
                self.cluster.deadline_reason(*slot).is_some_and(|reason| match reason {
                    DeadlineReason::Restart { .. }
                    | DeadlineReason::FenceRetry { .. }
                    | DeadlineReason::LeaseEnd { .. }
                    | DeadlineReason::StartDelay { .. }
                    | DeadlineReason::PreferredOwnerWait { .. } => true,
                    DeadlineReason::OperationTimeout { .. }
                    | DeadlineReason::HealthCheck { .. }
                    | DeadlineReason::Retry { .. }
                    | DeadlineReason::Probe { .. }
                    | DeadlineReason::Failback { .. }
                    | DeadlineReason::OrphanRetry { .. } => false,
                })
            })
            .map(|(at, _)| at)
            .min()
    }

    fn plan(self, before: &Cluster) -> Plan {
        let then = &self.cluster;
        let groups = before.spec.groups().filter_map(|(group, declared)| {
            let found = then.spec.group_id(declared.name())?;
            let (from, to) = (before.state.owner(group), then.state.owner(found));
            let state = then.state.group_state(&then.spec, found);
            let why = then.why(found);
            let name = |cluster: &Cluster, node: Option<NodeId>| {
                node.and_then(|node| {
                    cluster.spec.node(node).map(|of| alloc::string::String::from(of.name()))
                })
            };
            let is_same = name(before, from) == name(then, to)
                && state == before.state.group_state(&before.spec, group)
                && why.is_none();
            (!is_same).then_some(PlannedGroup { group, from, to, state, why })
        });
        Plan {
            groups: groups.collect::<Vec<PlannedGroup>>(),
            operations: self.operations,
            end: if self.steps_left == 0 { PlanEnd::CutOff } else { PlanEnd::Settled },
        }
    }
}

fn outcome(kind: OperationKind) -> Outcome {
    match kind {
        OperationKind::Probe => Outcome::NotRunning,
        OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Terminate
        | OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Fence => Outcome::Succeeded,
    }
}
