//! One history: the cluster, its twin, the world around them and the judges.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate::cluster::{Event, InputError, Output};
use quorate::policy::FailoverPolicy;
use quorate::spec::ClusterSpec;
use quorate::{Cluster, Input, OpId, Snapshot, Timestamp};

use crate::Invariant;
use crate::audit::seen::Seen;
use crate::audit::{self, Moment, Stimulus};
use crate::history::declare;
use crate::history::policies::Policy;
use crate::history::step::History;
use crate::history::tape::Tape;
use crate::history::world::World;
use crate::liveness::{Journal, Spark};
use crate::reference::{Compared, Differential};
use crate::twin;
use crate::{Breach, ensure};

/// The choice to keep a record of the history.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Record {
    /// No record; only a broken promise is reported.
    #[default]
    Omitted,
    /// A record of every input and output.
    Kept,
}

/// A history that is being played.
pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    /// The twin, which gets equal inputs and has to act equally.
    twin: Cluster,
    twin_mode: u8,
    /// The policies that may be in force, each under its own name.
    policies: Vec<Arc<dyn FailoverPolicy>>,
    pub(crate) seen: Seen,
    /// The reference model, if steps are compared with it.
    differential: Option<Differential>,
    pub(crate) world: World,
    pub(crate) now: u64,
    pub(crate) trace: Option<Vec<String>>,
    /// The number of outputs so far.
    pub(crate) output_count: usize,
    steps: u64,
    /// The number of steps after which the cluster is stored and restored.
    pub(crate) stores_every: u64,
    /// The outputs since the calm began.
    pub(crate) journal: Option<Journal>,
}

impl Run {
    /// Returns a run with a cluster that has just been declared.
    pub(crate) fn new(
        case: &History,
        policy: Arc<dyn FailoverPolicy>,
        record: Record,
    ) -> Result<Self, Breach> {
        let declaration = match &case.declaration {
            Some(declaration) => declaration.clone(),
            None => declare::declaration(&mut Tape::new(&case.shape)),
        };
        let trace = (record == Record::Kept)
            .then(|| vec![serde_json::to_string(&declaration).unwrap_or_default()]);
        let spec: ClusterSpec = declaration.build().map_err(|errors| {
            Breach::apparatus(format!("the declaration must be valid: {errors}"))
        })?;
        let mut cluster = Cluster::new(spec, Arc::clone(&policy), Timestamp::ZERO);
        let mut policies = vec![policy];
        for other in Policy::NUMBERS.map(Policy::new) {
            if policies.iter().all(|policy| policy.name() != other.name()) {
                policies.push(Arc::new(other));
            }
        }
        twin::offer(&mut cluster, &policies)
            .map_err(|error| Breach::apparatus(error.to_string()))?;
        let seen = Seen::new(&cluster);
        Ok(Self {
            twin: cluster.clone(),
            cluster,
            twin_mode: case.twin,
            policies,
            seen,
            differential: None,
            world: World::default(),
            now: 0,
            trace,
            output_count: 0,
            steps: 0,
            stores_every: 1,
            journal: None,
        })
    }

    /// Compares every step with the reference model as well.
    pub(crate) fn compare(&mut self, policy: u8) {
        let known = Policy::NUMBERS
            .map(|number| (Policy::new(number).name().into_owned(), Policy::orders(number)));
        let differential = Differential::new(&self.cluster, Policy::orders(policy));
        self.differential = Some(differential.offered(known));
    }

    /// Returns how much has been compared.
    pub(crate) fn compared(&self) -> Compared {
        self.differential.as_ref().map(Differential::compared).unwrap_or_default()
    }

    pub(crate) fn note(&mut self, line: impl FnOnce(&Cluster) -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line(&self.cluster));
        }
    }

    /// Hands in an input and returns the answer.
    pub(crate) fn feed(&mut self, input: Input) -> Result<Result<(), InputError>, Breach> {
        let now = Timestamp::from_millis(self.now);
        self.note(|cluster| match &input {
            Input::Command(quorate::cluster::Command::Configure { declaration, .. }) => {
                let json = serde_json::to_string(declaration).unwrap_or_default();
                format!("{now} configure {json}")
            }
            _ => format!("{now} {:?}", input_text(cluster, &input)),
        });
        let before = self.cluster.digest();
        let waits = self.cluster.poll_timeout();
        let moment = Moment::before(&self.cluster, Stimulus::Input(&input), now);
        let answer = self.cluster.handle(now, input.clone());
        let twin_answer = self.twin.handle(now, input.clone());
        ensure!(S23, answer == twin_answer, "the twin answers {twin_answer:?}, not {answer:?}");
        let outputs = twin::drain(&mut self.cluster, &mut self.twin)?;
        self.note_outputs(moment.before.spec(), &outputs);
        if let Err(error) = &answer {
            self.note(|_| format!("    refused: {error}"));
            ensure!(S22, outputs.is_empty(), "a refused input puts out {outputs:?}");
            ensure!(S22, before == self.cluster.digest(), "a refused input changes the state");
            ensure!(S22, waits == self.cluster.poll_timeout(), "a refused input changes the timer");
            audit::refusal(&moment, error)?;
        } else {
            self.world_learns(&input);
            self.judge(&moment, &outputs)?;
        }
        self.finish_step(&outputs)?;
        Ok(answer)
    }

    /// Lets the timer go off.
    pub(crate) fn fire(&mut self) -> Result<(), Breach> {
        let now = Timestamp::from_millis(self.now);
        self.note(|cluster| format!("{now} timer, expected {:?}", cluster.poll_timeout()));
        let moment = Moment::before(&self.cluster, Stimulus::Timer, now);
        let is_early = self.cluster.poll_timeout().is_none_or(|deadline| deadline.at > now);
        let before = self.cluster.digest();
        self.cluster.handle_timeout(now);
        self.twin.handle_timeout(now);
        let outputs = twin::drain(&mut self.cluster, &mut self.twin)?;
        self.note_outputs(moment.before.spec(), &outputs);
        if is_early {
            ensure!(S29, outputs.is_empty(), "an early timer puts out {outputs:?}");
            ensure!(S29, before == self.cluster.digest(), "an early timer changes the state");
        }
        self.judge(&moment, &outputs)?;
        self.finish_step(&outputs)?;
        let digest = self.cluster.digest();
        twin::nothing_is_left(&mut self.cluster, &mut self.twin, now, digest)
    }

    fn judge(&mut self, moment: &Moment<'_>, outputs: &[Output]) -> Result<(), Breach> {
        if let Some(differential) = &mut self.differential {
            differential.after(&self.cluster, moment, outputs)?;
        }
        audit::step(&mut self.seen, &self.cluster, moment, outputs)
    }

    fn note_outputs(&mut self, before: &ClusterSpec, outputs: &[Output]) {
        for output in twin::named(before, self.cluster.spec(), outputs) {
            self.note(|_| match output {
                Output::Effect(effect) => {
                    format!("    -> #{} {effect} (epoch {})", effect.operation, effect.epoch)
                }
                Output::Event(event) => format!("       {event:?}"),
                other => unimplemented!("{other:?}"),
            });
        }
    }

    fn finish_step(&mut self, outputs: &[Output]) -> Result<(), Breach> {
        self.steps += 1;
        self.output_count += outputs.len();
        if let Some(journal) = self.journal.as_mut().filter(|_| !outputs.is_empty()) {
            // The cause of the step makes no difference here.
            journal.record(Timestamp::from_millis(self.now), Spark::Outside, outputs);
        }
        for output in outputs {
            match output {
                Output::Effect(effect) => {
                    self.world.take(self.cluster.spec().named(*effect));
                }
                Output::Event(Event::InventoryTaken { node, floor, .. }) => {
                    let name = self.node_name(*node);
                    self.world.machine(&name).set_floor(*floor);
                }
                Output::Event(Event::TakenOver { node, resource, .. }) => {
                    let name = self.node_name(*node);
                    let declared = self.cluster.spec().resource(*resource);
                    let resource = declared.map_or_else(String::new, |of| of.name().to_owned());
                    self.world.take_over(&name, &resource);
                }
                Output::Event(_) => {}
                other => unimplemented!("{other:?}"),
            }
        }
        audit::state(&self.cluster)?;
        self.taint_what_was_assumed();
        self.world.judge(&self.groups())?;
        if self.steps.is_multiple_of(self.stores_every) {
            self.same_after_storing()
        } else {
            Ok(())
        }
    }

    /// Checks that the cluster is unchanged after it was stored as text and restored. The twin
    /// continues from the restored cluster.
    fn same_after_storing(&mut self) -> Result<(), Breach> {
        let restored = self.restored()?;
        let digests = (self.cluster.digest(), restored.digest());
        ensure!(S31, digests.0 == digests.1, "the restored cluster has another digest");
        ensure!(S23, digests.0 == self.twin.digest(), "the twin has another digest");
        let asked: Vec<_> = self.cluster.outstanding().collect();
        let again: Vec<_> = restored.outstanding().collect();
        ensure!(S31, asked == again, "restored: outstanding {again:?}, not {asked:?}");
        let (waits, waits_again) = (self.cluster.poll_timeout(), restored.poll_timeout());
        ensure!(S31, waits == waits_again, "restored: waits for {waits_again:?}, not {waits:?}");
        ensure!(S23, waits == self.twin.poll_timeout(), "the twin waits for something else");
        let is_renewed = match self.twin_mode {
            0 => true,
            1 => false,
            2 => self.steps.is_multiple_of(7),
            _ => self.steps.is_multiple_of(2),
        };
        if is_renewed {
            self.twin = restored;
        }
        Ok(())
    }

    fn restored(&self) -> Result<Cluster, Breach> {
        let snapshot = self.cluster.snapshot();
        let unfit = |error: serde_json::Error| Breach::of(Invariant::S31, error.to_string());
        let json = serde_json::to_string(&snapshot).map_err(unfit)?;
        let read: Snapshot = serde_json::from_str(&json).map_err(unfit)?;
        let again = serde_json::to_string(&read).map_err(unfit)?;
        ensure!(S31, again == json, "a snapshot is not what was written");
        twin::restore(read, &self.policies)
    }

    /// Continues with the cluster that was stored and restored, and issues the outstanding
    /// operations again.
    pub(crate) fn restore(&mut self) -> Result<(), Breach> {
        self.note(|_| "restored".into());
        self.cluster = self.restored()?;
        let asked: Vec<_> = self.cluster.outstanding().collect();
        for effect in asked {
            self.world.take(self.cluster.spec().named(effect));
        }
        Ok(())
    }

    /// Returns the names of the resources of each group, by the name of the group.
    fn groups(&self) -> BTreeMap<String, Vec<String>> {
        let spec = self.cluster.spec();
        spec.groups()
            .map(|(_, group)| {
                let resources = group.resources().filter_map(|id| spec.resource(id));
                let names = resources.map(|resource| resource.name().to_owned()).collect();
                (group.name().to_owned(), names)
            })
            .collect()
    }

    /// Taints the resources that the declaration assumes to be off: they may run, and their copies
    /// are no longer judged.
    fn taint_what_was_assumed(&mut self) {
        let names = self.seen.assumed_off.drain(..);
        self.world.tainted.extend(names);
    }

    /// Tells whether an operation is outstanding.
    pub(crate) fn is_outstanding(&self, operation: u64) -> bool {
        let operation = OpId::new(operation);
        self.cluster.outstanding().any(|effect| effect.operation == operation)
    }

    /// Tells the machines what they learn when the cluster accepts an input.
    fn world_learns(&mut self, input: &Input) {
        if matches!(
            input,
            Input::Command(
                quorate::cluster::Command::Configure { .. }
                    | quorate::cluster::Command::EvictNode { .. }
            )
        ) {
            let spec = self.cluster.spec();
            for machine in self.world.machines.values_mut() {
                machine.forget(
                    |resource| spec.resource_id(resource).is_some(),
                    |group| spec.group_id(group).is_some(),
                );
            }
        }
    }
}

fn input_text(cluster: &Cluster, input: &Input) -> String {
    // Ids that are not declared have no names.
    let _ = cluster;
    format!("{input:?}")
}
