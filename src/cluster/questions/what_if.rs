//! Answers what would happen: the code of the cluster runs on a copy.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::cluster::Cluster;
use crate::cluster::questions::forecast::{
    Fate, Forecast, ForecastBlocked, ForecastDrain, ForecastEnd, ForecastGroup, ForecastOperation,
};
use crate::cluster::words::{
    DeadlineReason, Effect, Event, Input, KeptOutputs, NamedInputError, Output,
};
use crate::id::{GroupId, Names, Naming, NodeId, OpId};
use crate::machine::GroupState;
use crate::spec::{ClusterSpec, GroupSpec, NodeSpec};
use crate::state::{DrainStatus, OperationKind, Outcome};
use crate::time::Timestamp;

impl Cluster {
    /// Returns the consequences of these inputs if they came now, and every operation succeeded
    /// then. Nothing changes.
    ///
    /// The rehearsal begins in the present: the inputs are taken one after the other at the present
    /// time, exactly as [`handle`](Self::handle) would take them, before any operation in flight
    /// has gone on. So each input is accepted or refused as it would be now. Then every operation
    /// in flight goes on and succeeds, and so does everything that follows from it.
    ///
    /// Probes are not answered, for nobody knows what they find: those that would still be in
    /// flight are listed in [`Forecast::unanswered`], and what they ask about stays in doubt. Nodes
    /// that are asked what they run answer that they run no resource that was declared just now.
    ///
    /// The plan waits for everything that ends by itself: delays of restarts, starts and further
    /// fences, leases, the wait for a preferred owner, and the waits of groups for groups of higher
    /// priority. It does not wait for retries, failback windows, probes and health checks, but
    /// those that are due by the end of a wait are done then.
    ///
    /// Names are those of the configuration that is in force when the input has its turn: after a
    /// [`Configure`](crate::cluster::Command::Configure) an input may name what that one declares.
    /// [`ClusterSpec::named`] turns ids into names.
    ///
    /// # Errors
    ///
    /// The first input that names a thing that is not declared, or that would not be accepted.
    pub fn what_if(
        &self,
        inputs: impl IntoIterator<Item = Input<Names>>,
    ) -> Result<Forecast, NamedInputError> {
        let mut fork = Rehearsal::new(self);
        if seeded!(RehearsalFromRest) {
            fork.run();
            fork.operations.clear();
        }
        for input in inputs {
            fork.hand_in(input)?;
        }
        fork.run();
        Ok(fork.plan(self))
    }
}

/// A copy of a cluster on which every operation succeeds.
struct Rehearsal {
    cluster: Cluster,
    operations: Vec<ForecastOperation>,
    /// The drains that have begun or ended.
    drains: Vec<ForecastDrain>,
    /// The groups that stay on the node whose drain is about to end.
    blocked: Vec<ForecastBlocked>,
    answers: VecDeque<(OpId, Answer)>,
    steps_left: usize,
}

impl Rehearsal {
    /// Returns a rehearsal that begins with a copy of a cluster. The outputs that wait there are
    /// dropped, and the operations in flight are to be answered.
    pub(crate) fn new(original: &Cluster) -> Self {
        let mut cluster = original.clone();
        cluster.store.keep_outputs(KeptOutputs::All);
        cluster.store.forget_outputs();
        let answers = cluster.outstanding().filter_map(|effect| answer(&effect)).collect();
        let steps_left = steps(cluster.store.spec()).saturating_add(10_000);
        Self {
            cluster,
            operations: Vec::new(),
            drains: Vec::new(),
            blocked: Vec::new(),
            answers,
            steps_left,
        }
    }

    fn hand_in(&mut self, input: Input<Names>) -> Result<(), NamedInputError> {
        let before = self.cluster.store.shared_spec();
        let input = before.resolve(input)?;
        let now = self.cluster.store.state().now;
        self.cluster.handle(now, input).map_err(|error| before.named(error))?;
        // The resources that a new configuration adds take steps of their own.
        let more = steps(self.cluster.store.spec()).saturating_sub(steps(&before));
        if self.steps_left > 0 {
            self.steps_left = self.steps_left.saturating_add(more);
        }
        self.drain();
        Ok(())
    }

    /// Answers operations and sits out waits until nothing is left to do.
    fn run(&mut self) {
        loop {
            self.drain();
            let now = self.cluster.store.state().now;
            let Some(steps_left) = self.steps_left.checked_sub(1) else { return };
            self.steps_left = steps_left;
            if let Some((operation, answer)) = self.answers.pop_front() {
                // An operation that another answer made superfluous is not outstanding any more.
                if let Some(report) = self.report(operation, answer) {
                    let _ = self.cluster.handle(now, report);
                }
            } else if let Some(at) = self.next_wait() {
                self.cluster.handle_timeout(at);
            } else {
                return;
            }
        }
    }

    fn report(&self, operation: OpId, answer: Answer) -> Option<Input> {
        match answer {
            Answer::Outcome(outcome) => Some(Input::OperationFinished { operation, outcome }),
            Answer::Nothing => {
                let effect = self
                    .cluster
                    .facts()
                    .effect_of(self.cluster.store.index().outstanding.target(operation)?)?;
                let Effect { node, incarnation, .. } = effect;
                let (running, operation) = (Vec::new(), Some(operation));
                Some(Input::NodeInventory { node, incarnation, running, operation })
            }
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.cluster.poll_named_output() {
            let effect = match output {
                Output::Effect(effect) => effect,
                Output::Event(event) => {
                    self.follow_drain(event);
                    continue;
                }
            };
            self.answers.extend(answer(&effect));
            match effect.action {
                OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {}
                OperationKind::Start
                | OperationKind::Stop
                | OperationKind::Terminate
                | OperationKind::Probe
                | OperationKind::Fence
                | OperationKind::Inventory => {
                    self.operations.push(ForecastOperation::of(effect));
                }
            }
        }
    }

    /// Notes how a drain ends. The groups that stay are named right before its end.
    fn follow_drain(&mut self, event: Event<Names>) {
        if let Event::DrainChanged { node, status } = event {
            self.drains.retain(|drain| drain.node != node);
            let blocked = core::mem::take(&mut self.blocked);
            self.drains.push(ForecastDrain { node, status, blocked });
        } else if let Event::DrainBlocked { group, because, .. } = event {
            self.blocked.push(ForecastBlocked { group, because });
        }
    }

    /// Returns the end of the next wait that the plan includes, even if something else is due at
    /// that node or group before.
    fn next_wait(&self) -> Option<Timestamp> {
        let slots = self.cluster.store.index().agenda.iter().map(|(_, slot)| slot);
        let deadlines = slots.flat_map(|slot| self.cluster.view().deadlines(slot));
        deadlines
            .filter(|(_, reason)| match reason {
                DeadlineReason::Restart { .. }
                | DeadlineReason::FenceRetry { .. }
                | DeadlineReason::LeaseEnd { .. }
                | DeadlineReason::StartDelay { .. }
                | DeadlineReason::PreferredOwnerWait { .. }
                | DeadlineReason::DrainWait { .. } => true,
                // Its end matters only if a group waits for its turn.
                DeadlineReason::PriorityWait { group } => {
                    self.cluster.facts().keeps_turn_waiting(*group)
                }
                DeadlineReason::OperationTimeout { .. }
                | DeadlineReason::HealthCheck { .. }
                | DeadlineReason::Retry { .. }
                | DeadlineReason::Probe { .. }
                | DeadlineReason::Failback { .. }
                | DeadlineReason::OrphanRetry { .. } => false,
            })
            .map(|(at, _)| at)
            .min()
    }

    fn plan(self, before: &Cluster) -> Forecast {
        let then = &self.cluster;
        let declared = then.store.spec().groups();
        let changed = declared.filter_map(|(group, of)| planned(before, then, group, of));
        let gone = before
            .store
            .spec()
            .groups()
            .filter(|(_, of)| then.store.spec().group_id(of.name()).is_none());
        let removed = gone.map(|(group, of)| ForecastGroup {
            group: of.name().to_string(),
            fate: Fate::Removed,
            from: name_of(before.store.spec(), before.store.state().owner(group)),
            to: None,
            state: GroupState::Offline,
            why: None,
        });
        Forecast {
            groups: changed.chain(removed).collect(),
            drains: drains(then, &self.drains),
            operations: self.operations,
            unanswered: then
                .outstanding()
                .filter(|effect| effect.action == OperationKind::Probe)
                .map(|effect| ForecastOperation::of(then.store.spec().named(effect)))
                .collect(),
            end: if self.steps_left == 0 { ForecastEnd::CutOff } else { ForecastEnd::Settled },
        }
    }
}

/// Returns the drains at the end of a plan, given those that have begun or ended in it.
fn drains(then: &Cluster, told: &[ForecastDrain]) -> Vec<ForecastDrain> {
    let nodes = then.store.spec().nodes();
    let drains = nodes.filter_map(|(node, declared)| {
        let name = declared.name();
        let status = then.store.state().node(node)?.drain.status;
        match status {
            DrainStatus::NotInitiated => None,
            DrainStatus::InProgress => {
                Some(ForecastDrain { node: name.to_string(), status, blocked: Vec::new() })
            }
            DrainStatus::Completed | DrainStatus::Failed => {
                told.iter().find(|drain| drain.node == name).cloned()
            }
        }
    });
    drains.collect()
}

/// Returns the consequences for a group that is declared then; `None` if there are none.
fn planned(
    before: &Cluster,
    then: &Cluster,
    group: GroupId,
    declared: &GroupSpec,
) -> Option<ForecastGroup> {
    let known = before.store.spec().group_id(declared.name());
    let was = known.map(|known| before.store.state().group_state(before.store.spec(), known));
    let from =
        known.and_then(|known| name_of(before.store.spec(), before.store.state().owner(known)));
    let to = name_of(then.store.spec(), then.store.state().owner(group));
    let state = then.store.state().group_state(then.store.spec(), group);
    let why = then.why(group);
    let is_same = was == Some(state) && from == to && why.is_none();
    (!is_same).then(|| ForecastGroup {
        group: declared.name().to_string(),
        fate: known.map_or(Fate::Added, |_| Fate::Kept),
        from,
        to,
        state,
        why: then.store.spec().named(why),
    })
}

fn name_of(spec: &ClusterSpec, node: Option<NodeId>) -> Option<String> {
    node.and_then(|node| spec.node(node)).map(NodeSpec::name).map(String::from)
}

/// Returns a number of steps that every plan which ends stays below.
fn steps(spec: &ClusterSpec) -> usize {
    spec.resources().len().saturating_mul(8)
}

/// How an operation ends in a rehearsal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Answer {
    Outcome(Outcome),
    /// A node says that it runs nothing that was unknown.
    Nothing,
}

/// Returns how an operation ends in a rehearsal; `None` if nobody can say.
fn answer<N: Naming>(effect: &Effect<N>) -> Option<(OpId, Answer)> {
    let outcome = match effect.action {
        OperationKind::Inventory => return Some((effect.operation, Answer::Nothing)),
        OperationKind::Probe => return None,
        OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Terminate
        | OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Fence => Outcome::Succeeded,
    };
    Some((effect.operation, Answer::Outcome(outcome)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Life;
    use crate::id::Incarnation;
    use crate::policy::Ring;
    use crate::settings::Fencing;
    use crate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};

    /// Checks that a plan waits for everything that is part of it, and says that it came to an end.
    #[test]
    fn a_plan_waits_for_a_lease_and_settles() {
        let duration = core::time::Duration::from_secs(30);
        let spec = ClusterDeclaration::new("c")
            .node("a")
            .node("b")
            .node("c")
            .fencing(Fencing::Lease { duration, margin: duration })
            .group(
                GroupDeclaration::new("sql")
                    .preferred_owners(["a", "b"])
                    .resource(ResourceDeclaration::new("db", "Generic Service")),
            )
            .build()
            .expect("it is valid");
        let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        for node in ["a", "b", "c"] {
            let node = cluster.spec().node_id(node).expect("a declared node");
            let join =
                Input::NodeJoined { node, incarnation: Incarnation::new(1), running: Vec::new() };
            assert_eq!(cluster.handle(Timestamp::ZERO, join), Ok(()));
        }
        let plan = cluster
            .what_if([Input::NodeLost { node: "a".into(), incarnation: Life::Known }])
            .expect("a member");
        assert_eq!(plan.end, ForecastEnd::Settled);
        let [sql] = plan.groups.as_slice() else { panic!("one group moves: {plan:?}") };
        assert_eq!((sql.from.as_deref(), sql.to.as_deref()), (Some("a"), Some("b")));
        assert_eq!(sql.state, GroupState::Online);
    }
}
