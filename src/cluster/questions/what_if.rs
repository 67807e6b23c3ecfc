//! Answers what would happen: the code of the cluster runs on a copy.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::cluster::Cluster;
use crate::cluster::words::{
    DeadlineReason, Effect, Input, KeptOutputs, NamedInputError, Output, Reason,
};
use crate::id::{GroupId, Names, Naming, NodeId, OpId};
use crate::machine::GroupState;
use crate::spec::{ClusterSpec, GroupSpec, NodeSpec};
use crate::state::{OperationKind, Outcome};
use crate::time::Timestamp;

crate::form::strictly_read! { "Forecast"
/// The consequences of some inputs if they came now, and every operation succeeded then.
///
/// Everything is named: an input may change the configuration, and ids mean something in one
/// configuration only.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// The groups that would change their owner or their state, be added or removed, or that
    /// should be online and would not be. In the order of the configuration then; those that would
    /// be removed come last.
    pub groups: Vec<ForecastGroup>,
    /// The operations that would be asked for from now on, in order, without health checks.
    /// Operations that are in flight already are [outstanding](Cluster::outstanding), and end well.
    pub operations: Vec<ForecastOperation>,
    /// The probes that would be in flight at the end, oldest first. Nobody can say how they are
    /// answered, so the plan leaves in doubt what they ask about.
    #[serde(default)]
    pub unanswered: Vec<ForecastOperation>,
    /// How the plan ended: settled, or cut off.
    pub end: ForecastEnd,
}
}

/// The consequences of a plan for one group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ForecastGroup {
    /// The group.
    pub group: String,
    /// The fate of its declaration.
    pub fate: Fate,
    /// Its owner now.
    pub from: Option<String>,
    /// Its owner then.
    pub to: Option<String>,
    /// Its state then; offline if it would not be declared any more.
    pub state: GroupState,
    /// Why it would not be online, if it should be.
    pub why: Option<Reason<Names>>,
}

/// The effect of a plan's inputs on the declaration of a group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is declared now and then.
    Kept,
    /// It is declared then, and not now.
    Added,
    /// It is declared now, and not then.
    Removed,
}

/// One operation of a plan.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastOperation {
    /// The action that would be asked for.
    pub action: OperationKind,
    /// The node on which it would be carried out; for a fence, the node to fence.
    pub node: String,
    /// The resource; `None` for a fence.
    pub resource: Option<String>,
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastEnd {
    /// Nothing was left to do but to wait.
    Settled,
    /// It was cut off after very many operations.
    CutOff,
}

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

/// Checks that threads and tasks can hand plans to each other.
const _: () = {
    const fn is_shareable<T: Send + Sync + 'static>() {}
    is_shareable::<Forecast>();
};

/// A copy of a cluster on which every operation succeeds.
struct Rehearsal {
    cluster: Cluster,
    operations: Vec<ForecastOperation>,
    answers: VecDeque<(OpId, Answer)>,
    steps_left: usize,
}

impl Rehearsal {
    pub(crate) fn new(original: &Cluster) -> Self {
        let mut cluster = original.clone();
        cluster.ledger.keep_outputs(KeptOutputs::All);
        cluster.ledger.forget_outputs();
        let answers = cluster.outstanding().filter_map(|effect| answer(&effect)).collect();
        let steps_left = steps(cluster.ledger.spec()).saturating_add(10_000);
        Self { cluster, operations: Vec::new(), answers, steps_left }
    }

    fn hand_in(&mut self, input: Input<Names>) -> Result<(), NamedInputError> {
        let before = self.cluster.ledger.shared_spec();
        let input = before.resolve(input)?;
        let now = self.cluster.ledger.state().now;
        self.cluster.handle(now, input).map_err(|error| before.named(error))?;
        // The resources that a new configuration adds take steps of their own.
        let more = steps(self.cluster.ledger.spec()).saturating_sub(steps(&before));
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
            let now = self.cluster.ledger.state().now;
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
                    .effect_of(self.cluster.ledger.index().outstanding.target(operation)?)?;
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
                Output::Event(_) => continue,
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

    /// Returns the end of the next wait that the plan includes, even if something else is due at
    /// that node or group before.
    fn next_wait(&self) -> Option<Timestamp> {
        let slots = self.cluster.ledger.index().agenda.iter().map(|(_, slot)| slot);
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
        let declared = then.ledger.spec().groups();
        let changed = declared.filter_map(|(group, of)| planned(before, then, group, of));
        let gone = before
            .ledger
            .spec()
            .groups()
            .filter(|(_, of)| then.ledger.spec().group_id(of.name()).is_none());
        let removed = gone.map(|(group, of)| ForecastGroup {
            group: of.name().to_string(),
            fate: Fate::Removed,
            from: name_of(before.ledger.spec(), before.ledger.state().owner(group)),
            to: None,
            state: GroupState::Offline,
            why: None,
        });
        Forecast {
            groups: changed.chain(removed).collect(),
            operations: self.operations,
            unanswered: then
                .outstanding()
                .filter(|effect| effect.action == OperationKind::Probe)
                .map(|effect| ForecastOperation::of(then.ledger.spec().named(effect)))
                .collect(),
            end: if self.steps_left == 0 { ForecastEnd::CutOff } else { ForecastEnd::Settled },
        }
    }
}

/// Returns the consequences for a group that is declared then; `None` if there are none.
fn planned(
    before: &Cluster,
    then: &Cluster,
    group: GroupId,
    declared: &GroupSpec,
) -> Option<ForecastGroup> {
    let known = before.ledger.spec().group_id(declared.name());
    let was = known.map(|known| before.ledger.state().group_state(before.ledger.spec(), known));
    let from =
        known.and_then(|known| name_of(before.ledger.spec(), before.ledger.state().owner(known)));
    let to = name_of(then.ledger.spec(), then.ledger.state().owner(group));
    let state = then.ledger.state().group_state(then.ledger.spec(), group);
    let why = then.why(group);
    let is_same = was == Some(state) && from == to && why.is_none();
    (!is_same).then(|| ForecastGroup {
        group: declared.name().to_string(),
        fate: known.map_or(Fate::Added, |_| Fate::Kept),
        from,
        to,
        state,
        why: then.ledger.spec().named(why),
    })
}

fn name_of(spec: &ClusterSpec, node: Option<NodeId>) -> Option<String> {
    node.and_then(|node| spec.node(node)).map(NodeSpec::name).map(String::from)
}

/// Returns a number of steps that every plan which ends stays below.
fn steps(spec: &ClusterSpec) -> usize {
    spec.resources().len().saturating_mul(8)
}

impl ForecastOperation {
    fn of(effect: Effect<Names>) -> Self {
        Self { action: effect.action, node: effect.node, resource: effect.resource }
    }
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

/// Writes one line per group, then one per operation.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut begin = "";
        for group in &self.groups {
            write!(f, "{begin}{group}")?;
            begin = "\n";
        }
        for operation in &self.operations {
            write!(f, "{begin}{operation}")?;
            begin = "\n";
        }
        for operation in &self.unanswered {
            write!(f, "{begin}{operation}: not answered")?;
            begin = "\n";
        }
        match self.end {
            ForecastEnd::Settled => Ok(()),
            ForecastEnd::CutOff => write!(f, "{begin}cut off"),
        }
    }
}

impl fmt::Display for ForecastGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = |node: &Option<String>| node.clone().unwrap_or_else(|| "none".to_string());
        write!(f, "{}: {} -> {}, {}", self.group, node(&self.from), node(&self.to), self.state)?;
        f.write_str(match self.fate {
            Fate::Kept => "",
            Fate::Added => ", added",
            Fate::Removed => ", removed",
        })?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}

impl fmt::Display for ForecastOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resource {
            Some(resource) => write!(f, "{} {resource} on {}", self.action, self.node),
            None => write!(f, "{} {}", self.action, self.node),
        }
    }
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
