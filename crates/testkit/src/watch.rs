//! A cluster that is watched: every step is judged, is made by a twin as well, and the cluster is
//! stored and restored.

use crate::Invariant;
use crate::audit::{Audit, Moment, Stimulus};
use crate::reference::{Compared, Differential};
use crate::twin;
use crate::{Breach, ensure};
use quorate::cluster::{InputError, Output};
use quorate::policy::FailoverPolicy;
use quorate::spec::ClusterSpec;
use quorate::{Cluster, Effect, Input, Snapshot, Timestamp};

/// Numbers of steps after which the cluster is stored and restored, to check that it stays
/// unchanged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storing {
    /// Steps between stores as plain data; 0 means never.
    pub(crate) every: u64,
    /// Steps between stores as text; 0 means never.
    pub(crate) as_text_every: u64,
    /// Steps after which the twin continues from the restored cluster; 0 means never.
    pub(crate) renews_twin_every: u64,
}

/// A cluster with all its watchers.
#[derive(Clone, Debug)]
pub(crate) struct Watch<P> {
    cluster: Cluster,
    /// The twin, which gets equal inputs and has to act equally.
    twin: Cluster,
    audit: Audit,
    /// The reference model, if steps are compared with it.
    differential: Option<Differential>,
    /// The policies that may be in force, each under its own name.
    policies: Vec<P>,
    storing: Storing,
    steps: u64,
    digest: u64,
}

/// The answer to an input, and the outputs.
pub(crate) type Answer = (Result<(), InputError>, Vec<Output>);

impl<P: FailoverPolicy + Clone + 'static> Watch<P> {
    /// Watches a cluster that has just been declared. The other policies are on offer.
    pub(crate) fn new(
        spec: ClusterSpec,
        policy: P,
        others: impl IntoIterator<Item = P>,
        storing: Storing,
    ) -> Self {
        let mut cluster = Cluster::new(spec, policy.clone(), Timestamp::ZERO);
        let others = others.into_iter().filter(|other| other.name() != policy.name());
        let policies: Vec<P> = core::iter::once(policy.clone()).chain(others).collect();
        twin::offer(&mut cluster, &policies).expect("fewer policies than a cluster takes");
        let (twin, audit) = (cluster.clone(), Audit::new(&cluster));
        let digest = cluster.digest();
        let differential = None;
        Self { cluster, twin, audit, differential, policies, storing, steps: 0, digest }
    }

    /// Compares every step with the reference model as well.
    pub(crate) fn compare(&mut self, differential: Differential) {
        self.differential = Some(differential);
    }

    /// Returns how much has been compared.
    pub(crate) fn compared(&self) -> Compared {
        self.differential.as_ref().map(Differential::compared).unwrap_or_default()
    }

    pub(crate) const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Returns the digest of the cluster as it stands.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    /// Hands in an input.
    pub(crate) fn feed(&mut self, now: Timestamp, input: Input) -> Result<Answer, Breach> {
        let moment = Moment::before(&self.cluster, Stimulus::Input(&input), now);
        let answer = self.cluster.handle(now, input.clone());
        let twin_answer = self.twin.handle(now, input.clone());
        ensure!(S23, answer == twin_answer, "the twin answers {twin_answer:?}, not {answer:?}");
        let outputs = twin::drain(&mut self.cluster, &mut self.twin)?;
        if let (Some(differential), Ok(())) = (&mut self.differential, &answer) {
            differential.after(&self.cluster, &moment, &outputs)?;
        }
        self.audit.after(&self.cluster, &moment, answer.as_ref().copied(), &outputs)?;
        self.end_step()?;
        Ok((answer, outputs))
    }

    /// Lets the timer go off.
    pub(crate) fn fire(&mut self, now: Timestamp) -> Result<Vec<Output>, Breach> {
        let moment = Moment::before(&self.cluster, Stimulus::Timer, now);
        self.cluster.handle_timeout(now);
        self.twin.handle_timeout(now);
        let outputs = twin::drain(&mut self.cluster, &mut self.twin)?;
        if let Some(differential) = &mut self.differential {
            differential.after(&self.cluster, &moment, &outputs)?;
        }
        self.audit.after(&self.cluster, &moment, Ok(()), &outputs)?;
        self.end_step()?;
        twin::nothing_is_left(&mut self.cluster, &mut self.twin, now, self.digest)?;
        Ok(outputs)
    }

    fn end_step(&mut self) -> Result<(), Breach> {
        self.steps += 1;
        let is_due = |every: u64| every > 0 && self.steps.is_multiple_of(every);
        let digest = self.cluster.digest();
        self.digest = digest;
        ensure!(S23, digest == self.twin.digest(), "the twin has another digest");
        ensure!(
            S23,
            self.cluster.poll_timeout() == self.twin.poll_timeout(),
            "the twin waits for something else"
        );
        let (as_text, as_data) = (is_due(self.storing.as_text_every), is_due(self.storing.every));
        let is_renewed = is_due(self.storing.renews_twin_every);
        if as_text || as_data || is_renewed {
            let restored = if as_text { self.read_back()? } else { self.restored()? };
            self.is_the_same(&restored)?;
            if is_renewed {
                self.twin = restored;
            }
        }
        Ok(())
    }

    /// Checks that a cluster that was stored and restored is unchanged.
    fn is_the_same(&self, restored: &Cluster) -> Result<(), Breach> {
        let digests = (self.cluster.digest(), restored.digest());
        ensure!(S31, digests.0 == digests.1, "the restored cluster has another digest");
        let is_same = self.cluster.outstanding().eq(restored.outstanding());
        let asked = || self.cluster.outstanding().collect::<Vec<Effect>>();
        let again = || restored.outstanding().collect::<Vec<Effect>>();
        ensure!(S31, is_same, "restored: outstanding {:?}, not {:?}", again(), asked());
        let (waits, waits_again) = (self.cluster.poll_timeout(), restored.poll_timeout());
        ensure!(S31, waits == waits_again, "restored: waits for {waits_again:?}, not {waits:?}");
        Ok(())
    }

    fn restored(&self) -> Result<Cluster, Breach> {
        self.restored_from(self.cluster.snapshot())
    }

    fn restored_from(&self, snapshot: Snapshot) -> Result<Cluster, Breach> {
        twin::restore(snapshot, &self.policies)
    }

    /// Returns the cluster restored from text; the text is read and written again without a change.
    fn read_back(&self) -> Result<Cluster, Breach> {
        let unfit = |error: serde_json::Error| Breach::of(Invariant::S31, error.to_string());
        let json = serde_json::to_string(&self.cluster.snapshot()).map_err(unfit)?;
        let read: Snapshot = serde_json::from_str(&json).map_err(unfit)?;
        let again = serde_json::to_string(&read).map_err(unfit)?;
        ensure!(S31, again == json, "a snapshot is not what was written");
        self.restored_from(read)
    }

    /// Continues with the cluster that was stored and restored.
    pub(crate) fn restart(&mut self) -> Result<(), Breach> {
        self.cluster = self.read_back()?;
        Ok(())
    }

    /// Continues with an older snapshot, after all later inputs and timers were replayed.
    pub(crate) fn replay(
        &mut self,
        snapshot: Snapshot,
        log: impl Iterator<Item = (Timestamp, Option<Input>)>,
    ) -> Result<(), Breach> {
        let mut replayed = self.restored_from(snapshot)?;
        for (now, input) in log {
            match input {
                // An input that was refused is refused again.
                Some(input) => drop(replayed.handle(now, input)),
                None => replayed.handle_timeout(now),
            }
            while replayed.poll_output().is_some() {}
        }
        self.is_the_same(&replayed)?;
        self.cluster = replayed;
        Ok(())
    }
}
